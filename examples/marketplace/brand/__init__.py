"""The made-up brand owner: what is registered, who may sell it, and who sells fakes of it."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from examples.marketplace.drawing import Model, Photo
from examples.marketplace.sellers import Seller

FOLDER = Path(__file__).parent
RATES = FOLDER / "rates.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class BrandProduct:
    """One of the brand's products; `low` and `high` are what it honestly costs, in EUR."""

    sku: str
    name: str
    alias: str
    kind: str
    category: str
    low: Decimal
    high: Decimal
    references: int
    nouns: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Brand:
    """The brand, its products and its sellers; `counterfeiters` sell fakes in these shares."""

    name: str
    aliases: Sequence[str]
    products: Sequence[BrandProduct]
    authorised: Sequence[Seller]
    counterfeiters: Sequence[tuple[Seller, int]]


@functools.cache
def brand() -> Brand:
    """The brand as `brand.yaml` describes it, read once."""
    data = yaml.safe_load((FOLDER / "brand.yaml").read_text(encoding="utf-8"))
    return Brand(
        name=data["name"],
        aliases=data["aliases"],
        products=[_product(entry) for entry in data["products"]],
        authorised=[Seller(**entry) for entry in data["authorised_sellers"]],
        counterfeiters=[_counterfeiter(**entry) for entry in data["counterfeiters"]],
    )


def model_of(product: BrandProduct, seed: int) -> Model:
    """The product as it is made."""
    return Model(kind=product.kind, seed=f"{seed} {product.sku}", name=brand().name)


def official_photos(product: BrandProduct, seed: int) -> list[Photo]:
    """The brand's own pictures of a product, as registered."""
    return [
        Photo(
            model=model_of(product, seed),
            pose=f"{seed} {product.sku} official {number}",
            setting=f"{seed} {product.sku} studio {number}",
            width=640,
            height=640,
        )
        for number in range(product.references)
    ]


def _product(entry: Mapping[str, Any]) -> BrandProduct:
    low, high = map(Decimal, entry["price"])
    return BrandProduct(**{name: value for name, value in entry.items() if name != "price"}, low=low, high=high)


def _counterfeiter(share: int, **seller: str) -> tuple[Seller, int]:
    return Seller(**seller), share
