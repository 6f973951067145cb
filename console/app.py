"""The whole HTTP interface on one screen: every router, guard and error it has."""

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware

from console.api import (
    accounts,
    authorised_sellers,
    bodies,
    brands,
    captures,
    checks,
    crawls,
    drafts,
    health,
    images,
    listings,
    marketplaces,
    monitors,
    overview,
    products,
    reference_images,
    rights,
    runs,
    sellers,
    suspects,
    verdict_batches,
)
from console.contract.description import describe
from console.guards.access import needed_role
from console.guards.body import BodyLimit
from console.guards.cookies import RenewedCookie
from console.guards.headers import SecurityHeaders
from console.guards.language import Language
from console.guards.origin import OwnOrigin
from console.guards.pace import Pace
from console.guards.problems import answer_crash, answer_error, answer_http_error, answer_invalid_request
from console.guards.streams import Streams
from console.installation import Installation
from console.public_address import uses_tls
from console.troubles import Examined
from console.web import (
    account,
    administration,
    audit,
    calibration,
    home,
    log_in,
    many,
    monitor_editing,
    picture_search,
    progress,
    set_up,
    suspect,
)
from console.web import authorised_sellers as authorised_pages
from console.web import brands as brand_pages
from console.web import drafts as draft_pages
from console.web import monitors as monitor_pages
from console.web import products as product_pages
from console.web import runs as run_pages
from console.web import sellers as seller_pages
from console.web import suspects as suspect_pages
from counterfoil.exceptions import CounterfoilError
from counterfoil.settings import Settings
from counterfoil.version import VERSION

_LOOPBACK = ("127.0.0.1", "localhost", "[::1]", "::1")
_EVERYWHERE = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 - compared with, not bound
ROUTERS: tuple[APIRouter, ...] = (
    health.router,
    brands.router,
    rights.router,
    products.router,
    reference_images.router,
    authorised_sellers.router,
    drafts.router,
    drafts.files,
    marketplaces.router,
    monitors.router,
    monitors.previews,
    checks.router,
    runs.router,
    crawls.router,
    listings.router,
    sellers.router,
    suspects.router,
    suspects.pictures,
    verdict_batches.router,
    images.router,
    captures.router,
    bodies.router,
    accounts.router,
    overview.router,
    log_in.router,
    set_up.router,
    account.router,
    home.router,
    suspect_pages.router,
    many.router,
    picture_search.router,
    seller_pages.router,
    suspect.router,
    monitor_editing.router,
    monitor_pages.router,
    run_pages.router,
    brand_pages.router,
    authorised_pages.router,
    draft_pages.router,
    product_pages.router,
    calibration.router,
    progress.router,
    administration.router,
    audit.router,
)


def create_app(installation: Installation, stopping: threading.Event | None = None) -> FastAPI:
    """The application over one installation; whom a request works for, its session or its API key says.

    What is told live ends when `stopping` is set.
    """
    settings = installation.settings
    app = FastAPI(
        title="Counterfoil",
        version=VERSION,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
        lifespan=_lifespan,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.installation = installation
    app.state.pace = Pace(settings.http_requests_per_minute)
    app.state.streams = Streams()
    app.state.examined = Examined()
    # Set when the server is to stop: what is told live ends by itself then.
    app.state.stopping = stopping or threading.Event()
    _add_guards(app, settings)
    app.add_exception_handler(CounterfoilError, answer_error)
    app.add_exception_handler(HTTPException, answer_http_error)
    app.add_exception_handler(RequestValidationError, answer_invalid_request)
    app.add_exception_handler(Exception, answer_crash)
    for route in routes():
        needed_role(route)
    for router in ROUTERS:
        app.include_router(router)
    describe(app, routes())
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"), name="static")
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    app.state.installation.close()


def routes() -> list[APIRoute]:
    """Every route that we answer, of programs and of people."""
    return [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]


def _add_guards(app: FastAPI, settings: Settings) -> None:
    # The last one added is the first that a request meets.
    app.add_middleware(Language)
    app.add_middleware(RenewedCookie, settings=settings)
    app.add_middleware(BodyLimit)
    app.add_middleware(OwnOrigin, origins=[settings.http_url.rstrip("/")] if settings.http_url else [])
    # A page elsewhere could make its own name point at this machine and read along; it cannot forge our names.
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=_hosts(settings), www_redirect=False)
    app.add_middleware(SecurityHeaders, tls=uses_tls(settings))


def _hosts(settings: Settings) -> list[str]:
    public = urlsplit(settings.http_url).hostname if settings.http_url else None
    own = () if settings.http_host in _EVERYWHERE else (settings.http_host,)
    return [*_LOOPBACK, *own, *((public,) if public else ()), *settings.http_hosts]
