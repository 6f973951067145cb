"""Rakuten's Ichiba item search (webservice.rakuten.co.jp): it shows all that it knows of an item, in yen."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from crawlers.apis.base import (
    Answer,
    Ask,
    Record,
    UnexpectedAnswer,
    amount,
    inside,
    links,
    plain_text,
    records_of,
    text,
)
from crawlers.reading.listing import ReadListing

_PAGE = 30
_LAST_PAGE = 100


class Rakuten:
    """Rakuten Ichiba; `url` is the address of the search with its version, which Rakuten changes every few years.

    The application's id is part of each address, as Rakuten wants it; the access key, which is the secret, is not.
    """

    is_catalogue = False
    # It answers 404 when nothing was found.
    statuses: tuple[int, ...] = (404,)

    def __init__(self, url: str, keys: Mapping[str, str]) -> None:
        self._url = url
        self._id = keys["rakuten_application_id"]
        self._key = keys["rakuten_access_key"]

    def token_request(self) -> None:
        """The key itself is sent."""
        return None

    def credentials(self, token: str | None) -> Mapping[str, str]:
        """The access key."""
        return {"accessKey": self._key}

    def search(self, query: str) -> Ask:
        """The first page of results."""
        return self._page(query, 1)

    def read(self, ask: Ask, data: Any) -> Answer:
        """A page of items, in either of the two formats."""
        if inside(data, "error") == "not_found":
            return Answer()
        if text(inside(data, "error")):
            raise UnexpectedAnswer(f"{text(inside(data, 'error'))}: {text(inside(data, 'error_description'))}")
        items = [one["Item"] if isinstance(one.get("Item"), dict) else one for one in records_of(data, "Items")]
        records = [Record(read=_listing(one), raw=one) for one in items if text(one.get("itemName"))]
        asked = parse_qs(urlsplit(ask.url).query)
        page, last = int(asked["page"][0]), amount(inside(data, "pageCount")) or 1
        goes_on = bool(items) and page < min(last, _LAST_PAGE)
        return Answer(records=tuple(records), next=self._page(asked["keyword"][0], page + 1) if goes_on else None)

    def detail(self, record: Record) -> None:
        """There is no more to be had."""
        return None

    def read_detail(self, data: Any) -> Record:
        """Nothing is ever asked."""
        raise UnexpectedAnswer("there are no details")

    def _page(self, query: str, page: int) -> Ask:
        asked = {"applicationId": self._id, "keyword": query, "hits": _PAGE, "page": page, "formatVersion": 2}
        return Ask(url=f"{self._url}?{urlencode({**asked, 'format': 'json'})}")


def _listing(item: dict[str, Any]) -> ReadListing:
    price = amount(item.get("itemPrice"))
    available = item.get("availability")
    # Asked for without their parameter, pictures come in the size in which they were put in.
    images = [url.partition("?")[0] for url in links(item.get("mediumImageUrls") or [], "imageUrl")]
    rating, ratings = amount(item.get("reviewAverage")), item.get("reviewCount")
    return ReadListing(
        id=text(item.get("itemCode")),
        url=next(iter(links([item.get("itemUrl")])), None),
        title=plain_text(item.get("itemName")),
        description=plain_text(item.get("itemCaption")),
        price=price,
        currency="JPY" if price is not None else None,
        availability={1: "InStock", 0: "OutOfStock"}.get(available) if isinstance(available, int) else None,
        seller=text(item.get("shopName")),
        seller_id=text(item.get("shopCode")),
        seller_url=next(iter(links([item.get("shopUrl")])), None),
        images=links(images),
        rating=format(rating, "f") if rating else None,
        ratings=ratings if isinstance(ratings, int) and not isinstance(ratings, bool) and ratings > 0 else None,
    )
