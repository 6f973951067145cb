"""robots.txt as RFC 9309 asks: what cannot be reached forbids everything, what does not exist forbids nothing.

Pictures and pages alike; nothing is exempt but robots.txt itself, official APIs, and the hosts of a marketplace whose
robots.txt the crawl's owner overrides, with a written reason.
"""

import logging
import time
from collections.abc import Callable
from functools import partial
from typing import Self
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import CannotResolveHostError, DownloadConnectionRefusedError, DownloadFailedError
from scrapy.http import Response
from scrapy.http.request import NO_CALLBACK

from crawlers.addresses import is_of_or_media
from crawlers.base import MarketplaceSpider
from crawlers.failures import (
    CrawlStopping,
    RequestRefused,
    RobotsDisallowed,
    SiteResting,
    SiteUnreachable,
    explain,
)
from crawlers.robots_cache import RobotsCache
from crawlers.robots_rules import Rules, read_rules
from crawlers.slots import space_out

log = logging.getLogger(__name__)

_OWN_REQUEST = "robots_txt"
# Official APIs are asked by agreement, with a key of the operator's; robots.txt is for those who have none.
BY_AGREEMENT = "by_agreement"
# A crawl waits for this answer, so it gets less patience than a page.
_MOST_SECONDS = 30
# A site that wants longer pauses between requests is not crawled: in an hour not sixty pages of it could be read.
LONGEST_DELAY = 60.0
# How many requests were made that robots.txt forbids, as the statistic of a crawl.
OVERRIDDEN = "robots/overridden"
_NO_RULES = read_rules(b"", "")


class RobotsMiddleware:
    """Asks for each site's robots.txt, and holds every request to it."""

    def __init__(
        self,
        crawler: Crawler,
        token: str,
        clock: Callable[[], float] = time.monotonic,
        overrides: Callable[[str], bool] | None = None,
    ) -> None:
        self._crawler = crawler
        self._token = token
        self._overrides = overrides or (lambda _url: False)
        self._seconds = min(_MOST_SECONDS, crawler.settings.getfloat("DOWNLOAD_TIMEOUT"))
        self._rules = RobotsCache(self._fetch, clock)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Made for a crawler; the product token is the setting ROBOTSTXT_USER_AGENT."""
        return cls(crawler, crawler.settings["ROBOTSTXT_USER_AGENT"], overrides=_overrides_of(crawler))

    async def process_request(self, request: Request) -> None:
        """Hold a request to its site's Crawl-delay. Raises RobotsDisallowed for what the site does not want crawled."""
        if request.meta.get(_OWN_REQUEST) or request.meta.get(BY_AGREEMENT):
            return
        rules, objection = await self._judge(request.url)
        if objection is not None:
            raise RobotsDisallowed(objection)
        if rules.delay:
            space_out(self._crawler, request, min(rules.delay, LONGEST_DELAY))

    async def objection(self, url: str) -> str | None:
        """Why its site does not want this address crawled, whoever asks; None if it may be. Raises IgnoreRequest."""
        return (await self._judge(url))[1]

    async def _judge(self, url: str) -> tuple[Rules, str | None]:
        """The rules of an address's site, and what they say against it, unless that is overridden."""
        try:
            rules = await self._rules_for(url)
            objection = objection_to(url, rules)
        except RobotsDisallowed as error:
            if not self._overrides(url):
                raise
            rules, objection = _NO_RULES, str(error)
        if objection is not None and self._overrides(url):
            self._crawler.stats.inc_value(OVERRIDDEN)
            objection = None
        return rules, objection

    async def _rules_for(self, url: str) -> Rules:
        site = urlsplit(url)
        return await self._rules.get(f"{site.scheme}://{site.netloc}")

    async def _fetch(self, origin: str) -> tuple[Rules, int]:
        request = Request(
            f"{origin}/robots.txt",
            callback=NO_CALLBACK,
            meta={_OWN_REQUEST: True, "download_timeout": self._seconds, "max_retry_times": 1},
            dont_filter=True,
        )
        try:
            response = await self._crawler.engine.download_async(request)
        except (CrawlStopping, SiteResting):
            raise
        except (CannotResolveHostError, DownloadConnectionRefusedError, DownloadFailedError) as error:
            # Nothing is crawled either way; but that nobody is there, or nobody who can prove it, is not robots.txt's
            # doing.
            raise SiteUnreachable(explain(error)) from error
        except Exception as error:
            if isinstance(error, RequestRefused) and error.url == request.url:
                raise
            # Whatever keeps it from being read, RFC 9309 (2.3.1.4) calls it unreachable.
            raise _forbidding(origin, explain(error)) from error
        return read_answer(response, origin, self._token), len(response.body)


def _overrides_of(crawler: Crawler) -> Callable[[str], bool] | None:
    """Which addresses are asked for against their robots.txt: the marketplace's own, where its crawl says why."""
    spider = crawler.spider
    if not isinstance(spider, MarketplaceSpider) or spider.assignment.robots_override is None:
        return None
    marketplace, reason = spider.assignment.marketplace, spider.assignment.robots_override
    log.warning("robots.txt of %s is overridden: %s", ", ".join(marketplace.hosts), reason)
    return partial(is_of_or_media, marketplace)


def objection_to(url: str, rules: Rules) -> str | None:
    """Why its site does not want this address crawled; None if it may be."""
    site = urlsplit(url).netloc
    if not rules.allows(url):
        return f"robots.txt of {site} forbids {url}"
    if (rules.delay or 0) > LONGEST_DELAY:
        return (
            f"robots.txt of {site} asks for {rules.delay:,g} seconds between two requests, and no crawl "
            f"waits longer than {LONGEST_DELAY:g}"
        )
    return None


def read_answer(response: Response, origin: str, token: str) -> Rules:
    """What an answer to a request for robots.txt means (RFC 9309, 2.3.1).

    Raises SiteResting for 429, and RobotsDisallowed for an answer that forbids everything.
    """
    if response.status == 429:
        # It says nothing about robots.txt, but that this crawler asks too much.
        raise SiteResting("robots.txt answered 429")
    if 200 <= response.status < 300:
        return read_rules(response.body, token)
    if 400 <= response.status < 500:
        return read_rules(b"", token)
    raise _forbidding(origin, f"answered {response.status}")


def _forbidding(origin: str, why: str) -> RobotsDisallowed:
    log.warning("%s: robots.txt cannot be had (%s): nothing there is crawled", origin, why)
    return RobotsDisallowed(f"robots.txt of {origin} cannot be had ({why}), and that forbids everything (RFC 9309)")
