"""Declared marketplaces for programs: the same for every owner, but for whose robots.txt is overridden."""

import sqlalchemy as sa
from fastapi import APIRouter
from starlette.responses import Response

from console.contract.creating import CurrentCreation, create
from console.contract.preconditions import IfMatch, IfNoneMatch, answer_with_etag, etag_of, require_match
from console.guards.access import needs
from console.monitoring import obstacle_of
from console.request import CurrentSession
from console.schemas.monitoring import MarketplaceShown, RobotsOverrideSaid, RobotsOverrideShown
from console.session import RequestSession
from counterfoil.clock import now
from counterfoil.marketplaces import Marketplace
from counterfoil.marketplaces import get_marketplace as declared
from counterfoil.models import RobotsOverride, Role
from counterfoil.store.owners import hold_owner
from counterfoil.store.robots_overrides import (
    find_robots_override,
    obey_robots,
    override_robots,
    robots_overrides_of,
)

router = APIRouter(prefix="/api/v1/marketplaces", tags=["marketplaces"], dependencies=[needs(Role.VIEWER)])
_admin = [needs(Role.ADMIN)]


@router.get("")
def list_marketplaces(session: CurrentSession) -> list[MarketplaceShown]:
    """The declared marketplaces, by name."""
    found = sorted(session.marketplaces.values(), key=lambda one: one.name)
    with session.read() as connection:
        overrides = robots_overrides_of(connection, session.owner.id)
    return [_shown(session, one, overrides.get(one.name)) for one in found]


@router.get("/{name}", response_model=MarketplaceShown)
def get_marketplace(session: CurrentSession, name: str, if_none_match: IfNoneMatch = None) -> Response:
    """A declared marketplace."""
    found = declared(session.marketplaces, name)
    with session.read() as connection:
        override = find_robots_override(connection, session.owner.id, found.name)
    return answer_with_etag(_shown(session, found, override), if_none_match)


@router.post("/{name}/robots-override", status_code=201, response_model=MarketplaceShown, dependencies=_admin)
def create_robots_override(
    session: CurrentSession, name: str, said: RobotsOverrideSaid, creation: CurrentCreation
) -> Response:
    """Go against a marketplace's robots.txt in the owner's crawls from now on, with a reason; 409 where they do."""
    found = declared(session.marketplaces, name)

    def make(connection: sa.Connection) -> tuple[str, MarketplaceShown]:
        made = override_robots(connection, session.owner.id, found.name, said.reason, session.person, now())
        return f"/api/v1/marketplaces/{found.name}", _shown(session, found, made)

    return create(session, creation, "marketplace.override_robots", found.name, make, reason=said.reason)


@router.delete("/{name}/robots-override", status_code=204, response_class=Response, dependencies=_admin)
def remove_robots_override(session: CurrentSession, name: str, if_match: IfMatch = None) -> None:
    """Obey a marketplace's robots.txt again; 404 where it is obeyed. If-Match takes the marketplace's ETag."""
    found = declared(session.marketplaces, name)
    with session.act("marketplace.obey_robots", found.name) as connection:
        hold_owner(connection, session.owner.id)
        override = find_robots_override(connection, session.owner.id, found.name)
        require_match(if_match, etag_of(_shown(session, found, override)))
        obey_robots(connection, session.owner.id, found.name, now())


def _shown(session: RequestSession, marketplace: Marketplace, override: RobotsOverride | None) -> MarketplaceShown:
    shown = MarketplaceShown.model_validate(marketplace)
    overridden = RobotsOverrideShown.model_validate(override) if override is not None else None
    return shown.model_copy(update={"obstacle": obstacle_of(session, marketplace), "robots_override": overridden})
