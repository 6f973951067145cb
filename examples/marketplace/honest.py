"""Everything on the made-up marketplace that is as it says."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from random import Random

from examples.marketplace import titles
from examples.marketplace.brand import BrandProduct, brand, model_of, official_photos
from examples.marketplace.drafts import Draft, between, own_photos, price_tag
from examples.marketplace.drawing import Model
from examples.marketplace.pictures import Recipe
from examples.marketplace.sellers import Seller
from examples.marketplace.truth import Truth
from examples.marketplace.words import words

OFFICIAL_QUALITY = 90


def official_pictures(product: BrandProduct, seed: int) -> tuple[Recipe, ...]:
    """The brand's own picture files of a product."""
    return tuple(Recipe(photo=photo, shared=True, quality=OFFICIAL_QUALITY) for photo in official_photos(product, seed))


def authorised_offers(rng: Random, seed: int) -> Iterator[Draft]:
    """Every authorised seller offers every product, with the brand's own pictures; some are on sale."""
    for seller in brand().authorised:
        for product in brand().products:
            language = words().languages[seller.language]
            euros = product.low * between(rng, 0.4, 0.8) if rng.random() < 0.15 else _fair(rng, product)
            price, currency = price_tag(rng, euros)
            yield Draft(
                kind=Truth.AUTHORISED,
                title=titles.branded(rng, language, product),
                description=language.paragraph(rng, "sentences"),
                price=price,
                currency=currency,
                seller=seller,
                category=product.category,
                recipes=official_pictures(product, seed),
                product=product.sku,
            )


def resales(rng: Random, seed: int, people: Sequence[Seller]) -> Iterator[Draft]:
    """People sell the genuine thing second-hand, with photos of their own, below the new price but not absurdly."""
    for product in brand().products:
        for number in range(5):
            seller = rng.choice(people)
            language = words().languages[seller.language]
            price, currency = price_tag(rng, product.low * between(rng, 0.64, 0.95))
            yield Draft(
                kind=Truth.GENUINE_RESALE,
                title=titles.branded(rng, language, product, ending="used"),
                description=language.paragraph(rng, "used_sentences"),
                price=price,
                currency=currency,
                seller=seller,
                category=product.category,
                recipes=own_photos(
                    rng, model_of(product, seed), f"{seed} resale {product.sku} {number}", 1 + number % 2
                ),
                condition="used",
                product=product.sku,
            )


def lookalikes(rng: Random, seed: int, shops: Sequence[Seller]) -> Iterator[Draft]:
    """The same kind of thing by an honest maker at a fair price, sometimes named with a word of the brand's product."""
    for product in brand().products:
        for number in range(10):
            seller = rng.choice(shops)
            language = words().languages[seller.language]
            series = product.name.split()[1] if rng.random() < 0.5 else ""
            price, currency = price_tag(rng, product.low * between(rng, 0.64, 1.2))
            place = f"{seed} look-alike {product.sku} {number}"
            maker = rng.choice(words().makers)
            yield Draft(
                kind=Truth.HONEST_LOOKALIKE,
                title=titles.lookalike(rng, language, product, maker, series),
                description=language.paragraph(rng, "sentences"),
                price=price,
                currency=currency,
                seller=seller,
                category=product.category,
                recipes=own_photos(rng, Model(kind=product.kind, seed=place, name=maker), place, 1 + number % 2),
                product=product.sku,
            )


def everything_else(rng: Random, seed: int, shops: Sequence[Seller], count: int) -> Iterator[Draft]:
    """Other things by other makers; one in a hundred has no price."""
    kinds = list(words().kinds.items())
    for number in range(count):
        kind, called = kinds[rng.randrange(len(kinds))]
        seller = rng.choice(shops)
        language = words().languages[seller.language]
        maker = rng.choice(words().makers)
        price, currency = price_tag(rng, Decimal(rng.randint(called.low, called.high)))
        place = f"{seed} other {number}"
        yield Draft(
            kind=Truth.HONEST,
            title=titles.plain(rng, language, maker, called.nouns[language.code], called.category),
            description=language.paragraph(rng, "sentences"),
            price=None if rng.random() < 0.01 else price,
            currency=currency,
            seller=seller,
            category=called.category,
            recipes=own_photos(
                rng, Model(kind=kind, seed=place, name=maker), place, rng.choices([1, 2, 3], [6, 3, 1])[0]
            ),
        )


def _fair(rng: Random, product: BrandProduct) -> Decimal:
    return product.low + (product.high - product.low) * between(rng, 0, 1)
