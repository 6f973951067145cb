"""Searches one generation of the embedded index.

The full-text table finds in the order of its row numbers, which is best score first, so that counting stops at 10,000
and a page by score at its last row. Another order is sorted whole up to 10,000 suspects, and gone through bucket by
bucket beyond.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from indexer.cursor import make_cursor, read_cursor
from indexer.document import EPOCH
from indexer.embedded_file import IndexFile
from indexer.embedded_keys import DAY, HOUR, LAST, LAST_ID, price_bucket, suspect_of
from indexer.embedded_plan import Plan, buckets_between, make_plan
from indexer.embedded_terms import Bucket, unpriced, within
from indexer.packing import unpack
from indexer.query import (
    EXACT_COUNT,
    MOST_FACET_VALUES,
    Count,
    Facet,
    FacetCount,
    FacetCounts,
    Histogram,
    Interval,
    Sort,
    SuspectOrder,
    SuspectPage,
    SuspectQuery,
    empty_page,
)

_BY_ROW = (Sort.SCORE, Sort.RELEVANCE)
_ORDERS = {
    Sort.NEWEST: "-entries.time",
    Sort.OLDEST: "entries.time",
    # A suspect without a price comes last in both.
    Sort.PRICE_LOW: f"ifnull(entries.price, {LAST})",
    Sort.PRICE_HIGH: f"ifnull(-entries.price, {LAST})",
}
# A day with more suspects than this is gone through by hours.
_LARGE_DAY = 2_000


_Condition = tuple[str, Sequence[Any]]


class _Columns(NamedTuple):
    """What suspects are counted by, each the same for all of them: numbers of names, and JSON lists of them."""

    time: Sequence[int]
    marketplace: Sequence[int]
    seller: Sequence[int | None]
    verdict: Sequence[int]
    brands: Sequence[str]
    products: Sequence[str]


class _Place(NamedTuple):
    """Where a suspect stands in the answer: what it is ordered by, then its row (by score) or its suspect id."""

    order: int
    number: int


def search_file(file: IndexFile, query: SuspectQuery) -> SuspectPage:
    """One page of what the query finds, with its count and facets, in one consistent view. Raises InvalidCursor."""
    position = read_cursor(query, int, int)
    after = _Place(*position) if position else None
    with file.reading() as connection:
        plan = make_plan(connection, query)
        if plan is None:
            return empty_page(query)
        return _page(connection, query, plan, after)


def order_in_file(file: IndexFile, query: SuspectQuery) -> SuspectOrder:
    """The ids of one page, in one consistent view. Raises InvalidCursor."""
    position = read_cursor(query, int, int)
    with file.reading() as connection:
        plan = make_plan(connection, query)
        if plan is None:
            return SuspectOrder()
        places = _places(connection, query, plan, _Place(*position) if position else None)
    shown = places[: query.limit]
    return SuspectOrder(
        suspect_ids=tuple(_suspect(query, place) for place in shown), next_cursor=_cursor(query, places)
    )


def _page(connection: sqlite3.Connection, query: SuspectQuery, plan: Plan, after: _Place | None) -> SuspectPage:
    counted = bool(query.facets) or query.histogram is not None
    entries = _entries(connection, plan) if counted else []
    found = len(entries) if counted else _count(connection, plan, plan.match, EXACT_COUNT + 1)
    columns = (
        _Columns(*zip(*entries[:EXACT_COUNT], strict=True)) if entries else _Columns(*[()] * len(_Columns._fields))
    )
    total = Count(value=min(found, EXACT_COUNT), exact=found <= EXACT_COUNT)
    places = _places(connection, query, plan, after, found)
    shown = places[: query.limit]
    bodies = _bodies(connection, [_suspect(query, place) for place in shown])
    return SuspectPage(
        suspects=tuple(unpack(bodies[_suspect(query, place)]) for place in shown),
        total=total,
        facets=_facets(connection, query.facets, columns, exact=total.exact),
        histogram=_histogram(query.histogram, columns, exact=total.exact) if query.histogram else None,
        next_cursor=_cursor(query, places),
    )


def _cursor(query: SuspectQuery, places: Sequence[_Place]) -> str | None:
    return make_cursor(query, places[query.limit - 1]) if len(places) > query.limit else None


def _places(
    connection: sqlite3.Connection,
    query: SuspectQuery,
    plan: Plan,
    after: _Place | None,
    found: int | None = None,
) -> list[_Place]:
    """The places of the page, and one more when there is a next page; `found` is how many there are, where known."""
    wanted = query.limit + 1
    if query.sort is Sort.RELEVANCE and plan.words:
        return _by_relevance(connection, plan, after, wanted)
    if query.sort in _BY_ROW:
        return _by_row(connection, plan, plan.match, after.number if after else 0, wanted)
    if found is None:
        found = _count(connection, plan, plan.match, EXACT_COUNT + 1)
    if found <= EXACT_COUNT:
        return _sorted(connection, query.sort, plan, plan.match, after, wanted)
    return _by_buckets(connection, query.sort, plan, after, wanted)


def _by_relevance(connection: sqlite3.Connection, plan: Plan, after: _Place | None, wanted: int) -> list[_Place]:
    places: list[_Place] = []
    for order, in_title in ((0, True), (1, False)):
        if after is None or after.order <= order:
            first = after.number if after and after.order == order else 0
            match = plan.match_in_title(in_title)
            found = _by_row(connection, plan, match, first, wanted - len(places))
            places.extend(_Place(order, place.number) for place in found)
    return places


def _by_row(connection: sqlite3.Connection, plan: Plan, match: str, after: int, wanted: int) -> list[_Place]:
    sql, values = _select("words.rowid", plan, match, ("words.rowid > ?", [after]))
    rows = connection.execute(f"{sql} ORDER BY words.rowid LIMIT ?", (*values, wanted))
    return [_Place(0, row) for (row,) in rows]


def _by_buckets(
    connection: sqlite3.Connection, sort: Sort, plan: Plan, after: _Place | None, wanted: int
) -> list[_Place]:
    by_time = sort in (Sort.NEWEST, Sort.OLDEST)
    tokens = _time_tokens(connection, sort, plan, after) if by_time else _price_tokens(connection, sort, plan, after)
    places: list[_Place] = []
    for token in tokens:
        if len(places) >= wanted:
            break
        places += _sorted(connection, sort, plan, plan.match_in_bucket(token), after, wanted - len(places))
    return places


def _sorted(
    connection: sqlite3.Connection, sort: Sort, plan: Plan, match: str, after: _Place | None, wanted: int
) -> list[_Place]:
    order, number = _ORDERS[sort], f"(entries.id & {LAST_ID})"
    more = [(f"({order}, {number}) > (?, ?)", after)] if after else []
    sql, values = _select(f"{order}, {number}", plan, match, *more)
    rows = connection.execute(f"{sql} ORDER BY 1, 2 LIMIT ?", (*values, wanted))
    return [_Place(*row) for row in rows]


def _time_tokens(connection: sqlite3.Connection, sort: Sort, plan: Plan, after: _Place | None) -> Iterator[str]:
    """The tokens of the days in order, from the one that the last page ended in; a large day by its hours."""
    newest = sort is Sort.NEWEST
    edge = None if after is None else (-after.order if newest else after.order) // DAY
    days = _ordered(connection, plan, "d", plan.times, edge, descending=newest)
    for day in days:
        token = within(plan.owner_id, day)
        if _count(connection, plan, plan.match_in_bucket(token), _LARGE_DAY + 1) <= _LARGE_DAY:
            yield token
            continue
        first, last = day.number * DAY // HOUR, (day.number + 1) * DAY // HOUR - 1
        hours = buckets_between(connection, plan.owner_id, "h", first, last)
        yield from (within(plan.owner_id, hour) for hour in (reversed(hours) if newest else hours))


def _price_tokens(connection: sqlite3.Connection, sort: Sort, plan: Plan, after: _Place | None) -> Iterator[str]:
    """The tokens of the prices in order, from the one that the last page ended in; those without a price last."""
    if after is None or after.order != LAST:
        edge = None if after is None else price_bucket(after.order if sort is Sort.PRICE_LOW else -after.order)
        prices = _ordered(connection, plan, "p", plan.prices, edge, descending=sort is Sort.PRICE_HIGH)
        yield from (within(plan.owner_id, price) for price in prices)
    yield unpriced(plan.owner_id)


def _ordered(
    connection: sqlite3.Connection,
    plan: Plan,
    kind: str,
    ends: tuple[int, int],
    edge: int | None,
    *,
    descending: bool,
) -> list[Bucket]:
    """The buckets between both ends in order, from the one (`edge`) that the last page ended in."""
    first, last = ends
    if edge is not None:
        first, last = (first, min(last, edge)) if descending else (max(first, edge), last)
    found = buckets_between(connection, plan.owner_id, kind, first, last)
    return found[::-1] if descending else found


def _entries(connection: sqlite3.Connection, plan: Plan) -> list[tuple[Any, ...]]:
    columns = ", ".join(f"entries.{column}" for column in _Columns._fields)
    sql, values = _select(columns, plan, plan.match)
    return connection.execute(f"{sql} ORDER BY words.rowid LIMIT ?", (*values, EXACT_COUNT + 1)).fetchall()


def _count(connection: sqlite3.Connection, plan: Plan, match: str, most: int) -> int:
    sql, values = _select("1", plan, match)
    return int(connection.execute(f"SELECT count(*) FROM ({sql} LIMIT ?)", (*values, most)).fetchone()[0])


def _select(columns: str, plan: Plan, match: str, *more: _Condition) -> tuple[str, list[Any]]:
    """The statement for what a full-text query and the plan's conditions find, and its values."""
    conditions = [("words MATCH ?", [match]), *((text, [value]) for text, value in plan.conditions), *more]
    where = " AND ".join(text for text, _ in conditions)
    # CROSS: always from the full-text table to the entries, never the other way.
    joined = "words CROSS JOIN entries ON entries.id = words.rowid"
    source = joined if "entries." in columns + where else "words"
    return f"SELECT {columns} FROM {source} WHERE {where}", [value for _, values in conditions for value in values]


