"""From an item to rows: pictures and the body as files first, then everything in one transaction."""

import asyncio
from collections.abc import Awaitable, Sequence
from functools import partial
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

import sqlalchemy as sa
from scrapy.crawler import Crawler
from scrapy.exceptions import DropItem, NotConfigured

from counterfoil.clock import now
from counterfoil.models import ListingFacts, Sighting
from counterfoil.store.absences import record_absence
from counterfoil.store.images import add_image, add_image_source
from counterfoil.store.listings import record_listing, record_query, says_nothing_new
from crawlers.base import MarketplaceSpider
from crawlers.disk_full import is_fatal
from crawlers.failures import CrawlStopping
from crawlers.images import PictureFetcher
from crawlers.items import (
    MOST_IMAGE_HOSTS,
    MOST_IMAGES,
    AbsentListing,
    ListingItem,
    Picture,
    SeenAgain,
    first_sighting,
    to_facts,
)
from crawlers.recorder import RecordedCrawl, Recorder
from crawlers.stopping import stop_unrecorded

T = TypeVar("T")


class RecordingPipeline:
    """A pipeline that works only in a recorded crawl; a person's own crawl passes through it untouched."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Made for a crawler; not for Scrapy's own spiders, as of `scrapy fetch` and `scrapy shell`."""
        if not isinstance(crawler.spider, MarketplaceSpider):
            raise NotConfigured("no spider of this project is running")
        return cls(crawler)

    @property
    def spider(self) -> MarketplaceSpider:
        """The running spider."""
        if not isinstance(self._crawler.spider, MarketplaceSpider):
            raise TypeError("this project's pipelines serve this project's spiders")
        return self._crawler.spider

    async def _until_done(self, work: Awaitable[T]) -> T:
        """The outcome of some work; where nothing more can be written the crawl stops, and another attempt goes on."""
        try:
            return await work
        except Exception as error:
            if not is_fatal(error):
                raise
            stop_unrecorded(self._crawler, error)
            raise DropItem(f"nothing more can be written: {error}") from error


class ImagePipeline(RecordingPipeline):
    """Fetches and keeps the pictures of a listing."""

    _fetcher: PictureFetcher | None = None

    def open_spider(self) -> None:
        """Make ready for the crawl."""
        if self.spider.recorder is not None:
            self._fetcher = PictureFetcher(self._crawler, self.spider.recorder, self.spider.observations)

    async def process_item(self, item: Any) -> Any:
        """Add to a listing what became of its pictures, unless they came with it."""
        if self._fetcher is not None and isinstance(item, ListingItem) and not item.pictures:
            wanted = item.images[:MOST_IMAGES]
            hosts = list(dict.fromkeys(map(_host, wanted)))[:MOST_IMAGE_HOSTS]
            item.pictures = list(await asyncio.gather(*(self._fetch(self._fetcher, url, hosts) for url in wanted)))
        return item

    async def _fetch(self, fetcher: PictureFetcher, url: str, hosts: Sequence[str]) -> Picture:
        if _host(url) not in hosts:
            error = f"is on another host than the first {MOST_IMAGE_HOSTS} of this listing"
            self.spider.observations.note_picture(f"{url}: {error}")
            return Picture(url=url, error=error)
        try:
            return await self._until_done(fetcher.fetch(url))
        except CrawlStopping as error:
            stop = self.spider.observations.stop
            if stop is None or stop.reason is None:
                raise DropItem("another attempt at this crawl will read it again") from error
            return Picture(url=url, error="the crawl ended before it was fetched")


class StorePipeline(RecordingPipeline):
    """Writes listings and sightings, and waits until they are committed."""

    async def process_item(self, item: Any) -> Any:
        """Write one item."""
        recorder = self.spider.recorder
        if recorder is not None and isinstance(item, ListingItem):
            await self._until_done(self._store(recorder, item))
        elif recorder is not None and isinstance(item, AbsentListing):
            change = partial(
                record_absence, marketplace=recorder.crawl.marketplace, key=item.key, why=item.why[:500], at=item.at
            )
            await self._until_done(recorder.write(change))
        elif recorder is not None and isinstance(item, SeenAgain):
            await self._until_done(recorder.write(partial(_note, crawl=recorder.crawl, sightings=item.sightings)))
        return item

    async def _store(self, recorder: Recorder, item: ListingItem) -> None:
        try:
            facts = to_facts(item)
        except ValueError as error:
            raise DropItem(str(error)) from error
        keep = partial(_keep_body, crawl=recorder.crawl, key=item.key, facts=facts, body=item.body)
        body = await recorder.read(keep)
        listing_id = await recorder.write(partial(_record, crawl=recorder.crawl, item=item, facts=facts, body=body))
        item.body = b""
        stored = self.spider.frontier.store(item.asked_key or item.key, item.key, listing_id)
        late = [(listing_id, sighting) for sighting in stored]
        if late:
            await recorder.write(partial(_note, crawl=recorder.crawl, sightings=late))


def _host(url: str) -> str:
    return urlsplit(url).netloc


def _keep_body(
    connection: sa.Connection, *, crawl: RecordedCrawl, key: str, facts: ListingFacts, body: bytes
) -> str | None:
    """Keep the response body, unless the listing says what it said before: pages differ in every nonce and advert."""
    known = says_nothing_new(connection, crawl.marketplace, key, facts)
    return None if known or not body else crawl.evidence.put_body(body)


def _note(connection: sa.Connection, *, crawl: RecordedCrawl, sightings: Sequence[tuple[int, Sighting]]) -> None:
    for listing_id, sighting in sightings:
        record_query(connection, crawl.crawl_id, listing_id, sighting)


def _record(
    connection: sa.Connection, *, crawl: RecordedCrawl, item: ListingItem, facts: ListingFacts, body: str | None
) -> int:
    """Write a listing with its pictures and all its sightings so far; its id."""
    moment = now()
    for picture in item.pictures:
        if picture.sha256 is not None and picture.size is not None:
            add_image(connection, picture.sha256, picture.size, moment)
        if picture.source is not None:
            add_image_source(connection, picture.source, moment)
    if body is None and item.body and not says_nothing_new(connection, crawl.marketplace, item.key, facts):
        # Another crawl has written something else since `_keep_body` compared.
        body = crawl.evidence.put_body(item.body)
    captured_at = item.captured_at or moment
    recorded = record_listing(
        connection,
        crawl_id=crawl.crawl_id,
        marketplace=crawl.marketplace,
        key=item.key,
        facts=facts,
        body_sha256=body,
        captured_at=captured_at,
        sighting=first_sighting(item, captured_at),
    )
    for sighting in item.sightings[1:]:
        record_query(connection, crawl.crawl_id, recorded.listing_id, sighting)
    return recorded.listing_id
