from dataclasses import asdict, replace
from datetime import datetime, timedelta
from decimal import Decimal
from threading import Thread

import pytest
import sqlalchemy as sa
from rows import MINUTE, NOON, at_once, claim, claimed, count, new_monitor, new_owner, new_run, record, row_of

from counterfoil.exceptions import NotFound, Superseded
from counterfoil.models import Crawl, CrawlCounters, CrawlState, FinishReason, RunState
from counterfoil.store import Store
from counterfoil.store.crawls import (
    cancel_crawls,
    claim_crawl,
    close_crawl,
    get_crawl,
    give_back,
    heartbeat,
    list_crawl_events,
    release_crawl,
    report_progress,
    require_attempt,
)
from counterfoil.store.runs import get_run
from counterfoil.store.tables import crawl_events, crawls

SECOND = timedelta(seconds=1)
PAUSE = timedelta(seconds=5)


@pytest.fixture
def owner_id(store: Store) -> int:
    return new_owner(store)


@pytest.fixture
def crawl(store: Store, owner_id: int) -> Crawl:
    """A crawl claimed at noon for a minute."""
    return claimed(store, owner_id)


def close(
    store: Store,
    crawl: Crawl,
    reason: FinishReason = FinishReason.FINISHED,
    not_before: datetime | None = None,
) -> None:
    with store.write() as connection:
        close_crawl(connection, crawl.id, crawl.attempt, reason, not_before=not_before, now=NOON + MINUTE)


def die(store: Store, crawl: Crawl, most_failures: int = 3, now: datetime = NOON) -> FinishReason | None:
    with store.write() as connection:
        return give_back(connection, crawl, detail="killed", pause=PAUSE, most_failures=most_failures, now=now)


def beat(store: Store, crawl: Crawl, now: datetime = NOON) -> bool:
    with store.write() as connection:
        return heartbeat(connection, crawl.id, crawl.attempt, MINUTE, now)


def events(store: Store, crawl: Crawl) -> list[tuple[int, str]]:
    with store.read() as connection:
        found = list_crawl_events(connection, crawl.owner_id, crawl.id)
    return [(attempt, event) for _, attempt, event, _ in found]


def taken_over(store: Store, crawl: Crawl) -> Crawl:
    successor = claim(store, NOON + MINUTE + SECOND, worker="successor")
    assert successor is not None
    assert (successor.id, successor.attempt) == (crawl.id, crawl.attempt + 1)
    return successor


# ---------------------------------------------------------------------------------------------------- claiming


def test_a_waiting_crawl_is_claimed_with_a_lease(store: Store, crawl: Crawl) -> None:
    assert (crawl.state, crawl.attempt, crawl.claimed_by) == (CrawlState.CLAIMED, 1, "worker")
    assert (crawl.started_at, crawl.lease_until, crawl.finished_at) == (NOON, NOON + MINUTE, None)
    assert row_of(store, crawl) == crawl
    assert claim(store) is None


def test_without_crawls_there_is_nothing_to_claim(store: Store) -> None:
    assert claim(store) is None


def test_the_crawl_that_has_waited_longest_comes_first(store: Store, owner_id: int) -> None:
    for name, minutes in (("second", 1), ("first", 0), ("third", 2)):
        new_run(store, new_monitor(store, owner_id, name), marketplaces=(name,), now=NOON + minutes * MINUTE)
    names = [crawl.marketplace for _ in range(3) if (crawl := claim(store, NOON + 9 * MINUTE))]
    assert names == ["first", "second", "third"]


def test_a_crawl_is_not_claimed_before_its_time(store: Store, owner_id: int) -> None:
    new_run(store, new_monitor(store, owner_id), now=NOON + MINUTE)
    assert claim(store, NOON + MINUTE - SECOND) is None
    assert claim(store, NOON + MINUTE) is not None


def test_a_crawl_whose_worker_goes_silent_is_taken_over(store: Store, crawl: Crawl) -> None:
    assert claim(store, NOON + MINUTE) is None
    successor = taken_over(store, crawl)
    assert (successor.claimed_by, successor.started_at) == ("successor", NOON)
    assert successor.lease_until == NOON + 2 * MINUTE + SECOND


def test_a_heartbeat_keeps_a_crawl_from_being_taken_over(store: Store, crawl: Crawl) -> None:
    assert beat(store, crawl, NOON + 30 * SECOND)
    assert claim(store, NOON + 90 * SECOND) is None
    assert claim(store, NOON + 91 * SECOND) is not None
    assert not beat(store, crawl, NOON + 92 * SECOND)


