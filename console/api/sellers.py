"""Sellers for programs: those of listings that the owner's crawls have shown."""

from fastapi import APIRouter

from console.contract.pages import Cursor, Limit, Page, page_of
from console.guards.access import needs
from console.request import CurrentSession
from console.schemas.fields import Line100, PathId
from console.schemas.market import SellerShown
from counterfoil.models import Role
from counterfoil.store import sellers as stored

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
