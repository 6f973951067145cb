"""Sellers: whom a marketplace names, and whom an owner has authorised."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from counterfoil.exceptions import NotFound
from counterfoil.models import AuthorisedSeller, Seller, SellerFacts
from counterfoil.store.conditional import changed_one, insert_new
from counterfoil.store.owners import touch_registry
from counterfoil.store.paging import rows_after
from counterfoil.store.reassessments import request_reassessment
from counterfoil.store.tables import authorised_sellers, inspections, listings, sellers

_SEEN = (
    sellers.update()
    .where(sellers.c.marketplace == sa.bindparam("of"), sellers.c.seller_key == sa.bindparam("key"))
    .values(
        name=sa.func.coalesce(sa.bindparam("named", type_=sa.Text), sellers.c.name),
        url=sa.func.coalesce(sa.bindparam("at", type_=sa.Text), sellers.c.url),
        last_seen_at=sa.bindparam("now", type_=sellers.c.last_seen_at.type),
    )
    .returning(sellers.c.id)
)


def see_seller(connection: sa.Connection, marketplace: str, facts: SellerFacts, now: datetime) -> int:
    """The id of a marketplace's seller, made or brought up to date."""
    seen = {"of": marketplace, "key": facts.key, "named": facts.name, "at": facts.url, "now": now}
    known = connection.scalar(_SEEN, seen)
    if known is None:
        identity = {"marketplace": marketplace, "seller_key": facts.key}
        new = {"name": facts.name, "url": facts.url, "first_seen_at": now, "last_seen_at": now}
        known = insert_new(connection, sellers, {**identity, **new}, sellers.c.id)
    # None again only where another transaction has made it meanwhile.
    return int(known if known is not None else connection.execute(_SEEN, seen).scalar_one())


def authorise_seller(
    connection: sa.Connection, owner_id: int, marketplace: str, seller_key: str, name: str | None, now: datetime
) -> bool:
    """Trust a seller on a marketplace; false if it was trusted already. Its listings are judged again."""
    values = {"owner_id": owner_id, "marketplace": marketplace, "seller_key": seller_key, "name": name}
    if insert_new(connection, authorised_sellers, {**values, "created_at": now}) is None:
        return False
    _changed(connection, owner_id, f"seller {seller_key} authorised", now)
    return True


def list_authorised_sellers(connection: sa.Connection, owner_id: int) -> list[AuthorisedSeller]:
    """The sellers an owner trusts, by marketplace and key."""
    columns = authorised_sellers.c
    rows = connection.execute(_live(owner_id).order_by(columns.marketplace, columns.seller_key))
    return [_authorised(row) for row in rows]


def get_authorised_seller(connection: sa.Connection, owner_id: int, authorised_id: int) -> AuthorisedSeller:
    """A seller that the owner trusts. Raises NotFound."""
    row = connection.execute(_live(owner_id).where(authorised_sellers.c.id == authorised_id)).one_or_none()
    if row is None:
        raise NotFound(
            "There is no authorised seller {authorised_id}: see `counterfoil seller list`.", authorised_id=authorised_id
        )
    return _authorised(row)


def find_authorised_seller(
    connection: sa.Connection, owner_id: int, marketplace: str, seller_key: str
) -> AuthorisedSeller:
    """A seller that the owner trusts, by whom the marketplace names. Raises NotFound."""
    columns = authorised_sellers.c
    same = sa.and_(columns.marketplace == marketplace, columns.seller_key == seller_key)
    row = connection.execute(_live(owner_id).where(same)).one_or_none()
    if row is None:
        raise NotFound(
            "{seller_key!r} on {marketplace!r} is not an authorised seller: see `counterfoil seller list`.",
            seller_key=seller_key,
            marketplace=marketplace,
        )
    return _authorised(row)


def authorised_sellers_after(
    connection: sa.Connection, owner_id: int, after: int, limit: int
) -> list[AuthorisedSeller]:
    """The next sellers that an owner trusts, after an id."""
    wanted = rows_after(_live(owner_id), authorised_sellers.c.id, after, limit)
    return [_authorised(row) for row in connection.execute(wanted)]


def sellers_after(
    connection: sa.Connection,
    owner_id: int,
    after: int,
    limit: int,
    *,
    marketplace: str | None = None,
    called: str | None = None,
) -> list[Seller]:
    """The next sellers, after an id, of listings that the owner's crawls have shown.

    `called` is the key, the name or the address of those that are meant.
    """
    wanted = _seen_by(owner_id) if called is None else _seen_by(owner_id).where(_called(called))
    if marketplace is not None:
        wanted = wanted.where(sellers.c.marketplace == marketplace)
    return [_seller(row) for row in connection.execute(rows_after(wanted, sellers.c.id, after, limit))]


