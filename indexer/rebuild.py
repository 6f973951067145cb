"""Makes the index anew from the database, and compares the two.

A rebuild can be killed and repeated: it fills a generation of its own, which searches use only once it is whole.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from counterfoil.store import Store
from counterfoil.store.outbox import retry_parked
from counterfoil.store.suspects import suspect_ids_after, suspect_revisions
from indexer.base import Generation, PutStatus, SuspectIndex
from indexer.document import SuspectDocument
from indexer.loading import load_documents
from indexer.parking import park_refused

_AT_ONCE = 2_000


class DifferenceKind(StrEnum):
    """How index and database differ about a suspect: in the index it is ..."""

    MISSING = "missing"
    EXTRA = "extra"
    STALE = "stale"
    NEWER = "newer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A suspect that is not in the index as it is in the database; the revision of each, where it is there."""

    suspect_id: int
    kind: DifferenceKind
    stored: int | None
    indexed: int | None


def rebuild(store: Store, index: SuspectIndex, progress: Callable[[int], None] | None = None) -> int:
    """Fill a new generation from the database and publish it; how many suspects it holds.

    Searches go on in the old generation meanwhile, deliveries go to both. `progress` is called with the number of
    suspects so far. Raises Conflict while another process rebuilds, and IndexUnavailable.
    """
    generation = index.begin_generation()
    try:
        with store.write() as connection:
            retry_parked(connection)
        count = _fill(store, generation, progress)
        generation.publish()
    except BaseException:
        generation.abandon()
        raise
    return count


def verify(store: Store, index: SuspectIndex) -> list[Difference]:
    """Every difference between index and database, by suspect; changes that are still in the outbox count too.

    Raises IndexUnavailable when the index is damaged.
    """
    index.check()
    with store.read() as connection:
        stored = dict(suspect_revisions(connection))
    differences = []
    for suspect_id, indexed in index.revisions():
        difference = _difference(suspect_id, stored.pop(suspect_id, None), indexed)
        if difference:
            differences.append(difference)
    missing = [_difference(suspect_id, revision, None) for suspect_id, revision in stored.items()]
    return sorted([*differences, *(one for one in missing if one)], key=lambda one: one.suspect_id)


def _fill(store: Store, generation: Generation, progress: Callable[[int], None] | None) -> int:
    count = 0
    for documents in _all_documents(store):
        outcomes = generation.put(documents)
        if any(outcome.status is PutStatus.REFUSED for outcome in outcomes):
            with store.write() as connection:
                park_refused(connection, documents, outcomes)
        count += sum(outcome.status is not PutStatus.REFUSED for outcome in outcomes)
        if progress:
            progress(count)
    return count


def _all_documents(store: Store) -> Iterator[list[SuspectDocument]]:
    position = 0
    while True:
        # Each batch in a view of its own, taken after the generation began: what was delivered before is in it.
        with store.read() as connection:
            suspect_ids = suspect_ids_after(connection, position, _AT_ONCE)
            if not suspect_ids:
                return
            documents = load_documents(connection, suspect_ids)
        yield documents
        position = suspect_ids[-1]


def _difference(suspect_id: int, stored: int | None, indexed: int | None) -> Difference | None:
    if stored == indexed:
        return None
    kind = DifferenceKind.STALE
    if indexed is None:
        kind = DifferenceKind.MISSING
    elif stored is None:
        kind = DifferenceKind.EXTRA
    elif indexed > stored:
        kind = DifferenceKind.NEWER
    return Difference(suspect_id=suspect_id, kind=kind, stored=stored, indexed=indexed)
