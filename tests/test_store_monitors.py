from dataclasses import replace
from datetime import timedelta

import pytest
from rows import MINUTE, NOON, at_once, monitor_entry, new_monitor, new_owner, new_product

from counterfoil.exceptions import Conflict, NotFound
from counterfoil.models import CrawlLimits, Monitor, MonitorState, Schedule, ScheduleKind
from counterfoil.store import Store
from counterfoil.store.monitors import (
    add_monitor,
    advance,
    due_monitors,
    find_monitor,
    get_monitor,
    list_monitors,
    remove_monitor,
    set_state,
)


@pytest.fixture
def owner_id(store: Store) -> int:
    return new_owner(store)


def due(store: Store, minutes: int = 0, limit: int = 100) -> list[str]:
    with store.read() as connection:
        return [monitor.name for monitor in due_monitors(connection, NOON + minutes * MINUTE, limit)]


def move(store: Store, monitor: Monitor, minutes: int = 60) -> bool:
    with store.write() as connection:
        later = NOON + minutes * MINUTE
        return advance(connection, monitor, later, later + MINUTE)


def test_a_monitor_comes_back_as_it_was_set_up(store: Store, owner_id: int) -> None:
    products = tuple(sorted(new_product(store, owner_id, name) for name in ("Trail 30", "Trail 40")))
    entry = monitor_entry(
        "täglich",
        schedule=Schedule(
            kind=ScheduleKind.CRON, expression="30 2 * * mon-fri", time_zone="Europe/Berlin", jitter_seconds=600
        ),
        product_ids=products,
        marketplaces=("a", "b"),
        queries=("背包", "bag"),
        limits=CrawlLimits(pages=1, depth=2, seconds=3, megabytes=4, barren_pages=5),
    )
    with store.write() as connection:
        made = add_monitor(
            connection, owner_id, entry, next_nominal_at=NOON, next_due_at=NOON + MINUTE, now=NOON - MINUTE
        )
    with store.read() as connection:
        assert get_monitor(connection, owner_id, made.id) == made
        assert find_monitor(connection, owner_id, "täglich") == made
        assert find_monitor(connection, owner_id, str(made.id)) == made
        assert list_monitors(connection, owner_id) == [made]
    for name in ("name", "schedule", "product_ids", "marketplaces", "queries", "limits"):
        assert getattr(made, name) == getattr(entry, name)
    assert (made.state, made.next_nominal_at, made.next_due_at) == (MonitorState.ACTIVE, NOON, NOON + MINUTE)


def test_a_name_belongs_to_one_monitor_of_an_owner(store: Store, owner_id: int) -> None:
    first = new_monitor(store, owner_id)
    with pytest.raises(Conflict, match="daily"):
        new_monitor(store, owner_id)
    new_monitor(store, new_owner(store, "other"))
    with store.write() as connection:
        remove_monitor(connection, first, NOON)
    assert new_monitor(store, owner_id).id != first.id


def test_a_name_taken_by_many_at_once_belongs_to_one(store: Store, owner_id: int) -> None:
    def add(_: int) -> bool:
        try:
            new_monitor(store, owner_id)
        except Conflict:
            return False
        return True

    assert sorted(at_once(4, add)) == [False, False, False, True]


def test_a_name_that_looks_like_an_id_comes_before_the_id(store: Store, owner_id: int) -> None:
    first = new_monitor(store, owner_id)
    second = new_monitor(store, owner_id, name=str(first.id))
    with store.read() as connection:
        assert find_monitor(connection, owner_id, str(first.id)) == second
        for text in ("", "x", "9" * 18, "9" * 40):
            with pytest.raises(NotFound):
                find_monitor(connection, owner_id, text)


def test_a_product_of_another_owner_cannot_be_monitored(store: Store, owner_id: int) -> None:
    theirs = new_product(store, new_owner(store, "other"))
    for product_id in (theirs, 99):
        with pytest.raises(NotFound):
            new_monitor(store, owner_id, product_ids=(product_id,))
    with store.read() as connection:
        assert list_monitors(connection, owner_id) == []


