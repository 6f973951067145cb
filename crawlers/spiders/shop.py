"""Reads a shop of a known platform: through the platform's own interface, or page by page along its sitemap."""

from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import urljoin

from scrapy import Request
from scrapy.http import Response
from scrapy.utils.gz import gunzip
from scrapy.utils.sitemap import Sitemap, sitemap_urls_from_robots
from twisted.python.failure import Failure

from counterfoil.clock import now
from counterfoil.models import Sighting
from counterfoil.store.listings import listing_key
from crawlers.addresses import is_of, kept_address, listing_id, web_address
from crawlers.apis.base import Interface
from crawlers.apis.opening import shop_interface
from crawlers.failures import fate_of_error
from crawlers.frontier import Next
from crawlers.interface_spider import EVERYTHING, InterfaceSpider, has_words
from crawlers.items import AbsentListing, ListingItem
from crawlers.observations import Fate
from crawlers.pages import Card, ListingPage

# Sitemaps name sitemaps, which name pages.
_DEEPEST = 3


class ShopSpider(InterfaceSpider):
    """`scrapy crawl shop -a marketplace=NAME -a query=WORDS -O listings.jsonl`; the query * is the whole shop."""

    name = "shop"

    def open_interface(self) -> Interface:
        """The interface of the shop's platform."""
        return shop_interface(self.assignment.marketplace)

    async def start(self) -> AsyncIterator[Any]:
        """The first page of results of each query, or the shop's robots.txt, which names its sitemaps."""
        if self.assignment.marketplace.platform != "sitemap":
            async for request in super().start():
                yield request
        elif self.observations.stop is None:
            robots = urljoin(self.assignment.marketplace.url, "/robots.txt")
            yield Request(robots, callback=self.parse_robots, errback=self._without_robots, dont_filter=True)

    def parse_robots(self, response: Response) -> Iterator[Request]:
        """Ask for the sitemaps that robots.txt names."""
        named = [web_address(response.url, url) for url in sitemap_urls_from_robots(response.body, response.url)]
        yield from self._ask_sitemaps([url for url in named if url] or [self._usual_sitemap], 1)

    def parse_sitemap(self, response: Response, query: str, depth: int) -> Iterator[Request]:
        """Ask for the sitemaps, or the listings, that a sitemap names."""
        try:
            sitemap = Sitemap(self._unpacked(response.body))
            named = [web_address(response.url, entry["loc"]) for entry in sitemap]
        except (ValueError, OSError, EOFError, SyntaxError, StopIteration) as error:
            self.observations.note_results(query, Fate.LAYOUT, f"{response.url}: is no sitemap ({error})")
            return
        self.observations.note_results(query, Fate.READ)
        own = [url for url in named if url and is_of(self.assignment.marketplace, url)]
        if sitemap.type == "sitemapindex":
            products = [url for url in own if "product" in url.lower()]
            yield from self._ask_sitemaps(products or own, depth + 1)
        else:
            yield from self._ask_listings(own)

    async def parse_listing(
        self, response: Response, page: ListingPage, key: str | None = None
    ) -> AsyncIterator[ListingItem | AbsentListing | Request]:
        """Read a listing's own page; without any word that is looked for it is left out."""
        async for item in super().parse_listing(response, page, key):
            if isinstance(item, ListingItem):
                if item.price is None:
                    # A sitemap names all pages: what has no price is no offer.
                    continue
                said = (item.title, item.brand, item.sku)
                wanted = [query for query in self.assignment.queries if has_words(query, *said)]
                if not wanted:
                    continue
                item.sightings = [Sighting(query=query, rank=None, seen_at=now()) for query in wanted]
            yield item

    def _ask_sitemaps(self, urls: list[str], depth: int) -> Iterator[Request]:
        for url in urls if depth <= _DEEPEST else ():
            if self.frontier.spend_page():
                yield Request(
                    url,
                    callback=self.parse_sitemap,
                    errback=self.results_failed,
                    # As many as there are sitemaps: each is read to its end or not.
                    cb_kwargs={"query": url, "depth": depth},
                )

    def _ask_listings(self, urls: list[str]) -> Iterator[Request]:
        marketplace = self.assignment.marketplace
        for url in urls:
            number = listing_id(marketplace, url)
            key = listing_key(number, kept_address(marketplace, url))
            sighting = Sighting(query=EVERYTHING, rank=None, seen_at=now())
            if number is not None and self.frontier.see(key, sighting) is Next.FETCH:
                yield self._ask_listing(Card(listing_id=number, url=url, rank=1), key)

    def _without_robots(self, failure: Failure) -> Iterator[Request]:
        # A shop without a robots.txt may have a sitemap all the same; one that cannot be reached will say so again.
        self.logger.info("no robots.txt: %s", fate_of_error(failure.value))
        yield from self._ask_sitemaps([self._usual_sitemap], 1)

    def _unpacked(self, body: bytes) -> bytes:
        largest = self.settings.getint("DOWNLOAD_MAXSIZE")
        return gunzip(body, max_size=largest) if body.startswith(b"\x1f\x8b") else body

    @property
    def _usual_sitemap(self) -> str:
        return urljoin(self.assignment.marketplace.url, "/sitemap.xml")
