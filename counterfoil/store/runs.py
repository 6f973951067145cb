"""Runs: the firings of monitors."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from counterfoil.exceptions import NotFound
from counterfoil.models import CrawlCounters, CrawlLimits, CrawlState, Run, RunKind, RunState, RunTrigger
from counterfoil.store.conditional import insert_new
from counterfoil.store.paging import rows_before
from counterfoil.store.tables import crawls, monitors, runs


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedCrawl:
    """A crawl that a run is to make: one marketplace and its slice of the queries."""

    marketplace: str
    spider: str
    queries: tuple[str, ...]
    limits: CrawlLimits


def add_run(
    connection: sa.Connection,
    *,
    owner_id: int,
    monitor_id: int | None,
    kind: RunKind,
    trigger: RunTrigger,
    nominal_at: datetime,
    late: bool,
    planned: Sequence[PlannedCrawl],
    now: datetime,
) -> int | None:
    """Make a run with its crawls, unless the monitor has one of this nominal time; the run's id, or None.

    While an earlier run of the monitor is open the new one is kept as `skipped`, without crawls: runs never pile up,
    and none disappears silently. A run without a monitor is made whatever else is open.
    """
    # One after the other, also where PostgreSQL runs several transactions at once: only one can find no open run.
    connection.execute(sa.select(monitors.c.id).where(monitors.c.id == monitor_id).with_for_update())
    skipped = not planned or (monitor_id is not None and has_open_run(connection, monitor_id))
    run_id: int | None = insert_new(
        connection,
        runs,
        {
            "owner_id": owner_id,
            "monitor_id": monitor_id,
            "kind": kind,
            "trigger": trigger,
            "state": RunState.SKIPPED if skipped else RunState.OPEN,
            "nominal_at": nominal_at,
            "late": late,
            "created_at": now,
            "finished_at": now if skipped else None,
        },
        runs.c.id,
    )
    if run_id is not None and not skipped:
        _add_crawls(connection, owner_id, run_id, planned, now)
    return run_id


def has_open_run(connection: sa.Connection, monitor_id: int) -> bool:
    """Whether a run of this monitor has not ended yet."""
    still_open = sa.select(runs.c.id).where(runs.c.monitor_id == monitor_id, runs.c.state == RunState.OPEN)
    return connection.execute(still_open.limit(1)).first() is not None


def has_open_run_of(connection: sa.Connection, owner_id: int, kind: RunKind, marketplace: str) -> bool:
    """Whether one of the owner's runs of this kind is still at a marketplace."""
    still_open = (
        sa.select(crawls.c.id)
        .join(runs, runs.c.id == crawls.c.run_id)
        .where(
            runs.c.owner_id == owner_id,
            runs.c.kind == kind,
            runs.c.state == RunState.OPEN,
            crawls.c.marketplace == marketplace,
        )
    )
    return connection.execute(still_open.limit(1)).first() is not None


def get_run(connection: sa.Connection, owner_id: int, run_id: int) -> Run:
    """The owner's run. Raises NotFound."""
    mine = sa.select(runs).where(runs.c.id == run_id, runs.c.owner_id == owner_id)
    row = connection.execute(mine).one_or_none()
    if row is None:
        raise NotFound("There is no run {run_id}: see `counterfoil run list`.", run_id=run_id)
    return read_run(row)


def list_runs(
    connection: sa.Connection,
    owner_id: int,
    monitor_id: int | None = None,
    limit: int = 50,
    before: int | None = None,
) -> list[Run]:
    """The owner's runs, or one monitor's, newest first; those before an id where one is given."""
    wanted = sa.select(runs).where(runs.c.owner_id == owner_id)
    if monitor_id is not None:
        wanted = wanted.where(runs.c.monitor_id == monitor_id)
    return [read_run(row) for row in connection.execute(rows_before(wanted, runs.c.id, before, limit))]


def finish_run_if_done(connection: sa.Connection, run_id: int, now: datetime) -> None:
    """Close a run whose crawls have all finished."""
    # Crawls that end at the same moment take turns here, so that the last one sees all the others' ends.
    connection.execute(sa.select(runs.c.id).where(runs.c.id == run_id).with_for_update())
    unfinished = sa.exists().where(crawls.c.run_id == run_id, crawls.c.state != CrawlState.FINISHED)
    connection.execute(
        runs.update()
        .where(runs.c.id == run_id, runs.c.state == RunState.OPEN, ~unfinished)
        .values(state=RunState.FINISHED, finished_at=now)
    )


def _add_crawls(
    connection: sa.Connection, owner_id: int, run_id: int, planned: Sequence[PlannedCrawl], now: datetime
) -> None:
    for position, crawl in enumerate(planned):
        connection.execute(
            crawls.insert().values(
                owner_id=owner_id,
                run_id=run_id,
                position=position,
                marketplace=crawl.marketplace,
                spider=crawl.spider,
                queries=list(crawl.queries),
                limits=asdict(crawl.limits),
                state=CrawlState.WAITING,
                not_before=now,
                counters=asdict(CrawlCounters()),
            )
        )


def read_run(row: sa.Row[Any]) -> Run:
    """A row of `runs` as a run."""
    return Run(
        id=row.id,
        owner_id=row.owner_id,
        monitor_id=row.monitor_id,
        kind=RunKind(row.kind),
        trigger=RunTrigger(row.trigger),
        state=RunState(row.state),
        nominal_at=row.nominal_at,
        created_at=row.created_at,
        finished_at=row.finished_at,
        late=row.late,
    )
