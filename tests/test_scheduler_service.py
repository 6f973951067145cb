import os
import threading
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from installation import wait_until
from processes import running
from pydantic import SecretStr
from rows import MINUTE, NOON, at_once, claim, count, monitor_entry, new_monitor, new_owner, new_product

from counterfoil.clock import now
from counterfoil.lifeline import stop_event
from counterfoil.models import FinishReason, Monitor, MonitorState, Run, RunState, RunTrigger, Schedule, ScheduleKind
from counterfoil.settings import Settings
from counterfoil.store import Store, open_store
from counterfoil.store.crawls import close_crawl
from counterfoil.store.monitors import add_monitor, get_monitor, remove_monitor, set_state
from counterfoil.store.products import remove_product
from counterfoil.store.runs import list_runs
from counterfoil.store.tables import brands, crawls, monitors, runs
from scheduler.housekeeping import remove_old_logs
from scheduler.launcher import log_folder
from scheduler.service import fire, fire_due, next_times, run_now, run_scheduler

HOUR = timedelta(hours=1)
LATE = 2 * MINUTE


@pytest.fixture
def owner_id(store: Store) -> int:
    return new_owner(store)


def again(store: Store, monitor: Monitor) -> Monitor:
    with store.read() as connection:
        return get_monitor(connection, monitor.owner_id, monitor.id)


def fire_at(store: Store, monitor: Monitor, moment: datetime) -> int | None:
    with store.write() as connection:
        return fire(connection, monitor, late_after=LATE, moment=moment)


def runs_of(store: Store, monitor: Monitor) -> list[Run]:
    """Its runs, oldest first."""
    with store.read() as connection:
        return list_runs(connection, monitor.owner_id, monitor.id)[::-1]


def finish_all(store: Store) -> None:
    while crawl := claim(store, now() + HOUR):
        with store.write() as connection:
            close_crawl(connection, crawl.id, crawl.attempt, FinishReason.FINISHED, now=NOON)


# ------------------------------------------------------------------------------------------------------ firing


def test_a_due_monitor_makes_one_run_with_its_crawls_and_moves_on(store: Store, owner_id: int) -> None:
    monitor = new_monitor(store, owner_id, marketplaces=("a", "b"))
    run_id = fire_at(store, monitor, NOON + MINUTE)
    (run,) = runs_of(store, monitor)
    assert run.id == run_id
    assert (run.nominal_at, run.created_at, run.late) == (NOON, NOON + MINUTE, False)
    assert (run.trigger, run.state) == (RunTrigger.SCHEDULE, RunState.OPEN)
    assert count(store, crawls) == 2
    moved = again(store, monitor)
    assert (moved.next_nominal_at, moved.next_due_at) == (NOON + HOUR, NOON + HOUR)


def test_a_monitor_that_another_scheduler_fired_first_is_not_fired_again(store: Store, owner_id: int) -> None:
    monitor = new_monitor(store, owner_id)
    made = at_once(4, lambda _: fire_at(store, monitor, NOON))
    assert sum(run_id is not None for run_id in made) == 1
    assert count(store, runs) == 1
    assert fire_at(store, monitor, NOON) is None


def test_a_downtime_makes_one_late_run_and_the_next_time_is_in_the_future(store: Store, owner_id: int) -> None:
    monitor = new_monitor(store, owner_id)
    moment = NOON + 10 * HOUR + 7 * MINUTE
    fire_at(store, monitor, moment)
    (run,) = runs_of(store, monitor)
    assert (run.nominal_at, run.late) == (NOON, True)
    assert again(store, monitor).next_nominal_at == NOON + 11 * HOUR


def test_a_cron_keeps_to_its_line_after_a_downtime(store: Store, owner_id: int) -> None:
    line = Schedule(kind=ScheduleKind.CRON, expression="30 2 * * *", time_zone="Europe/Berlin")
    monitor = new_monitor(store, owner_id, due=datetime.fromisoformat("2026-03-28T02:30+01:00"), schedule=line)
    fire_at(store, monitor, datetime.fromisoformat("2026-03-30T12:00+02:00"))
    assert again(store, monitor).next_nominal_at == datetime.fromisoformat("2026-03-31T02:30+02:00")


