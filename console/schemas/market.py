"""Listings with their versions, and sellers: what marketplaces showed."""

from datetime import datetime
from typing import Any

from pydantic import Field

from console.schemas.fields import Amount, Id, Shown
from counterfoil.models import SuspectState, VerdictKind


class SellerShown(Shown):
    """Who sells on a marketplace."""

    id: Id
    marketplace: str
    seller_key: str
    name: str | None
    url: str | None


class SoldListingShown(Shown):
    """One of a seller's listings as the owner's crawls saw it last; without `suspect_id` it is not suspicious."""

    listing_id: Id
    listing_version_id: Id
    url: str
    title: str
    price: Amount | None
    currency: str | None
    image_sha256: str | None
    first_seen_at: datetime
    last_seen_at: datetime
    suspect_id: int | None
    score: float | None
    state: SuspectState | None
    verdict: VerdictKind | None


class SharedPicturesShown(Shown):
    """Another seller who shows some of the same pictures: how many, and a few of them."""

    seller: SellerShown
    count: int
    sha256s: list[str]


class SellerActivityShown(Shown):
    """What a seller does, as far as the owner's crawls have shown it; for a large one its newest listings speak.

    `verdicts` counts the open suspects by verdict; `none`: not decided. `listings` are the most suspicious first, then
    the newest.
    """

    listing_count: int
    suspect_count: int
    first_seen_at: datetime | None
    last_seen_at: datetime | None
    verdicts: dict[str, int]
    listings: list[SoldListingShown]
    shared_pictures: list[SharedPicturesShown]


class ListingShown(Shown):
    """One offer on one marketplace, whatever its page says today."""

    id: Id
    marketplace: str
    listing_key: str
    url: str
    seller_id: int | None
    first_seen_at: datetime
    last_seen_at: datetime


class ListingImageShown(Shown):
    """A picture on a listing's page, with why it could not be fetched, or when it was deleted."""

    url: str
    sha256: str | None
    error: str | None
    deleted_at: datetime | None


class SellerFactsShown(Shown):
    """What a page says about its seller."""

    key: str
    name: str | None
    url: str | None


class FactsShown(Shown):
    """What a listing's page said: only what it shows."""

    url: str
    title: str
    description: str | None
    price: Amount | None
    price_max: Amount | None
    currency: str | None
    availability: str | None
    condition: str | None
    seller: SellerFactsShown | None
    ships_from: str | None
    category: str | None
    brand: str | None
    sku: str | None
    gtin: str | None
    images: list[ListingImageShown]
    attributes: dict[str, Any]


class ListingVersionShown(Shown):
    """What a listing's page said at one time; the response it was read from is at `/api/v1/bodies/{body_sha256}`."""

    id: Id
    listing_id: int
    number: int
    facts: FactsShown
    body_sha256: str | None
    captured_at: datetime
    body_deleted_at: datetime | None = Field(None, description="When retention deleted the response.")
