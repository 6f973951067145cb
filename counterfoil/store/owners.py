"""Owners: the tenants, and the revision of what each has registered."""

from datetime import datetime

import sqlalchemy as sa

from counterfoil.exceptions import NotFound
from counterfoil.models import Owner
from counterfoil.store.conditional import insert_new
from counterfoil.store.tables import owners


def add_owner(connection: sa.Connection, name: str, now: datetime) -> Owner:
    """The owner of this name, made if there is none yet."""
    insert_new(connection, owners, {"name": name, "created_at": now})
    return get_owner(connection, name)


def get_owner(connection: sa.Connection, name: str) -> Owner:
    """The owner of this name. Raises NotFound."""
    row = connection.execute(sa.select(owners).where(owners.c.name == name)).one_or_none()
    if row is None:
        raise NotFound("There is no owner named {name!r}: make one with `counterfoil owner add {name!r}`.", name=name)
    return _owner(row)


def get_owner_by_id(connection: sa.Connection, owner_id: int) -> Owner:
    """The owner of this id, which comes from a row of its own."""
    return _owner(connection.execute(sa.select(owners).where(owners.c.id == owner_id)).one())


def list_owners(connection: sa.Connection) -> list[Owner]:
    """All owners, by name."""
    return [_owner(row) for row in connection.execute(sa.select(owners).order_by(owners.c.name))]


def registry_revision(connection: sa.Connection, owner_id: int) -> int:
    """A number that changes with every change of the owner's registry."""
    return int(connection.scalar(sa.select(owners.c.registry_revision).where(owners.c.id == owner_id)) or 0)


def hold_owner(connection: sa.Connection, owner_id: int) -> None:
    """Let nobody else change what the owner registered until the transaction ends, so that it can be compared."""
    connection.execute(sa.select(owners.c.id).where(owners.c.id == owner_id).with_for_update())


def touch_registry(connection: sa.Connection, owner_id: int) -> None:
    """Say that the owner's registry has changed, so that judges read it again."""
    connection.execute(
        owners.update().where(owners.c.id == owner_id).values(registry_revision=owners.c.registry_revision + 1)
    )


def _owner(row: sa.Row[tuple[object, ...]]) -> Owner:
    return Owner(id=row.id, name=row.name, registry_revision=row.registry_revision)
