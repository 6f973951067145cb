"""Reads pages that a person saved, for markets that only a person can browse: no request leaves this machine."""

import asyncio
import base64
import binascii
import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from scrapy import signals

from counterfoil.models import Sighting
from counterfoil.settings import Settings
from counterfoil.store.listings import READ_FROM, RESULTS, record_seen
from crawlers.addresses import is_of, kept_address, listing_id, web_address
from crawlers.archives.limits import ArchiveLimits
from crawlers.archives.unpacked import SavedPage, Unpacked, unpack
from crawlers.assignment import Assignment
from crawlers.base import MarketplaceSpider
from crawlers.extraction import to_item
from crawlers.items import MOST_IMAGES, ListingItem, Picture
from crawlers.observations import Fate
from crawlers.picture_bytes import picture_problem
from crawlers.reading import PageKind, ReadListing, ReadPage, read_page
from crawlers.reading.documents import open_page
from crawlers.reading.variants import picture_key
from crawlers.shown_pictures import shown_pictures

# Listings on their way to the database at once; more would only wait there, with their pages in memory.
_ON_THE_WAY = 8
_MOST_REMARKS = 5
# Pictures with fewer bytes are icons and thumbnails of menus.
_SMALLEST = 6_000


class SavedSpider(MarketplaceSpider):
    """`scrapy crawl saved -a marketplace=NAME -a query=PATH -O listings.jsonl`."""

    name = "saved"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._warnings: list[str] = []
        self._largest: dict[str, str] = {}
        self._places = asyncio.Semaphore(_ON_THE_WAY)

    @classmethod
    def refused(cls, assignment: Assignment, settings: Settings) -> str | None:
        """Nothing is asked of the site, so only the files must be named."""
        return None if assignment.queries else "There is no saved file to read: -a query=PATH."

    async def start(self) -> AsyncIterator[Any]:
        """The listings of all saved pages, those on their own pages first."""
        if self.observations.stop is not None:
            return
        for signal in (signals.item_scraped, signals.item_dropped, signals.item_error):
            self.crawler.signals.connect(self._arrived, signal)
        with TemporaryDirectory(prefix="counterfoil-import-") as folder:
            saved = await asyncio.to_thread(self._unpack, Path(folder))
            async for item in self._listings(saved):
                await self._places.acquire()
                yield item

    def _arrived(self) -> None:
        self._places.release()

    def _unpack(self, folder: Path) -> Unpacked:
        largest = self.crawler.settings.getint("DOWNLOAD_MAXSIZE")
        return unpack(self.assignment.queries, folder, self._warn, ArchiveLimits(body=largest))

    def _warn(self, text: str) -> None:
        self.logger.warning("%s", text)
        self._warnings.append(text)

    async def _listings(self, saved: Unpacked) -> AsyncIterator[ListingItem]:
        kinds: Counter[str] = Counter()
        results: list[tuple[SavedPage, ReadPage]] = []
        for page in saved.pages:
            if not is_of(self.assignment.marketplace, page.url):
                kinds["of another site"] += 1
                continue
            if self.observations.stop is not None or not self.frontier.spend_page():
                break
            read = await asyncio.to_thread(self._read, page)
            self.observations.bytes += page.body.stat().st_size
            kinds[str(read.kind)] += 1
            if read.kind is PageKind.PRODUCT and read.listings:
                yield await self._product(page, read.listings[0], saved)
            elif read.kind in {PageKind.RESULTS, PageKind.EMPTY}:
                results.append((page, read))
        for page, read in results:
            async for item in self._shown(page, read, saved):
                yield item
        self._conclude(kinds)

    def _read(self, page: SavedPage) -> ReadPage:
        return read_page(page.body.read_bytes(), page.url, page.content_type, self.assignment.marketplace)

    async def _product(self, page: SavedPage, read: ReadListing, saved: Unpacked) -> ListingItem:
        marketplace = self.assignment.marketplace
        item = to_item(read, kept_address(marketplace, page.url))
        item.listing_id = listing_id(marketplace, page.url) or read.id
        self.observations.note_listing(Fate.READ)
        return await self._complete(item, page, saved, Sighting(query="", rank=None, seen_at=page.captured_at))

    async def _shown(self, page: SavedPage, read: ReadPage, saved: Unpacked) -> AsyncIterator[ListingItem]:
        """The listings on a page of results whose own pages were never read; the others are seen again."""
        query = searched_words(self.assignment.marketplace.search.url, page.url)
        self.observations.note_results(page.url, Fate.READ if read.listings else Fate.EMPTY)
        for listing in read.listings:
            item = self._card(listing, page)
            sighting = Sighting(query=query, rank=listing.rank, seen_at=page.captured_at)
            if item is not None and not await self._is_known(item.key, sighting):
                yield await self._complete(item, page, saved, sighting)

    def _card(self, listing: ReadListing, page: SavedPage) -> ListingItem | None:
        marketplace = self.assignment.marketplace
        if listing.url is None or not is_of(marketplace, listing.url):
            return None
        item = to_item(listing, kept_address(marketplace, listing.url))
        item.listing_id = listing_id(marketplace, listing.url) or listing.id
        item.attributes[READ_FROM] = RESULTS
        return item

    async def _is_known(self, key: str, sighting: Sighting) -> bool:
        if self.recorder is None:
            return False
        change = partial(
            record_seen,
            crawl_id=self.recorder.crawl.crawl_id,
            marketplace=self.recorder.crawl.marketplace,
            key=key,
            sighting=sighting,
        )
        return await self.recorder.write(change) is not None

    async def _complete(self, item: ListingItem, page: SavedPage, saved: Unpacked, sighting: Sighting) -> ListingItem:
        item.body = await asyncio.to_thread(page.body.read_bytes)
        item.captured_at = page.captured_at
        item.sightings = [sighting]
        item.attributes["saved_in"] = page.file[:200]
        if self.recorder is not None:
            item.pictures = [await self._picture(url, saved) for url in item.images]
            if not any(picture.sha256 for picture in item.pictures) and READ_FROM not in item.attributes:
                item.pictures = await self._pictures_in(item.body, page, saved) or item.pictures
            for picture in item.pictures:
                self.observations.note_picture(f"{picture.url}: {picture.error}" if picture.error else None)
        return item

    async def _picture(self, url: str, saved: Unpacked) -> Picture:
        address = web_address(url, url) or url
        if address not in saved.pictures:
            # The page names a larger one than the browser had loaded when it was saved.
            self._largest = self._largest or await asyncio.to_thread(_largest_of_each, saved)
            address = self._largest.get(picture_key(address), address)
        file = saved.pictures.get(address)
        if file is None:
            return Picture(url=url, error="is not in the saved files")
        return await self._kept(address, await asyncio.to_thread(file.read_bytes))

    async def _pictures_in(self, body: bytes, page: SavedPage, saved: Unpacked) -> list[Picture]:
        """The pictures that the page itself shows, where it names none that was saved with it."""
        found = await asyncio.to_thread(lambda: list(_saved_with(body, page, saved, self)))
        return [await self._kept(url, data) for url, data in found[:MOST_IMAGES]]

    async def _kept(self, url: str, data: bytes) -> Picture:
        if self.recorder is None:
            raise TypeError("pictures are kept by recorded crawls only")
        sha256 = await self.recorder.do(partial(self.recorder.crawl.evidence.put_image, data))
        return Picture(url=url, sha256=sha256, size=len(data))

    def _conclude(self, kinds: Counter[str]) -> None:
        """Say what the pages were, and what was skipped; without any listing the import has failed."""
        total = sum(kinds.values())
        told = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
        skipped = [*self._warnings[:_MOST_REMARKS]]
        if len(self._warnings) > _MOST_REMARKS:
            skipped.append(f"and {len(self._warnings) - _MOST_REMARKS} more, in the log")
        words = "; ".join([f"{total} pages: {told}" if total else "no page was found", *skipped])
        if not kinds[PageKind.PRODUCT] and not kinds[PageKind.RESULTS]:
            self.observations.note_listing(Fate.LAYOUT, words)
        else:
            self.observations.remarks.append(words)


