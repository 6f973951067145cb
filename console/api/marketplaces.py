"""Declared marketplaces for programs: the same for every owner."""

from fastapi import APIRouter

from console.guards.access import needs
from console.request import CurrentSession
from console.schemas.monitoring import MarketplaceShown
from counterfoil.marketplaces import get_marketplace as declared
from counterfoil.models import Role

router = APIRouter(prefix="/api/v1/marketplaces", tags=["marketplaces"], dependencies=[needs(Role.VIEWER)])


@router.get("")
def list_marketplaces(session: CurrentSession) -> list[MarketplaceShown]:
    """The declared marketplaces, by name."""
    found = sorted(session.marketplaces.values(), key=lambda one: one.name)
    return [MarketplaceShown.model_validate(one) for one in found]


@router.get("/{name}")
def get_marketplace(session: CurrentSession, name: str) -> MarketplaceShown:
    """A declared marketplace."""
    return MarketplaceShown.model_validate(declared(session.marketplaces, name))
