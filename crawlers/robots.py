"""robots.txt as RFC 9309 asks: what cannot be reached forbids everything, what does not exist forbids nothing.

Pictures and pages alike; nothing is exempt but robots.txt itself.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import CannotResolveHostError, DownloadConnectionRefusedError
from scrapy.http import Response
from scrapy.http.request import NO_CALLBACK

from crawlers.failures import (
    CrawlStopping,
    RequestRefused,
    RobotsDisallowed,
    SiteResting,
    SiteUnreachable,
    explain,
)
from crawlers.robots_rules import Rules, read_rules
from crawlers.slots import space_out

log = logging.getLogger(__name__)

_OWN_REQUEST = "robots_txt"
# A crawl waits for this answer, so it gets less patience than a page.
_MOST_SECONDS = 30
# RFC 9309, 2.4: not longer than 24 hours.
_KEPT_SECONDS = 24 * 3_600
# A site that wants longer pauses between requests is not crawled: in an hour not sixty pages of it could be read.
LONGEST_DELAY = 60.0


@dataclass(frozen=True, slots=True)
class Policy:
    """What a site's robots.txt means for a crawl; without rules it forbids everything, and says why."""

    rules: Rules | None
    unreadable: str = ""

    def objection(self, url: str) -> str | None:
        """Why this address is not asked for; None if it may be."""
        site = urlsplit(url).netloc
        if self.rules is None:
            return f"robots.txt of {site} cannot be had ({self.unreadable}), and that forbids everything (RFC 9309)"
        if not self.rules.allows(url):
            return f"robots.txt of {site} forbids {url}"
        if (self.rules.delay or 0) > LONGEST_DELAY:
            return (
                f"robots.txt of {site} asks for {self.rules.delay:,g} seconds between two requests, and no crawl "
                f"waits longer than {LONGEST_DELAY:g}"
            )
        return None


class RobotsMiddleware:
    """Asks each site's robots.txt once in a crawl (again after a day), and holds every request to it."""

    def __init__(self, crawler: Crawler, token: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._crawler = crawler
        self._token = token
        self._clock = clock
        self._seconds = min(_MOST_SECONDS, crawler.settings.getfloat("DOWNLOAD_TIMEOUT"))
        self._policies: dict[str, tuple[float, asyncio.Future[Policy]]] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Made for a crawler; the product token is the setting ROBOTSTXT_USER_AGENT."""
        return cls(crawler, crawler.settings["ROBOTSTXT_USER_AGENT"])

    async def process_request(self, request: Request) -> None:
        """Hold a request to its site's Crawl-delay. Raises RobotsDisallowed for what the site does not want crawled."""
        if request.meta.get(_OWN_REQUEST):
            return
        site = urlsplit(request.url)
        policy = await self._policy_of(f"{site.scheme}://{site.netloc}")
        objection = policy.objection(request.url)
        if objection is not None:
            raise RobotsDisallowed(objection)
        if policy.rules is not None and policy.rules.delay:
            space_out(self._crawler, request, policy.rules.delay)

    async def _policy_of(self, origin: str) -> Policy:
        until, policy = self._policies.get(origin, (0.0, None))
        if policy is None or self._clock() >= until:
            policy = asyncio.ensure_future(self._fetch(origin))
            self._policies[origin] = (self._clock() + _KEPT_SECONDS, policy)
        # Shielded, so that one request that is given up does not take the answer from the others.
        return await asyncio.shield(policy)

    async def _fetch(self, origin: str) -> Policy:
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
        except (CannotResolveHostError, DownloadConnectionRefusedError) as error:
            # Nothing is crawled either way; but that nobody is there is not robots.txt's doing.
            raise SiteUnreachable(explain(error)) from error
        except Exception as error:
            if isinstance(error, RequestRefused) and error.url == request.url:
                raise
            # Whatever keeps it from being read, RFC 9309 (2.3.1.4) calls it unreachable.
            return _forbidding(origin, explain(error))
        return read_answer(response, origin, self._token)


def read_answer(response: Response, origin: str, token: str) -> Policy:
    """What an answer to a request for robots.txt means (RFC 9309, 2.3.1). Raises SiteResting."""
    if response.status == 429:
        # It says nothing about robots.txt, but that this crawler asks too much.
        raise SiteResting("robots.txt answered 429")
    if 200 <= response.status < 300:
        return Policy(read_rules(response.body, token))
    if 400 <= response.status < 500:
        return Policy(read_rules(b"", token))
    return _forbidding(origin, f"answered {response.status}")


def _forbidding(origin: str, why: str) -> Policy:
    log.warning("%s: robots.txt cannot be had (%s): nothing there is crawled", origin, why)
    return Policy(None, why)