def test_a_late_heartbeat_saves_what_nobody_has_taken_over(store: Store, crawl: Crawl) -> None:
    assert beat(store, crawl, NOON + 10 * MINUTE)
    assert claim(store, NOON + 10 * MINUTE + SECOND) is None


def test_no_more_crawls_of_a_marketplace_run_at_once_than_it_has_places(store: Store, owner_id: int) -> None:
    new_run(store, new_monitor(store, owner_id), marketplaces=["market"] * 3 + ["other"] * 2)
    first, second = claim(store, places=2), claim(store, places=2)
    assert first and second
    # A marketplace that is not named has one place, and a full one keeps no other waiting.
    assert [crawl.marketplace for _ in range(3) if (crawl := claim(store, places=2))] == ["other"]
    close(store, first)
    assert (third := claim(store, places=2)) and third.marketplace == "market"
    assert claim(store, places=2) is None


@pytest.mark.parametrize("reason", [FinishReason.RATE_LIMITED, FinishReason.SITE_DOWN])
def test_a_marketplace_that_asked_for_a_pause_is_left_alone_until_then(
    store: Store, owner_id: int, crawl: Crawl, reason: FinishReason
) -> None:
    new_run(store, new_monitor(store, owner_id, "more"), marketplaces=["market", "other"])
    silent = claim(store)
    assert silent is not None and silent.marketplace == "market"
    new_run(store, new_monitor(store, new_owner(store, "another"), "theirs"))
    until = NOON + timedelta(hours=1)
    close(store, crawl, reason, not_before=until)
    # Neither a crawl that waits, whoever it is for, nor one whose worker has gone silent; other marketplaces go on.
    assert [one.marketplace for _ in range(3) if (one := claim(store, until - SECOND))] == ["other"]
    assert {one.id for _ in range(3) if (one := claim(store, until))} >= {silent.id}
    assert claim(store, until) is None


def test_a_crawl_that_ended_otherwise_keeps_no_other_waiting(store: Store, owner_id: int, crawl: Crawl) -> None:
    new_run(store, new_monitor(store, owner_id, "next"))
    close(store, crawl, FinishReason.RATE_LIMITED)
    assert claim(store, NOON + MINUTE) is not None


def test_a_crawl_that_is_cancelled_while_it_waits_for_its_next_try_keeps_no_other_waiting(
    store: Store, owner_id: int, crawl: Crawl
) -> None:
    die(store, crawl, now=NOON)
    with store.write() as connection:
        cancel_crawls(connection, owner_id, crawl.run_id, NOON)
    new_run(store, new_monitor(store, owner_id, "next"))
    assert claim(store, NOON) is not None


def test_a_silent_workers_place_is_free_for_its_own_crawl_again(store: Store, owner_id: int) -> None:
    new_run(store, new_monitor(store, owner_id), marketplaces=["market"] * 2)
    first = claim(store, places=1)
    assert first is not None
    assert claim(store, places=1) is None
    again = claim(store, NOON + 2 * MINUTE, places=1)
    assert again is not None and again.id == first.id
    assert claim(store, NOON + 2 * MINUTE, places=1) is None


def test_many_workers_claim_each_crawl_exactly_once(store: Store, owner_id: int) -> None:
    new_run(store, new_monitor(store, owner_id), marketplaces=["market"] * 40)

    def claim_all(index: int) -> list[Crawl]:
        mine = []
        while crawl := claim(store, worker=f"worker {index}"):
            mine.append(crawl)
        return mine

    every = [crawl for mine in at_once(5, claim_all) for crawl in mine]
    assert len(every) == len({crawl.id for crawl in every}) == 40
    assert {crawl.attempt for crawl in every} == {1}


def test_many_workers_never_take_more_places_than_there_are(store: Store, owner_id: int) -> None:
    for number in range(4):
        market = f"market {number}"
        new_run(store, new_monitor(store, owner_id, market), marketplaces=[market] * 6)

        def claim_one(index: int, name: str = market) -> bool:
            with store.write() as connection:
                return claim_crawl(connection, f"worker {index}", MINUTE, {name: 2}, NOON) is not None

        at_once(5, claim_one)
        taken = sa.and_(crawls.c.marketplace == market, crawls.c.state == CrawlState.CLAIMED)
        assert count(store, crawls, taken) <= 2


