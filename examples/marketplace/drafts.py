"""A listing that is being made up: what it will say, what its pictures will be, and the truth about it."""

from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from random import Random

from examples.marketplace.drawing import Model, Photo
from examples.marketplace.pictures import Recipe
from examples.marketplace.sellers import Seller
from examples.marketplace.truth import FoundBy, Truth

DOLLARS_PER_EURO = Decimal("1.15")
_SIZES = ((480, 480), (480, 480), (480, 360), (360, 480), (420, 420), (520, 390))


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A listing before it has an id; `price` is decimal text in `currency`."""

    kind: Truth
    title: str
    description: str
    price: str | None
    currency: str | None
    seller: Seller
    category: str
    recipes: tuple[Recipe, ...]
    condition: str = "new"
    edit: str | None = None
    product: str | None = None
    found_by: FoundBy | None = None


def price_tag(rng: Random, euros: Decimal, *, dollars: float = 0.2) -> tuple[str, str]:
    """Price text and currency: the whole units below `euros` and a usual ending, in dollars as often as that share."""
    currency = "USD" if rng.random() < dollars else "EUR"
    amount = euros * DOLLARS_PER_EURO if currency == "USD" else euros
    whole = amount.to_integral_value(ROUND_FLOOR)
    return f"{whole}.{rng.choice(['00', '50', '90', '95', '99'])}", currency


def between(rng: Random, low: float, high: float) -> Decimal:
    """A factor in this range, to four places."""
    return Decimal(str(round(rng.uniform(low, high), 4)))


def own_photos(rng: Random, model: Model, seed: str, count: int) -> tuple[Recipe, ...]:
    """A seller's own pictures of a thing, each from another side before something else."""
    return tuple(_own_photo(rng, model, f"{seed} {number}") for number in range(count))


def _own_photo(rng: Random, model: Model, seed: str) -> Recipe:
    width, height = rng.choice(_SIZES)
    return Recipe(
        photo=Photo(model=model, pose=seed, setting=seed, width=width, height=height),
        file_format=rng.choices(["JPEG", "WEBP", "PNG"], [85, 12, 3])[0],
        quality=rng.randint(78, 92),
    )
