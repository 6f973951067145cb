"""Setting up a monitor and changing one, by a form that shows what would happen before anything is saved."""

from typing import Annotated, Any

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response

from console.contract.preconditions import etag_of, require_match
from console.guards.access import needs
from console.monitoring import Plan, Preview, change_monitor, preview_plan, set_up_monitor, start_run
from console.rendering import render
from console.request import CurrentSession
from console.schemas.fields import PathId
from console.schemas.monitoring import MonitorShown
from console.session import RequestSession
from console.translation import worded
from console.web.monitor_form import MOST_PRODUCTS, MonitorForm, form_of, offered_markets, offered_products, plan_of
from console.web.schedules import units, weekdays
from counterfoil.clock import now
from counterfoil.exceptions import Conflict, InvalidInput, NotFound, Outdated
from counterfoil.models import Monitor, Role
from counterfoil.store import monitors as stored
from counterfoil.store.owners import hold_owner

router = APIRouter(prefix="/monitors", include_in_schema=False, dependencies=[needs(Role.MANAGER)])

Filled = Annotated[MonitorForm, Form()]


@router.get("/new", response_class=HTMLResponse)
def show_new_monitor(session: CurrentSession) -> HTMLResponse:
    """The form of a new monitor."""
    with session.read() as connection:
        open_markets = [one.name for one in offered_markets(connection, session) if one.obstacle is None]
    only = open_markets if len(open_markets) == 1 else []
    return _page(session, MonitorForm(name=_first_name(session), marketplace=only, at_once="yes"), None)


@router.post("/new", response_class=HTMLResponse)
def post_new_monitor(session: CurrentSession, form: Filled) -> Response:
    """Show what the monitor would do, or set it up: and go to its first run, where it is to run at once."""
    if form.step != "save":
        return _page(session, form, None)
    try:
        wanted = plan_of(form)
        with session.act("monitor.add", wanted.name) as connection:
            made = set_up_monitor(connection, session, wanted, now())
            run = start_run(connection, session, made, now()) if form.at_once else None
    except (InvalidInput, NotFound, Conflict) as error:
        return _page(session, form, None, error=worded(error))
    return RedirectResponse(f"/runs/{run.id}" if run else f"/monitors/{made.id}", status_code=303)


@router.get("/{monitor_id}/edit", response_class=HTMLResponse)
def show_editing(session: CurrentSession, monitor_id: PathId) -> HTMLResponse:
    """The form of a monitor as it is."""
    with session.read() as connection:
        found = stored.get_monitor(connection, session.owner.id, monitor_id)
    return _page(session, form_of(found, etag_of(MonitorShown.model_validate(found))), found)


@router.post("/{monitor_id}/edit", response_class=HTMLResponse)
def post_editing(session: CurrentSession, monitor_id: PathId, form: Filled) -> Response:
    """Show what the changed monitor would do, or change it; 412 when somebody else has changed it meanwhile."""
    with session.read() as connection:
        found = stored.get_monitor(connection, session.owner.id, monitor_id)
    if form.step != "save":
        return _page(session, form, found)
    try:
        _change(session, monitor_id, plan_of(form), form.etag)
    except Outdated:
        raise
    except (InvalidInput, NotFound, Conflict) as error:
        return _page(session, form, found, error=worded(error))
    return RedirectResponse(f"/monitors/{monitor_id}", status_code=303)


def _change(session: RequestSession, monitor_id: int, wanted: Plan, etag: str) -> None:
    with session.act("monitor.change", f"monitor {monitor_id}") as connection:
        hold_owner(connection, session.owner.id)
        present = stored.get_monitor(connection, session.owner.id, monitor_id)
        require_match(etag, etag_of(MonitorShown.model_validate(present)))
        change_monitor(connection, session, present, wanted, now())


def _first_name(session: RequestSession) -> str:
    """A name that is not taken yet: nobody has to think of one to begin."""
    with session.read() as connection:
        taken = {one.name for one in stored.list_monitors(connection, session.owner.id)}
    names = ["nightly", *(f"nightly {number}" for number in range(2, len(taken) + 3))]
    return next(name for name in names if name not in taken)


def _page(
    session: RequestSession, form: MonitorForm, monitor: Monitor | None, *, error: str | None = None
) -> HTMLResponse:
    with session.read() as connection:
        products = offered_products(connection, session.owner.id, form.product)
        markets = offered_markets(connection, session)
    preview = _preview(session, form, monitor)
    page = render(
        "monitor_form.html",
        session,
        form=form,
        monitor=monitor,
        products=products,
        more_products=len(products) >= MOST_PRODUCTS,
        markets=[one for one in markets if one.obstacle is None or one.name in form.marketplace],
        closed_markets=[one for one in markets if one.obstacle is not None and one.name not in form.marketplace],
        weekdays=list(enumerate(weekdays())),
        units=units(),
        error=error,
        **preview,
    )
    return HTMLResponse(page, status_code=422 if error else 200)


def _preview(session: RequestSession, form: MonitorForm, monitor: Monitor | None) -> dict[str, Any]:
    """What the monitor would do, or why that cannot be said yet."""
    try:
        wanted = plan_of(form)
        with session.read() as connection:
            preview: Preview | None = preview_plan(connection, session, wanted, now(), monitor)
    except (InvalidInput, NotFound, Conflict) as error:
        return {"preview": None, "not_yet": worded(error)}
    return {"preview": preview, "not_yet": None}
