"""What a run found: the suspects among what it has read, and the listings of each query."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from counterfoil.models import Run, SuspectState, VerdictKind
from counterfoil.store.tables import crawls, listing_versions, sightings, suspects


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundSuspect:
    """A suspect as a list of a few shows it."""

    id: int
    title: str
    score: float
    verdict: VerdictKind | None


def new_suspects_of(connection: sa.Connection, run: Run, most: int) -> tuple[list[FoundSuspect], int]:
    """The suspects that were first suspected by what a run has read, the likeliest first; and how many they are."""
    newest = sa.func.max(listing_versions.c.id)
    of_run = (
        sa.select(suspects.c.id, suspects.c.score, suspects.c.verdict, newest.label("version_id"))
        .join(listing_versions, listing_versions.c.listing_id == suspects.c.listing_id)
        .join(crawls, crawls.c.id == listing_versions.c.crawl_id)
        .where(
            crawls.c.run_id == run.id,
            suspects.c.owner_id == run.owner_id,
            suspects.c.state == SuspectState.OPEN,
            suspects.c.first_suspected_at >= run.created_at,
        )
        .group_by(suspects.c.id, suspects.c.score, suspects.c.verdict)
        .cte("of_run")
    )
    count = int(connection.scalar(sa.select(sa.func.count()).select_from(of_run)) or 0)
    titled = sa.select(of_run, listing_versions.c.title).join(
        listing_versions, listing_versions.c.id == of_run.c.version_id
    )
    rows = connection.execute(titled.order_by(of_run.c.score.desc(), of_run.c.id).limit(most))
    found = [
        FoundSuspect(
            id=row.id, title=row.title, score=row.score, verdict=VerdictKind(row.verdict) if row.verdict else None
        )
        for row in rows
    ]
    return found, count


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
