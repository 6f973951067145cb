"""Inspections and reassessments: the judge's two queues, on both databases."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from rows import MINUTE, NOON, at_once, claimed, count, new_owner, new_product, record
from test_store_suspects import assessment, judge

from counterfoil.models import Crawl
from counterfoil.store import Store
from counterfoil.store.inspections import (
    MOST_ATTEMPTS,
    Inspection,
    claim_inspections,
    count_inspections,
    fail_inspection,
    finish_inspection,
    hold_listing,
    renew_inspections,
    visible_to,
)
from counterfoil.store.instance import note_judge_version
from counterfoil.store.reassessments import (
    Reassessment,
    Stretch,
    advance_reassessment,
    claim_reassessment,
    count_reassessments,
    next_listing_versions,
    renew_reassessment,
    request_reassessment,
)
from counterfoil.store.tables import reassessments


@pytest.fixture
def owner_id(store: Store) -> int:
    return new_owner(store)


@pytest.fixture
def crawl(store: Store, owner_id: int) -> Crawl:
    return claimed(store, owner_id)


def take(store: Store, limit: int = 10, now: datetime = NOON) -> list[Inspection]:
    with store.write() as connection:
        return claim_inspections(connection, limit, MINUTE, now)


def finish(store: Store, inspection: Inspection) -> bool:
    with store.write() as connection:
        return finish_inspection(connection, inspection, "j1")


def states(store: Store, owner_id: int | None = None) -> dict[str, int]:
    with store.read() as connection:
        return count_inspections(connection, owner_id)


# -------------------------------------------------------------------------------------------------- inspections


def test_what_a_crawl_shows_waits_to_be_judged_once_for_each_owner(store: Store, owner_id: int, crawl: Crawl) -> None:
    other = new_owner(store, "rival")
    recorded = record(store, crawl)
    record(store, crawl)
    record(store, claimed(store, other))
    assert states(store) == {"waiting": 2}
    assert states(store, owner_id) == {"waiting": 1}
    with store.read() as connection:
        assert visible_to(connection, owner_id, recorded.listing_id)
        assert not visible_to(connection, other + 1, recorded.listing_id)


def test_the_oldest_are_claimed_first_and_none_twice(store: Store, crawl: Crawl) -> None:
    made = [record(store, crawl, key=str(key)).listing_version_id for key in range(5)]
    assert [one.listing_version_id for one in take(store, 2)] == made[:2]
    assert [one.listing_version_id for one in take(store, 9)] == made[2:]
    assert take(store) == []


def test_judges_at_the_same_moment_share_the_work(store: Store, crawl: Crawl) -> None:
    for key in range(20):
        record(store, crawl, key=str(key))
    taken = at_once(4, lambda _: [one.id for one in take(store, 5)])
    together = [one for some in taken for one in some]
    assert len(together) == len(set(together)) >= 5
    while more := take(store, 5):
        together += [one.id for one in more]
    assert len(together) == len(set(together)) == 20


def test_a_finished_inspection_is_never_claimed_again(store: Store, crawl: Crawl) -> None:
    record(store, crawl)
    assert finish(store, take(store)[0])
    assert take(store, now=NOON + timedelta(days=1)) == []
    assert states(store) == {"done": 1}


def test_an_inspection_whose_judge_went_silent_is_taken_over_and_the_late_one_writes_nothing(
    store: Store, crawl: Crawl
) -> None:
    record(store, crawl)
    first = take(store)[0]
    assert take(store, now=NOON + MINUTE) == []
    second = take(store, now=NOON + 2 * MINUTE)[0]
    assert (second.id, second.attempt) == (first.id, 2)
    assert not finish(store, first)
    with store.write() as connection:
        fail_inspection(connection, first, "too late")
    assert states(store) == {"claimed": 1}
    assert finish(store, second)


def test_a_renewed_lease_is_not_taken_over(store: Store, crawl: Crawl) -> None:
    record(store, crawl)
    held = take(store)
    with store.write() as connection:
        renew_inspections(connection, held, MINUTE, NOON + MINUTE)
    assert take(store, now=NOON + timedelta(seconds=90)) == []


def test_one_that_was_claimed_before_is_claimed_alone_so_that_it_takes_no_others_with_it(
    store: Store, crawl: Crawl
) -> None:
    for key in range(3):
        record(store, crawl, key=str(key))
    first = take(store, 2)
    later = NOON + 2 * MINUTE
    assert [one.id for one in take(store, 10, later)] == [first[0].id]
    assert [one.id for one in take(store, 10, later)] == [first[1].id]
    assert len(take(store, 10, later)) == 1


def test_one_that_outlives_no_judge_is_set_aside_with_the_reason(store: Store, crawl: Crawl) -> None:
    record(store, crawl)
    for attempt in range(MOST_ATTEMPTS):
        assert len(take(store, now=NOON + 2 * attempt * MINUTE)) == 1
    assert take(store, now=NOON + timedelta(days=1)) == []
    assert states(store) == {"failed": 1}


def test_one_that_cannot_be_judged_is_set_aside(store: Store, crawl: Crawl) -> None:
    record(store, crawl)
    held = take(store)[0]
    with store.write() as connection:
        fail_inspection(connection, held, "x" * 5_000)
    assert states(store) == {"failed": 1}
    assert take(store, now=NOON + timedelta(days=1)) == []


def test_two_judges_never_finish_versions_of_one_listing_at_the_same_moment(store: Store, crawl: Crawl) -> None:
    recorded = record(store, crawl)
    inside: list[int] = []

    def work(number: int) -> None:
        with store.write() as connection:
            hold_listing(connection, crawl.owner_id, recorded.listing_id)
            inside.append(number)
            assert len(inside) == 1
            inside.remove(number)

    at_once(8, work)


# ------------------------------------------------------------------------------------------------ reassessments


def ask(store: Store, owner_id: int, product_id: int | None = None) -> None:
    with store.write() as connection:
        request_reassessment(connection, owner_id, product_id, "because", NOON)


def walk(store: Store, now: datetime = NOON, owner_id: int | None = None) -> Reassessment | None:
    with store.write() as connection:
        return claim_reassessment(connection, MINUTE, now, owner_id)


def stretch(store: Store, claim: Reassessment, limit: int = 10) -> Stretch:
    with store.read() as connection:
        return next_listing_versions(connection, claim, limit)


def advance(store: Store, claim: Reassessment, position: int) -> bool:
    with store.write() as connection:
        return advance_reassessment(connection, claim, position, NOON)


def judge_all(store: Store) -> None:
    while some := take(store, 100):
        assert all(finish(store, one) for one in some)


def test_nothing_was_seen_so_nothing_is_judged_again(store: Store, owner_id: int) -> None:
    ask(store, owner_id)
    assert walk(store) is None


def test_a_walk_comes_to_every_judged_listing_once_in_its_newest_version(
    store: Store, owner_id: int, crawl: Crawl
) -> None:
    made = [record(store, crawl, key=str(key)) for key in range(5)]
    changed = record(store, claimed(store, owner_id, "second"), key="0", title="Another")
    judge_all(store)
    ask(store, owner_id)
    seen: list[tuple[int, int]] = []
    while claim := walk(store):
        found = stretch(store, claim, 2)
        seen.extend(found.versions)
        assert advance(store, claim, found.position)
    newest = [(one.listing_id, one.listing_version_id) for one in (*made[1:], changed)]
    assert sorted(seen) == sorted(newest)
    with store.read() as connection:
        assert count_reassessments(connection, owner_id) == 0


def test_a_walk_leaves_out_what_waits_and_stops_before_what_is_being_judged(
    store: Store, owner_id: int, crawl: Crawl
) -> None:
    judged = record(store, crawl, key="judged")
    judge_all(store)
    record(store, crawl, key="being judged")
    busy = take(store)[0]
    after = record(store, crawl, key="judged too")
    assert finish(store, take(store)[0])
    record(store, crawl, key="waiting")
    ask(store, owner_id)
    claim = walk(store)
    assert claim is not None
    found = stretch(store, claim)
    assert found.versions == ((judged.listing_id, judged.listing_version_id),)
    assert found.position == busy.id - 1
    assert advance(store, claim, found.position)
    assert finish(store, busy)
    again = walk(store)
    assert again is not None
    rest = stretch(store, again)
    assert [listing_id for listing_id, _ in rest.versions] == [busy.listing_id, after.listing_id]
    assert rest.position == again.upto


def test_whether_there_is_a_newer_version_is_looked_up_and_not_searched_for(sqlite_store: Store) -> None:
    """A step that reads all of an owner's inspections makes a walk over 150,000 of them take half an hour."""
    owner_id = new_owner(sqlite_store)
    version_id = record(sqlite_store, claimed(sqlite_store, owner_id)).listing_version_id
    judge_all(sqlite_store)
    ask(sqlite_store, owner_id)
    claim = walk(sqlite_store)
    assert claim is not None
    made = assessment(new_product(sqlite_store, owner_id), 0.9)
    with plans(sqlite_store) as walking:
        stretch(sqlite_store, claim)
    with plans(sqlite_store) as judging:
        judge(sqlite_store, owner_id, version_id, [made])
    key = "ix_inspections_owner_id_listing_id_listing_version_id (owner_id=? AND listing_id=? AND listing_version_id>?)"
    for asked in (walking, judging):
        newer = [step for step in asked if "listing_version_id>" in step]
        assert len(newer) == 1 and key in newer[0], asked


