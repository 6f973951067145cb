from datetime import timedelta

import pytest
from rows import MINUTE, NOON, at_once, claim, count, new_monitor, new_owner, new_run

from counterfoil.exceptions import NotFound, Superseded
from counterfoil.models import CrawlCounters, CrawlLimits, CrawlState, FinishReason, Run, RunKind, RunState, RunTrigger
from counterfoil.store import Store
from counterfoil.store.crawls import claim_made, close_crawl, list_crawls
from counterfoil.store.runs import PlannedCrawl, add_run, get_run, has_open_run, list_runs
from counterfoil.store.tables import crawls, runs

HOUR = timedelta(hours=1)


@pytest.fixture
def owner_id(store: Store) -> int:
    return new_owner(store)


def run_of(store: Store, owner_id: int, run_id: int | None) -> Run:
    assert run_id is not None
    with store.read() as connection:
        return get_run(connection, owner_id, run_id)


def close_all(store: Store) -> None:
    while crawl := claim(store):
        with store.write() as connection:
            close_crawl(connection, crawl.id, crawl.attempt, FinishReason.FINISHED, now=NOON + MINUTE)


def test_a_run_comes_back_with_its_crawls(store: Store, owner_id: int) -> None:
    monitor = new_monitor(store, owner_id)
    limits = CrawlLimits(pages=7)
    planned = [
        PlannedCrawl(marketplace="a", spider="search", queries=("bag", "背包"), limits=limits),
        PlannedCrawl(marketplace="a", spider="search", queries=("sack",), limits=limits),
        PlannedCrawl(marketplace="b", spider="shop", queries=(), limits=CrawlLimits()),
    ]
    with store.write() as connection:
        run_id = add_run(
            connection,
            owner_id=owner_id,
            monitor_id=monitor.id,
            kind=RunKind.LISTINGS,
            trigger=RunTrigger.MANUAL,
            nominal_at=NOON,
            late=True,
            planned=planned,
            now=NOON + MINUTE,
        )
    run = run_of(store, owner_id, run_id)
    assert (run.kind, run.trigger, run.state, run.late) == (RunKind.LISTINGS, RunTrigger.MANUAL, RunState.OPEN, True)
    assert (run.nominal_at, run.created_at, run.finished_at) == (NOON, NOON + MINUTE, None)
    with store.read() as connection:
        made = list_crawls(connection, owner_id, run.id)
    assert [(one.marketplace, one.spider, one.queries, one.limits) for one in made] == [
        (one.marketplace, one.spider, one.queries, one.limits) for one in planned
    ]
    assert {(one.state, one.attempt, one.counters) for one in made} == {(CrawlState.WAITING, 0, CrawlCounters())}


def test_a_monitor_has_one_run_for_each_nominal_time(store: Store, owner_id: int) -> None:
    monitor = new_monitor(store, owner_id)
    assert new_run(store, monitor) is not None
    assert new_run(store, monitor) is None
    assert (count(store, runs), count(store, crawls)) == (1, 1)


def test_of_many_who_make_the_same_run_at_once_one_does(store: Store, owner_id: int) -> None:
    monitor = new_monitor(store, owner_id)
    made = at_once(4, lambda _: new_run(store, monitor))
    assert sum(run_id is not None for run_id in made) == 1
    assert (count(store, runs), count(store, crawls)) == (1, 1)


def test_while_a_run_is_open_the_next_is_kept_as_skipped(store: Store, owner_id: int) -> None:
    monitor = new_monitor(store, owner_id)
    new_run(store, monitor)
    skipped = run_of(store, owner_id, new_run(store, monitor, NOON + HOUR, now=NOON + HOUR))
    assert (skipped.state, skipped.finished_at) == (RunState.SKIPPED, NOON + HOUR)
    with store.read() as connection:
        assert list_crawls(connection, owner_id, skipped.id) == []
    close_all(store)
    assert run_of(store, owner_id, new_run(store, monitor, NOON + 2 * HOUR)).state is RunState.OPEN


def test_of_runs_of_one_monitor_made_at_once_one_is_open(store: Store, owner_id: int) -> None:
    for number in range(3):
        monitor = new_monitor(store, owner_id, f"monitor {number}")
        made = at_once(4, lambda index, one=monitor: new_run(store, one, NOON + index * HOUR))
        states = sorted(run_of(store, owner_id, run_id).state for run_id in made)
        assert states == [RunState.OPEN, *[RunState.SKIPPED] * 3]


def test_an_open_run_of_one_monitor_keeps_no_other_monitor_waiting(store: Store, owner_id: int) -> None:
    for name in ("one", "two"):
        run_id = new_run(store, new_monitor(store, owner_id, name))
        assert run_of(store, owner_id, run_id).state is RunState.OPEN


