"""Where one arrives after logging in."""

from fastapi import APIRouter
from fastapi.responses import RedirectResponse

from console.guards.access import needs
from counterfoil.models import Role

router = APIRouter(include_in_schema=False, dependencies=[needs(Role.VIEWER)])


@router.get("/")
def show_home() -> RedirectResponse:
    """The suspects are what one comes for."""
    return RedirectResponse("/suspects", status_code=303)
