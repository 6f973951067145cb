"""A clock that is wrong: behind what the database has seen, apart from its server's, or set while the service runs."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

import apscheduler.schedulers.base
import pytest
import sqlalchemy as sa
from disguise import Disguise
from installation import Installation, marketplace, wait_until
from rows import HOURLY, MINUTE, NOON, at_once, claim, claimed, count, new_monitor, new_owner, new_run, record, row_of
from things import register_lamp, wait_for_listings, write_catalogue

import counterfoil.clock
import counterfoil.presence
import scheduler.service
from counterfoil.clock_check import TOLERANCE, apart_from_server, refuse_wrong_clock, span
from counterfoil.exceptions import ClockMismatch
from counterfoil.models import Schedule, ScheduleKind
from counterfoil.presence import JumpDetector, present
from counterfoil.settings import Settings
from counterfoil.store import Store
from counterfoil.store.inspections import claim_inspections
from counterfoil.store.instance import ClockJump, last_clock_jump, newest_time, note_clock_jump, raise_newest_time
from counterfoil.store.monitors import get_monitor
from counterfoil.store.runs import list_runs
from counterfoil.store.tables import runs
from scheduler.clock_change import accept_clock
from scheduler.housekeeping import sweep_evidence
from scheduler.service import run_scheduler

HOUR = timedelta(hours=1)
real_now = counterfoil.clock.now


def newest(store: Store) -> datetime | None:
    with store.read() as connection:
        return newest_time(connection)


def see(store: Store, moment: datetime) -> None:
    with store.write() as connection:
        raise_newest_time(connection, moment)


# --------------------------------------------------------------------------------------------------- a start


def test_the_newest_time_only_grows(store: Store) -> None:
    assert newest(store) is None
    at_once(6, lambda index: see(store, NOON + index * MINUTE))
    see(store, NOON)
    assert newest(store) == NOON + 5 * MINUTE


def test_a_clock_a_little_behind_is_believed_and_one_far_behind_is_refused_with_both_times(
    sqlite_store: Store,
) -> None:
    see(sqlite_store, NOON)
    with sqlite_store.read() as connection:
        refuse_wrong_clock(connection, NOON - TOLERANCE)
        with pytest.raises(ClockMismatch) as caught:
            refuse_wrong_clock(connection, NOON - HOUR)
    for words in ("11:00:00 UTC", "12:00:00 UTC", "1 h 0 min behind", "counterfoil clock accept"):
        assert words in str(caught.value)


def test_a_clock_ahead_of_the_database_is_a_service_that_was_down(sqlite_store: Store) -> None:
    see(sqlite_store, NOON)
    with sqlite_store.read() as connection:
        refuse_wrong_clock(connection, NOON + 1_000 * HOUR)


@pytest.mark.parametrize("off", [HOUR, -HOUR])
def test_a_clock_apart_from_its_postgres_servers_is_refused_with_both_times(
    postgres_store: Store, off: timedelta
) -> None:
    with postgres_store.read() as connection:
        assert apart_from_server(connection, real_now()) is None
        with pytest.raises(ClockMismatch, match=r"the PostgreSQL server's .* apart"):
            refuse_wrong_clock(connection, real_now() + off)


def test_one_machines_wrong_clock_does_not_become_the_time_of_all(
    postgres_store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with present(postgres_store, quick(settings), "serve", threading.Event()):
        before = newest(postgres_store)
        monkeypatch.setattr(counterfoil.presence, "now", lambda: real_now() + HOUR)
        wait_until(lambda: jump(postgres_store), 30, "the leap is noticed")
        monkeypatch.undo()
    after = newest(postgres_store)
    assert before is not None and after is not None and after < before + HOUR / 2


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59, "59 s"), (61, "1 min 1 s"), (3_600, "1 h 0 min"), (90_000, "1 d 1 h"), (31_536_000, "365 d 0 h")],
)
def test_durations_are_told_in_their_two_largest_units(seconds: int, words: str) -> None:
    assert span(timedelta(seconds=seconds)) == words


# ------------------------------------------------------------------------------------------ while it runs


def quick(settings: Settings) -> Settings:
    return settings.model_copy(update={"lease_seconds": 1.0})


def jump(store: Store) -> ClockJump | None:
    with store.read() as connection:
        return last_clock_jump(connection)


def test_a_leap_is_told_from_time_that_passed() -> None:
    clock = JumpDetector()
    leaps = [clock.leap(moment) for moment in (NOON, NOON + MINUTE, NOON + HOUR + MINUTE, NOON + MINUTE, NOON)]
    assert [leap and round(leap / MINUTE) for leap in leaps] == [None, None, 60, -60, None]


@pytest.mark.parametrize("by", [HOUR, -HOUR])
def test_a_running_part_notes_a_clock_that_leaps_and_goes_on(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch, by: timedelta
) -> None:
    stop = threading.Event()
    with present(store, quick(settings), "serve", stop):
        monkeypatch.setattr(counterfoil.presence, "now", lambda: real_now() + by)
        noted = wait_until(lambda: jump(store), 30, "the leap is noted")
        assert not stop.is_set()
        monkeypatch.undo()
    assert abs(noted.by - by) < MINUTE


def test_the_last_leap_replaces_the_one_before(store: Store) -> None:
    for by in (HOUR, -HOUR):
        with store.write() as connection:
            note_clock_jump(connection, ClockJump(noticed_at=NOON, by=by))
    assert jump(store) == ClockJump(noticed_at=NOON, by=-HOUR)


class Shifted(datetime):
    """The clock that APScheduler reads, an hour behind."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:
        return datetime.now(tz) - HOUR


