"""Captures pages of suspects as evidence: as a browser shows them, or as they come where there is none."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.http import HtmlResponse, Response, TextResponse
from scrapy.http.request import NO_CALLBACK
from twisted.python.failure import Failure

from counterfoil.clock import now
from counterfoil.egress import guard_from
from counterfoil.evidence.warc import Exchange
from counterfoil.exceptions import AddressRefused
from counterfoil.models import CaptureMeans
from counterfoil.settings import Settings
from counterfoil.store.captures import WantedCapture
from crawlers.assignment import Assignment, anonymous
from crawlers.base import MarketplaceSpider
from crawlers.browser.choice import Pages
from crawlers.browser.requests import RECORDING, wants_browser
from crawlers.capturing import GONE, CapturedPage, FailedCapture
from crawlers.failures import describe, fate_of_error, fate_of_status
from crawlers.items import MOST_IMAGE_HOSTS, MOST_IMAGES
from crawlers.observations import Fate
from crawlers.pages import ListingPage

_CAPTURE_ID = "capture_id"
# Whatever is answered is evidence; Scrapy would keep these from the spider.
_UNUSUAL = list(range(400, 600))


class CaptureSpider(MarketplaceSpider):
    """`scrapy crawl capture`, as the scheduler starts it: the pages are those that its crawl was given."""

    name = "capture"
    as_seen = True

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> "CaptureSpider":
        """As all spiders; and listen to every response, redirects too."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        spider.traffic = {}
        crawler.signals.connect(spider.take_down, signals.response_downloaded)
        return spider

    traffic: dict[int, list[Exchange]]

    @classmethod
    def refused(cls, assignment: Assignment, settings: Settings) -> str | None:
        """Why these pages must not be asked for; None if they may. Without a browser they are, and say so."""
        guard = guard_from(settings)
        for wanted in assignment.captures:
            try:
                reason = anonymous(guard.check_url(wanted.url), guard, settings)
            except AddressRefused as error:
                return f"{wanted.url[:200]} cannot be captured: {error}"
            if reason is not None:
                return reason
        return None

    async def start(self) -> AsyncIterator[Any]:
        """Each page, once."""
        if self.observations.stop is None:
            for wanted in self.assignment.captures:
                yield self._ask(wanted)

    async def parse_page(
        self, response: Response, page: ListingPage, wanted: WantedCapture
    ) -> AsyncIterator[CapturedPage | FailedCapture]:
        """A page came: keep it, unless something stands in its way."""
        captured_at = now()
        barrier = isinstance(response, HtmlResponse) and page.is_barrier()
        if barrier or (fate_of_status(response.status) is not Fate.READ and response.status not in GONE):
            fate = Fate.BLOCKED if barrier else fate_of_status(response.status)
            shown = "a riddle, a log-in or a refusal" if barrier else str(response.status)
            yield self._failed(wanted, fate, f"{response.url}: answered {shown}")
            return
        self.observations.note_listing(Fate.READ)
        recording = response.meta.get(RECORDING)
        exchanges = list(recording.exchanges) if recording is not None else []
        # Before the pictures that only we ask for: they were no part of the page.
        remarks = [*self._remarks(response), *(recording.remarks if recording is not None else ())]
        remarks += await self._fetch_pictures(wanted, {exchange.url for exchange in exchanges})
        yield CapturedPage(
            wanted=wanted,
            means=CaptureMeans.BROWSER if recording is not None else CaptureMeans.PLAIN,
            status=response.status,
            final_url=response.url,
            captured_at=captured_at,
            screenshot=recording.screenshot if recording is not None else None,
            page=_html(response) if recording is not None else None,
            exchanges=[*exchanges, *self.traffic.pop(wanted.id, [])],
            robots_override=self.assignment.robots_override,
            remarks=remarks,
        )

    def page_failed(self, failure: Failure) -> FailedCapture:
        """A page did not come."""
        request = getattr(failure, "request", None)
        if not isinstance(request, Request):
            raise TypeError("Scrapy gives every failure its request")
        return self._failed(request.cb_kwargs["wanted"], fate_of_error(failure.value), describe(failure))

    def take_down(self, response: Response, request: Request) -> None:
        """Keep what a plain request was answered, as it came."""
        if _CAPTURE_ID not in request.meta or wants_browser(request):
            return
        exchange = Exchange(
            url=request.url,
            at=now(),
            status=response.status,
            method=request.method,
            request_fields=_fields(request),
            request_body=request.body,
            response_fields=_fields(response),
            body=response.body,
            unpacked=False,
        )
        self.traffic.setdefault(request.meta[_CAPTURE_ID], []).append(exchange)

    def _ask(self, wanted: WantedCapture) -> Request:
        request = Request(
            wanted.url,
            callback=self.parse_page,
            errback=self.page_failed,
            cb_kwargs={"wanted": wanted},
            meta={_CAPTURE_ID: wanted.id, "handle_httpstatus_list": _UNUSUAL},
            dont_filter=True,
        )
        request = self.browser.made_for(Pages.LISTING, request)
        if wants_browser(request):
            from crawlers.browser.recording import PageRecording

            request.meta[RECORDING] = PageRecording()
        return request

    async def _fetch_pictures(self, wanted: WantedCapture, had: set[str]) -> list[str]:
        """Ask for those pictures of the listing that its page has not loaded; what is to be said about them."""
        lacking = [url for url in wanted.images[:MOST_IMAGES] if url not in had]
        hosts = list(dict.fromkeys(urlsplit(url).netloc for url in lacking))[:MOST_IMAGE_HOSTS]
        failed = 0
        for url in lacking:
            if urlsplit(url).netloc in hosts and self.observations.stop is None:
                meta = {_CAPTURE_ID: wanted.id, "max_retry_times": 1}
                picture = Request(url, callback=NO_CALLBACK, meta=meta, dont_filter=True)
                try:
                    response = await self.crawler.engine.download_async(picture)
                    failed += response.status != 200
                except Exception as error:
                    self.logger.info("picture %s: %s", url, error)
                    failed += 1
        return [f"{failed} of the listing's pictures could not be had"] if failed else []

    def _remarks(self, response: Response) -> list[str]:
        remarks = [f"the address answers {response.status}"] if response.status in GONE else []
        if self.assignment.robots_override is not None:
            remarks.append(f"robots.txt was overridden: {self.assignment.robots_override}")
        if not wants_browser(response.request or Request(response.url)):
            remarks.append(f"without a browser ({self.browser.obstacle}): the plain response, no screenshot")
        return remarks

    def _failed(self, wanted: WantedCapture, fate: Fate, detail: str) -> FailedCapture:
        self.observations.note_listing(fate, detail)
        self.traffic.pop(wanted.id, None)
        return FailedCapture(wanted=wanted, detail=detail, counts=fate is not Fate.STOPPED)


def _html(response: Response) -> bytes:
    return response.text.encode("utf-8", "replace") if isinstance(response, TextResponse) else response.body


def _fields(message: Request | Response) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, values in message.headers.items()
        for value in values
    )
