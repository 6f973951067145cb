"""Sellers: whom a marketplace names, and whom an owner has authorised."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from counterfoil.exceptions import NotFound
from counterfoil.models import AuthorisedSeller, SellerFacts
from counterfoil.store.conditional import changed_one, insert_new
from counterfoil.store.owners import touch_registry
from counterfoil.store.reassessments import request_reassessment
from counterfoil.store.tables import authorised_sellers, sellers


def see_seller(connection: sa.Connection, marketplace: str, facts: SellerFacts, now: datetime) -> int:
    """The id of a marketplace's seller, made or brought up to date."""
    identity = {"marketplace": marketplace, "seller_key": facts.key}
    seen = {"name": facts.name, "url": facts.url, "first_seen_at": now, "last_seen_at": now}
    insert_new(connection, sellers, {**identity, **seen})
    same = sa.and_(sellers.c.marketplace == marketplace, sellers.c.seller_key == facts.key)
    connection.execute(
        sellers.update()
        .where(same)
        .values(
            name=sa.func.coalesce(sa.bindparam("new_name", facts.name, sa.Text), sellers.c.name),
            url=sa.func.coalesce(sa.bindparam("new_url", facts.url, sa.Text), sellers.c.url),
            last_seen_at=now,
        )
    )
    return int(connection.scalars(sa.select(sellers.c.id).where(same)).one())


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
    live = sa.select(authorised_sellers).where(columns.owner_id == owner_id, columns.removed_at.is_(None))
    rows = connection.execute(live.order_by(columns.marketplace, columns.seller_key))
    return [_authorised(row) for row in rows]


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
        raise NotFound(f"{seller_key!r} on {marketplace!r} is not an authorised seller: see `counterfoil seller list`.")
    _changed(connection, owner_id, f"seller {seller_key} no longer authorised", now)


def _changed(connection: sa.Connection, owner_id: int, cause: str, now: datetime) -> None:
    touch_registry(connection, owner_id)
    request_reassessment(connection, owner_id, None, cause, now)


def _authorised(row: sa.Row[Any]) -> AuthorisedSeller:
    return AuthorisedSeller(
        id=row.id, owner_id=row.owner_id, marketplace=row.marketplace, seller_key=row.seller_key, name=row.name
    )
