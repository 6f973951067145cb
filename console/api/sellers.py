"""Sellers for programs: those of listings that the owner's crawls have shown."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from console.contract.pages import Cursor, Limit, Page, page_of
from console.contract.preconditions import answer_with_etag
from console.guards.access import needs
from console.request import CurrentSession
from console.schemas.fields import Line100, Line300, PathId
from console.schemas.market import SellerActivityShown, SellerShown, SharedPicturesShown, SoldListingShown
from console.schemas.registry import AuthorisedSellerShown
from console.trust import distrust_seen, trust_seen
from counterfoil.models import Role
from counterfoil.store import sellers as stored
from counterfoil.store.seller_activity import seller_activity, shared_pictures
from indexer.query import UNJUDGED

router = APIRouter(prefix="/api/v1/sellers", tags=["sellers"], dependencies=[needs(Role.VIEWER)])
_manager = [needs(Role.MANAGER)]


@router.get("")
def list_sellers(
    session: CurrentSession,
    marketplace: Line100 | None = None,
    called: Annotated[Line300 | None, Query(description="The seller's id, name or address on the marketplace.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[SellerShown]:
    """Sellers; of one marketplace, or with an id, a name or an address, where that is said."""
    with session.read() as connection:
        return page_of(
            f"sellers of {marketplace} called {called}",
            cursor,
            limit,
            lambda after, most: stored.sellers_after(
                connection, session.owner.id, after, most, marketplace=marketplace, called=called
            ),
            SellerShown,
        )


@router.get("/{seller_id}")
def get_seller(session: CurrentSession, seller_id: PathId) -> SellerShown:
    """A seller; its listings are at `/api/v1/listings?seller_id=...`."""
    with session.read() as connection:
        return SellerShown.model_validate(stored.get_seller(connection, session.owner.id, seller_id))


@router.get("/{seller_id}/activity")
def get_seller_activity(
    session: CurrentSession, seller_id: PathId, limit: Annotated[int, Query(ge=1, le=200)] = 100
) -> SellerActivityShown:
    """What a seller does: listings, verdicts, when it was seen, and who shows the same pictures."""
    owner_id = session.owner.id
    with session.read() as connection:
        stored.get_seller(connection, owner_id, seller_id)
        activity = seller_activity(connection, owner_id, seller_id, limit)
        others = shared_pictures(connection, owner_id, seller_id)
    totals = activity.totals
    return SellerActivityShown(
        listing_count=totals.listings,
        suspect_count=totals.suspects,
        first_seen_at=totals.first_seen_at,
        last_seen_at=totals.last_seen_at,
        verdicts={kind or UNJUDGED: count for kind, count in totals.verdicts.items()},
        listings=[SoldListingShown.model_validate(one) for one in activity.listings],
        shared_pictures=[SharedPicturesShown.model_validate(one) for one in others],
    )


@router.post("/{seller_id}/authorise", response_model=AuthorisedSellerShown, dependencies=_manager)
def authorise_seller(session: CurrentSession, seller_id: PathId) -> Response:
    """Trust a seller that crawls have shown: its listings are judged again, and are no suspects from then on."""
    return answer_with_etag(AuthorisedSellerShown.model_validate(trust_seen(session, seller_id)))


@router.post("/{seller_id}/distrust", status_code=204, response_class=Response, dependencies=_manager)
def distrust_seller(session: CurrentSession, seller_id: PathId) -> None:
    """Take that back: its listings are judged again. Twice is the same as once."""
    distrust_seen(session, seller_id)
