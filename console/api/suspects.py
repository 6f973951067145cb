"""Suspects for programs: search, and one suspect as a whole."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query

from console.output import plain
from console.request import CurrentSession
from console.search import Filters, make_query, summary
from console.suspect_view import view_suspect
from indexer.query import Facet, Sort

router = APIRouter(prefix="/api/v1", tags=["suspects"])


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
) -> dict[str, Any]:
    """One page of the suspects that a search finds, with counts by brand, product, marketplace, seller, verdict."""
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
    page = session.index.search(query)
    return {
        "suspects": [summary(document) for document in page.suspects],
        "total": {"value": page.total.value, "exact": page.total.exact},
        "facets": {
            facet: {
                "values": [{"value": one.value, "label": one.label, "count": one.count} for one in counts.values],
                "exact": counts.exact,
            }
            for facet, counts in page.facets.items()
        },
        "next_cursor": page.next_cursor,
    }


@router.get("/suspects/{suspect_id}")
def show(session: CurrentSession, suspect_id: int) -> Any:
    """A suspect with its listing, version, assessments and verdicts."""
    with session.read() as connection:
        return plain(view_suspect(connection, session.owner.id, suspect_id))