@pytest.mark.parametrize(("after", "late"), [(LATE, False), (LATE + timedelta(seconds=1), True)])
def test_a_run_is_late_when_it_fires_long_after_its_time(
    store: Store, owner_id: int, after: timedelta, late: bool
) -> None:
    monitor = new_monitor(store, owner_id)
    fire_at(store, monitor, NOON + after)
    assert [run.late for run in runs_of(store, monitor)] == [late]


def test_jitter_delays_a_run_and_does_not_make_it_late(store: Store, owner_id: int) -> None:
    spread = Schedule(kind=ScheduleKind.INTERVAL, expression="1d", jitter_seconds=3600)
    monitor = new_monitor(store, owner_id, schedule=spread)
    fire_at(store, monitor, NOON + timedelta(seconds=3600) + LATE)
    assert [run.late for run in runs_of(store, monitor)] == [False]
    times = {next_times(monitor, NOON) for _ in range(30)}
    assert {nominal for nominal, _ in times} == {NOON + timedelta(days=1)}
    assert all(timedelta(0) <= due - nominal <= HOUR for nominal, due in times)
    assert len(times) > 1


def test_a_monitor_whose_run_is_still_open_gets_a_skipped_run(store: Store, owner_id: int) -> None:
    monitor = new_monitor(store, owner_id)
    for number in range(3):
        fire_at(store, again(store, monitor), NOON + number * HOUR)
    assert [run.state for run in runs_of(store, monitor)] == [RunState.OPEN, RunState.SKIPPED, RunState.SKIPPED]
    finish_all(store)
    fire_at(store, again(store, monitor), NOON + 3 * HOUR)
    assert runs_of(store, monitor)[-1].state is RunState.OPEN


def test_a_monitor_whose_products_are_all_gone_gets_a_skipped_run(store: Store, owner_id: int) -> None:
    product_id = new_product(store, owner_id)
    monitor = new_monitor(store, owner_id, product_ids=(product_id,), queries=())
    with store.write() as connection:
        remove_product(connection, owner_id, product_id, NOON)
    fire_at(store, monitor, NOON)
    assert [run.state for run in runs_of(store, monitor)] == [RunState.SKIPPED]


def test_a_run_that_a_person_asks_for_leaves_the_schedule_as_it_is(store: Store, owner_id: int) -> None:
    monitor = new_monitor(store, owner_id)
    with store.write() as connection:
        assert run_now(connection, monitor, NOON - MINUTE) is not None
        assert run_now(connection, monitor, NOON - MINUTE / 2) is not None
    first, second = runs_of(store, monitor)
    assert (first.trigger, first.state, first.nominal_at) == (RunTrigger.MANUAL, RunState.OPEN, NOON - MINUTE)
    assert second.state is RunState.SKIPPED
    assert again(store, monitor) == monitor


# ----------------------------------------------------------------------------------------------- all that is due


def test_everything_that_is_due_is_fired_once(store: Store, settings: Settings, owner_id: int) -> None:
    due = [new_monitor(store, owner_id, f"monitor {number}") for number in range(3)]
    paused, removed, later = (new_monitor(store, owner_id, name) for name in ("paused", "removed", "later"))
    with store.write() as connection:
        set_state(connection, paused, MonitorState.PAUSED)
        remove_monitor(connection, removed, NOON)
        connection.execute(monitors.update().where(monitors.c.id == later.id).values(next_due_at=now() + HOUR))
    assert fire_due(store, settings) == 3
    assert fire_due(store, settings) == 0
    with store.read() as connection:
        assert sorted(connection.scalars(sa.select(runs.c.monitor_id))) == [monitor.id for monitor in due]


def test_a_monitor_that_cannot_be_fired_is_put_off_and_keeps_no_other_waiting(
    store: Store, settings: Settings, owner_id: int, caplog: pytest.LogCaptureFixture
) -> None:
    never, broken, good = (
        new_monitor(store, owner_id, "never", due=NOON - HOUR),
        new_monitor(
            store, owner_id, "broken", due=NOON - HOUR, product_ids=(new_product(store, owner_id),), queries=()
        ),
        new_monitor(store, owner_id, "good"),
    )
    with store.write() as connection:
        line = {"schedule_kind": "cron", "schedule_expression": "0 0 30 2 *"}
        connection.execute(monitors.update().where(monitors.c.id == never.id).values(**line))
        # A brand that is gone while its product is not: our own functions do not allow it.
        connection.execute(brands.update().values(removed_at=NOON))
    assert fire_due(store, settings) == 1
    assert [run.monitor_id for monitor in (never, broken, good) for run in runs_of(store, monitor)] == [good.id]
    for monitor in (never, broken):
        put_off = again(store, monitor)
        assert put_off.next_nominal_at == monitor.next_nominal_at
        assert put_off.next_due_at and put_off.next_due_at > now() + HOUR / 2
        assert f"monitor {monitor.name} could not be fired" in caplog.text
    assert "never fires" in caplog.text


