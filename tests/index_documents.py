"""Documents for the tests of suspect indexes, and the plainest possible index to compare with."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from counterfoil.models import Reason, ReasonKind, SuspectState, VerdictKind
from counterfoil.text import tokens
from indexer.document import (
    SuspectDocument,
    SuspectImage,
    SuspectProduct,
    SuspectSeller,
    searched_texts,
    seller_value,
)
from indexer.query import UNJUDGED, Facet, Interval, Sort, SuspectQuery

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

BAG = SuspectProduct(id=11, name="City Bag", brand_id=1, brand_name="Acme", score=0.8)
SHOE = SuspectProduct(id=12, name="Road Shoe", brand_id=1, brand_name="Acme", score=0.7)
LAMP = SuspectProduct(id=21, name="Desk Lamp", brand_id=2, brand_name="Norðlys", score=0.6)


def document(suspect_id: int, **changes: Any) -> SuspectDocument:
    """An ordinary document; the keywords say what is special about it."""
    ordinary = SuspectDocument(
        id=suspect_id,
        owner_id=1,
        revision=1,
        listing_id=suspect_id,
        marketplace="bazaar",
        listing_key=f"L{suspect_id}",
        url=f"https://bazaar.example/{suspect_id}",
        title=f"Leather bag {suspect_id}",
        description="Brand new, ships today",
        price=Decimal("19.90"),
        currency="EUR",
        seller=SuspectSeller(key="s1", name="Best Shop"),
        products=(BAG,),
        score=0.8,
        reasons=(Reason(kind=ReasonKind.IMAGE_COPY, weight=0.75, text="a copy", evidence={"distance": 3}),),
        image=SuspectImage(url="https://bazaar.example/1.jpg", sha256="a" * 64),
        first_seen_at=START,
        last_seen_at=START + timedelta(days=1),
        first_suspected_at=START + timedelta(minutes=suspect_id),
        updated_at=START + timedelta(days=1),
    )
    return replace(ordinary, **changes)


def found_naively(documents: Iterable[SuspectDocument], query: SuspectQuery) -> list[SuspectDocument]:
    """What a query must find, in its order, without any index."""
    return sorted((one for one in documents if matches(one, query)), key=lambda one: (_order(one, query), one.id))


def counted_naively(documents: Iterable[SuspectDocument], facet: Facet) -> dict[str, int]:
    """How many of the documents have each value of a facet."""
    return dict(Counter(value for one in documents for value in _values(one, facet)))


def counted_over_time(documents: Iterable[SuspectDocument], interval: Interval) -> tuple[tuple[datetime, int], ...]:
    """How many of the documents were first suspected in each step of time."""
    return tuple(sorted(Counter(_begin(one.first_suspected_at, interval) for one in documents).items()))


def _begin(moment: datetime, interval: Interval) -> datetime:
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    back = {Interval.DAY: 0, Interval.WEEK: day.isoweekday() - 1, Interval.MONTH: day.day - 1}
    return day - timedelta(days=back[interval])


def matches(one: SuspectDocument, query: SuspectQuery) -> bool:
    """Whether a document is what a query asks for."""
    phrases = query.phrases
    return (
        one.owner_id == query.owner_id
        and phrases is not None
        and all(_says(one, phrase) for phrase in phrases)
        and _any(query.brand_ids, [product.brand_id for product in one.products])
        and _any(query.product_ids, [product.id for product in one.products])
        and _any(query.marketplaces, [one.marketplace])
        and _any(query.sellers, [*_values(one, Facet.SELLER), *([one.seller.key] if one.seller else [])])
        and _any(query.verdicts, _values(one, Facet.VERDICT))
        and _any(query.triage, [one.triage])
        and query.state in (None, one.state)
        and one.score >= query.min_score
        and (query.since is None or one.first_suspected_at >= query.since)
        and (query.until is None or one.first_suspected_at < query.until)
        and query.currency in (None, one.currency)
        and (query.price_from is None or (one.price is not None and one.price >= query.price_from))
        and (query.price_to is None or (one.price is not None and one.price <= query.price_to))
        and (query.suspect_ids is None or one.id in query.suspect_ids)
    )


def _any(wanted: Iterable[object], there: Iterable[object]) -> bool:
    return not list(wanted) or not set(wanted).isdisjoint(there)


def _says(one: SuspectDocument, phrase: tuple[str, ...]) -> bool:
    title, others = searched_texts(one)
    return any(_stands_in(phrase, tokens(text)) for text in (title, *others))


def _stands_in(phrase: tuple[str, ...], said: list[str]) -> bool:
    return any(tuple(said[at : at + len(phrase)]) == phrase for at in range(len(said)))


def _values(one: SuspectDocument, facet: Facet) -> list[str]:
    if facet is Facet.BRAND:
        return sorted({str(product.brand_id) for product in one.products})
    if facet is Facet.PRODUCT:
        return sorted({str(product.id) for product in one.products})
    if facet is Facet.MARKETPLACE:
        return [one.marketplace]
    if facet is Facet.SELLER:
        return [seller_value(one.marketplace, one.seller.key)] if one.seller else []
    return [str(one.verdict or UNJUDGED)]


def _order(one: SuspectDocument, query: SuspectQuery) -> Any:
    time = one.first_suspected_at.timestamp()
    price = float("inf") if one.price is None else one.price
    if query.sort is Sort.NEWEST:
        return -time
    if query.sort is Sort.OLDEST:
        return time
    if query.sort is Sort.PRICE_LOW:
        return price
    if query.sort is Sort.PRICE_HIGH:
        return float("inf") if one.price is None else -one.price
    in_title = all(_stands_in(phrase, tokens(searched_texts(one)[0])) for phrase in query.phrases or ())
    return (query.sort is Sort.RELEVANCE and not in_title, -one.score)


VERDICTS = (None, *VerdictKind)
STATES = tuple(SuspectState)
