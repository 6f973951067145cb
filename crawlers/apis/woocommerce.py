"""WooCommerce shops: the Store API, which needs no key (`/wp-json/wc/store/v1/products`)."""

from typing import Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

from crawlers.apis.base import Answer, Ask, Record, amount, inside, links, low_and_high, plain_text, records_of, text
from crawlers.currencies import CODES
from crawlers.reading.listing import ReadListing

_PAGE = 100
_MOST_DIGITS = 6


class WooCommerce:
    """One shop."""

    is_catalogue = False

    def __init__(self, home: str) -> None:
        self._home = home

    def search(self, query: str) -> Ask:
        """The first page of what the shop finds."""
        return self._page(query, 1)

    def read(self, ask: Ask, data: Any) -> Answer:
        """A page of products; one that is not full is the last."""
        products = records_of(data)
        said = parse_qs(urlsplit(ask.url).query)
        records = [Record(read=_listing(one), raw=one) for one in products if text(one.get("name"))]
        following = self._page(said.get("search", ["*"])[0], int(said["page"][0]) + 1)
        return Answer(records=tuple(records), next=following if len(products) >= _PAGE else None)

    def _page(self, query: str, number: int) -> Ask:
        words = {} if query == "*" else {"search": query}
        asked = urlencode({**words, "per_page": _PAGE, "page": number})
        return Ask(url=urljoin(self._home, f"wp-json/wc/store/v1/products?{asked}"))


def _listing(product: dict[str, Any]) -> ReadListing:
    prices = product.get("prices")
    digits = inside(prices, "currency_minor_unit")
    # Amounts are whole numbers of the smallest unit: without knowing how small it is there is no price.
    known = isinstance(digits, int) and 0 <= digits <= _MOST_DIGITS
    said = [
        inside(prices, "price"),
        inside(prices, "price_range", "min_amount"),
        inside(prices, "price_range", "max_amount"),
    ]
    low, high = low_and_high([amount(one, digits) for one in said] if known and isinstance(digits, int) else [])
    currency = text(inside(prices, "currency_code"))
    in_stock = product.get("is_in_stock")
    categories = [text(one.get("name")) for one in product.get("categories") or [] if isinstance(one, dict)]
    return ReadListing(
        id=text(product.get("id")),
        url=next(iter(links([product.get("permalink")])), None),
        title=plain_text(product.get("name")),
        description=plain_text(product.get("description")) or plain_text(product.get("short_description")),
        price=low,
        price_max=high,
        currency=currency if low is not None and currency in CODES else None,
        availability=("InStock" if in_stock else "OutOfStock") if isinstance(in_stock, bool) else None,
        images=links(product.get("images"), "src"),
        sku=text(product.get("sku")),
        category=next((one for one in categories if one), None),
        rating=_rating(product.get("average_rating")),
    )


def _rating(value: Any) -> str | None:
    rating = amount(value)
    return format(rating, "f") if rating else None