def test_a_database_that_cannot_be_used_for_a_moment_puts_no_monitor_off(
    sqlite_store: Store, settings: Settings
) -> None:
    monitor = new_monitor(sqlite_store, new_owner(sqlite_store))
    with sqlite_store.write() as connection:
        connection.exec_driver_sql("ALTER TABLE runs RENAME TO runs_away")
    assert fire_due(sqlite_store, settings) == 0
    assert again(sqlite_store, monitor) == monitor
    with sqlite_store.write() as connection:
        connection.exec_driver_sql("ALTER TABLE runs_away RENAME TO runs")
    assert fire_due(sqlite_store, settings) == 1


# -------------------------------------------------------------------------------------------------- the service


def same_database(store: Store, settings: Settings) -> Settings:
    """Settings by which another process opens the database of a test."""
    address = SecretStr(store.engine.url.render_as_string(hide_password=False))
    return settings.model_copy(update={"database_url": address, "tick_seconds": 0.1})


def schedule_until_stopped(settings: Settings) -> None:
    with closing(open_store(settings)) as store:
        run_scheduler(store, settings, stop_event())


def test_two_schedulers_make_200_due_runs_each_exactly_once(store: Store, settings: Settings, owner_id: int) -> None:
    with store.write() as connection:
        for number in range(200):
            entry = replace(monitor_entry(f"monitor {number}"))
            add_monitor(connection, owner_id, entry, next_nominal_at=NOON, next_due_at=NOON, now=NOON)
    shared = same_database(store, settings)
    with running(schedule_until_stopped, shared) as one, running(schedule_until_stopped, shared) as two:
        wait_until(lambda: count(store, monitors, monitors.c.next_due_at < now()) == 0, 60, "all monitors moved on")
    assert (one.exitcode, two.exitcode) == (0, 0)
    assert count(store, runs) == count(store, crawls) == 200
    with store.read() as connection:
        assert len(set(connection.scalars(sa.select(runs.c.monitor_id)))) == 200
        assert set(connection.scalars(sa.select(runs.c.late))) == {True}


def test_a_scheduler_goes_on_until_it_is_stopped_and_sweeps_old_logs(sqlite_store: Store, settings: Settings) -> None:
    old = log_folder(settings) / "crawl-1-1.log"
    old.parent.mkdir()
    old.touch()
    os.utime(old, (0, 0))
    stop = threading.Event()
    quick = settings.model_copy(update={"tick_seconds": 0.05})
    thread = threading.Thread(target=run_scheduler, args=(sqlite_store, quick, stop))
    thread.start()
    try:
        first = new_monitor(sqlite_store, new_owner(sqlite_store))
        wait_until(lambda: runs_of(sqlite_store, first), 10, "the first monitor fires")
        second = new_monitor(sqlite_store, first.owner_id, "second")
        wait_until(lambda: runs_of(sqlite_store, second), 10, "a monitor added meanwhile fires")
        wait_until(lambda: not old.exists(), 10, "old logs are swept")
    finally:
        stop.set()
        thread.join(10)
    assert not thread.is_alive()


def test_only_logs_of_crawls_that_ended_long_ago_are_removed(settings: Settings) -> None:
    assert remove_old_logs(settings) == 0
    log_folder(settings).mkdir(parents=True)
    for name, age in (("crawl-1-1.log", 31), ("crawl-1-2.log", 29), ("notes.txt", 400)):
        file = log_folder(settings) / name
        file.touch()
        then = (now() - timedelta(days=age)).timestamp()
        os.utime(file, (then, then))
    assert remove_old_logs(settings) == 1
    assert sorted(file.name for file in log_folder(settings).iterdir()) == ["crawl-1-2.log", "notes.txt"]
