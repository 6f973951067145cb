"""What is prepared once for each registered product, so that judging a listing is quick."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from counterfoil.models import Brand, Product
from counterfoil.text import fold_confusables, normalise, squash, unaccent

# Underscores part words, too: sellers write A_c_m_e.
WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """A name as it is looked for: letters only, its words, its skeleton, and whether it is one run.

    `run`: in a script without spaces, so that it may stand anywhere in a text.
    """

    shown: str
    letters: str
    words: tuple[str, ...]
    skeleton: str
    run: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductProfile:
    """A product with its names prepared; `own_words` are honest words that are no misspelling of the brand."""

    product: Product
    brand: Brand
    brand_names: tuple[Name, ...]
    product_names: tuple[Name, ...]
    keywords: tuple[Name, ...]
    own_words: frozenset[str]


def make_profile(product: Product, brand: Brand) -> ProductProfile:
    """Prepare a product's names; the product's own name is taken without the brand's."""
    bare = _without(product.name, brand.name)
    return ProductProfile(
        product=product,
        brand=brand,
        brand_names=_names((brand.name, *brand.aliases)),
        product_names=_names((bare, *(_without(alias, brand.name) for alias in product.aliases))),
        keywords=_names(_without(keyword, brand.name) for keyword in product.keywords),
        own_words=frozenset(_words(" ".join((bare, *product.aliases, *product.keywords)))),
    )


def make_name(text: str) -> Name:
    """Prepare one name."""
    letters = squash(text)
    return Name(
        shown=text,
        letters=letters,
        words=tuple(_words(text)),
        skeleton=fold_confusables(letters),
        run=bool(letters) and any(ord(character) >= 0x0E00 for character in letters),
    )


def _names(texts: Iterable[str]) -> tuple[Name, ...]:
    made = (make_name(text) for text in texts)
    return tuple({name.letters: name for name in made if name.letters}.values())


def _without(text: str, brand: str) -> str:
    """A product's name without its brand in front; the name itself when nothing would be left."""
    rest = re.sub(rf"\b{re.escape(brand)}\b", " ", text, flags=re.IGNORECASE)
    return " ".join(rest.split()) or text


def _words(text: str) -> list[str]:
    return WORD.findall(unaccent(normalise(text)))
