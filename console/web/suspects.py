"""The pages of suspects: the list, with search and facets, and the whole of a search as a file."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, StreamingResponse

from console.exports import MOST_EXPORTED, ExportFormat, export, file_name
from console.guards.access import needs
from console.reason_words import reason_words
from console.rendering import render
from console.request import CurrentSession
from console.search import notice_of
from console.session import RequestSession
from console.translation import gettext as _
from console.translation import worded
from console.web.pictures import ShownPicture, pictures_of
from console.web.searching import ALL, TODO, Asked, CurrentSearch
from console.wording import LONGEST_TITLE, shortened, verdict_word
from counterfoil.clock import now
from counterfoil.exceptions import InvalidInput
from counterfoil.highlighting import marked
from counterfoil.models import Role, Triage, VerdictKind
from counterfoil.rates import write_price
from counterfoil.store.sellers import find_seller_ids
from indexer.document import SuspectDocument
from indexer.query import UNJUDGED, Facet, Sort, SuspectPage, SuspectQuery

router = APIRouter(include_in_schema=False, dependencies=[needs(Role.VIEWER)])

_FACETS = (Facet.VERDICT, Facet.BRAND, Facet.PRODUCT, Facet.MARKETPLACE, Facet.SELLER)
# So many values of a facet are shown; the chosen one always.
_VALUES = 8


@dataclass(frozen=True, slots=True)
class _Link:
    label: str
    link: str
    count: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class _FacetShown:
    name: str
    links: tuple[_Link, ...]


@router.get("/suspects", response_class=HTMLResponse)
def list_suspects(session: CurrentSession, asked: CurrentSearch) -> HTMLResponse:
    """The page of suspects, best first, with search and facets; what cannot be searched for is said there."""
    try:
        query = replace(asked.query(session), facets=_FACETS)
    except InvalidInput as error:
        return HTMLResponse(_page(session, asked, None, None, error=worded(error)), status_code=422)
    return HTMLResponse(_page(session, asked, query, session.index.search(query)))


@router.get("/suspects/export")
def export_suspects(
    session: CurrentSession, asked: CurrentSearch, format: ExportFormat = ExportFormat.CSV
) -> StreamingResponse:
    """The whole of a search as a file, its first 100,000 suspects at most."""
    pieces = export(session.index, asked.query(session), format)
    headers = {"Content-Disposition": f'attachment; filename="{file_name(format, now())}"'}
    return StreamingResponse(pieces, media_type=format.media_type, headers=headers)


def _page(
    session: RequestSession, asked: Asked, query: SuspectQuery | None, page: SuspectPage | None, error: str = ""
) -> str:
    found = page.suspects if page else ()
    with session.read() as connection:
        pictures = pictures_of(connection, [one.image.sha256 for one in found if one.image and one.image.sha256])
        sellers = find_seller_ids(connection, {_seller(one) for one in found})
    return render(
        "suspects.html",
        session,
        total=page.total if page else "",
        asked=asked,
        sorts=_sorts(),
        facets=list(_facets(page, asked)) if page else [],
        rows=[_row(document, query, asked, pictures, sellers.get(_seller(document))) for document in found if query],
        notice=notice_of(page) if page else None,
        error=error,
        empty=_empty(asked) if page else "",
        tabs=_tabs(asked),
        fields=[(name, value) for name, value in asdict(asked).items() if value and name != "cursor"],
        may_decide=session.actor.role.allows(Role.ANALYST),
        next=replace(asked, cursor=page.next_cursor).address("/suspects") if page and page.next_cursor else None,
        without_run=replace(asked, run="", cursor="").address("/suspects"),
        everything=Asked(sort=asked.sort).address("/suspects"),
        exports=[(form, replace(asked, cursor="").address("/suspects/export", format=form)) for form in ExportFormat],
        most_exported=f"{MOST_EXPORTED:,}",
    )


def _row(
    document: SuspectDocument,
    query: SuspectQuery,
    asked: Asked,
    pictures: Mapping[str, ShownPicture],
    seller_id: int | None,
) -> dict[str, Any]:
    price = write_price(document.price, document.currency)
    seller = (document.seller.name or document.seller.key) if document.seller else None
    product = document.products[0].name if document.products else None
    return {
        "id": document.id,
        "link": asked.address(f"/suspects/{document.id}"),
        "title": list(marked(shortened(document.title, LONGEST_TITLE), query.phrases or ())),
        "image": pictures.get(document.image.sha256 or "") if document.image else None,
        "score": f"{document.score:.2f}",
        "verdict": verdict_word(document.verdict) if document.verdict else None,
        "changed": document.triage is Triage.CHANGED,
        "snoozed": document.triage is Triage.SNOOZED,
        "snoozed_until": document.snoozed_until,
        "facts": [fact for fact in (product, price, document.marketplace) if fact],
        "seller": (seller, f"/sellers/{seller_id}" if seller_id else None) if seller else None,
        "reasons": [shortened(reason_words(reason), LONGEST_TITLE) for reason in document.reasons],
    }


def _seller(document: SuspectDocument) -> tuple[str, str]:
    return document.marketplace, document.seller.key if document.seller else ""


def _facets(page: SuspectPage, asked: Asked) -> Iterator[_FacetShown]:
    for facet, counts in page.facets.items():
        links = tuple(_links(facet, page, asked))
        # With one value that everything has there is nothing to choose.
        if len(links) > 1 or any(one.chosen for one in links):
            yield _FacetShown(name=_facet_names()[facet] + ("" if counts.exact else " *"), links=links)


def _links(facet: Facet, page: SuspectPage, asked: Asked) -> Iterator[_Link]:
    # A facet's value is the filter that chooses it; brands and products are chosen by name.
    by_name = facet in (Facet.BRAND, Facet.PRODUCT)
    for place, one in enumerate(page.facets[facet].values):
        value = one.label if by_name else one.value
        chosen = getattr(asked, facet) == value
        if place < _VALUES or chosen:
            changes: dict[str, Any] = {str(facet): "" if chosen else value}
            link = replace(asked, cursor="", **changes).address("/suspects")
            yield _Link(label=_label(facet, one.label), link=link, count=f"{one.count:,}", chosen=chosen)


def _label(facet: Facet, label: str) -> str:
    if facet is not Facet.VERDICT:
        return label
    return _("not decided") if label == UNJUDGED else verdict_word(VerdictKind(label))


def _facet_names() -> Mapping[Facet, str]:
    return {
        Facet.VERDICT: _("Verdict"),
        Facet.BRAND: _("Brand"),
        Facet.PRODUCT: _("Product"),
        Facet.MARKETPLACE: _("Marketplace"),
        Facet.SELLER: _("Seller"),
    }


def _sorts() -> list[tuple[Sort, str]]:
    return [
        (Sort.SCORE, _("Highest score")),
        (Sort.NEWEST, _("Newest")),
        (Sort.OLDEST, _("Oldest")),
        (Sort.PRICE_LOW, _("Lowest price")),
        (Sort.PRICE_HIGH, _("Highest price")),
        (Sort.RELEVANCE, _("Best match of words")),
    ]


def _tabs(asked: Asked) -> list[tuple[str, str, bool]]:
    """(label, link, whether it is this one) for each part of the work."""
    words = {
        TODO: _("To decide"),
        Triage.CHANGED: _("Changed since"),
        Triage.SNOOZED: _("Put off"),
        Triage.DECIDED: _("Decided"),
        ALL: _("All"),
    }
    return [
        (label, replace(asked, triage=value, cursor="").address("/suspects"), asked.standing == value)
        for value, label in words.items()
    ]


def _empty(asked: Asked) -> str:
    if asked.standing == TODO and asked.restricted:
        return _("Nothing found that waits to be decided: look at all of it, or take a restriction away.")
    if asked.standing == TODO:
        return _(
            "Nothing waits to be decided. What a monitor finds appears here; what was decided or put off stands beside."
        )
    if asked.restricted or asked.standing != ALL:
        return _("Nothing found: take a restriction away, or search for fewer words.")
    return _("No suspects yet. Register products, set up a monitor, and they appear here as they are found.")
