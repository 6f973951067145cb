"""Who sells on the made-up marketplace."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from examples.marketplace.words import words


@dataclass(frozen=True, slots=True, kw_only=True)
class Seller:
    """A seller: the marketplace's id, the name shown, where things are sent from, the language of the listings."""

    id: str
    name: str
    ships_from: str
    language: str


def shops(rng: Random, count: int) -> Sequence[Seller]:
    """Honest shops, seven in ten of them writing English; ids s40000 and up."""
    return [_shop(rng, f"s{40_000 + index * 13}") for index in range(count)]


def private_people(rng: Random) -> Sequence[Seller]:
    """People who sell what they no longer use; ids s90000 and up."""
    sellers = []
    for index, name in enumerate(words().people):
        language = "zh" if not name.isascii() or name.startswith("mxu") else rng.choice(["en", "en", "de"])
        country = rng.choice(words().countries[language])
        sellers.append(Seller(id=f"s{90_000 + index * 7}", name=name, ships_from=country, language=language))
    return sellers


def _shop(rng: Random, seller_id: str) -> Seller:
    language = rng.choices(["en", "de", "zh"], [70, 19, 11])[0]
    parts = words().shops[language]
    name = rng.choice(parts["first"]) + (" " if language == "en" else "") + rng.choice(parts["second"])
    return Seller(id=seller_id, name=name, ships_from=rng.choice(words().countries[language]), language=language)
