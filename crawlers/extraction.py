"""What the reader found on a listing's page, as the item that the spiders hand on."""

from typing import Any

from crawlers.items import LONGEST_URL, MOST_IMAGES, ListingItem
from crawlers.reading.context import PageContext
from crawlers.reading.listing import ReadListing
from crawlers.reading.reader import read_product


def extract_listing(page: PageContext, url: str) -> ListingItem:
    """What the page at `url` says about its listing, read by the generic reader and the page's declaration."""
    read = read_product(page)
    return ListingItem(url=url) if read is None else to_item(read, url)


def to_item(read: ReadListing, url: str) -> ListingItem:
    """A listing as it was read, as an item kept under `url`; pictures that nobody could fetch are left out."""
    return ListingItem(
        url=url,
        listing_id=read.id,
        title=read.title,
        description=read.description,
        price=read.price,
        price_max=read.price_max,
        currency=read.currency,
        availability=read.availability,
        condition=read.condition,
        seller_id=read.seller_id,
        seller_name=read.seller,
        seller_url=read.seller_url,
        ships_from=read.ships_from,
        category=read.category,
        brand=read.brand,
        sku=read.sku,
        gtin=read.gtin,
        images=[one for one in read.images if one.startswith("http") and len(one) <= LONGEST_URL][:MOST_IMAGES],
        attributes=_attributes(read),
    )


def _attributes(read: ReadListing) -> dict[str, Any]:
    said = {
        "rating": read.rating,
        "ratings": read.ratings,
        "sold": read.sold_count,
        "seller_rating": read.seller_rating,
    }
    return {name: str(value)[:40] for name, value in said.items() if value is not None}
