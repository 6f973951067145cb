"""A query as one generation of the embedded index is asked it: tokens that must be found, and conditions on entries."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING
from typing import Any

from indexer.document import microseconds, millionths
from indexer.embedded_keys import DAY, LAST, price_bucket, rows_end
from indexer.embedded_terms import (
    CURRENCY,
    SELLER_KEY,
    STATE,
    TRIAGE,
    Bucket,
    all_of,
    any_of,
    everything,
    named,
    phrases_of,
    within,
)
from indexer.query import Facet, SuspectQuery

# So many buckets joined by OR still cost less than looking at the entries outside them.
_MOST_BUCKETS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`words`, `facts` and `windows` are full-text queries, `conditions` restrict by the entry or the row number.

    `windows` are the buckets of a range of time or price: they only spare looking at entries that the conditions would
    leave out. `times` and `prices` are the first and last bucket of those ranges.
    """

    owner_id: int
    words: tuple[str, ...]
    facts: tuple[str, ...]
    windows: tuple[str, ...]
    conditions: tuple[tuple[str, Any], ...]
    times: tuple[int, int]
    prices: tuple[int, int]

    @property
    def match(self) -> str:
        """The full-text query for what all of it finds."""
        return all_of((*self.words, *self.facts, *self.windows))

    def match_in_title(self, wanted: bool) -> str:
        """The same for those with all words in the title, or for the others."""
        title = f"title : ({all_of(self.words)})"
        return all_of((title, *self.facts, *self.windows)) if wanted else f"({self.match}) NOT ({title})"

    def match_in_bucket(self, token: str) -> str:
        """The same for those in one bucket."""
        return all_of((any_of([token]), *self.words, *self.facts))


def make_plan(connection: sqlite3.Connection, query: SuspectQuery) -> Plan | None:
    """How to find what the query asks for; None when nothing can be found."""
    phrases = query.phrases
    filters = [_filter(connection, query.owner_id, fields, values) for fields, values in _filters(query)]
    if phrases is None or None in filters:
        return None
    times, prices = _time_range(query), _price_range(query)
    windows = [_any_bucket(connection, query.owner_id, kind, *ends) for kind, ends in (("d", times), ("p", prices))]
    return Plan(
        owner_id=query.owner_id,
        words=tuple(phrases_of(query.owner_id, phrases)),
        facts=tuple(one for one in filters if one) or (any_of([everything(query.owner_id)]),),
        windows=tuple(one for one in windows if one),
        conditions=tuple(_conditions(query)),
        times=times,
        prices=prices,
    )


def buckets_between(
    connection: sqlite3.Connection, owner_id: int, kind: str, first: int, last: int, *, most: int = -1
) -> list[Bucket]:
    """The owner's buckets of a kind that have ever held anything, ascending, both ends included."""
    rows = connection.execute(
        "SELECT number FROM buckets WHERE owner = ? AND kind = ? AND number BETWEEN ? AND ? ORDER BY number LIMIT ?",
        (owner_id, kind, first, last, most),
    )
    return [Bucket(kind=kind, number=number) for (number,) in rows]


def _filters(query: SuspectQuery) -> Iterable[tuple[Sequence[str], Sequence[str]]]:
    wanted: list[tuple[Sequence[str], Sequence[str]]] = [
        ([Facet.BRAND], [str(brand_id) for brand_id in query.brand_ids]),
        ([Facet.PRODUCT], [str(product_id) for product_id in query.product_ids]),
        ([Facet.MARKETPLACE], query.marketplaces),
        ([Facet.SELLER, SELLER_KEY], query.sellers),
        ([Facet.VERDICT], query.verdicts),
        ([STATE], [query.state] if query.state else []),
        ([TRIAGE], query.triage),
        ([CURRENCY], [query.currency] if query.currency else []),
    ]
    return [(fields, values) for fields, values in wanted if values]


def _filter(connection: sqlite3.Connection, owner_id: int, fields: Sequence[str], values: Sequence[str]) -> str | None:
    rows = connection.execute(
        "SELECT id FROM names WHERE field IN (SELECT value FROM json_each(?))"
        " AND value IN (SELECT value FROM json_each(?))",
        (json.dumps(list(fields)), json.dumps(list(values))),
    )
    found = [named(owner_id, name_id) for (name_id,) in rows]
    return any_of(found) if found else None


def _conditions(query: SuspectQuery) -> Iterable[tuple[str, Any]]:
    if query.min_score > 0:
        yield "words.rowid < ?", rows_end(query.min_score)
    if query.since is not None:
        yield "entries.time >= ?", microseconds(query.since)
    if query.until is not None:
        yield "entries.time < ?", microseconds(query.until)
    if query.price_from is not None:
        yield "entries.price >= ?", millionths(query.price_from, ROUND_CEILING)
    if query.price_to is not None:
        yield "entries.price <= ?", millionths(query.price_to)
    if query.suspect_ids is not None:
        wanted = "SELECT row FROM suspects WHERE id IN (SELECT value FROM json_each(?))"
        yield f"words.rowid IN ({wanted})", json.dumps(query.suspect_ids)


_ALL = (-LAST, LAST)


def _time_range(query: SuspectQuery) -> tuple[int, int]:
    """The first and last day of the query's time filter."""
    first = microseconds(query.since) // DAY if query.since else -LAST
    return first, microseconds(query.until) // DAY if query.until else LAST


def _price_range(query: SuspectQuery) -> tuple[int, int]:
    """The first and last bucket of the query's price filter."""
    first = price_bucket(millionths(query.price_from)) if query.price_from is not None else -LAST
    return first, price_bucket(millionths(query.price_to)) if query.price_to is not None else LAST


def _any_bucket(connection: sqlite3.Connection, owner_id: int, kind: str, first: int, last: int) -> str | None:
    if (first, last) == _ALL:
        return None
    found = buckets_between(connection, owner_id, kind, first, last, most=_MOST_BUCKETS + 1)
    if len(found) > _MOST_BUCKETS:
        return None
    # Where there are none, nothing is found; a token that no document has says so.
    return any_of([within(owner_id, bucket) for bucket in found] or [f"{owner_id}nothing"])
