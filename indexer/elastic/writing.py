"""Sends documents in bulks, and says what became of each.

The suspect's id is the document's and its revision the document's version, so that sending twice, or an old revision
late, changes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from elastic_transport import SerializationError
from elasticsearch import ApiError, Elasticsearch
from elasticsearch.helpers import parallel_bulk, streaming_bulk

from counterfoil.exceptions import IndexUnavailable
from indexer.base import PutOutcome, PutStatus
from indexer.document import SuspectDocument, problem_with
from indexer.elastic.client import meaning_of
from indexer.elastic.fields import rules, source_of

_AT_ONCE = 500
_SIDE_BY_SIDE = 2
_BYTES_AT_ONCE = 8 * 1024 * 1024
# What is wrong with the document itself; everything else is wrong with the server or the index.
_POISONED = {
    "document_parsing_exception",
    "mapper_parsing_exception",
    "strict_dynamic_mapping_exception",
    "illegal_argument_exception",
}
# All that is read of a bulk's answer: the rest would cost both sides a quarter of their time.
_ANSWER = ["errors", "items.*.status", "items.*._index", "items.*.error"]
_BAD = 400
_STALE = 409
_TOO_LARGE = 413


@dataclass(frozen=True, slots=True)
class _Ready:
    """A document and the bytes that are sent for it."""

    document: SuspectDocument
    source: bytes


def put_all(
    client: Elasticsearch, alias: str, documents: Sequence[SuspectDocument], *, at_once: bool
) -> tuple[list[PutOutcome], set[str]]:
    """Store documents in the index that an alias leads to; their outcomes, and the indices that answered.

    Raises IndexMissing where there is no such alias, IndexUnavailable, and the client's errors.
    """
    outcomes: dict[int, PutOutcome] = {}
    sound = []
    for document in documents:
        ready = _make_ready(client, document)
        if isinstance(ready, _Ready):
            sound.append(ready)
        else:
            outcomes[document.id] = _outcome(document, PutStatus.REFUSED, ready)
    answered = _send(client, alias, sound, at_once=at_once)
    if any(result["status"] == _BAD for result in answered):
        _refuse_other_rules(client, alias)
    for ready, result in zip(sound, answered, strict=True):
        outcomes[ready.document.id] = _judge(ready.document, result)
    return [outcomes[document.id] for document in documents], {result["_index"] for result in answered}


def _make_ready(client: Elasticsearch, document: SuspectDocument) -> _Ready | str:
    """What is sent for a document, or why it can never be."""
    problem = problem_with(document)
    if problem is not None:
        return problem
    serializer = client.transport.serializers.get_serializer("application/json")
    try:
        return _Ready(document, serializer.dumps(source_of(document)))
    except SerializationError as error:
        return f"it cannot be written as JSON: {error.errors[0] if error.errors else error}"


def _refuse_other_rules(client: Elasticsearch, alias: str) -> None:
    """An index that others have made refuses what is no fault of the document."""
    for index, kept in client.indices.get_mapping(index=alias).items():
        if kept["mappings"].get("_meta", {}).get("rules") != rules():
            raise IndexUnavailable(
                "The suspect index {index} was made by another program or version. Run `counterfoil index rebuild`.",
                index=index,
            )


def _outcome(document: SuspectDocument, status: PutStatus, reason: str | None = None) -> PutOutcome:
    return PutOutcome(suspect_id=document.id, revision=document.revision, status=status, reason=reason)


def _send(client: Elasticsearch, alias: str, ready: Sequence[_Ready], *, at_once: bool) -> list[Mapping[str, Any]]:
    """The server's answer for each document; a bulk that is too large is sent in halves."""
    how: dict[str, Any] = {"chunk_size": _AT_ONCE, "max_chunk_bytes": _BYTES_AT_ONCE, "raise_on_error": False}
    how |= {"require_alias": True, "refresh": at_once, "filter_path": _ANSWER, "expand_action_callback": _lines}
    actions = (_action(alias, one) for one in ready)
    # Several bulks at once, in their order: while the server indexes one, the next is on its way.
    several = len(ready) > _AT_ONCE
    sent = parallel_bulk(client, actions, _SIDE_BY_SIDE, **how) if several else streaming_bulk(client, actions, **how)
    try:
        return [next(iter(item.values())) for _, item in sent]
    except ApiError as error:
        if error.status_code != _TOO_LARGE:
            raise
    if len(ready) == 1:
        return [{"_index": alias, "status": _TOO_LARGE, "error": {"type": "too_large", "reason": "it is too large"}}]
    half = len(ready) // 2
    return [
        *_send(client, alias, ready[:half], at_once=at_once),
        *_send(client, alias, ready[half:], at_once=at_once),
    ]


def _action(alias: str, ready: _Ready) -> dict[str, Any]:
    # The same revision again overwrites: it may say more than it did.
    version = {"version_type": "external_gte", "version": ready.document.revision}
    return {"index": {"_index": alias, "_id": str(ready.document.id), **version}, "source": ready.source}


def _lines(action: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    return {"index": action["index"]}, action["source"]


def _judge(document: SuspectDocument, result: Mapping[str, Any]) -> PutOutcome:
    error = result.get("error")
    if error is None:
        return _outcome(document, PutStatus.STORED)
    if result["status"] == _STALE:
        return _outcome(document, PutStatus.STALE)
    if result["status"] == _TOO_LARGE or error["type"] in _POISONED:
        return _outcome(document, PutStatus.REFUSED, f"Elasticsearch refuses it: {_reason(error)}")
    raise meaning_of(result["status"], error["type"], _reason(error), result["_index"])


def _reason(error: Mapping[str, Any]) -> str:
    """What Elasticsearch says, the deeper cause included."""
    said = str(error.get("reason", error["type"]))
    cause = error.get("caused_by")
    return f"{said}: {_reason(cause)}" if cause else said
