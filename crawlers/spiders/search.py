"""Searches a marketplace for each query of the crawl: pages of results, then each listing's own page, once."""

import math
from collections.abc import AsyncIterator, Iterator
from typing import Any

from scrapy import Request
from scrapy.http import HtmlResponse, Response, TextResponse
from twisted.python.failure import Failure

from counterfoil.clock import now
from counterfoil.models import Sighting
from counterfoil.store.listings import listing_key
from crawlers.addresses import listing_id, search_address
from crawlers.base import MarketplaceSpider
from crawlers.browser.choice import Pages
from crawlers.failures import describe, fate_of_error
from crawlers.frontier import Next
from crawlers.items import AbsentListing, ListingItem, SeenAgain, shown_fields
from crawlers.observations import Fate
from crawlers.pages import Card, ListingPage, PageKind, Results, ResultsPage
from crawlers.stopping import FIRST_TRIED

_FATES = {
    PageKind.RESULTS: Fate.READ,
    PageKind.EMPTY: Fate.EMPTY,
    PageKind.BLOCKED: Fate.BLOCKED,
    PageKind.UNKNOWN: Fate.LAYOUT,
}
_SHOWS = {
    PageKind.RESULTS: "shows results",
    PageKind.EMPTY: "shows no results",
    PageKind.BLOCKED: "shows a riddle, a log-in or a refusal in the place of results",
    PageKind.UNKNOWN: "shows no results, and does not say that there are none",
}
# From so many listings on average in earlier crawls on, a query that finds nothing is not believed.
_USUAL = 10
# A canary should be an easy find.
_CANARY_PAGES = 3
# Listings before the next page of results: what was found is read before more is looked for.
_LISTING_PRIORITY = 10


