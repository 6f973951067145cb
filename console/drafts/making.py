"""Begins drafts and works on them in the background, telling how far they are."""

import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import sqlalchemy as sa

from console.drafts.entries import DraftEntry, as_json, entries_of
from console.drafts.shops import FoundProducts, Tell, read_address
from console.product_entries import Entry
from console.registration import clean_brand, register_stored
from console.session import Session
from counterfoil.clock import now
from counterfoil.exceptions import CounterfoilError, InvalidInput, NotFound, Superseded
from counterfoil.store.drafts import (
    Draft,
    DraftKind,
    DraftState,
    add_draft,
    begin_registering,
    end_step,
    get_draft,
    tell_progress,
)

# What is quick is shown at once, without a page in between that says that it is under way.
PATIENCE_SECONDS = 2.5
_LONGEST_ADDRESS = 2_000
# Nobody reads faster, and each time is a transaction.
_TOLD_EVERY_SECONDS = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Something to be read into a draft: what it is called, the brand of what names none, and what finds it."""

    source: str
    brand: str | None
    find: Callable[[Tell], FoundProducts]


def reading_of_address(session: Session, address: str, brand: str | None) -> Reading:
    """The reading of the products at an address. Raises InvalidInput."""
    address = address.strip()
    if not address or len(address) > _LONGEST_ADDRESS or any(one.isspace() for one in address):
        raise InvalidInput("This is no web address: paste one such as https://acme.example/trail-30.")
    address = address if "://" in address else f"https://{address}"
    return Reading(source=address, brand=clean_brand(brand), find=partial(read_address, session, address))


def add_reading(connection: sa.Connection, session: Session, reading: Reading) -> Draft:
    """A draft that is to be read; `read_on` reads it once that is committed. Raises Conflict while many are."""
    return add_draft(
        connection,
        session.owner.id,
        kind=DraftKind.PRODUCTS,
        source=reading.source,
        brand=reading.brand,
        created_by=session.person,
        now=now(),
    )


def read_on(session: Session, draft: Draft, reading: Reading) -> threading.Event:
    """Read it in the background; the event is set when that has ended, however it did."""
    return session.installation.background.start(lambda: _read(session, draft, reading.find))


def begin_reading(session: Session, reading: Reading) -> Draft:
    """Begin a draft for a person, who sees at once what is quick. Raises Conflict."""
    with session.act("draft.read", reading.source[:300]) as connection:
        draft = add_reading(connection, session, reading)
    read_on(session, draft, reading).wait(PATIENCE_SECONDS)
    return draft


def register_draft(session: Session, draft: Draft, entries: Sequence[DraftEntry], brand: str | None) -> threading.Event:
    """Begin to register what is chosen of a draft; the event is set when that has ended.

    Raises InvalidInput where something is missing, Conflict where somebody else was quicker.
    """
    brand = clean_brand(brand)
    chosen = [one for one in entries if one.chosen and one.is_open]
    if not chosen:
        raise InvalidInput("Nothing is chosen: choose the products that are yours.")
    if brand is None and any(one.entry is not None and one.entry.brand is None for one in chosen):
        raise InvalidInput("The brand is not named: name that of the products that have none.")
    with session.act("draft.register", draft.source[:300], products=len(chosen)) as connection:
        held = begin_registering(connection, draft, as_json(entries), brand, now())
    return session.installation.background.start(lambda: _register(session, held))


def _read(session: Session, draft: Draft, find: Callable[[Tell], FoundProducts]) -> None:
    try:
        found = find(_teller(session, draft))
    except Superseded:
        return
    except CounterfoilError as error:
        _end(session, draft, DraftState.FAILED, (), said=str(error))
        return
    except BaseException:
        _end(session, draft, DraftState.FAILED, (), said="Counterfoil has made a mistake; its log says which.")
        raise
    _end(session, draft, DraftState.READY, found.entries, said=found.said, brand=draft.brand or found.brand)


def _register(session: Session, draft: Draft) -> None:
    entries = entries_of(draft)
    chosen = [number for number, one in enumerate(entries) if one.chosen and one.is_open]
    tell = _teller(session, draft)
    try:
        for done, number in enumerate(chosen, 1):
            entries[number] = _registered(session, entries[number], draft.brand)
            tell(done, len(chosen))
    except Superseded:
        # What is registered stays; registering it again changes nothing.
        return
    _end(session, draft, DraftState.REGISTERED, entries)


def _registered(session: Session, one: DraftEntry, brand: str | None) -> DraftEntry:
    try:
        stored = [(picture.sha256 or "", picture.source) for picture in one.chosen_pictures]
        made = register_stored(session, _required(one), stored, brand=brand)
    except CounterfoilError as error:
        return replace(one, refused=str(error))
    return replace(one, refused=None, product_id=made.product.id if made.product else None)


def _required(one: DraftEntry) -> Entry:
    assert one.entry is not None  # noqa: S101 - only open entries are registered
    return one.entry


def _teller(session: Session, draft: Draft) -> Tell:
    told = -math.inf

    def tell(done: int, total: int | None) -> None:
        nonlocal told
        if time.monotonic() < told + _TOLD_EVERY_SECONDS:
            return
        told = time.monotonic()
        with session.write() as connection:
            if not tell_progress(connection, draft, done, total, now()):
                raise Superseded("Nobody wants draft {id} any more.", id=draft.id)

    return tell


def _end(
    session: Session,
    draft: Draft,
    state: DraftState,
    entries: Sequence[DraftEntry],
    *,
    said: str | None = None,
    brand: str | None = None,
) -> None:
    with session.write() as connection:
        end_step(connection, draft, state, as_json(entries), said=said, brand=brand)


def draft_of(session: Session, draft_id: int, kind: DraftKind | None = DraftKind.PRODUCTS) -> Draft:
    """One of the owner's drafts of a kind, or of any. Raises NotFound."""
    with session.read() as connection:
        draft = get_draft(connection, session.owner.id, draft_id)
    if kind is not None and draft.kind is not kind:
        raise NotFound(
            "There is no draft {draft_id}: it may have been discarded. Read the address or file again.",
            draft_id=draft_id,
        )
    return draft
