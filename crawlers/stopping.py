"""Ends a crawl on the way: what was asked for has a few seconds to come, what only waits is given up."""

import asyncio
import logging
import time
from typing import Self

from scrapy import Request
from scrapy.crawler import Crawler
from twisted.python.failure import Failure

from counterfoil.exceptions import Superseded
from counterfoil.models import FinishReason
from crawlers.base import SUPERSEDED, MarketplaceSpider
from crawlers.disk_full import is_disk_full
from crawlers.failures import CrawlStopping
from crawlers.observations import Stop

log = logging.getLogger(__name__)

# Sent once, when a crawl is stopped.
STOPPING = object()
# When a request was sent for the first time, by the monotonic clock.
FIRST_TRIED = "first_tried"

_closing: set[asyncio.Task[None]] = set()


class StoppingMiddleware:
    """Lets no request out when the crawl is ending: no second try, no redirect, no picture."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Made for a crawler."""
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        """Note when a request was first tried. Raises CrawlStopping once the crawl was stopped."""
        request.meta.setdefault(FIRST_TRIED, time.monotonic())
        spider = self._crawler.spider
        if isinstance(spider, MarketplaceSpider) and spider.ending:
            raise CrawlStopping("the crawl is ending")


def stop_crawl(crawler: Crawler, stop: Stop) -> None:
    """Close the spider for this reason; the first reason given is the one that stays."""
    spider = crawler.spider
    if not isinstance(spider, MarketplaceSpider) or spider.observations.stop is not None:
        return
    spider.observations.stop = stop
    spider.ending = True
    log.warning("stopping: %s", stop.detail)
    _empty_queues(crawler)
    crawler.signals.send_catch_log(STOPPING)
    task = asyncio.ensure_future(crawler.engine.close_spider_async(reason=str(stop.reason or "interrupted")))
    # The loop keeps only weak references to tasks.
    _closing.add(task)
    task.add_done_callback(_closing.discard)


def stop_unrecorded(crawler: Crawler, error: Exception) -> None:
    """Stop because nothing more can be written: disk or database cannot be used, or the attempt is over."""
    if is_disk_full(error):
        stop_crawl(crawler, Stop(FinishReason.DISK_FULL, f"the disk is full: {error}"))
        return
    if isinstance(error, Superseded) and isinstance(crawler.spider, MarketplaceSpider):
        crawler.spider.exit_code = SUPERSEDED
    stop_crawl(crawler, Stop(None, str(error)))


def _empty_queues(crawler: Crawler) -> None:
    """Give up requests that wait for their turn at a site: with a delay between them they would take minutes."""
    for slot in crawler.engine.downloader.slots.values():
        while slot.queue:
            _request, waiting = slot.queue.popleft()
            waiting.errback(Failure(CrawlStopping("the crawl is ending")))  # type: ignore[no-untyped-call]
