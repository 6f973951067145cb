"""What reading a page yields: its kind, its listings with the source of every value, the next page, and warnings."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from enum import StrEnum
from typing import Any


class PageKind(StrEnum):
    """What a page turned out to be."""

    PRODUCT = "product"
    RESULTS = "results"
    EMPTY = "empty"
    BLOCKED = "blocked"
    NOT_FOUND = "not_found"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadListing:
    """A listing as one page shows it; field names follow schema.org. What the page does not show is absent.

    `id` is the marketplace's own, `images` are absolute addresses, the main one first, each in the largest size that
    the page names. `rank` counts from 1 on a page of results. `sources` says for each field where its value stood.
    """

    id: str | None = None
    url: str | None = None
    title: str | None = None
    description: str | None = None
    price: Decimal | None = None
    price_max: Decimal | None = None
    currency: str | None = None
    availability: str | None = None
    condition: str | None = None
    seller: str | None = None
    seller_id: str | None = None
    seller_url: str | None = None
    seller_rating: str | None = None
    ships_from: str | None = None
    images: tuple[str, ...] = ()
    brand: str | None = None
    sku: str | None = None
    gtin: str | None = None
    category: str | None = None
    rating: str | None = None
    ratings: int | None = None
    sold_count: int | None = None
    rank: int | None = None
    sources: Mapping[str, str] = field(default_factory=dict)


FIELDS = tuple(one.name for one in fields(ReadListing) if one.name not in {"rank", "sources"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPage:
    """A page as it was read: `marketplace` is the declaration that helped, `url` the address the page was read as."""

    kind: PageKind
    url: str | None = None
    marketplace: str | None = None
    listings: tuple[ReadListing, ...] = ()
    next_page: str | None = None
    warnings: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The page as `counterfoil extract --json` prints it: prices are exact decimal strings, absent values null."""
        return {
            "url": self.url,
            "marketplace": self.marketplace,
            "kind": str(self.kind),
            "listings": [_listing_json(one) for one in self.listings],
            "next_page": self.next_page,
            "warnings": list(self.warnings),
        }


def _listing_json(listing: ReadListing) -> dict[str, Any]:
    values = {one.name: getattr(listing, one.name) for one in fields(listing)}
    for name in ("price", "price_max"):
        if values[name] is not None:
            values[name] = format(values[name], "f")
    return {**values, "images": list(listing.images), "sources": dict(listing.sources)}