def _largest_of_each(saved: Unpacked) -> dict[str, str]:
    """For each picture, in whatever sizes, the address under which its largest saved file lies."""
    by_size = sorted(saved.pictures, key=lambda one: saved.pictures[one].stat().st_size)
    return {picture_key(address): address for address in by_size}


def searched_words(search: str, url: str) -> str:
    """The words that a page of results was asked for, by the parameter that the declared search puts them into."""
    names = [name for name, value in parse_qsl(urlsplit(search).query) if "{query}" in value]
    said = dict(parse_qsl(urlsplit(url).query))
    return next((said[name] for name in names if name in said), "")


def _saved_with(body: bytes, page: SavedPage, saved: Unpacked, spider: SavedSpider) -> Iterator[tuple[str, bytes]]:
    opened = open_page(body, page.content_type)
    if opened.is_json:
        return
    seen: set[str] = set()
    for addresses in shown_pictures(opened.root(), page.url, spider.assignment.marketplace):
        found = next(filter(None, (_bytes_of(address, saved) for address in addresses)), None)
        if found is not None and found[0] not in seen:
            seen.add(found[0])
            yield found


def _bytes_of(address: str, saved: Unpacked) -> tuple[str, bytes] | None:
    """(address, bytes) of a picture that was saved and is large enough to be one of a listing."""
    if address.startswith("data:"):
        data = _data_of(address)
        address = named_by_content(data)
    else:
        file = saved.pictures.get(address)
        data = file.read_bytes() if file is not None else b""
    large = len(data) >= _SMALLEST and picture_problem(data) is None
    return (address, data) if large else None


def _data_of(address: str) -> bytes:
    header, _, text = address.partition(",")
    try:
        return base64.b64decode(text) if header.endswith(";base64") else b""
    except (binascii.Error, ValueError):
        return b""


def named_by_content(data: bytes) -> str:
    """An address for bytes that have none: their SHA-256 (RFC 6920)."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
    return f"ni:///sha-256;{digest}"
