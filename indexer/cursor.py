"""Page cursors: where a page ended, tied to the search it belongs to.

Opaque to callers: URL-safe text of the sort values of the last suspect, with a checksum over them and the query.
"""

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from counterfoil.exceptions import InvalidCursor
from indexer.query import SuspectQuery

_DIGEST_BYTES = 12
# What may change from page to page. `suspect_ids` grow while a run is under way: that changes no order.
_NOT_THE_SEARCH = ("cursor", "limit", "facets", "histogram", "suspect_ids")


def make_cursor(query: SuspectQuery, position: Sequence[int | str]) -> str:
    """The cursor after the suspect with these sort values in the answer to this query."""
    said = json.dumps(list(position), separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_digest(query, said) + said).decode().rstrip("=")


def read_cursor(query: SuspectQuery, *kinds: type[int | str]) -> list[Any] | None:
    """The sort values in the query's cursor, which are of these kinds; None when it has no cursor.

    Raises InvalidCursor when it was tampered with, or made for another search.
    """
    if query.cursor is None:
        return None
    position = _open(query, query.cursor)
    if [type(part) for part in position] != list(kinds) or not all(map(_fits, position)):
        raise _invalid()
    return position


def _open(query: SuspectQuery, cursor: str) -> list[Any]:
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except ValueError as error:
        raise _invalid() from error
    digest, said = raw[:_DIGEST_BYTES], raw[_DIGEST_BYTES:]
    if digest != _digest(query, said):
        raise _invalid()
    return list(json.loads(said))


def _fits(part: int | str) -> bool:
    return isinstance(part, str) or -(2**63) <= part < 2**63


def _digest(query: SuspectQuery, said: bytes) -> bytes:
    asked = {name: value for name, value in asdict(query).items() if name not in _NOT_THE_SEARCH}
    text = json.dumps(asked, sort_keys=True, default=str).encode()
    return hashlib.sha256(text + b"\0" + said).digest()[:_DIGEST_BYTES]


def _invalid() -> InvalidCursor:
    return InvalidCursor("This page cursor is not one of ours, or belongs to another search: start at the first page.")
