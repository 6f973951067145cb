"""Inspections: what waits to be judged, and what each owner has come to see.

One row for an owner and a listing version, made when a crawl of that owner's shows it. The rows are the judge's queue,
claimed in batches under a lease; once done they remain as the record that the owner may see the listing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from counterfoil.store.conditional import changed_one, insert_new
from counterfoil.store.tables import inspections

# An inspection whose judge died this often is not tried again: it is kept with its error for people to look at.
MOST_ATTEMPTS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """A claimed need to judge one listing version for one owner."""

    id: int
    owner_id: int
    listing_id: int
    listing_version_id: int
    attempt: int


def request_inspection(
    connection: sa.Connection, owner_id: int, listing_id: int, listing_version_id: int, now: datetime
) -> None:
    """Ask for a listing version to be judged for an owner, once."""
    values = {"owner_id": owner_id, "listing_id": listing_id, "listing_version_id": listing_version_id}
    insert_new(connection, inspections, {**values, "state": "waiting", "created_at": now})


def claim_inspections(connection: sa.Connection, limit: int, lease: timedelta, now: datetime) -> list[Inspection]:
    """Claim the oldest inspection whose judge has gone silent, else the oldest that wait.

    One that was claimed before is claimed alone: if judging it is what ends judges, it takes no others with it.
    """
    claimed = claim_lapsed_inspection(connection, lease, now)
    return claimed or _claim(connection, inspections.c.state == "waiting", limit, now + lease)


def claim_lapsed_inspection(
    connection: sa.Connection, lease: timedelta, now: datetime, owner_id: int | None = None
) -> list[Inspection]:
    """Claim the oldest inspection whose judge has gone silent, of one owner or of any; none or one."""
    columns = inspections.c
    lapsed = sa.and_(columns.state == "claimed", columns.lease_until < now)
    if owner_id is not None:
        lapsed = sa.and_(lapsed, columns.owner_id == owner_id)
    hopeless = inspections.update().where(lapsed, columns.attempt >= MOST_ATTEMPTS)
    connection.execute(hopeless.values(state="failed", lease_until=None, error=f"its judge died {MOST_ATTEMPTS} times"))
    return _claim(connection, lapsed, 1, now + lease)


def renew_inspections(connection: sa.Connection, held: Sequence[Inspection], lease: timedelta, now: datetime) -> None:
    """Extend the lease of claimed inspections, because their judge is alive and at work on them."""
    for inspection in held:
        connection.execute(inspections.update().where(_held(inspection)).values(lease_until=now + lease))


def release_inspections(connection: sa.Connection, held: Sequence[Inspection]) -> None:
    """Put claimed inspections back: their judge lives and could not judge them, which counts as no attempt."""
    values = {"state": "waiting", "lease_until": None, "attempt": inspections.c.attempt - 1}
    for inspection in held:
        connection.execute(inspections.update().where(_held(inspection)).values(**values))


def finish_inspection(connection: sa.Connection, inspection: Inspection, judge_version: str) -> bool:
    """Mark an inspection as judged; false if this attempt no longer holds it: then write nothing of it.

    To the end of the transaction, no other judge finishes an inspection of the same listing for the same owner: two
    versions judged at once would each not know of the other.
    """
    hold_listing(connection, inspection.owner_id, inspection.listing_id)
    done = inspections.update().where(_held(inspection))
    return changed_one(connection, done.values(state="done", lease_until=None, judge_version=judge_version, error=None))


def hold_listing(connection: sa.Connection, owner_id: int, listing_id: int) -> None:
    """Let no other judge write about this listing for this owner until the transaction ends.

    Who holds several takes them in ascending order, so that no two wait for each other in a ring. On SQLite every
    writer holds all.
    """
    if connection.dialect.name == "postgresql":
        key = (owner_id << 40 ^ listing_id) & (2**63 - 1)
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.cast(key, sa.BigInteger))))


def fail_inspection(connection: sa.Connection, inspection: Inspection, error: str) -> None:
    """Set an inspection aside with the reason why it cannot be judged."""
    values = {"state": "failed", "lease_until": None, "error": error[:1_000]}
    connection.execute(inspections.update().where(_held(inspection)).values(**values))


def count_inspections(connection: sa.Connection, owner_id: int | None = None) -> dict[str, int]:
    """How many inspections there are in each state, of one owner or of all."""
    wanted = sa.select(inspections.c.state, sa.func.count()).group_by(inspections.c.state)
    if owner_id is not None:
        wanted = wanted.where(inspections.c.owner_id == owner_id)
    return {state: int(count) for state, count in connection.execute(wanted)}


def visible_to(connection: sa.Connection, owner_id: int, listing_id: int) -> bool:
    """Whether one of the owner's crawls has shown this listing."""
    mine = sa.select(inspections.c.id).where(inspections.c.owner_id == owner_id, inspections.c.listing_id == listing_id)
    return connection.execute(mine.limit(1)).first() is not None


def _claim(
    connection: sa.Connection, condition: sa.ColumnElement[bool], limit: int, lease_until: datetime
) -> list[Inspection]:
    columns = inspections.c
    oldest = sa.select(columns.id).where(condition).order_by(columns.id).limit(limit).with_for_update(skip_locked=True)
    rows = connection.execute(
        inspections.update()
        .where(columns.id.in_(oldest.scalar_subquery()))
        .values(state="claimed", attempt=columns.attempt + 1, lease_until=lease_until)
        .returning(*columns)
    )
    return sorted((_inspection(row) for row in rows), key=lambda inspection: inspection.id)


def _held(inspection: Inspection) -> sa.ColumnElement[bool]:
    columns = inspections.c
    return sa.and_(columns.id == inspection.id, columns.attempt == inspection.attempt, columns.state == "claimed")


def _inspection(row: sa.Row[Any]) -> Inspection:
    return Inspection(
        id=row.id,
        owner_id=row.owner_id,
        listing_id=row.listing_id,
        listing_version_id=row.listing_version_id,
        attempt=row.attempt,
    )
