"""What queries found in earlier crawls: whose count, how many of them, and which are left out."""

from collections.abc import Mapping

import pytest
from rows import NOON, PlannedCrawl, add_run, claim, monitor_entry, new_owner, record

from counterfoil.models import Crawl, CrawlLimits, FinishReason, RunKind, RunTrigger
from counterfoil.store import Store
from counterfoil.store.crawls import close_crawl
from counterfoil.store.monitors import add_monitor
from counterfoil.store.past_results import past_results


class Past:
    """Makes crawls of one owner and ends them."""

    def __init__(self, store: Store, owner: str = "acme") -> None:
        self.store = store
        self.owner_id = new_owner(store, owner)
        self.count = 0
        self.marketplace = "market"

    def claimed(self, *queries: str) -> Crawl:
        self.count += 1
        planned = PlannedCrawl(marketplace=self.marketplace, spider="search", queries=queries, limits=CrawlLimits())
        with self.store.write() as connection:
            entry = monitor_entry(f"monitor {self.count}")
            monitor = add_monitor(connection, self.owner_id, entry, next_nominal_at=NOON, next_due_at=NOON, now=NOON)
            add_run(
                connection,
                owner_id=self.owner_id,
                monitor_id=monitor.id,
                kind=RunKind.SEARCH,
                trigger=RunTrigger.MANUAL,
                nominal_at=NOON,
                late=False,
                planned=[planned],
                now=NOON,
            )
        crawl = claim(self.store)
        assert crawl is not None
        return crawl

    def crawl(self, reason: FinishReason = FinishReason.FINISHED, /, **found: int) -> None:
        """A crawl that found so many listings for each query."""
        crawl = self.claimed(*found)
        for query, count in found.items():
            for number in range(count):
                record(self.store, crawl, key=f"{query} {number}", query=query)
        with self.store.write() as connection:
            close_crawl(connection, crawl.id, crawl.attempt, reason, now=NOON)

    def of(self, *queries: str) -> Mapping[str, tuple[int, float]]:
        """(crawls, listings on average) of each query that has a past."""
        with self.store.read() as connection:
            found = past_results(connection, self.claimed(*queries))
        return {query: (past.crawls, past.listings) for query, past in found.items()}


@pytest.fixture
def past(store: Store) -> Past:
    return Past(store)


def test_a_query_has_the_average_of_its_finished_crawls_with_the_empty_ones(past: Past) -> None:
    past.crawl(lamp=6, bag=1)
    past.crawl(lamp=3)
    past.crawl(lamp=0)
    assert past.of("lamp", "bag", "shoe") == {"lamp": (3, 3.0), "bag": (1, 1.0)}


def test_only_the_newest_five_count(past: Past) -> None:
    for count in (9, 9, 1, 2, 3, 4, 5):
        past.crawl(lamp=count)
    assert past.of("lamp") == {"lamp": (5, 3.0)}


@pytest.mark.parametrize("reason", [one for one in FinishReason if one not in {"finished", "limit"}])
def test_crawls_that_failed_are_no_past(past: Past, reason: FinishReason) -> None:
    past.crawl(lamp=4)
    past.crawl(reason, lamp=1)
    assert past.of("lamp") == {"lamp": (1, 4.0)}


def test_a_crawl_that_a_limit_ended_counts_for_what_it_came_to(past: Past) -> None:
    past.crawl(FinishReason.LIMIT, lamp=4, bag=0)
    assert past.of("lamp", "bag") == {"lamp": (1, 4.0)}


def test_other_owners_and_other_marketplaces_have_a_past_of_their_own(past: Past) -> None:
    Past(past.store, "other").crawl(lamp=9)
    past.marketplace = "elsewhere"
    past.crawl(lamp=8)
    past.marketplace = "market"
    past.crawl(lamp=2)
    assert past.of("lamp") == {"lamp": (1, 2.0)}


def test_a_query_longer_than_is_kept_has_a_past_too(past: Past) -> None:
    query = "lamp " * 100
    past.crawl(**{query: 2})
    assert past.of(query) == {query: (1, 2.0)}
