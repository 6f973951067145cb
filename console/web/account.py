"""One's own account: who one is here, and another password."""

from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse

from console.guards.access import needs
from console.rendering import render
from console.request import ClientAddress, CurrentSession, CurrentVisit
from console.session import RequestSession
from console.translation import gettext as _
from console.translation import worded
from counterfoil.accounts import change_password
from counterfoil.clock import now
from counterfoil.exceptions import Forbidden, InvalidInput, TooManyAttempts
from counterfoil.models import Role
from counterfoil.passwords import SHORTEST

router = APIRouter(include_in_schema=False, dependencies=[needs(Role.VIEWER)])


@router.get("/account", response_class=HTMLResponse)
def show_account(session: CurrentSession) -> HTMLResponse:
    """The page of one's own account."""
    return _page(session)


@router.post("/account/password", response_class=HTMLResponse)
def post_password(
    session: CurrentSession,
    visit: CurrentVisit,
    address: ClientAddress,
    old: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    again: Annotated[str, Form()] = "",
) -> HTMLResponse:
    """Change one's own password; every other session of the account ends."""
    if visit is None:
        raise Forbidden(_("An API key has no password: log in to change yours."))
    try:
        if password != again:
            raise InvalidInput(_("The two new passwords differ: type the same one twice."))
        change_password(session.store, visit, old, password, address, now())
    except (InvalidInput, TooManyAttempts) as error:
        return _page(session, error=worded(error), status=422)
    return _page(session, notice=_("Your password was changed, and every other session of yours has ended."))


def _page(
    session: RequestSession, *, error: str | None = None, notice: str | None = None, status: int = 200
) -> HTMLResponse:
    page = render("account.html", session, error=error, notice=notice, shortest=SHORTEST)
    return HTMLResponse(page, status_code=status)
