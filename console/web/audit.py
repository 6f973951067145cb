"""The page of the audit log: who did what, newest first."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from console.contract.pages import cursor_of, position_of
from console.guards.access import needs
from console.rendering import render
from console.request import CurrentSession
from counterfoil.models import Role
from counterfoil.store.accounts import list_accounts
from counterfoil.store.audit import AuditFilter, list_audit_entries

router = APIRouter(include_in_schema=False, dependencies=[needs(Role.ADMIN)])
_PAGE = 100
# What actions are about: the part before their point.
_ABOUT = (
    *("account", "audit", "brand", "draft", "image", "key", "marketplace", "monitor", "product", "right", "run"),
    *("seller", "suspect", "verdict"),
)
_Text = Annotated[str, Query(max_length=200)]


@router.get("/audit", response_class=HTMLResponse)
def list_audit(
    session: CurrentSession,
    actor: _Text = "",
    about: _Text = "",
    since: _Text = "",
    until: _Text = "",
    cursor: str | None = None,
) -> HTMLResponse:
    """The audit log: by whom, about what, from when to when (days in UTC); entries are only ever added."""
    asked = {"actor": actor.strip(), "about": about, "since": since, "until": until}
    last = _day(until)
    only = AuditFilter(
        actor=actor.strip() or None,
        about=about if about in _ABOUT else None,
        since=_day(since),
        until=last + timedelta(days=1) if last else None,
    )
    with session.read() as connection:
        rows = list_audit_entries(
            connection, session.owner.id, before=position_of("audit page", cursor), limit=_PAGE + 1, only=only
        )
        names = [one.name for one in list_accounts(connection, session.owner.id)]
    following = cursor_of("audit page", rows[_PAGE - 1].id) if len(rows) > _PAGE else None
    said = {name: value for name, value in asked.items() if value}
    page = render(
        "audit.html",
        session,
        rows=rows[:_PAGE],
        asked=asked,
        names=names,
        abouts=_ABOUT,
        next=f"/audit?{urlencode({**said, 'cursor': following})}" if following else None,
    )
    return HTMLResponse(page)


def _day(text: str) -> datetime | None:
    """The beginning of a day, in UTC; None for what is none."""
    try:
        return datetime.combine(date.fromisoformat(text), time(), UTC)
    except ValueError:
        return None
