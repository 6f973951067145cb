"""Runs as they go, told by server-sent events (HTML, 9.2): whole pictures, so that any of them may be missed.

Each connection asks the database once a second; any number of server processes tell the same, because they all ask it.
"""

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from console.guards.access import needs, require_still
from console.guards.streams import LONGEST_SECONDS, Streams
from console.rendering import render
from console.request import CurrentSession
from console.session import RequestSession
from console.web.running import running_runs
from console.web.runs import progress_of
from counterfoil.exceptions import CounterfoilError
from counterfoil.models import Role, RunState
from counterfoil.store.crawls import list_crawls
from counterfoil.store.run_findings import suspects_since
from counterfoil.store.runs import get_run

router = APIRouter(prefix="/progress", include_in_schema=False, dependencies=[needs(Role.VIEWER)])
KIND = "text/event-stream"
_EVERY_SECONDS = 1.0
# So long nothing may be said before a proxy takes the connection for dead, and a session is believed unasked.
_QUIET_SECONDS = 15.0

RunAsked = Annotated[int | None, Query(ge=1, le=2**63 - 1)]


class EventStream(StreamingResponse):
    """Server-sent events."""

    media_type = KIND


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """All that a page shows of what is under way: `over` when nothing of it will change any more."""

    html: str
    words: str
    suspects: int
    over: bool

    @property
    def id(self) -> str:
        """Changes exactly when what is shown does."""
        return hashlib.sha256(self._data().encode()).hexdigest()[:16]

    def event(self) -> str:
        """As it is sent."""
        return f"id: {self.id}\nevent: progress\ndata: {self._data()}\n\n"

    def _data(self) -> str:
        told = {"html": self.html, "words": self.words, "suspects": self.suspects, "over": self.over}
        return json.dumps(told)


@router.get("", response_class=EventStream)
def follow(
    request: Request, session: CurrentSession, run: RunAsked = None, last_event_id: Annotated[str, Header()] = ""
) -> EventStream:
    """What is under way, as events: one run, or all that are open. Who does not accept events gets one, and the end."""
    picture = picture_of(session, run)
    streams: Streams = request.app.state.streams
    number = streams.begin(f"{session.actor.channel} {session.owner.id} {session.actor.name}")
    events = _events(request, session, run, picture, known=last_event_id, number=number)
    return EventStream(events, headers={"X-Accel-Buffering": "no"})


def picture_of(session: RequestSession, run_id: int | None) -> Picture:
    """What is under way now. Raises NotFound for a run that is not the owner's."""
    return _picture_of_run(session, run_id) if run_id is not None else _picture_of_all(session)


def _picture_of_run(session: RequestSession, run_id: int) -> Picture:
    with session.read() as connection:
        run = get_run(connection, session.owner.id, run_id)
        crawls = list_crawls(connection, session.owner.id, run_id)
        suspects = suspects_since(connection, session.owner.id, run.created_at)
    progress = progress_of(session, run, crawls)
    html = render("run_progress.html", None, progress=progress)
    return Picture(html=html, words=progress.words, suspects=suspects, over=run.state is not RunState.OPEN)


def _picture_of_all(session: RequestSession) -> Picture:
    with session.read() as connection:
        running = running_runs(connection, session)
    html = render("running.html", None, running=running)
    return Picture(html=html, words=running.words, suspects=0, over=False)


async def _events(
    request: Request, session: RequestSession, run_id: int | None, picture: Picture, *, known: str, number: int
) -> AsyncIterator[str]:
    begun = said = checked = time.monotonic()
    try:
        yield "retry: 3000\n\n"
        while True:
            if picture.id != known:
                known, said = picture.id, time.monotonic()
                yield picture.event()
            elif time.monotonic() - said > _QUIET_SECONDS:
                said = time.monotonic()
                yield ":\n\n"
            if picture.over or KIND not in request.headers.get("accept", "") or _is_enough(request, begun):
                return
            await asyncio.sleep(_EVERY_SECONDS)
            if await request.is_disconnected():
                return
            if time.monotonic() - checked > _QUIET_SECONDS:
                checked = time.monotonic()
                await run_in_threadpool(require_still, request)
            picture = await run_in_threadpool(picture_of, session, run_id)
    except CounterfoilError:
        # Logged out, or the database is away: the browser asks again by itself, and is told then.
        return
    finally:
        request.app.state.streams.end(number)


def _is_enough(request: Request, begun: float) -> bool:
    return time.monotonic() - begun > LONGEST_SECONDS or request.app.state.stopping.is_set()