def test_no_owner_sees_or_touches_another_owners_monitor(store: Store, owner_id: int) -> None:
    monitor = new_monitor(store, owner_id)
    stranger = new_owner(store, "stranger")
    with store.write() as connection:
        for look in (
            lambda: get_monitor(connection, stranger, monitor.id),
            lambda: find_monitor(connection, stranger, "daily"),
        ):
            with pytest.raises(NotFound):
                look()
        assert list_monitors(connection, stranger) == []
        disguised = replace(monitor, owner_id=stranger)
        set_state(connection, disguised, MonitorState.PAUSED)
        remove_monitor(connection, disguised, NOON)
        assert get_monitor(connection, owner_id, monitor.id) == monitor


# --------------------------------------------------------------------------------------------------------- due


def test_monitors_whose_time_has_come_are_due_longest_first(store: Store, owner_id: int) -> None:
    for name, minutes in (("later", 5), ("first", -9), ("now", 0), ("second", -1)):
        new_monitor(store, owner_id, name, due=NOON + minutes * MINUTE)
    new_monitor(store, new_owner(store, "other"), "theirs", due=NOON - 10 * MINUTE)
    assert due(store) == ["theirs", "first", "second", "now"]
    assert due(store, limit=2) == ["theirs", "first"]
    assert due(store, minutes=5) == ["theirs", "first", "second", "now", "later"]


def test_a_monitor_is_due_by_its_jittered_time_not_by_its_nominal_one(store: Store, owner_id: int) -> None:
    with store.write() as connection:
        add_monitor(
            connection, owner_id, monitor_entry(), next_nominal_at=NOON, next_due_at=NOON + 3 * MINUTE, now=NOON
        )
    assert (due(store, minutes=2), due(store, minutes=3)) == ([], ["daily"])


def test_paused_and_removed_monitors_are_not_due(store: Store, owner_id: int) -> None:
    paused, removed = (new_monitor(store, owner_id, name) for name in ("paused", "removed"))
    with store.write() as connection:
        set_state(connection, paused, MonitorState.PAUSED)
        remove_monitor(connection, removed, NOON)
    assert due(store) == []
    with store.read() as connection:
        kept = get_monitor(connection, owner_id, paused.id)
        assert (kept.state, kept.next_nominal_at, kept.next_due_at) == (MonitorState.PAUSED, None, None)
        with pytest.raises(NotFound):
            get_monitor(connection, owner_id, removed.id)


def test_a_resumed_monitor_is_due_from_its_new_time_on(store: Store, owner_id: int) -> None:
    monitor = new_monitor(store, owner_id)
    with store.write() as connection:
        set_state(connection, monitor, MonitorState.PAUSED)
        later = NOON + 10 * MINUTE
        set_state(connection, monitor, MonitorState.ACTIVE, next_nominal_at=later, next_due_at=later)
    assert (due(store), due(store, minutes=10)) == ([], ["daily"])


# ----------------------------------------------------------------------------------------------------- advance


def test_a_due_monitor_is_moved_on_once(store: Store, owner_id: int) -> None:
    monitor = new_monitor(store, owner_id)
    assert move(store, monitor)
    assert not move(store, monitor)
    with store.read() as connection:
        moved = get_monitor(connection, owner_id, monitor.id)
    assert (moved.next_nominal_at, moved.next_due_at) == (NOON + 60 * MINUTE, NOON + 61 * MINUTE)
    assert move(store, moved, minutes=120)


def test_of_many_who_move_a_monitor_on_at_once_one_does(store: Store, owner_id: int) -> None:
    for number in range(5):
        monitor = new_monitor(store, owner_id, f"monitor {number}")
        assert sorted(at_once(4, lambda _, one=monitor: move(store, one))) == [False, False, False, True]


def test_a_monitor_paused_removed_or_resumed_meanwhile_is_not_moved_on(store: Store, owner_id: int) -> None:
    paused, removed, resumed = (new_monitor(store, owner_id, name) for name in ("paused", "removed", "resumed"))
    later = NOON + timedelta(days=1)
    with store.write() as connection:
        set_state(connection, paused, MonitorState.PAUSED)
        remove_monitor(connection, removed, NOON)
        set_state(connection, resumed, MonitorState.PAUSED)
        set_state(connection, resumed, MonitorState.ACTIVE, next_nominal_at=later, next_due_at=later)
    assert [move(store, monitor) for monitor in (paused, removed, resumed)] == [False, False, False]
