"""Page classes: a response in, what it says out, no I/O. scrapy-poet hands them to the spiders.

These two read any marketplace by its declaration. A marketplace that needs more gets a subclass, registered with
web-poet's `handle_urls` for its addresses.
"""

from dataclasses import dataclass
from enum import StrEnum

import attrs
from parsel import Selector, SelectorList
from web_poet import WebPage

from counterfoil.marketplaces import Marketplace
from crawlers.addresses import kept_address, listing_id, search_address, web_address
from crawlers.charsets import page_text
from crawlers.extraction import extract_listing
from crawlers.items import ListingItem
from crawlers.reading.cards import is_aside
from crawlers.reading.context import PageContext
from crawlers.reading.documents import within_bounds
from crawlers.reading.kinds import barrier, is_empty, is_not_found
from crawlers.reading.reader import read_results
from crawlers.shown import words_of
from crawlers.structured import Document

_LONGEST_TITLE = 500


class PageKind(StrEnum):
    """What a page turned out to be."""

    RESULTS = "results"
    EMPTY = "empty"
    BLOCKED = "blocked"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One listing on a page of results; `rank` counts from 1 on this page."""

    listing_id: str
    url: str
    rank: int
    title: str | None = None
    price: str | None = None
    thumbnail: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """A page of results as it was read; `next_url` leads to the page after it."""

    kind: PageKind
    cards: tuple[Card, ...] = ()
    next_url: str | None = None


@attrs.define
class DeclaredPage(WebPage[ListingItem]):
    """A page of a declared marketplace."""

    declaration: Marketplace
    _tree: Selector | None = attrs.field(default=None, init=False, repr=False)
    _text: str | None = attrs.field(default=None, init=False, repr=False)
    _context: PageContext | None = attrs.field(default=None, init=False, repr=False)

    @property
    def html(self) -> str:
        """The page's text, also where its charset is said wrong; no more of it than is read of any page."""
        if self._text is None:
            self._text = within_bounds(page_text(self.response))
        return self._text

    @property
    def selector(self) -> Selector:
        """The page as HTML, whatever it looks like: a body that happens to be JSON has no elements, and that is all."""
        if self._tree is None:
            self._tree = Selector(text=self.html, type="html", base_url=self.base_url)
        return self._tree

    @property
    def document(self) -> Document:
        """The page's parsed tree."""
        return self.selector.root

    @property
    def context(self) -> PageContext:
        """The page as the generic reader takes it."""
        if self._context is None:
            self._context = PageContext(self.html, self.document, str(self.url), self.declaration)
        return self._context

    def says_not_found(self) -> bool:
        """Whether the page says in its title or heading that what was asked for is not there."""
        return is_not_found(self.context)

    def is_barrier(self) -> bool:
        """Whether the page stands in the way: captcha, challenge, refusal, log-in. Asked where it shows no listing."""
        return barrier(self.context)


