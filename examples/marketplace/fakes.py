"""The counterfeits on the made-up marketplace: copied photos, disguised names, replicas, absurd prices."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from random import Random

from examples.marketplace import titles
from examples.marketplace.brand import BrandProduct, brand, official_photos
from examples.marketplace.disguise import DISGUISES
from examples.marketplace.drafts import Draft, between, own_photos, price_tag
from examples.marketplace.drawing import Model
from examples.marketplace.edits import EASY_EDITS, HARD_EDITS
from examples.marketplace.pictures import Recipe
from examples.marketplace.sellers import Seller
from examples.marketplace.truth import FoundBy, Truth
from examples.marketplace.words import Language, words

# How many copies of each edit, and how many fakes of each other kind.
_EASY, _HARD_COMMON, _HARD = 9, 4, 3
_COMMON = ("cropped", "watermarked", "mirrored", "bordered")
_TEXT_FAKES: Mapping[Truth, int] = {
    Truth.BRAND_HOMOGLYPH: 12,
    Truth.BRAND_MISSPELT: 10,
    Truth.BRAND_SPACED: 8,
    Truth.REPLICA_WORDS: 10,
    Truth.PRICE_TOO_LOW: 10,
}
_ADMISSIONS: Mapping[str, Sequence[str]] = {
    "en": ["replica", "1:1 replica", "AAA replica", "mirror quality 1:1"],
    "de": ["Replika", "1:1 Replika", "Nachbau 1:1"],
    "zh": ["高仿", "1:1高仿", "复刻"],
}


def counterfeits(rng: Random, seed: int) -> Iterator[Draft]:
    """All fakes, dealt to the brand's products in turn and to the counterfeiters by their shares."""
    sellers, shares = zip(*brand().counterfeiters, strict=True)
    for number, (kind, edit) in enumerate(_plan()):
        product = brand().products[number % len(brand().products)]
        seller = rng.choices(sellers, shares)[0]
        place = f"{seed} fake {number}"
        yield _copy(rng, seed, place, product, seller, edit) if edit else _told(rng, place, product, seller, kind)


def _plan() -> Iterator[tuple[Truth, str | None]]:
    for edit in (*EASY_EDITS, *HARD_EDITS):
        count = _EASY if edit in EASY_EDITS else _HARD_COMMON if edit in _COMMON else _HARD
        yield from [(Truth.COPIED_PHOTO, edit)] * count
    for kind, count in _TEXT_FAKES.items():
        yield from [(kind, None)] * count


def _copy(rng: Random, seed: int, place: str, product: BrandProduct, seller: Seller, edit: str) -> Draft:
    """A copied photo at a price that alone says nothing; one in three does not name the brand."""
    language = words().languages[seller.language]
    title = titles.unbranded if rng.random() < 0.35 else titles.branded
    easy = edit in EASY_EDITS
    price, currency = price_tag(rng, product.low * between(rng, 0.35 if easy else 0.64, 0.95))
    copied = Recipe(
        photo=rng.choice(official_photos(product, seed)), edit=edit, seed=place, quality=rng.randint(80, 90)
    )
    return replace(
        _draft(rng, Truth.COPIED_PHOTO, product, seller, title(rng, language, product), (price, currency)),
        recipes=(copied, *_own(rng, place, product, rng.choice([0, 0, 1]))),
        edit=edit,
        found_by=FoundBy.FOUNDATION if easy else FoundBy.MATCHING,
    )


def _told(rng: Random, place: str, product: BrandProduct, seller: Seller, kind: Truth) -> Draft:
    """A fake with photos of its own, that gives itself away by its words or its price."""
    language = words().languages[seller.language]
    title, dearest = _telling_title(rng, language, product, kind)
    price = price_tag(rng, product.low * between(rng, 0.15, dearest))
    return replace(
        _draft(rng, kind, product, seller, title, price),
        recipes=_own(rng, place, product, rng.randint(1, 2)),
        found_by=FoundBy.FOUNDATION,
    )


def _telling_title(rng: Random, language: Language, product: BrandProduct, kind: Truth) -> tuple[str, float]:
    """A title, and the highest share of the honest price that is asked: under half where the words alone are weak."""
    if kind is Truth.PRICE_TOO_LOW:
        return titles.branded(rng, language, product), 0.4
    if kind is Truth.REPLICA_WORDS:
        admission = rng.choice(_ADMISSIONS[language.code])
        plain = any(word in admission.casefold() for word in ("replica", "replika", "高仿"))
        return titles.replica(rng, language, product, admission), 0.8 if plain else 0.42
    name = DISGUISES[kind](rng, brand().name)
    weak = kind is Truth.BRAND_MISSPELT or rng.random() < 0.5
    return titles.disguised(rng, language, product, name), 0.42 if weak else 0.8


def _draft(
    rng: Random, kind: Truth, product: BrandProduct, seller: Seller, title: str, price: tuple[str, str]
) -> Draft:
    language = words().languages[seller.language]
    return Draft(
        kind=kind,
        title=title,
        description=language.paragraph(rng, "cheap_sentences", "sentences"),
        price=price[0],
        currency=price[1],
        seller=seller,
        category=product.category,
        recipes=(),
        product=product.sku,
    )


def _own(rng: Random, place: str, product: BrandProduct, count: int) -> tuple[Recipe, ...]:
    return own_photos(rng, Model(kind=product.kind, seed=place, name=brand().name), place, count)
