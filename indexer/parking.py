"""Sets aside what an index can never take, so that it is neither sent for ever nor forgotten."""

import logging
from collections.abc import Sequence

import sqlalchemy as sa

from counterfoil.clock import now
from counterfoil.store.outbox import park
from indexer.base import PutOutcome, PutStatus
from indexer.document import SuspectDocument

log = logging.getLogger(__name__)


def park_refused(
    connection: sa.Connection, documents: Sequence[SuspectDocument], outcomes: Sequence[PutOutcome]
) -> None:
    """Park the documents that were refused, and say so."""
    for document, outcome in zip(documents, outcomes, strict=True):
        if outcome.status is PutStatus.REFUSED:
            reason = outcome.reason or "no reason was given"
            park(connection, document.owner_id, document.id, document.revision, reason, now())
            log.error("suspect %s cannot be indexed and is parked: %s", document.id, reason)
