"""The addresses by which people set their first password, as commands print them."""

from console.public_address import address
from console.session import Session
from counterfoil.accounts import make_set_up_link
from counterfoil.clock import now
from counterfoil.models import Account
from counterfoil.settings import Settings
from counterfoil.store.accounts import owners_without_account


def link_for(session: Session, account: Account | None) -> str:
    """A new set-up link: for an account's password, or (None) for the owner's first account. Raises Conflict."""
    with session.act("account.link", account.name if account else "first account") as connection:
        token = make_set_up_link(connection, session.owner.id, account.id if account else None, now())
    return address_of_link(session.settings, token)


def address_of_link(settings: Settings, token: str) -> str:
    """The address of a set-up link."""
    return f"{address(settings)}set-up/{token}"


def first_links(session: Session) -> list[tuple[str, str]]:
    """(owner, set-up link) for every owner for whom nobody can log in yet."""
    _ = session.owner
    with session.store.read() as connection:
        found = owners_without_account(connection)
    return [(one.name, link_for(Session(one.name, session.installation), None)) for one in found]
