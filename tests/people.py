"""People and programs who ask the HTTP interface: accounts of every role, logged in, and API keys."""

from datetime import datetime, timedelta
from functools import cache

from fastapi.testclient import TestClient

from console.app import create_app
from console.installation import Installation
from counterfoil.accounts import make_api_key
from counterfoil.clock import now
from counterfoil.models import Account, Actor, Channel, Role
from counterfoil.passwords import hash_password
from counterfoil.store import Store
from counterfoil.store.account_sessions import begin_session
from counterfoil.store.accounts import add_account
from counterfoil.tokens import new_token, token_digest

HOST = "http://127.0.0.1"
PASSWORD = "correct horse battery"
OPERATOR = Actor(name="operator", channel=Channel.COMMAND, role=Role.ADMIN)


@cache
def password_hash() -> str:
    """PASSWORD's hash: made once, because it is slow on purpose."""
    return hash_password(PASSWORD)


def new_account(store: Store, owner_id: int, name: str = "ann", role: Role = Role.ADMIN) -> Account:
    """An account with PASSWORD."""
    with store.write() as connection:
        return add_account(connection, owner_id, name, role, now(), password_hash=password_hash())


def session_token(store: Store, account: Account, at: datetime | None = None) -> tuple[str, str]:
    """(token, CSRF token) of a session of the account, begun now or at another time."""
    token, csrf_token, begun = new_token(), new_token(), at or now()
    with store.write() as connection:
        begin_session(
            connection,
            owner_id=account.owner_id,
            account_id=account.id,
            token_sha256=token_digest(token),
            csrf_token=csrf_token,
            expires_at=begun + timedelta(hours=168),
            now=begun,
        )
    return token, csrf_token


def api_key(store: Store, owner_id: int, role: Role = Role.ADMIN, name: str = "program") -> tuple[int, str]:
    """(id, token) of an API key."""
    with store.write() as connection:
        made, token = make_api_key(
            connection, owner_id, name=name, role=role, expires_at=None, actor=OPERATOR, now=now()
        )
    return made.id, token


def visitor(installation: Installation) -> TestClient:
    """A browser in which nobody is logged in; it does not follow redirects."""
    return TestClient(create_app(installation), base_url=HOST, headers={"Origin": HOST}, follow_redirects=False)


def browser(installation: Installation, account: Account) -> TestClient:
    """A browser in which the account is logged in; its requests carry the CSRF token that its pages have."""
    client = visitor(installation)
    token, csrf_token = session_token(installation.store, account)
    client.cookies.set("counterfoil", token, domain="127.0.0.1", path="/")
    client.headers["X-CSRF-Token"] = csrf_token
    return client


def program(installation: Installation, token: str) -> TestClient:
    """A program with an API key."""
    headers = {"Authorization": f"Bearer {token}"}
    return TestClient(create_app(installation), base_url=HOST, headers=headers, follow_redirects=False)
