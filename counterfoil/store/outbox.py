"""The outbox: which suspects the index does not know in their newest state yet.

A row is written in the transaction that changes the suspect; delivery reads the suspect as it is then, hands it to the
index and deletes the rows up to that revision. Delivering twice is harmless: documents carry the revision.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from counterfoil.store.tables import outbox


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxRow:
    """The index must hear of this revision of a suspect, or of a later one."""

    id: int
    suspect_id: int
    revision: int


def put_in_outbox(connection: sa.Connection, owner_id: int, suspect_id: int, revision: int, now: datetime) -> None:
    """Say that the index must hear of this revision of a suspect."""
    values = {"owner_id": owner_id, "suspect_id": suspect_id, "revision": revision, "created_at": now}
    connection.execute(outbox.insert().values(**values))


def outbox_after(connection: sa.Connection, position: int, limit: int) -> list[OutboxRow]:
    """The next rows after a position, oldest first.

    Who walks the outbox begins at 0 again after its end: rows that could not be delivered stay, and on PostgreSQL a
    row may appear before one that was seen already.
    """
    following = sa.select(outbox.c.id, outbox.c.suspect_id, outbox.c.revision).where(outbox.c.id > position)
    rows = connection.execute(following.order_by(outbox.c.id).limit(limit))
    return [OutboxRow(id=row.id, suspect_id=row.suspect_id, revision=row.revision) for row in rows]


def delivered(connection: sa.Connection, revisions: Iterable[tuple[int, int]]) -> None:
    """Forget the rows of (suspect id, revision) pairs that the index now has, and of older revisions."""
    known = [{"suspect": suspect_id, "known": revision} for suspect_id, revision in sorted(revisions)]
    if known:
        same = outbox.c.suspect_id == sa.bindparam("suspect")
        connection.execute(outbox.delete().where(same, outbox.c.revision <= sa.bindparam("known")), known)


def outbox_size(connection: sa.Connection) -> int:
    """How many changes wait for the index."""
    return int(connection.scalar(sa.select(sa.func.count()).select_from(outbox)) or 0)
