"""One product of a draft: what was read of it, what is wrong with it, what the person chose, and what became of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from pydantic import TypeAdapter

from console.product_entries import BadEntry, Entry, Problem
from counterfoil.exceptions import NotFound
from counterfoil.models import PriceRange
from counterfoil.store.drafts import Draft
from crawlers.reading import ReadListing

_LONGEST_NAME, _LONGEST_SKU, _LONGEST_BRAND, _LONGEST_PAGE = 300, 100, 200, 2_000
# Both databases keep amounts below 10^18 with six places.
_LARGEST_PRICE = Decimal(10) ** 15


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftPicture:
    """A picture of a draft: stored under its SHA-256, or refused, with why. `plain` ones find no copies."""

    source: str
    sha256: str | None = None
    width: int = 0
    height: int = 0
    plain: bool = False
    refused: str | None = None
    chosen: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftEntry:
    """One product; `product_id` once it is registered, `refused` where that did not work."""

    place: str
    name: str
    entry: Entry | None = None
    pictures: tuple[DraftPicture, ...] = ()
    problems: tuple[Problem, ...] = ()
    chosen: bool = True
    product_id: int | None = None
    refused: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether it can still be registered."""
        return self.entry is not None and self.product_id is None

    @property
    def chosen_pictures(self) -> list[DraftPicture]:
        """The pictures that become reference images."""
        return [one for one in self.pictures if one.chosen and one.sha256 is not None]


_ENTRIES = TypeAdapter(list[DraftEntry])


def as_json(entries: Sequence[DraftEntry]) -> list[dict[str, Any]]:
    """Entries as a draft's row keeps them."""
    kept: list[dict[str, Any]] = _ENTRIES.dump_python(list(entries), mode="json")
    return kept


def entries_of(draft: Draft) -> list[DraftEntry]:
    """What a draft's row keeps."""
    return _ENTRIES.validate_python(list(draft.entries))


def require_picture(draft: Draft, sha256: str) -> None:
    """Raise NotFound unless this picture was read into the draft."""
    if not any(picture.sha256 == sha256 for one in entries_of(draft) for picture in one.pictures):
        raise NotFound("There is no picture {sha256} in draft {draft_id}.", sha256=sha256, draft_id=draft.id)


def from_listing(place: str, read: ReadListing) -> DraftEntry | None:
    """A product as a shop's page shows it; None for one without a title, which nobody could tell from others."""
    name = " ".join((read.title or "").split())[:_LONGEST_NAME]
    if not name:
        return None
    entry = Entry(
        place=place,
        name=name,
        sku=_short(read.sku, _LONGEST_SKU),
        price_range=_price_range(read),
        official_pages=(read.url,) if read.url and len(read.url) <= _LONGEST_PAGE else (),
        pictures=read.images,
    )
    return DraftEntry(place=place, name=name, entry=entry)


def from_row(row: Entry | BadEntry) -> DraftEntry:
    """A product as a row of a file names it."""
    if isinstance(row, BadEntry):
        problems = row.problems or (Problem(column=None, said=row.reason),)
        return DraftEntry(place=row.place, name=row.name, problems=problems, chosen=False)
    return DraftEntry(place=row.place, name=row.name, entry=row)


def without_doubles(entries: Iterable[DraftEntry]) -> list[DraftEntry]:
    """Each SKU once: shops give variants of one thing the same, and no two products may have it."""
    seen: set[str] = set()
    kept = []
    for one in entries:
        entry = one.entry
        if entry is not None and entry.sku is not None:
            if entry.sku in seen:
                one = replace(one, entry=replace(entry, sku=None))
            seen.add(entry.sku)
        kept.append(one)
    return kept


def _price_range(read: ReadListing) -> PriceRange | None:
    low, high = read.price, read.price_max or read.price
    if low is None or high is None or read.currency is None or not 0 < low <= high < _LARGEST_PRICE:
        return None
    return PriceRange(low=_kept(low), high=_kept(high), currency=read.currency)


def _kept(amount: Decimal) -> Decimal:
    """An amount with as many places as the databases keep, and no more than it has."""
    exponent = amount.as_tuple().exponent
    return round(amount, 6) if isinstance(exponent, int) and exponent < -6 else amount


def _short(text: str | None, longest: int) -> str | None:
    said = " ".join((text or "").split())
    return said if said and len(said) <= longest else None


def brand_said(reads: Iterable[ReadListing]) -> str | None:
    """The brand that most of what was read names."""
    said = [_short(read.brand, _LONGEST_BRAND) for read in reads]
    named = [one for one in said if one is not None]
    return max(named, key=named.count) if named else None
