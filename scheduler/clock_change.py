"""Takes over a clock that was set back: what the wrong clock had put far into the future is brought back to now."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from counterfoil.models import CrawlState, Monitor
from counterfoil.store.conditional import changed
from counterfoil.store.instance import accept_time
from counterfoil.store.monitors import active_monitors, advance
from counterfoil.store.tables import crawls, inspections, reassessments
from scheduler.service import next_times


@dataclass(frozen=True, slots=True, kw_only=True)
class BroughtBack:
    """How many monitors fire earlier now, and how much waiting or claimed work is free again."""

    monitors: int
    work: int


def accept_clock(connection: sa.Connection, lease: timedelta, now: datetime) -> BroughtBack:
    """Believe this clock from now on, although later times were seen.

    A monitor whose next time lies further away than its schedule says gets the time that its schedule says; leases and
    pauses that would last longer than `lease` end now. Evidence and history keep the times that they were given.
    """
    accept_time(connection, now)
    moved = sum(_bring_back(connection, monitor, now) for monitor in active_monitors(connection))
    return BroughtBack(monitors=moved, work=_free_work(connection, now + lease, now))


def _bring_back(connection: sa.Connection, monitor: Monitor, now: datetime) -> bool:
    nominal, due = next_times(replace(monitor, next_nominal_at=None), now)
    if monitor.next_nominal_at is None or monitor.next_nominal_at <= nominal:
        return False
    return advance(connection, monitor, nominal, due)


def _free_work(connection: sa.Connection, latest: datetime, now: datetime) -> int:
    waiting = sa.and_(crawls.c.state == CrawlState.WAITING, crawls.c.not_before > latest)
    freed = changed(connection, crawls.update().where(waiting).values(not_before=now))
    for table in (crawls, inspections, reassessments):
        claimed = sa.and_(table.c.state == "claimed", table.c.lease_until > latest)
        freed += changed(connection, table.update().where(claimed).values(lease_until=now))
    return freed
