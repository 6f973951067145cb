"""What changed between two versions of a listing, field by field."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from counterfoil.models import ListingFacts, ListingImage
from counterfoil.rates import write_amount

_FIELDS = ("title", "availability", "condition", "ships_from", "category", "brand", "sku", "gtin", "url", "description")


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """One field that says something else now; None where it says nothing.

    Of `images` it names those that are gone and those that are new, by SHA-256 (or address, where none is stored).
    """

    field: str
    before: str | None = None
    after: str | None = None
    removed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()


def changes_between(before: ListingFacts, after: ListingFacts) -> tuple[FieldChange, ...]:
    """What the later version says otherwise than the earlier one; what matters most first."""
    return tuple(_changes(before, after))


def _changes(before: ListingFacts, after: ListingFacts) -> Iterator[FieldChange]:
    pairs = [("price", _price(before), _price(after)), ("seller", _seller(before), _seller(after))]
    pairs += [(name, getattr(before, name), getattr(after, name)) for name in _FIELDS]
    yield from (FieldChange(field=name, before=old, after=new) for name, old, new in pairs[:2] if old != new)
    removed, added = _names(before.images), _names(after.images)
    gone, new = tuple(one for one in removed if one not in added), tuple(one for one in added if one not in removed)
    if gone or new:
        yield FieldChange(field="images", removed=gone, added=new)
    yield from (FieldChange(field=name, before=old, after=new) for name, old, new in pairs[2:] if old != new)


def _price(facts: ListingFacts) -> str | None:
    amounts = [amount for amount in (facts.price, facts.price_max) if isinstance(amount, Decimal)]
    said = "–".join(write_amount(amount) for amount in amounts)
    return f"{said} {facts.currency or ''}".strip() or None


def _seller(facts: ListingFacts) -> str | None:
    return (facts.seller.name or facts.seller.key) if facts.seller else None


def _names(images: Sequence[ListingImage]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(image.sha256 or image.url for image in images))
