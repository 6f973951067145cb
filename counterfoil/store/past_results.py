"""What queries found in earlier crawls, so that a crawl can tell an empty market from a page that it cannot read."""

from collections.abc import Collection

import sqlalchemy as sa

from counterfoil.models import Crawl, FinishReason, PastResults
from counterfoil.store.listings import kept_query
from counterfoil.store.tables import crawls, sightings

# A query's past is looked for among so many crawls of its owner and marketplace, the newest.
_LOOK_BACK = 1_000


def past_results(connection: sa.Connection, crawl: Crawl, most: int = 5) -> dict[str, PastResults]:
    """What each query of a crawl found in its last finished crawls, by the same owner on the same marketplace.

    A crawl that a limit has ended counts for the queries that it found anything for: it may not have come to the rest.
    """
    earlier = _earlier_crawls(connection, crawl, most)
    counts = _listings_found(connection, {crawl_id for ids in earlier.values() for crawl_id, _ in ids})
    past = {}
    for query, ended in earlier.items():
        found = [counts.get((crawl_id, kept_query(query))) for crawl_id, _ in ended]
        told = [
            count or 0
            for count, (_, reason) in zip(found, ended, strict=True)
            if count or reason == FinishReason.FINISHED
        ]
        if told:
            past[query] = PastResults(crawls=len(told), listings=sum(told) / len(told))
    return past


def _earlier_crawls(connection: sa.Connection, crawl: Crawl, most: int) -> dict[str, list[tuple[int, str]]]:
    """For each query the newest crawls that asked it and came to an end of their own: (id, reason)."""
    ended = sa.and_(
        crawls.c.owner_id == crawl.owner_id,
        crawls.c.marketplace == crawl.marketplace,
        crawls.c.id < crawl.id,
        crawls.c.reason.in_((FinishReason.FINISHED, FinishReason.LIMIT)),
    )
    newest = sa.select(crawls.c.id, crawls.c.reason, crawls.c.queries).where(ended).order_by(crawls.c.id.desc())
    found: dict[str, list[tuple[int, str]]] = {query: [] for query in crawl.queries}
    for row in connection.execute(newest.limit(_LOOK_BACK)):
        for query in found.keys() & set(row.queries):
            if len(found[query]) < most:
                found[query].append((row.id, row.reason))
    return found


def _listings_found(connection: sa.Connection, crawl_ids: Collection[int]) -> dict[tuple[int, str], int]:
    """How many listings each query of these crawls has shown."""
    counted = sa.select(sightings.c.crawl_id, sightings.c.query, sa.func.count().label("listings"))
    mine = counted.where(sightings.c.crawl_id.in_(crawl_ids)).group_by(sightings.c.crawl_id, sightings.c.query)
    return {(row.crawl_id, row.query): row.listings for row in connection.execute(mine)}
