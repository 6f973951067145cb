"""Runs and their crawls for programs: what monitors did, and why each crawl ended."""

from typing import Annotated

from fastapi import APIRouter, Query

from console.contract.pages import Cursor, Limit, Page, newest_page_of
from console.guards.access import needs
from console.request import CurrentSession
from console.run_report import outcome_among
from console.schemas.fields import PathId
from console.schemas.monitoring import CancelledShown, CrawlShown, OutcomeShown, RunShown
from counterfoil.clock import now
from counterfoil.models import Role
from counterfoil.store import runs as stored
from counterfoil.store.crawls import cancel_crawls, list_crawls

router = APIRouter(prefix="/api/v1/runs", tags=["runs"], dependencies=[needs(Role.VIEWER)])


@router.get("")
def list_runs(
    session: CurrentSession,
    monitor_id: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[RunShown]:
    """The owner's runs, newest first; of one monitor where it is named."""
    with session.read() as connection:
        return newest_page_of(
            f"runs of {monitor_id}",
            cursor,
            limit,
            lambda before, most: stored.list_runs(connection, session.owner.id, monitor_id, most, before),
            RunShown,
        )


@router.get("/{run_id}")
def get_run(session: CurrentSession, run_id: PathId) -> RunShown:
    """A run."""
    with session.read() as connection:
        return RunShown.model_validate(stored.get_run(connection, session.owner.id, run_id))


@router.get("/{run_id}/crawls")
def list_crawls_of_run(session: CurrentSession, run_id: PathId) -> list[CrawlShown]:
    """A run's crawls."""
    with session.read() as connection:
        stored.get_run(connection, session.owner.id, run_id)
        found = list_crawls(connection, session.owner.id, run_id)
    return [CrawlShown.model_validate(one) for one in found]


@router.get("/{run_id}/outcome")
def get_outcome(session: CurrentSession, run_id: PathId) -> OutcomeShown:
    """How much a run saw, and why, in a line; what each of its crawls saw is at `/api/v1/crawls/{id}/report`."""
    with session.read() as connection:
        run = stored.get_run(connection, session.owner.id, run_id)
        outcome = outcome_among(run, list_crawls(connection, session.owner.id, run_id))
    return OutcomeShown.model_validate(outcome)


@router.post("/{run_id}/cancel", dependencies=[needs(Role.MANAGER)])
def cancel_run(session: CurrentSession, run_id: PathId) -> CancelledShown:
    """End a run's unfinished crawls; what they have found stays. Twice is the same as once."""
    with session.act("run.cancel", f"run {run_id}") as connection:
        stored.get_run(connection, session.owner.id, run_id)
        return CancelledShown(cancelled=cancel_crawls(connection, session.owner.id, run_id, now()))
