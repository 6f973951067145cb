"""The shop's shelves: listings by id, category, seller and words, put in order once when the server starts."""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from examples.marketplace.catalogue import Listing
from examples.marketplace.search import SearchIndex, folded

PAGE_SIZE = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of listings; numbers start at 1, and an empty list has one page."""

    listings: Sequence[Listing]
    number: int
    last: int
    total: int

    @property
    def nearby(self) -> Sequence[int]:
        """The page numbers that are worth a link: the first, the last and those around this one."""
        around = range(max(1, self.number - 2), min(self.last, self.number + 2) + 1)
        return sorted({1, *around, self.last})


def page_of(listings: Sequence[Listing], number: int) -> Page | None:
    """The page of that number; None where there is none."""
    last = max(1, -(-len(listings) // PAGE_SIZE))
    if not 1 <= number <= last:
        return None
    start = (number - 1) * PAGE_SIZE
    return Page(listings=listings[start : start + PAGE_SIZE], number=number, last=last, total=len(listings))


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """A category with the last step of its address."""

    name: str
    slug: str
    listings: Sequence[Listing]


class Shop:
    """Everything that is on sale."""

    def __init__(self, listings: Sequence[Listing]) -> None:
        self.listings = sorted(listings, key=lambda listing: listing.id)
        self.by_id: Mapping[str, Listing] = {listing.id: listing for listing in self.listings}
        self.index = SearchIndex(self.listings)
        self.categories = _categories(self.listings)
        self.by_slug = {category.slug: category for category in self.categories}
        self.slugs = {category.name: category.slug for category in self.categories}
        self.by_seller: Mapping[str, Sequence[Listing]] = _by_seller(self.listings)


def _categories(listings: Sequence[Listing]) -> Sequence[Category]:
    groups: defaultdict[str, list[Listing]] = defaultdict(list)
    for listing in listings:
        if listing.category:
            groups[listing.category].append(listing)
    taken: Counter[str] = Counter()
    categories = []
    for name in sorted(groups):
        slug = re.sub(r"[^\w]+", "-", folded(name)).strip("-") or "category"
        taken[slug] += 1
        slug += f"-{taken[slug]}" if taken[slug] > 1 else ""
        categories.append(Category(name=name, slug=slug, listings=groups[name]))
    return categories


def _by_seller(listings: Sequence[Listing]) -> Mapping[str, Sequence[Listing]]:
    groups: defaultdict[str, list[Listing]] = defaultdict(list)
    for listing in listings:
        if listing.seller_id:
            groups[listing.seller_id].append(listing)
    return groups