@attrs.define
class ResultsPage(DeclaredPage):
    """A page of search results, read by the declaration's selectors or, without any, by the generic reader."""

    _following: str | None = attrs.field(default=None, init=False, repr=False)

    def read(self, query: str, number: int) -> Results:
        """What the page shows for `query`; `number` is the page's place among the results, from 1.

        Where a declared marker of "nothing found" is shown, what else the page offers is no result. Where none is
        declared the page's own words count, if it shows no listing.
        """
        search = self.declaration.search
        if search.empty and self.css(search.empty):
            return Results(kind=PageKind.EMPTY)
        cards = self._cards()
        if cards:
            return Results(kind=PageKind.RESULTS, cards=cards, next_url=self._next_url(query, number))
        if self.is_barrier():
            return Results(kind=PageKind.BLOCKED)
        if search.empty is None and is_empty(self.context, None):
            return Results(kind=PageKind.EMPTY)
        linked = self._linked_cards() if search.card is None else ()
        if linked:
            return Results(kind=PageKind.RESULTS, cards=linked, next_url=self._next_url(query, number))
        # Numbered pages end where the results do.
        numbered = number > 1 and "{page}" in search.url
        return Results(kind=PageKind.EMPTY if numbered else PageKind.UNKNOWN)

    def _cards(self) -> tuple[Card, ...]:
        if self.declaration.search.card is None:
            return self._read_cards()
        found: dict[str, Card] = {}
        for element in self.css(self.declaration.search.card):
            card = self._card(element, rank=len(found) + 1)
            if card is not None:
                found.setdefault(card.listing_id, card)
        return tuple(found.values())

    def _read_cards(self) -> tuple[Card, ...]:
        """The cards as the generic reader finds them, those of them that lead to listings of this marketplace."""
        listings, self._following = read_results(self.context)
        found: dict[str, Card] = {}
        for one in listings:
            number = listing_id(self.declaration, one.url) if one.url else None
            if one.url is not None and number is not None and number not in self.declaration.listing.placeholders:
                price = format(one.price, "f") if one.price is not None else None
                image = one.images[0] if one.images else None
                card = Card(
                    listing_id=number, url=one.url, rank=len(found) + 1, title=one.title, price=price, thumbnail=image
                )
                found.setdefault(number, card)
        return tuple(found.values())

    def _linked_cards(self) -> tuple[Card, ...]:
        """Results that show no price: what the links to listings of this marketplace say, but for those around it."""
        found: dict[str, Card] = {}
        for link in self.document.iter("a"):
            url = web_address(str(self.url), link.get("href"))
            number = listing_id(self.declaration, url) if url else None
            if url is None or number is None or number in self.declaration.listing.placeholders or is_aside(link):
                continue
            title = words_of(link)[:_LONGEST_TITLE] or None
            found.setdefault(number, Card(listing_id=number, url=url, rank=len(found) + 1, title=title))
        return tuple(found.values())

    def _card(self, element: Selector, rank: int) -> Card | None:
        search = self.declaration.search
        link = _attribute(element.css(search.link or "a"), "href")
        url = web_address(str(self.url), link)
        number = listing_id(self.declaration, url) if url else None
        if url is None or number is None:
            return None
        image = _attribute(element.css(search.image), "src", "data-src") if search.image else None
        return Card(
            listing_id=number,
            url=url,
            rank=rank,
            title=_text(element, search.title),
            price=_text(element, search.price),
            thumbnail=web_address(str(self.url), image),
        )

    def _next_url(self, query: str, number: int) -> str | None:
        search = self.declaration.search
        if search.card is None and search.next is None and self._following is not None:
            return web_address(str(self.url), self._following)
        found = self.css(search.next or "link[rel~=next], a[rel~=next]")
        following = web_address(str(self.url), _attribute(found, "href"))
        if following == web_address(str(self.url), str(self.url)):
            following = None
        if following or search.next or "{page}" not in search.url:
            return following
        return search_address(self.declaration, query, number + 1)


@attrs.define
class ListingPage(DeclaredPage):
    """A listing's own page, read by the generic reader."""

    async def to_item(self) -> ListingItem:
        """What the page says about its listing."""
        url = str(self.url)
        item = extract_listing(self.context, url)
        item.listing_id = listing_id(self.declaration, url)
        item.url = kept_address(self.declaration, url)
        return item

    def missing(self, item: ListingItem) -> list[str]:
        """The fields that the declaration says are always there, and are not."""
        return [name for name in self.declaration.listing.required if not getattr(item, _FIELD_NAMES.get(name, name))]

    def shows_more_than_a_title(self, item: ListingItem) -> bool:
        """Whether any other required field is there: an apology has a heading too, and must not pass for a listing."""
        required = set(self.declaration.listing.required) - {"title"}
        return bool(item.title) and bool(required - set(self.missing(item)))


# What declarations may call a field that an item calls otherwise.
_FIELD_NAMES = {"seller": "seller_name", "image": "images"}


def _text(element: Selector, selector: str | None) -> str | None:
    for found in element.css(selector) if selector else ():
        text = found.root if isinstance(found.root, str) else found.xpath("string()").get("")
        return " ".join(text.split()) or None
    return None


def _attribute(found: SelectorList[Selector], *names: str) -> str | None:
    """The first of these attributes that has a value; a selector that ends in ::attr(...) has chosen one itself."""
    for element in found:
        values = [element.root] if isinstance(element.root, str) else [element.attrib.get(name, "") for name in names]
        for value in values:
            if value.strip():
                return str(value.strip())
    return None