def test_a_crawl_cancelled_while_it_is_being_claimed_stays_cancelled(store: Store, owner_id: int) -> None:
    for number in range(6):
        run_id = new_run(store, new_monitor(store, owner_id, f"monitor {number}"))
        assert run_id is not None

        def claim_or_cancel(index: int, run: int = run_id) -> None:
            if index:
                claim(store)
                return
            with store.write() as connection:
                cancel_crawls(connection, owner_id, run, NOON)

        at_once(3, claim_or_cancel)
    assert count(store, crawls, crawls.c.state != CrawlState.FINISHED) == 0
    assert count(store, crawls, crawls.c.reason != FinishReason.CANCELLED) == 0


# ------------------------------------------------------------------------------------------- attempts that ended


def test_an_attempt_that_was_taken_over_can_write_nothing(store: Store, crawl: Crawl) -> None:
    successor = taken_over(store, crawl)
    before = row_of(store, successor)
    with store.write() as connection:
        with pytest.raises(Superseded):
            require_attempt(connection, crawl.id, crawl.attempt)
        with pytest.raises(Superseded):
            report_progress(connection, crawl.id, crawl.attempt, CrawlCounters(pages=9))
        with pytest.raises(Superseded):
            close_crawl(connection, crawl.id, crawl.attempt, FinishReason.FINISHED, now=NOON)
        with pytest.raises(Superseded):
            give_back(connection, crawl, detail="", pause=PAUSE, most_failures=1, now=NOON)
        assert not heartbeat(connection, crawl.id, crawl.attempt, MINUTE, NOON)
        release_crawl(connection, crawl, "", NOON)
    assert row_of(store, successor) == before
    with store.write() as connection:
        require_attempt(connection, successor.id, successor.attempt)


@pytest.mark.parametrize("ending", ["closed", "released", "died"])
def test_an_attempt_that_ended_can_write_nothing(store: Store, crawl: Crawl, ending: str) -> None:
    if ending == "closed":
        close(store, crawl)
    elif ending == "died":
        die(store, crawl)
    else:
        with store.write() as connection:
            release_crawl(connection, crawl, "", NOON)
    assert not beat(store, crawl)
    with store.write() as connection, pytest.raises(Superseded):
        require_attempt(connection, crawl.id, crawl.attempt)


def test_an_unknown_crawl_is_not_found(store: Store) -> None:
    with store.write() as connection:
        with pytest.raises(NotFound):
            get_crawl(connection, 7)
        with pytest.raises(Superseded):
            require_attempt(connection, 7, 1)


def test_while_a_page_is_written_the_crawl_is_not_taken_over(postgres_store: Store) -> None:
    """SQLite has one writer anyway; PostgreSQL lets the successor wait for the end of the transaction."""
    crawl = claimed(postgres_store, new_owner(postgres_store))
    successors: list[Crawl | None] = []
    with postgres_store.write() as connection:
        require_attempt(connection, crawl.id, crawl.attempt)
        late = NOON + MINUTE + SECOND
        thread = Thread(target=lambda: successors.append(claim(postgres_store, late)))
        thread.start()
        thread.join(0.3)
        assert thread.is_alive()
    thread.join()
    assert [one.attempt for one in successors if one] == [2]


def test_a_crawl_closes_itself_while_its_worker_sends_a_heartbeat(store: Store, crawl: Crawl) -> None:
    with store.write() as connection:
        require_attempt(connection, crawl.id, crawl.attempt)
        thread = Thread(target=beat, args=(store, crawl))
        thread.start()
        thread.join(0.2)
        close_crawl(connection, crawl.id, crawl.attempt, FinishReason.FINISHED, now=NOON)
    thread.join()
    assert row_of(store, crawl).state is CrawlState.FINISHED


# ----------------------------------------------------------------------------------------------------- closing


@pytest.mark.parametrize("reason", list(FinishReason))
def test_a_crawl_is_closed_with_one_reason(store: Store, crawl: Crawl, reason: FinishReason) -> None:
    with store.write() as connection:
        close_crawl(
            connection,
            crawl.id,
            crawl.attempt,
            reason,
            detail="so it was",
            counters=CrawlCounters(requests=5, pages=4, images=3, image_errors=2, bytes=2**40, errors=1),
            now=NOON + MINUTE,
        )
    closed = row_of(store, crawl)
    assert (closed.state, closed.reason, closed.detail) == (CrawlState.FINISHED, reason, "so it was")
    assert (closed.finished_at, closed.lease_until) == (NOON + MINUTE, None)
    assert closed.counters == CrawlCounters(requests=5, pages=4, images=3, image_errors=2, bytes=2**40, errors=1)
    with pytest.raises(Superseded):
        close(store, crawl, FinishReason.CANCELLED)
    assert row_of(store, crawl).reason is reason
    assert claim(store, NOON + timedelta(days=1)) is None


