"""Absences: what listings' own addresses said when they were no longer there.

Nothing is called gone because a search did not show it. `gone` takes two looks at the listing's own address, at two
separate times; a page that is there again takes it back.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from counterfoil.models import Absence, SuspectState
from counterfoil.store.conditional import upsert
from counterfoil.store.tables import absences, listings, suspects

# A site that restarts or moves a listing answers 404 for minutes; two looks must be further apart than that.
SEPARATE = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownAddress:
    """Where an owner's suspect is, or was."""

    owner_id: int
    listing_id: int
    marketplace: str
    url: str


def record_absence(connection: sa.Connection, marketplace: str, key: str, why: str, at: datetime) -> Absence | None:
    """Note that a listing's own address says that it is not there; None where that listing was never seen."""
    same = sa.and_(listings.c.marketplace == marketplace, listings.c.listing_key == key)
    listing_id = connection.scalar(sa.select(listings.c.id).where(same))
    if listing_id is None:
        return None
    known = get_absence(connection, listing_id)
    first_at = known.first_at if known is not None else at
    gone_at = known.gone_at if known is not None else None
    if gone_at is None and at - first_at >= SEPARATE:
        gone_at = at
    values = {"listing_id": listing_id, "first_at": first_at, "last_at": at, "why": why[:2_000], "gone_at": gone_at}
    upsert(connection, absences, values, key=["listing_id"])
    return Absence(listing_id=listing_id, first_at=first_at, last_at=at, why=why, gone_at=gone_at)


def record_presence(connection: sa.Connection, listing_id: int, at: datetime) -> None:
    """Note that a listing's own page was read at this time: what was said of its absence before no longer holds."""
    before = sa.and_(absences.c.listing_id == listing_id, absences.c.last_at < at)
    connection.execute(absences.update().where(before).values(first_at=None, last_at=None, why=None, gone_at=None))


def get_absence(connection: sa.Connection, listing_id: int) -> Absence | None:
    """What is known of a listing's absence; None if it was there when last looked at."""
    mine = sa.select(absences).where(absences.c.listing_id == listing_id, absences.c.first_at.is_not(None))
    row = connection.execute(mine).one_or_none()
    if row is None:
        return None
    return Absence(
        listing_id=row.listing_id, first_at=row.first_at, last_at=row.last_at, why=row.why, gone_at=row.gone_at
    )


def addresses_to_look_up(
    connection: sa.Connection, unseen_for: timedelta, now: datetime, limit: int
) -> list[KnownAddress]:
    """Open suspects whose own address should be looked at, by owner and marketplace.

    Those that no crawl has seen for so long, once in that time; and those that were not there at the first look.
    """
    lately = absences.c.looked_up_at
    unseen = sa.and_(
        absences.c.gone_at.is_(None),
        listings.c.last_seen_at < now - unseen_for,
        sa.or_(lately.is_(None), lately < now - unseen_for),
    )
    second = sa.and_(
        absences.c.gone_at.is_(None),
        absences.c.first_at <= now - SEPARATE,
        sa.or_(lately.is_(None), lately <= now - SEPARATE, lately < absences.c.first_at),
    )
    rows = (
        sa.select(suspects.c.owner_id, listings.c.id.label("listing_id"), listings.c.marketplace, listings.c.url)
        .join(listings, listings.c.id == suspects.c.listing_id)
        .outerjoin(absences, absences.c.listing_id == listings.c.id)
        .where(suspects.c.state == SuspectState.OPEN, sa.or_(unseen, second))
        .order_by(suspects.c.owner_id, listings.c.marketplace, listings.c.id)
        .limit(limit)
    )
    return [
        KnownAddress(owner_id=row.owner_id, listing_id=row.listing_id, marketplace=row.marketplace, url=row.url)
        for row in connection.execute(rows)
    ]


def note_looked_up(connection: sa.Connection, listing_ids: Collection[int], now: datetime) -> None:
    """Note that these listings' own addresses are being looked at."""
    for listing_id in listing_ids:
        upsert(connection, absences, {"listing_id": listing_id, "looked_up_at": now}, key=["listing_id"])
