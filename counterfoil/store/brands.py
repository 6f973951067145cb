"""Brands and the rights registered for them."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from counterfoil.exceptions import Conflict, NotFound
from counterfoil.models import Brand, Right, RightKind
from counterfoil.store.conditional import changed_one, insert_new, update_unless_taken
from counterfoil.store.owners import touch_registry
from counterfoil.store.paging import rows_after
from counterfoil.store.reassessments import request_reassessment
from counterfoil.store.tables import brands, products, rights


def add_brand(connection: sa.Connection, owner_id: int, name: str, aliases: Sequence[str], now: datetime) -> Brand:
    """Register a brand; one of the same name takes the new aliases, so that adding twice changes nothing."""
    values = {"owner_id": owner_id, "name": name, "aliases": list(aliases), "created_at": now}
    if insert_new(connection, brands, values) is None and not _changed_aliases(connection, owner_id, name, aliases):
        return get_brand(connection, owner_id, name)
    _changed(connection, owner_id, name, now)
    return get_brand(connection, owner_id, name)


def get_brand(connection: sa.Connection, owner_id: int, name: str) -> Brand:
    """The owner's brand of this name. Raises NotFound."""
    row = connection.execute(_live(owner_id).where(brands.c.name == name)).one_or_none()
    if row is None:
        raise NotFound("There is no brand named {name!r}: make one with `counterfoil brand add {name!r}`.", name=name)
    return _brand(row)


def create_brand(connection: sa.Connection, owner_id: int, name: str, aliases: Sequence[str], now: datetime) -> Brand:
    """Register a brand that is not there yet. Raises Conflict when it is."""
    values = {"owner_id": owner_id, "name": name, "aliases": list(aliases), "created_at": now}
    if insert_new(connection, brands, values) is None:
        raise Conflict("There is a brand named {name!r} already.", name=name)
    _changed(connection, owner_id, name, now)
    return get_brand(connection, owner_id, name)


def update_brand(
    connection: sa.Connection, owner_id: int, brand_id: int, name: str, aliases: Sequence[str], now: datetime
) -> Brand:
    """Give a brand another name or other spellings. Raises NotFound, or Conflict when another brand has the name."""
    before = get_brand_by_id(connection, owner_id, brand_id)
    if (before.name, before.aliases) == (name, tuple(aliases)):
        return before
    named = connection.execute(_live(owner_id).where(brands.c.name == name)).one_or_none()
    if named is not None and named.id != brand_id:
        raise Conflict("There is a brand named {name!r} already.", name=name)
    update_unless_taken(
        connection, brands.update().where(brands.c.id == brand_id).values(name=name, aliases=list(aliases))
    )
    _changed(connection, owner_id, name, now)
    return get_brand_by_id(connection, owner_id, brand_id)


def get_brand_by_id(connection: sa.Connection, owner_id: int, brand_id: int) -> Brand:
    """The owner's brand. Raises NotFound."""
    row = connection.execute(_live(owner_id).where(brands.c.id == brand_id)).one_or_none()
    if row is None:
        raise NotFound("There is no brand {brand_id}: see `counterfoil brand list`.", brand_id=brand_id)
    return _brand(row)


def brands_after(connection: sa.Connection, owner_id: int, after: int, limit: int) -> list[Brand]:
    """The owner's next brands after an id."""
    return [_brand(row) for row in connection.execute(rows_after(_live(owner_id), brands.c.id, after, limit))]


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
        raise Conflict("The brand {name!r} still has {count} products: remove them first.", name=name, count=count)
    connection.execute(brands.update().where(brands.c.id == brand.id).values(removed_at=now))
    its_rights = sa.and_(rights.c.brand_id == brand.id, rights.c.removed_at.is_(None))
    connection.execute(rights.update().where(its_rights).values(removed_at=now))
    touch_registry(connection, owner_id)


def restore_brand(connection: sa.Connection, owner_id: int, brand_id: int, now: datetime) -> Brand:
    """Undo a removal, with the rights that went with it; once it is back, twice changes nothing.

    Raises NotFound, and Conflict where its name was given away meanwhile.
    """
    # Held to the end: whoever restores it at the same moment waits, and finds it restored.
    row = connection.execute(_removed(owner_id, brand_id).with_for_update()).one_or_none()
    if row is None:
        return get_brand_by_id(connection, owner_id, brand_id)
    if connection.execute(_live(owner_id).where(brands.c.name == row.name)).one_or_none() is not None:
        raise Conflict("There is a brand named {name!r} already.", name=row.name)
    update_unless_taken(connection, brands.update().where(brands.c.id == brand_id).values(removed_at=None))
    columns = rights.c
    went_along = sa.select(rights).where(columns.brand_id == brand_id, columns.removed_at == row.removed_at)
    for right in connection.execute(went_along).all():
        # One that was registered again meanwhile, for whichever brand, is not doubled.
        same = [columns[name] == getattr(right, name) for name in ("owner_id", "kind", "number", "jurisdiction")]
        if connection.execute(sa.select(columns.id).where(*same, columns.removed_at.is_(None))).first() is None:
            update_unless_taken(connection, rights.update().where(columns.id == right.id).values(removed_at=None))
    _changed(connection, owner_id, row.name, now)
    return get_brand_by_id(connection, owner_id, brand_id)


