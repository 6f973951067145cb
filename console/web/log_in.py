"""Logging in and out."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response

from console.guards.access import PUBLIC, needs
from console.guards.cookies import forget_session_token, session_token, set_session_token
from console.guards.redirects import own_path
from console.rendering import render
from console.request import ClientAddress, CurrentInstallation, CurrentSession, CurrentVisit
from console.translation import worded
from counterfoil.accounts import end_session_of, log_in, log_out
from counterfoil.clock import now
from counterfoil.exceptions import NotLoggedIn, TooManyAttempts
from counterfoil.models import Role

router = APIRouter(include_in_schema=False)


@router.get("/log-in", response_class=HTMLResponse, dependencies=[PUBLIC])
def show_log_in(next: str = "/") -> HTMLResponse:
    """The log-in page."""
    return _page(own_path(next))


@router.post("/log-in", response_class=HTMLResponse, dependencies=[PUBLIC])
def post_log_in(
    request: Request,
    installation: CurrentInstallation,
    address: ClientAddress,
    name: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "/",
) -> Response:
    """Log in, and go on to the page that was asked for; whoever was logged in here before no longer is."""
    settings = installation.settings
    try:
        visit = log_in(installation.store, settings, name, password, address, now())
    except (NotLoggedIn, TooManyAttempts) as error:
        return _page(own_path(next), name=name, error=error)
    before = session_token(request, settings)
    if before:
        end_session_of(installation.store, before, now())
    answer = RedirectResponse(own_path(next), status_code=303)
    set_session_token(answer, settings, visit.token or "")
    return answer


@router.post("/log-out", response_class=HTMLResponse, dependencies=[needs(Role.VIEWER)])
def post_log_out(
    request: Request,
    session: CurrentSession,
    visit: CurrentVisit,
    address: ClientAddress,
) -> Response:
    """Log out."""
    token = session_token(request, session.settings)
    if visit is not None and token is not None:
        log_out(session.store, visit, token, address, now())
    answer = RedirectResponse("/log-in", status_code=303)
    forget_session_token(answer, session.settings)
    return answer


def _page(next: str, name: str = "", error: NotLoggedIn | TooManyAttempts | None = None) -> HTMLResponse:
    page = render("log_in.html", None, next=next, name=name, error=worded(error) if error else None)
    if isinstance(error, TooManyAttempts):
        return HTMLResponse(page, status_code=429, headers={"Retry-After": str(error.seconds)})
    return HTMLResponse(page, status_code=200 if error is None else 403)
