"""The pages of suspects: the list, and one beside the reference picture."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode, urlsplit

import sqlalchemy as sa
from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from console.guards.access import needs
from console.output import absence_words, capture_words, deleted_words, when
from console.rendering import render
from console.request import CurrentSession
from console.search import Filters, make_query
from console.suspect_view import SuspectView, view_suspect
from counterfoil.highlighting import marked
from counterfoil.models import Assessment, Capture, Match, Role
from counterfoil.rates import write_amount
from counterfoil.store.images import deleted_images
from counterfoil.store.products import reference_image_sha256
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


@dataclass(frozen=True, slots=True)
class _Picture:
    """A stored picture to be shown; what stands in its place once retention has deleted it."""

    sha256: str
    deleted: str | None


@router.get("/", response_class=HTMLResponse)
def list_suspects(
    session: CurrentSession,
    words: str = "",
    brand: str | None = None,
    product: str | None = None,
    marketplace: str | None = None,
    seller: str | None = None,
    verdict: str | None = None,
    sort: Sort = Sort.SCORE,
    cursor: str | None = None,
) -> HTMLResponse:
    """The page of suspects, best first, with search and facets."""
    chosen = {"brand": brand, "product": product, "marketplace": marketplace, "seller": seller, "verdict": verdict}
    filters = Filters(
        words=words, brand=brand, product=product, marketplace=marketplace, seller=seller, verdict=verdict
    )
    query = make_query(session, filters)
    query = replace(query, sort=sort, limit=48, cursor=cursor, facets=_FACETS)
    page = session.index.search(query)
    with session.read() as connection:
        pictures = _pictures(connection, [one.image.sha256 for one in page.suspects if one.image and one.image.sha256])
    asked = {"words": words or None, "sort": sort if sort is not Sort.SCORE else None, **chosen}
    return HTMLResponse(
        render(
            "suspects.html",
            session,
            total=page.total,
            words=words,
            sort=sort,
            sorts=_SORTS,
            facets=list(_facets(page, asked)),
            rows=[_row(document, query, pictures) for document in page.suspects],
            notice=page.notice,
            empty=_empty(any(asked.values())),
            next=_address(asked | {"cursor": page.next_cursor}) if page.next_cursor else None,
        )
    )


@router.get("/suspects/{suspect_id}", response_class=HTMLResponse)
def show_suspect(session: CurrentSession, suspect_id: int) -> HTMLResponse:
    """The page of one suspect: its picture beside yours, the reasons, what the page says, the verdicts."""
    with session.read() as connection:
        view = view_suspect(connection, session.owner.id, suspect_id)
        match = _best_match(view.assessments)
        ours = reference_image_sha256(connection, session.owner.id, match.reference_image_id) if match else None
        shown = [image.sha256 for image in view.version.facts.images if image.sha256]
        theirs = match.image_sha256 if match else next(iter(shown), None)
        pictures = _pictures(connection, [*shown, *filter(None, (ours, theirs))])
    return HTMLResponse(
        render(
            "suspect.html",
            session,
            id=suspect_id,
            title=view.version.facts.title,
            facts=f"score {view.suspect.score:.2f}, {view.suspect.state}",
            address=view.version.facts.url,
            host=urlsplit(view.version.facts.url).hostname or "",
            listing_image=pictures.get(theirs or ""),
            reference_image=pictures.get(ours or ""),
            product=view.product_names.get(match.product_id, "") if match else "",
            other_images=[pictures[sha256] for sha256 in shown] if len(shown) > 1 else [],
            assessments=[_assessment(view, one) for one in view.assessments],
            fields=list(_fields(view)),
            verdicts=[_verdict(one) for one in view.verdicts],
            captures=[_capture(one) for one in view.captures],
        )
    )


def _pictures(connection: sa.Connection, sha256s: Collection[str]) -> dict[str, _Picture]:
    deleted = deleted_images(connection, sha256s)
    words = {sha256: deleted_words(moment) for sha256, moment in deleted.items()}
    return {sha256: _Picture(sha256, words.get(sha256)) for sha256 in sha256s}


def _row(document: SuspectDocument, query: SuspectQuery, pictures: Mapping[str, _Picture]) -> dict[str, Any]:
    price = f"{write_amount(document.price)} {document.currency or ''}".strip() if document.price is not None else None
    seller = (document.seller.name or document.seller.key) if document.seller else None
    product = document.products[0].name if document.products else None
    return {
        "id": document.id,
        "title": list(marked(document.title, query.phrases or ())),
        "image": pictures.get(document.image.sha256 or "") if document.image else None,
        "score": f"{document.score:.2f}",
        "verdict": document.verdict,
        "facts": " · ".join(fact for fact in (product, price, seller, document.marketplace) if fact),
        "reasons": [reason.text for reason in document.reasons],
    }


def _facets(page: SuspectPage, asked: dict[str, Any]) -> Iterator[_Link]:
    for field, counts in page.facets.items():
        by_name = field in (Facet.BRAND, Facet.PRODUCT)
        for one in counts.values[:8]:
            value = one.label if by_name else one.value
            chosen = asked[field] == value
            link = _address(asked | {field: None if chosen else value})
            yield _Link(label=_label(field, one.label), link=link, count=str(one.count), chosen=chosen)


def _label(field: Facet, label: str) -> str:
    return "not decided" if field is Facet.VERDICT and label == "none" else label


def _address(asked: dict[str, Any]) -> str:
    return "/?" + urlencode({name: value for name, value in asked.items() if value})


def _empty(restricted: bool) -> str:
    if restricted:
        return "Nothing found: take a restriction away, or search for fewer words."
    return "No suspects yet. Register products, set up a monitor, and they appear here as they are found."


def _best_match(assessments: Iterable[Assessment]) -> Match | None:
    matches = [match for assessment in assessments for match in assessment.matches]
    return max(matches, key=lambda match: match.score, default=None)


def _assessment(view: SuspectView, one: Assessment) -> dict[str, Any]:
    return {
        "product": view.product_names.get(one.product_id, "a product that was removed"),
        "score": f"{one.score.value:.2f}",
        "reasons": [{"weight": f"{reason.weight:.2f}", "text": reason.text} for reason in one.score.reasons],
    }


def _fields(view: SuspectView) -> Iterator[tuple[str, str]]:
    facts = view.version.facts
    price = f"{write_amount(facts.price)} {facts.currency or '(no currency)'}" if facts.price is not None else None
    values = {
        "Price": price,
        "Seller": (facts.seller.name or facts.seller.key) if facts.seller else None,
        "Ships from": facts.ships_from,
        "Condition": facts.condition,
        "Availability": facts.availability,
        "Category": facts.category,
        "Marketplace": view.listing.marketplace,
        "First seen": when(view.listing.first_seen_at),
        "Last seen": when(view.listing.last_seen_at),
        "Absent": absence_words(view.absence) if view.absence else None,
        "Version": f"{view.version.number}, read {when(view.version.captured_at)}",
        "Description": facts.description,
    }
    yield from ((name, value) for name, value in values.items() if value)


def _capture(one: Capture) -> dict[str, Any]:
    """A capture in words, with links to those of its files that are still there."""
    files = {file.role: file for file in one.files}
    deleted = next((file.deleted_at for file in one.files if file.deleted_at), None)
    return {
        "words": capture_words(one),
        "detail": one.detail,
        "deleted": deleted_words(deleted) if deleted else None,
        "links": {role: f"/api/v1/captures/{one.id}/{role}" for role, file in files.items() if not file.deleted_at},
    }


def _verdict(one: Any) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "by": one.decided_by,
        "at": when(one.decided_at),
        "iso": one.decided_at.isoformat(),
        "note": one.note,
    }
