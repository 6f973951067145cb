"""robots.txt as RFC 9309 asks: what cannot be reached forbids everything, what does not exist forbids nothing.

Pictures and pages alike; nothing is exempt but robots.txt itself.
"""

import logging
from typing import Self
from urllib.parse import urlsplit

from protego import Protego
from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import CannotResolveHostError, DownloadConnectionRefusedError, DownloadFailedError
from scrapy.http import Response
from scrapy.http.request import NO_CALLBACK

from crawlers.failures import CrawlStopping, RequestRefused, RobotsDisallowed, SiteUnreachable, in_words
from crawlers.robots_cache import RobotsCache

log = logging.getLogger(__name__)

_OWN_REQUEST = "robots_txt"
# RFC 9309, 2.5: at least 500 KiB are to be parsed.
_MOST_PARSED = 512 * 1024
# A crawl waits for this answer, so it gets less patience than a page.
_SECONDS = 30


class RobotsMiddleware:
    """Asks for each site's robots.txt, and holds every request to it."""

    def __init__(self, crawler: Crawler, token: str) -> None:
        self._crawler = crawler
        self._token = token
        self._rules = RobotsCache(self._fetch)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Made for a crawler; the product token is the setting ROBOTSTXT_USER_AGENT."""
        return cls(crawler, crawler.settings["ROBOTSTXT_USER_AGENT"])

    async def process_request(self, request: Request) -> None:
        """Raise RobotsDisallowed for what the site does not want crawled."""
        if request.meta.get(_OWN_REQUEST):
            return
        site = urlsplit(request.url)
        rules = await self._rules.get(f"{site.scheme}://{site.netloc}")
        if not rules.can_fetch(request.url, self._token):
            raise RobotsDisallowed(f"robots.txt of {site.netloc} does not allow {request.url}")

    async def _fetch(self, origin: str) -> tuple[Protego, int]:
        request = Request(
            f"{origin}/robots.txt",
            callback=NO_CALLBACK,
            meta={_OWN_REQUEST: True, "download_timeout": _SECONDS, "max_retry_times": 1},
            dont_filter=True,
        )
        try:
            response = await self._crawler.engine.download_async(request)
        except (RequestRefused, CrawlStopping):
            raise
        except (CannotResolveHostError, DownloadConnectionRefusedError, DownloadFailedError) as error:
            # Nothing is crawled either way; but that nobody is there, or nobody who can prove it, is not robots.txt's
            # doing.
            raise SiteUnreachable(in_words(error)) from error
        except Exception as error:
            # Whatever keeps it from being read, RFC 9309 (2.3.1.4) calls it unreachable.
            raise _unreadable(origin, in_words(error)) from error
        return read_robots(response, origin), len(response.body)


def read_robots(response: Response, origin: str) -> Protego:
    """The rules that an answer to a request for robots.txt means (RFC 9309, 2.3.1).

    Raises RobotsDisallowed for an answer that forbids everything.
    """
    if 200 <= response.status < 300:
        return Protego.parse(response.body[:_MOST_PARSED].decode("utf-8-sig", errors="replace"))
    if 400 <= response.status < 500:
        return Protego.parse("")
    raise _unreadable(origin, f"answered {response.status}")


def _unreadable(origin: str, why: str) -> RobotsDisallowed:
    log.warning("%s: robots.txt cannot be had (%s): nothing there is crawled", origin, why)
    return RobotsDisallowed(f"robots.txt of {origin} cannot be had ({why}), and that forbids everything")