def test_a_run_with_nothing_to_crawl_is_kept_as_skipped(store: Store, owner_id: int) -> None:
    monitor = new_monitor(store, owner_id)
    run = run_of(store, owner_id, new_run(store, monitor, marketplaces=()))
    assert run.state is RunState.SKIPPED
    with store.read() as connection:
        assert not has_open_run(connection, monitor.id)


def test_a_run_finishes_with_its_last_crawl(store: Store, owner_id: int) -> None:
    monitor = new_monitor(store, owner_id)
    run_id = new_run(store, monitor, marketplaces=("market", "market"))
    for expected in (RunState.OPEN, RunState.FINISHED):
        crawl = claim(store)
        assert crawl is not None
        with store.write() as connection:
            close_crawl(connection, crawl.id, crawl.attempt, FinishReason.BLOCKED, now=NOON + MINUTE)
        assert run_of(store, owner_id, run_id).state is expected
    assert run_of(store, owner_id, run_id).finished_at == NOON + MINUTE


def test_a_run_finishes_also_when_its_last_crawls_end_at_the_same_moment(store: Store, owner_id: int) -> None:
    for number in range(5):
        monitor = new_monitor(store, owner_id, f"monitor {number}")
        run_id = new_run(store, monitor, marketplaces=["market"] * 4)
        claimed = [claim(store) for _ in range(4)]

        def close(index: int, crawls_of_run: list = claimed) -> None:  # type: ignore[type-arg]
            crawl = crawls_of_run[index]
            with store.write() as connection:
                close_crawl(connection, crawl.id, crawl.attempt, FinishReason.FINISHED, now=NOON)

        at_once(4, close)
        assert run_of(store, owner_id, run_id).state is RunState.FINISHED


def test_runs_are_listed_newest_first(store: Store, owner_id: int) -> None:
    one, two = (new_monitor(store, owner_id, name) for name in ("one", "two"))
    made = [new_run(store, monitor, NOON + hour * HOUR) for hour in range(3) for monitor in (one, two)]
    with store.read() as connection:
        assert [run.id for run in list_runs(connection, owner_id)] == made[::-1]
        assert [run.id for run in list_runs(connection, owner_id, one.id)] == made[::2][::-1]
        assert [run.id for run in list_runs(connection, owner_id, limit=2)] == made[::-1][:2]


def test_no_owner_sees_another_owners_runs(store: Store, owner_id: int) -> None:
    monitor = new_monitor(store, owner_id)
    run_id = new_run(store, monitor)
    stranger = new_owner(store, "stranger")
    assert run_id is not None
    with store.read() as connection:
        with pytest.raises(NotFound, match="counterfoil run list"):
            get_run(connection, stranger, run_id)
        assert list_runs(connection, stranger) == []
        assert list_runs(connection, stranger, monitor.id) == []
        assert list_crawls(connection, stranger, run_id) == []


def test_a_run_without_a_monitor_is_made_whatever_else_is_open(store: Store, owner_id: int) -> None:
    planned = [PlannedCrawl(marketplace="a", spider="saved", queries=("file:///a",), limits=CrawlLimits())]

    def import_() -> int | None:
        with store.write() as connection:
            return add_run(
                connection,
                owner_id=owner_id,
                monitor_id=None,
                kind=RunKind.IMPORT,
                trigger=RunTrigger.MANUAL,
                nominal_at=NOON,
                late=False,
                planned=planned,
                now=NOON,
            )

    first, second = run_of(store, owner_id, import_()), run_of(store, owner_id, import_())
    assert (first.monitor_id, first.state, second.state) == (None, RunState.OPEN, RunState.OPEN)
    assert first.id != second.id


def test_a_crawl_claimed_as_it_is_made_is_nobody_elses(store: Store, owner_id: int) -> None:
    planned = [PlannedCrawl(marketplace="a", spider="saved", queries=("file:///a",), limits=CrawlLimits())]
    with store.write() as connection:
        run_id = add_run(
            connection,
            owner_id=owner_id,
            monitor_id=None,
            kind=RunKind.IMPORT,
            trigger=RunTrigger.MANUAL,
            nominal_at=NOON,
            late=False,
            planned=planned,
            now=NOON,
        )
        assert run_id is not None
        made = list_crawls(connection, owner_id, run_id)[0]
        held = claim_made(connection, made, "a person", MINUTE, NOON)
    assert (held.state, held.attempt, held.claimed_by) == (CrawlState.CLAIMED, 1, "a person")
    assert claim(store) is None
    with store.write() as connection, pytest.raises(Superseded):
        claim_made(connection, made, "another", MINUTE, NOON)