def _suspect(query: SuspectQuery, place: _Place) -> int:
    return suspect_of(place.number) if query.sort in _BY_ROW else place.number


def _bodies(connection: sqlite3.Connection, suspect_ids: Sequence[int]) -> dict[int, bytes]:
    rows = connection.execute(
        "SELECT id, body FROM bodies WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(list(suspect_ids)),)
    )
    return dict(rows.fetchall())


def _facets(
    connection: sqlite3.Connection, facets: Iterable[Facet], columns: _Columns, *, exact: bool
) -> dict[Facet, FacetCounts]:
    return {facet: _facet(connection, _COUNTED[facet](columns), exact=exact) for facet in facets}


def _facet(connection: sqlite3.Connection, counts: Counter[int], *, exact: bool) -> FacetCounts:
    # Equal counts in the order of the values, so that the same search shows the same facets; more than are shown are
    # read, because the values are only known by name here.
    most = sorted(counts.items(), key=lambda counted: -counted[1])
    least = most[MOST_FACET_VALUES - 1][1] if len(most) > MOST_FACET_VALUES else 0
    kept = {name_id: count for name_id, count in most if count >= least}
    rows = connection.execute(
        "SELECT id, value, label FROM names WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(list(kept)),)
    )
    values = [FacetCount(value=value, label=label, count=kept[name_id]) for name_id, value, label in rows]
    values.sort(key=lambda one: (-one.count, one.value))
    return FacetCounts(values=tuple(values[:MOST_FACET_VALUES]), exact=exact)


