"""The pages of monitors: what is watched, how it went, and the buttons that pause, run and remove."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse, RedirectResponse

from console.guards.access import needs
from console.monitoring import (
    obstacle_of,
    pause_monitor,
    preview_monitor,
    resume_monitor,
    start_run,
)
from console.outcomes import RunOutcome, outcome_of
from console.rendering import render
from console.request import CurrentSession
from console.schemas.fields import PathId
from console.session import RequestSession
from console.translation import gettext as _
from console.web.schedules import schedule_words
from counterfoil.access import access_in_words
from counterfoil.clock import now
from counterfoil.exceptions import InvalidInput
from counterfoil.models import Monitor, Role, Run
from counterfoil.store import monitors as stored
from counterfoil.store.history import crawl_ends, last_runs
from counterfoil.store.owners import hold_owner
from counterfoil.store.products import product_names

router = APIRouter(prefix="/monitors", include_in_schema=False, dependencies=[needs(Role.VIEWER)])
_manager = [needs(Role.MANAGER)]
_FEW = 12
_MANY = 60


@dataclass(frozen=True, slots=True)
class PastRun:
    """A run in a monitor's history, and what came of it."""

    run: Run
    outcome: RunOutcome


@router.get("", response_class=HTMLResponse)
def list_monitors(session: CurrentSession) -> HTMLResponse:
    """The page of monitors: where, when, and how the last runs went."""
    with session.read() as connection:
        found = stored.list_monitors(connection, session.owner.id)
        histories = _histories(connection, session, found, _FEW)
        products = len(product_names(connection, session.owner.id))
    rows = [
        {
            "monitor": one,
            "when": schedule_words(one.schedule),
            "markets": [session.marketplace_title(name) for name in one.marketplaces],
            "products": len(one.product_ids) or products,
            "all_products": not one.product_ids,
            "history": histories[one.id],
        }
        for one in found
    ]
    return HTMLResponse(render("monitors.html", session, rows=rows, products=products, may_change=_may_change(session)))


@router.get("/{monitor_id}", response_class=HTMLResponse)
def show_monitor(session: CurrentSession, monitor_id: PathId) -> HTMLResponse:
    """The page of one monitor: what it looks for and when, and every run with its reason."""
    with session.read() as connection:
        one = stored.get_monitor(connection, session.owner.id, monitor_id)
        preview = preview_monitor(connection, session, one)
        names = product_names(connection, session.owner.id)
        history = _histories(connection, session, [one], _MANY)[one.id]
    return HTMLResponse(
        render(
            "monitor.html",
            session,
            monitor=one,
            when=schedule_words(one.schedule),
            preview=preview,
            products=[names[product_id] for product_id in one.product_ids if product_id in names],
            markets=[_market(session, name) for name in one.marketplaces],
            history=history,
            may_change=_may_change(session),
        )
    )


@router.post("/{monitor_id}/runs", response_class=HTMLResponse, dependencies=_manager)
def post_run(session: CurrentSession, monitor_id: PathId) -> RedirectResponse:
    """Run a monitor now, and go to the run; one that cannot be made says why, and leads to the one still open."""
    with session.act("monitor.run", f"monitor {monitor_id}") as connection:
        found = stored.get_monitor(connection, session.owner.id, monitor_id)
        run = start_run(connection, session, found, now())
    return RedirectResponse(f"/runs/{run.id}", status_code=303)


@router.post("/{monitor_id}/pause", response_class=HTMLResponse, dependencies=_manager)
def post_pause(session: CurrentSession, monitor_id: PathId) -> RedirectResponse:
    """Stop firing a monitor; runs under way go on. Twice is the same as once."""
    with session.act("monitor.pause", f"monitor {monitor_id}") as connection:
        pause_monitor(connection, stored.get_monitor(connection, session.owner.id, monitor_id))
    return RedirectResponse(f"/monitors/{monitor_id}", status_code=303)


@router.post("/{monitor_id}/resume", response_class=HTMLResponse, dependencies=_manager)
def post_resume(session: CurrentSession, monitor_id: PathId) -> RedirectResponse:
    """Fire a paused monitor again, from its next time on."""
    with session.act("monitor.resume", f"monitor {monitor_id}") as connection:
        hold_owner(connection, session.owner.id)
        resume_monitor(connection, stored.get_monitor(connection, session.owner.id, monitor_id), now())
    return RedirectResponse(f"/monitors/{monitor_id}", status_code=303)


@router.get("/{monitor_id}/remove", response_class=HTMLResponse, dependencies=_manager)
def show_removal(session: CurrentSession, monitor_id: PathId) -> HTMLResponse:
    """Ask before a monitor is removed, and say what stays."""
    with session.read() as connection:
        one = stored.get_monitor(connection, session.owner.id, monitor_id)
    return HTMLResponse(render("monitor_removal.html", session, monitor=one))


@router.post("/{monitor_id}/remove", response_class=HTMLResponse, dependencies=_manager)
def post_removal(session: CurrentSession, monitor_id: PathId, sure: Annotated[str, Form()] = "") -> RedirectResponse:
    """Take a monitor back; its runs and what they found stay."""
    with session.act("monitor.remove", f"monitor {monitor_id}") as connection:
        hold_owner(connection, session.owner.id)
        found = stored.get_monitor(connection, session.owner.id, monitor_id)
        if sure != "yes":
            raise InvalidInput(_("Say that you mean it: the button on the page before does."))
        stored.remove_monitor(connection, found, now())
    return RedirectResponse("/monitors", status_code=303)


def _histories(
    connection: sa.Connection, session: RequestSession, monitors: Sequence[Monitor], most: int
) -> dict[int, list[PastRun]]:
    """The last runs of each monitor, the oldest first: they are read from left to right."""
    found = {one.id: last_runs(connection, session.owner.id, one.id, most)[::-1] for one in monitors}
    ends = crawl_ends(connection, session.owner.id, [run.id for past in found.values() for run in past])
    return {
        monitor_id: [PastRun(run, outcome_of(run, ends[run.id])) for run in past] for monitor_id, past in found.items()
    }


def _market(session: RequestSession, name: str) -> dict[str, str | None]:
    """A monitor's marketplace in words; one whose declaration is gone has only its name."""
    one = session.marketplaces.get(name)
    if one is None:
        return {"title": name, "route": None, "obstacle": None, "gone": "gone"}
    route = access_in_words(one, session.settings)
    return {"title": one.title, "route": route, "obstacle": obstacle_of(session, one), "gone": None}


def _may_change(session: RequestSession) -> bool:
    return session.actor.role.allows(Role.MANAGER)
