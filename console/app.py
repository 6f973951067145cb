"""The whole HTTP interface on one screen: every router, guard and error it has."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.middleware.trustedhost import TrustedHostMiddleware

from console.api import health, images, suspects
from console.session import Session
from console.web import suspects as suspect_pages
from counterfoil.exceptions import (
    Conflict,
    CounterfoilError,
    DeletedByRetention,
    IndexUnavailable,
    InvalidInput,
    NotFound,
    StoreError,
)
from counterfoil.version import VERSION

# No page of ours loads anything from elsewhere, runs an inline script, or may be framed.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; style-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
ROUTERS = (health.router, suspects.router, images.router, suspect_pages.router)

_STATUS: tuple[tuple[type[CounterfoilError], int], ...] = (
    (InvalidInput, 422),
    (DeletedByRetention, 410),
    (NotFound, 404),
    (Conflict, 409),
    (IndexUnavailable, 503),
    (StoreError, 503),
)


def create_app(session: Session) -> FastAPI:
    """The application over one installation, for the owner that the session works for."""
    app = FastAPI(
        title="Counterfoil",
        version=VERSION,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
        responses={},
    )
    app.state.session = session
    # A page elsewhere could make its own name point at this machine and read along; it cannot forge this name.
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost", "[::1]", "::1"])
    app.middleware("http")(_add_headers)
    app.add_exception_handler(CounterfoilError, _problem)
    for router in ROUTERS:
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"), name="static")
    return app


async def _add_headers(request: Request, proceed: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await proceed(request)
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    return response


async def _problem(request: Request, error: Exception) -> Response:
    """Our errors as problem details (RFC 9457)."""
    status = next((code for kind, code in _STATUS if isinstance(error, kind)), 500)
    body = {"type": "about:blank", "title": type(error).__name__, "status": status, "detail": str(error)}
    return JSONResponse(body, status_code=status, media_type="application/problem+json")
