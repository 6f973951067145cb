"""Reads lists of sellers that an owner trusts, and finds the seller that a person means by id, name or address."""

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from console.list_templates import SELLER_COLUMNS
from console.pictures import is_address
from console.product_entries import BadEntry, Problem
from console.sheets import Sheet
from counterfoil.exceptions import CounterfoilError, InvalidInput
from counterfoil.marketplaces import Marketplace, get_marketplace
from counterfoil.store.sellers import find_seen_sellers

_LONGEST = {"seller_id": 300, "name": 300}


@dataclass(frozen=True, slots=True, kw_only=True)
class SellerEntry:
    """One seller as a list names it; `place` says where, for messages."""

    place: str
    marketplace: str
    seller_id: str
    name: str | None = None


def sellers_of_sheet(
    name: str, sheet: Sheet, marketplaces: Mapping[str, Marketplace], row_word: str = "row"
) -> list[SellerEntry | BadEntry]:
    """The sellers of a table. Raises InvalidInput where its columns are wrong, which names the right ones."""
    if sorted(sheet.columns) not in (sorted(SELLER_COLUMNS), sorted(SELLER_COLUMNS[:2])):
        raise InvalidInput(
            "{name} has the wrong columns. Expected are: {seller_columns}.",
            name=name,
            seller_columns=", ".join(SELLER_COLUMNS),
        )
    return [_entry(f"{row_word} {number}", sheet.columns, row, marketplaces) for number, row in sheet.rows]


def _entry(
    place: str, columns: tuple[str, ...], row: tuple[str, ...], marketplaces: Mapping[str, Marketplace]
) -> SellerEntry | BadEntry:
    fields = dict(zip(columns, row + ("",) * len(columns), strict=False))
    problems = []
    if len(row) > len(columns):
        problems.append(Problem(column=None, said="it has more fields than the heading: put quotes around commas"))
    try:
        get_marketplace(marketplaces, fields["marketplace"])
    except CounterfoilError as error:
        problems.append(Problem(column="marketplace", said=str(error)))
    if not fields["seller_id"]:
        problems.append(Problem(column="seller_id", said="the seller_id is empty"))
    problems.extend(
        Problem(column=column, said=f"the {column} is longer than {longest} characters, or has odd ones in it")
        for column, longest in _LONGEST.items()
        if len(fields.get(column, "")) > longest or not fields.get(column, "").isprintable()
    )
    if problems:
        reason = "; ".join(problem.said for problem in problems)
        return BadEntry(place=place, reason=reason, name=fields["seller_id"][:300], problems=tuple(problems))
    name = fields.get("name") or None
    return SellerEntry(place=place, marketplace=fields["marketplace"], seller_id=fields["seller_id"], name=name)


def meant_seller(connection: sa.Connection, owner_id: int, marketplace: str, text: str) -> tuple[str, str | None]:
    """(marketplace's id, name) of the seller that a person names by id, name, or the address of their page.

    Raises InvalidInput for an address that no crawl has seen, and for a name that several have: ids are never guessed.
    """
    seen = find_seen_sellers(connection, owner_id, marketplace, text)
    by_id = next((one for one in seen if one.seller_key == text), None)
    if by_id is not None:
        return by_id.seller_key, by_id.name
    if len(seen) > 1:
        keys = ", ".join(one.seller_key for one in seen[:5])
        raise InvalidInput(
            "Several sellers on {marketplace} are called so: write the id of one of them ({keys}).",
            marketplace=marketplace,
            keys=keys,
        )
    if seen:
        return seen[0].seller_key, seen[0].name
    if is_address(text):
        raise InvalidInput(
            "No crawl has seen this seller's page yet: write the marketplace's own id of the seller instead."
        )
    return text, None
