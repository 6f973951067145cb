"""Counts for the first page: what is new, what was decided, over time. Each is read from an index alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

import sqlalchemy as sa

from counterfoil.models import CaptureState, SuspectState, VerdictKind
from counterfoil.store.listings import first_picture_of
from counterfoil.store.run_findings import FoundSuspect, read_found
from counterfoil.store.tables import (
    captures,
    listing_versions,
    monitors,
    outbox,
    products,
    runs,
    suspects,
    verdicts,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstSteps:
    """How far a new owner has come: whether there is one of each."""

    product: bool
    monitor: bool
    run: bool
    suspect: bool
    verdict: bool


def first_steps(connection: sa.Connection, owner_id: int) -> FirstSteps:
    """How far an owner has come."""

    def has(table: sa.Table, *more: sa.ColumnElement[bool]) -> bool:
        mine = sa.select(sa.literal(1)).where(table.c.owner_id == owner_id, *more).limit(1)
        return connection.execute(mine).first() is not None

    return FirstSteps(
        product=has(products, products.c.removed_at.is_(None)),
        monitor=has(monitors, monitors.c.removed_at.is_(None)),
        run=has(runs),
        suspect=has(suspects),
        verdict=has(verdicts),
    )


def undecided(connection: sa.Connection, owner_id: int, most: int) -> int:
    """How many open suspects nobody has decided about or put off, counted up to `most`."""
    waiting = sa.select(suspects.c.id).where(
        suspects.c.owner_id == owner_id,
        suspects.c.state == SuspectState.OPEN,
        suspects.c.verdict.is_(None),
        suspects.c.snoozed_at.is_(None),
    )
    return int(connection.scalar(sa.select(sa.func.count()).select_from(waiting.limit(most).subquery())) or 0)


def newest_suspects(connection: sa.Connection, owner_id: int, since: datetime, most: int) -> list[FoundSuspect]:
    """The owner's open suspects that were first suspected since a moment, the newest first."""
    newest = (
        sa.select(suspects.c.id, suspects.c.score, suspects.c.verdict, suspects.c.listing_version_id)
        .where(
            suspects.c.owner_id == owner_id,
            suspects.c.first_suspected_at >= since,
            suspects.c.state == SuspectState.OPEN,
        )
        .order_by(suspects.c.first_suspected_at.desc())
        .limit(most)
        .cte("newest")
    )
    picture = first_picture_of(listing_versions.c.id).label("picture")
    titled = sa.select(newest, listing_versions.c.title, picture).join(
        listing_versions, listing_versions.c.id == newest.c.listing_version_id
    )
    rows = connection.execute(titled.order_by(newest.c.score.desc(), newest.c.id))
    return [read_found(row) for row in rows]


def first_suspected(connection: sa.Connection, owner_id: int) -> datetime | None:
    """When the owner's first suspect was found."""
    first: datetime | None = connection.scalar(
        sa.select(sa.func.min(suspects.c.first_suspected_at)).where(suspects.c.owner_id == owner_id)
    )
    return first


def suspects_over_time(connection: sa.Connection, owner_id: int, edges: Sequence[datetime]) -> list[int]:
    """How many suspects were found in each step between two edges."""
    found = suspects.c.first_suspected_at
    counts = [
        sa.select(sa.literal(step).label("step"), sa.func.count().label("many")).where(
            suspects.c.owner_id == owner_id, found >= begin, found < end
        )
        for step, (begin, end) in enumerate(pairwise(edges))
    ]
    rows = {row.step: row.many for row in connection.execute(sa.union_all(*counts))}
    return [rows.get(step, 0) for step in range(len(edges) - 1)]


def verdicts_over_time(
    connection: sa.Connection, owner_id: int, edges: Sequence[datetime]
) -> list[dict[VerdictKind, int]]:
    """How many verdicts of each kind were given in each step between two edges, without those taken back."""
    given = verdicts.c.decided_at
    counts = [
        sa.select(sa.literal(step).label("step"), verdicts.c.kind, sa.func.count().label("many"))
        .where(verdicts.c.owner_id == owner_id, given >= begin, given < end, verdicts.c.undone_at.is_(None))
        .group_by(verdicts.c.kind)
        for step, (begin, end) in enumerate(pairwise(edges))
    ]
    steps: list[dict[VerdictKind, int]] = [{} for _ in edges[1:]]
    for row in connection.execute(sa.union_all(*counts)):
        steps[row.step][VerdictKind(row.kind)] = row.many
    return steps


def verdicts_since(connection: sa.Connection, owner_id: int, moment: datetime, most: int) -> int:
    """How many verdicts were given since a moment, without those taken back, counted up to `most`."""
    given = sa.select(verdicts.c.id).where(
        verdicts.c.owner_id == owner_id, verdicts.c.decided_at >= moment, verdicts.c.undone_at.is_(None)
    )
    return int(connection.scalar(sa.select(sa.func.count()).select_from(given.limit(most).subquery())) or 0)


def failed_captures(connection: sa.Connection, owner_id: int, most: int) -> int:
    """How many pages of suspects could not be captured, counted up to `most`."""
    failed = sa.select(captures.c.id).where(captures.c.owner_id == owner_id, captures.c.state == CaptureState.FAILED)
    return int(connection.scalar(sa.select(sa.func.count()).select_from(failed.limit(most).subquery())) or 0)


def parked_of(connection: sa.Connection, owner_id: int, most: int) -> int:
    """How many of the owner's suspects the index can never take as they are, counted up to `most`."""
    parked = sa.select(outbox.c.id).where(outbox.c.owner_id == owner_id, outbox.c.parked_at.is_not(None))
    return int(connection.scalar(sa.select(sa.func.count()).select_from(parked.limit(most).subquery())) or 0)
