"""Answers kept under the key that the asker chose, so that asking again makes nothing twice."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from counterfoil.exceptions import InvalidInput
from counterfoil.store.conditional import insert_new
from counterfoil.store.tables import idempotency_keys

KEPT_FOR = timedelta(hours=24)
_columns = idempotency_keys.c


def claim_key(
    connection: sa.Connection, owner_id: int, key_sha256: str, request_sha256: str, now: datetime
) -> Mapping[str, Any] | None:
    """Take a key for a request; or the answer that it was given before. Raises InvalidInput for another request.

    Whoever comes second while the first is at work waits for it: the key is held until the transaction ends.
    """
    connection.execute(idempotency_keys.delete().where(_columns.created_at < now - KEPT_FOR))
    values = {"owner_id": owner_id, "key_sha256": key_sha256, "request_sha256": request_sha256, "created_at": now}
    if insert_new(connection, idempotency_keys, {**values, "answer": {}}) is not None:
        return None
    row = connection.execute(sa.select(idempotency_keys).where(_columns.key_sha256 == key_sha256)).one()
    if row.request_sha256 != request_sha256:
        raise InvalidInput("This Idempotency-Key was used for another request: choose a new one for each.")
    answer: Mapping[str, Any] = row.answer
    return answer


def keep_answer(connection: sa.Connection, key_sha256: str, answer: Mapping[str, Any]) -> None:
    """Keep the answer to the request that has taken the key, in the same transaction."""
    connection.execute(idempotency_keys.update().where(_columns.key_sha256 == key_sha256).values(answer=dict(answer)))
