"""A suspect's document as bytes and back, for an index that keeps it whole."""

import zlib
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson

from counterfoil.models import Reason, ReasonKind, SuspectState, Triage, VerdictKind
from indexer.document import SuspectDocument, SuspectImage, SuspectProduct, SuspectSeller

_TIMES = ("first_seen_at", "last_seen_at", "first_suspected_at", "updated_at")
# Half the size for a tenth of the time that indexing the words takes.
_LEVEL = 3


def pack(document: SuspectDocument) -> bytes:
    """The whole document as compressed JSON. Raises TypeError for one that has no such form."""
    return zlib.compress(orjson.dumps(document, default=_plain), _LEVEL)


def unpack(data: bytes) -> SuspectDocument:
    """What `pack` made, as it was."""
    kept: dict[str, Any] = orjson.loads(zlib.decompress(data))
    times = {name: datetime.fromisoformat(kept[name]) for name in _TIMES}
    return SuspectDocument(
        **{
            **kept,
            **times,
            "price": None if kept["price"] is None else Decimal(kept["price"]),
            "seller": SuspectSeller(**kept["seller"]) if kept["seller"] else None,
            "products": tuple(SuspectProduct(**product) for product in kept["products"]),
            "reasons": tuple(_reason(reason) for reason in kept["reasons"]),
            "image": SuspectImage(**kept["image"]) if kept["image"] else None,
            "verdict": VerdictKind(kept["verdict"]) if kept["verdict"] else None,
            "state": SuspectState(kept["state"]),
            "triage": Triage(kept["triage"]),
            "snoozed_until": datetime.fromisoformat(kept["snoozed_until"]) if kept["snoozed_until"] else None,
        }
    )


def _reason(kept: Mapping[str, Any]) -> Reason:
    return Reason(**{**kept, "kind": ReasonKind(kept["kind"])})


def _plain(value: object) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{value!r} has no JSON form")
