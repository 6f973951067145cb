"""What a run found: the suspects among what it has read, and the listings of each query."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from counterfoil.models import FinishReason, PastResults, Run, RunState, SuspectState, VerdictKind
from counterfoil.store.listings import first_picture_of, kept_query
from counterfoil.store.tables import crawls, listing_versions, runs, sightings, suspects


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundSuspect:
    """A suspect as a list of a few shows it."""

    id: int
    title: str
    score: float
    verdict: VerdictKind | None
    image_sha256: str | None


def new_suspects_of(connection: sa.Connection, run: Run, most: int) -> tuple[list[FoundSuspect], int]:
    """The suspects that were first suspected by what a run has read, the likeliest first; and how many they are."""
    new = _new_of(run)
    count = int(connection.scalar(sa.select(sa.func.count()).select_from(suspects).where(new)) or 0)
    columns = (suspects.c.id, suspects.c.score, suspects.c.verdict, listing_versions.c.title)
    picture = first_picture_of(listing_versions.c.id).label("picture")
    titled = (
        sa.select(*columns, picture)
        .join(listing_versions, listing_versions.c.id == suspects.c.listing_version_id)
        .where(new)
    )
    rows = connection.execute(titled.order_by(suspects.c.score.desc(), suspects.c.id).limit(most))
    return [read_found(row) for row in rows], count


def new_suspect_ids(connection: sa.Connection, run: Run, most: int) -> list[int]:
    """The ids of the same suspects, the likeliest first."""
    new = sa.select(suspects.c.id).where(_new_of(run))
    return list(connection.scalars(new.order_by(suspects.c.score.desc(), suspects.c.id).limit(most)))


def _new_of(run: Run) -> sa.ColumnElement[bool]:
    of_run = sa.select(crawls.c.id).where(crawls.c.run_id == run.id)
    read = sa.select(listing_versions.c.listing_id).where(listing_versions.c.crawl_id.in_(of_run))
    return sa.and_(
        suspects.c.owner_id == run.owner_id,
        suspects.c.listing_id.in_(read),
        suspects.c.state == SuspectState.OPEN,
        # As an expression: by the index of times SQLite would read all that were suspected since, not what was read.
        sa.func.coalesce(suspects.c.first_suspected_at, run.created_at) >= run.created_at,
    )


def read_found(row: Any) -> FoundSuspect:
    """A row with a suspect's id, score and verdict, a title and a picture."""
    verdict = VerdictKind(row.verdict) if row.verdict else None
    return FoundSuspect(id=row.id, title=row.title, score=row.score, verdict=verdict, image_sha256=row.picture)


def suspects_since(connection: sa.Connection, owner_id: int, moment: datetime, most: int = 10_000) -> int:
    """How many of the owner's open suspects were first suspected since a moment, counted up to `most`."""
    later = sa.select(suspects.c.id).where(
        suspects.c.owner_id == owner_id,
        suspects.c.first_suspected_at >= moment,
        suspects.c.state == SuspectState.OPEN,
    )
    return int(connection.scalar(sa.select(sa.func.count()).select_from(later.limit(most).subquery())) or 0)


def listings_by_query(connection: sa.Connection, crawl_ids: Collection[int]) -> dict[int, dict[str, int]]:
    """How many listings each query of these crawls has shown, by crawl."""
    counted = sa.select(sightings.c.crawl_id, sightings.c.query, sa.func.count().label("listings"))
    mine = counted.where(sightings.c.crawl_id.in_(crawl_ids)).group_by(sightings.c.crawl_id, sightings.c.query)
    found: dict[int, dict[str, int]] = {crawl_id: {} for crawl_id in crawl_ids}
    for row in connection.execute(mine):
        found[row.crawl_id][row.query] = row.listings
    return found


def earlier_results(connection: sa.Connection, run: Run, most: int = 3) -> dict[tuple[str, str], PastResults]:
    """What the searches of a run found in the runs of its monitor before it, by (marketplace, query).

    A crawl that did not come to its end says nothing about what is there.
    """
    if run.monitor_id is None:
        return {}
    before = (
        sa.select(runs.c.id)
        .where(runs.c.monitor_id == run.monitor_id, runs.c.owner_id == run.owner_id, runs.c.state == RunState.FINISHED)
        .where(runs.c.nominal_at < run.nominal_at)
        .order_by(runs.c.nominal_at.desc())
        .limit(most)
    )
    run_ids = list(connection.scalars(before))
    ended = sa.select(crawls.c.id, crawls.c.marketplace, crawls.c.queries).where(
        crawls.c.run_id.in_(run_ids), crawls.c.reason == FinishReason.FINISHED
    )
    asked = connection.execute(ended).all()
    found = listings_by_query(connection, [row.id for row in asked])
    counts: dict[tuple[str, str], list[int]] = {}
    for row in asked:
        for query in row.queries:
            counts.setdefault((row.marketplace, query), []).append(found[row.id].get(kept_query(query), 0))
    return {key: PastResults(crawls=len(some), listings=sum(some) / len(some)) for key, some in counts.items()}
