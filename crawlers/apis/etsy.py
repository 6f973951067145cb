"""Etsy's Open API, version 3 (developers.etsy.com)."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

from crawlers.apis.base import (
    Answer,
    Ask,
    Record,
    amount,
    inside,
    links,
    plain_text,
    records_of,
    text,
)
from crawlers.apis.official import whole_listing
from crawlers.currencies import CODES
from crawlers.reading.listing import ReadListing

_PAGE = 100
# Etsy shows no results behind this one.
_LAST = 12_000
_SIZES = ("url_fullxfull", "url_570xN", "url_170x135")


class Etsy:
    """All of Etsy; the keystring and the shared secret are sent together, as Etsy asks for since 2025."""

    is_catalogue = False
    statuses: tuple[int, ...] = ()

    def __init__(self, url: str, keys: Mapping[str, str]) -> None:
        self._url = url
        self._key = f"{keys['etsy_keystring']}:{keys['etsy_shared_secret']}"

    def token_request(self) -> None:
        """What is public needs no token."""
        return None

    def credentials(self, token: str | None) -> Mapping[str, str]:
        """The application's key."""
        return {"x-api-key": self._key}

    def search(self, query: str) -> Ask:
        """The first page of active listings."""
        return self._page(query, 0)

    def read(self, ask: Ask, data: Any) -> Answer:
        """A page of listings, which have no pictures yet."""
        results = records_of(data, "results")
        records = [Record(read=_listing(one), raw=one) for one in results if text(one.get("title"))]
        asked = parse_qs(urlsplit(ask.url).query)
        offset = int(asked["offset"][0]) + _PAGE
        count = amount(inside(data, "count")) or 0
        goes_on = bool(results) and offset < min(count, _LAST)
        return Answer(records=tuple(records), next=self._page(asked["keywords"][0], offset) if goes_on else None)

    def detail(self, record: Record) -> Ask | None:
        """A listing with its pictures and its shop."""
        number = record.read.id
        return Ask(url=urljoin(self._url, f"v3/application/listings/{number}?includes=Images,Shop")) if number else None

    def read_detail(self, data: Any) -> Record:
        """A whole listing."""
        return whole_listing(data, _listing)

    def _page(self, query: str, offset: int) -> Ask:
        asked = urlencode({"keywords": query, "limit": _PAGE, "offset": offset})
        return Ask(url=urljoin(self._url, f"v3/application/listings/active?{asked}"))


def _listing(said: dict[str, Any]) -> ReadListing:
    price = said.get("price")
    value, divisor = amount(inside(price, "amount")), amount(inside(price, "divisor"))
    exact = value / divisor if value is not None and divisor else None
    currency = text(inside(price, "currency_code"))
    images = sorted(
        (one for one in said.get("images") or [] if isinstance(one, dict)), key=lambda one: amount(one.get("rank")) or 0
    )
    stock = {"active": "InStock", "sold_out": "SoldOut"}
    return ReadListing(
        id=text(said.get("listing_id")),
        url=next(iter(links([said.get("url")])), None),
        title=plain_text(said.get("title")),
        description=plain_text(said.get("description")),
        price=exact,
        currency=currency if exact is not None and currency in CODES else None,
        availability=stock.get(str(said.get("state"))),
        seller=text(inside(said, "shop", "shop_name")),
        seller_id=text(said.get("shop_id")),
        seller_url=next(iter(links([inside(said, "shop", "url")])), None),
        ships_from=text(inside(said, "shop", "shop_location_country_iso")),
        images=links(images, *_SIZES),
    )
