"""Monitors, and the moving on of what is due next."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from counterfoil.exceptions import Conflict, NotFound
from counterfoil.models import Canary, CrawlLimits, Monitor, MonitorState, Schedule, ScheduleKind
from counterfoil.store.conditional import changed_one, insert_all_new, insert_new
from counterfoil.store.paging import rows_after
from counterfoil.store.products import get_product
from counterfoil.store.tables import crawls, monitor_marketplaces, monitor_products, monitors, runs


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorEntry:
    """What a person sets up as a monitor, before it has an id."""

    name: str
    schedule: Schedule
    product_ids: tuple[int, ...]
    marketplaces: tuple[str, ...]
    queries: tuple[str, ...] = ()
    limits: CrawlLimits = field(default_factory=CrawlLimits)


def add_monitor(
    connection: sa.Connection,
    owner_id: int,
    entry: MonitorEntry,
    *,
    next_nominal_at: datetime,
    next_due_at: datetime,
    now: datetime,
) -> Monitor:
    """Set up a monitor. Raises Conflict when the owner has one of this name, NotFound for a product not the owner's."""
    for product_id in entry.product_ids:
        get_product(connection, owner_id, product_id)
    values = {**_values(entry), "next_nominal_at": next_nominal_at, "next_due_at": next_due_at}
    made = insert_new(
        connection,
        monitors,
        {"owner_id": owner_id, "state": MonitorState.ACTIVE, "created_at": now, **values},
        monitors.c.id,
    )
    if made is None:
        raise Conflict(
            "There is a monitor named {name!r} already: remove it first, or choose another name.", name=entry.name
        )
    _add_children(connection, owner_id, int(made), entry)
    return get_monitor(connection, owner_id, int(made))


def get_monitor(connection: sa.Connection, owner_id: int, monitor_id: int) -> Monitor:
    """The owner's monitor. Raises NotFound."""
    row = connection.execute(_live().where(_of(owner_id), monitors.c.id == monitor_id)).one_or_none()
    if row is None:
        raise NotFound("There is no monitor {monitor_id}: see `counterfoil monitor list`.", monitor_id=monitor_id)
    return _monitors(connection, [row])[0]


def find_monitor(connection: sa.Connection, owner_id: int, text: str) -> Monitor:
    """The monitor that a person means by name or id. Raises NotFound."""
    same = monitors.c.name == text
    if text.isdecimal() and len(text) < 19:
        same = sa.or_(same, monitors.c.id == int(text))
    rows = connection.execute(_live().where(_of(owner_id), same)).all()
    row = next((row for row in rows if row.name == text), rows[0] if rows else None)
    if row is None:
        raise NotFound("There is no monitor {text!r}: see `counterfoil monitor list`.", text=text)
    return _monitors(connection, [row])[0]


def list_monitors(connection: sa.Connection, owner_id: int) -> list[Monitor]:
    """The owner's monitors, in the order they were set up."""
    rows = connection.execute(_live().where(_of(owner_id)).order_by(monitors.c.id)).all()
    return _monitors(connection, rows)


def monitor_names(connection: sa.Connection, owner_id: int, monitor_ids: Collection[int]) -> dict[int, str]:
    """The names of the owner's monitors, by id; those that were removed have none."""
    named = sa.select(monitors.c.id, monitors.c.name).where(
        _of(owner_id), monitors.c.id.in_(monitor_ids), monitors.c.removed_at.is_(None)
    )
    return {row.id: row.name for row in connection.execute(named)}


def monitors_after(connection: sa.Connection, owner_id: int, after: int, limit: int) -> list[Monitor]:
    """The owner's next monitors after an id."""
    rows = connection.execute(rows_after(_live().where(_of(owner_id)), monitors.c.id, after, limit)).all()
    return _monitors(connection, rows)


def update_monitor(
    connection: sa.Connection,
    monitor: Monitor,
    entry: MonitorEntry,
    *,
    next_nominal_at: datetime | None,
    next_due_at: datetime | None,
) -> Monitor:
    """Change what a monitor looks for, where or when. Raises Conflict for another's name, NotFound for its products."""
    for product_id in entry.product_ids:
        get_product(connection, monitor.owner_id, product_id)
    named = connection.execute(_live().where(_of(monitor.owner_id), monitors.c.name == entry.name)).one_or_none()
    if named is not None and named.id != monitor.id:
        raise Conflict("There is a monitor named {name!r} already: choose another name.", name=entry.name)
    values = {**_values(entry), "next_nominal_at": next_nominal_at, "next_due_at": next_due_at}
    connection.execute(monitors.update().where(monitors.c.id == monitor.id).values(**values))
    for table in (monitor_products, monitor_marketplaces):
        connection.execute(table.delete().where(table.c.monitor_id == monitor.id))
    _add_children(connection, monitor.owner_id, monitor.id, entry)
    return get_monitor(connection, monitor.owner_id, monitor.id)


def due_monitors(connection: sa.Connection, now: datetime, limit: int = 100) -> list[Monitor]:
    """Active monitors of all owners whose time has come, longest due first."""
    due = _live().where(monitors.c.state == MonitorState.ACTIVE, monitors.c.next_due_at <= now)
    rows = connection.execute(due.order_by(monitors.c.next_due_at).limit(limit)).all()
    return _monitors(connection, rows)


def active_monitors(connection: sa.Connection) -> list[Monitor]:
    """Every monitor of all owners that is not paused, in the order they were set up."""
    rows = connection.execute(_live().where(monitors.c.state == MonitorState.ACTIVE).order_by(monitors.c.id)).all()
    return _monitors(connection, rows)


