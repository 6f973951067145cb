"""The page of suspects: the list, with search and facets."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from console.guards.access import needs
from console.rendering import render
from console.request import CurrentSession
from console.web.pictures import ShownPicture, pictures_of
from console.web.searching import Asked, CurrentSearch
from counterfoil.highlighting import marked
from counterfoil.models import Role
from counterfoil.rates import write_amount
from indexer.document import SuspectDocument
from indexer.query import Facet, Sort, SuspectPage, SuspectQuery

router = APIRouter(include_in_schema=False, dependencies=[needs(Role.VIEWER)])

_SORTS = (
    (Sort.SCORE, "Highest score"),
    (Sort.NEWEST, "Newest"),
    (Sort.OLDEST, "Oldest"),
    (Sort.PRICE_LOW, "Lowest price"),
    (Sort.PRICE_HIGH, "Highest price"),
    (Sort.RELEVANCE, "Best match of words"),
)
# A facet's value is the filter that chooses it; brands and products are chosen by name.
_FACETS = (Facet.BRAND, Facet.PRODUCT, Facet.MARKETPLACE, Facet.SELLER, Facet.VERDICT)


@dataclass(frozen=True, slots=True)
class _Link:
    label: str
    link: str
    count: str
    chosen: bool


@router.get("/suspects", response_class=HTMLResponse)
def list_suspects(session: CurrentSession, asked: CurrentSearch) -> HTMLResponse:
    """The page of suspects, best first, with search and facets."""
    query = replace(asked.query(session), facets=_FACETS)
    page = session.index.search(query)
    with session.read() as connection:
        shown = [one.image.sha256 for one in page.suspects if one.image and one.image.sha256]
        pictures = pictures_of(connection, shown)
    return HTMLResponse(
        render(
            "suspects.html",
            session,
            total=page.total,
            asked=asked,
            sorts=_SORTS,
            facets=list(_facets(page, asked)),
            rows=[_row(document, query, asked, pictures) for document in page.suspects],
            notice=page.notice,
            empty=_empty(asked.restricted),
            next=replace(asked, cursor=page.next_cursor).address("/suspects") if page.next_cursor else None,
        )
    )


def _row(
    document: SuspectDocument, query: SuspectQuery, asked: Asked, pictures: Mapping[str, ShownPicture]
) -> dict[str, Any]:
    price = f"{write_amount(document.price)} {document.currency or ''}".strip() if document.price is not None else None
    seller = (document.seller.name or document.seller.key) if document.seller else None
    product = document.products[0].name if document.products else None
    return {
        "link": asked.address(f"/suspects/{document.id}"),
        "title": list(marked(document.title, query.phrases or ())),
        "image": pictures.get(document.image.sha256 or "") if document.image else None,
        "score": f"{document.score:.2f}",
        "verdict": document.verdict,
        "facts": " · ".join(fact for fact in (product, price, seller, document.marketplace) if fact),
        "reasons": [reason.text for reason in document.reasons],
    }


def _facets(page: SuspectPage, asked: Asked) -> Iterator[_Link]:
    for field, counts in page.facets.items():
        by_name = field in (Facet.BRAND, Facet.PRODUCT)
        for one in counts.values[:8]:
            value = one.label if by_name else one.value
            chosen = getattr(asked, field) == value
            changes: dict[str, Any] = {str(field): None if chosen else value}
            link = replace(asked, cursor=None, **changes).address("/suspects")
            yield _Link(label=_label(field, one.label), link=link, count=str(one.count), chosen=chosen)


def _label(field: Facet, label: str) -> str:
    return "not decided" if field is Facet.VERDICT and label == "none" else label


def _empty(restricted: bool) -> str:
    if restricted:
        return "Nothing found: take a restriction away, or search for fewer words."
    return "No suspects yet. Register products, set up a monitor, and they appear here as they are found."