def get_seller(connection: sa.Connection, owner_id: int, seller_id: int) -> Seller:
    """A seller of listings that the owner's crawls have shown. Raises NotFound."""
    row = connection.execute(_seen_by(owner_id).where(sellers.c.id == seller_id)).one_or_none()
    if row is None:
        raise NotFound("There is no seller {seller_id}.", seller_id=seller_id)
    return _seller(row)


def get_sellers(connection: sa.Connection, seller_ids: Collection[int]) -> dict[int, Seller]:
    """Sellers by id, whoever has seen them."""
    return {row.id: _seller(row) for row in connection.execute(sa.select(sellers).where(sellers.c.id.in_(seller_ids)))}


def find_seller_ids(connection: sa.Connection, keys: Collection[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """The ids of sellers by (marketplace, the marketplace's own id of it), of those that there are."""
    named = sa.tuple_(sellers.c.marketplace, sellers.c.seller_key).in_(sorted(set(keys)))
    return {(row.marketplace, row.seller_key): row.id for row in connection.execute(sa.select(sellers).where(named))}


def find_seen_sellers(connection: sa.Connection, owner_id: int, marketplace: str, text: str) -> list[Seller]:
    """The sellers on a marketplace, of listings that the owner's crawls have shown, with this key, name or address."""
    same = sa.and_(sellers.c.marketplace == marketplace, _called(text))
    wanted = _seen_by(owner_id).where(same).order_by(sellers.c.id).limit(20)
    return [_seller(row) for row in connection.execute(wanted)]


def remove_authorised_seller(
    connection: sa.Connection, owner_id: int, marketplace: str, seller_key: str, now: datetime
) -> None:
    """Stop trusting a seller; its listings are judged again. Raises NotFound."""
    columns = authorised_sellers.c
    mine = sa.and_(
        columns.owner_id == owner_id,
        columns.marketplace == marketplace,
        columns.seller_key == seller_key,
        columns.removed_at.is_(None),
    )
    if not changed_one(connection, authorised_sellers.update().where(mine).values(removed_at=now)):
        raise NotFound(
            "{seller_key!r} on {marketplace!r} is not an authorised seller: see `counterfoil seller list`.",
            seller_key=seller_key,
            marketplace=marketplace,
        )
    _changed(connection, owner_id, f"seller {seller_key} no longer authorised", now)


def restore_authorised_seller(
    connection: sa.Connection, owner_id: int, authorised_id: int, now: datetime
) -> AuthorisedSeller:
    """Trust a seller again that was trusted before; twice changes nothing. Raises NotFound."""
    mine = sa.and_(authorised_sellers.c.owner_id == owner_id, authorised_sellers.c.id == authorised_id)
    row = connection.execute(sa.select(authorised_sellers).where(mine)).one_or_none()
    if row is None:
        raise NotFound(
            "There is no authorised seller {authorised_id}: see `counterfoil seller list`.", authorised_id=authorised_id
        )
    authorise_seller(connection, owner_id, row.marketplace, row.seller_key, row.name, now)
    return find_authorised_seller(connection, owner_id, row.marketplace, row.seller_key)


def find_removed_seller(connection: sa.Connection, owner_id: int, authorised_id: int) -> AuthorisedSeller | None:
    """A seller that the owner no longer trusts; None where it is not that."""
    columns = authorised_sellers.c
    mine = sa.and_(columns.owner_id == owner_id, columns.id == authorised_id, columns.removed_at.is_not(None))
    row = connection.execute(sa.select(authorised_sellers).where(mine)).one_or_none()
    return _authorised(row) if row is not None else None


def _changed(connection: sa.Connection, owner_id: int, cause: str, now: datetime) -> None:
    touch_registry(connection, owner_id)
    request_reassessment(connection, owner_id, None, cause, now)


def _live(owner_id: int) -> sa.Select[Any]:
    mine = authorised_sellers.c.owner_id == owner_id
    return sa.select(authorised_sellers).where(mine, authorised_sellers.c.removed_at.is_(None))


def _seen_by(owner_id: int) -> sa.Select[Any]:
    """Sellers that a listing of the owner's crawls has named."""
    # One in the other: joined, SQLite begins with all that the owner has seen, once for every seller.
    seen = sa.exists().where(inspections.c.owner_id == owner_id, inspections.c.listing_id == listings.c.id)
    shown = sa.exists().where(listings.c.seller_id == sellers.c.id, seen)
    return sa.select(sellers).where(shown)


def _called(text: str) -> sa.ColumnElement[bool]:
    return sa.or_(sellers.c.seller_key == text, sellers.c.name == text, sellers.c.url == text)


def _seller(row: sa.Row[Any]) -> Seller:
    return Seller(id=row.id, marketplace=row.marketplace, seller_key=row.seller_key, name=row.name, url=row.url)


def _authorised(row: sa.Row[Any]) -> AuthorisedSeller:
    return AuthorisedSeller(
        id=row.id, owner_id=row.owner_id, marketplace=row.marketplace, seller_key=row.seller_key, name=row.name
    )
