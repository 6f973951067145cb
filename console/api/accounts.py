"""Accounts, API keys and the audit log for programs of an admin."""

from datetime import timedelta

from fastapi import APIRouter
from starlette.responses import Response

from console.contract.pages import Cursor, Limit, Page, newest_page_of
from console.contract.preconditions import IfMatch, IfNoneMatch, answer_with_etag, etag_of, require_match
from console.guards.access import needs
from console.request import CurrentSession
from console.schemas.access import (
    AccountChange,
    AccountSaid,
    AccountShown,
    ApiKeySaid,
    ApiKeyShown,
    Audited,
    AuditEntryShown,
    NewAccountShown,
    NewApiKeyShown,
    SetUpLinkShown,
)
from console.schemas.fields import Line200, Moment, PathId
from console.set_up_links import address_of_link, link_for
from counterfoil.accounts import make_api_key, make_set_up_link
from counterfoil.clock import now
from counterfoil.models import Role
from counterfoil.store import accounts as stored
from counterfoil.store import api_keys as stored_keys
from counterfoil.store.account_sessions import end_sessions
from counterfoil.store.audit import AuditFilter, list_audit_entries
from counterfoil.store.owners import hold_owner

router = APIRouter(prefix="/api/v1", tags=["accounts"], dependencies=[needs(Role.ADMIN)])


@router.get("/accounts")
def list_accounts(session: CurrentSession) -> list[AccountShown]:
    """The owner's accounts, by name."""
    with session.read() as connection:
        found = stored.list_accounts(connection, session.owner.id)
    return [AccountShown.model_validate(one) for one in found]


@router.post("/accounts", status_code=201)
def create_account(session: CurrentSession, said: AccountSaid, response: Response) -> NewAccountShown:
    """Make an account, and the link by which its person sets the password."""
    with session.act("account.add", said.name, role=said.role) as connection:
        made = stored.add_account(connection, session.owner.id, said.name, said.role, now())
        token = make_set_up_link(connection, session.owner.id, made.id, now())
    response.headers["Location"] = f"/api/v1/accounts/{made.id}"
    link = address_of_link(session.settings, token)
    return NewAccountShown(account=AccountShown.model_validate(made), set_up_link=link)


@router.get("/accounts/{account_id}", response_model=AccountShown)
def get_account(session: CurrentSession, account_id: PathId, if_none_match: IfNoneMatch = None) -> Response:
    """An account."""
    with session.read() as connection:
        found = stored.get_account(connection, session.owner.id, account_id)
    return answer_with_etag(AccountShown.model_validate(found), if_none_match)


@router.patch("/accounts/{account_id}", response_model=AccountShown)
def change_account(
    session: CurrentSession, account_id: PathId, said: AccountChange, if_match: IfMatch = None
) -> Response:
    """Give an account another role, from its next request on; 409 for the last admin of several accounts."""
    with session.act("account.role", f"account {account_id}", role=said.role) as connection:
        hold_owner(connection, session.owner.id)
        found = stored.get_account(connection, session.owner.id, account_id)
        require_match(if_match, etag_of(AccountShown.model_validate(found)))
        stored.set_role(connection, found, said.role)
        changed = stored.get_account(connection, session.owner.id, account_id)
    return answer_with_etag(AccountShown.model_validate(changed))


@router.delete("/accounts/{account_id}", status_code=204, response_class=Response)
def remove_account(session: CurrentSession, account_id: PathId, if_match: IfMatch = None) -> None:
    """Take an account back: its sessions end, its keys are revoked; 409 for the last admin of several accounts."""
    with session.act("account.remove", f"account {account_id}") as connection:
        hold_owner(connection, session.owner.id)
        found = stored.get_account(connection, session.owner.id, account_id)
        require_match(if_match, etag_of(AccountShown.model_validate(found)))
        stored.remove_account(connection, found, now())


@router.post("/accounts/{account_id}/set-up-links", status_code=201)
def create_set_up_link(session: CurrentSession, account_id: PathId) -> SetUpLinkShown:
    """Make a new link that sets an account's password, once, within 24 hours."""
    with session.read() as connection:
        found = stored.get_account(connection, session.owner.id, account_id)
    return SetUpLinkShown(set_up_link=link_for(session, found))


@router.post("/accounts/{account_id}/end-sessions", status_code=204, response_class=Response)
def end_sessions_of_account(session: CurrentSession, account_id: PathId) -> None:
    """End all log-ins of an account; it can log in again. Twice is the same as once."""
    with session.act("account.end_sessions", f"account {account_id}") as connection:
        found = stored.get_account(connection, session.owner.id, account_id)
        end_sessions(connection, found.id, now())


@router.get("/keys")
def list_api_keys(session: CurrentSession) -> list[ApiKeyShown]:
    """The owner's API keys, also the revoked ones."""
    with session.read() as connection:
        found = stored_keys.list_api_keys(connection, session.owner.id)
    return [ApiKeyShown.model_validate(one) for one in found]


@router.post("/keys", status_code=201)
def create_api_key(session: CurrentSession, said: ApiKeySaid, response: Response) -> NewApiKeyShown:
    """Make an API key; its token is answered now and never again."""
    moment = now()
    with session.write() as connection:
        made, token = make_api_key(
            connection,
            session.owner.id,
            name=said.name,
            role=said.role,
            expires_at=moment + timedelta(days=said.days),
            actor=session.actor,
            account_id=session.account_id,
            now=moment,
        )
    response.headers["Location"] = f"/api/v1/keys/{made.id}"
    return NewApiKeyShown(key=ApiKeyShown.model_validate(made), token=token)


@router.get("/keys/{key_id}")
def get_api_key(session: CurrentSession, key_id: PathId) -> ApiKeyShown:
    """An API key."""
    with session.read() as connection:
        return ApiKeyShown.model_validate(stored_keys.get_api_key(connection, session.owner.id, key_id))


@router.delete("/keys/{key_id}", status_code=204, response_class=Response)
def revoke_api_key(session: CurrentSession, key_id: PathId) -> None:
    """Revoke an API key: its next request is refused. Twice is the same as once."""
    with session.act("key.revoke", f"key {key_id}") as connection:
        stored_keys.revoke_api_key(connection, session.owner.id, key_id, now())


@router.get("/audit")
def list_audit(
    session: CurrentSession,
    actor: Line200 | None = None,
    about: Audited | None = None,
    since: Moment | None = None,
    until: Moment | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[AuditEntryShown]:
    """Who did what, newest first: by one actor, about one kind of thing, from when to when, where that is said."""
    only = AuditFilter(actor=actor, about=about, since=since, until=until)
    with session.read() as connection:
        return newest_page_of(
            "audit",
            cursor,
            limit,
            lambda before, most: list_audit_entries(connection, session.owner.id, before=before, limit=most, only=only),
            AuditEntryShown,
        )
