"""The pages of sellers: who has suspects, and one seller as a whole, to be authorised with one click."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, RedirectResponse

from console.guards.access import needs
from console.rendering import render
from console.request import CurrentSession
from console.schemas.fields import PathId
from console.session import RequestSession
from console.trust import distrust_seen, trust_seen, trusted
from console.web.pictures import ShownPicture, pictures_of
from console.web.price_plot import PricePlot, plot_prices
from console.web.searching import ALL, Asked
from console.wording import LONGEST_TITLE, shortened, verdict_word
from counterfoil.models import AuthorisedSeller, Role, Seller, SuspectState
from counterfoil.rates import write_price
from counterfoil.store.seller_activity import (
    SellerActivity,
    SharedPictures,
    SoldListing,
    seller_activity,
    shared_pictures,
)
from counterfoil.store.sellers import find_seller_ids, get_seller
from indexer.document import seller_value
from indexer.query import Facet, SuspectQuery

router = APIRouter(prefix="/sellers", include_in_schema=False, dependencies=[needs(Role.VIEWER)])
_manager = [needs(Role.MANAGER)]
# Of a seller with more, the most suspicious are shown, and a link to all of them.
_LISTINGS = 100


@router.get("", response_class=HTMLResponse)
def list_sellers(session: CurrentSession) -> HTMLResponse:
    """The sellers with the most suspects."""
    page = session.index.search(SuspectQuery(owner_id=session.owner.id, limit=1, facets=(Facet.SELLER,)))
    counts = page.facets[Facet.SELLER]
    keys = {one.value: _key(one.value) for one in counts.values}
    with session.read() as connection:
        ids = find_seller_ids(connection, tuple(keys.values()))
    rows = [
        {
            "name": one.label,
            "marketplace": keys[one.value][0],
            "count": one.count,
            "link": f"/sellers/{ids[keys[one.value]]}",
            "suspects": Asked(seller=one.value, triage=ALL).address("/suspects"),
        }
        for one in counts.values
        if keys[one.value] in ids
    ]
    most = max((one.count for one in counts.values), default=1)
    return HTMLResponse(render("sellers.html", session, rows=rows, most=most, exact=counts.exact))


@router.get("/{seller_id}", response_class=HTMLResponse)
def show_seller(session: CurrentSession, seller_id: PathId) -> HTMLResponse:
    """A seller: listings, verdicts, prices, when it was seen, and who shows the same pictures."""
    owner_id = session.owner.id
    with session.read() as connection:
        seller = get_seller(connection, owner_id, seller_id)
        activity = seller_activity(connection, owner_id, seller_id, _LISTINGS)
        others = shared_pictures(connection, owner_id, seller_id)
        authorised = trusted(connection, owner_id, seller)
        shown = [one.image_sha256 for one in activity.listings if one.image_sha256]
        pictures = pictures_of(connection, [*shown, *(sha256 for other in others for sha256 in other.sha256s)])
    return HTMLResponse(_page(session, seller, activity, others, authorised, pictures))


@router.post("/{seller_id}/authorise", response_class=HTMLResponse, dependencies=_manager)
def post_authorised(session: CurrentSession, seller_id: PathId) -> RedirectResponse:
    """Trust the seller: its listings are judged again, and are no suspects from then on."""
    trust_seen(session, seller_id)
    return RedirectResponse(f"/sellers/{seller_id}", status_code=303)


@router.post("/{seller_id}/distrust", response_class=HTMLResponse, dependencies=_manager)
def post_distrusted(session: CurrentSession, seller_id: PathId) -> RedirectResponse:
    """Take that back: its listings are judged again."""
    distrust_seen(session, seller_id)
    return RedirectResponse(f"/sellers/{seller_id}", status_code=303)


def _page(
    session: RequestSession,
    seller: Seller,
    activity: SellerActivity,
    others: Sequence[SharedPictures],
    authorised: AuthorisedSeller | None,
    pictures: Mapping[str, ShownPicture],
) -> str:
    suspects = Asked(seller=seller_value(seller.marketplace, seller.seller_key), triage=ALL)
    return render(
        "seller.html",
        session,
        seller=seller,
        host=urlsplit(seller.url).hostname if _is_web(seller.url) else None,
        totals=activity.totals,
        verdicts=[
            (verdict_word(kind) if kind else None, count)
            for kind, count in sorted(activity.totals.verdicts.items(), key=lambda pair: str(pair[0] or ""))
        ],
        rows=[_row(one, pictures) for one in activity.listings],
        plots=list(_plots(activity.listings)),
        others=[_other(one, pictures) for one in others],
        authorised=authorised,
        may_authorise=session.actor.role.allows(Role.MANAGER),
        suspects=suspects.address("/suspects"),
    )


def _row(one: SoldListing, pictures: Mapping[str, ShownPicture]) -> dict[str, Any]:
    return {
        "title": shortened(one.title, LONGEST_TITLE),
        "image": pictures.get(one.image_sha256 or ""),
        "link": f"/suspects/{one.suspect_id}" if one.suspect_id else None,
        "score": f"{one.score:.2f}" if one.score is not None and one.state is SuspectState.OPEN else None,
        "state": one.state,
        "verdict": verdict_word(one.verdict) if one.verdict else None,
        "price": write_price(one.price, one.currency),
        "first": one.first_seen_at,
        "last": one.last_seen_at,
    }


def _other(one: SharedPictures, pictures: Mapping[str, ShownPicture]) -> dict[str, Any]:
    return {
        "name": one.seller.name or one.seller.seller_key,
        "marketplace": one.seller.marketplace,
        "link": f"/sellers/{one.seller.id}",
        "count": one.count,
        "images": [pictures[sha256] for sha256 in one.sha256s],
    }


def _plots(sold: Sequence[SoldListing]) -> Iterator[PricePlot]:
    """A plot for each currency, that of the most listings first."""
    by_currency: dict[str, list[Any]] = {}
    for one in sold:
        if one.price is not None and one.currency:
            by_currency.setdefault(one.currency, []).append(one.price)
    for currency, prices in sorted(by_currency.items(), key=lambda pair: -len(pair[1])):
        plot = plot_prices(prices, currency)
        if plot is not None:
            yield plot


def _key(value: str) -> tuple[str, str]:
    marketplace, _, key = value.partition("/")
    return marketplace, key


def _is_web(url: str | None) -> bool:
    return (url or "").lower().startswith(("http://", "https://"))
