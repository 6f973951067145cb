"""Shopify shops: `/products.json`, which lists all that a shop sells, 250 at a time.

Its search answers with ten products at most, and Shopify's own robots.txt forbids it: so the catalogue is read.
"""

from typing import Any
from urllib.parse import parse_qs, quote, urljoin, urlsplit

from crawlers.apis.base import Answer, Ask, Record, amount, links, low_and_high, plain_text, records_of, text
from crawlers.reading.listing import ReadListing

_PAGE = 250
# Shopify answers no page beyond this one.
_LAST_PAGE = 100


class Shopify:
    """One shop; `currency` is the one that it declares, because the catalogue names none."""

    is_catalogue = True

    def __init__(self, home: str, currency: str | None) -> None:
        self._home = home
        self._currency = currency

    def search(self, query: str) -> Ask:
        """The first page of the catalogue."""
        return self._page(1)

    def read(self, ask: Ask, data: Any) -> Answer:
        """A page of the catalogue; one that is not full is the last."""
        products = records_of(data, "products")
        number = int(parse_qs(urlsplit(ask.url).query)["page"][0])
        records = [Record(read=self._listing(one), raw=one) for one in products if text(one.get("title"))]
        goes_on = len(products) >= _PAGE and number < _LAST_PAGE
        return Answer(records=tuple(records), next=self._page(number + 1) if goes_on else None)

    def _page(self, number: int) -> Ask:
        return Ask(url=urljoin(self._home, f"products.json?limit={_PAGE}&page={number}"))

    def _listing(self, product: dict[str, Any]) -> ReadListing:
        variants = [one for one in product.get("variants") or [] if isinstance(one, dict)]
        low, high = low_and_high([amount(one.get("price")) for one in variants])
        available = [one.get("available") for one in variants if isinstance(one.get("available"), bool)]
        handle = text(product.get("handle"))
        return ReadListing(
            id=handle or text(product.get("id")),
            url=urljoin(self._home, f"products/{quote(handle)}") if handle else None,
            title=text(product.get("title")),
            description=plain_text(product.get("body_html")),
            price=low,
            price_max=high,
            currency=self._currency if low is not None else None,
            availability=("InStock" if any(available) else "OutOfStock") if available else None,
            images=links(product.get("images"), "src"),
            brand=text(product.get("vendor")),
            sku=text(variants[0].get("sku")) if len(variants) == 1 else None,
            gtin=None,
            category=text(product.get("product_type")),
        )
