"""The first page: what is new, what is under way, what was not seen and why, and how it went over time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from console.guards.access import needs
from console.rendering import render
from console.request import CurrentSession
from console.session import RequestSession
from console.translation import gettext as _
from console.web.pictures import pictures_of
from console.web.plots import HEIGHT, WIDTH, Plot, Step, draw
from console.web.running import running_runs
from console.web.searching import ALL, Asked
from console.web.troubles import Examined, service_troubles, troubles_of
from console.wording import verdict_word
from counterfoil.clock import now
from counterfoil.models import Role, VerdictKind
from counterfoil.store.looks import mark_all_seen, needs_noting, new_since, note_look
from counterfoil.store.overview import (
    FirstSteps,
    first_steps,
    first_suspected,
    newest_suspects,
    suspects_over_time,
    undecided,
    verdicts_over_time,
    verdicts_since,
)
from counterfoil.store.run_findings import suspects_since
from indexer.query import UNJUDGED, Sort

router = APIRouter(include_in_schema=False, dependencies=[needs(Role.VIEWER)])
_MOST = 10_000
_FEW = 6
# Of a program, or where nobody has looked before, the last day's is what is new.
_A_DAY = timedelta(days=1)
_DAYS, _WEEKS = 30, 26


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """A number that leads into the list: exact up to the most that are counted."""

    number: int
    link: str

    def __str__(self) -> str:
        return f"{self.number:,}" if self.number < _MOST else f"{_MOST:,}+"


@router.get("/", response_class=HTMLResponse)
def show_home(request: Request, session: CurrentSession) -> HTMLResponse:
    """The first page: new suspects since one last looked, runs, failures, plots; for a new owner the first steps."""
    moment = now()
    _note(session, moment)
    examined: Examined = request.app.state.examined
    with session.read() as connection:
        steps = first_steps(connection, session.owner.id)
        values: dict[str, Any] = {
            "steps": _steps(steps),
            "begun": steps.suspect,
            "running": running_runs(connection, session),
            "troubles": list(troubles_of(connection, session)),
            **_new(connection, session, moment),
            **_plots(connection, session.owner.id, moment),
        }
    findings = service_troubles(session, examined)
    return HTMLResponse(render("home.html", session, findings=findings, width=WIDTH, height=HEIGHT, **values))


@router.post("/seen", response_class=HTMLResponse)
def post_seen(session: CurrentSession) -> RedirectResponse:
    """Nothing that is there now is new any more, for this account. Twice is the same as once."""
    if session.account_id is not None:
        with session.write() as connection:
            mark_all_seen(connection, session.account_id, now())
    return RedirectResponse("/", status_code=303)


def _note(session: RequestSession, moment: datetime) -> None:
    """Write down that the account looks, where that is more than a moment ago."""
    if session.account_id is None:
        return
    with session.read() as connection:
        if not needs_noting(connection, session.account_id, moment):
            return
    with session.write() as connection:
        note_look(connection, session.account_id, moment)


def _new(connection: sa.Connection, session: RequestSession, moment: datetime) -> dict[str, Any]:
    """What is new, and what waits for a verdict."""
    owner_id = session.owner.id
    since = new_since(connection, session.account_id) if session.account_id is not None else None
    from_when = since or moment - _A_DAY
    day = from_when.astimezone(UTC).date().isoformat()
    newest = newest_suspects(connection, owner_id, from_when, _FEW)
    return {
        "since": since,
        "new": Count(
            number=suspects_since(connection, owner_id, from_when, _MOST),
            link=Asked(since=day, triage=ALL, sort=Sort.NEWEST).address("/suspects"),
        ),
        "newest": newest,
        "pictures": pictures_of(connection, {one.image_sha256 for one in newest if one.image_sha256}),
        "decided": verdicts_since(connection, owner_id, from_when, _MOST),
        "undecided": Count(
            number=undecided(connection, owner_id, _MOST), link=Asked(verdict=UNJUDGED).address("/suspects")
        ),
    }


def _plots(connection: sa.Connection, owner_id: int, moment: datetime) -> dict[str, Plot | str]:
    """Suspects and verdicts over time: by days for a month, by weeks where there is more to tell."""
    first = first_suspected(connection, owner_id)
    by_week = first is not None and first < moment - timedelta(days=_DAYS)
    edges = _edges(moment, timedelta(weeks=1), _WEEKS) if by_week else _edges(moment, timedelta(days=1), _DAYS)
    found = suspects_over_time(connection, owner_id, edges)
    given = verdicts_over_time(connection, owner_id, edges)
    kinds = list(VerdictKind)
    return {
        "found_plot": draw(_drawn(edges, lambda step: (found[step],)), [_("suspects")]),
        "given_plot": draw(
            _drawn(edges, lambda step: tuple(given[step].get(kind, 0) for kind in kinds)),
            [verdict_word(kind) for kind in kinds],
        ),
        "step_words": _("week from") if by_week else _("day"),
    }


def _edges(moment: datetime, step: timedelta, steps: int) -> list[datetime]:
    """The days (UTC) at which the steps begin, and the one at which the last ends; weeks begin on Monday."""
    today = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    begin = today - timedelta(days=today.weekday()) if step.days == 7 else today
    return [begin - step * (steps - 1 - place) for place in range(steps + 1)]


def _drawn(edges: Sequence[datetime], counts: Callable[[int], tuple[int, ...]]) -> list[Step]:
    """The steps of a plot, each leading to the suspects that were found in it."""
    steps = []
    for place, (begin, end) in enumerate(pairwise(edges)):
        first, last = begin.date().isoformat(), (end - timedelta(days=1)).date().isoformat()
        link = Asked(since=first, until=last, triage=ALL, sort=Sort.NEWEST).address("/suspects")
        steps.append(Step(label=first, link=link, counts=counts(place)))
    return steps


@dataclass(frozen=True, slots=True, kw_only=True)
class NextStep:
    """A step of a new owner: whether it is done, and where it is taken."""

    done: bool
    words: str
    why: str
    link: str
    label: str


def _steps(steps: FirstSteps) -> list[NextStep]:
    """From nothing to the first verdict."""
    started = "/monitors" if steps.monitor else "/monitors/new"
    return [
        NextStep(
            done=steps.product,
            words=_("Register your products"),
            why=_("What you sell, with pictures: listings are compared with them."),
            link="/products",
            label=_("Register a product"),
        ),
        NextStep(
            done=steps.monitor,
            words=_("Set up a monitor"),
            why=_("It says where to look, and when."),
            link="/monitors/new",
            label=_("New monitor"),
        ),
        NextStep(
            done=steps.run,
            words=_("Let it run"),
            why=_("At its time, or now. What it reads is judged within moments."),
            link=started,
            label=_("To the monitors"),
        ),
        NextStep(
            done=steps.suspect,
            words=_("See the first suspect"),
            why=_("It appears here by itself. Where nothing is found, the run's page says what was seen."),
            link="/monitors",
            label=_("To the monitors"),
        ),
    ]
