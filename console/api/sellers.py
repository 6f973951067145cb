"""Sellers for programs: those of listings that the owner's crawls have shown."""

from typing import Annotated

from fastapi import APIRouter, Query

from console.contract.pages import Cursor, Limit, Page, page_of
from console.guards.access import needs
from console.request import CurrentSession
from console.schemas.fields import Line100, PathId
from console.schemas.market import SellerActivityShown, SellerShown, SharedPicturesShown, SoldListingShown
from counterfoil.models import Role
from counterfoil.store import sellers as stored
from counterfoil.store.seller_activity import seller_activity, shared_pictures
from indexer.query import UNJUDGED

router = APIRouter(prefix="/api/v1/sellers", tags=["sellers"], dependencies=[needs(Role.VIEWER)])


@router.get("")
def list_sellers(
    session: CurrentSession, marketplace: Line100 | None = None, cursor: Cursor = None, limit: Limit = 50
) -> Page[SellerShown]:
    """Sellers; of one marketplace where it is named."""
    with session.read() as connection:
        return page_of(
            f"sellers of {marketplace}",
            cursor,
            limit,
            lambda after, most: stored.sellers_after(connection, session.owner.id, after, most, marketplace),
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
