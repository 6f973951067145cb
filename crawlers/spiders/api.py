"""Searches a marketplace through its official API, with the operator's own keys."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import fields, replace
from functools import partial
from typing import Any

from scrapy import Request
from scrapy.http import Response
from twisted.python.failure import Failure

from counterfoil.access import missing_keys
from counterfoil.egress import guard_from
from counterfoil.evidence import open_evidence
from counterfoil.exceptions import AddressRefused, CounterfoilError
from counterfoil.models import FinishReason, Sighting
from counterfoil.settings import Settings, load_settings
from counterfoil.store.listings import READ_FROM, RESULTS, record_unchanged
from crawlers.apis.base import Ask, Record, UnexpectedAnswer, read_json
from crawlers.apis.official import OfficialApi, read_token
from crawlers.apis.opening import official_api
from crawlers.assignment import Assignment
from crawlers.cleaning import line
from crawlers.failures import describe, fate_of_error
from crawlers.interface_spider import InterfaceSpider
from crawlers.items import LONGEST_TITLE, ListingItem, SeenAgain
from crawlers.observations import Fate, Stop
from crawlers.reading.listing import ReadListing
from crawlers.robots import BY_AGREEMENT
from crawlers.stopping import stop_crawl

# A token lasts for hours; one that is refused again and again is none.
_MOST_TOKENS = 5
# What was found is read before more is looked for, as on pages.
_DETAIL_PRIORITY = 10


class ApiSpider(InterfaceSpider):
    """`scrapy crawl api -a marketplace=NAME -a query=WORDS -O listings.jsonl`."""

    name = "api"
    interface: OfficialApi

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._token: str | None = None
        self._tokens = 0
        self._waiting: list[Request] = []

    @classmethod
    def refused(cls, assignment: Assignment, settings: Settings) -> str | None:
        """Why this API cannot be asked, in words for the operator; None if it can. Who asks, the keys say."""
        if not assignment.queries:
            return "There is nothing to search for: -a query=WORDS."
        if assignment.marketplace.api is None:
            return f"{assignment.marketplace.name} declares no official API."
        missing = missing_keys(assignment.marketplace, settings)
        if missing:
            return f"The API of {assignment.marketplace.name} needs {' and '.join(missing)}."
        try:
            guard_from(settings).check_url(assignment.marketplace.api.url)
        except AddressRefused as error:
            return f"The API of {assignment.marketplace.name} cannot be asked: {error}"
        return None

    def open_interface(self) -> OfficialApi:
        """The API with the operator's keys."""
        settings = load_settings()
        evidence = self.recorder.crawl.evidence if self.recorder is not None else open_evidence(settings)
        return official_api(self.assignment.marketplace, settings, evidence.get_image)

    def first_requests(self) -> Iterator[Request]:
        """The token, where one is needed; else, or when it has come, the first page of each query."""
        token = self.interface.token_request() if self._token is None else None
        if token is not None:
            yield self._ask_token(token)
            return
        for query in self.assignment.queries:
            try:
                ask = self.interface.search(query)
            except CounterfoilError as error:
                # A reference image that is no longer there costs this query, and no other.
                self.observations.note_results(query, Fate.CRASHED, str(error))
                continue
            if self.frontier.spend_page():
                yield self.ask(ask, query, number=1, above=0)

    def ask(self, ask: Ask, query: str, number: int, above: int) -> Request:
        """The request for a page of results, with the keys."""
        return self._sealed(super().ask(ask, query, number, above))

    async def parse_answer(
        self, response: Response, query: str, number: int, above: int, ask: Ask
    ) -> AsyncIterator[ListingItem | SeenAgain | Request]:
        """Read a page of results, or ask for a new token where the old one has run out."""
        if response.status == 401:
            for request in self._renewed(response):
                yield request
            return
        async for found in super().parse_answer(response, query, number, above, ask):
            yield found

    async def read_record(self, record: Record, item: ListingItem) -> AsyncIterator[ListingItem | SeenAgain | Request]:
        """Ask for the details of what is new or changed; what is known as it is costs no call."""
        ask = self.interface.detail(record)
        if ask is None:
            yield self.complete(item, record)
            return
        known = await self._known(item)
        if known is not None:
            late = self.frontier.store(item.key, item.key, known)[1:]
            self.observations.note_listing(Fate.READ)
            yield SeenAgain(sightings=tuple((known, sighting) for sighting in late))
        elif self.frontier.spend_page():
            yield self._ask_detail(ask, record, item)
        else:
            item.attributes[READ_FROM] = RESULTS
            yield self.complete(item, record)

    def parse_detail(self, response: Response, record: Record, item: ListingItem) -> Iterator[ListingItem | Request]:
        """Read all of a listing; what its details leave out is taken from the results."""
        if response.status == 401:
            yield from self._renewed(response)
            return
        try:
            whole = self.interface.read_detail(read_json(response.body))
            read = completed(whole.read, record.read)
        except (UnexpectedAnswer, KeyError, TypeError, AttributeError) as error:
            self.observations.note_listing(Fate.LAYOUT, f"{response.url}: {error}")
            return
        found = self.item_of(read)
        if found is not None:
            found.asked_key = item.asked_key
            yield self.complete(found, Record(read=read, raw=whole.raw))

    def parse_token(self, response: Response) -> Iterator[Request]:
        """Go on with the token that came."""
        try:
            self._token = read_token(read_json(response.body))
        except UnexpectedAnswer as error:
            self._refused_keys(f"{response.url}: {error}")
            return
        waiting, self._waiting = self._waiting, []
        if self._tokens == 1:
            yield from self.first_requests()
        for request in waiting:
            yield self._sealed(request.replace(dont_filter=True))

    def token_failed(self, failure: Failure) -> None:
        """No token came: the keys are refused, or the API is away."""
        fate = fate_of_error(failure.value)
        if fate in {Fate.BLOCKED, Fate.LAYOUT, Fate.GONE}:
            self._refused_keys(describe(failure))
        else:
            self.observations.note_results("token", fate, describe(failure))

    def _refused_keys(self, words: str) -> None:
        names = self.assignment.marketplace.api.client if self.assignment.marketplace.api else ""
        stop_crawl(self.crawler, Stop(FinishReason.BLOCKED, f"the keys of {names} are refused ({words})"))

    def _renewed(self, response: Response) -> Iterator[Request]:
        token = self.interface.token_request()
        if token is None or self._tokens >= _MOST_TOKENS or response.request is None:
            self._refused_keys(f"{response.url} answered 401")
            return
        self._waiting.append(response.request)
        if len(self._waiting) == 1:
            yield self._ask_token(token)

    def _ask_token(self, ask: Ask) -> Request:
        self._tokens += 1
        return self._by_agreement(
            Request(
                ask.url,
                method=ask.method,
                headers=dict(ask.headers),
                body=ask.body,
                callback=self.parse_token,
                errback=self.token_failed,
                dont_filter=True,
            )
        )

    def _ask_detail(self, ask: Ask, record: Record, item: ListingItem) -> Request:
        return self._sealed(
            Request(
                ask.url,
                headers=dict(ask.headers),
                callback=self.parse_detail,
                errback=self.listing_failed,
                cb_kwargs={"record": record, "item": item},
                priority=_DETAIL_PRIORITY,
                dont_filter=True,
            )
        )

    def _sealed(self, request: Request) -> Request:
        """The request with the keys in it, and with the statuses that are answers."""
        for name, value in self.interface.credentials(self._token).items():
            request.headers[name] = value
        request.meta["handle_httpstatus_list"] = [401, *self.interface.statuses]
        return self._by_agreement(request)

    def _by_agreement(self, request: Request) -> Request:
        # No redirect takes the keys to another host.
        request.meta.update({BY_AGREEMENT: True, "dont_redirect": True})
        return request

    async def _known(self, item: ListingItem) -> int | None:
        """The id of a listing whose details are known, and whose title and price are as they were."""
        title = line(item.title, LONGEST_TITLE)
        sightings: list[Sighting] = self.frontier.waiting(item.key)
        if self.recorder is None or title is None or not sightings:
            return None
        change = partial(
            record_unchanged,
            crawl_id=self.recorder.crawl.crawl_id,
            marketplace=self.recorder.crawl.marketplace,
            key=item.key,
            title=title,
            price=item.price,
            currency=item.currency,
            sighting=sightings[0],
        )
        return await self.recorder.write(change)


def completed(whole: ReadListing, part: ReadListing) -> ReadListing:
    """A listing's details, with what only the results said of it; title and price are those of the results.

    So that the next crawl, which sees the results first, knows the listing as it is.
    """
    kept = {one.name: getattr(part, one.name) for one in fields(whole) if not getattr(whole, one.name)}
    same = {name: getattr(part, name) for name in ("title", "price", "price_max", "currency")}
    return replace(whole, **kept, **{name: value for name, value in same.items() if value is not None})
