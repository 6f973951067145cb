"""Every error as an answer: problem details (RFC 9457) for programs, a page with cause and remedy for people."""

import re
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from console.guards.headers import HEADERS
from console.rendering import render
from console.translation import gettext as _
from console.translation import worded
from counterfoil.exceptions import (
    Conflict,
    CounterfoilError,
    DeletedByRetention,
    EvidenceUnavailable,
    Forbidden,
    IndexUnavailable,
    InvalidInput,
    NotFound,
    NotLoggedIn,
    Outdated,
    StoreError,
    TooLarge,
    TooManyAttempts,
    UnreadablePicture,
)

_STATUS: tuple[tuple[type[CounterfoilError], int], ...] = (
    (InvalidInput, 422),
    (UnreadablePicture, 422),
    (DeletedByRetention, 410),
    (NotFound, 404),
    (Outdated, 412),
    (Conflict, 409),
    (NotLoggedIn, 401),
    (Forbidden, 403),
    (TooManyAttempts, 429),
    (TooLarge, 413),
    (IndexUnavailable, 503),
    (EvidenceUnavailable, 503),
    (StoreError, 503),
)
_FOR_PROGRAMS = ("/api/", "/healthz", "/readyz")


async def answer_error(request: Request, error: Exception) -> Response:
    """One of our errors as an answer."""
    assert isinstance(error, CounterfoilError)  # noqa: S101 - registered for these only
    return problem_answer(request.scope, error)


async def answer_http_error(request: Request, error: Exception) -> Response:
    """What the framework refuses, such as an unknown path, in the same form as our own errors."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for these only
    detail = str(error.detail) if error.detail != HTTPStatus(error.status_code).phrase else ""
    answer = _answer(request.scope, error.status_code, "http_error", detail)
    answer.headers.update(error.headers or {})
    return answer


async def answer_invalid_request(request: Request, error: Exception) -> Response:
    """A request that does not have the form it must have: which field, and what is wrong with it."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for these only
    errors = [{"where": ".".join(map(str, one["loc"])), "what": str(one["msg"])} for one in error.errors()]
    detail = "; ".join(f"{one['where']}: {one['what']}" for one in errors)
    return _answer(request.scope, 422, "invalid_request", detail, errors=errors)


async def answer_crash(request: Request, error: Exception) -> Response:
    """A mistake of ours: said without what it was, which the server logs."""
    answer = _answer(request.scope, 500, "internal_error", "Counterfoil has made a mistake; its log says which.")
    # Made outside of what adds them to every other answer.
    answer.headers.update(HEADERS)
    return answer


def problem_answer(scope: Scope, error: CounterfoilError) -> Response:
    """One of our errors as an answer: a page for people, who are led to the log-in where nobody is logged in."""
    status = next((code for kind, code in _STATUS if isinstance(error, kind)), 500)
    if status == 401 and not _is_for_programs(scope):
        return _to_log_in(scope)
    answer = _answer(scope, status, _code(error), worded(error))
    if isinstance(error, TooManyAttempts):
        answer.headers["Retry-After"] = str(error.seconds)
    if status == 401:
        answer.headers["WWW-Authenticate"] = 'Bearer realm="counterfoil"'
    return answer


def _answer(scope: Scope, status: int, code: str, detail: str, **more: Any) -> Response:
    phrase = HTTPStatus(status).phrase
    if not _is_for_programs(scope):
        words, remedy = _phrase(status) or phrase, _remedy(status)
        page = render("error.html", None, status=status, phrase=words, detail=detail, remedy=remedy)
        return HTMLResponse(page, status_code=status)
    body = {"type": "about:blank", "title": phrase, "status": status, "detail": detail or phrase, "code": code, **more}
    return JSONResponse(body, status_code=status, media_type="application/problem+json")


def _phrase(status: int) -> str | None:
    """What went wrong, for people."""
    return {
        400: _("Bad request"),
        401: _("Not logged in"),
        403: _("Not allowed"),
        404: _("Not found"),
        405: _("Not possible here"),
        409: _("Not possible now"),
        410: _("Gone"),
        412: _("Changed meanwhile"),
        413: _("Too large"),
        422: _("Not understood"),
        429: _("Too many requests"),
        500: _("A mistake of ours"),
        503: _("Not possible at the moment"),
    }.get(status)


def _remedy(status: int) -> str | None:
    """What to do about it."""
    return {
        403: _("Go back, or ask the admin of your accounts for the role that it takes."),
        404: _("It may have been removed, or the address was copied in part."),
        409: _("Go back, look at what is there now, and try again."),
        410: _("How long pictures are kept is a setting of this installation."),
        412: _("Go back, load the page anew, and decide again."),
        413: _("Send less at once."),
        422: _("Go back, correct what is named here, and send it again."),
        429: _("Wait a moment, then load the page again."),
        500: _("Try again; if it stays so, whoever runs this installation finds the cause in its log."),
        503: _("Try again in a moment; if it stays so, `counterfoil doctor` names the cause."),
    }.get(status)


def _to_log_in(scope: Scope) -> Response:
    # What was sent with a form is lost with the session; leading back to its address would not send it again.
    query = scope["query_string"].decode("latin-1")
    wanted = scope["path"] + (f"?{query}" if query else "") if scope["method"] == "GET" else "/"
    return RedirectResponse("/log-in" if wanted == "/" else f"/log-in?next={quote(wanted, safe='')}", status_code=303)


def _is_for_programs(scope: Scope) -> bool:
    return str(scope["path"]).startswith(_FOR_PROGRAMS)


def _code(error: CounterfoilError) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", type(error).__name__).lower()
