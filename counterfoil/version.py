"""Which version this is, and how it names itself to the sites it asks."""

from importlib.metadata import version

from counterfoil.settings import Settings

VERSION = version("counterfoil")


def user_agent(settings: Settings) -> str:
    """An honest user agent: the program, its version, and where its operator can be reached."""
    contact = f"; +{settings.contact}" if settings.contact else ""
    return f"Counterfoil/{VERSION} (marketplace monitoring for brand owners{contact})"
