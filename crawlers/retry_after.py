"""Honours Retry-After (RFC 9110, 10.2.3): waits where that is short, else ends the crawl and says when to go on."""

import logging
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Self
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.retry import get_retry_request
from scrapy.http import Response

from counterfoil.clock import now
from crawlers.addresses import is_of
from crawlers.base import MarketplaceSpider
from crawlers.failures import SiteResting, fate_of_status
from crawlers.observations import Stop
from crawlers.outcome import reason_for
from crawlers.slots import pause
from crawlers.stopping import stop_crawl

log = logging.getLogger(__name__)

# A crawl holds a place while it waits; who wants a longer pause gets it after the crawl's end.
LONGEST_PAUSE = timedelta(seconds=60)
# Whatever a site asks for, it is asked again after a day: nobody would notice a marketplace that sleeps for ever.
LONGEST_REST = timedelta(days=1)
_SHORTEST_PAUSE = timedelta(seconds=1)


class RetryAfterMiddleware:
    """Waits as long as a site asks to be left alone, with all requests to it."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._paused: dict[str, datetime] = {}
        self._resting: dict[str, datetime] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Made for a crawler."""
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        """Raise SiteResting for a host that wants a longer pause than a crawl waits for."""
        until = self._resting.get(_host(request))
        if until is not None and now() < until:
            raise SiteResting(f"{_host(request)} wants to be left alone until {_shown(until)}")

    def process_response(self, request: Request, response: Response) -> Request | Response:
        """Pause and ask again, or remember until when not to."""
        wait = asked_wait(response, now()) if response.status in {429, 503} else None
        if wait is None:
            return response
        until = now() + wait
        if is_of(self._spider.assignment.marketplace, request.url):
            self._spider.observations.not_before = until
        if wait > LONGEST_PAUSE:
            self._rest(request, response, until)
            request.meta["dont_retry"] = True
            return response
        self._pause(request, wait, until)
        reason = f"answered {response.status}, Retry-After {wait.total_seconds():.0f} s"
        return get_retry_request(request, spider=self._spider, reason=reason) or response

    @property
    def _spider(self) -> MarketplaceSpider:
        if not isinstance(self._crawler.spider, MarketplaceSpider):
            raise TypeError("this project's middlewares serve this project's spiders")
        return self._crawler.spider

    def _pause(self, request: Request, wait: timedelta, until: datetime) -> None:
        host = _host(request)
        if until > self._paused.get(host, now()):
            self._paused[host] = until
            log.info("%s wants a pause of %.0f seconds", host, wait.total_seconds())
            pause(self._crawler, request, wait.total_seconds())

    def _rest(self, request: Request, response: Response, until: datetime) -> None:
        host = _host(request)
        self._resting[host] = until
        said = f"{request.url} answered {response.status}, Retry-After: {_header(response, 'Retry-After')[:40]}"
        detail = f"the site asks for a pause ({said}) and is not asked again before {_shown(until)}"
        if is_of(self._spider.assignment.marketplace, request.url):
            stop_crawl(self._crawler, Stop(reason_for(fate_of_status(response.status)), detail))
        else:
            log.warning("%s: %s", host, detail)


def asked_wait(response: Response, moment: datetime) -> timedelta | None:
    """How long a response asks to wait, within a day; None where it does not say so in a way that can be read.

    A date is counted from the response's own date: the site's clock may be another than ours.
    """
    said = _header(response, "Retry-After")
    if not said:
        return None
    if said.isascii() and said.isdigit():
        # A number with more digits than a day has seconds is more than a day, whatever it is.
        wait = timedelta(seconds=int(said)) if len(said) <= 9 else LONGEST_REST
    else:
        date = _date(said)
        if date is None:
            return None
        wait = date - (_date(_header(response, "Date")) or moment)
    return min(max(wait, _SHORTEST_PAUSE), LONGEST_REST)


def _header(response: Response, name: str) -> str:
    return (response.headers.get(name) or b"").decode("latin-1").strip()


def _date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    # "-0000" and no zone at all are both UTC to HTTP.
    return date.astimezone(UTC) if date.tzinfo is not None else date.replace(tzinfo=UTC)


def _host(request: Request) -> str:
    return urlsplit(request.url).netloc


def _shown(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
