"""Products and their reference images."""

import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

import sqlalchemy as sa

from counterfoil.exceptions import Conflict, NotFound
from counterfoil.models import PriceRange, Product, ReferenceImage
from counterfoil.store.brands import require_brand
from counterfoil.store.calibrations import get_cards, request_calibration
from counterfoil.store.conditional import changed_one, insert_new, update_unless_taken
from counterfoil.store.owners import touch_registry
from counterfoil.store.paging import rows_after, rows_before
from counterfoil.store.reassessments import request_reassessment
from counterfoil.store.tables import brands, products, reference_images


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductEntry:
    """What a person registers about a product, before it has an id."""

    brand_id: int
    name: str
    sku: str | None = None
    keywords: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    price_range: PriceRange | None = None
    official_pages: tuple[str, ...] = ()


def add_product(connection: sa.Connection, owner_id: int, entry: ProductEntry, now: datetime) -> Product:
    """Register a product, or bring the one of the same brand and name up to date; twice changes nothing.

    Raises Conflict when another product has the same SKU, NotFound when the brand is not the owner's. A change is
    followed by a reassessment of past listings.
    """
    require_brand(connection, owner_id, entry.brand_id)
    _refuse_sku_of_another(connection, owner_id, entry)
    values = _values(entry)
    row = connection.execute(_named(owner_id, entry)).one_or_none()
    if row is None:
        if insert_new(connection, products, {"owner_id": owner_id, "created_at": now, **values}) is None:
            raise Conflict(
                "The product {name!r} was registered by somebody else at the same time: try again.", name=entry.name
            )
    elif _product(row) == _as_entered(row, entry):
        return _product(row)
    else:
        update_unless_taken(connection, products.update().where(products.c.id == row.id).values(**values))
    product = _product(connection.execute(_named(owner_id, entry)).one())
    _changed(connection, product, now)
    return product


def create_product(connection: sa.Connection, owner_id: int, entry: ProductEntry, now: datetime) -> Product:
    """Register a product that is not there yet.

    Raises Conflict when one of its brand and name, or with its SKU, is; NotFound when the brand is not the owner's.
    """
    require_brand(connection, owner_id, entry.brand_id)
    _refuse_named_like(connection, owner_id, entry)
    return add_product(connection, owner_id, entry, now)


def update_product(
    connection: sa.Connection, owner_id: int, product_id: int, entry: ProductEntry, now: datetime
) -> Product:
    """Change what is registered about a product. Raises NotFound, or Conflict as `create_product` does."""
    before = get_product(connection, owner_id, product_id)
    require_brand(connection, owner_id, entry.brand_id)
    _refuse_named_like(connection, owner_id, entry, but=product_id)
    _refuse_sku_of_another(connection, owner_id, entry, but=product_id)
    update_unless_taken(connection, products.update().where(products.c.id == product_id).values(**_values(entry)))
    after = get_product(connection, owner_id, product_id)
    if after != before:
        _changed(connection, after, now)
    return after


def products_after(connection: sa.Connection, owner_id: int, after: int, limit: int) -> list[Product]:
    """The owner's next products after an id."""
    return [_product(row) for row in connection.execute(rows_after(_live(owner_id), products.c.id, after, limit))]


def get_product(connection: sa.Connection, owner_id: int, product_id: int) -> Product:
    """The owner's product. Raises NotFound."""
    row = connection.execute(_live(owner_id).where(products.c.id == product_id)).one_or_none()
    if row is None:
        raise NotFound("There is no product {product_id}: see `counterfoil product list`.", product_id=product_id)
    return _product(row)


def product_named(connection: sa.Connection, owner_id: int, brand_id: int, name: str) -> Product | None:
    """The owner's product of this brand and name; None where there is none."""
    row = connection.execute(_named(owner_id, ProductEntry(brand_id=brand_id, name=name))).one_or_none()
    return _product(row) if row is not None else None


def products_with_sku(connection: sa.Connection, owner_id: int, skus: Collection[str]) -> dict[str, Product]:
    """The owner's products that have one of these SKUs, by SKU."""
    rows = connection.execute(_live(owner_id).where(products.c.sku.in_(skus)))
    return {row.sku: _product(row) for row in rows}


def get_products(connection: sa.Connection, product_ids: Collection[int]) -> dict[int, Product]:
    """Products by id, of any owner, removed ones too: for the index, not for people."""
    rows = connection.execute(sa.select(products).where(products.c.id.in_(product_ids)))
    return {row.id: _product(row) for row in rows}