def advance(connection: sa.Connection, monitor: Monitor, nominal_at: datetime, due_at: datetime) -> bool:
    """Move a monitor on to its next time; false if somebody else fired it, paused it or removed it meanwhile."""
    unchanged = sa.and_(
        monitors.c.id == monitor.id,
        monitors.c.state == MonitorState.ACTIVE,
        monitors.c.removed_at.is_(None),
        monitors.c.next_nominal_at == monitor.next_nominal_at,
    )
    moved = monitors.update().where(unchanged).values(next_nominal_at=nominal_at, next_due_at=due_at)
    return changed_one(connection, moved)


def set_state(
    connection: sa.Connection,
    monitor: Monitor,
    state: MonitorState,
    *,
    next_nominal_at: datetime | None = None,
    next_due_at: datetime | None = None,
) -> None:
    """Pause a monitor, or resume it at a new next time."""
    connection.execute(
        monitors.update()
        .where(monitors.c.id == monitor.id, monitors.c.owner_id == monitor.owner_id)
        .values(state=state, next_nominal_at=next_nominal_at, next_due_at=next_due_at)
    )


def set_canaries(connection: sa.Connection, monitor: Monitor, canaries: Sequence[Canary]) -> None:
    """Say which listings every crawl of this monitor must find again."""
    connection.execute(
        monitors.update()
        .where(monitors.c.id == monitor.id, monitors.c.owner_id == monitor.owner_id)
        .values(canaries=[asdict(canary) for canary in canaries])
    )


def canaries_of_crawl(connection: sa.Connection, crawl_id: int) -> tuple[Canary, ...]:
    """The canaries that the crawl's monitor has on its marketplace; none for a run without a monitor."""
    mine = (
        sa.select(monitors.c.canaries, crawls.c.marketplace)
        .join(runs, runs.c.monitor_id == monitors.c.id)
        .join(crawls, crawls.c.run_id == runs.c.id)
        .where(crawls.c.id == crawl_id)
    )
    row = connection.execute(mine).one_or_none()
    found = [Canary(**canary) for canary in row.canaries or ()] if row is not None else []
    return tuple(canary for canary in found if row is not None and canary.marketplace == row.marketplace)


def remove_monitor(connection: sa.Connection, monitor: Monitor, now: datetime) -> None:
    """Take a monitor back; its runs and what they found stay."""
    connection.execute(
        monitors.update()
        .where(monitors.c.id == monitor.id, monitors.c.owner_id == monitor.owner_id)
        .values(removed_at=now, next_nominal_at=None, next_due_at=None)
    )


def _add_children(connection: sa.Connection, owner_id: int, monitor_id: int, entry: MonitorEntry) -> None:
    parent = {"owner_id": owner_id, "monitor_id": monitor_id}
    insert_all_new(connection, monitor_products, [{**parent, "product_id": product} for product in entry.product_ids])
    insert_all_new(connection, monitor_marketplaces, [{**parent, "marketplace": name} for name in entry.marketplaces])


def _live() -> sa.Select[Any]:
    return sa.select(monitors).where(monitors.c.removed_at.is_(None))


def _of(owner_id: int) -> sa.ColumnElement[bool]:
    return monitors.c.owner_id == owner_id


def _values(entry: MonitorEntry) -> dict[str, Any]:
    return {
        "name": entry.name,
        "schedule_kind": entry.schedule.kind,
        "schedule_expression": entry.schedule.expression,
        "time_zone": entry.schedule.time_zone,
        "jitter_seconds": entry.schedule.jitter_seconds,
        "queries": list(entry.queries),
        "limits": asdict(entry.limits),
    }


def _monitors(connection: sa.Connection, rows: Sequence[sa.Row[Any]]) -> list[Monitor]:
    """Rows as monitors: what belongs to them is asked for once, however many there are."""
    ids = [row.id for row in rows]
    watched = _children(connection, monitor_products, monitor_products.c.product_id, ids)
    places = _children(connection, monitor_marketplaces, monitor_marketplaces.c.marketplace, ids)
    return [_monitor(row, watched.get(row.id, ()), places.get(row.id, ())) for row in rows]


def _monitor(row: sa.Row[Any], product_ids: Sequence[int], marketplaces: Sequence[str]) -> Monitor:
    return Monitor(
        id=row.id,
        owner_id=row.owner_id,
        name=row.name,
        state=MonitorState(row.state),
        schedule=Schedule(
            kind=ScheduleKind(row.schedule_kind),
            expression=row.schedule_expression,
            time_zone=row.time_zone,
            jitter_seconds=row.jitter_seconds,
        ),
        product_ids=tuple(product_ids),
        marketplaces=tuple(marketplaces),
        queries=tuple(row.queries),
        limits=CrawlLimits(**row.limits),
        canaries=tuple(Canary(**canary) for canary in row.canaries or ()),
        next_nominal_at=row.next_nominal_at,
        next_due_at=row.next_due_at,
    )


def _children(
    connection: sa.Connection, table: sa.Table, column: sa.Column[Any], monitor_ids: Sequence[int]
) -> dict[int, list[Any]]:
    """What belongs to each of these monitors, in its own order."""
    mine = sa.select(table.c.monitor_id, column).where(table.c.monitor_id.in_(monitor_ids))
    found: dict[int, list[Any]] = {}
    for monitor_id, child in connection.execute(mine.order_by(table.c.monitor_id, column)):
        found.setdefault(monitor_id, []).append(child)
    return found
