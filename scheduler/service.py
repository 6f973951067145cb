"""Fires monitors that are due. Any number of these may run on one database; none of them is a leader.

APScheduler beats the time and computes the next times; which process fires is decided by one conditional update.
"""

import logging
import random
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from apscheduler.job import Job
from apscheduler.schedulers.background import BackgroundScheduler

from counterfoil.access import Search
from counterfoil.clock import now
from counterfoil.exceptions import Conflict, CounterfoilError, StoreError
from counterfoil.models import Monitor, RunKind, RunTrigger
from counterfoil.settings import Settings
from counterfoil.store import Store
from counterfoil.store.monitors import advance, due_monitors
from counterfoil.store.runs import add_run
from scheduler.captures import plan_captures
from scheduler.housekeeping import remove_old_logs, sweep_evidence
from scheduler.looking_up import look_up_unseen
from scheduler.planning import choose_searches, plan
from scheduler.snoozes import wake_snoozed
from scheduler.triggers import next_nominal

log = logging.getLogger(__name__)

_AFTER_A_FAILURE = timedelta(hours=1)


def run_scheduler(store: Store, settings: Settings, stop: threading.Event) -> None:
    """Fire due monitors until `stop` is set. Raises what no later tick can mend: StoreDamaged, SchemaMismatch."""
    scheduler = BackgroundScheduler(
        timezone=UTC, job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
    )
    fatal: list[CounterfoilError] = []

    def tick() -> None:
        try:
            fire_due(store, settings)
            plan_captures(store, settings)
            look_up_unseen(store, settings)
            wake_snoozed(store)
        except CounterfoilError as error:
            if error.fatal:
                fatal.append(error)
                stop.set()
            else:
                log.error("monitors could not be looked at, next try at the next tick: %s", error)

    ticking = scheduler.add_job(tick, "interval", seconds=settings.tick_seconds)
    scheduler.add_job(remove_old_logs, "interval", hours=6, args=[settings], next_run_time=now())
    scheduler.add_job(sweep_evidence, "interval", hours=1, args=[store, settings, stop], next_run_time=now())
    scheduler.start()
    log.info("scheduler started")
    try:
        while not stop.wait(settings.tick_seconds):
            _wake(ticking, 2 * settings.tick_seconds)
    finally:
        scheduler.shutdown()
    if fatal:
        raise fatal[0]


def fire_due(store: Store, settings: Settings) -> int:
    """Fire every monitor that is due now; how many runs this process made."""
    moment = now()
    with store.read() as connection:
        due = due_monitors(connection, moment)
    searches = choose_searches(settings) if due else {}
    return sum(_fire_safely(store, settings, monitor, moment, searches) for monitor in due)


def fire(
    connection: sa.Connection,
    monitor: Monitor,
    *,
    late_after: timedelta,
    moment: datetime,
    searches: Mapping[str, Search] | None = None,
) -> int | None:
    """Move a due monitor on and make its run, in the caller's transaction; the run's id, None if another was first.

    However long the downtime, one run is made for the oldest missed time, marked late; the next time is in the future.
    """
    if monitor.next_nominal_at is None or monitor.next_due_at is None:
        return None
    nominal, due = next_times(monitor, moment)
    if not advance(connection, monitor, nominal, due):
        return None
    return add_run(
        connection,
        owner_id=monitor.owner_id,
        monitor_id=monitor.id,
        kind=RunKind.SEARCH,
        trigger=RunTrigger.SCHEDULE,
        nominal_at=monitor.next_nominal_at,
        late=moment - monitor.next_nominal_at > late_after + timedelta(seconds=monitor.schedule.jitter_seconds),
        planned=plan(connection, monitor, searches or {}),
        now=moment,
    )


def run_now(
    connection: sa.Connection, monitor: Monitor, moment: datetime, searches: Mapping[str, Search] | None = None
) -> int | None:
    """Make a run because a person asked for one; the schedule stays as it is."""
    return add_run(
        connection,
        owner_id=monitor.owner_id,
        monitor_id=monitor.id,
        kind=RunKind.SEARCH,
        trigger=RunTrigger.MANUAL,
        nominal_at=moment,
        late=False,
        planned=plan(connection, monitor, searches or {}),
        now=moment,
    )


def next_times(monitor: Monitor, moment: datetime) -> tuple[datetime, datetime]:
    """(nominal, due): the monitor's next time after `moment`, and the same with its jitter added."""
    nominal = next_nominal(monitor.schedule, moment, monitor.next_nominal_at)
    return nominal, nominal + timedelta(seconds=random.uniform(0, monitor.schedule.jitter_seconds))


def _wake(ticking: Job, seconds: float) -> None:
    # APScheduler waits for a time of day: when the clock is set back by an hour, it would wait for that hour.
    if ticking.next_run_time > now() + timedelta(seconds=seconds):
        ticking.modify(next_run_time=now())


def _fire_safely(
    store: Store, settings: Settings, monitor: Monitor, moment: datetime, searches: Mapping[str, Search]
) -> int:
    try:
        with store.write() as connection:
            run_id = fire(
                connection,
                monitor,
                late_after=timedelta(seconds=settings.late_seconds),
                moment=moment,
                searches=searches,
            )
    except (StoreError, Conflict) as error:
        if error.fatal:
            raise
        log.warning("monitor %s could not be fired, next try at the next tick: %s", monitor.name, error)
        return 0
    except Exception as error:  # whatever it is, the other monitors are not to blame
        known = isinstance(error, CounterfoilError)
        log.error("monitor %s could not be fired, next try in an hour: %s", monitor.name, error, exc_info=not known)
        _postpone(store, monitor, moment)
        return 0
    if run_id is None:
        return 0
    log.info("monitor %s fired run %s", monitor.name, run_id)
    return 1


def _postpone(store: Store, monitor: Monitor, moment: datetime) -> None:
    # One monitor that cannot be fired must not keep the others waiting, tick after tick.
    if monitor.next_nominal_at is not None:
        with store.write() as connection:
            advance(connection, monitor, monitor.next_nominal_at, moment + _AFTER_A_FAILURE)