def find_product(connection: sa.Connection, owner_id: int, text: str) -> Product:
    """The product that a person means by id, SKU or name. Raises NotFound, or Conflict when several have the name."""
    same = [products.c.sku == text, products.c.name == text]
    # A number beyond 64 bits is no id, and the database would refuse it.
    if text.isdecimal() and len(text) < 19:
        same.append(products.c.id == int(text))
    rows = connection.execute(_live(owner_id).where(sa.or_(*same))).all()
    exact = [row for row in rows if str(row.id) == text] or [row for row in rows if row.sku == text] or rows
    if not exact:
        raise NotFound("There is no product {text!r}: see `counterfoil product list`.", text=text)
    if len(exact) > 1:
        raise Conflict(
            "Several products are named {text!r}: use the id, as `counterfoil product list` shows it.", text=text
        )
    return _product(exact[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedProduct:
    """A product as lists show it: its first picture, how many there are, and what its calibration says in a word."""

    product: Product
    brand: str
    image_sha256: str | None
    images: int
    card: dict[str, Any] | None
    calibrating: bool

    @property
    def id(self) -> int:
        """The product's."""
        return self.product.id


def search_products(
    connection: sa.Connection, owner_id: int, words: str, brand_id: int | None, before: int | None, limit: int
) -> list[ListedProduct]:
    """The owner's next products, newest first, before an id: those with all words in name, SKU, names or brand."""
    wanted = _live(owner_id).join(brands, brands.c.id == products.c.brand_id).add_columns(brands.c.name.label("brand"))
    if brand_id is not None:
        wanted = wanted.where(products.c.brand_id == brand_id)
    if words.split():
        # Compared here: SQLite folds ASCII letters only. The ids of a page are few, whatever they are chosen from.
        matching = (row.id for row in connection.execute(wanted.order_by(products.c.id.desc())) if _has(row, words))
        later = (id_ for id_ in matching if before is None or id_ < before)
        wanted = wanted.where(products.c.id.in_(list(islice(later, limit))))
    rows = connection.execute(rows_before(wanted, products.c.id, before, limit)).all()
    ids = [row.id for row in rows]
    firsts, counts = _first_images(connection, ids)
    cards = get_cards(connection, owner_id, ids)
    return [
        ListedProduct(
            product=_product(row),
            brand=row.brand,
            image_sha256=firsts.get(row.id),
            images=counts.get(row.id, 0),
            card=cards[row.id].card if row.id in cards else None,
            calibrating=row.id in cards and cards[row.id].under_way,
        )
        for row in rows
    ]


def count_products(connection: sa.Connection, owner_id: int) -> dict[int, int]:
    """How many products each of the owner's brands has; brands without are left out."""
    live = sa.and_(products.c.owner_id == owner_id, products.c.removed_at.is_(None))
    counted = sa.select(products.c.brand_id, sa.func.count()).where(live).group_by(products.c.brand_id)
    return {row[0]: row[1] for row in connection.execute(counted)}


def list_products(connection: sa.Connection, owner_id: int) -> list[Product]:
    """The owner's products, in the order they were registered."""
    return [_product(row) for row in connection.execute(_live(owner_id).order_by(products.c.id))]


def product_names(connection: sa.Connection, owner_id: int) -> dict[int, str]:
    """The names of the owner's products, by id."""
    named = sa.select(products.c.id, products.c.name).where(
        products.c.owner_id == owner_id, products.c.removed_at.is_(None)
    )
    return {row.id: row.name for row in connection.execute(named)}


def remove_product(connection: sa.Connection, owner_id: int, product_id: int, now: datetime) -> None:
    """Take a product back: its suspects are judged again without it, their verdicts stay."""
    product = get_product(connection, owner_id, product_id)
    connection.execute(products.update().where(products.c.id == product_id).values(removed_at=now))
    _changed(connection, product, now)


def restore_product(connection: sa.Connection, owner_id: int, product_id: int, now: datetime) -> Product:
    """Undo a removal; once it is back, twice changes nothing.

    Raises NotFound; Conflict where name or SKU were given away meanwhile, or its brand was removed as well.
    """
    mine = sa.and_(products.c.id == product_id, products.c.owner_id == owner_id, products.c.removed_at.is_not(None))
    # Held to the end: whoever restores it at the same moment waits, and finds it restored.
    row = connection.execute(sa.select(products).where(mine).with_for_update()).one_or_none()
    if row is None:
        return get_product(connection, owner_id, product_id)
    _require_brand_of(connection, row)
    _refuse_named_like(connection, owner_id, _entry_of(row))
    _refuse_sku_of_another(connection, owner_id, _entry_of(row))
    update_unless_taken(connection, products.update().where(mine).values(removed_at=None))
    product = get_product(connection, owner_id, product_id)
    _changed(connection, product, now)
    return product


def _require_brand_of(connection: sa.Connection, row: sa.Row[Any]) -> None:
    try:
        require_brand(connection, row.owner_id, row.brand_id)
    except NotFound:
        raise Conflict(
            "The brand of {name!r} (brand {brand_id}) was removed: restore it first.",
            name=row.name,
            brand_id=row.brand_id,
        ) from None


def find_removed_product(connection: sa.Connection, owner_id: int, product_id: int) -> Product | None:
    """A product that the owner took back; None where it is not that."""
    mine = sa.and_(products.c.id == product_id, products.c.owner_id == owner_id, products.c.removed_at.is_not(None))
    row = connection.execute(sa.select(products).where(mine)).one_or_none()
    return _product(row) if row is not None else None


def add_reference_image(
    connection: sa.Connection, owner_id: int, product_id: int, sha256: str, source: str, now: datetime
) -> bool:
    """Register a stored picture as a reference of a product; false if it was one already."""
    product = get_product(connection, owner_id, product_id)
    values = {"owner_id": owner_id, "product_id": product_id, "image_sha256": sha256, "source": source}
    if insert_new(connection, reference_images, {**values, "created_at": now}) is None:
        return False
    _changed(connection, product, now)
    request_calibration(connection, owner_id, product_id, now)
    return True


def list_reference_images(connection: sa.Connection, owner_id: int, product_id: int) -> list[ReferenceImage]:
    """A product's reference images, in the order they were registered."""
    live = sa.select(reference_images).where(
        reference_images.c.owner_id == owner_id,
        reference_images.c.product_id == product_id,
        reference_images.c.removed_at.is_(None),
    )
    return [_reference_image(row) for row in connection.execute(live.order_by(reference_images.c.id))]


def get_reference_image(connection: sa.Connection, owner_id: int, product_id: int, image_id: int) -> ReferenceImage:
    """One of a product's reference images. Raises NotFound."""
    for image in list_reference_images(connection, owner_id, product_id):
        if image.id == image_id:
            return image
    raise NotFound("There is no reference image {image_id}: see `counterfoil product show`.", image_id=image_id)


def reference_image_sha256(connection: sa.Connection, owner_id: int, image_id: int) -> str | None:
    """The picture of one of the owner's reference images, removed ones too."""
    mine = sa.and_(reference_images.c.id == image_id, reference_images.c.owner_id == owner_id)
    return connection.scalar(sa.select(reference_images.c.image_sha256).where(mine))


def remove_reference_image(connection: sa.Connection, owner_id: int, image_id: int, now: datetime) -> None:
    """Take a reference image back. Raises NotFound."""
    mine = sa.and_(
        reference_images.c.id == image_id,
        reference_images.c.owner_id == owner_id,
        reference_images.c.removed_at.is_(None),
    )
    product_id = connection.scalar(sa.select(reference_images.c.product_id).where(mine))
    if product_id is None or not changed_one(connection, reference_images.update().where(mine).values(removed_at=now)):
        raise NotFound("There is no reference image {image_id}: see `counterfoil product show`.", image_id=image_id)
    _changed(connection, get_product(connection, owner_id, product_id), now)
    request_calibration(connection, owner_id, product_id, now)


def restore_reference_image(
    connection: sa.Connection, owner_id: int, product_id: int, image_id: int, now: datetime
) -> ReferenceImage:
    """Undo the removal of a reference image; once it is back, twice changes nothing. Raises NotFound.

    Where the same picture was registered again meanwhile, that one stays and is answered.
    """
    product = get_product(connection, owner_id, product_id)
    columns = reference_images.c
    mine = sa.and_(columns.id == image_id, columns.owner_id == owner_id, columns.product_id == product_id)
    row = connection.execute(sa.select(reference_images).where(mine).with_for_update()).one_or_none()
    if row is None:
        raise NotFound("There is no reference image {image_id}: see `counterfoil product show`.", image_id=image_id)
    same = sa.and_(columns.product_id == product_id, columns.image_sha256 == row.image_sha256)
    live = connection.scalar(sa.select(columns.id).where(same, columns.removed_at.is_(None)))
    if live is not None:
        return get_reference_image(connection, owner_id, product_id, live)
    update_unless_taken(connection, reference_images.update().where(mine).values(removed_at=None))
    _changed(connection, product, now)
    request_calibration(connection, owner_id, product_id, now)
    return get_reference_image(connection, owner_id, product_id, image_id)


def _first_images(connection: sa.Connection, product_ids: Sequence[int]) -> tuple[dict[int, str], dict[int, int]]:
    """(SHA-256 of the first live reference image, how many there are) by product."""
    columns = reference_images.c
    live = sa.and_(columns.product_id.in_(product_ids), columns.removed_at.is_(None))
    wanted = sa.select(columns.product_id, columns.image_sha256).where(live).order_by(columns.id)
    firsts: dict[int, str] = {}
    counts: dict[int, int] = {}
    for row in connection.execute(wanted):
        firsts.setdefault(row.product_id, row.image_sha256)
        counts[row.product_id] = counts.get(row.product_id, 0) + 1
    return firsts, counts


def _has(row: sa.Row[Any], words: str) -> bool:
    said = _folded(" ".join([row.name, row.sku or "", row.brand, *row.aliases, *row.keywords]))
    return all(word in said for word in _folded(words).split())


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _changed(connection: sa.Connection, product: Product, now: datetime) -> None:
    touch_registry(connection, product.owner_id)
    request_reassessment(connection, product.owner_id, product.id, f"product {product.name}", now)


def _refuse_named_like(connection: sa.Connection, owner_id: int, entry: ProductEntry, but: int | None = None) -> None:
    row = connection.execute(_named(owner_id, entry)).one_or_none()
    if row is not None and row.id != but:
        raise Conflict("There is a product named {name!r} of this brand already.", name=entry.name)


def _refuse_sku_of_another(
    connection: sa.Connection, owner_id: int, entry: ProductEntry, but: int | None = None
) -> None:
    if entry.sku is None:
        return
    row = connection.execute(_live(owner_id).where(products.c.sku == entry.sku)).one_or_none()
    if row is None or row.id == but:
        return
    if but is not None or (row.name, row.brand_id) != (entry.name, entry.brand_id):
        raise Conflict("The SKU {sku!r} belongs to the product {name!r} already.", sku=entry.sku, name=row.name)


def _values(entry: ProductEntry) -> dict[str, Any]:
    price = entry.price_range
    return {
        "brand_id": entry.brand_id,
        "name": entry.name,
        "sku": entry.sku,
        "keywords": list(entry.keywords),
        "aliases": list(entry.aliases),
        "price_low": price.low if price else None,
        "price_high": price.high if price else None,
        "currency": price.currency if price else None,
        "official_pages": list(entry.official_pages),
    }


def _entry_of(row: sa.Row[Any]) -> ProductEntry:
    return ProductEntry(brand_id=row.brand_id, name=row.name, sku=row.sku)


def _named(owner_id: int, entry: ProductEntry) -> sa.Select[Any]:
    return _live(owner_id).where(products.c.brand_id == entry.brand_id, products.c.name == entry.name)


def _live(owner_id: int) -> sa.Select[Any]:
    return sa.select(products).where(products.c.owner_id == owner_id, products.c.removed_at.is_(None))


def _as_entered(row: sa.Row[Any], entry: ProductEntry) -> Product:
    fields: Sequence[str] = ("brand_id", "name", "sku", "keywords", "aliases", "price_range", "official_pages")
    return Product(id=row.id, owner_id=row.owner_id, **{name: getattr(entry, name) for name in fields})


def _product(row: sa.Row[Any]) -> Product:
    price = PriceRange(low=row.price_low, high=row.price_high, currency=row.currency) if row.currency else None
    return Product(
        id=row.id,
        owner_id=row.owner_id,
        brand_id=row.brand_id,
        name=row.name,
        sku=row.sku,
        keywords=tuple(row.keywords),
        aliases=tuple(row.aliases),
        price_range=price,
        official_pages=tuple(row.official_pages),
    )


def _reference_image(row: sa.Row[Any]) -> ReferenceImage:
    return ReferenceImage(
        id=row.id,
        owner_id=row.owner_id,
        product_id=row.product_id,
        image_sha256=row.image_sha256,
        source=row.source,
    )
