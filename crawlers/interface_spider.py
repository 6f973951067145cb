"""What spiders share that ask an interface instead of reading pages: listings come whole, many at a time."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

from scrapy import Request
from scrapy.http import Response

from counterfoil.clock import now
from counterfoil.models import Sighting
from counterfoil.text import tokens
from crawlers.addresses import kept_address, listing_id
from crawlers.apis.base import Ask, Interface, Record, UnexpectedAnswer, read_json
from crawlers.extraction import to_item
from crawlers.frontier import Next
from crawlers.items import ListingItem, SeenAgain
from crawlers.observations import Fate
from crawlers.reading.listing import ReadListing
from crawlers.spiders.search import SearchSpider

# The query that looks for everything.
EVERYTHING = "*"


class InterfaceSpider(SearchSpider):
    """A spider that asks `interface`."""

    asks_canaries = False

    def open_interface(self) -> Interface:
        """The interface to ask."""
        raise NotImplementedError

    async def start(self) -> AsyncIterator[Any]:
        """The first page of each query; one for all of them where only the whole catalogue can be had."""
        if self.observations.stop is not None:
            return
        self.interface = self.open_interface()
        for request in self.first_requests():
            yield request

    def first_requests(self) -> Iterator[Request]:
        """The first page of each query."""
        for query in [EVERYTHING] if self.interface.is_catalogue else self.assignment.queries:
            if self.frontier.spend_page():
                yield self.ask(self.interface.search(query), query, number=1, above=0)

    def ask(self, ask: Ask, query: str, number: int, above: int) -> Request:
        """The request for a page of results; `above` listings were ranked on the pages before it."""
        return Request(
            ask.url,
            method=ask.method,
            headers=dict(ask.headers),
            body=ask.body,
            callback=self.parse_answer,
            errback=self.results_failed,
            cb_kwargs={"query": query, "number": number, "above": above, "ask": ask},
            dont_filter=True,
        )

    async def parse_answer(
        self, response: Response, query: str, number: int, above: int, ask: Ask
    ) -> AsyncIterator[ListingItem | SeenAgain | Request]:
        """Read a page of an interface's results."""
        try:
            answer = self.interface.read(ask, read_json(response.body))
        except (UnexpectedAnswer, KeyError, TypeError, AttributeError) as error:
            self.observations.note_results(query, Fate.LAYOUT, f"{response.url}: {error}")
            return
        empty = number == 1 and not answer.records
        self.observations.note_results(query, Fate.EMPTY if empty else Fate.READ, f"{response.url}: shows no results")
        items = [self.item_of(record.read) for record in answer.records]
        self.frontier.turn_page(query, [item.key for item in items if item is not None])
        again: list[tuple[int, Sighting]] = []
        for rank, (record, item) in enumerate(zip(answer.records, items, strict=True), above + 1):
            if item is not None:
                async for found in self._seen(record, item, rank, query, again):
                    yield found
        if again and self.recorder is not None:
            yield SeenAgain(sightings=tuple(again))
        if answer.next is not None and self.frontier.goes_on(query, number):
            yield self.ask(answer.next, query, number + 1, above + len(answer.records))

    async def read_record(self, record: Record, item: ListingItem) -> AsyncIterator[ListingItem | SeenAgain | Request]:
        """What becomes of a listing that is new to this crawl: the item, unless more is to be asked about it."""
        yield self.complete(item, record)

    def complete(self, item: ListingItem, record: Record) -> ListingItem:
        """The item as it is handed on."""
        item.captured_at = now()
        item.body = record.body
        item.asked_key = item.asked_key or item.key
        item.sightings = self.frontier.collect(item.asked_key)
        self.observations.note_listing(Fate.READ)
        return item

    async def _seen(
        self, record: Record, item: ListingItem, rank: int, query: str, again: list[tuple[int, Sighting]]
    ) -> AsyncIterator[ListingItem | SeenAgain | Request]:
        for wanted in self._queries_for(record.read, query):
            sighting = Sighting(query=wanted, rank=rank, seen_at=now())
            match self.frontier.see(item.key, sighting, is_whole=True):
                case Next.FETCH:
                    item.asked_key = item.key
                case Next.NOTE:
                    again.append((self.frontier.listing_id(item.key), sighting))
        if item.asked_key is not None:
            async for found in self.read_record(record, item):
                yield found

    def item_of(self, read: ReadListing) -> ListingItem | None:
        """The item of a listing; None for one without an address or a title, which nobody could look at."""
        if read.url is None or read.title is None:
            return None
        marketplace = self.assignment.marketplace
        item = to_item(read, kept_address(marketplace, read.url))
        # As where its page is read, so that both know it as the same listing.
        item.listing_id = listing_id(marketplace, read.url) or read.id
        return item

    def _queries_for(self, read: ReadListing, query: str) -> list[str]:
        """The queries that a listing answers: the one that was asked, or of a catalogue those whose words it has."""
        if not self.interface.is_catalogue:
            return [query]
        return [wanted for wanted in self.assignment.queries if has_words(wanted, read.title, read.brand, read.sku)]


def has_words(query: str, *said: str | None) -> bool:
    """Whether all words of a query stand in what a listing says of itself; everything does that."""
    if query == EVERYTHING:
        return True
    return set(tokens(query)) <= set(tokens(" ".join(filter(None, said))))
