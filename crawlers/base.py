"""What all spiders of this project share: their assignment, its politeness, and what they have met so far."""

import logging
from functools import partial
from typing import Any, ClassVar, Self

from scrapy import Spider
from scrapy.crawler import Crawler

from counterfoil.evidence import open_evidence
from counterfoil.models import FinishReason
from counterfoil.settings import Settings, load_settings
from counterfoil.store import open_store
from crawlers.assignment import Assignment, assigned, by_hand, refusal
from crawlers.browser.choice import BrowserChoice
from crawlers.desk import open_desk
from crawlers.frontier import Frontier
from crawlers.observations import Observations, Stop
from crawlers.recorder import RecordedCrawl, Recorder
from crawlers.reserve import Reserve

log = logging.getLogger(__name__)

# What the process of a recorded crawl ends with; the launcher knows the same numbers.
CLOSED = 0
CRASHED = 1
SUPERSEDED = 3
STOPPED = 4


class MarketplaceSpider(Spider):
    """A spider that reads one declared marketplace.

    Started by the launcher with `crawl_id` and `attempt` it writes to the database through `recorder`; started by a
    person with `marketplace` and `query` it has none, and its items go to the feed alone. `exit_code` is what the
    process ends with, and `ending` says that it was stopped on the way.
    """

    assignment: Assignment
    observations: Observations
    frontier: Frontier
    browser: BrowserChoice
    recorder: Recorder | None
    exit_code: int
    watch_stdin: bool
    ending: bool = False
    # Whether it asks for canaries that none of its queries would show.
    asks_canaries: ClassVar[bool] = False
    # Whether its pages are to be seen as a person would see them: by a browser wherever there is one, with pictures.
    as_seen: ClassVar[bool] = False

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Read the assignment and set what it asks for, before Scrapy builds the downloader.

        Raises InvalidInput, UnknownMarketplace, NotFound, Superseded or StoreError.
        """
        settings = load_settings()
        recorder = None
        if "crawl_id" in kwargs:
            assignment, recorder = _recorded(settings, int(kwargs["crawl_id"]), int(kwargs["attempt"]))
        else:
            assignment = by_hand(settings, kwargs.get("marketplace"), kwargs.get("query"))
        _be_polite(crawler, assignment)
        browser = BrowserChoice(assignment.marketplace, settings, everywhere=cls.as_seen)
        if browser.is_possible:
            _may_browse(crawler, images=cls.as_seen)
        spider = super().from_crawler(crawler, *args)
        spider.assignment = assignment
        spider.observations = Observations.going_on(assignment.counters, len(assignment.stored), assignment.quality)
        wanted = (one for one in assignment.canaries if cls.asks_canaries or one.query in assignment.queries)
        spider.observations.canaries = dict.fromkeys(wanted, False)
        spider.frontier = Frontier(assignment.limits, assignment.stored, spider.observations)
        spider.browser = browser
        spider.recorder = recorder
        spider.exit_code = CRASHED
        spider.watch_stdin = kwargs.get("watch_stdin") == "1"
        reason = cls.refused(assignment, settings)
        if reason is not None:
            spider.observations.stop = Stop(FinishReason.CRASHED, reason)
        return spider

    @classmethod
    def refused(cls, assignment: Assignment, settings: Settings) -> str | None:
        """Why this crawl must not start at all, in words for its operator; None if it may."""
        return refusal(assignment, settings)


def _recorded(settings: Settings, crawl_id: int, attempt: int) -> tuple[Assignment, Recorder]:
    store = open_store(settings)
    try:
        assignment = assigned(settings, store, crawl_id, attempt)
    finally:
        # Before the desk's process is made: a connection must not be in two of them.
        store.close()
    crawl = RecordedCrawl(
        crawl_id=crawl_id,
        attempt=attempt,
        marketplace=assignment.marketplace.name,
        evidence=open_evidence(settings),
    )
    recorder = Recorder(crawl, partial(open_desk, settings, crawl_id, attempt))
    # After it: the copy would hold the space, too.
    recorder.reserve = Reserve(settings.data)
    return assignment, recorder


def _be_polite(crawler: Crawler, assignment: Assignment) -> None:
    politeness = assignment.marketplace.politeness
    declared = {
        "DOWNLOAD_DELAY": politeness.delay,
        "CONCURRENT_REQUESTS_PER_DOMAIN": politeness.concurrency,
        # Few pages on the way, so that the pictures of one are fetched before many more pages are.
        "CONCURRENT_REQUESTS": 2 * politeness.concurrency,
        "AUTOTHROTTLE_START_DELAY": politeness.delay,
        "AUTOTHROTTLE_TARGET_CONCURRENCY": politeness.concurrency,
    }
    for name, value in declared.items():
        crawler.settings.set(name, value, priority="spider")


def _may_browse(crawler: Crawler, *, images: bool) -> None:
    # Only then: the handler brings Playwright with it, which takes a third of a second to import.
    handlers = dict.fromkeys(("http", "https"), "crawlers.browser.downloads.BrowserDownloads")
    crawler.settings.set("BROWSER_IMAGES", images, "spider")
    crawler.settings.set("DOWNLOAD_HANDLERS", {**crawler.settings.getdict("DOWNLOAD_HANDLERS"), **handlers}, "spider")
