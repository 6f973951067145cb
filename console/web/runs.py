"""The page of a run: how it goes while it is under way, and afterwards why each crawl ended and what it saw."""

from dataclasses import dataclass

import sqlalchemy as sa
from fastapi import APIRouter
from fastapi.responses import HTMLResponse, RedirectResponse

from console.guards.access import needs
from console.outcomes import degraded_remedy, fate_words
from console.rendering import render
from console.request import CurrentSession
from console.run_report import crawl_reports, outcome_among, state_words
from console.schemas.fields import PathId
from console.session import RequestSession
from console.web.pictures import pictures_of
from console.web.running import kind_words
from counterfoil.clock import now
from counterfoil.clock_check import span
from counterfoil.exceptions import NotFound
from counterfoil.models import Crawl, CrawlState, Monitor, Role, Run, RunState
from counterfoil.store import runs as stored
from counterfoil.store.crawls import cancel_crawls, list_crawls
from counterfoil.store.history import run_open_at
from counterfoil.store.monitors import get_monitor
from counterfoil.store.run_findings import new_suspects_of, suspects_since

router = APIRouter(prefix="/runs", include_in_schema=False, dependencies=[needs(Role.VIEWER)])
_MOST_SUSPECTS = 12
_MOST_CRAWLS = 60


@router.get("/{run_id}", response_class=HTMLResponse)
def show_run(session: CurrentSession, run_id: PathId) -> HTMLResponse:
    """The page of a run: its crawls, each with reason and remedy, what it counted, and the suspects it found."""
    with session.read() as connection:
        run = stored.get_run(connection, session.owner.id, run_id)
        crawls = list_crawls(connection, session.owner.id, run_id)
        shown = list(crawl_reports(connection, session, run, crawls[:_MOST_CRAWLS]))
        suspects, count = new_suspects_of(connection, run, _MOST_SUSPECTS)
        pictures = pictures_of(connection, {one.image_sha256 for one in suspects if one.image_sha256})
        monitor = _monitor(connection, run)
        found_so_far = suspects_since(connection, session.owner.id, run.created_at)
        earlier = run_open_at(connection, run) if run.state is RunState.SKIPPED else None
    return HTMLResponse(
        render(
            "run.html",
            session,
            run=run,
            monitor=monitor,
            name=monitor.name if monitor else kind_words(run.kind),
            found_so_far=found_so_far,
            outcome=outcome_among(run, crawls),
            progress=progress_of(session, run, crawls),
            crawls=shown,
            more_crawls=max(0, len(crawls) - _MOST_CRAWLS),
            suspects=suspects,
            pictures=pictures,
            suspect_count=count,
            earlier=earlier,
            delay=span(run.created_at - run.nominal_at) if run.late else None,
            degraded_remedy=degraded_remedy(),
            fates=fate_words(),
            may_change=session.actor.role.allows(Role.MANAGER),
        )
    )


@router.post("/{run_id}/cancel", response_class=HTMLResponse, dependencies=[needs(Role.MANAGER)])
def post_cancel(session: CurrentSession, run_id: PathId) -> RedirectResponse:
    """End a run's unfinished crawls; what they have found stays. Twice is the same as once."""
    with session.act("run.cancel", f"run {run_id}") as connection:
        stored.get_run(connection, session.owner.id, run_id)
        cancel_crawls(connection, session.owner.id, run_id, now())
    return RedirectResponse(f"/runs/{run_id}", status_code=303)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a run is: its crawls that have ended, and a line for each crawl."""

    run: Run
    words: str
    done: int
    lines: tuple[tuple[str, str, Crawl], ...]


def progress_of(session: RequestSession, run: Run, crawls: list[Crawl]) -> Progress:
    """How far a run is, as its page shows it while it is under way."""
    return Progress(
        run=run,
        words=outcome_among(run, crawls).words,
        done=sum(crawl.state is CrawlState.FINISHED for crawl in crawls),
        lines=tuple(
            (session.marketplace_title(crawl.marketplace), state_words(crawl), crawl) for crawl in crawls[:_MOST_CRAWLS]
        ),
    )


def _monitor(connection: sa.Connection, run: Run) -> Monitor | None:
    """The run's monitor, if it has one that was not removed."""
    if run.monitor_id is None:
        return None
    try:
        return get_monitor(connection, run.owner_id, run.monitor_id)
    except NotFound:
        return None
