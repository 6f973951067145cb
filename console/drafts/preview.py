"""What registering a draft would do, said before it happens: what is known already, and which brands are new."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from console.drafts.choosing import is_offered
from console.drafts.entries import DraftEntry
from console.session import Session
from counterfoil.models import Product
from counterfoil.store.brands import list_brands
from counterfoil.store.drafts import Draft
from counterfoil.store.products import product_named, products_with_sku


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewedEntry:
    """An entry and its number in the draft, from 0 on; `offered`: it stands ticked.

    `known`: a product of this name and brand is there, to which it would add; `taken`: the product that has its SKU.
    """

    number: int
    one: DraftEntry
    offered: bool
    known: bool = False
    taken: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftPreview:
    """The entries of a draft; `brand` is that of entries that name none, and `brand_needed` where there is one such.

    `brands` are registered; `new_brands` would be, with the products: perhaps they are mistyped.
    """

    entries: tuple[PreviewedEntry, ...]
    brand: str
    brand_needed: bool
    brands: tuple[str, ...]
    new_brands: tuple[str, ...]


def preview_draft(
    session: Session, draft: Draft, entries: Sequence[DraftEntry], brand: str | None, part: slice = slice(None)
) -> DraftPreview:
    """What registering would do, with this brand for entries that name none, else the one that was read.

    Of a long draft only a `part` is looked at closely.
    """
    with session.read() as connection:
        brands = {one.name: one.id for one in list_brands(connection, session.owner.id)}
        chosen = brand or draft.brand or (next(iter(brands)) if len(brands) == 1 else "")
        shown = list(enumerate(entries))[part]
        skus = [one.entry.sku for _, one in shown if one.entry is not None and one.entry.sku]
        taken = products_with_sku(connection, session.owner.id, skus)
        previewed = [
            _previewed(connection, draft, number, one, brands.get((one.entry and one.entry.brand) or chosen), taken)
            for number, one in shown
        ]
    open_ = [one.entry for one in entries if one.is_open and one.entry is not None]
    named = {entry.brand or chosen for entry in open_}
    return DraftPreview(
        entries=tuple(previewed),
        brand=chosen,
        brand_needed=any(entry.brand is None for entry in open_),
        brands=tuple(brands),
        new_brands=tuple(sorted(name for name in named if name and name not in brands)),
    )


def _previewed(
    connection: sa.Connection,
    draft: Draft,
    number: int,
    one: DraftEntry,
    brand_id: int | None,
    taken: Mapping[str, Product],
) -> PreviewedEntry:
    if not one.is_open or one.entry is None:
        return PreviewedEntry(number=number, one=one, offered=False)
    known = product_named(connection, draft.owner_id, brand_id, one.name) if brand_id else None
    other = taken.get(one.entry.sku or "")
    return PreviewedEntry(
        number=number,
        one=one,
        offered=is_offered(one, draft.state),
        known=known is not None,
        taken=other.name if other and (known is None or other.id != known.id) else None,
    )