@contextmanager
def plans(store: Store) -> Iterator[list[str]]:
    """How SQLite goes about every SELECT of inspections, step by step; it is known once the block has ended."""
    asked: list[tuple[str, Any]] = []
    steps: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        if statement.startswith("SELECT") and "inspections" in statement:
            asked.append((statement, parameters))

    sa.event.listen(store.engine, "before_cursor_execute", note)
    try:
        yield steps
    finally:
        sa.event.remove(store.engine, "before_cursor_execute", note)
    with store.read() as connection:
        for statement, parameters in asked:
            found = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            steps.extend(row.detail for row in found)


def test_a_listing_whose_newest_version_still_waits_is_left_to_the_judge(
    store: Store, owner_id: int, crawl: Crawl
) -> None:
    record(store, crawl)
    judge_all(store)
    record(store, claimed(store, owner_id, "second"), title="Another")
    ask(store, owner_id)
    claim = walk(store)
    assert claim is not None and stretch(store, claim).versions == ()


def test_requests_that_nobody_has_begun_become_one(store: Store, owner_id: int, crawl: Crawl) -> None:
    record(store, crawl)
    first, second = new_product(store, owner_id, "Trail 30"), new_product(store, owner_id, "Trail 40")
    claim = walk(store)
    assert claim is not None and claim.product_id is None
    assert advance(store, claim, claim.upto)
    ask(store, owner_id, first)
    ask(store, owner_id, first)
    claim = walk(store)
    assert claim is not None and claim.product_id == first
    ask(store, owner_id, second)
    assert count(store, reassessments, reassessments.c.state != "finished") == 2
    assert advance(store, claim, claim.upto)
    claim = walk(store)
    assert claim is not None and claim.product_id == second
    assert advance(store, claim, claim.upto)
    assert walk(store) is None


