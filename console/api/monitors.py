"""Monitors for programs: what is watched, where and when."""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter
from starlette.responses import Response

from console.contract.creating import CurrentCreation, create
from console.contract.pages import Cursor, Limit, Page, page_of
from console.contract.preconditions import IfMatch, IfNoneMatch, answer_with_etag, etag_of, require_match
from console.guards.access import needs
from console.monitoring import (
    Plan,
    change_monitor,
    name_canaries,
    pause_monitor,
    preview_plan,
    require_started,
    resume_monitor,
    set_up_monitor,
    start_run,
)
from console.monitoring import preview_monitor as preview
from console.request import CurrentSession
from console.schemas.fields import PathId
from console.schemas.monitoring import CanarySaid, MonitorChange, MonitorPreview, MonitorSaid, MonitorShown, RunShown
from console.session import RequestSession
from counterfoil.clock import now
from counterfoil.models import Canary, CrawlLimits, Monitor, MonitorState, Role, Schedule
from counterfoil.store import monitors as stored
from counterfoil.store.owners import hold_owner

router = APIRouter(prefix="/api/v1/monitors", tags=["monitors"], dependencies=[needs(Role.VIEWER)])
_manager = [needs(Role.MANAGER)]

# Beside /api/v1/monitors/{monitor_id}, not below it, where a GET would be taken for a monitor of that name.
previews = APIRouter(prefix="/api/v1/monitor-previews", tags=["monitors"], dependencies=[needs(Role.MANAGER)])


@previews.post("")
def preview_new_monitor(session: CurrentSession, said: MonitorSaid) -> MonitorPreview:
    """The queries that a monitor would ask which is not set up yet, and its next five times."""
    with session.read() as connection:
        return MonitorPreview.model_validate(preview_plan(connection, session, _plan(said.model_dump()), now()))


@router.get("")
def list_monitors(session: CurrentSession, cursor: Cursor = None, limit: Limit = 50) -> Page[MonitorShown]:
    """The owner's monitors."""
    with session.read() as connection:
        return page_of(
            "monitors",
            cursor,
            limit,
            lambda after, most: stored.monitors_after(connection, session.owner.id, after, most),
            MonitorShown,
        )


@router.post("", status_code=201, response_model=MonitorShown, dependencies=_manager)
def create_monitor(session: CurrentSession, said: MonitorSaid, creation: CurrentCreation) -> Response:
    """Set up a monitor."""

    def make(connection: sa.Connection) -> tuple[str, MonitorShown]:
        made = set_up_monitor(connection, session, _plan(said.model_dump()), now())
        if said.canaries:
            made = name_canaries(connection, session, made, _canaries(said.canaries))
        return f"/api/v1/monitors/{made.id}", MonitorShown.model_validate(made)

    return create(session, creation, "monitor.add", said.name, make)


@router.get("/{monitor_id}", response_model=MonitorShown)
def get_monitor(session: CurrentSession, monitor_id: PathId, if_none_match: IfNoneMatch = None) -> Response:
    """A monitor."""
    with session.read() as connection:
        found = stored.get_monitor(connection, session.owner.id, monitor_id)
    return answer_with_etag(MonitorShown.model_validate(found), if_none_match)


@router.get("/{monitor_id}/preview")
def preview_monitor(session: CurrentSession, monitor_id: PathId) -> MonitorPreview:
    """The queries that a monitor will ask, and its next five times."""
    with session.read() as connection:
        found = stored.get_monitor(connection, session.owner.id, monitor_id)
        return MonitorPreview.model_validate(preview(connection, session, found))


@router.post("/{monitor_id}/preview", dependencies=_manager)
def preview_change(session: CurrentSession, monitor_id: PathId, said: MonitorChange) -> MonitorPreview:
    """The same once the monitor were changed so; nothing is changed."""
    given = said.model_dump(exclude_none=True, exclude={"state", "canaries"})
    with session.read() as connection:
        found = stored.get_monitor(connection, session.owner.id, monitor_id)
        return MonitorPreview.model_validate(preview_plan(connection, session, _changed(found, given), now(), found))


@router.patch("/{monitor_id}", response_model=MonitorShown, dependencies=_manager)
def patch_monitor(
    session: CurrentSession, monitor_id: PathId, said: MonitorChange, if_match: IfMatch = None
) -> Response:
    """Change, pause or resume a monitor; runs under way go on."""
    given = said.model_dump(exclude_none=True)
    state = given.pop("state", None)
    with session.act("monitor.change", f"monitor {monitor_id}", changed=sorted(given), state=state) as connection:
        hold_owner(connection, session.owner.id)
        found = stored.get_monitor(connection, session.owner.id, monitor_id)
        before = MonitorShown.model_validate(found)
        require_match(if_match, etag_of(before))
        if given.keys() - {"canaries"}:
            found = change_monitor(connection, session, found, _changed(found, given), now())
        if said.canaries is not None:
            found = name_canaries(connection, session, found, _canaries(said.canaries))
        changed = _with_state(connection, session, found, state)
    return answer_with_etag(MonitorShown.model_validate(changed))


@router.delete("/{monitor_id}", status_code=204, response_class=Response, dependencies=_manager)
def remove_monitor(session: CurrentSession, monitor_id: PathId, if_match: IfMatch = None) -> None:
    """Take a monitor back; its runs and what they found stay."""
    with session.act("monitor.remove", f"monitor {monitor_id}") as connection:
        hold_owner(connection, session.owner.id)
        found = stored.get_monitor(connection, session.owner.id, monitor_id)
        require_match(if_match, etag_of(MonitorShown.model_validate(found)))
        stored.remove_monitor(connection, found, now())


@router.post("/{monitor_id}/runs", status_code=201, response_model=RunShown, dependencies=_manager)
def create_run(session: CurrentSession, monitor_id: PathId, creation: CurrentCreation) -> Response:
    """Run a monitor now; its schedule stays as it is. 409 while an earlier run is open."""

    def make(connection: sa.Connection) -> tuple[str, RunShown]:
        found = stored.get_monitor(connection, session.owner.id, monitor_id)
        run = start_run(connection, session, found, now())
        require_started(found, run)
        return f"/api/v1/runs/{run.id}", RunShown.model_validate(run)

    return create(session, creation, "monitor.run", f"monitor {monitor_id}", make)


def _plan(said: dict[str, Any]) -> Plan:
    lists: dict[str, Any] = {name: tuple(said.pop(name)) for name in ("marketplaces", "product_ids", "queries")}
    said.pop("canaries", None)
    schedule, limits = Schedule(**said.pop("schedule")), CrawlLimits(**said.pop("limits"))
    return Plan(**said, **lists, schedule=schedule, limits=limits)


def _changed(monitor: Monitor, given: dict[str, Any]) -> Plan:
    kept = MonitorShown.model_validate(monitor).model_dump(exclude={"id", "state", "next_due_at"})
    return _plan({**kept, **given})


def _canaries(said: Iterable[CanarySaid]) -> list[Canary]:
    return [Canary(**one.model_dump()) for one in said]


def _with_state(
    connection: sa.Connection, session: RequestSession, found: Monitor, state: MonitorState | None
) -> Monitor:
    if state is None or state is found.state:
        return found
    if state is MonitorState.PAUSED:
        pause_monitor(connection, found)
    else:
        resume_monitor(connection, found, now())
    return stored.get_monitor(connection, session.owner.id, found.id)