class SearchSpider(MarketplaceSpider):
    """`scrapy crawl search -a marketplace=NAME -a query=WORDS -O listings.jsonl`."""

    name = "search"
    asks_canaries = True

    async def start(self) -> AsyncIterator[Any]:
        """The first page of results of each query."""
        if self.observations.stop is None:
            for query in self.assignment.queries:
                if self.frontier.spend_page():
                    url = search_address(self.assignment.marketplace, query, 1)
                    yield self._ask_results(url, query, number=1, above=0)
            for request in self._ask_canaries():
                yield request

    def parse(self, response: Response, results: ResultsPage, listing: ListingPage) -> Any:
        """For `scrapy parse --spider=search -a marketplace=NAME URL`: read the page by what its address is."""
        if listing_id(self.assignment.marketplace, response.url):
            return self.parse_listing(response, listing)
        return self.parse_results(response, results, query="", number=1, above=0)

    def parse_results(
        self, response: Response, page: ResultsPage, query: str, number: int, above: int
    ) -> Iterator[Request | SeenAgain]:
        """Read page `number` of a query's results; `above` listings were ranked on the pages before it.

        @recorded results
        @cb_kwargs {"query": "lamp", "number": 1, "above": 0}
        """
        results = page.read(query, number) if isinstance(response, TextResponse) else Results(kind=PageKind.UNKNOWN)
        if results.kind is PageKind.UNKNOWN and (instead := self.browser.instead(Pages.SEARCH, response.request)):
            yield instead
            return
        if results.kind is PageKind.RESULTS:
            self.browser.worked(Pages.SEARCH, response.request)
        self.observations.found[query] += len(results.cards)
        self.observations.note_cards(query, [card.listing_id for card in results.cards])
        self.observations.note_results(query, *self._judged(response.url, results.kind, query))
        if results.kind is PageKind.RESULTS:
            expected = self.assignment.marketplace.expectations
            self.observations.note_size(len(results.cards), expected, self._others(results, query, number))
        keys = [listing_key(card.listing_id, card.url) for card in results.cards]
        self.frontier.turn_page(query, keys)
        again: list[tuple[int, Sighting]] = []
        for card, key in zip(results.cards, keys, strict=True):
            sighting = Sighting(query=query, rank=above + card.rank, seen_at=now())
            match self.frontier.see(key, sighting):
                case Next.FETCH:
                    yield self._ask_listing(card, key)
                case Next.NOTE:
                    again.append((self.frontier.listing_id(key), sighting))
        if again and self.recorder is not None:
            yield SeenAgain(sightings=tuple(again))
        if results.next_url and self.frontier.goes_on(query, number):
            yield self._ask_results(results.next_url, query, number + 1, above + len(results.cards))

    async def parse_listing(
        self, response: Response, page: ListingPage, key: str | None = None
    ) -> AsyncIterator[ListingItem | AbsentListing | Request]:
        """Read a listing's own page; `key` is the one that led to it.

        @recorded product
        """
        if not isinstance(response, HtmlResponse):
            self.observations.note_listing(Fate.LAYOUT, f"{response.url}: is no HTML page")
            return
        captured_at = now()
        item = await page.to_item()
        item.captured_at = captured_at
        if item.listing_id is None:
            # A redirect led away: to the front page, to a page of similar things, to a log-in.
            barrier = page.is_barrier()
            self.observations.note_listing(Fate.BLOCKED if barrier else Fate.GONE, f"{response.url}: is no listing")
            if key is not None and not barrier and page.says_not_found():
                yield AbsentListing(key=key, why=f"{response.url} says that it is not there", at=captured_at)
            return
        missing = page.missing(item)
        if missing:
            fate = Fate.BLOCKED if page.is_barrier() else Fate.LAYOUT
            if fate is Fate.LAYOUT and not page.shows_more_than_a_title(item) and page.says_not_found():
                self.observations.note_listing(Fate.GONE, f"{response.url}: says that it is not there")
                yield AbsentListing(key=key or item.key, why="its page says that it is not there", at=captured_at)
                return
            if fate is Fate.LAYOUT and (instead := self.browser.instead(Pages.LISTING, response.request)):
                yield instead
                return
            self.observations.note_listing(fate, f"{response.url}: shows no {', '.join(missing)}")
            if fate is Fate.BLOCKED or not page.shows_more_than_a_title(item):
                return
            # What the page does show is kept also when the layout has changed: the crawl's reason says the rest.
            item.fate = fate
        else:
            self.browser.worked(Pages.LISTING, response.request)
            self.observations.note_listing(Fate.READ)
        self.observations.note_fields(shown_fields(item))
        item.body = response.body
        item.asked_key = key or item.key
        item.sightings = self.frontier.collect(item.asked_key)
        yield item

    def _others(self, results: Results, query: str, number: int) -> str | None:
        """By what a query must have more listings than this page of its results shows; None where nothing says so."""
        if results.next_url is not None:
            return "more pages follow"
        past = self.assignment.past.get(query)
        if number == 1 and past is not None and past.listings >= self.assignment.marketplace.expectations.fewest:
            return f'"{query}" had {past.listings:.0f} on average in the last crawls'
        return None

    def _judged(self, url: str, kind: PageKind, query: str) -> tuple[Fate, str]:
        """How a page of results fared; one that shows nothing where there always was something cannot be right."""
        past = self.assignment.past.get(query)
        if kind is PageKind.EMPTY and not self.observations.found[query] and past and past.listings >= _USUAL:
            crawls = f"{past.crawls} crawls" if past.crawls > 1 else "crawl"
            told = f'"{query}" has 0 results where the last {crawls} had {past.listings:.0f} on average ({url})'
            self.observations.disbelieved[query] = told
            return Fate.LAYOUT, told
        return _FATES[kind], f"{url}: {_SHOWS[kind]}"

    def results_failed(self, failure: Failure) -> None:
        """A page of results did not come."""
        fate = fate_of_error(failure.value)
        # A search that is not found is no search of this marketplace any more.
        fate = Fate.LAYOUT if fate is Fate.GONE else fate
        query = _request(failure).cb_kwargs["query"]
        self.observations.note_results(query, fate, self._told(failure, fate), _tried_at(failure))

    def listing_failed(self, failure: Failure) -> Iterator[AbsentListing]:
        """A listing's page did not come; where its own address says that it is gone, that is kept."""
        fate = fate_of_error(failure.value)
        told = self._told(failure, fate)
        self.observations.note_listing(fate, told, _tried_at(failure))
        key = _request(failure).cb_kwargs.get("key")
        if fate is Fate.GONE and key is not None:
            yield AbsentListing(key=key, why=told, at=now())

    def parse_canaries(self, response: Response, page: ResultsPage, wanted: str, number: int) -> Iterator[Request]:
        """Look for canaries on page `number` of the results of a query that is asked for their sake alone."""
        results = page.read(wanted, number) if isinstance(response, TextResponse) else Results(kind=PageKind.UNKNOWN)
        self.observations.note_cards(wanted, [card.listing_id for card in results.cards])
        missing = any(one.query == wanted and not found for one, found in self.observations.canaries.items())
        if missing and results.next_url and number < _CANARY_PAGES:
            yield self._ask_canary(results.next_url, wanted, number + 1)

    def canaries_failed(self, failure: Failure) -> None:
        """A page with canaries did not come: they count as not found, and nothing else is concluded from it."""
        self._told(failure, fate_of_error(failure.value))

    def _ask_canaries(self) -> Iterator[Request]:
        """The searches for canaries that no query of the crawl makes anyway."""
        queries = dict.fromkeys(one.query for one in self.observations.canaries)
        for query in queries:
            if query not in self.assignment.queries and self.frontier.spend_page():
                yield self._ask_canary(search_address(self.assignment.marketplace, query, 1), query, 1)

    def _ask_canary(self, url: str, query: str, number: int) -> Request:
        request = Request(
            url,
            callback=self.parse_canaries,
            errback=self.canaries_failed,
            cb_kwargs={"wanted": query, "number": number},
            # Before a limit cuts them off: they cost little, and the crawl is worth little without them.
            priority=_LISTING_PRIORITY,
            dont_filter=True,
        )
        return self.browser.made_for(Pages.SEARCH, request)

    def _ask_listing(self, card: Card, key: str) -> Request:
        request = Request(
            card.url,
            callback=self.parse_listing,
            errback=self.listing_failed,
            cb_kwargs={"key": key},
            priority=_LISTING_PRIORITY,
            dont_filter=True,
        )
        return self.browser.made_for(Pages.LISTING, request)

    def _ask_results(self, url: str, query: str, number: int, above: int) -> Request:
        request = Request(
            url,
            callback=self.parse_results,
            errback=self.results_failed,
            cb_kwargs={"query": query, "number": number, "above": above},
            dont_filter=True,
        )
        return self.browser.made_for(Pages.SEARCH, request)

    def _told(self, failure: Failure, fate: Fate) -> str:
        words = describe(failure)
        if fate is Fate.CRASHED:
            self.logger.error("%s", words, exc_info=failure.value)
        elif fate is not Fate.STOPPED:
            self.logger.warning("%s", words)
        return words


def _tried_at(failure: Failure) -> float:
    return float(_request(failure).meta.get(FIRST_TRIED, math.inf))


def _request(failure: Failure) -> Request:
    request = getattr(failure, "request", None)
    if not isinstance(request, Request):
        raise TypeError("Scrapy gives every failure its request")
    return request
