"""Carries the outbox into the index. Crawling, judging and verdicts never wait for it.

What the index has is struck off the outbox, what it can never take is parked with the reason, and what it could not
take just now stays. Any number of these may run at once.
"""

import logging
import threading
import time
from contextlib import suppress
from dataclasses import dataclass

from counterfoil.exceptions import Conflict, IndexUnavailable, StoreError, StoreUnavailable
from counterfoil.store import Store
from counterfoil.store.outbox import OutboxRow, delivered, outbox_after
from indexer.base import IndexState, PutOutcome, PutStatus, SuspectIndex
from indexer.document import SuspectDocument
from indexer.loading import load_documents
from indexer.outage import Outage
from indexer.parking import park_refused
from indexer.rebuild import rebuild

log = logging.getLogger(__name__)

_AT_ONCE = 200
# How long a command waits for an index that another process is making just now.
_PATIENCE = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What one step did: how many documents were stored or stale, which were refused, and where the outbox goes on.

    `position` is None at the outbox's end.
    """

    stored: int = 0
    stale: int = 0
    refused: tuple[PutOutcome, ...] = ()
    position: int | None = None


def deliver_once(store: Store, index: SuspectIndex, position: int = 0) -> Delivered:
    """Put the suspects of the next outbox rows after `position` into the index. Raises IndexUnavailable.

    A refused document is parked and keeps no other from being delivered.
    """
    rows, documents = _next_documents(store, position)
    if not rows:
        return Delivered()
    outcomes = index.put(documents)
    taken = [outcome for outcome in outcomes if outcome.status is not PutStatus.REFUSED]
    with store.write() as connection:
        delivered(connection, [(outcome.suspect_id, outcome.revision) for outcome in taken])
        park_refused(connection, documents, outcomes)
    return Delivered(
        stored=sum(outcome.status is PutStatus.STORED for outcome in outcomes),
        stale=sum(outcome.status is PutStatus.STALE for outcome in outcomes),
        refused=tuple(outcome for outcome in outcomes if outcome.status is PutStatus.REFUSED),
        position=rows[-1].id if len(rows) == _AT_ONCE else None,
    )


def run_delivery(store: Store, index: SuspectIndex, stop: threading.Event, tick_seconds: float) -> None:
    """Deliver until `stop` is set; while index or database is away, wait longer and longer, and catch up later.

    An index that is missing, or that another version of the program made, is made anew first.
    """
    outage = Outage(
        stop,
        tick_seconds,
        waits="suspects wait to be indexed",
        back="the index is back: everything that waited is in it",
    )
    aside = 0
    while not stop.is_set():
        try:
            make_ready(store, index)
            _deliver_all(store, index, stop)
        except (IndexUnavailable, Conflict, StoreError) as error:
            aside = _put_aside(store, index.stand_in, stop, aside)
            outage.wait(error)
            continue
        outage.is_over()
        stop.wait(tick_seconds)


def make_ready(store: Store, index: SuspectIndex) -> None:
    """Make the index anew where there is none, or one of another version. Raises Conflict while another does."""
    state = index.state()
    if state is IndexState.READY:
        return
    count = rebuild(store, index)
    log.info("the index was %s: made from the database, with %s suspects", state, count)


def fill_if_missing(store: Store, index: SuspectIndex) -> None:
    """Make the index where there is none yet, or wait for the process that does. Raises IndexUnavailable."""
    end = time.monotonic() + _PATIENCE
    while index.state() is IndexState.MISSING:
        try:
            make_ready(store, index)
        except Conflict as error:
            if time.monotonic() > end:
                raise IndexUnavailable("The suspect index is being made just now: try again in a moment.") from error
            time.sleep(0.1)


def _next_documents(store: Store, position: int) -> tuple[list[OutboxRow], list[SuspectDocument]]:
    with store.read() as connection:
        rows = outbox_after(connection, position, _AT_ONCE)
        return rows, load_documents(connection, {row.suspect_id for row in rows})


def _deliver_all(store: Store, index: SuspectIndex, stop: threading.Event) -> None:
    position: int | None = 0
    while position is not None and not stop.is_set():
        position = deliver_once(store, index, position).position


def _put_aside(store: Store, stand_in: SuspectIndex | None, stop: threading.Event, position: int) -> int:
    """While the index is away, keep its stand-in up to date; how far the outbox has been gone through for it."""
    while stand_in is not None and not stop.is_set():
        try:
            rows, documents = _next_documents(store, position)
        except StoreUnavailable:
            # It is the database that is away: the caller has said so, and comes back here.
            break
        if not rows:
            break
        with suppress(IndexUnavailable):
            stand_in.put(documents)
        position = rows[-1].id
    return position