def test_of_many_who_close_a_crawl_at_once_one_does(store: Store, crawl: Crawl) -> None:
    reasons = list(FinishReason)[:5]

    def try_to_close(index: int) -> FinishReason | None:
        try:
            close(store, crawl, reasons[index])
        except Superseded:
            return None
        return reasons[index]

    done = [reason for reason in at_once(5, try_to_close) if reason]
    assert done == [row_of(store, crawl).reason]
    assert count(store, crawl_events, crawl_events.c.event != "claimed") == 1


def test_listings_are_counted_over_all_attempts(store: Store, crawl: Crawl) -> None:
    earlier = claimed(store, crawl.owner_id, "earlier")
    for key in ("known", "changed"):
        record(store, earlier, key=key)
    for key in ("new 1", "known"):
        record(store, crawl, key=key)
    record(store, crawl, key="changed", price=Decimal("1"))
    with store.write() as connection:
        report_progress(connection, crawl.id, crawl.attempt, CrawlCounters(requests=3, seen=99))
    counters = row_of(store, crawl).counters
    assert (counters.requests, counters.seen, counters.new, counters.changed) == (3, 3, 1, 1)
    successor = taken_over(store, crawl)
    record(store, successor, key="new 2")
    record(store, successor, key="new 1", price=Decimal("2"))
    with store.write() as connection:
        close_crawl(
            connection,
            successor.id,
            successor.attempt,
            FinishReason.FINISHED,
            counters=CrawlCounters(requests=2),
            now=NOON,
        )
    counters = row_of(store, crawl).counters
    assert (counters.requests, counters.seen, counters.new, counters.changed) == (2, 4, 2, 2)


# ---------------------------------------------------------------------------------------------- deaths, releases


def test_a_crawl_that_died_waits_for_a_moment_and_is_tried_again(store: Store, crawl: Crawl) -> None:
    assert die(store, crawl) is None
    waiting = row_of(store, crawl)
    assert (waiting.state, waiting.failures, waiting.detail) == (CrawlState.WAITING, 1, "killed")
    assert claim(store, NOON + PAUSE - SECOND) is None
    again = claim(store, NOON + PAUSE)
    assert again is not None and again.attempt == 2


def test_a_crawl_that_dies_again_and_again_without_progress_is_closed_as_crashed(store: Store, crawl: Crawl) -> None:
    with store.write() as connection:
        report_progress(connection, crawl.id, crawl.attempt, CrawlCounters(requests=7))
    attempt: Crawl | None = crawl
    reasons = []
    for minutes in range(1, 4):
        assert attempt is not None
        reasons.append(die(store, attempt))
        attempt = claim(store, NOON + minutes * MINUTE)
    assert reasons == [None, None, FinishReason.CRASHED]
    closed = row_of(store, crawl)
    assert (closed.state, closed.reason, closed.detail) == (CrawlState.FINISHED, FinishReason.CRASHED, "killed")
    assert (closed.failures, closed.attempt, closed.counters.requests) == (3, 3, 7)
    with store.read() as connection:
        assert get_run(connection, crawl.owner_id, crawl.run_id).state is RunState.FINISHED


def test_a_crawl_that_kills_its_worker_again_and_again_is_closed_as_crashed_by_the_last_to_look(
    store: Store, crawl: Crawl
) -> None:
    """Its workers cannot give it back themselves: each leaves nothing but a lease that runs out."""
    counted = []
    for number in range(1, 3):
        again = claim(store, NOON + 2 * number * MINUTE)
        assert again is not None and again.id == crawl.id
        counted.append(again.failures)
    new_run(store, new_monitor(store, crawl.owner_id, "another"))
    other = claim(store, NOON + 6 * MINUTE)
    assert other is not None and other.id != crawl.id, "whoever closes it goes on to the next crawl"
    closed = row_of(store, crawl)
    assert (counted, closed.failures, closed.attempt) == ([1, 2], 3, 3)
    assert (closed.reason, closed.detail) == (FinishReason.CRASHED, "its worker went silent")
    assert events(store, crawl)[-2:] == [(3, "claimed"), (3, "crashed")]
    with store.read() as connection:
        assert get_run(connection, crawl.owner_id, crawl.run_id).state is RunState.FINISHED


