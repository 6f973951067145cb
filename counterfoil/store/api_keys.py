"""API keys: what programs show instead of logging in. Of a key only its hash and its first characters are stored."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from counterfoil.exceptions import NotFound
from counterfoil.models import ApiKey, Role
from counterfoil.store.conditional import changed_one
from counterfoil.store.tables import api_keys

_columns = api_keys.c


def add_api_key(
    connection: sa.Connection,
    owner_id: int,
    *,
    name: str,
    prefix: str,
    token_sha256: str,
    role: Role,
    account_id: int | None,
    created_by: str,
    expires_at: datetime | None,
    now: datetime,
) -> ApiKey:
    """Store a new key's hash."""
    values = {"owner_id": owner_id, "name": name, "prefix": prefix, "token_sha256": token_sha256, "role": role}
    origin = {"account_id": account_id, "created_by": created_by, "created_at": now, "expires_at": expires_at}
    return _key(connection.execute(api_keys.insert().values(**values, **origin).returning(*_columns)).one())


def find_api_key(connection: sa.Connection, prefix: str) -> tuple[ApiKey, str] | None:
    """The key with this prefix, of whichever owner and also when it is no longer valid, and the hash of the whole."""
    row = connection.execute(sa.select(api_keys).where(_columns.prefix == prefix)).one_or_none()
    return (_key(row), row.token_sha256) if row is not None else None


def get_api_key(connection: sa.Connection, owner_id: int, key_id: int) -> ApiKey:
    """The owner's key, also a revoked one. Raises NotFound."""
    mine = sa.select(api_keys).where(_columns.owner_id == owner_id, _columns.id == key_id)
    row = connection.execute(mine).one_or_none()
    if row is None:
        raise NotFound("There is no API key {key_id}: see `counterfoil key list`.", key_id=key_id)
    return _key(row)


def list_api_keys(connection: sa.Connection, owner_id: int) -> list[ApiKey]:
    """The owner's keys, also revoked ones, in the order they were made."""
    mine = sa.select(api_keys).where(_columns.owner_id == owner_id).order_by(_columns.id)
    return [_key(row) for row in connection.execute(mine)]


def use_api_key(connection: sa.Connection, key_id: int, now: datetime) -> None:
    """Note that a key was used."""
    connection.execute(api_keys.update().where(_columns.id == key_id).values(last_used_at=now))


def revoke_api_key(connection: sa.Connection, owner_id: int, key_id: int, now: datetime) -> bool:
    """Take a key back; false if it was revoked already. Raises NotFound."""
    get_api_key(connection, owner_id, key_id)
    valid = sa.and_(_columns.owner_id == owner_id, _columns.id == key_id, _columns.revoked_at.is_(None))
    return changed_one(connection, api_keys.update().where(valid).values(revoked_at=now))


def revoke_keys_of(connection: sa.Connection, account_id: int, now: datetime) -> None:
    """Take back all keys that an account has made."""
    valid = sa.and_(_columns.account_id == account_id, _columns.revoked_at.is_(None))
    connection.execute(api_keys.update().where(valid).values(revoked_at=now))


def _key(row: sa.Row[Any]) -> ApiKey:
    return ApiKey(
        id=row.id,
        owner_id=row.owner_id,
        name=row.name,
        prefix=row.prefix,
        role=Role(row.role),
        created_by=row.created_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
    )
