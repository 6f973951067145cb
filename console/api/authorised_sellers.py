"""Sellers that the owner trusts, for programs."""

import sqlalchemy as sa
from fastapi import APIRouter
from starlette.responses import Response

from console.contract.creating import CurrentCreation, create
from console.contract.pages import Cursor, Limit, Page, page_of
from console.contract.preconditions import IfMatch, IfNoneMatch, answer_with_etag, etag_of, require_match
from console.guards.access import needs
from console.request import CurrentSession
from console.schemas.fields import PathId
from console.schemas.registry import AuthorisedSellerSaid, AuthorisedSellerShown
from counterfoil.clock import now
from counterfoil.exceptions import Conflict
from counterfoil.marketplaces import get_marketplace
from counterfoil.models import Role
from counterfoil.store import sellers as stored
from counterfoil.store.owners import hold_owner

router = APIRouter(prefix="/api/v1/authorised-sellers", tags=["authorised sellers"], dependencies=[needs(Role.VIEWER)])
_manager = [needs(Role.MANAGER)]


@router.get("")
def list_authorised_sellers(
    session: CurrentSession, cursor: Cursor = None, limit: Limit = 50
) -> Page[AuthorisedSellerShown]:
    """The sellers that the owner trusts."""
    with session.read() as connection:
        return page_of(
            "authorised-sellers",
            cursor,
            limit,
            lambda after, most: stored.authorised_sellers_after(connection, session.owner.id, after, most),
            AuthorisedSellerShown,
        )


@router.post("", status_code=201, response_model=AuthorisedSellerShown, dependencies=_manager)
def create_authorised_seller(
    session: CurrentSession, said: AuthorisedSellerSaid, creation: CurrentCreation
) -> Response:
    """Trust a seller; its listings are judged again, and are no suspects from then on."""
    get_marketplace(session.marketplaces, said.marketplace)
    owner_id = session.owner.id

    def make(connection: sa.Connection) -> tuple[str, AuthorisedSellerShown]:
        if not stored.authorise_seller(connection, owner_id, said.marketplace, said.seller_key, said.name, now()):
            raise Conflict(
                "{seller_key!r} on {marketplace!r} is authorised already.",
                seller_key=said.seller_key,
                marketplace=said.marketplace,
            )
        made = stored.find_authorised_seller(connection, owner_id, said.marketplace, said.seller_key)
        return f"/api/v1/authorised-sellers/{made.id}", AuthorisedSellerShown.model_validate(made)

    return create(session, creation, "seller.authorise", f"{said.seller_key} on {said.marketplace}", make)


@router.get("/{authorised_id}", response_model=AuthorisedSellerShown)
def get_authorised_seller(
    session: CurrentSession, authorised_id: PathId, if_none_match: IfNoneMatch = None
) -> Response:
    """A seller that the owner trusts."""
    with session.read() as connection:
        found = stored.get_authorised_seller(connection, session.owner.id, authorised_id)
    return answer_with_etag(AuthorisedSellerShown.model_validate(found), if_none_match)


@router.delete("/{authorised_id}", status_code=204, response_class=Response, dependencies=_manager)
def remove_authorised_seller(session: CurrentSession, authorised_id: PathId, if_match: IfMatch = None) -> None:
    """Stop trusting a seller; its listings are judged again."""
    with session.act("seller.remove", f"authorised seller {authorised_id}") as connection:
        hold_owner(connection, session.owner.id)
        found = stored.get_authorised_seller(connection, session.owner.id, authorised_id)
        require_match(if_match, etag_of(AuthorisedSellerShown.model_validate(found)))
        stored.remove_authorised_seller(connection, session.owner.id, found.marketplace, found.seller_key, now())


@router.post("/{authorised_id}/restore", response_model=AuthorisedSellerShown, dependencies=_manager)
def restore_authorised_seller(session: CurrentSession, authorised_id: PathId) -> Response:
    """Trust a seller again that was taken back; where it is trusted again already, that is answered."""
    with session.act("seller.restore", f"authorised seller {authorised_id}") as connection:
        restored = stored.restore_authorised_seller(connection, session.owner.id, authorised_id, now())
    return answer_with_etag(AuthorisedSellerShown.model_validate(restored))
