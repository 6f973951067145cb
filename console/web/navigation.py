"""Where the pages are: the entries at the top of every page, each with the role that its page takes."""

from dataclasses import dataclass

from console.translation import gettext as _
from counterfoil.models import Role


@dataclass(frozen=True, slots=True)
class Entry:
    """One place to go; `section` is what the pages there call themselves (`{% set section = "suspects" %}`)."""

    section: str
    address: str
    label: str
    role: Role = Role.VIEWER


def entries(role: Role) -> tuple[Entry, ...]:
    """What a person with this role may open, in the order of their work."""
    places = (
        Entry("home", "/", _("Home")),
        Entry("suspects", "/suspects", _("Suspects")),
        Entry("sellers", "/sellers", _("Sellers")),
        Entry("monitors", "/monitors", _("Monitors")),
        Entry("products", "/products", _("Products")),
        Entry("admin", "/accounts", _("Admin"), Role.ADMIN),
    )
    return tuple(place for place in places if role.allows(place.role))
