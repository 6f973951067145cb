"""One verdict about many suspects at once, and taking it back at once.

Nothing is overwritten unseen: a suspect that has changed since it was shown is left as it is, and so is, when the batch
is taken back, one that somebody has decided about since.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from counterfoil.exceptions import InvalidInput, NotFound, Outdated
from counterfoil.models import VerdictBatch, VerdictKind
from counterfoil.store.suspects import add_verdict, undo_verdict
from counterfoil.store.tables import verdicts

MOST_AT_ONCE = 200


def add_verdict_batch(
    connection: sa.Connection,
    owner_id: int,
    batch: str,
    revisions: Mapping[int, int],
    kind: VerdictKind,
    *,
    note: str | None,
    decided_by: str,
    now: datetime,
) -> tuple[int, ...]:
    """Decide about suspects by (id, the revision that was shown); those that were left, because they have changed.

    `batch` names it: random. Raises NotFound for a suspect that is not the owner's, InvalidInput for none or too many,
    Outdated when all of them have changed.
    """
    if not 1 <= len(revisions) <= MOST_AT_ONCE:
        raise InvalidInput(
            "One verdict takes between 1 and {most_at_once} suspects, not {number}.",
            most_at_once=MOST_AT_ONCE,
            number=len(revisions),
        )
    left = []
    # In the order of the ids: two who decide about the same ones then wait for each other, and never in a ring.
    for suspect_id, revision in sorted(revisions.items()):
        said: dict[str, Any] = {"note": note, "decided_by": decided_by, "batch": batch, "now": now}
        try:
            add_verdict(connection, owner_id, suspect_id, kind, expected_revision=revision, **said)
        except Outdated:
            left.append(suspect_id)
    if len(left) == len(revisions):
        raise Outdated("All of them have changed since they were shown: look at them again. Nothing was decided.")
    return tuple(left)


def undo_verdict_batch(connection: sa.Connection, owner_id: int, batch: str, now: datetime) -> tuple[int, ...]:
    """Take all verdicts of a batch back that still stand; their suspects. Raises NotFound."""
    found = get_verdict_batch(connection, owner_id, batch)
    for suspect_id in found.standing:
        undo_verdict(connection, owner_id, suspect_id, now=now)
    return found.standing


def get_verdict_batch(connection: sa.Connection, owner_id: int, batch: str) -> VerdictBatch:
    """One verdict about many. Raises NotFound."""
    mine = sa.and_(verdicts.c.owner_id == owner_id, verdicts.c.batch == batch)
    rows = connection.execute(sa.select(verdicts).where(mine).order_by(verdicts.c.suspect_id)).all()
    if not rows:
        raise NotFound("There is no verdict about many of the name {batch!r}.", batch=batch[:32])
    return VerdictBatch(
        id=batch,
        kind=VerdictKind(rows[0].kind),
        note=rows[0].note,
        decided_by=rows[0].decided_by,
        decided_at=rows[0].decided_at,
        suspect_ids=tuple(row.suspect_id for row in rows),
        standing=_standing(connection, rows),
    )


def _standing(connection: sa.Connection, rows: Sequence[sa.Row[Any]]) -> tuple[int, ...]:
    """The suspects whose last verdict that counts is the batch's."""
    suspect_ids = [row.suspect_id for row in rows]
    last = (
        sa.select(verdicts.c.suspect_id, sa.func.max(verdicts.c.id).label("verdict_id"))
        .where(verdicts.c.suspect_id.in_(suspect_ids), verdicts.c.undone_at.is_(None))
        .group_by(verdicts.c.suspect_id)
    )
    present = {row.suspect_id: row.verdict_id for row in connection.execute(last)}
    return tuple(row.suspect_id for row in rows if present.get(row.suspect_id) == row.id)