def find_removed_brand(connection: sa.Connection, owner_id: int, brand_id: int) -> Brand | None:
    """A brand that the owner took back; None where it is not that."""
    row = connection.execute(_removed(owner_id, brand_id)).one_or_none()
    return _brand(row) if row is not None else None


def _removed(owner_id: int, brand_id: int) -> sa.Select[Any]:
    mine = sa.and_(brands.c.id == brand_id, brands.c.owner_id == owner_id)
    return sa.select(brands).where(mine, brands.c.removed_at.is_not(None))


def require_brand(connection: sa.Connection, owner_id: int, brand_id: int) -> None:
    """Raise NotFound unless the brand is the owner's; until the transaction ends it is then not taken back."""
    mine = _live(owner_id).where(brands.c.id == brand_id).with_for_update(read=True)
    if connection.execute(mine).one_or_none() is None:
        raise NotFound("There is no brand {brand_id}: see `counterfoil brand list`.", brand_id=brand_id)


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
        raise Conflict(
            "The {kind} {number} ({jurisdiction}) is registered for another brand already.",
            kind=kind,
            number=number,
            jurisdiction=jurisdiction,
        )
    connection.execute(rights.update().where(rights.c.id == row.id).values(classes=list(classes or row.classes)))
    return replace(_right(row), classes=tuple(classes or row.classes))


def create_right(
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
    """Register a right that is not there yet. Raises Conflict when it is, NotFound for a brand not the owner's."""
    require_brand(connection, owner_id, brand_id)
    values = {"owner_id": owner_id, "brand_id": brand_id, "kind": kind, "number": number, "jurisdiction": jurisdiction}
    made = insert_new(connection, rights, {**values, "classes": list(classes), "created_at": now}, rights.c.id)
    if made is None:
        raise Conflict(
            "The {kind} {number} ({jurisdiction}) is registered already.",
            kind=kind,
            number=number,
            jurisdiction=jurisdiction,
        )
    return get_right(connection, owner_id, int(made))


def get_right(connection: sa.Connection, owner_id: int, right_id: int) -> Right:
    """The owner's right. Raises NotFound."""
    row = connection.execute(_live_rights(owner_id).where(rights.c.id == right_id)).one_or_none()
    if row is None:
        raise NotFound("There is no right {right_id}: see `counterfoil right list`.", right_id=right_id)
    return _right(row)


def rights_after(connection: sa.Connection, owner_id: int, after: int, limit: int) -> list[Right]:
    """The owner's next rights after an id."""
    return [_right(row) for row in connection.execute(rows_after(_live_rights(owner_id), rights.c.id, after, limit))]


def list_rights(connection: sa.Connection, owner_id: int) -> list[Right]:
    """The owner's rights, by brand and number."""
    live = _live_rights(owner_id)
    return [_right(row) for row in connection.execute(live.order_by(rights.c.brand_id, rights.c.number))]


def remove_right(connection: sa.Connection, owner_id: int, right_id: int, now: datetime) -> None:
    """Take a right back. Raises NotFound."""
    mine = sa.and_(rights.c.id == right_id, rights.c.owner_id == owner_id, rights.c.removed_at.is_(None))
    if not changed_one(connection, rights.update().where(mine).values(removed_at=now)):
        raise NotFound("There is no right {right_id}: see `counterfoil right list`.", right_id=right_id)


def _changed_aliases(connection: sa.Connection, owner_id: int, name: str, aliases: Sequence[str]) -> bool:
    brand = get_brand(connection, owner_id, name)
    if not aliases or tuple(aliases) == brand.aliases:
        return False
    connection.execute(brands.update().where(brands.c.id == brand.id).values(aliases=list(aliases)))
    return True


def _changed(connection: sa.Connection, owner_id: int, name: str, now: datetime) -> None:
    touch_registry(connection, owner_id)
    # The cause is for people, and its column shorter than a name may be.
    request_reassessment(connection, owner_id, None, f"brand {name}", now)


def _live_rights(owner_id: int) -> sa.Select[Any]:
    return sa.select(rights).where(rights.c.owner_id == owner_id, rights.c.removed_at.is_(None))


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