def _histogram(interval: Interval, columns: _Columns, *, exact: bool) -> Histogram:
    days = Counter(time // DAY for time in columns.time)
    steps: Counter[datetime] = Counter()
    for day, count in days.items():
        steps[_begin(interval, day)] += count
    return Histogram(steps=tuple(sorted(steps.items())), exact=exact)


def _begin(interval: Interval, day: int) -> datetime:
    """When the step begins that this day (since 1970) lies in."""
    moment = EPOCH + timedelta(days=day)
    if interval is Interval.WEEK:
        return moment - timedelta(days=moment.weekday())
    return moment.replace(day=1) if interval is Interval.MONTH else moment


def _of_lists(texts: Sequence[str]) -> Counter[int]:
    counts: Counter[int] = Counter()
    # There are few different lists: each is read once, however many suspects have it.
    for text, times in Counter(texts).items():
        for name_id in json.loads(text):
            counts[name_id] += times
    return counts


_COUNTED: dict[Facet, Callable[[_Columns], Counter[int]]] = {
    Facet.BRAND: lambda columns: _of_lists(columns.brands),
    Facet.PRODUCT: lambda columns: _of_lists(columns.products),
    Facet.MARKETPLACE: lambda columns: Counter(columns.marketplace),
    Facet.SELLER: lambda columns: Counter(seller for seller in columns.seller if seller is not None),
    Facet.VERDICT: lambda columns: Counter(columns.verdict),
}
