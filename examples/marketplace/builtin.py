"""The built-in catalogue: a few thousand made-up listings, the same for the same seed.

Listings and the truth about them are made together and handed out apart: `built_in` gives the server what it shows,
`built_in_truth` gives tests what they may find.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from random import Random

from counterfoil.exceptions import InvalidInput
from examples.marketplace.catalogue import Listing
from examples.marketplace.drafts import Draft
from examples.marketplace.fakes import counterfeits
from examples.marketplace.honest import authorised_offers, everything_else, lookalikes, resales
from examples.marketplace.pictures import Recipe
from examples.marketplace.sellers import private_people, shops
from examples.marketplace.truth import TruthRow

_ENDINGS: Mapping[str, str] = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp"}
_SHOPS = 140


def built_in(seed: int, size: int) -> tuple[list[Listing], Mapping[str, Recipe]]:
    """The listings, ordered by id, and how to draw each of their pictures.

    Raises InvalidInput where `size` leaves no room for everything that concerns the brand.
    """
    listings: list[Listing] = []
    recipes: dict[str, Recipe] = {}
    for listing_id, draft in _identified(seed, size):
        names = _picture_names(seed, listing_id, draft.recipes)
        recipes.update(zip(names, draft.recipes, strict=True))
        listings.append(_listing(listing_id, draft, names))
    return sorted(listings, key=lambda listing: listing.id), recipes


def built_in_truth(seed: int, size: int) -> list[TruthRow]:
    """The truth about the same listings, ordered by id. Raises as `built_in` does."""
    rows = [
        TruthRow(id=listing_id, kind=draft.kind, edit=draft.edit, product=draft.product, found_by=draft.found_by)
        for listing_id, draft in _identified(seed, size)
    ]
    return sorted(rows, key=lambda row: row.id)


def _identified(seed: int, size: int) -> Iterator[tuple[str, Draft]]:
    rng = Random(f"{seed} ids")
    given: set[str] = set()
    for draft in _drafts(seed, size):
        listing_id = str(rng.randrange(100_000_000, 1_000_000_000))
        while listing_id in given:
            listing_id = str(rng.randrange(100_000_000, 1_000_000_000))
        given.add(listing_id)
        yield listing_id, draft


def _drafts(seed: int, size: int) -> Iterator[Draft]:
    """What concerns the brand first, so that it is the same whatever the size."""
    rng = Random(f"{seed} brand")
    honest_shops, people = shops(rng, _SHOPS), private_people(rng)
    about_the_brand: Sequence[Draft] = [
        *counterfeits(rng, seed),
        *authorised_offers(rng, seed),
        *resales(rng, seed, people),
        *lookalikes(rng, seed, honest_shops),
    ]
    if size < len(about_the_brand):
        raise InvalidInput(f"The built-in catalogue has at least {len(about_the_brand)} listings; {size} are too few.")
    yield from about_the_brand
    yield from everything_else(Random(f"{seed} others"), seed, honest_shops, size - len(about_the_brand))


def _picture_names(seed: int, listing_id: str, recipes: Sequence[Recipe]) -> list[str]:
    """Names that tell nothing of what a picture is."""
    return [
        f"{hashlib.sha256(f'{seed} {listing_id} {number}'.encode()).hexdigest()[:20]}.{_ENDINGS[recipe.file_format]}"
        for number, recipe in enumerate(recipes)
    ]


def _listing(listing_id: str, draft: Draft, names: Sequence[str]) -> Listing:
    return Listing(
        id=listing_id,
        title=draft.title,
        images=tuple(names),
        description=draft.description,
        price=draft.price,
        currency=draft.currency,
        seller=draft.seller.name,
        seller_id=draft.seller.id,
        ships_from=draft.seller.ships_from,
        category=draft.category,
        condition=draft.condition,
    )
