"""Titles of listings about the brand's products and about everything else, in three languages."""

from random import Random

from examples.marketplace.brand import BrandProduct, brand
from examples.marketplace.words import Language

_BY_AMOUNT = "Beauty & Care"


def branded(rng: Random, language: Language, product: BrandProduct, *, ending: str = "extras") -> str:
    """The brand and the product named plainly, in Chinese by their Chinese names; `ending` says what comes last."""
    chinese = language.code == "zh"
    maker, name = (brand().aliases[0], product.alias) if chinese else (brand().name, product.name)
    return _title(rng, language, product.category, ending, maker, name, product.nouns[language.code])


def disguised(rng: Random, language: Language, product: BrandProduct, name: str) -> str:
    """The brand's name written as `name`, the product's as it is."""
    return _title(rng, language, product.category, "extras", name, product.name, product.nouns[language.code])


def replica(rng: Random, language: Language, product: BrandProduct, words: str) -> str:
    """The brand's name beside words that admit what it is."""
    noun = product.nouns[language.code]
    return _title(rng, language, product.category, "extras", brand().name, product.name, words, noun)


def unbranded(rng: Random, language: Language, product: BrandProduct) -> str:
    """What the thing is, no name on it."""
    noun = product.nouns[language.code]
    return _title(rng, language, product.category, "extras", _adjective(rng, language), noun)


def lookalike(rng: Random, language: Language, product: BrandProduct, maker: str, series: str) -> str:
    """Another maker's thing of the product's kind, perhaps of a series with a familiar name."""
    return _title(rng, language, product.category, "extras", maker, series, product.nouns[language.code])


def plain(rng: Random, language: Language, maker: str, noun: str, category: str) -> str:
    """Another maker's thing of another kind."""
    return _title(rng, language, category, "extras", maker, _adjective(rng, language), noun)


def _adjective(rng: Random, language: Language) -> str:
    # German adjectives would have to agree with their noun.
    return "" if language.code == "de" else language.pick(rng, "adjectives")


def _title(rng: Random, language: Language, category: str, ending: str, *parts: str) -> str:
    comma = " " if language.code == "zh" else ", "
    variant = language.pick(rng, "amounts" if category == _BY_AMOUNT else "colours")
    return f"{' '.join(part for part in (*parts, variant) if part)}{comma}{language.pick(rng, ending)}"
