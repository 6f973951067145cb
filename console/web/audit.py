"""The page of the audit log: who did what, newest first."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from console.contract.pages import cursor_of, position_of
from console.guards.access import needs
from console.rendering import render
from console.request import CurrentSession
from console.schemas.access import Audited
from console.session import RequestSession
from console.translation import gettext as _
from console.translation import worded
from console.web.forms import read_day
from counterfoil.exceptions import InvalidInput
from counterfoil.models import AuditEntry, Role
from counterfoil.store.accounts import list_accounts
from counterfoil.store.audit import AuditFilter, list_audit_entries

router = APIRouter(include_in_schema=False, dependencies=[needs(Role.ADMIN)])
_PAGE = 100
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
    try:
        only = _asked(actor, about, since, until)
    except InvalidInput as error:
        return HTMLResponse(_page(session, asked, [], error=worded(error)), status_code=422)
    with session.read() as connection:
        before = position_of("audit page", cursor)
        rows = list_audit_entries(connection, session.owner.id, before=before, limit=_PAGE + 1, only=only)
    return HTMLResponse(_page(session, asked, rows))


def _page(session: RequestSession, asked: Mapping[str, str], rows: Sequence[AuditEntry], error: str = "") -> str:
    """The page of these entries, which may be one more than it shows."""
    with session.read() as connection:
        names = [one.name for one in list_accounts(connection, session.owner.id)]
    following = cursor_of("audit page", rows[_PAGE - 1].id) if len(rows) > _PAGE else None
    said = {name: value for name, value in asked.items() if value}
    return render(
        "audit.html",
        session,
        rows=rows[:_PAGE],
        asked=asked,
        names=names,
        abouts=list(Audited),
        error=error,
        next=f"/audit?{urlencode({**said, 'cursor': following})}" if following else None,
    )


def _asked(actor: str, about: str, since: str, until: str) -> AuditFilter:
    """What is asked for. Raises InvalidInput."""
    if about and about not in set(Audited):
        raise InvalidInput(_("Nothing is noted about %(about)r: choose from the list.") % {"about": about})
    last = read_day(until)
    return AuditFilter(
        actor=actor.strip() or None,
        about=about or None,
        since=read_day(since),
        until=last + timedelta(days=1) if last else None,
    )
