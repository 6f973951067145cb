"""What every command and every request works with: the installation, the owner, and who is at work."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from console.installation import Installation
from counterfoil.clock import now
from counterfoil.evidence import EvidenceStore
from counterfoil.marketplaces import Marketplace
from counterfoil.models import Actor, Channel, Owner, Role
from counterfoil.settings import Settings
from counterfoil.store import Store
from counterfoil.store.audit import add_audit_entry
from counterfoil.store.owners import add_owner, get_owner
from indexer.base import SuspectIndex

_DEFAULT_OWNER = "default"


class Session:
    """One person's or program's view of the installation: a command's by default."""

    def __init__(self, owner: str | None = None, installation: Installation | None = None) -> None:
        self.installation = installation or Installation()
        self._owner_name = owner

    @property
    def settings(self) -> Settings:
        """The settings."""
        return self.installation.settings

    @property
    def store(self) -> Store:
        """The database."""
        return self.installation.store

    @property
    def evidence(self) -> EvidenceStore:
        """Where pictures and bodies are kept."""
        return self.installation.evidence

    @property
    def bare_index(self) -> SuspectIndex:
        """The suspect index as it is, also when it has to be rebuilt."""
        return self.installation.bare_index

    @property
    def index(self) -> SuspectIndex:
        """The suspect index, made from the database where there is none yet."""
        return self.installation.index

    @property
    def marketplaces(self) -> dict[str, Marketplace]:
        """The declared marketplaces."""
        return self.installation.marketplaces

    def marketplace_title(self, name: str) -> str:
        """What people call a marketplace; its name where it is no longer declared."""
        known = self.marketplaces.get(name)
        return known.title if known else name

    @cached_property
    def owner(self) -> Owner:
        """The owner this session works for; only the one named `default` is made without being asked for."""
        name = self._owner_name or self.settings.owner
        if name == _DEFAULT_OWNER:
            with self.store.write() as connection:
                return add_owner(connection, name, now())
        with self.store.read() as connection:
            return get_owner(connection, name)

    @cached_property
    def actor(self) -> Actor:
        """Who is at work, for the audit log and beside verdicts; whoever can run a command may do everything."""
        name = self.settings.decided_by or getpass.getuser()
        return Actor(name=name, channel=Channel.COMMAND, role=Role.ADMIN)

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A writing transaction for this owner, who is looked up (or made) before it begins: writers do not nest."""
        _ = self.owner
        with self.store.write() as connection:
            yield connection

    @contextmanager
    def act(self, action: str, subject: str, **detail: Any) -> Iterator[sa.Connection]:
        """A writing transaction that also notes in the audit log who did what; both are kept, or neither."""
        with self.write() as connection:
            yield connection
            add_audit_entry(connection, self.owner.id, self.actor, action, subject, now(), detail)

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A reading transaction for this owner."""
        _ = self.owner
        with self.store.read() as connection:
            yield connection

    @property
    def person(self) -> str:
        """The name written beside a verdict."""
        return self.actor.name


class RequestSession(Session):
    """One request's view: of the owner and the person of its account or API key, over the shared installation.

    `csrf_token` stands in the forms of its pages; a request with an API key has none, and needs none.
    """

    def __init__(
        self,
        installation: Installation,
        owner: Owner,
        actor: Actor,
        *,
        account_id: int | None = None,
        csrf_token: str | None = None,
    ) -> None:
        super().__init__(owner.name, installation)
        # Known already: set where the cached properties would put what they look up.
        self.__dict__["owner"] = owner
        self.__dict__["actor"] = actor
        self.account_id = account_id
        self.csrf_token = csrf_token
