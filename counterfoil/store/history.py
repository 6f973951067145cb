"""How the last runs of monitors ended."""

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from counterfoil.models import CrawlState, FinishReason, Run, RunState
from counterfoil.store.runs import read_run
from counterfoil.store.tables import crawls, runs


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlEnd:
    """Where a crawl was, and how it ended, if it has."""

    marketplace: str
    state: CrawlState
    reason: FinishReason | None = None
    degraded: str | None = None


def last_runs(connection: sa.Connection, owner_id: int, monitor_id: int, most: int) -> list[Run]:
    """A monitor's runs by their nominal time, newest first."""
    mine = sa.select(runs).where(runs.c.monitor_id == monitor_id, runs.c.owner_id == owner_id)
    return [read_run(row) for row in connection.execute(mine.order_by(runs.c.nominal_at.desc()).limit(most))]


def open_runs(connection: sa.Connection, owner_id: int, most: int) -> list[Run]:
    """The owner's runs that have not ended, newest first."""
    mine = sa.select(runs).where(runs.c.owner_id == owner_id, runs.c.state == RunState.OPEN)
    return [read_run(row) for row in connection.execute(mine.order_by(runs.c.id.desc()).limit(most))]


def crawl_ends(connection: sa.Connection, owner_id: int, run_ids: Collection[int]) -> dict[int, list[CrawlEnd]]:
    """How the crawls of runs ended, by run."""
    columns = (crawls.c.run_id, crawls.c.marketplace, crawls.c.state, crawls.c.reason, crawls.c.degraded)
    mine = sa.select(*columns).where(crawls.c.run_id.in_(run_ids), crawls.c.owner_id == owner_id)
    found: dict[int, list[CrawlEnd]] = {run_id: [] for run_id in run_ids}
    for row in connection.execute(mine.order_by(crawls.c.run_id, crawls.c.position)):
        end = CrawlEnd(
            marketplace=row.marketplace,
            state=CrawlState(row.state),
            reason=FinishReason(row.reason) if row.reason else None,
            degraded=row.degraded,
        )
        found[row.run_id].append(end)
    return found


def run_open_at(connection: sa.Connection, run: Run) -> int | None:
    """The id of the run of the same monitor that was still open when this one was made; None if there was none."""
    earlier = sa.select(runs.c.id).where(
        runs.c.monitor_id == run.monitor_id,
        runs.c.owner_id == run.owner_id,
        runs.c.id != run.id,
        runs.c.state != RunState.SKIPPED,
        runs.c.created_at <= run.created_at,
        sa.or_(runs.c.finished_at.is_(None), runs.c.finished_at >= run.created_at),
    )
    found: int | None = connection.scalar(earlier.order_by(runs.c.nominal_at.desc()).limit(1))
    return found