def test_a_walk_that_begins_goes_up_to_what_is_there_then(store: Store, owner_id: int, crawl: Crawl) -> None:
    record(store, crawl, key="1")
    ask(store, owner_id)
    record(store, crawl, key="2")
    judge_all(store)
    claim = walk(store)
    assert claim is not None
    assert len(stretch(store, claim).versions) == 2


def test_a_walk_is_taken_over_when_its_judge_went_silent_and_not_while_it_renews(
    store: Store, owner_id: int, crawl: Crawl
) -> None:
    record(store, crawl)
    ask(store, owner_id)
    first = walk(store)
    assert first is not None
    with store.write() as connection:
        renew_reassessment(connection, first, MINUTE, NOON + MINUTE)
    assert walk(store, NOON + timedelta(seconds=90)) is None
    second = walk(store, NOON + 3 * MINUTE)
    assert second is not None and second.id == first.id
    assert not advance(store, first, first.upto)
    assert advance(store, second, second.upto)


def test_one_owners_walk_can_be_asked_for(store: Store, owner_id: int, crawl: Crawl) -> None:
    other = new_owner(store, "rival")
    record(store, crawl)
    record(store, claimed(store, other))
    ask(store, owner_id)
    ask(store, other)
    claim = walk(store, owner_id=other)
    assert claim is not None and claim.owner_id == other
    assert walk(store, owner_id=other) is None


def test_of_several_processes_with_a_new_judge_one_asks_for_all_to_be_judged_again(
    store: Store, owner_id: int, crawl: Crawl
) -> None:
    record(store, crawl)

    def note(version: str) -> bool:
        with store.write() as connection:
            return note_judge_version(connection, version, NOON)

    assert not note("j1")
    assert not note("j1")
    assert sorted(at_once(4, lambda _: note("j2"))) == [False, False, False, True]
    claim = walk(store)
    assert claim is not None and claim.product_id is None
