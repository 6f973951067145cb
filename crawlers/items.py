"""What spiders hand on: a listing as its page showed it, and its conversion to the domain's frozen facts."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from counterfoil.models import ImageSource, ListingFacts, ListingImage, SellerFacts, Sighting
from counterfoil.store.listings import listing_key
from crawlers.cleaning import block, line
from crawlers.observations import Fate

LONGEST_TITLE = 1_000
LONGEST_DESCRIPTION = 20_000
LONGEST_URL = 2_000
MOST_IMAGES = 20
# Shops spread their pictures over a few hosts. A page that names more would send the crawl wherever it likes.
MOST_IMAGE_HOSTS = 8
_LONGEST_NAME = 300
_LONGEST_WORD = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What became of one picture of a listing: kept under its SHA-256, or the reason why not.

    `size` is set when its bytes came anew, `source` when they came with validators worth keeping.
    """

    url: str
    sha256: str | None = None
    error: str | None = None
    size: int | None = None
    source: ImageSource | None = None


@dataclass(kw_only=True)
class ListingItem:
    """What a listing's page said: only what it shows, absent otherwise, never guessed.

    `listing_id` is the marketplace's own id, `images` are absolute addresses in the page's order. The spider adds how
    the listing was found (`asked_key` is the key that led to it, another one after a redirect), when, how its page
    fared, and the response body; the pipelines add what became of the pictures.
    """

    url: str
    listing_id: str | None = None
    title: str | None = None
    description: str | None = None
    price: Decimal | None = None
    price_max: Decimal | None = None
    currency: str | None = None
    availability: str | None = None
    condition: str | None = None
    seller_id: str | None = None
    seller_name: str | None = None
    seller_url: str | None = None
    ships_from: str | None = None
    category: str | None = None
    brand: str | None = None
    sku: str | None = None
    gtin: str | None = None
    images: list[str] = field(default_factory=list)
    attributes: dict[str, Any] = field(default_factory=dict)
    asked_key: str | None = None
    sightings: list[Sighting] = field(default_factory=list)
    captured_at: datetime | None = None
    fate: Fate = Fate.READ
    body: bytes = field(default=b"", repr=False)
    pictures: list[Picture] = field(default_factory=list)

    def __str__(self) -> str:
        """A few words for the log, which Scrapy would otherwise fill with whole descriptions."""
        return f"listing {self.listing_id or ''} at {self.url}"

    @property
    def key(self) -> str:
        """The listing's key within its marketplace."""
        return listing_key(self.listing_id, self.url)


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsentListing:
    """A listing's own address says that it is not there, and how."""

    key: str
    why: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenAgain:
    """A page of results showed listings that this crawl has stored already: (listing id, sighting)."""

    sightings: tuple[tuple[int, Sighting], ...]


def shown_fields(item: ListingItem) -> list[str]:
    """The names of the fields that a listing shows, as declarations name them."""
    names = {"seller": item.seller_name or item.seller_id, "image": item.images, "id": item.listing_id}
    plain = ("url", "title", "description", "price", "currency", "availability", "condition")
    rest = ("ships_from", "category", "brand", "sku", "gtin")
    said = {name: getattr(item, name) for name in (*plain, *rest)} | names
    return [name for name, value in said.items() if value not in (None, "", [], ())]


def to_facts(item: ListingItem) -> ListingFacts:
    """The facts that are kept of an item, cleaned and cut to what the database takes.

    Raises ValueError for an item without a title: its page was no listing's.
    """
    title = line(item.title, LONGEST_TITLE)
    if title is None:
        raise ValueError(f"{item.url}: a listing without a title is not kept")
    return ListingFacts(
        url=item.url[:LONGEST_URL],
        title=title,
        description=block(item.description, LONGEST_DESCRIPTION),
        price=item.price,
        price_max=item.price_max,
        currency=item.currency,
        availability=line(item.availability, _LONGEST_WORD),
        condition=line(item.condition, _LONGEST_WORD),
        seller=_seller(item),
        ships_from=line(item.ships_from, _LONGEST_NAME),
        category=line(item.category, _LONGEST_NAME),
        brand=line(item.brand, _LONGEST_NAME),
        sku=line(item.sku, _LONGEST_WORD),
        gtin=line(item.gtin, _LONGEST_WORD),
        images=tuple(_image(picture) for picture in item.pictures[:MOST_IMAGES]),
        attributes=item.attributes,
    )


def first_sighting(item: ListingItem, captured_at: datetime) -> Sighting:
    """The sighting that a listing is recorded with; one that no query led to has no rank."""
    return item.sightings[0] if item.sightings else Sighting(query="", rank=None, seen_at=captured_at)


def _seller(item: ListingItem) -> SellerFacts | None:
    name = line(item.seller_name, _LONGEST_NAME)
    url = line(item.seller_url, LONGEST_URL)
    key = line(item.seller_id, _LONGEST_NAME) or _key_from_address(url) or (name.casefold() if name else None)
    return SellerFacts(key=key, name=name, url=url) if key else None


def _key_from_address(url: str | None) -> str | None:
    """Path and query of a seller's page: a name can be copied by anybody, an address cannot."""
    if url is None:
        return None
    parts = urlsplit(url)
    place = parts.path.strip("/") + (f"?{parts.query}" if parts.query else "")
    return (place or parts.hostname or "")[:_LONGEST_NAME] or None


def _image(picture: Picture) -> ListingImage:
    return ListingImage(url=picture.url, sha256=picture.sha256, error=line(picture.error, _LONGEST_NAME))
