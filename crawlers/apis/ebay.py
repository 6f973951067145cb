"""eBay's Browse API: by words and by picture (developer.ebay.com, Buy APIs)."""

import base64
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlencode, urljoin

from counterfoil.access import IMAGE_QUERY
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

_PAGE = 200
_SCOPE = "https://api.ebay.com/oauth/api_scope"
_STOCK = {"IN_STOCK": "InStock", "LIMITED_STOCK": "LimitedAvailability", "OUT_OF_STOCK": "OutOfStock"}
# eBay's own numbers of conditions: 1000 to 1999 are new, 2000 to 2999 refurbished, the others used.
_CONDITIONS = {"1": "NewCondition", "2": "RefurbishedCondition"}


class EbayBrowse:
    """One of eBay's sites (EBAY_US, EBAY_DE, ...); `picture` gives the bytes of a reference image by its SHA-256."""

    is_catalogue = False
    statuses: tuple[int, ...] = ()

    def __init__(self, url: str, site: str, keys: Mapping[str, str], picture: Callable[[str], bytes]) -> None:
        self._url = url
        self._site = site or "EBAY_US"
        self._picture = picture
        token = urljoin(url, "identity/v1/oauth2/token")
        self._grant = ClientCredentials(token, keys["ebay_client_id"], keys["ebay_client_secret"], _SCOPE)

    def token_request(self) -> Ask:
        """A token lasts two hours."""
        return self._grant.request()

    def credentials(self, token: str | None) -> Mapping[str, str]:
        """The application's token."""
        return {"Authorization": f"Bearer {token}"}

    def search(self, query: str) -> Ask:
        """The first page for words, or all that look like a picture."""
        if not query.startswith(IMAGE_QUERY):
            asked = urlencode({"q": query, "limit": _PAGE, "offset": 0})
            return self._ask(urljoin(self._url, f"buy/browse/v1/item_summary/search?{asked}"))
        picture = base64.b64encode(self._picture(query.removeprefix(IMAGE_QUERY)))
        return Ask(
            url=urljoin(self._url, f"buy/browse/v1/item_summary/search_by_image?limit={_PAGE}"),
            method="POST",
            headers={**self._headers, "Content-Type": "application/json"},
            body=b'{"image": "' + picture + b'"}',
        )

    def read(self, ask: Ask, data: Any) -> Answer:
        """A page of summaries. Without any, eBay leaves their list out."""
        if inside(data, "itemSummaries") is None and amount(inside(data, "total")) == 0:
            return Answer()
        items = records_of(data, "itemSummaries")
        records = [Record(read=_summary(one), raw=one) for one in items if text(one.get("title"))]
        following = next(iter(links([inside(data, "next")])), None)
        goes_on = following is not None and following.startswith(self._url) and bool(items) and ask.method == "GET"
        return Answer(records=tuple(records), next=self._ask(following) if goes_on and following else None)

    def detail(self, record: Record) -> Ask | None:
        """A listing with its description, brand and large pictures."""
        item = text(inside(record.raw, "itemId"))
        return self._ask(urljoin(self._url, f"buy/browse/v1/item/{quote(item, safe='')}")) if item else None

    def read_detail(self, data: Any) -> Record:
        """A whole listing."""
        return whole_listing(data, _item)

    @property
    def _headers(self) -> dict[str, str]:
        return {"X-EBAY-C-MARKETPLACE-ID": self._site, "Accept": "application/json"}

    def _ask(self, url: str) -> Ask:
        return Ask(url=url, headers=self._headers)


def _summary(item: dict[str, Any]) -> ReadListing:
    return _listing(
        item, [*_list(item.get("thumbnailImages")), item.get("image"), *_list(item.get("additionalImages"))]
    )


def _item(item: dict[str, Any]) -> ReadListing:
    return _listing(item, [item.get("image"), *_list(item.get("additionalImages"))])


def _listing(item: dict[str, Any], images: list[Any]) -> ReadListing:
    price = item.get("price") or item.get("currentBidPrice")
    value, currency = amount(inside(price, "value")), text(inside(price, "currency"))
    parts = (text(item.get("itemId")) or "").split("|")
    categories = [text(inside(one, "categoryName")) for one in _list(item.get("categories"))]
    stock = next(
        (inside(one, "estimatedAvailabilityStatus") for one in _list(item.get("estimatedAvailabilities"))), None
    )
    path = (text(item.get("categoryPath")) or "").rpartition("|")[2]
    return ReadListing(
        id=text(item.get("legacyItemId")) or (parts[1] if len(parts) > 1 else None),
        url=next(iter(links([item.get("itemWebUrl")])), None),
        title=text(item.get("title")),
        description=plain_text(item.get("description")) or plain_text(item.get("shortDescription")),
        price=value,
        currency=currency if value is not None and currency in CODES else None,
        availability=_STOCK.get(str(stock)),
        condition=_condition(text(item.get("conditionId"))),
        seller=text(inside(item, "seller", "username")),
        seller_id=text(inside(item, "seller", "username")),
        seller_rating=text(inside(item, "seller", "feedbackPercentage")),
        ships_from=text(inside(item, "itemLocation", "country")),
        images=_once(links([one for one in images if one], "imageUrl")),
        brand=text(item.get("brand")),
        gtin=text(item.get("gtin")),
        category=path or next((one for one in categories if one), None),
    )


def _condition(number: str | None) -> str | None:
    return _CONDITIONS.get(number[0], "UsedCondition") if number and len(number) == 4 and number.isdigit() else None


def _once(images: tuple[str, ...]) -> tuple[str, ...]:
    """Each picture once: the same one stands in several sizes, the first named of which is the largest."""
    found: dict[str, str] = {}
    for url in images:
        found.setdefault(url.replace("/thumbs/", "/").rpartition("/")[0], url)
    return tuple(found.values())


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
