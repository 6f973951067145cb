"""Reads a file of sellers into a draft, and authorises those of it that can be: all of them in one transaction."""

from collections.abc import Sequence

import sqlalchemy as sa
from pydantic import TypeAdapter

from console.product_entries import BadEntry
from console.seller_entries import SellerEntry, sellers_of_sheet
from console.session import Session
from console.sheets import read_sheet
from counterfoil.clock import now
from counterfoil.exceptions import InvalidInput
from counterfoil.store.audit import add_audit_entry
from counterfoil.store.drafts import Draft, DraftKind, DraftState, add_draft, discard_draft, end_step, get_draft
from counterfoil.store.sellers import authorise_seller

_ENTRIES: TypeAdapter[list[SellerEntry | BadEntry]] = TypeAdapter(list[SellerEntry | BadEntry])


def read_sellers(session: Session, name: str, data: bytes) -> list[SellerEntry | BadEntry]:
    """The sellers of a file. Raises InvalidInput or TooLarge where the file as a whole cannot be read."""
    return sellers_of_sheet(name, read_sheet(name, data), session.marketplaces)


def draft_sellers(
    connection: sa.Connection, session: Session, name: str, entries: Sequence[SellerEntry | BadEntry]
) -> Draft:
    """A draft of sellers that were read from a file. Raises Conflict while many drafts are being read."""
    draft = add_draft(
        connection,
        session.owner.id,
        kind=DraftKind.SELLERS,
        source=name,
        brand=None,
        created_by=session.person,
        now=now(),
    )
    end_step(connection, draft, DraftState.READY, _ENTRIES.dump_python(list(entries), mode="json"))
    return get_draft(connection, session.owner.id, draft.id)


def rows_of(draft: Draft) -> list[SellerEntry | BadEntry]:
    """The rows of a draft of sellers, as they stood in the file."""
    return _ENTRIES.validate_python(list(draft.entries))


def sellers_of(draft: Draft) -> tuple[list[SellerEntry], list[BadEntry]]:
    """(sellers that can be authorised, rows that cannot be used) of a draft."""
    entries = rows_of(draft)
    good = [one for one in entries if isinstance(one, SellerEntry)]
    return good, [one for one in entries if isinstance(one, BadEntry)]


def authorise_draft(session: Session, draft: Draft) -> int:
    """Authorise a draft's sellers, all or none, and forget it; how many are new. Raises InvalidInput for none."""
    good: Sequence[SellerEntry] = sellers_of(draft)[0]
    if not good:
        raise InvalidInput("No row of this file can be used: mend it, and send it again.")
    added = 0
    with session.act("draft.register", draft.source[:300], sellers=len(good)) as connection:
        for one in good:
            new = authorise_seller(connection, session.owner.id, one.marketplace, one.seller_id, one.name, now())
            if new:
                subject = f"{one.seller_id} on {one.marketplace}"
                add_audit_entry(connection, session.owner.id, session.actor, "seller.authorise", subject, now())
            added += new
        discard_draft(connection, session.owner.id, draft.id)
    return added
