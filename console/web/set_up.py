"""The page behind a set-up link: where a password is chosen, and an owner's first account made."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response

from console.guards.access import PUBLIC
from console.guards.cookies import session_token, set_session_token
from console.rendering import render
from console.request import ClientAddress, CurrentInstallation
from console.translation import gettext as _
from console.translation import worded
from counterfoil.accounts import end_session_of, set_up
from counterfoil.clock import now
from counterfoil.exceptions import Conflict, InvalidInput
from counterfoil.passwords import SHORTEST
from counterfoil.store.set_up_links import SetUpLink, get_set_up_link
from counterfoil.tokens import token_digest

router = APIRouter(include_in_schema=False)


@router.get("/set-up/{token}", response_class=HTMLResponse, dependencies=[PUBLIC])
def show_set_up(installation: CurrentInstallation, token: str) -> HTMLResponse:
    """The page of a set-up link; 404 once it was used or has expired."""
    return _page(_link(installation, token))


@router.post("/set-up/{token}", response_class=HTMLResponse, dependencies=[PUBLIC])
def post_set_up(
    request: Request,
    installation: CurrentInstallation,
    address: ClientAddress,
    token: str,
    name: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    again: Annotated[str, Form()] = "",
) -> Response:
    """Set the password, and log in; a link works once."""
    link = _link(installation, token)
    settings = installation.settings
    try:
        if password != again:
            raise InvalidInput(_("The two passwords differ: type the same one twice."))
        visit = set_up(installation.store, settings, token, name, password, address, now())
    except (InvalidInput, Conflict) as error:
        return _page(link, name=name, error=worded(error))
    before = session_token(request, settings)
    if before:
        end_session_of(installation.store, before, now())
    answer = RedirectResponse("/", status_code=303)
    set_session_token(answer, settings, visit.token or "")
    return answer


def _link(installation: CurrentInstallation, token: str) -> SetUpLink:
    with installation.store.read() as connection:
        return get_set_up_link(connection, token_digest(token), now())


def _page(link: SetUpLink, name: str = "", error: str | None = None) -> HTMLResponse:
    page = render(
        "set_up.html",
        None,
        owner=link.owner_name,
        account=link.account_name,
        name=name,
        error=error,
        shortest=SHORTEST,
    )
    return HTMLResponse(page, status_code=422 if error else 200)
