"""Listings and their versions for programs: those that the owner's crawls have shown."""

from typing import Annotated

from fastapi import APIRouter, Query

from console.contract.pages import Cursor, Limit, Page, page_of
from console.guards.access import needs
from console.request import CurrentSession
from console.schemas.fields import Line100, PathId
from console.schemas.market import ListingShown, ListingVersionShown
from counterfoil.models import ListingVersion, Role
from counterfoil.store import listings as stored

router = APIRouter(prefix="/api/v1/listings", tags=["listings"], dependencies=[needs(Role.VIEWER)])


@router.get("")
def list_listings(
    session: CurrentSession,
    marketplace: Line100 | None = None,
    seller_id: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[ListingShown]:
    """Listings, suspicious or not; of one marketplace or seller where it is named."""
    with session.read() as connection:
        return page_of(
            f"listings of {marketplace} and {seller_id}",
            cursor,
            limit,
            lambda after, most: stored.listings_after(
                connection, session.owner.id, after, most, marketplace=marketplace, seller_id=seller_id
            ),
            ListingShown,
        )


@router.get("/{listing_id}")
def get_listing(session: CurrentSession, listing_id: PathId) -> ListingShown:
    """A listing."""
    with session.read() as connection:
        return ListingShown.model_validate(stored.get_listing_of(connection, session.owner.id, listing_id))


@router.get("/{listing_id}/versions")
def list_listing_versions(
    session: CurrentSession, listing_id: PathId, cursor: Cursor = None, limit: Limit = 50
) -> Page[ListingVersionShown]:
    """What a listing's page said, oldest first: a version for each change that the owner's crawls have seen."""
    owner_id = session.owner.id
    with session.read() as connection:
        stored.get_listing_of(connection, owner_id, listing_id)

        def read(after: int, most: int) -> list[ListingVersion]:
            ids = stored.version_ids_seen(connection, owner_id, listing_id, after, most)
            found = stored.get_versions(connection, ids)
            return [found[one] for one in ids]

        return page_of(f"versions of {listing_id}", cursor, limit, read, ListingVersionShown)
