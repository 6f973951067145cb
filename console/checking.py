"""Tells which addresses are listings of declared marketplaces, so that they can be looked at without a search."""

from collections.abc import Iterable

from console.session import Session
from counterfoil.exceptions import InvalidInput
from counterfoil.marketplaces import Marketplace


def recognise(session: Session, addresses: Iterable[str]) -> tuple[list[tuple[Marketplace, str]], list[str]]:
    """(marketplace and address of each listing, addresses that are none), each once.

    Raises InvalidInput where no address is one of a listing.
    """
    from crawlers.addresses import listing_id  # heavy, and needed by this only

    known = session.marketplaces.values()
    found: list[tuple[Marketplace, str]] = []
    strange: list[str] = []
    for address in dict.fromkeys(addresses):
        marketplace = next((one for one in known if listing_id(one, address)), None)
        if marketplace is None:
            strange.append(address)
        else:
            found.append((marketplace, address))
    if not found:
        raise InvalidInput(
            "None of the {count} addresses is a listing of a declared marketplace: see `counterfoil marketplace "
            "list`, or draft a declaration with `counterfoil marketplace new URL`.",
            count=len(strange),
        )
    return found, strange
