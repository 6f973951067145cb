"""Mercado Libre's API (developers.mercadolibre.com): search on one of its sites, and items."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urljoin, urlsplit

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
from crawlers.apis.official import ClientCredentials, whole_listing
from crawlers.currencies import CODES
from crawlers.reading.listing import ReadListing

_PAGE = 50
# Mercado Libre shows no results behind this one.
_LAST = 1_000
_CONDITIONS = {"new": "NewCondition", "used": "UsedCondition", "refurbished": "RefurbishedCondition"}


class MercadoLibre:
    """One of its sites (MLA, MLB, MLM, ...)."""

    is_catalogue = False
    statuses: tuple[int, ...] = ()

    def __init__(self, url: str, site: str, keys: Mapping[str, str]) -> None:
        self._url = url
        self._site = site
        self._grant = ClientCredentials(
            urljoin(url, "oauth/token"),
            keys["mercadolibre_client_id"],
            keys["mercadolibre_client_secret"],
            in_header=False,
        )

    def token_request(self) -> Ask:
        """A token lasts six hours."""
        return self._grant.request()

    def credentials(self, token: str | None) -> Mapping[str, str]:
        """The application's token."""
        return {"Authorization": f"Bearer {token}"}

    def search(self, query: str) -> Ask:
        """The first page of results."""
        return self._page(query, 0)

    def read(self, ask: Ask, data: Any) -> Answer:
        """A page of results, each with one small picture."""
        results = records_of(data, "results")
        records = [Record(read=_listing(one), raw=one) for one in results if text(one.get("title"))]
        asked = parse_qs(urlsplit(ask.url).query)
        offset = int(asked["offset"][0]) + _PAGE
        total = amount(inside(data, "paging", "total")) or 0
        goes_on = bool(results) and offset < min(total, _LAST)
        return Answer(records=tuple(records), next=self._page(asked["q"][0], offset) if goes_on else None)

    def detail(self, record: Record) -> Ask | None:
        """A listing with all its pictures."""
        item = text(inside(record.raw, "id"))
        return Ask(url=urljoin(self._url, f"items/{quote(item, safe='')}")) if item else None

    def read_detail(self, data: Any) -> Record:
        """A whole listing."""
        return whole_listing(data, _listing)

    def _page(self, query: str, offset: int) -> Ask:
        asked = urlencode({"q": query, "limit": _PAGE, "offset": offset})
        return Ask(url=urljoin(self._url, f"sites/{quote(self._site, safe='')}/search?{asked}"))


def _listing(said: dict[str, Any]) -> ReadListing:
    value, currency = amount(said.get("price")), text(said.get("currency_id"))
    pictures = links(said.get("pictures") or [], "secure_url", "url")
    sold = said.get("sold_quantity")
    attributes = {inside(one, "id"): text(inside(one, "value_name")) for one in said.get("attributes") or []}
    return ReadListing(
        id=text(said.get("id")),
        url=next(iter(links([said.get("permalink")])), None),
        title=text(said.get("title")),
        description=plain_text(inside(said, "description", "plain_text")),
        price=value,
        currency=currency if value is not None and currency in CODES else None,
        availability={"active": "InStock", "closed": "Discontinued"}.get(str(said.get("status"))),
        condition=_CONDITIONS.get(str(said.get("condition"))),
        seller=text(inside(said, "seller", "nickname")),
        seller_id=text(inside(said, "seller", "id")) or text(said.get("seller_id")),
        seller_url=next(iter(links([inside(said, "seller", "permalink")])), None),
        ships_from=text(inside(said, "address", "state_name")) or text(inside(said, "seller_address", "state", "name")),
        images=pictures or links([said.get("thumbnail")]),
        brand=attributes.get("BRAND"),
        gtin=attributes.get("GTIN"),
        category=None,
        sold_count=sold if isinstance(sold, int) and not isinstance(sold, bool) and sold > 0 else None,
    )
