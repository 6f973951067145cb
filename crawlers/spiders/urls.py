"""Looks at listings whose addresses are known, without any search."""

from collections.abc import AsyncIterator
from typing import Any

from counterfoil.clock import now
from counterfoil.egress import guard_from
from counterfoil.exceptions import AddressRefused
from counterfoil.models import Sighting
from counterfoil.settings import Settings
from counterfoil.store.listings import listing_key
from crawlers.addresses import kept_address, listing_id
from crawlers.assignment import Assignment, anonymous, unreadable
from crawlers.frontier import Next
from crawlers.pages import Card
from crawlers.spiders.search import SearchSpider


class UrlsSpider(SearchSpider):
    """`scrapy crawl urls -a marketplace=NAME -a query=URL -O listings.jsonl`."""

    name = "urls"
    asks_canaries = False

    @classmethod
    def refused(cls, assignment: Assignment, settings: Settings) -> str | None:
        """Why these addresses must not be asked for, in words for the operator; None if they may."""
        if not assignment.queries:
            return "There is no address to look at: -a query=URL."
        obstacle = unreadable(assignment.marketplace, settings)
        if obstacle is not None:
            return obstacle
        guard = guard_from(settings)
        for url in assignment.queries:
            if listing_id(assignment.marketplace, url) is None:
                return f"{url[:200]} is no listing of {assignment.marketplace.name}."
            try:
                target = guard.check_url(url)
            except AddressRefused as error:
                return f"{url[:200]} cannot be looked at: {error}"
            reason = anonymous(target, guard, settings)
            if reason is not None:
                return reason
        return None

    async def start(self) -> AsyncIterator[Any]:
        """Each listing's own page, once."""
        if self.observations.stop is not None:
            return
        marketplace = self.assignment.marketplace
        for url in self.assignment.queries:
            number = listing_id(marketplace, url)
            key = listing_key(number, kept_address(marketplace, url))
            sighting = Sighting(query="", rank=None, seen_at=now())
            if number is not None and self.frontier.see(key, sighting) is Next.FETCH:
                yield self._ask_listing(Card(listing_id=number, url=url, rank=1), key)
