"""Only one process fills a generation at a time: a lease in a document of its own, changed only as it was read.

Who holds it renews it; who was killed lets it lapse. Clocks of the machines may differ by less than the lease.
"""

import uuid
from datetime import datetime, timedelta
from typing import Any

from elasticsearch import ApiError, ConflictError, Elasticsearch, NotFoundError

from counterfoil.clock import now
from counterfoil.exceptions import Conflict

_ID = "rebuild"
_MAPPINGS = {"dynamic": "strict", "properties": {"holder": {"type": "keyword"}, "until": {"type": "date"}}}


class Lease:
    """The right to fill a generation, held until it is let go or lapses."""

    def __init__(self, client: Elasticsearch, index: str, seconds: float) -> None:
        self._client = client
        self._index = index
        self._seconds = seconds
        self._holder = uuid.uuid4().hex
        self._seen: dict[str, Any] = {}

    def take(self) -> None:
        """Take it where nobody has it. Raises Conflict."""
        self._make_index()
        kept = self._read()
        if kept and datetime.fromisoformat(kept["until"]) > now():
            raise Conflict("The suspect index is being rebuilt by another process just now.")
        self._write()

    def renew(self) -> None:
        """Keep it. Raises Conflict when another has taken it."""
        self._write()

    def let_go(self) -> None:
        """Give it back, unless another has taken it."""
        try:
            self._client.delete(index=self._index, id=_ID, **self._seen)
        except (ConflictError, NotFoundError):
            return

    def _make_index(self) -> None:
        settings = {"number_of_shards": 1, "auto_expand_replicas": "0-1"}
        try:
            self._client.indices.create(index=self._index, mappings=_MAPPINGS, settings=settings)
        except ApiError as error:
            if error.message != "resource_already_exists_exception":
                raise

    def _read(self) -> dict[str, Any] | None:
        try:
            found = self._client.get(index=self._index, id=_ID)
        except NotFoundError:
            self._seen = {}
            return None
        self._seen = {"if_seq_no": found["_seq_no"], "if_primary_term": found["_primary_term"]}
        return dict(found["_source"])

    def _write(self) -> None:
        until = now() + timedelta(seconds=self._seconds)
        how: dict[str, Any] = {**self._seen} if self._seen else {"op_type": "create"}
        try:
            written = self._client.index(
                index=self._index, id=_ID, document={"holder": self._holder, "until": until.isoformat()}, **how
            )
        except ConflictError as error:
            raise Conflict("The suspect index is being rebuilt by another process just now.") from error
        self._seen = {"if_seq_no": written["_seq_no"], "if_primary_term": written["_primary_term"]}
