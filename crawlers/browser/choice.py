"""Decides which pages of a crawl are read by a browser: where that is declared, or where nothing else has worked."""

from collections.abc import Iterable
from enum import StrEnum

from scrapy import Request

from counterfoil.chromium import browser_obstacle
from counterfoil.marketplaces import Marketplace
from counterfoil.settings import Settings
from crawlers.browser.requests import in_browser, wants_browser


class Pages(StrEnum):
    """The kinds of pages that a search crawl reads."""

    SEARCH = "search"
    LISTING = "listing"


class BrowserChoice:
    """Whether a crawl's requests go to a browser; learns when only a browser has shown what a plain request did not.

    `everywhere` asks for it for all pages, where there is one; `obstacle` says why there is none.
    """

    def __init__(self, marketplace: Marketplace, settings: Settings, *, everywhere: bool = False) -> None:
        self.obstacle = browser_obstacle(settings)
        self._ready = _selectors(marketplace)
        wanted = Pages if everywhere else _declared(marketplace)
        self._chosen = set() if self.obstacle is not None else set(wanted)
        self._may_fall_back = settings.browser == "fallback" and self.obstacle is None

    @property
    def is_possible(self) -> bool:
        """Whether this crawl may come to need a browser."""
        return bool(self._chosen) or self._may_fall_back

    def made_for(self, pages: Pages, request: Request) -> Request:
        """The request as it is to be sent: by a browser where its kind of pages is read by one."""
        return in_browser(request, self._ready[pages]) if pages in self._chosen else request

    def instead(self, pages: Pages, request: Request | None) -> Request | None:
        """The request to send once more, by a browser, when the plain response has shown nothing; None: it stays so."""
        if request is None or wants_browser(request) or not self._may_fall_back:
            return None
        return in_browser(request, self._ready[pages])

    def worked(self, pages: Pages, request: Request | None) -> None:
        """A page was read: where a browser had to be tried, pages of its kind go to the browser from now on."""
        if request is not None and wants_browser(request):
            self._chosen.add(pages)


def browser_needed(marketplace: Marketplace, settings: Settings) -> str | None:
    """Why a marketplace that is declared to need a browser cannot be read here; None if it can, or needs none."""
    return browser_obstacle(settings) if list(_declared(marketplace)) else None


def _declared(marketplace: Marketplace) -> Iterable[Pages]:
    if marketplace.browser is not None:
        if marketplace.browser.search:
            yield Pages.SEARCH
        if marketplace.browser.listing:
            yield Pages.LISTING


def _selectors(marketplace: Marketplace) -> dict[Pages, tuple[str | None, ...]]:
    declared = marketplace.browser
    search, listing = (declared.search_ready, declared.listing_ready) if declared else (None, None)
    cards = (marketplace.search.card, *(layout.card for layout in marketplace.reading.cards))
    # Without a card to wait for, the mark of no results would be waited for in vain.
    found = (*cards, marketplace.search.empty) if any(cards) else ()
    return {Pages.SEARCH: (search,) if search else found, Pages.LISTING: (listing,)}
