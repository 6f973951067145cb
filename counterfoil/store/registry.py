"""Reads all that one owner registered into the Registry that the judge works with."""

from collections import defaultdict
from typing import Any

import sqlalchemy as sa

from counterfoil.models import Reference, RegisteredProduct, Registry
from counterfoil.store.brands import list_brands
from counterfoil.store.images import get_fingerprints
from counterfoil.store.owners import registry_revision
from counterfoil.store.products import list_products
from counterfoil.store.sellers import list_authorised_sellers
from counterfoil.store.tables import owners, reference_images


def load_registry(connection: sa.Connection, owner_id: int, fingerprint_version: str) -> Registry:
    """The owner's products with brands and references, and the authorised sellers."""
    brands = {brand.id: brand for brand in list_brands(connection, owner_id)}
    references = _references(connection, owner_id, fingerprint_version)
    products = tuple(
        RegisteredProduct(product=product, brand=brands[product.brand_id], references=tuple(references[product.id]))
        for product in list_products(connection, owner_id)
    )
    authorised = frozenset(
        (seller.marketplace, seller.seller_key) for seller in list_authorised_sellers(connection, owner_id)
    )
    return Registry(
        owner_id=owner_id,
        revision=registry_revision(connection, owner_id),
        products=products,
        authorised_sellers=authorised,
    )


def hold_registry(connection: sa.Connection, owner_id: int) -> int:
    """The registry's revision, which stays the same until the transaction ends."""
    mine = sa.select(owners.c.registry_revision).where(owners.c.id == owner_id)
    return int(connection.scalars(mine.with_for_update(read=True)).one())


def references_without_fingerprint(connection: sa.Connection, owner_id: int, fingerprint_version: str) -> list[str]:
    """SHA-256 of the reference images that have no fingerprint of this version yet."""
    rows = _reference_rows(connection, owner_id)
    made = get_fingerprints(connection, {row.image_sha256 for row in rows}, fingerprint_version)
    return sorted({row.image_sha256 for row in rows} - made.keys())


def _references(connection: sa.Connection, owner_id: int, version: str) -> dict[int, list[Reference]]:
    rows = _reference_rows(connection, owner_id)
    made = get_fingerprints(connection, {row.image_sha256 for row in rows}, version)
    found: dict[int, list[Reference]] = defaultdict(list)
    for row in rows:
        fingerprint = made.get(row.image_sha256)
        if fingerprint is not None:
            found[row.product_id].append(
                Reference(reference_image_id=row.id, product_id=row.product_id, fingerprint=fingerprint)
            )
    return found


def _reference_rows(connection: sa.Connection, owner_id: int) -> list[sa.Row[Any]]:
    live = sa.select(reference_images).where(
        reference_images.c.owner_id == owner_id, reference_images.c.removed_at.is_(None)
    )
    return list(connection.execute(live.order_by(reference_images.c.id)))
