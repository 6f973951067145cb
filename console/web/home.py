"""The first page: what is new, what is under way, what was not seen and why, and how it went over time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from console.guards.access import needs
from console.overview import MOST_COUNTED, TimeStep, are_weeks, counts_of, looked_at, mark_seen, over_time
from console.rendering import render
from console.request import CurrentSession
from console.session import RequestSession
from console.translation import gettext as _
from console.troubles import Examined, service_troubles, troubles_of
from console.web.pictures import pictures_of
from console.web.plots import HEIGHT, WIDTH, Plot, Step, draw
from console.web.running import running_runs
from console.web.searching import ALL, Asked
from console.wording import verdict_word
from counterfoil.clock import now
from counterfoil.models import Role, VerdictKind
from counterfoil.store.looks import needs_noting, note_look
from counterfoil.store.overview import FirstSteps, first_steps, newest_suspects
from indexer.query import UNJUDGED, Sort

router = APIRouter(include_in_schema=False, dependencies=[needs(Role.VIEWER)])
_FEW = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """A number that leads into the list: exact up to the most that are counted."""

    number: int
    link: str

    def __str__(self) -> str:
        return f"{self.number:,}" if self.number < MOST_COUNTED else f"{MOST_COUNTED:,}+"


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
            **_new(connection, session),
            **_plots(over_time(connection, session.owner.id, moment)),
        }
    findings = service_troubles(session, examined)
    return HTMLResponse(render("home.html", session, findings=findings, width=WIDTH, height=HEIGHT, **values))


@router.post("/seen", response_class=HTMLResponse)
def post_seen(session: CurrentSession) -> RedirectResponse:
    """Nothing that is there now is new any more, for this account. Twice is the same as once."""
    if session.account_id is not None:
        mark_seen(session)
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


def _new(connection: sa.Connection, session: RequestSession) -> dict[str, Any]:
    """What is new, and what waits for a verdict."""
    since = looked_at(connection, session)
    counts = counts_of(connection, session, since)
    day = counts.since.astimezone(UTC).date().isoformat()
    newest = newest_suspects(connection, session.owner.id, counts.since, _FEW)
    return {
        "since": since,
        "new": Count(number=counts.new, link=Asked(since=day, triage=ALL, sort=Sort.NEWEST).address("/suspects")),
        "newest": newest,
        "pictures": pictures_of(connection, {one.image_sha256 for one in newest if one.image_sha256}),
        "decided": counts.decided,
        "undecided": Count(number=counts.undecided, link=Asked(verdict=UNJUDGED).address("/suspects")),
    }


def _plots(steps: Sequence[TimeStep]) -> dict[str, Plot | str]:
    """Suspects and verdicts over time."""
    kinds = list(VerdictKind)
    return {
        "found_plot": draw(_drawn(steps, lambda one: (one.suspects,)), [_("suspects")]),
        "given_plot": draw(
            _drawn(steps, lambda one: tuple(one.verdicts.get(kind, 0) for kind in kinds)),
            [verdict_word(kind) for kind in kinds],
        ),
        "step_words": _("week from") if are_weeks(steps) else _("day"),
    }


def _drawn(steps: Sequence[TimeStep], counts: Callable[[TimeStep], tuple[int, ...]]) -> list[Step]:
    """The steps of a plot, each leading to the suspects that were found in it."""
    drawn = []
    for one in steps:
        first, last = one.begin.date().isoformat(), (one.end - timedelta(days=1)).date().isoformat()
        link = Asked(since=first, until=last, triage=ALL, sort=Sort.NEWEST).address("/suspects")
        drawn.append(Step(label=first, link=link, counts=counts(one)))
    return drawn


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
