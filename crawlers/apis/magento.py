"""Magento 2 and Adobe Commerce shops: the storefront's GraphQL, asked by GET as caches want it."""

import json
from typing import Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

from crawlers.apis.base import (
    Answer,
    Ask,
    Record,
    UnexpectedAnswer,
    amount,
    inside,
    links,
    low_and_high,
    plain_text,
    records_of,
    text,
)
from crawlers.currencies import CODES
from crawlers.reading.listing import ReadListing

_PAGE = 50
_FOUND = "query($page:Int!,$size:Int!,$words:String!){products(search:$words,"
# Magento wants words or a filter: no product has a price below zero.
_ALL = 'query($page:Int!,$size:Int!){products(filter:{price:{from:"0"}},'
# Nothing that shops before 2.4 do not know: one strange name, and the whole answer is an error.
_REST = (
    "pageSize:$size,currentPage:$page){page_info{current_page total_pages}items{sku name url_key stock_status "
    "description{html}categories{name}small_image{url}media_gallery{url}price_range{minimum_price{final_price{value "
    "currency}}maximum_price{final_price{value currency}}}}}storeConfig{product_url_suffix}}"
)


class Magento:
    """One shop."""

    is_catalogue = False

    def __init__(self, home: str) -> None:
        self._home = home

    def search(self, query: str) -> Ask:
        """The first page of what the shop finds."""
        return self._page(query, 1)

    def read(self, ask: Ask, data: Any) -> Answer:
        """A page of products. Raises UnexpectedAnswer with the first of the errors that the answer names."""
        errors = inside(data, "errors")
        if isinstance(errors, list) and errors and inside(data, "data", "products") is None:
            raise UnexpectedAnswer(f"GraphQL: {str(inside(errors[0], 'message'))[:200]}")
        suffix = text(inside(data, "data", "storeConfig", "product_url_suffix")) or ""
        items = records_of(data, "data", "products", "items")
        records = [Record(read=self._listing(one, suffix), raw=one) for one in items if text(one.get("name"))]
        number, last = (inside(data, "data", "products", "page_info", name) for name in ("current_page", "total_pages"))
        goes_on = isinstance(number, int) and isinstance(last, int) and number < last and bool(items)
        words = json.loads(parse_qs(urlsplit(ask.url).query)["variables"][0]).get("words", "*")
        return Answer(records=tuple(records), next=self._page(words, number + 1) if goes_on else None)

    def _page(self, words: str, number: int) -> Ask:
        variables = {"page": number, "size": _PAGE} | ({} if words == "*" else {"words": words})
        query = (_ALL if words == "*" else _FOUND) + _REST
        asked = urlencode({"query": query, "variables": json.dumps(variables)})
        return Ask(url=urljoin(self._home, f"graphql?{asked}"), headers={"Accept": "application/json"})

    def _listing(self, item: dict[str, Any], suffix: str) -> ReadListing:
        prices = [inside(item, "price_range", name, "final_price") for name in ("minimum_price", "maximum_price")]
        low, high = low_and_high([amount(inside(one, "value")) for one in prices])
        currency = text(inside(prices[0], "currency"))
        stock = {"IN_STOCK": "InStock", "OUT_OF_STOCK": "OutOfStock"}
        key = text(item.get("url_key"))
        categories = [text(inside(one, "name")) for one in item.get("categories") or []]
        pictures = [*(item.get("media_gallery") or []), item.get("small_image")]
        return ReadListing(
            id=text(item.get("sku")),
            url=urljoin(self._home, key + suffix) if key else None,
            title=plain_text(item.get("name")),
            description=plain_text(inside(item, "description", "html")),
            price=low,
            price_max=high,
            currency=currency if low is not None and currency in CODES else None,
            availability=stock.get(str(item.get("stock_status"))),
            images=links([one for one in pictures if one], "url"),
            sku=text(item.get("sku")),
            category=next((one for one in reversed(categories) if one), None),
        )
