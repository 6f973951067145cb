"""Brands, rights, products, reference images and authorised sellers."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Field, StringConstraints

from console.schemas.fields import Amount, Id, Line100, Line200, Line300, Said, Sha256, Shown, Whole
from counterfoil.calibration import RemarkCode
from counterfoil.models import RightKind

_Names = Annotated[tuple[Line200, ...], Field(max_length=100)]
_Pages = Annotated[
    tuple[Annotated[str, StringConstraints(pattern=r"^https?://[^\x00-\x20\x7f]+$", max_length=2_000)], ...],
    Field(max_length=100),
]
_Amount = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,15}(\.[0-9]{1,6})?$")]

_BRAND: dict[str, Any] = {"name": "Acme", "aliases": ["ACMÉ", "艾克美"]}
_RIGHT: dict[str, Any] = {
    "brand_id": 1,
    "kind": "trademark",
    "number": "018123456",
    "jurisdiction": "EU",
    "classes": [18, 25],
}
_PRICE: dict[str, Any] = {"low": "80", "high": "120.5", "currency": "EUR"}
_PRODUCT: dict[str, Any] = {
    "brand_id": 1,
    "name": "Trail 30",
    "sku": "A-100",
    "keywords": ["hiking backpack 30 l"],
    "aliases": ["Trail Thirty"],
    "price_range": _PRICE,
    "official_pages": ["https://acme.example/trail-30"],
}
_SELLER: dict[str, Any] = {"marketplace": "example", "seller_key": "acme-official", "name": "Acme flagship store"}


class BrandSaid(Said):
    """A brand: its name and the other spellings in use, in any script."""

    model_config = ConfigDict(json_schema_extra={"examples": [_BRAND]})

    name: Line200
    aliases: _Names = ()


class BrandChange(Said):
    """What changes about a brand; what is not given stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"aliases": ["ACMÉ"]}]})

    name: Line200 | None = None
    aliases: _Names | None = None


class BrandShown(Shown):
    """A brand."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"id": 1, **_BRAND}]})

    id: Id
    name: str
    aliases: list[str]


class RightSaid(Said):
    """A registered right of a brand; `classes` are Nice classes."""

    model_config = ConfigDict(json_schema_extra={"examples": [_RIGHT]})

    brand_id: Id
    kind: RightKind = RightKind.TRADEMARK
    number: Line100
    jurisdiction: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=16, pattern=r"^[A-Za-z0-9-]+$")
    ]
    classes: Annotated[tuple[Annotated[Whole, Field(ge=1, le=45)], ...], Field(max_length=45)] = ()


class RightShown(Shown):
    """A registered right."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"id": 3, **_RIGHT}]})

    id: Id
    brand_id: Id
    kind: RightKind
    number: str
    jurisdiction: str
    classes: list[int]


class PriceRangeSaid(Said):
    """What a product honestly costs new: exact decimals as text, and an ISO 4217 currency."""

    model_config = ConfigDict(json_schema_extra={"examples": [_PRICE]})

    low: _Amount
    high: _Amount
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]


class PriceRangeShown(Shown):
    """What a product honestly costs new."""

    low: Amount
    high: Amount
    currency: str


class ProductSaid(Said):
    """A reference product: what the fakes imitate."""

    model_config = ConfigDict(json_schema_extra={"examples": [_PRODUCT]})

    brand_id: Id
    name: Line300
    sku: Line100 | None = None
    keywords: _Names = ()
    aliases: _Names = ()
    price_range: PriceRangeSaid | None = None
    official_pages: _Pages = ()


class ProductChange(Said):
    """What changes about a product; what is not given stays, null takes `sku` and `price_range` away."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"price_range": _PRICE}]})

    brand_id: Id | None = None
    name: Line300 | None = None
    sku: Line100 | None = None
    keywords: _Names | None = None
    aliases: _Names | None = None
    price_range: PriceRangeSaid | None = None
    official_pages: _Pages | None = None


class ProductShown(Shown):
    """A reference product."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"id": 7, **_PRODUCT}]})

    id: Id
    brand_id: Id
    name: str
    sku: str | None
    keywords: list[str]
    aliases: list[str]
    price_range: PriceRangeShown | None
    official_pages: list[str]


class ReferenceImageShown(Shown):
    """One of the brand's own pictures of a product; its bytes are at `/api/v1/images/{image_sha256}`."""

    id: Id
    product_id: Id
    image_sha256: Sha256
    source: str
    informative: bool | None = Field(
        None, description="False: it is too plain to find copies of. Null: it was not looked at in this request."
    )


class AuthorisedSellerSaid(Said):
    """A seller that the owner trusts, by the marketplace's own id of it."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SELLER]})

    marketplace: Line100
    seller_key: Line300
    name: Line300 | None = None


class AuthorisedSellerShown(Shown):
    """A seller that the owner trusts: never a suspect."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"id": 5, **_SELLER}]})

    id: Id
    marketplace: str
    seller_key: str
    name: str | None


class RemarkShown(Shown):
    """One thing that a calibration card says: for programs by its code and numbers, for people in words."""

    code: RemarkCode
    values: dict[str, Any]
    words: str


class CalibrationShown(Shown):
    """Which edited copies of a product's pictures would be found; without a `card` it is not known yet.

    `under_way`: a newer card is being made.
    """

    made_at: datetime | None
    under_way: bool
    card: dict[str, Any] | None = Field(description="What was measured, picture by picture and edit by edit.")
    remarks: list[RemarkShown]
