"""The marketplace as a web server: which address shows what."""

import asyncio
import mimetypes
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from examples.marketplace import FOLDER
from examples.marketplace.catalogue import Listing
from examples.marketplace.pages import Pages, robots, sitemap
from examples.marketplace.pictures import PictureSource, Stamp
from examples.marketplace.shop import Page, Shop, page_of


class Marketplace:
    """Answers requests for one shop and its pictures."""

    def __init__(self, shop: Shop, pictures: PictureSource) -> None:
        self._shop = shop
        self._pages = Pages(shop)
        self._pictures = pictures
        # Drawing is work for a core, not waiting: more threads would only make the pages wait.
        self._studio = ThreadPoolExecutor(2, thread_name_prefix="pictures")

    def app(self) -> Starlette:
        """The ASGI application."""
        routes = [
            Route("/", self._home),
            Route("/search", self._search),
            Route("/category/{slug:path}", self._category),
            Route("/listing/{id:path}", self._listing),
            Route("/seller/{id:path}", self._seller),
            Route("/image/{name:path}", self._image),
            Route("/cart", self._cart),
            Route("/login", self._login),
            Route("/robots.txt", self._robots),
            Route("/sitemap.xml", self._sitemap),
            Route("/healthz", self._healthz),
            Mount("/static", StaticFiles(directory=FOLDER / "static")),
        ]
        return Starlette(routes=routes, exception_handlers={HTTPException: self._refused})

    async def _home(self, request: Request) -> Response:
        return HTMLResponse(self._pages.home())

    async def _search(self, request: Request) -> Response:
        query = request.query_params.get("q", "")
        return HTMLResponse(self._pages.found(query, _page(request, self._shop.index.find(query))))

    async def _category(self, request: Request) -> Response:
        slug = request.path_params["slug"]
        if slug not in self._shop.by_slug:
            raise HTTPException(404, "There is no such category.")
        return HTMLResponse(self._pages.category(slug, _page(request, self._shop.by_slug[slug].listings)))

    async def _listing(self, request: Request) -> Response:
        listing = self._shop.by_id.get(request.path_params["id"])
        if listing is None:
            raise HTTPException(404, "This listing has ended or never existed.")
        return HTMLResponse(self._pages.listing(listing, str(request.base_url)))

    async def _seller(self, request: Request) -> Response:
        seller_id = request.path_params["id"]
        if seller_id not in self._shop.by_seller:
            raise HTTPException(404, "There is no such seller.")
        return HTMLResponse(self._pages.seller(seller_id, _page(request, self._shop.by_seller[seller_id])))

    async def _image(self, request: Request) -> Response:
        name = request.path_params["name"]
        try:
            stamp = self._pictures.stamp(name)
            if stamp is not None and _unchanged(request, stamp):
                return Response(status_code=304, headers=_caching(stamp))
            picture = await asyncio.get_running_loop().run_in_executor(self._studio, self._pictures.fetch, name)
        except (KeyError, FileNotFoundError) as error:
            raise HTTPException(404, "There is no such picture.") from error
        if _unchanged(request, picture.stamp):
            return Response(status_code=304, headers=_caching(picture.stamp))
        media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
        return Response(picture.body, media_type=media_type, headers=_caching(picture.stamp))

    async def _cart(self, request: Request) -> Response:
        return HTMLResponse(self._pages.message("Your cart", "There is nothing in your cart yet."))

    async def _login(self, request: Request) -> Response:
        return HTMLResponse(self._pages.login())

    async def _robots(self, request: Request) -> Response:
        return PlainTextResponse(robots(str(request.base_url)))

    async def _sitemap(self, request: Request) -> Response:
        return Response(sitemap(self._shop, str(request.base_url)), media_type="application/xml")

    async def _healthz(self, request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def _refused(self, request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        detail = error.detail if isinstance(error, HTTPException) else "Something went wrong."
        title = "Not found" if status == 404 else "This does not work"
        return HTMLResponse(self._pages.message(title, detail), status)


def _page(request: Request, listings: Sequence[Listing]) -> Page:
    number = request.query_params.get("page", "1")
    # Nine digits are more pages than there are; int() would take any number of them, and other scripts' digits.
    page = page_of(listings, int(number)) if number.isascii() and number.isdigit() and len(number) < 10 else None
    if page is None:
        raise HTTPException(404, "There is no such page.")
    return page


def _caching(stamp: Stamp) -> dict[str, str]:
    modified = format_datetime(stamp.modified, usegmt=True)
    return {"ETag": f'"{stamp.etag}"', "Last-Modified": modified, "Cache-Control": "public, max-age=3600"}


def _unchanged(request: Request, stamp: Stamp) -> bool:
    """Whether the client's copy is still good (RFC 9110, 13.1: entity tags count before dates)."""
    tags = request.headers.get("if-none-match")
    if tags is not None:
        return tags.strip() == "*" or f'"{stamp.etag}"' in (tag.strip().removeprefix("W/") for tag in tags.split(","))
    since = _moment(request.headers.get("if-modified-since"))
    return since is not None and stamp.modified.replace(microsecond=0) <= since


def _moment(date: str | None) -> datetime | None:
    try:
        moment = parsedate_to_datetime(date) if date else None
    except ValueError:
        return None
    # A date without a time zone is none of HTTP's; it is not guessed at.
    return moment if moment is not None and moment.tzinfo is not None else None
