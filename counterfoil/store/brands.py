"""Brands and the rights registered for them."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from counterfoil.exceptions import Conflict, NotFound
from counterfoil.models import Brand, Right, RightKind
from counterfoil.store.conditional import changed_one, insert_new
from counterfoil.store.owners import touch_registry
from counterfoil.store.reassessments import request_reassessment
from counterfoil.store.tables import brands, products, rights


def add_brand(connection: sa.Connection, owner_id: int, name: str, aliases: Sequence[str], now: datetime) -> Brand:
    """Register a brand; one of the same name takes the new aliases, so that adding twice changes nothing."""
    values = {"owner_id": owner_id, "name": name, "aliases": list(aliases), "created_at": now}
    if insert_new(connection, brands, values) is None and not _changed_aliases(connection, owner_id, name, aliases):
        return get_brand(connection, owner_id, name)
    touch_registry(connection, owner_id)
    request_reassessment(connection, owner_id, None, f"brand {name}", now)
    return get_brand(connection, owner_id, name)


def get_brand(connection: sa.Connection, owner_id: int, name: str) -> Brand:
    """The owner's brand of this name. Raises NotFound."""
    row = connection.execute(_live(owner_id).where(brands.c.name == name)).one_or_none()
    if row is None:
        raise NotFound(f"There is no brand named {name!r}: make one with `counterfoil brand add {name!r}`.")
    return _brand(row)


def list_brands(connection: sa.Connection, owner_id: int) -> list[Brand]:
    """The owner's brands, by name."""
    return [_brand(row) for row in connection.execute(_live(owner_id).order_by(brands.c.name))]


def get_brands(connection: sa.Connection, brand_ids: Collection[int]) -> dict[int, Brand]:
    """Brands by id, of any owner, removed ones too: for the index, not for people."""
    rows = connection.execute(sa.select(brands).where(brands.c.id.in_(brand_ids)))
    return {row.id: _brand(row) for row in rows}


def remove_brand(connection: sa.Connection, owner_id: int, name: str, now: datetime) -> None:
    """Take a brand back, with its rights. Raises Conflict while it has products: remove those first, knowingly."""
    brand = get_brand(connection, owner_id, name)
    # Held to the end, so that no product is added to it meanwhile.
    connection.execute(sa.select(brands.c.id).where(brands.c.id == brand.id).with_for_update())
    count = connection.scalar(
        sa.select(sa.func.count()).where(products.c.brand_id == brand.id, products.c.removed_at.is_(None))
    )
    if count:
        raise Conflict(f"The brand {name!r} still has {count} products: remove them first.")
    connection.execute(brands.update().where(brands.c.id == brand.id).values(removed_at=now))
    its_rights = sa.and_(rights.c.brand_id == brand.id, rights.c.removed_at.is_(None))
    connection.execute(rights.update().where(its_rights).values(removed_at=now))
    touch_registry(connection, owner_id)


def require_brand(connection: sa.Connection, owner_id: int, brand_id: int) -> None:
    """Raise NotFound unless the brand is the owner's; until the transaction ends it is then not taken back."""
    mine = _live(owner_id).where(brands.c.id == brand_id).with_for_update(read=True)
    if connection.execute(mine).one_or_none() is None:
        raise NotFound(f"There is no brand {brand_id}: see `counterfoil brand list`.")


def add_right(
    connection: sa.Connection,
    owner_id: int,
    brand_id: int,
    *,
    kind: RightKind,
    number: str,
    jurisdiction: str,
    classes: Sequence[int],
    now: datetime,
) -> Right:
    """Register a right of a brand; the same number in the same jurisdiction is one right and takes the new classes."""
    require_brand(connection, owner_id, brand_id)
    values = {"owner_id": owner_id, "brand_id": brand_id, "kind": kind, "number": number, "jurisdiction": jurisdiction}
    insert_new(connection, rights, {**values, "classes": list(classes), "created_at": now})
    same = [rights.c[key] == value for key, value in values.items() if key != "brand_id"]
    row = connection.execute(sa.select(rights).where(*same, rights.c.removed_at.is_(None))).one()
    if row.brand_id != brand_id:
        raise Conflict(f"The {kind} {number} ({jurisdiction}) is registered for another brand already.")
    connection.execute(rights.update().where(rights.c.id == row.id).values(classes=list(classes or row.classes)))
    return replace(_right(row), classes=tuple(classes or row.classes))


def list_rights(connection: sa.Connection, owner_id: int) -> list[Right]:
    """The owner's rights, by brand and number."""
    live = sa.select(rights).where(rights.c.owner_id == owner_id, rights.c.removed_at.is_(None))
    return [_right(row) for row in connection.execute(live.order_by(rights.c.brand_id, rights.c.number))]


def remove_right(connection: sa.Connection, owner_id: int, right_id: int, now: datetime) -> None:
    """Take a right back. Raises NotFound."""
    mine = sa.and_(rights.c.id == right_id, rights.c.owner_id == owner_id, rights.c.removed_at.is_(None))
    if not changed_one(connection, rights.update().where(mine).values(removed_at=now)):
        raise NotFound(f"There is no right {right_id}: see `counterfoil right list`.")


def _changed_aliases(connection: sa.Connection, owner_id: int, name: str, aliases: Sequence[str]) -> bool:
    brand = get_brand(connection, owner_id, name)
    if not aliases or tuple(aliases) == brand.aliases:
        return False
    connection.execute(brands.update().where(brands.c.id == brand.id).values(aliases=list(aliases)))
    return True


def _live(owner_id: int) -> sa.Select[Any]:
    return sa.select(brands).where(brands.c.owner_id == owner_id, brands.c.removed_at.is_(None))


def _brand(row: sa.Row[Any]) -> Brand:
    return Brand(id=row.id, owner_id=row.owner_id, name=row.name, aliases=tuple(row.aliases))


def _right(row: sa.Row[Any]) -> Right:
    return Right(
        id=row.id,
        owner_id=row.owner_id,
        brand_id=row.brand_id,
        kind=RightKind(row.kind),
        number=row.number,
        jurisdiction=row.jurisdiction,
        classes=tuple(row.classes),
    )