def test_a_clock_set_back_by_an_hour_does_not_stop_the_scheduler_for_an_hour(
    sqlite_store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner_id = new_owner(sqlite_store)
    new_monitor(sqlite_store, owner_id, "before", due=real_now() - MINUTE)
    with scheduling(sqlite_store, settings):
        wait_until(lambda: count(sqlite_store, runs) == 1, 30, "the first monitor fires")
        monkeypatch.setattr(apscheduler.schedulers.base, "datetime", Shifted)
        monkeypatch.setattr(scheduler.service, "now", lambda: real_now() - HOUR)
        new_monitor(sqlite_store, owner_id, "after", due=real_now() - HOUR - MINUTE)
        wait_until(lambda: count(sqlite_store, runs) == 2, 30, "the second monitor fires")


@contextmanager
def scheduling(store: Store, settings: Settings) -> Iterator[None]:
    stop = threading.Event()
    settings = settings.model_copy(update={"tick_seconds": 0.1})
    thread = threading.Thread(target=run_scheduler, args=(store, settings, stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(60)


def test_nothing_is_deleted_by_a_clock_that_has_leapt_ahead_by_days(store: Store, settings: Settings) -> None:
    by = timedelta(days=400)
    for noticed_at, swept in ((real_now(), False), (real_now() - timedelta(days=8), True)):
        with store.write() as connection:
            note_clock_jump(connection, ClockJump(noticed_at=noticed_at, by=by))
        assert sweep_evidence(store, settings, threading.Event()) is swept


# ---------------------------------------------------------------------------------------------- accepting it


def accept(store: Store, now: datetime = NOON) -> tuple[int, int]:
    with store.write() as connection:
        done = accept_clock(connection, MINUTE, now)
    return done.monitors, done.work


def test_an_accepted_clock_may_start(sqlite_store: Store) -> None:
    see(sqlite_store, NOON + HOUR)
    accept(sqlite_store)
    assert newest(sqlite_store) == NOON
    with sqlite_store.read() as connection:
        refuse_wrong_clock(connection, NOON)


def test_monitors_that_a_wrong_clock_had_put_off_for_years_fire_by_their_schedule_again(store: Store) -> None:
    owner_id = new_owner(store)
    nightly = Schedule(kind=ScheduleKind.CRON, expression="30 2 * * *")
    far = NOON + timedelta(days=400)
    put_off = [
        new_monitor(store, owner_id, "interval", due=far, schedule=HOURLY),
        new_monitor(store, owner_id, "cron", due=far, schedule=nightly),
    ]
    in_order = new_monitor(store, owner_id, "soon", due=NOON + 20 * MINUTE, schedule=HOURLY)
    assert accept(store)[0] == 2
    with store.read() as connection:
        again = [get_monitor(connection, owner_id, one.id).next_nominal_at for one in (*put_off, in_order)]
    assert again == [NOON + HOUR, datetime(2026, 3, 2, 2, 30, tzinfo=UTC), NOON + 20 * MINUTE]


def test_work_that_a_wrong_clock_had_claimed_or_put_off_is_free_again(store: Store) -> None:
    owner_id = new_owner(store)
    far = NOON + timedelta(days=400)
    crawl = claimed(store, owner_id)
    record(store, crawl)
    new_run(store, new_monitor(store, owner_id, "other"), now=far)
    with store.write() as connection:
        connection.execute(sa.text("UPDATE crawls SET lease_until = :far WHERE state = 'claimed'"), {"far": far})
        assert len(claim_inspections(connection, 9, MINUTE, far)) == 1
    assert claim(store, NOON + HOUR) is None
    assert accept(store)[1] == 3
    taken = [claim(store, NOON + MINUTE), claim(store, NOON + MINUTE)]
    assert sorted(one.attempt for one in taken if one) == [1, 2]
    with store.write() as connection:
        assert len(claim_inspections(connection, 9, MINUTE, NOON + MINUTE)) == 1


def test_work_that_is_going_on_is_left_alone(store: Store) -> None:
    crawl = claimed(store, new_owner(store))
    assert accept(store) == (0, 0)
    assert row_of(store, crawl) == crawl


def test_accepting_twice_changes_nothing_more(store: Store) -> None:
    monitor = new_monitor(store, new_owner(store), due=NOON + timedelta(days=400), schedule=HOURLY)
    assert [accept(store), accept(store)] == [(1, 0), (0, 0)]
    with store.read() as connection:
        assert list_runs(connection, monitor.owner_id, monitor.id) == []


# ------------------------------------------------------------------------------------------- the whole service


@pytest.mark.xdist_group("whole-product")
@pytest.mark.parametrize("by", [HOUR, -HOUR], ids=["ahead", "back"])
def test_a_clock_that_leaps_while_the_service_crawls_loses_and_doubles_nothing(tmp_path: Path, by: timedelta) -> None:
    """Ahead: leases lapse, so the crawl is taken over; a monitor of the lost hour fires once, late."""
    write_catalogue(tmp_path, count=150)
    with marketplace(tmp_path, "--catalogue", str(tmp_path / "c.jsonl"), "--images", str(tmp_path / "i")) as address:
        disguise = Disguise(tmp_path)
        place = Installation(tmp_path, address, disguise.environment)
        register_lamp(place, tmp_path / "i" / "0.png")
        place.run("monitor", "add", "all", "--marketplace", "example", "--query", "*", "--every", "1d", "--now")
        place.run("monitor", "add", "often", "--marketplace", "example", "--query", "Thing 7", "--every", "10m")
        with place.service():
            wait_for_listings(place, 20)
            disguise.set_clock(by)
            with closing(place.store()) as store:
                wait_until(lambda: jump(store), 60, "a part notices the leap")
            wait_until(place.finished, 120, f"everything is done\n{place.log()[-3_000:]}")
        with closing(place.store()) as store, store.read() as connection:
            ask = connection.exec_driver_sql
            assert ask("SELECT count(*) FROM listing_versions").scalar_one() == 150
            assert ask("SELECT count(DISTINCT listing_id) FROM sightings WHERE crawl_id = 1").scalar_one() == 150
            assert ask("SELECT count(*) FROM inspections WHERE state = 'done'").scalar_one() == 150
            assert set(ask("SELECT reason FROM crawls").scalars()) == {"finished"}
            late = ask("SELECT late FROM runs JOIN monitors m ON m.id = monitor_id WHERE m.name = 'often'").scalars()
            assert [bool(one) for one in late] == ([True] if by > timedelta(0) else [])
        assert "Traceback" not in place.log()
        suspects = [one["title"] for one in place.lines("search", "--json", "--all")]
        assert sorted(suspects) == sorted(f"Thing {number}" for number in range(0, 150, 20))
