"""The pages of an admin: who may log in and what they may do, and which programs may ask."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response

from console.guards.access import needs
from console.rendering import render
from console.request import CurrentSession
from console.schemas.access import AccountSaid, ApiKeySaid
from console.schemas.fields import PathId
from console.session import RequestSession
from console.set_up_links import address_of_link, link_for
from console.translation import gettext as _
from console.translation import worded
from console.web.forms import Messages, Wrong, read_said
from counterfoil.accounts import make_api_key, make_set_up_link
from counterfoil.clock import now
from counterfoil.exceptions import Conflict, InvalidInput
from counterfoil.models import ApiKey, Role
from counterfoil.store import accounts as stored
from counterfoil.store import api_keys as stored_keys
from counterfoil.store.account_sessions import end_sessions

router = APIRouter(include_in_schema=False, dependencies=[needs(Role.ADMIN)])


@router.get("/accounts", response_class=HTMLResponse)
def list_accounts(session: CurrentSession) -> HTMLResponse:
    """The page of accounts, with the form that invites somebody."""
    return _accounts(session)


@router.post("/accounts", response_class=HTMLResponse)
def post_account(
    session: CurrentSession, name: Annotated[str, Form()] = "", role: Annotated[str, Form()] = ""
) -> HTMLResponse:
    """Make an account, and show the link by which its person sets the password: now, and never again."""
    try:
        said = read_said(AccountSaid, {"name": name, "role": role})
        with session.act("account.add", said.name, role=said.role) as connection:
            made = stored.add_account(connection, session.owner.id, said.name, said.role, now())
            token = make_set_up_link(connection, session.owner.id, made.id, now())
    except Wrong as wrong:
        return _accounts(session, wrong=wrong.fields, name=name, role=role)
    except (InvalidInput, Conflict) as error:
        return _accounts(session, wrong={"name": worded(error)}, name=name, role=role)
    return _accounts(session, link=address_of_link(session.settings, token), link_of=made.name)


@router.post("/accounts/{account_id}/role", response_class=HTMLResponse)
def post_role(session: CurrentSession, account_id: PathId, role: Annotated[str, Form()] = "") -> Response:
    """Let an account do more or less, from its next request on; refused for the last admin of several."""
    with session.read() as connection:
        one = stored.get_account(connection, session.owner.id, account_id)
    if role not in set(Role):
        return _accounts(session, error=_("Choose a role."))
    try:
        with session.act("account.role", one.name, role=role) as connection:
            stored.set_role(connection, one, Role(role))
    except Conflict as error:
        return _accounts(session, error=worded(error))
    return RedirectResponse("/accounts", status_code=303)


@router.post("/accounts/{account_id}/link", response_class=HTMLResponse)
def post_link(session: CurrentSession, account_id: PathId) -> HTMLResponse:
    """A new link that sets an account's password: for one who has forgotten it, or whose link has expired."""
    with session.read() as connection:
        one = stored.get_account(connection, session.owner.id, account_id)
    return _accounts(session, link=link_for(session, one), link_of=one.name)


@router.post("/accounts/{account_id}/end-sessions", response_class=HTMLResponse)
def post_end_sessions(session: CurrentSession, account_id: PathId) -> RedirectResponse:
    """End all log-ins of an account; it can log in again."""
    with session.act("account.end_sessions", f"account {account_id}") as connection:
        one = stored.get_account(connection, session.owner.id, account_id)
        end_sessions(connection, one.id, now())
    return RedirectResponse("/accounts", status_code=303)


@router.post("/accounts/{account_id}/remove", response_class=HTMLResponse)
def remove_account(session: CurrentSession, account_id: PathId) -> Response:
    """Take an account back: its sessions end, its keys are revoked, what it decided stays."""
    try:
        with session.act("account.remove", f"account {account_id}") as connection:
            stored.remove_account(connection, stored.get_account(connection, session.owner.id, account_id), now())
    except Conflict as error:
        return _accounts(session, error=worded(error))
    return RedirectResponse("/accounts", status_code=303)


@router.get("/keys", response_class=HTMLResponse)
def list_keys(session: CurrentSession) -> HTMLResponse:
    """The page of API keys, with the form that makes one."""
    return _keys(session)


@router.post("/keys", response_class=HTMLResponse)
def post_key(
    session: CurrentSession,
    name: Annotated[str, Form()] = "",
    role: Annotated[str, Form()] = "",
    days: Annotated[str, Form()] = "365",
) -> HTMLResponse:
    """Make an API key and show it: now, and never again."""
    typed = {"name": name, "role": role, "days": days}
    moment = now()
    try:
        said = read_said(ApiKeySaid, typed)
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
    except Wrong as wrong:
        return _keys(session, wrong=wrong.fields, typed=typed)
    except InvalidInput as error:
        return _keys(session, wrong={"name": worded(error)}, typed=typed)
    return _keys(session, token=token, token_of=made.name)


@router.post("/keys/{key_id}/revoke", response_class=HTMLResponse)
def revoke_key(session: CurrentSession, key_id: PathId) -> RedirectResponse:
    """Revoke an API key: its next request is refused."""
    with session.act("key.revoke", f"key {key_id}") as connection:
        stored_keys.revoke_api_key(connection, session.owner.id, key_id, now())
    return RedirectResponse("/keys", status_code=303)


def _accounts(
    session: RequestSession,
    *,
    error: str | None = None,
    wrong: dict[str, str] | None = None,
    name: str = "",
    role: str = "",
    link: str | None = None,
    link_of: str | None = None,
) -> HTMLResponse:
    with session.read() as connection:
        accounts = stored.list_accounts(connection, session.owner.id)
    page = render(
        "accounts.html",
        session,
        accounts=accounts,
        roles=list(Role),
        error=error,
        wrong=Messages(wrong or {}),
        typed={"name": name, "role": role or Role.ANALYST},
        link=link,
        link_of=link_of,
    )
    return HTMLResponse(page, status_code=422 if wrong or error else 200)


def _keys(
    session: RequestSession,
    *,
    wrong: dict[str, str] | None = None,
    typed: dict[str, str] | None = None,
    token: str | None = None,
    token_of: str | None = None,
) -> HTMLResponse:
    with session.read() as connection:
        keys = stored_keys.list_api_keys(connection, session.owner.id)
    page = render(
        "keys.html",
        session,
        keys=[(one, _state(one)) for one in reversed(keys)],
        roles=[role for role in Role if session.actor.role.allows(role)],
        wrong=Messages(wrong or {}),
        typed=Messages({"role": Role.VIEWER, "days": "365"} | (typed or {})),
        token=token,
        token_of=token_of,
    )
    return HTMLResponse(page, status_code=422 if wrong else 200)


def _state(one: ApiKey) -> str:
    if one.revoked_at is not None:
        return _("revoked")
    return _("expired") if one.expires_at is not None and one.expires_at <= now() else ""
