"""Keeps the books of a crawl: counts, reports progress, minds its limits, and closes it with its one reason."""

import asyncio
import logging
import os
import signal
import threading
from functools import partial
from types import FrameType
from typing import Any, Self

from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured
from scrapy.utils.asyncio import create_looping_call
from twisted.python.failure import Failure

from counterfoil.clock import now
from counterfoil.disk import shortage
from counterfoil.exceptions import Superseded
from counterfoil.lifeline import follow_parent
from counterfoil.models import FinishReason
from counterfoil.settings import load_settings
from counterfoil.store.crawls import close_crawl, report_progress
from crawlers.base import CLOSED, CRASHED, STOPPED, SUPERSEDED, MarketplaceSpider
from crawlers.degradation import degradation
from crawlers.egress import REFUSED
from crawlers.failures import describe
from crawlers.items import ListingItem
from crawlers.observations import Fate, Stop
from crawlers.outcome import Outcome, decide, early_stop
from crawlers.recorder import Recorder
from crawlers.robots import OVERRIDDEN
from crawlers.stopping import stop_crawl, stop_unrecorded

log = logging.getLogger(__name__)

_REPORT_SECONDS = 2
_LOOK_SECONDS = 0.2
# A process that was told to stop may finish what it is reading for so long; then it goes, and nothing is lost by it.
_FAREWELL_SECONDS = 4
_MEGABYTE = 1024 * 1024


