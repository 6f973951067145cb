"""Registers products with their pictures: each product whole or not at all, and twice is the same as once."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from console.pictures import Picture, read_picture
from console.product_entries import BadEntry, Entry
from console.session import Session
from counterfoil.clock import now
from counterfoil.exceptions import Conflict, CounterfoilError, InvalidInput
from counterfoil.models import Fingerprint, Product, ReferenceImage
from counterfoil.store.brands import get_brand
from counterfoil.store.images import add_fingerprints, add_image
from counterfoil.store.products import ProductEntry, add_product, add_reference_image, list_reference_images

# Bytes and their SHA-256 to a fingerprint; raises UnreadablePicture.
Fingerprinting = Callable[[bytes], Fingerprint]


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """What became of one entry: the product and how many pictures were new, or why it was refused.

    `plain` names pictures that are too plain to find copies of.
    """

    place: str
    name: str
    product: Product | None = None
    pictures: int = 0
    plain: tuple[str, ...] = ()
    refused: str | None = None


def register_entries(
    session: Session,
    entries: Iterable[Entry | BadEntry],
    *,
    folder: Path,
    brand: str | None,
    fingerprinting: Fingerprinting,
) -> Iterator[Registered]:
    """Register each entry in a transaction of its own; one that is refused leaves nothing behind.

    `brand` is the brand of entries that name none; pictures are read relative to `folder`.
    """
    for entry in entries:
        if isinstance(entry, BadEntry):
            yield Registered(place=entry.place, name="", refused=entry.reason)
            continue
        try:
            pictures = [read_picture(source, folder, session.settings) for source in entry.pictures]
            yield register(session, entry, pictures, brand=brand, fingerprinting=fingerprinting)
        except CounterfoilError as error:
            yield Registered(place=entry.place, name=entry.name, refused=str(error))


def add_picture(
    connection: sa.Connection, session: Session, product_id: int, picture: Picture, fingerprint: Fingerprint
) -> ReferenceImage:
    """Register one more picture of a product, whose bytes are stored already. Raises NotFound or Conflict."""
    sha256 = fingerprint.image_sha256
    add_image(connection, sha256, len(picture.data), now())
    add_fingerprints(connection, [fingerprint])
    if not add_reference_image(connection, session.owner.id, product_id, sha256, picture.source, now()):
        raise Conflict("This picture is one of the product's reference images already.")
    return list_reference_images(connection, session.owner.id, product_id)[-1]


def register(
    session: Session, entry: Entry, pictures: Sequence[Picture], *, brand: str | None, fingerprinting: Fingerprinting
) -> Registered:
    """Register one product with its pictures. Raises UnreadablePicture, NotFound (its brand) or Conflict (its SKU)."""
    name = entry.brand or brand
    if name is None:
        raise InvalidInput("its brand is not named: give a column 'brand', or --brand")
    made = [_fingerprint(picture, fingerprinting) for picture in pictures]
    for picture in pictures:
        session.evidence.put_image(picture.data)
    with session.act("product.add", entry.name, pictures=len(pictures)) as connection:
        owner_id = session.owner.id
        wanted = _entry(entry, get_brand(connection, owner_id, name).id)
        product = add_product(connection, owner_id, wanted, now())
        added = 0
        for picture, fingerprint in zip(pictures, made, strict=True):
            add_image(connection, fingerprint.image_sha256, len(picture.data), now())
            add_fingerprints(connection, [fingerprint])
            added += add_reference_image(
                connection, owner_id, product.id, fingerprint.image_sha256, picture.source, now()
            )
    plain = tuple(picture.source for picture, print_ in zip(pictures, made, strict=True) if not print_.informative)
    return Registered(place=entry.place, name=entry.name, product=product, pictures=added, plain=plain)


def _fingerprint(picture: Picture, fingerprinting: Fingerprinting) -> Fingerprint:
    try:
        return fingerprinting(picture.data)
    except CounterfoilError as error:
        raise InvalidInput(f"the picture {picture.source} cannot be used: {error}") from error


def _entry(entry: Entry, brand_id: int) -> ProductEntry:
    return ProductEntry(
        brand_id=brand_id,
        name=entry.name,
        sku=entry.sku,
        keywords=entry.keywords,
        aliases=entry.aliases,
        price_range=entry.price_range,
        official_pages=entry.official_pages,
    )
