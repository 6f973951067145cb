"""A query as Elasticsearch is asked it, and its answer as a page.

A person's words reach the server as the tokens of `text.py` in `term` and `match_phrase` clauses, never as a query
language. Every request carries its owner and a time-out.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import ROUND_CEILING
from typing import Any

from indexer.cursor import make_cursor, read_cursor
from indexer.document import SCORE_DECIMALS, microseconds, millionths
from indexer.elastic.fields import document_of, products_of
from indexer.query import (
    EXACT_COUNT,
    MOST_FACET_VALUES,
    Count,
    Facet,
    FacetCount,
    FacetCounts,
    Histogram,
    Sort,
    SuspectOrder,
    SuspectPage,
    SuspectQuery,
)

_SCORES = 10**SCORE_DECIMALS
_LAST = 2**63 - 1
_BY_SCORE = {"suspect.score": "desc"}
_BY_ID = {"suspect.id": "asc"}
_ORDERS: Mapping[Sort, Mapping[str, Any]] = {
    Sort.SCORE: _BY_SCORE,
    Sort.NEWEST: {"suspect.microseconds": "desc"},
    Sort.OLDEST: {"suspect.microseconds": "asc"},
    # A suspect without a price comes last in both.
    Sort.PRICE_LOW: {"price.millionths": {"order": "asc", "missing": _LAST}},
    Sort.PRICE_HIGH: {"price.millionths": {"order": "desc", "missing": -_LAST}},
    Sort.RELEVANCE: _BY_SCORE,
}
_FACETS: Mapping[Facet, str] = {
    Facet.BRAND: "product.brand.id",
    Facet.PRODUCT: "product.id",
    Facet.MARKETPLACE: "marketplace.name",
    Facet.SELLER: "seller.id",
    Facet.VERDICT: "suspect.verdict",
}
# Whose values are ids: what a person calls them stands in the newest document that has them.
_NAMED = (Facet.BRAND, Facet.PRODUCT, Facet.SELLER)


class Place:
    """Where a page ended: the sort values of its last suspect, and the point in time that the search goes on in."""

    def __init__(self, values: Sequence[Any], point: str = "") -> None:
        self.values = list(values)
        self.point = point


def read_place(query: SuspectQuery) -> Place | None:
    """Where the page before this one ended; None for the first page. Raises InvalidCursor."""
    kinds: list[type[int | str]] = [int, int, str]
    if _tiered(query):
        kinds.insert(0, int)
    position = read_cursor(query, *kinds)
    if position is None:
        return None
    *values, point = position
    if _by_score(query):
        values[-2] /= _SCORES
    return Place(values, point)


def body_of(query: SuspectQuery, after: Place | None, seconds: float) -> dict[str, Any]:
    """The request for one page, and for one suspect more, which tells whether there is a next page."""
    body: dict[str, Any] = {
        "query": _query(query),
        "sort": [*([{"_score": "desc"}] if _tiered(query) else []), _ORDERS[query.sort], _BY_ID],
        "size": query.limit + 1,
        "track_total_hits": EXACT_COUNT,
        "timeout": f"{seconds:g}s",
        "aggs": {facet.value: _facet(facet) for facet in query.facets},
    }
    if query.histogram is not None:
        step = {"field": "@timestamp", "calendar_interval": query.histogram.value, "min_doc_count": 1}
        body["aggs"]["histogram"] = {"date_histogram": step}
    if after is not None:
        body["search_after"] = after.values
    return body


def bare_body_of(query: SuspectQuery, after: Place | None, seconds: float) -> dict[str, Any]:
    """The request for the ids of one page alone."""
    bare = replace(query, facets=(), histogram=None)
    # The suspect's id is the last of the sort values.
    return {**body_of(bare, after, seconds), "track_total_hits": False, "_source": False}


def order_of(query: SuspectQuery, answer: Mapping[str, Any]) -> SuspectOrder:
    """The ids in an answer to that."""
    hits = answer["hits"]["hits"]
    shown = hits[: query.limit]
    cursor = _cursor(query, shown[-1]["sort"], answer.get("pit_id", "")) if len(hits) > query.limit else None
    at = 2 if _tiered(query) else 1
    return SuspectOrder(suspect_ids=tuple(int(hit["sort"][at]) for hit in shown), next_cursor=cursor)


def page_of(query: SuspectQuery, answer: Mapping[str, Any]) -> SuspectPage:
    """The page in an answer."""
    hits, total = answer["hits"]["hits"], answer["hits"]["total"]
    shown = hits[: query.limit]
    counted = answer.get("aggregations", {})
    return SuspectPage(
        suspects=tuple(document_of(hit["_source"]) for hit in shown),
        total=Count(value=total["value"], exact=total["relation"] == "eq"),
        facets={facet: _counts(facet, counted[facet.value]) for facet in query.facets},
        histogram=_histogram(counted["histogram"]) if query.histogram else None,
        next_cursor=_cursor(query, shown[-1]["sort"], answer.get("pit_id", "")) if len(hits) > query.limit else None,
    )


def _by_score(query: SuspectQuery) -> bool:
    return query.sort in (Sort.SCORE, Sort.RELEVANCE)


def _tiered(query: SuspectQuery) -> bool:
    return query.sort is Sort.RELEVANCE and bool(query.phrases)


def _cursor(query: SuspectQuery, values: Sequence[Any], point: str) -> str:
    kept = list(values[: 3 if _tiered(query) else 2])
    if _by_score(query):
        # As whole numbers: a cursor is compared to the letter.
        kept[-2] = round(kept[-2] * _SCORES)
    if _tiered(query):
        kept[0] = int(kept[0])
    return make_cursor(query, [*kept, point])


def _query(query: SuspectQuery) -> dict[str, Any]:
    phrases = query.phrases or ()
    asked: dict[str, Any] = {"filter": [*_filters(query), *(_says("tokens.any", phrase) for phrase in phrases)]}
    if _tiered(query):
        title = {"bool": {"filter": [_says("tokens.title", phrase) for phrase in phrases]}}
        asked["should"] = [{"constant_score": {"filter": title}}]
    return {"bool": asked}


def _says(field: str, phrase: Sequence[str]) -> dict[str, Any]:
    if len(phrase) == 1:
        return {"term": {field: phrase[0]}}
    return {"match_phrase": {field: " ".join(phrase)}}


def _filters(query: SuspectQuery) -> Iterator[dict[str, Any]]:
    yield {"term": {"owner.id": str(query.owner_id)}}
    several = {
        "product.brand.id": [str(brand_id) for brand_id in query.brand_ids],
        "product.id": [str(product_id) for product_id in query.product_ids],
        "marketplace.name": list(query.marketplaces),
        "suspect.verdict": list(query.verdicts),
        "suspect.triage": [one.value for one in query.triage],
        "suspect.state": [query.state.value] if query.state else [],
        "price.currency": [query.currency] if query.currency else [],
    }
    yield from ({"terms": {field: values}} for field, values in several.items() if values)
    if query.sellers:
        named = [{"terms": {field: list(query.sellers)}} for field in ("seller.id", "seller.key")]
        yield {"bool": {"should": named}}
    if query.suspect_ids is not None:
        yield {"ids": {"values": [str(suspect_id) for suspect_id in query.suspect_ids]}}
    yield from ({"range": {field: ends}} for field, ends in _ranges(query).items() if ends)


def _ranges(query: SuspectQuery) -> dict[str, dict[str, Any]]:
    times = {"gte": query.since, "lt": query.until}
    prices = {
        "gte": None if query.price_from is None else millionths(query.price_from, ROUND_CEILING),
        "lte": None if query.price_to is None else millionths(query.price_to),
    }
    return {
        "suspect.score": {"gte": query.min_score} if query.min_score > 0 else {},
        "suspect.microseconds": {end: microseconds(moment) for end, moment in times.items() if moment is not None},
        "price.millionths": {end: amount for end, amount in prices.items() if amount is not None},
    }


def _facet(facet: Facet) -> dict[str, Any]:
    # Equal counts in the order of the values, so that the same search shows the same facets.
    terms = {"field": _FACETS[facet], "size": MOST_FACET_VALUES, "order": [{"_count": "desc"}, {"_key": "asc"}]}
    if facet not in _NAMED:
        return {"terms": terms}
    newest = {"size": 1, "sort": [{"suspect.updated": "desc"}, {"suspect.id": "desc"}], "_source": _LABELS}
    return {"terms": terms, "aggs": {"newest": {"top_hits": newest}}}


_LABELS = ["product", "seller.key", "seller.name"]


def _counts(facet: Facet, counted: Mapping[str, Any]) -> FacetCounts:
    values = tuple(
        FacetCount(value=bucket["key"], label=_label(facet, bucket), count=bucket["doc_count"])
        for bucket in counted["buckets"]
    )
    return FacetCounts(values=values, exact=counted["doc_count_error_upper_bound"] == 0)


def _label(facet: Facet, bucket: Mapping[str, Any]) -> str:
    value: str = bucket["key"]
    if facet not in _NAMED:
        return value
    source = bucket["newest"]["hits"]["hits"][0]["_source"]
    if facet is Facet.SELLER:
        return str(source.get("seller.name") or source["seller.key"])
    if facet is Facet.BRAND:
        return next(one.brand_name for one in products_of(source) if str(one.brand_id) == value)
    return next(one.name for one in products_of(source) if str(one.id) == value)


def _histogram(counted: Mapping[str, Any]) -> Histogram:
    steps = ((datetime.fromisoformat(bucket["key_as_string"]), bucket["doc_count"]) for bucket in counted["buckets"])
    return Histogram(steps=tuple(steps))
