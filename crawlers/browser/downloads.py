"""Downloads by a browser: scrapy-playwright's handler, with deadlines, short-lived contexts, and robots.txt."""

import asyncio
import logging
from collections import Counter
from contextlib import suppress
from typing import Any, Self
from weakref import WeakKeyDictionary

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page
from playwright.async_api import Request as Asked
from playwright.async_api import TimeoutError as PlaywrightTimeout
from scrapy import Request, Spider
from scrapy.crawler import Crawler
from scrapy.exceptions import DownloadFailedError, DownloadTimeoutError, IgnoreRequest
from scrapy.http import Response
from scrapy_playwright.handler import ScrapyPlaywrightDownloadHandler

from counterfoil.egress import read_url
from counterfoil.models import FinishReason
from crawlers.browser.launch import BrowserUnusable, GuardedChromium
from crawlers.browser.requests import IN_BROWSER, RECORDING, wants_browser
from crawlers.browser.settling import settle
from crawlers.downloads import StoppableDownloads
from crawlers.failures import BrowserBroke, CrawlStopping, RequestRefused, RobotsDisallowed
from crawlers.observations import Stop
from crawlers.robots import RobotsMiddleware
from crawlers.stopping import stop_crawl

log = logging.getLogger(__name__)

# A context keeps what its pages took until it is closed (microsoft/playwright#6319): a new one after so many.
PAGES_PER_CONTEXT = 25
_CLOSING_SECONDS = 10
_WORLD = ("http:", "https:")
_OWN = ("data:", "blob:", "about:")


_handlers: WeakKeyDictionary[Crawler, ScrapyPlaywrightDownloadHandler] = WeakKeyDictionary()


class BrowserDownloads(StoppableDownloads, ScrapyPlaywrightDownloadHandler):  # type: ignore[misc] # has no types
    """Answers requests that want a browser with the page as it stands once its scripts are done."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """The handler of this crawler: Scrapy asks for one of http and one of https, and they share their browser."""
        made = _handlers.get(crawler)
        if not isinstance(made, cls):
            made = _handlers[crawler] = cls(crawler)
        return made

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._provider = GuardedChromium(crawler, images=crawler.settings.getbool("BROWSER_IMAGES"))
        self.browser_provider_cls = lambda config: self._provider
        self.process_request_headers = None
        self.abort_request = self._is_forbidden
        self._each = crawler.settings.getint("BROWSER_PAGES_PER_CONTEXT", PAGES_PER_CONTEXT)
        self._made = 0
        self._closed = False
        self._in_use: Counter[str] = Counter()

    async def download_request(self, request: Request) -> Response:
        """The response to a request, by a browser if it wants one.

        Raises what Scrapy's own handler would, RequestRefused for what the guard refuses, or BrowserBroke.
        """
        request.meta["playwright"] = wants_browser(request)
        return await super().download_request(request)

    async def _download_request(self, request: Request, spider: Spider | None = None) -> Response:
        context = self._context()
        request.meta.update(self._options(context))
        recording = request.meta.get(RECORDING)
        if recording is not None:
            request.meta["playwright_page_init_callback"] = recording.attach
        seconds = float(request.meta.get("download_timeout", self._crawler.settings.getfloat("DOWNLOAD_TIMEOUT")))
        try:
            async with asyncio.timeout(seconds):
                response = await super()._download_request(request, spider)
        except Exception as error:
            translated = self._translated(request, error)
            if translated is error:
                raise
            raise translated from error
        finally:
            await self._put_away(request, context)
        return await self._checked(request, response)

    async def close(self) -> None:
        """Close everything, once."""
        if not self._closed:
            self._closed = True
            await super().close()

    async def _apply_page_methods(self, page: Page, request: Request, spider: Spider) -> None:
        # scrapy-playwright would wait for the page's `load` after each, which one dead advert can put off for ever.
        await settle(page, request.meta[IN_BROWSER])
        recording = request.meta.get(RECORDING)
        if recording is not None:
            await recording.take(page)

    async def _is_forbidden(self, request: Asked) -> bool:
        """Whether a page may not have what it asks for: robots.txt says so, or it is not of the web at all."""
        if request.url.startswith(_OWN):
            return False
        if not request.url.startswith(_WORLD):
            return True
        try:
            return await self._robots.objection(request.url) is not None
        except IgnoreRequest:
            return True

    @property
    def _robots(self) -> RobotsMiddleware:
        robots = self._crawler.get_downloader_middleware(RobotsMiddleware)
        if robots is None:
            raise BrowserUnusable("no browser is used without the reader of robots.txt")
        return robots

    def _options(self, context: str) -> dict[str, Any]:
        """What scrapy-playwright is to know about a request. The page is ours to close, whatever happens."""
        return {
            "playwright_include_page": True,
            "playwright_context": context,
            "playwright_context_kwargs": {
                "user_agent": self._crawler.settings["USER_AGENT"],
                "locale": "en-US",
                "viewport": {"width": 1280, "height": 1024},
                # Requests of a service worker are not seen by Playwright.
                "service_workers": "block",
                "accept_downloads": False,
                "reduced_motion": "reduce",
            },
            "playwright_page_goto_kwargs": {"wait_until": "domcontentloaded"},
        }

    def _context(self) -> str:
        name = f"context {self._made // self._each}"
        self._made += 1
        self._in_use[name] += 1
        return name

    async def _put_away(self, request: Request, context: str) -> None:
        """Close the page, and its context when no more pages of it will come."""
        page = request.meta.pop("playwright_page", None)
        self._in_use[context] -= 1
        with suppress(PlaywrightError, TimeoutError):
            async with asyncio.timeout(_CLOSING_SECONDS):
                await self._close_page(page, context)

    async def _close_page(self, page: Page | None, context: str) -> None:
        if page is not None:
            await page.close()
        if self._in_use[context] or context == f"context {self._made // self._each}":
            return
        del self._in_use[context]
        wrapper = self.context_wrappers.get(context)
        if wrapper is not None:
            await wrapper.context.close()

    def _translated(self, request: Request, error: Exception) -> Exception:
        """An error of the browser as one that this project's spiders know."""
        target = read_url(request.url)
        refused = self._provider.proxy.refusals.get((target.host, target.port))
        if isinstance(error, BrowserUnusable):
            stop_crawl(self._crawler, Stop(FinishReason.CRASHED, str(error)))
            return CrawlStopping(str(error))
        if isinstance(error, TimeoutError | PlaywrightTimeout):
            return DownloadTimeoutError(f"{request.url} was not read by the browser in time")
        if refused is not None:
            return RequestRefused(f"refused: {refused}", request.url)
        if isinstance(error, PlaywrightError):
            words = error.message.splitlines()[0][:300]
            return DownloadFailedError(words) if "net::ERR_" in words else BrowserBroke(words)
        return error

    async def _checked(self, request: Request, response: Response) -> Response:
        """The response, unless it is more than is read of any page, or a redirect led to where no crawler may go.

        Raises BrowserBroke, or RobotsDisallowed.
        """
        request.meta.pop("playwright_security_details", None)
        objection = await self._robots.objection(response.url) if response.url != request.url else None
        if objection is not None:
            raise RobotsDisallowed(objection)
        largest = self._crawler.settings.getint("DOWNLOAD_MAXSIZE")
        if len(response.body) > largest:
            raise BrowserBroke(f"{request.url}: the page is larger than {largest} bytes once its scripts are done")
        return response