def test_a_crawl_whose_workers_go_silent_after_progress_is_never_given_up(store: Store, crawl: Crawl) -> None:
    attempt: Crawl | None = crawl
    for number in range(1, 7):
        assert attempt is not None and attempt.failures == 0
        record(store, attempt, key=f"listing {number}")
        attempt = claim(store, NOON + 2 * number * MINUTE)


def test_progress_begins_the_count_of_deaths_anew(store: Store, crawl: Crawl) -> None:
    attempt: Crawl | None = crawl
    counted = []
    for minutes, progress in enumerate([False, True, True, False, False, True, False], start=1):
        assert attempt is not None
        if progress:
            record(store, attempt, key=f"listing {minutes}")
        assert die(store, attempt) is None
        counted.append(row_of(store, crawl).failures)
        attempt = claim(store, NOON + minutes * MINUTE)
    assert counted == [1, 0, 0, 1, 2, 0, 1]


def test_a_crawl_that_died_after_progress_still_waits_for_a_moment(store: Store, crawl: Crawl) -> None:
    record(store, crawl)
    assert die(store, crawl, most_failures=1) is None
    assert claim(store, NOON + PAUSE - SECOND) is None


def test_a_released_crawl_can_be_claimed_at_once_and_is_nobodys_failure(store: Store, crawl: Crawl) -> None:
    with store.write() as connection:
        release_crawl(connection, crawl, "the worker was stopped", NOON)
    again = claim(store)
    assert again is not None
    assert (again.attempt, again.failures) == (2, 0)


# --------------------------------------------------------------------------------------------------- cancelling


def test_a_cancelled_run_ends_with_all_its_crawls(store: Store, owner_id: int) -> None:
    run_id = new_run(store, new_monitor(store, owner_id), marketplaces=["market"] * 3)
    finished, running = claim(store), claim(store)
    assert run_id and finished and running
    close(store, finished)
    with store.write() as connection:
        assert cancel_crawls(connection, owner_id, run_id, NOON + MINUTE) == 2
        assert cancel_crawls(connection, owner_id, run_id, NOON + MINUTE) == 0
    assert row_of(store, finished).reason is FinishReason.FINISHED
    assert row_of(store, running).reason is FinishReason.CANCELLED
    assert not beat(store, running)
    assert claim(store, NOON + timedelta(days=1)) is None
    with store.read() as connection:
        run = get_run(connection, owner_id, run_id)
    assert (run.state, run.finished_at) == (RunState.FINISHED, NOON + MINUTE)


def test_no_owner_cancels_another_owners_run_or_reads_its_events(store: Store, crawl: Crawl) -> None:
    stranger = new_owner(store, "stranger")
    with store.write() as connection:
        assert cancel_crawls(connection, stranger, crawl.run_id, NOON) == 0
        assert list_crawl_events(connection, stranger, crawl.id) == []
    assert row_of(store, crawl) == crawl


# ------------------------------------------------------------------------------------------------------- events


def test_everything_that_happens_to_a_crawl_is_noted(store: Store, crawl: Crawl) -> None:
    second = taken_over(store, crawl)
    die(store, second, now=NOON + 2 * MINUTE)
    third = claim(store, NOON + 3 * MINUTE)
    assert third is not None
    with store.write() as connection:
        release_crawl(connection, third, "the worker was stopped", NOON + 3 * MINUTE)
    fourth = claim(store, NOON + 4 * MINUTE)
    assert fourth is not None
    close(store, fourth, FinishReason.LIMIT)
    assert events(store, crawl) == [
        (1, "claimed"),
        (1, "died"),
        (2, "claimed"),
        (2, "died"),
        (3, "claimed"),
        (3, "released"),
        (4, "claimed"),
        (4, "limit"),
    ]
    with store.read() as connection:
        at, _, _, detail = list_crawl_events(connection, crawl.owner_id, crawl.id)[3]
    assert (at, detail) == (NOON + 2 * MINUTE, "killed")


def test_counters_are_kept_as_they_were_reported(store: Store, crawl: Crawl) -> None:
    reported = CrawlCounters(requests=1, pages=2, images=3, image_errors=4, bytes=5, errors=6)
    with store.write() as connection:
        report_progress(connection, crawl.id, crawl.attempt, replace(reported, new=9, changed=9))
    assert asdict(row_of(store, crawl).counters) == asdict(reported)