class Bookkeeping:
    """The books of one crawl."""

    def __init__(self, crawler: Crawler, spider: MarketplaceSpider) -> None:
        self._crawler = crawler
        self._spider = spider
        self._seen = spider.observations
        self._settings = load_settings()
        self._parent_gone = threading.Event()
        self._report: asyncio.Task[None] | None = None
        self._going: asyncio.Task[None] | None = None
        self._loops = [
            (create_looping_call(self._start_report), _REPORT_SECONDS),
            (create_looping_call(self._look_around), _LOOK_SECONDS),
        ]
        self._connect(crawler)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Made for a crawler; there are no books without one of this project's spiders."""
        if not isinstance(crawler.spider, MarketplaceSpider):
            raise NotConfigured("no spider of this project is running")
        return cls(crawler, crawler.spider)

    def _connect(self, crawler: Crawler) -> None:
        crawler.signals.connect(self._opened, signals.spider_opened)
        crawler.signals.connect(self._mind_streaks, signals.request_reached_downloader)
        # Not those that wait for their turn, which may never come.
        crawler.signals.connect(self._requested, signals.request_left_downloader)
        crawler.signals.connect(self._received, signals.bytes_received)
        crawler.signals.connect(self._broke, signals.spider_error)
        crawler.signals.connect(self._item_kept, signals.item_scraped)
        crawler.signals.connect(self._item_broke, signals.item_error)
        crawler.signals.connect(self._item_dropped, signals.item_dropped)
        crawler.signals.connect(self._closed, signals.spider_closed)

    def _opened(self) -> None:
        loop = asyncio.get_running_loop()
        self._deadline = loop.call_later(self._spider.assignment.limits.seconds, self._out_of_time)
        for call, seconds in self._loops:
            call.start(seconds, now=False)
        if self._spider.recorder is not None:
            signal.signal(signal.SIGTERM, partial(self._signalled, loop))
        if self._spider.watch_stdin:
            follow_parent(self._parent_gone)

    # ------------------------------------------------------------------------------------------- counting

    def _requested(self) -> None:
        self._seen.requests += 1

    def _received(self, data: bytes) -> None:
        self._seen.bytes += len(data)
        limit = self._spider.assignment.limits.megabytes
        if self._seen.bytes > limit * _MEGABYTE and self._seen.stop is None:
            stop_crawl(self._crawler, Stop(FinishReason.LIMIT, f"the limit of {limit} megabytes was reached"))

    def _broke(self, failure: Failure, response: Any) -> None:
        """A callback raised: a fault of ours, not of the site."""
        detail = f"{getattr(response, 'url', 'start')}: {describe(failure)}"
        request = getattr(response, "request", None)
        if not isinstance(request, Request):
            stop_crawl(self._crawler, Stop(FinishReason.CRASHED, detail))
        elif "query" in request.cb_kwargs:
            self._seen.note_results(request.cb_kwargs["query"], Fate.CRASHED, detail)
        else:
            self._seen.note_listing(Fate.CRASHED, detail)

    def _item_kept(self, item: Any) -> None:
        if isinstance(item, ListingItem):
            for sighting in item.sightings:
                self._seen.note_cards(sighting.query, [item.listing_id or ""])

    def _item_broke(self, item: Any, failure: Failure) -> None:
        detail = f"{getattr(item, 'url', 'an item')}: {describe(failure)}"
        if isinstance(item, ListingItem):
            self._seen.note_lost(item.fate, Fate.CRASHED, detail)
        else:
            self._seen.note_listing(Fate.CRASHED, detail)

    def _item_dropped(self, item: Any, exception: BaseException) -> None:
        if isinstance(item, ListingItem):
            fate = Fate.STOPPED if self._seen.stop is not None else Fate.LAYOUT
            self._seen.note_lost(item.fate, fate, str(exception))

    def _look_around(self) -> None:
        self._seen.refused = self._crawler.stats.get_value(REFUSED, 0)
        if self._parent_gone.is_set():
            self._leave("the worker is gone")
        self._mind_streaks()

    def _mind_streaks(self) -> None:
        stop = early_stop(self._seen)
        if stop is not None:
            stop_crawl(self._crawler, stop)

    # ------------------------------------------------------------------------------------------- reporting

    def _start_report(self) -> None:
        self._mind_disk()
        if self._spider.recorder is not None and (self._report is None or self._report.done()):
            self._report = asyncio.ensure_future(self._report_progress(self._spider.recorder))

    def _mind_disk(self) -> None:
        """Stop while there is still room for the database to write down why."""
        lack = shortage(self._settings) if self._spider.recorder is not None else None
        if lack is not None:
            stop_crawl(self._crawler, Stop(FinishReason.DISK_FULL, lack))

    async def _report_progress(self, recorder: Recorder) -> None:
        report = partial(
            report_progress,
            crawl_id=recorder.crawl.crawl_id,
            attempt=recorder.crawl.attempt,
            counters=self._seen.counters(),
            quality=self._seen.quality(),
        )
        try:
            await recorder.write(report)
        except Exception as error:
            stop_unrecorded(self._crawler, error)

    # --------------------------------------------------------------------------------------------- ending

    def _out_of_time(self) -> None:
        seconds = self._spider.assignment.limits.seconds
        stop_crawl(self._crawler, Stop(FinishReason.TIMEOUT, f"the limit of {seconds} seconds was reached"))

    def _signalled(self, loop: asyncio.AbstractEventLoop, _number: int, _frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(self._leave, "told to stop")

    def _leave(self, why: str) -> None:
        """Stop without closing the crawl: the launcher, or another attempt, will."""
        self._parent_gone.clear()
        if self._seen.stop is None:
            self._spider.exit_code = STOPPED
            stop_crawl(self._crawler, Stop(None, why))
        asyncio.get_running_loop().call_later(_FAREWELL_SECONDS, self._start_to_go)

    def _start_to_go(self) -> None:
        # Held on to: the loop keeps only weak references to tasks.
        self._going = asyncio.ensure_future(self._go())

    async def _go(self) -> None:
        log.warning("gone without waiting for %s requests", len(self._crawler.engine.downloader.active))
        if self._spider.recorder is not None:
            await self._spider.recorder.stop(seconds=2)
        logging.shutdown()
        os._exit(STOPPED)

    async def _closed(self, reason: str) -> None:
        self._deadline.cancel()
        for call, _ in self._loops:
            if call.running:
                call.stop()
        self._seen.refused = self._crawler.stats.get_value(REFUSED, 0)
        self._remark_override()
        if self._seen.stop is None and reason != "finished":
            self._seen.stop = self._stop_of_scrapy(reason)
        outcome = decide(self._seen)
        if self._spider.recorder is None:
            self._tell(outcome)
            return
        if outcome is not None:
            self._spider.exit_code = await self._close_crawl(self._spider.recorder, outcome)
        elif self._seen.stop is not None:
            # Among the last lines of the log, which the worker keeps of a crawl that is left.
            log.warning("left for another attempt: %s", self._seen.stop.detail)
        await self._spider.recorder.stop()

    def _remark_override(self) -> None:
        count = self._crawler.stats.get_value(OVERRIDDEN, 0)
        if count:
            requests = "1 request" if count == 1 else f"{count} requests"
            why = self._spider.assignment.robots_override
            self._seen.remarks.append(f"{requests} went against robots.txt, which is overridden ({why})")

    def _stop_of_scrapy(self, reason: str) -> Stop:
        if reason == "shutdown":
            self._spider.exit_code = STOPPED
            return Stop(None, "told to stop")
        return Stop(FinishReason.CRASHED, f"Scrapy ended the crawl: {reason}")

    async def _close_crawl(self, recorder: Recorder, outcome: Outcome) -> int:
        counters = self._seen.counters()
        quality = self._seen.quality()
        assignment = self._spider.assignment
        ended = outcome.reason in (FinishReason.FINISHED, FinishReason.LIMIT)
        expected = assignment.marketplace.expectations
        degraded = degradation(quality, assignment.past_quality, expected) if ended else None
        if recorder.reserve is not None:
            recorder.reserve.release()
        try:
            await recorder.write(
                partial(
                    close_crawl,
                    crawl_id=recorder.crawl.crawl_id,
                    attempt=recorder.crawl.attempt,
                    reason=outcome.reason,
                    detail=outcome.detail,
                    counters=counters,
                    not_before=outcome.not_before,
                    quality=quality,
                    degraded=degraded,
                    now=now(),
                )
            )
        except Superseded as error:
            log.warning("%s", error)
            return SUPERSEDED
        except Exception:
            log.exception("the crawl ended (%s) and cannot be closed", outcome.reason)
            return CRASHED
        log.info("crawl %s closed: %s %s %s", recorder.crawl.crawl_id, outcome.reason, outcome.detail or "", counters)
        return CLOSED

    def _tell(self, outcome: Outcome | None) -> None:
        if outcome is None:
            self._spider.exit_code = STOPPED
            return
        good = outcome.reason is not FinishReason.CRASHED
        self._spider.exit_code = CLOSED if good else CRASHED
        words = ": ".join(filter(None, (str(outcome.reason), outcome.detail)))
        log.log(logging.INFO if good else logging.ERROR, "crawl ended: %s; %s", words, self._seen.counters())
