"""Trusts the sellers that crawls have shown, with one click or one request, and takes it back."""

import sqlalchemy as sa

from console.session import Session
from counterfoil.clock import now
from counterfoil.exceptions import NotFound
from counterfoil.models import AuthorisedSeller, Seller
from counterfoil.store.sellers import (
    authorise_seller,
    find_authorised_seller,
    get_seller,
    remove_authorised_seller,
)


def trust_seen(session: Session, seller_id: int) -> AuthorisedSeller:
    """Trust a seller: its listings are judged again, and are no suspects from then on. Raises NotFound.

    Twice is the same as once.
    """
    seller = _seen(session, seller_id)
    with session.act("seller.authorise", f"{seller.seller_key} on {seller.marketplace}") as connection:
        authorise_seller(connection, session.owner.id, seller.marketplace, seller.seller_key, seller.name, now())
        return find_authorised_seller(connection, session.owner.id, seller.marketplace, seller.seller_key)


def distrust_seen(session: Session, seller_id: int) -> None:
    """Take that back: its listings are judged again; of one that is not trusted nothing changes. Raises NotFound."""
    seller = _seen(session, seller_id)
    with session.act("seller.remove", f"{seller.seller_key} on {seller.marketplace}") as connection:
        if trusted(connection, session.owner.id, seller):
            remove_authorised_seller(connection, session.owner.id, seller.marketplace, seller.seller_key, now())


def trusted(connection: sa.Connection, owner_id: int, seller: Seller) -> AuthorisedSeller | None:
    """That an owner trusts a seller; None where it does not."""
    try:
        return find_authorised_seller(connection, owner_id, seller.marketplace, seller.seller_key)
    except NotFound:
        return None


def _seen(session: Session, seller_id: int) -> Seller:
    with session.read() as connection:
        return get_seller(connection, session.owner.id, seller_id)
