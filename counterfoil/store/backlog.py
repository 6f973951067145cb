"""What waits, and since when: whether anybody does the work."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from counterfoil.models import CrawlState, MonitorState
from counterfoil.store.tables import crawls, inspections, monitor_marketplaces, monitors, outbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """How much of one kind waits, and since when the oldest does."""

    count: int
    since: datetime | None


def waiting_changes(connection: sa.Connection) -> Waiting:
    """Changes that the index has not heard of, without those that it can never take."""
    return _queue(connection, outbox, outbox.c.parked_at.is_(None))


def parked_changes(connection: sa.Connection) -> int:
    """How many changes the index can never take."""
    parked = sa.select(sa.func.count()).select_from(outbox).where(outbox.c.parked_at.is_not(None))
    return int(connection.scalar(parked) or 0)


def waiting_crawls(connection: sa.Connection, now: datetime) -> Waiting:
    """Crawls that may be claimed and were not yet."""
    return _waiting(connection, crawls.c.not_before, crawls.c.state == CrawlState.WAITING, crawls.c.not_before <= now)


def abandoned_crawls(connection: sa.Connection, now: datetime) -> Waiting:
    """Crawls whose worker has gone silent and that nobody has taken over; since when."""
    return _waiting(connection, crawls.c.lease_until, crawls.c.state == CrawlState.CLAIMED, crawls.c.lease_until < now)


def waiting_inspections(connection: sa.Connection) -> Waiting:
    """Listing versions that no judge has begun with."""
    return _queue(connection, inspections, inspections.c.state == "waiting")


def abandoned_inspections(connection: sa.Connection, now: datetime) -> Waiting:
    """Inspections whose judge has gone silent and that nobody has taken over; since when."""
    return _waiting(
        connection, inspections.c.lease_until, inspections.c.state == "claimed", inspections.c.lease_until < now
    )


def overdue_monitors(connection: sa.Connection, now: datetime) -> Waiting:
    """Monitors whose time has come and that nobody has fired."""
    live = sa.and_(monitors.c.removed_at.is_(None), monitors.c.state == MonitorState.ACTIVE)
    return _waiting(connection, monitors.c.next_due_at, live, monitors.c.next_due_at <= now)


def monitored_marketplaces(connection: sa.Connection) -> dict[str, list[str]]:
    """Marketplace to the names of the active monitors that crawl it, of all owners."""
    rows = connection.execute(
        sa.select(monitor_marketplaces.c.marketplace, monitors.c.name)
        .join(monitors, monitors.c.id == monitor_marketplaces.c.monitor_id)
        .where(monitors.c.removed_at.is_(None), monitors.c.state == MonitorState.ACTIVE)
        .order_by(monitor_marketplaces.c.marketplace, monitors.c.id)
    )
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row.marketplace, []).append(row.name)
    return found


def _queue(connection: sa.Connection, table: sa.Table, condition: sa.ColumnElement[bool]) -> Waiting:
    """Rows that are worked off in the order of their ids: there may be a million, and the first is the oldest."""
    count = connection.scalar(sa.select(sa.func.count()).select_from(table).where(condition))
    first = sa.select(table.c.created_at).where(condition).order_by(table.c.id).limit(1)
    return Waiting(count=int(count or 0), since=connection.scalar(first))


def _waiting(connection: sa.Connection, since: sa.Column[datetime], *conditions: sa.ColumnElement[bool]) -> Waiting:
    row = connection.execute(sa.select(sa.func.count(), sa.func.min(since)).where(*conditions)).one()
    return Waiting(count=row[0], since=row[1])
