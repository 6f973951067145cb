"""What the pages of runs and the first page count, on both databases."""

from datetime import timedelta

from rows import NOON, claim, new_monitor, new_owner, new_product, new_run, record
from test_captures import judge

from counterfoil.models import CrawlQuality, CrawlState, FinishReason, RunState, VerdictKind
from counterfoil.store import Store
from counterfoil.store.crawls import close_crawl
from counterfoil.store.history import crawl_ends, last_runs, open_runs, run_open_at
from counterfoil.store.overview import (
    FirstSteps,
    failed_captures,
    first_steps,
    first_suspected,
    newest_suspects,
    parked_of,
    suspects_over_time,
    undecided,
    verdicts_over_time,
    verdicts_since,
)
from counterfoil.store.run_findings import earlier_results, listings_by_query, new_suspects_of, suspects_since
from counterfoil.store.runs import get_run
from counterfoil.store.suspects import add_verdict, undo_verdict

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def test_the_runs_of_a_monitor_are_told_with_their_ends_and_their_suspects(store: Store) -> None:
    owner, other = new_owner(store), new_owner(store, "other")
    monitor, product = new_monitor(store, owner), new_product(store, owner)
    first = new_run(store, monitor, NOON, ("market", "market"))
    crawl = claim(store)
    assert first is not None and crawl is not None
    seen = [record(store, crawl, key=key) for key in ("1", "2", "3")]
    suspect = judge(store, owner, seen[0].listing_version_id, product)
    judge(store, owner, seen[1].listing_version_id, product, 0.1)
    skipped = new_run(store, monitor, NOON + HOUR, now=NOON + HOUR)
    assert skipped is not None
    with store.write() as connection:
        quality = CrawlQuality(pages=1, read=1)
        close_crawl(connection, crawl.id, 1, FinishReason.FINISHED, quality=quality, degraded="blind", now=NOON + HOUR)
    with store.read() as connection:
        assert [run.id for run in last_runs(connection, owner, monitor.id, 5)] == [skipped, first]
        assert last_runs(connection, other, monitor.id, 5) == [] == open_runs(connection, other, 5)
        assert [run.id for run in open_runs(connection, owner, 5)] == [first]
        assert run_open_at(connection, get_run(connection, owner, skipped)) == first
        assert run_open_at(connection, get_run(connection, owner, first)) is None
        ended, waiting = crawl_ends(connection, owner, [first])[first]
        assert (ended.reason, ended.degraded, waiting.state) == (FinishReason.FINISHED, "blind", CrawlState.WAITING)
        found, count = new_suspects_of(connection, get_run(connection, owner, first), 5)
        assert [one.id for one in found] == [suspect] and count == 1
        assert new_suspects_of(connection, get_run(connection, owner, skipped), 5) == ([], 0)
        assert listings_by_query(connection, [crawl.id]) == {crawl.id: {"bag": 3}}
        assert suspects_since(connection, owner, NOON - DAY) == 1 and suspects_since(connection, other, NOON - DAY) == 0


def test_what_a_search_found_before_is_told_by_crawls_that_came_to_their_end(store: Store) -> None:
    owner = new_owner(store)
    monitor = new_monitor(store, owner)
    for hours, (listings, reason) in enumerate(
        ((2, FinishReason.FINISHED), (4, FinishReason.FINISHED), (1, FinishReason.BLOCKED), (0, FinishReason.FINISHED))
    ):
        moment = NOON + hours * HOUR
        run_id = new_run(store, monitor, moment, now=moment)
        crawl = claim(store, moment)
        assert run_id is not None and crawl is not None
        for number in range(listings):
            record(store, crawl, key=f"{hours}-{number}", now=moment)
        with store.write() as connection:
            close_crawl(connection, crawl.id, 1, reason, now=moment)
    with store.read() as connection:
        last = get_run(connection, owner, run_id)
        assert last.state is RunState.FINISHED
        before = earlier_results(connection, last)
    assert {key: (past.crawls, past.listings) for key, past in before.items()} == {("market", "bag"): (2, 3.0)}


def test_the_first_page_counts_what_is_the_owners(store: Store) -> None:
    owner, other = new_owner(store), new_owner(store, "other")
    with store.read() as connection:
        assert first_steps(connection, owner) == FirstSteps(
            product=False, monitor=False, run=False, suspect=False, verdict=False
        )
        assert first_suspected(connection, owner) is None
    monitor, product = new_monitor(store, owner), new_product(store, owner)
    new_run(store, monitor)
    crawl = claim(store)
    assert crawl is not None
    found = [judge(store, owner, record(store, crawl, key=key).listing_version_id, product) for key in "123"]
    suspects = [one for one in found if one is not None]
    assert len(suspects) == 3
    with store.read() as connection:
        moment = first_suspected(connection, owner)
        assert moment is not None
    with store.write() as connection:
        for suspect, kind in zip(suspects, (VerdictKind.UNSURE, VerdictKind.COUNTERFEIT), strict=False):
            add_verdict(connection, owner, suspect, kind, note=None, decided_by="ann", now=moment + HOUR)
        undo_verdict(connection, owner, suspects[0], now=moment + 2 * HOUR)
    edges = [moment - DAY, moment, moment + HOUR, moment + DAY]
    with store.read() as connection:
        assert all(vars_of(first_steps(connection, owner)))
        assert undecided(connection, owner, 10) == 2 and undecided(connection, owner, 1) == 1
        assert [one.id for one in newest_suspects(connection, owner, moment, 5)] == suspects
        assert suspects_over_time(connection, owner, edges) == [0, 3, 0]
        assert verdicts_over_time(connection, owner, edges) == [{}, {}, {VerdictKind.COUNTERFEIT: 1}]
        assert verdicts_since(connection, owner, moment, 10) == 1
        assert failed_captures(connection, owner, 10) == 0 == parked_of(connection, owner, 10)
        assert undecided(connection, other, 10) == 0 and newest_suspects(connection, other, moment, 5) == []
        assert suspects_over_time(connection, other, edges) == [0, 0, 0]


def vars_of(steps: FirstSteps) -> tuple[bool, ...]:
    return (steps.product, steps.monitor, steps.run, steps.suspect, steps.verdict)
