"""Registered rights for programs."""

import sqlalchemy as sa
from fastapi import APIRouter
from starlette.responses import Response

from console.contract.creating import CurrentCreation, create
from console.contract.pages import Cursor, Limit, Page, page_of
from console.contract.preconditions import IfMatch, IfNoneMatch, answer_with_etag, etag_of, require_match
from console.guards.access import needs
from console.request import CurrentSession
from console.schemas.fields import PathId
from console.schemas.registry import RightSaid, RightShown
from counterfoil.clock import now
from counterfoil.models import Role
from counterfoil.store import brands as stored
from counterfoil.store.owners import hold_owner

router = APIRouter(prefix="/api/v1/rights", tags=["rights"], dependencies=[needs(Role.VIEWER)])
_manager = [needs(Role.MANAGER)]


@router.get("")
def list_rights(session: CurrentSession, cursor: Cursor = None, limit: Limit = 50) -> Page[RightShown]:
    """The owner's rights."""
    with session.read() as connection:
        return page_of(
            "rights",
            cursor,
            limit,
            lambda after, most: stored.rights_after(connection, session.owner.id, after, most),
            RightShown,
        )


@router.post("", status_code=201, response_model=RightShown, dependencies=_manager)
def create_right(session: CurrentSession, said: RightSaid, creation: CurrentCreation) -> Response:
    """Register a right of a brand."""

    def make(connection: sa.Connection) -> tuple[str, RightShown]:
        made = stored.create_right(connection, session.owner.id, **said.model_dump(), now=now())
        return f"/api/v1/rights/{made.id}", RightShown.model_validate(made)

    return create(session, creation, "right.add", f"{said.kind} {said.number} ({said.jurisdiction})", make)


@router.get("/{right_id}", response_model=RightShown)
def get_right(session: CurrentSession, right_id: PathId, if_none_match: IfNoneMatch = None) -> Response:
    """A right."""
    with session.read() as connection:
        return answer_with_etag(_shown(connection, session.owner.id, right_id), if_none_match)


@router.delete("/{right_id}", status_code=204, response_class=Response, dependencies=_manager)
def remove_right(session: CurrentSession, right_id: PathId, if_match: IfMatch = None) -> None:
    """Take a right back."""
    with session.act("right.remove", f"right {right_id}") as connection:
        hold_owner(connection, session.owner.id)
        require_match(if_match, etag_of(_shown(connection, session.owner.id, right_id)))
        stored.remove_right(connection, session.owner.id, right_id, now())


def _shown(connection: sa.Connection, owner_id: int, right_id: int) -> RightShown:
    return RightShown.model_validate(stored.get_right(connection, owner_id, right_id))
