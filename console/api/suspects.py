"""Suspects for programs: search, and one suspect as a whole."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query

from console.guards.access import needs
from console.output import plain
from console.request import CurrentSession
from console.search import Filters, make_query, summary
from console.suspect_view import view_suspect
from counterfoil.highlighting import find_spans
from counterfoil.models import Role
from indexer.query import Facet, Interval, Sort, SuspectQuery

router = APIRouter(prefix="/api/v1", tags=["suspects"], dependencies=[needs(Role.VIEWER)])


@router.get("/suspects")
def search(
    session: CurrentSession,
    words: str = "",
    brand: str | None = None,
    product: str | None = None,
    marketplace: str | None = None,
    seller: str | None = None,
    verdict: str | None = None,
    min_score: Annotated[float | None, Query(ge=0, le=1)] = None,
    since: datetime | None = None,
    price: str | None = None,
    currency: str | None = None,
    withdrawn: bool = False,
    sort: Sort = Sort.SCORE,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: str | None = None,
    histogram: Interval | None = None,
) -> dict[str, Any]:
    """One page of the suspects that a search finds, with counts by brand, product, marketplace, seller, verdict.

    `title_marks` says where in the title the words stand; `histogram` counts by when they were first suspected.
    """
    filters = Filters(
        words=words,
        brand=brand,
        product=product,
        marketplace=marketplace,
        seller=seller,
        verdict=verdict,
        min_score=min_score,
        since=since,
        price=price,
        currency=currency,
        withdrawn=withdrawn,
    )
    query = replace(make_query(session, filters), sort=sort, limit=limit, cursor=cursor, facets=tuple(Facet))
    query = replace(query, histogram=histogram)
    page = session.index.search(query)
    return {
        "suspects": [{**summary(one), "title_marks": _marks(one.title, query)} for one in page.suspects],
        "total": {"value": page.total.value, "exact": page.total.exact},
        "facets": {
            facet: {
                "values": [{"value": one.value, "label": one.label, "count": one.count} for one in counts.values],
                "exact": counts.exact,
            }
            for facet, counts in page.facets.items()
        },
        "histogram": plain(page.histogram),
        "next_cursor": page.next_cursor,
        "notice": page.notice,
    }


def _marks(text: str, query: SuspectQuery) -> list[tuple[int, int]]:
    return [(span.start, span.end) for span in find_spans(text, query.phrases or ())]


@router.get("/suspects/{suspect_id}")
def show(session: CurrentSession, suspect_id: int) -> Any:
    """A suspect with its listing, version, assessments and verdicts."""
    with session.read() as connection:
        return plain(view_suspect(connection, session.owner.id, suspect_id))
