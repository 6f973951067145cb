"""Brands for programs."""

import sqlalchemy as sa
from fastapi import APIRouter
from starlette.responses import Response

from console.contract.creating import CurrentCreation, create
from console.contract.pages import Cursor, Limit, Page, page_of
from console.contract.preconditions import IfMatch, IfNoneMatch, answer_with_etag, etag_of, require_match
from console.guards.access import needs
from console.request import CurrentSession
from console.schemas.fields import PathId
from console.schemas.registry import BrandChange, BrandSaid, BrandShown
from counterfoil.clock import now
from counterfoil.models import Role
from counterfoil.store import brands as stored
from counterfoil.store.owners import hold_owner

router = APIRouter(prefix="/api/v1/brands", tags=["brands"], dependencies=[needs(Role.VIEWER)])
_manager = [needs(Role.MANAGER)]


@router.get("")
def list_brands(session: CurrentSession, cursor: Cursor = None, limit: Limit = 50) -> Page[BrandShown]:
    """The owner's brands."""
    with session.read() as connection:
        return page_of(
            "brands",
            cursor,
            limit,
            lambda after, most: stored.brands_after(connection, session.owner.id, after, most),
            BrandShown,
        )


@router.post("", status_code=201, response_model=BrandShown, dependencies=_manager)
def create_brand(session: CurrentSession, said: BrandSaid, creation: CurrentCreation) -> Response:
    """Register a brand; past listings are judged again."""

    def make(connection: sa.Connection) -> tuple[str, BrandShown]:
        made = stored.create_brand(connection, session.owner.id, said.name, said.aliases, now())
        return f"/api/v1/brands/{made.id}", BrandShown.model_validate(made)

    return create(session, creation, "brand.add", said.name, make)


@router.get("/{brand_id}", response_model=BrandShown)
def get_brand(session: CurrentSession, brand_id: PathId, if_none_match: IfNoneMatch = None) -> Response:
    """A brand."""
    with session.read() as connection:
        return answer_with_etag(_shown(connection, session.owner.id, brand_id), if_none_match)


@router.patch("/{brand_id}", response_model=BrandShown, dependencies=_manager)
def change_brand(session: CurrentSession, brand_id: PathId, said: BrandChange, if_match: IfMatch = None) -> Response:
    """Change a brand's name or spellings; past listings are judged again."""
    with session.act("brand.change", f"brand {brand_id}") as connection:
        hold_owner(connection, session.owner.id)
        before = _shown(connection, session.owner.id, brand_id)
        require_match(if_match, etag_of(before))
        changed = stored.update_brand(
            connection,
            session.owner.id,
            brand_id,
            said.name if said.name is not None else before.name,
            said.aliases if said.aliases is not None else before.aliases,
            now(),
        )
    return answer_with_etag(BrandShown.model_validate(changed))


@router.delete("/{brand_id}", status_code=204, response_class=Response, dependencies=_manager)
def remove_brand(session: CurrentSession, brand_id: PathId, if_match: IfMatch = None) -> None:
    """Take a brand back, with its rights; 409 while it has products."""
    with session.act("brand.remove", f"brand {brand_id}") as connection:
        hold_owner(connection, session.owner.id)
        before = _shown(connection, session.owner.id, brand_id)
        require_match(if_match, etag_of(before))
        stored.remove_brand(connection, session.owner.id, before.name, now())


@router.post("/{brand_id}/restore", response_model=BrandShown, dependencies=_manager)
def restore_brand(session: CurrentSession, brand_id: PathId) -> Response:
    """Undo the removal of a brand, with the rights that went with it; 409 where its name was given away meanwhile."""
    with session.act("brand.restore", f"brand {brand_id}") as connection:
        restored = stored.restore_brand(connection, session.owner.id, brand_id, now())
    return answer_with_etag(BrandShown.model_validate(restored))


def _shown(connection: sa.Connection, owner_id: int, brand_id: int) -> BrandShown:
    return BrandShown.model_validate(stored.get_brand_by_id(connection, owner_id, brand_id))
