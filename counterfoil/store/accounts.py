"""Accounts: the people who may log in, each for one owner."""

import unicodedata
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from counterfoil.exceptions import Conflict, InvalidInput, NotFound
from counterfoil.models import Account, Owner, Role
from counterfoil.store.account_sessions import end_sessions
from counterfoil.store.api_keys import revoke_keys_of
from counterfoil.store.conditional import changed_one, insert_new
from counterfoil.store.tables import accounts, owners

_LONGEST_NAME = 200


def account_name(text: str) -> str:
    """The name as it is stored and compared: however it was typed, one spelling. Raises InvalidInput."""
    name = unicodedata.normalize("NFKC", text).casefold().strip()
    if not name or len(name) > _LONGEST_NAME or any(not one.isprintable() or one.isspace() for one in name):
        raise InvalidInput(
            "{text!r} is no account name: expected an e-mail address or a word without spaces, such as ann.",
            text=text[:100],
        )
    return name


def add_account(
    connection: sa.Connection, owner_id: int, name: str, role: Role, now: datetime, *, password_hash: str | None = None
) -> Account:
    """Make an account. Raises Conflict when the name is taken, by whomever; InvalidInput for a name that is none."""
    values = {"owner_id": owner_id, "name": account_name(name), "role": role, "created_at": now}
    made = insert_new(connection, accounts, {**values, "password_hash": password_hash}, accounts.c.id)
    if made is None:
        raise Conflict("The account name {name!r} is taken: choose another.", name=name)
    return get_account(connection, owner_id, int(made))


def get_account(connection: sa.Connection, owner_id: int, account_id: int) -> Account:
    """The owner's account. Raises NotFound."""
    row = connection.execute(_live().where(_of(owner_id), accounts.c.id == account_id)).one_or_none()
    if row is None:
        raise NotFound("There is no account {account_id}: see `counterfoil account list`.", account_id=account_id)
    return _account(row)


def find_account(connection: sa.Connection, owner_id: int, name: str) -> Account:
    """The owner's account of this name. Raises NotFound."""
    account = account_named(connection, name)
    if account is None or account.owner_id != owner_id:
        raise NotFound("There is no account {name!r}: see `counterfoil account list`.", name=name)
    return account


def account_named(connection: sa.Connection, name: str) -> Account | None:
    """The account of this name, of whichever owner: for logging in, where nobody is known yet."""
    try:
        same = accounts.c.name == account_name(name)
    except InvalidInput:
        return None
    row = connection.execute(_live().where(same)).one_or_none()
    return _account(row) if row is not None else None


def list_accounts(connection: sa.Connection, owner_id: int) -> list[Account]:
    """The owner's accounts, by name."""
    return [_account(row) for row in connection.execute(_live().where(_of(owner_id)).order_by(accounts.c.name))]


def owners_without_account(connection: sa.Connection) -> list[Owner]:
    """Owners for whom nobody can log in yet."""
    has_one = sa.exists().where(
        accounts.c.owner_id == owners.c.id, accounts.c.removed_at.is_(None), accounts.c.password_hash.is_not(None)
    )
    rows = connection.execute(sa.select(owners).where(~has_one).order_by(owners.c.id))
    return [Owner(id=row.id, name=row.name, registry_revision=row.registry_revision) for row in rows]


def set_password_hash(
    connection: sa.Connection, account: Account, password_hash: str, now: datetime, *, keep_session: int | None = None
) -> None:
    """Give an account another password, and end all its sessions but the one to keep.

    Raises Conflict when the password was changed by somebody else since `account` was read.
    """
    unchanged = sa.and_(_is(account), accounts.c.password_hash.is_not_distinct_from(account.password_hash))
    if not changed_one(connection, accounts.update().where(unchanged).values(password_hash=password_hash)):
        raise Conflict("The password of {name} was changed at the same moment: try again.", name=account.name)
    end_sessions(connection, account.id, now, keep=keep_session)


def renew_password_hash(connection: sa.Connection, account: Account, password_hash: str) -> None:
    """Store the same password under a stronger hash, unless it was changed meanwhile."""
    unchanged = sa.and_(_is(account), accounts.c.password_hash == account.password_hash)
    connection.execute(accounts.update().where(unchanged).values(password_hash=password_hash))


def set_role(connection: sa.Connection, account: Account, role: Role) -> None:
    """Let an account do more or less, from its next request on. Raises Conflict for the last admin of several."""
    if role is not Role.ADMIN:
        _refuse_last_admin(connection, account)
    connection.execute(accounts.update().where(_is(account)).values(role=role))


def remove_account(connection: sa.Connection, account: Account, now: datetime) -> None:
    """Take an account back: its sessions end, its keys are revoked. Raises Conflict for the last admin of several."""
    _refuse_last_admin(connection, account)
    connection.execute(accounts.update().where(_is(account)).values(removed_at=now))
    end_sessions(connection, account.id, now)
    revoke_keys_of(connection, account.id, now)


def _refuse_last_admin(connection: sa.Connection, account: Account) -> None:
    # One after the other: two admins who remove each other at the same moment must not both succeed.
    connection.execute(sa.select(owners.c.id).where(owners.c.id == account.owner_id).with_for_update())
    others = [one for one in list_accounts(connection, account.owner_id) if one.id != account.id]
    if account.role is Role.ADMIN and others and not any(one.role is Role.ADMIN for one in others):
        raise Conflict("{name} is the last admin: make somebody else an admin first.", name=account.name)


def _live() -> sa.Select[Any]:
    return sa.select(accounts).where(accounts.c.removed_at.is_(None))


def _of(owner_id: int) -> sa.ColumnElement[bool]:
    return accounts.c.owner_id == owner_id


def _is(account: Account) -> sa.ColumnElement[bool]:
    return sa.and_(accounts.c.id == account.id, accounts.c.removed_at.is_(None))


def _account(row: sa.Row[Any]) -> Account:
    return Account(
        id=row.id,
        owner_id=row.owner_id,
        name=row.name,
        role=Role(row.role),
        password_hash=row.password_hash,
        created_at=row.created_at,
    )
