"""Registers products with their pictures: each product whole or not at all, and twice is the same as once."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from console.pictures import Picture, read_picture
from console.product_entries import BadEntry, Entry, parse_price_range
from console.schemas.registry import ProductSaid
from console.session import Session
from counterfoil.clock import now
from counterfoil.exceptions import Conflict, CounterfoilError, InvalidInput
from counterfoil.models import Fingerprint, Product, ReferenceImage
from counterfoil.store.brands import add_brand, get_brand
from counterfoil.store.calibrations import request_calibration
from counterfoil.store.images import add_fingerprints, add_image
from counterfoil.store.products import (
    ProductEntry,
    add_product,
    add_reference_image,
    create_product,
    get_product,
    list_reference_images,
    product_named,
)

_LONGEST_BRAND = 200
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
    name = _brand_of(entry, brand)
    made = _put(session, pictures, fingerprinting)
    with session.act("product.add", entry.name, pictures=len(pictures)) as connection:
        stored = _stored(connection, pictures, made)
        product, added = _register(connection, session, entry, name, stored)
    plain = tuple(picture.source for picture, print_ in zip(pictures, made, strict=True) if not print_.informative)
    return Registered(place=entry.place, name=entry.name, product=product, pictures=added, plain=plain)


def register_stored(
    session: Session, entry: Entry, stored: Sequence[tuple[str, str]], *, brand: str | None
) -> Registered:
    """The same with pictures that are stored and fingerprinted already: (SHA-256, source) of each.

    A brand that is not registered yet is registered with it: whoever confirms has seen that it is new. Of a product
    that is registered already nothing is taken away that the entry says nothing about.
    """
    name = _brand_of(entry, brand)
    with session.act("product.add", entry.name, pictures=len(stored)) as connection:
        of = add_brand(connection, session.owner.id, name, (), now())
        known = product_named(connection, session.owner.id, of.id, entry.name)
        product, added = _register(connection, session, _filled(entry, known) if known else entry, name, stored)
    return Registered(place=entry.place, name=entry.name, product=product, pictures=added)


def create_with_pictures(
    session: Session, said: ProductSaid, brand: str, pictures: Sequence[Picture], fingerprinting: Fingerprinting
) -> Registered:
    """Register a product that is not there yet, whole with its pictures, and its brand where that is new.

    Raises InvalidInput for a picture that cannot be used, Conflict for a name or SKU that is taken.
    """
    named = clean_brand(brand)
    if named is None:
        raise InvalidInput("The brand is not named.")
    made = _put(session, pictures, fingerprinting)
    with session.act("product.add", said.name, pictures=len(pictures)) as connection:
        of = add_brand(connection, session.owner.id, named, (), now())
        entry = replace(entry_from(said.model_dump()), brand_id=of.id)
        product = create_product(connection, session.owner.id, entry, now())
        for sha256, source in _stored(connection, pictures, made):
            add_reference_image(connection, session.owner.id, product.id, sha256, source, now())
    return Registered(place=said.name, name=said.name, product=product, pictures=len(pictures))


def request_card(connection: sa.Connection, session: Session, product_id: int) -> None:
    """Ask for a product's calibration card anew. Raises NotFound, and Conflict for a product without pictures."""
    product = get_product(connection, session.owner.id, product_id)
    if not list_reference_images(connection, session.owner.id, product_id):
        raise Conflict("{name!r} has no reference image whose copies could be tried: add one first.", name=product.name)
    request_calibration(connection, session.owner.id, product_id, now())


def clean_brand(brand: str | None) -> str | None:
    """A brand's name as a person typed it; None for none. Raises InvalidInput."""
    name = " ".join((brand or "").split())
    if len(name) > _LONGEST_BRAND or not name.isprintable():
        raise InvalidInput(
            "The brand's name is longer than {longest_brand} characters, or has odd ones in it.",
            longest_brand=_LONGEST_BRAND,
        )
    return name or None


def entry_from(said: Mapping[str, Any]) -> ProductEntry:
    """What was said of a product, as `ProductSaid` has it, as the registry takes it. Raises InvalidInput."""
    values = dict(said)
    price = values.pop("price_range")
    lists: dict[str, Any] = {name: tuple(values.pop(name)) for name in ("keywords", "aliases", "official_pages")}
    found = parse_price_range(price["low"], price["high"], price["currency"]) if price else None
    return ProductEntry(**values, **lists, price_range=found)


def _filled(entry: Entry, known: Product) -> Entry:
    names = ("sku", "keywords", "aliases", "price_range", "official_pages")
    return replace(entry, **{name: getattr(known, name) for name in names if not getattr(entry, name)})


def _brand_of(entry: Entry, brand: str | None) -> str:
    name = entry.brand or brand
    if name is None:
        raise InvalidInput("its brand is not named: give a column 'brand', or --brand")
    return name


def _register(
    connection: sa.Connection, session: Session, entry: Entry, brand: str, stored: Sequence[tuple[str, str]]
) -> tuple[Product, int]:
    """The product, and how many of its pictures are new."""
    owner_id = session.owner.id
    product = add_product(connection, owner_id, _entry(entry, get_brand(connection, owner_id, brand).id), now())
    added = sum(
        add_reference_image(connection, owner_id, product.id, sha256, source, now()) for sha256, source in stored
    )
    return product, added


def _put(session: Session, pictures: Sequence[Picture], fingerprinting: Fingerprinting) -> list[Fingerprint]:
    """Every picture is fingerprinted before the first is written: one that cannot be used leaves nothing behind."""
    made = [_fingerprint(picture, fingerprinting) for picture in pictures]
    for picture in pictures:
        session.evidence.put_image(picture.data)
    return made


def _stored(
    connection: sa.Connection, pictures: Sequence[Picture], made: Sequence[Fingerprint]
) -> list[tuple[str, str]]:
    """Make the pictures known to the database: (SHA-256, source) of each."""
    for picture, fingerprint in zip(pictures, made, strict=True):
        add_image(connection, fingerprint.image_sha256, len(picture.data), now())
        add_fingerprints(connection, [fingerprint])
    return [(one.image_sha256, picture.source) for picture, one in zip(pictures, made, strict=True)]


def _fingerprint(picture: Picture, fingerprinting: Fingerprinting) -> Fingerprint:
    try:
        return fingerprinting(picture.data)
    except CounterfoilError as error:
        raise InvalidInput(
            "the picture {source} cannot be used: {error}", source=picture.source, error=error
        ) from error


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
