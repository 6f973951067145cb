"""The outbox: which suspects the index does not know in their newest state yet.

A row is written in the transaction that changes the suspect; delivery reads the suspect as it is then, hands it to the
index and deletes the rows up to that revision. Delivering twice is harmless: documents carry the revision. What the
index can never take is parked with the reason: a later revision is tried again by itself, this one when asked for.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from counterfoil.store.tables import outbox

_WAITS = outbox.c.parked_at.is_(None)
_LONGEST_REASON = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxRow:
    """The index must hear of this revision of a suspect, or of a later one."""

    id: int
    suspect_id: int
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkedRow:
    """A revision of a suspect that the index can never take, and why."""

    suspect_id: int
    revision: int
    reason: str
    parked_at: datetime


def put_in_outbox(connection: sa.Connection, owner_id: int, suspect_id: int, revision: int, now: datetime) -> None:
    """Say that the index must hear of this revision of a suspect."""
    values = {"owner_id": owner_id, "suspect_id": suspect_id, "revision": revision, "created_at": now}
    connection.execute(outbox.insert().values(**values))


def outbox_after(connection: sa.Connection, position: int, limit: int) -> list[OutboxRow]:
    """The next rows after a position that are not parked, oldest first.

    Who walks the outbox begins at 0 again after its end: rows that could not be delivered stay, and on PostgreSQL a
    row may appear before one that was seen already.
    """
    following = sa.select(outbox.c.id, outbox.c.suspect_id, outbox.c.revision).where(_WAITS, outbox.c.id > position)
    rows = connection.execute(following.order_by(outbox.c.id).limit(limit))
    return [OutboxRow(id=row.id, suspect_id=row.suspect_id, revision=row.revision) for row in rows]


def delivered(connection: sa.Connection, revisions: Iterable[tuple[int, int]]) -> None:
    """Forget the rows of (suspect id, revision) pairs that the index now has, and of older revisions."""
    known = [{"suspect": suspect_id, "known": revision} for suspect_id, revision in sorted(revisions)]
    if known:
        same = outbox.c.suspect_id == sa.bindparam("suspect")
        connection.execute(outbox.delete().where(same, outbox.c.revision <= sa.bindparam("known")), known)


def park(connection: sa.Connection, owner_id: int, suspect_id: int, revision: int, reason: str, now: datetime) -> None:
    """Set a revision of a suspect, and older ones, aside: the index can never take it."""
    older = sa.and_(outbox.c.suspect_id == suspect_id, outbox.c.revision <= revision)
    connection.execute(outbox.delete().where(older, outbox.c.revision < revision))
    values = {"parked_at": now, "parked_reason": reason[:_LONGEST_REASON]}
    if connection.execute(outbox.update().where(older).values(**values)).rowcount == 0:
        row = {"owner_id": owner_id, "suspect_id": suspect_id, "revision": revision, "created_at": now}
        connection.execute(outbox.insert().values(**row, **values))


def list_parked(connection: sa.Connection) -> list[ParkedRow]:
    """What is parked, by suspect."""
    rows = connection.execute(sa.select(outbox).where(~_WAITS).order_by(outbox.c.suspect_id, outbox.c.id))
    return [
        ParkedRow(suspect_id=row.suspect_id, revision=row.revision, reason=row.parked_reason, parked_at=row.parked_at)
        for row in rows
    ]


def retry_parked(connection: sa.Connection) -> int:
    """Send what is parked once more; how many rows."""
    return connection.execute(outbox.update().where(~_WAITS).values(parked_at=None, parked_reason=None)).rowcount


def outbox_size(connection: sa.Connection) -> int:
    """How many changes wait for the index."""
    return int(connection.scalar(sa.select(sa.func.count()).select_from(outbox).where(_WAITS)) or 0)


def oldest_waiting(connection: sa.Connection) -> datetime | None:
    """Since when the oldest change has waited for the index; None when nothing waits."""
    moment: datetime | None = connection.scalar(sa.select(outbox.c.created_at).where(_WAITS).order_by(outbox.c.id))
    return moment
