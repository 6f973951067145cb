"""The page of a run: how it goes while it is under way, and afterwards why each crawl ended and what it saw."""

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa
from fastapi import APIRouter
from fastapi.responses import HTMLResponse, RedirectResponse

from console.guards.access import needs
from console.outcomes import RunOutcome, degraded_remedy, fate_words, outcome_of, reason_words, remedy_for
from console.rendering import render
from console.request import CurrentSession
from console.schemas.fields import PathId
from console.session import RequestSession
from console.translation import gettext as _
from console.web.pictures import pictures_of
from console.web.running import kind_words
from counterfoil.clock import now
from counterfoil.clock_check import span
from counterfoil.exceptions import NotFound
from counterfoil.models import Crawl, CrawlState, Monitor, PastResults, Role, Run, RunState
from counterfoil.store import runs as stored
from counterfoil.store.crawls import cancel_crawls, list_crawl_events, list_crawls
from counterfoil.store.history import CrawlEnd, run_open_at
from counterfoil.store.listings import kept_query
from counterfoil.store.monitors import get_monitor
from counterfoil.store.run_findings import earlier_results, listings_by_query, new_suspects_of, suspects_since

router = APIRouter(prefix="/runs", include_in_schema=False, dependencies=[needs(Role.VIEWER)])
_MOST_SUSPECTS = 12
_MOST_CRAWLS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """A field: on how many of the listings it was, of 100; whether the declaration says that it is on all."""

    name: str
    percent: int
    declared: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A query of a crawl: how many listings it has shown, and how many it showed before."""

    query: str
    found: int
    before: PastResults | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCrawl:
    """A crawl as its run's page shows it."""

    crawl: Crawl
    title: str
    words: str
    remedy: str | None
    coverage: tuple[Covered, ...]
    asked: tuple[Asked, ...]
    expected: str | None
    events: tuple[tuple[object, int, str, str], ...]


@router.get("/{run_id}", response_class=HTMLResponse)
def show_run(session: CurrentSession, run_id: PathId) -> HTMLResponse:
    """The page of a run: its crawls, each with reason and remedy, what it counted, and the suspects it found."""
    with session.read() as connection:
        run = stored.get_run(connection, session.owner.id, run_id)
        crawls = list_crawls(connection, session.owner.id, run_id)
        shown = list(_shown(connection, session, run, crawls[:_MOST_CRAWLS]))
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
            outcome=_outcome(run, crawls),
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
        words=_outcome(run, crawls).words,
        done=sum(crawl.state is CrawlState.FINISHED for crawl in crawls),
        lines=tuple(
            (session.marketplace_title(crawl.marketplace), state_words(crawl), crawl) for crawl in crawls[:_MOST_CRAWLS]
        ),
    )


def state_words(crawl: Crawl) -> str:
    """Where a crawl stands, in words."""
    if crawl.reason is not None:
        return reason_words(crawl.reason)
    if crawl.state is CrawlState.CLAIMED:
        return _("under way") if crawl.attempt < 2 else _("under way, attempt %(number)d") % {"number": crawl.attempt}
    return _("waits for a worker") if crawl.attempt == 0 else _("waits for its next attempt")


def _outcome(run: Run, crawls: list[Crawl]) -> RunOutcome:
    ends = [
        CrawlEnd(marketplace=one.marketplace, state=one.state, reason=one.reason, degraded=one.degraded)
        for one in crawls
    ]
    return outcome_of(run, ends)


def _monitor(connection: sa.Connection, run: Run) -> Monitor | None:
    """The run's monitor, if it has one that was not removed."""
    if run.monitor_id is None:
        return None
    try:
        return get_monitor(connection, run.owner_id, run.monitor_id)
    except NotFound:
        return None


def _shown(connection: sa.Connection, session: RequestSession, run: Run, crawls: list[Crawl]) -> Iterator[ShownCrawl]:
    found = listings_by_query(connection, [crawl.id for crawl in crawls])
    before = earlier_results(connection, run)
    for crawl in crawls:
        yield ShownCrawl(
            crawl=crawl,
            title=session.marketplace_title(crawl.marketplace),
            words=state_words(crawl),
            remedy=remedy_for(crawl.reason, crawl.marketplace) if crawl.reason else None,
            coverage=tuple(_coverage(session, crawl)),
            asked=tuple(
                Asked(
                    query=query,
                    found=found[crawl.id].get(kept_query(query), 0),
                    before=before.get((crawl.marketplace, query)),
                )
                for query in crawl.queries
            ),
            expected=_expected(session, crawl.marketplace),
            events=tuple(list_crawl_events(connection, session.owner.id, crawl.id)),
        )


def _coverage(session: RequestSession, crawl: Crawl) -> Iterator[Covered]:
    """What its listings showed, the fields that they always have to show first."""
    known = session.marketplaces.get(crawl.marketplace)
    declared = known.expectations.fields if known else ()
    if crawl.quality.listings:
        for name in sorted({*crawl.quality.fields, *declared}, key=lambda name: (name not in declared, name)):
            percent = round(100 * (crawl.quality.coverage(name) or 0))
            yield Covered(name=name, percent=percent, declared=name in declared)


def _expected(session: RequestSession, name: str) -> str | None:
    known = session.marketplaces.get(name)
    if known is None:
        return None
    told = {"fewest": known.expectations.fewest, "most": known.expectations.most}
    return _("%(fewest)d to %(most)d listings on a page of results") % told
