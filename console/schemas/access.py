"""Accounts, API keys and the audit log."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from console.schemas.fields import Id, Line200, Said, Shown, Whole
from counterfoil.models import Channel, Role


class AccountSaid(Said):
    """A new account."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "bob@example.com", "role": "analyst"}]})

    name: Line200
    role: Role = Role.VIEWER


class AccountChange(Said):
    """Another role for an account."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"role": "manager"}]})

    role: Role


class AccountShown(Shown):
    """A person who may log in."""

    id: Id
    name: str
    role: Role
    created_at: datetime


class NewAccountShown(Shown):
    """A new account, and the link by which its person sets the password: once, within 24 hours. Not shown again."""

    account: AccountShown
    set_up_link: str


class SetUpLinkShown(Shown):
    """A link by which an account's person sets the password: once, within 24 hours. Not shown again."""

    set_up_link: str


class ApiKeySaid(Said):
    """A new API key, named after what will use it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "nightly export", "days": 90}]})

    name: Line200
    role: Role = Role.VIEWER
    days: Annotated[Whole, Field(ge=1, le=3_650, description="Days until it expires.")] = 365


class ApiKeyShown(Shown):
    """An API key, by its first characters."""

    id: Id
    name: str
    prefix: str
    role: Role
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


class NewApiKeyShown(Shown):
    """A new API key and the token to send as `Authorization: Bearer ...`, which is not shown again."""

    key: ApiKeyShown
    token: str


class Audited(StrEnum):
    """What actions are about: the part before their point."""

    ACCOUNT = "account"
    AUDIT = "audit"
    BRAND = "brand"
    DRAFT = "draft"
    IMAGE = "image"
    KEY = "key"
    MARKETPLACE = "marketplace"
    MONITOR = "monitor"
    PRODUCT = "product"
    RIGHT = "right"
    RUN = "run"
    SELLER = "seller"
    SUSPECT = "suspect"
    VERDICT = "verdict"


class AuditEntryShown(Shown):
    """Somebody did something."""

    id: Id
    at: datetime
    actor: str
    channel: Channel
    action: str
    subject: str
    detail: dict[str, Any]
    address: str | None
