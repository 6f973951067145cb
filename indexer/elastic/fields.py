"""The one list of fields: what Elasticsearch keeps of a suspect, how it is mapped, and how it is read back.

Names follow the Elastic Common Schema where it has one (`@timestamp`, `url.full`), so that they read well in Kibana.
Words are searched in `tokens.*`, which `counterfoil.text` makes for every index alike; the raw title and description
stand beside them. Times are also microseconds and prices millionths, whole numbers both, so that they compare exactly.
(`date_nanos` would do for times, but a date histogram over it fails where a segment has no such document.)
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar

from counterfoil.models import Reason, ReasonKind, SuspectState, Triage, VerdictKind
from counterfoil.text import tokens
from indexer.document import (
    SuspectDocument,
    SuspectImage,
    SuspectProduct,
    SuspectSeller,
    microseconds,
    millionths,
    searched_texts,
    seller_value,
)
from indexer.query import UNJUDGED

T = TypeVar("T")

# What is longer than a term may be (32,766 bytes) is kept and not found by, instead of refusing the whole document.
_KEYWORD = {"type": "keyword", "ignore_above": 8_191}
_KEPT = {"type": "keyword", "index": False, "doc_values": False, "ignore_above": 8_191}
_TIME = {"type": "date"}
# Between two texts lie this many places, so that no phrase reaches from one into the next.
_TOKENS = {"type": "text", "analyzer": "whitespace", "norms": False, "position_increment_gap": 100}

# A probe of the rules that tokens are made by: an index made by others finds too little, and must be rebuilt.
_PROBE = "Ａdidas® Ѕneakers 手机壳 스니커즈 ラーメン Café Ærø Straße 100% d'Or ١٢٣ กระเป๋า naïve-É 😀 𝓝𝓲𝓴𝓮 1,299.00€"


@dataclass(frozen=True, slots=True)
class Field(Generic[T]):
    """One field: its name, its mapping, and what of a document (or of a part of one) it holds."""

    name: str
    mapping: Mapping[str, Any]
    read: Callable[[T], Any]


_DOCUMENT: Sequence[Field[SuspectDocument]] = (
    Field("@timestamp", _TIME, lambda one: one.first_suspected_at),
    Field("owner.id", _KEYWORD, lambda one: str(one.owner_id)),
    Field("suspect.id", {"type": "long"}, lambda one: one.id),
    Field("suspect.revision", {"type": "long"}, lambda one: one.revision),
    Field("suspect.score", {"type": "double"}, lambda one: one.score),
    Field("suspect.state", _KEYWORD, lambda one: one.state.value),
    Field("suspect.verdict", _KEYWORD, lambda one: one.verdict or UNJUDGED),
    Field("suspect.triage", _KEYWORD, lambda one: one.triage.value),
    Field("suspect.snoozed_until", _TIME, lambda one: one.snoozed_until),
    Field("suspect.microseconds", {"type": "long"}, lambda one: microseconds(one.first_suspected_at)),
    Field("suspect.updated", _TIME, lambda one: one.updated_at),
    Field("listing.id", {"type": "long"}, lambda one: one.listing_id),
    Field("listing.key", _KEYWORD, lambda one: one.listing_key),
    Field("listing.title", {"type": "text", "analyzer": "standard"}, lambda one: one.title),
    Field("listing.description", {"type": "text", "index": False}, lambda one: one.description),
    Field("listing.first_seen", _TIME, lambda one: one.first_seen_at),
    Field("listing.last_seen", _TIME, lambda one: one.last_seen_at),
    Field("marketplace.name", _KEYWORD, lambda one: one.marketplace),
    Field("url.full", _KEYWORD, lambda one: one.url),
    # Written as text: as a number of JSON it would come back as 19.9, or rounded.
    Field("price.amount", {"type": "double"}, lambda one: None if one.price is None else str(one.price)),
    Field("price.millionths", {"type": "long"}, lambda one: None if one.price is None else millionths(one.price)),
    Field("price.currency", _KEYWORD, lambda one: one.currency),
    Field("seller.id", _KEYWORD, lambda one: seller_value(one.marketplace, one.seller.key) if one.seller else None),
    Field("seller.key", _KEYWORD, lambda one: one.seller.key if one.seller else None),
    Field("seller.name", _KEYWORD, lambda one: one.seller.name if one.seller else None),
    Field("image.url", _KEPT, lambda one: one.image.url if one.image else None),
    Field("image.sha256", _KEYWORD, lambda one: one.image.sha256 if one.image else None),
)
_PRODUCT: Sequence[Field[SuspectProduct]] = (
    Field("id", _KEYWORD, lambda one: str(one.id)),
    Field("name", _KEYWORD, lambda one: one.name),
    Field("score", {"type": "double"}, lambda one: one.score),
    Field("brand.id", _KEYWORD, lambda one: str(one.brand_id)),
    Field("brand.name", _KEYWORD, lambda one: one.brand_name),
)
_REASON: Sequence[Field[Reason]] = (
    Field("kind", _KEYWORD, lambda one: one.kind.value),
    Field("weight", {"type": "double"}, lambda one: one.weight),
    Field("text", _KEPT, lambda one: one.text),
    # Whatever a reason shows as evidence: kept as it is, never mapped.
    Field("evidence", {"type": "object", "enabled": False}, lambda one: dict(one.evidence)),
)
_SEARCHED = {"tokens.title": _TOKENS, "tokens.any": _TOKENS}


def mappings() -> dict[str, Any]:
    """The mapping of the index: these fields and no others."""
    properties: dict[str, Any] = {field.name: field.mapping for field in _DOCUMENT}
    properties |= {f"product.{field.name}": field.mapping for field in _PRODUCT}
    properties |= {f"reason.{field.name}": field.mapping for field in _REASON}
    return {
        "dynamic": "strict",
        "_meta": {"rules": rules()},
        # Made from the texts, and never shown.
        "_source": {"excludes": list(_SEARCHED)},
        "properties": properties | _SEARCHED,
    }


def rules() -> str:
    """Names the rules that documents are made by; an index made by others must be rebuilt."""
    fields = [(field.name, field.mapping) for fields in (_DOCUMENT, _PRODUCT, _REASON) for field in fields]
    said = json.dumps([fields, _SEARCHED, tokens(_PROBE)], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def source_of(document: SuspectDocument) -> dict[str, Any]:
    """What is sent to Elasticsearch for a document."""
    title, others = searched_texts(document)
    searched_title = " ".join(tokens(title))
    return {
        **_read(_DOCUMENT, document),
        "product": [_read(_PRODUCT, product) for product in document.products],
        "reason": [_read(_REASON, reason) for reason in document.reasons],
        "tokens.title": searched_title,
        "tokens.any": [searched_title, *(" ".join(tokens(text)) for text in others)],
    }


def document_of(source: Mapping[str, Any]) -> SuspectDocument:
    """The document that `source_of` was given."""
    verdict, amount = source["suspect.verdict"], source.get("price.amount")
    snoozed_until = source.get("suspect.snoozed_until")
    return SuspectDocument(
        id=source["suspect.id"],
        owner_id=int(source["owner.id"]),
        revision=source["suspect.revision"],
        listing_id=source["listing.id"],
        marketplace=source["marketplace.name"],
        listing_key=source["listing.key"],
        url=source["url.full"],
        title=source["listing.title"],
        description=source.get("listing.description"),
        price=None if amount is None else Decimal(amount),
        currency=source.get("price.currency"),
        seller=SuspectSeller(key=source["seller.key"], name=source.get("seller.name"))
        if "seller.key" in source
        else None,
        products=products_of(source),
        score=source["suspect.score"],
        reasons=tuple(_reason(one) for one in source["reason"]),
        image=SuspectImage(url=source["image.url"], sha256=source.get("image.sha256"))
        if "image.url" in source
        else None,
        verdict=None if verdict == UNJUDGED else VerdictKind(verdict),
        triage=Triage(source["suspect.triage"]),
        snoozed_until=datetime.fromisoformat(snoozed_until) if snoozed_until else None,
        state=SuspectState(source["suspect.state"]),
        first_seen_at=datetime.fromisoformat(source["listing.first_seen"]),
        last_seen_at=datetime.fromisoformat(source["listing.last_seen"]),
        first_suspected_at=datetime.fromisoformat(source["@timestamp"]),
        updated_at=datetime.fromisoformat(source["suspect.updated"]),
    )


def products_of(source: Mapping[str, Any]) -> tuple[SuspectProduct, ...]:
    """The products in what Elasticsearch has kept."""
    return tuple(
        SuspectProduct(
            id=int(one["id"]),
            name=one["name"],
            brand_id=int(one["brand.id"]),
            brand_name=one["brand.name"],
            score=one["score"],
        )
        for one in source["product"]
    )


def _read(fields: Sequence[Field[T]], one: T) -> dict[str, Any]:
    return {field.name: value for field in fields if (value := field.read(one)) is not None}


def _reason(kept: Mapping[str, Any]) -> Reason:
    return Reason(kind=ReasonKind(kept["kind"]), weight=kept["weight"], text=kept["text"], evidence=kept["evidence"])
