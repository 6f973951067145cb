"""Drafts: what was read from an address or a file, and what is chosen of it."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import ConfigDict, Field, StringConstraints

from console.schemas.fields import Id, Line200, Line300, Said, Shown, Whole
from console.schemas.registry import PriceRangeShown
from counterfoil.store.drafts import DraftKind, DraftState

_Number = Annotated[Whole, Field(ge=0, le=1_000_000)]
_DRAFT: dict[str, Any] = {
    "id": 4,
    "kind": "products",
    "source": "https://acme.example/trail-30",
    "state": "ready",
    "brand": "Acme",
    "said": None,
    "done": 1,
    "total": 1,
    "under_way": False,
    "stopped": False,
    "attempt": 0,
    "created_by": "nightly sync (cf_1a2b3c)",
    "created_at": "2026-03-01T12:00:00Z",
}


class ListFormat(StrEnum):
    """What a file to fill in is."""

    CSV = "csv"
    XLSX = "xlsx"


class DraftSaid(Said):
    """The address of a product's page, of a list of products or of a shop; `brand` is that of products without one."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"address": "https://acme.example/trail-30", "brand": "Acme"}]}
    )

    address: Annotated[str, StringConstraints(min_length=1, max_length=2_000)]
    brand: Line200 | None = None


class DraftShown(Shown):
    """What was read, or is being read: `done` of `total` products, where that is known.

    `under_way`: it is being read or registered; `stopped`: whoever did that is gone, do it again. `said` is why it
    failed, or what is not all there is to know. `attempt`: how often it was begun to be registered.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_DRAFT]})

    id: Id
    kind: DraftKind
    source: str
    state: DraftState
    brand: str | None
    said: str | None
    done: int
    total: int | None
    under_way: bool
    stopped: bool
    attempt: int
    created_by: str
    created_at: datetime


class RowProblemShown(Shown):
    """What is wrong with a row of a file, and in which column, where it is one column's fault."""

    column: str | None
    said: str


class DraftPictureShown(Shown):
    """A picture of an entry, at `/api/v1/drafts/{id}/pictures/{sha256}`; or why it cannot be used."""

    number: int
    source: str
    sha256: str | None
    width: int
    height: int
    informative: bool | None = Field(description="False: it is too plain to find copies of. Null: it is not there.")
    chosen: bool
    refused: str | None


class DraftProductShown(Shown):
    """What was read of a product."""

    brand: str | None
    sku: str | None
    keywords: list[str]
    aliases: list[str]
    price_range: PriceRangeShown | None
    official_pages: list[str]


class DraftSellerShown(Shown):
    """A seller as a row names it."""

    marketplace: str
    seller_key: str


class DraftEntryShown(Shown):
    """A product or a seller of a draft, or a row that cannot be used, with its `problems`.

    `offered`: it is registered where nothing is chosen. `known`: a product of this name is there, and what it lacks is
    added; `taken`: the product that has its SKU already, for which it would be refused. `product_id` once it is
    registered, `refused` where that did not work.
    """

    number: int
    place: str
    name: str
    product: DraftProductShown | None = None
    seller: DraftSellerShown | None = None
    pictures: tuple[DraftPictureShown, ...] = ()
    problems: tuple[RowProblemShown, ...] = ()
    offered: bool
    known: bool = False
    taken: str | None = None
    product_id: int | None = None
    refused: str | None = None


class DraftEntriesShown(Shown):
    """One page of a draft's entries; `brand` is that of products without one, `new_brands` would be registered too.

    `brand_needed`: there are such products, and a brand has to be named.
    """

    items: list[DraftEntryShown]
    next_cursor: str | None
    brand: str | None
    brand_needed: bool
    new_brands: list[str]


class ChoiceSaid(Said):
    """An entry to be registered, by its number; without `name` as it was read, without `pictures` with those chosen."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"number": 0, "name": "Trail 30", "pictures": [0]}]})

    number: _Number
    name: Line300 | None = None
    pictures: Annotated[tuple[_Number, ...], Field(max_length=100)] | None = None


class ChoicesSaid(Said):
    """What is registered of a draft; without `entries` all that are offered. `brand`: of products without one."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"brand": "Acme", "entries": [{"number": 0, "pictures": [0, 2]}]}]}
    )

    brand: Line200 | None = None
    entries: Annotated[tuple[ChoiceSaid, ...], Field(max_length=5_000)] | None = None


class AuthorisedShown(Shown):
    """How many sellers of a draft were not trusted before."""

    added: int
