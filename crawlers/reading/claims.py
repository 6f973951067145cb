"""What single sources say about a listing, and how they are put together: the more trusted wins, and says so."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from crawlers.reading.listing import FIELDS, ReadListing
from crawlers.reading.text import bare

# Fields that belong to one another are taken from one source or not at all.
_TOGETHER = {"price": ("price_max",), "seller": ("seller_id", "seller_url", "seller_rating"), "rating": ("ratings",)}
_LED = frozenset(name for names in _TOGETHER.values() for name in names)
# Of these several sources seldom use the same words: a difference is no news.
_NO_WARNING = frozenset(
    {"description", "images", "url", "category", "id", "availability", "sku", "seller", "condition"}
)
_LONGEST_IN_WARNING = 60


@dataclass(frozen=True, slots=True)
class Claims:
    """What one source says: values by field name. Absent fields are absent; `exact` marks a price of one offer."""

    source: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def get(self, name: str) -> Any:
        """The value of a field, None where the source says nothing."""
        return self.values.get(name)


def claims(source: str, **values: Any) -> Claims:
    """Claims without the fields that say nothing."""
    return Claims(source, {name: value for name, value in values.items() if value not in (None, "", (), [])})


def settle(said: Sequence[Claims], rank: int | None = None) -> tuple[ReadListing, list[str]]:
    """One listing out of what several sources say, the most trusted first, and a warning for each contradiction."""
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    warnings: list[str] = []
    for name in FIELDS:
        if name in _LED or name == "currency":
            continue
        stating = [one for one in said if one.get(name) is not None]
        if not stating:
            continue
        winner = stating[0]
        for taken in (name, *_TOGETHER.get(name, ())):
            if winner.get(taken) is not None:
                values[taken], sources[taken] = winner.get(taken), winner.source
        warnings.extend(_contradictions(name, winner, stating[1:]))
    _settle_seller(said, values, sources)
    _settle_currency(said, values, sources, warnings)
    if values.get("price_max") is not None and values["price_max"] <= values["price"]:
        del values["price_max"], sources["price_max"]
    return ReadListing(**values, rank=rank, sources=sources), warnings


def _settle_seller(said: Sequence[Claims], values: dict[str, Any], sources: dict[str, str]) -> None:
    """A seller that no source names may still have an id or a page."""
    if "seller" in values:
        return
    for name in ("seller_id", "seller_url", "seller_rating"):
        for one in said:
            if one.get(name) is not None:
                values[name], sources[name] = one.get(name), one.source
                break


def _settle_currency(
    said: Sequence[Claims], values: dict[str, Any], sources: dict[str, str], warnings: list[str]
) -> None:
    """The currency of the source that the price is from; else of a source that states the same price, or no price."""
    with_currency = [one for one in said if one.get("currency") is not None]
    if not with_currency:
        return
    if "price" not in values:
        values["currency"], sources["currency"] = with_currency[0].get("currency"), with_currency[0].source
        return
    own = [one for one in with_currency if one.source == sources["price"] and one.get("price") == values["price"]]
    alike = [one for one in with_currency if one.get("price") == values["price"]]
    unpriced = [one for one in with_currency if one.get("price") is None]
    chosen = next(iter([*own, *alike, *unpriced]), None)
    if chosen is None:
        return
    values["currency"], sources["currency"] = chosen.get("currency"), chosen.source
    for other in alike:
        if other.get("currency") != values["currency"]:
            warnings.append(
                f"currency: {chosen.source} says {values['currency']}, {other.source} says {other.get('currency')}"
            )


def _contradictions(name: str, winner: Claims, others: Iterable[Claims]) -> Iterable[str]:
    if name in _NO_WARNING:
        return
    value = winner.get(name)
    for other in others:
        if not _agree(name, value, other.get(name), winner, other):
            yield f"{name}: {winner.source} says {_short(value)}, {other.source} says {_short(other.get(name))}"


def _agree(name: str, one: Any, other: Any, winner: Claims, stating: Claims) -> bool:
    if isinstance(one, Decimal):
        currencies = {winner.get("currency"), stating.get("currency")} - {None}
        return one == other or len(currencies) > 1
    if isinstance(one, str) and isinstance(other, str):
        short, long = sorted((bare(one), bare(other)), key=len)
        return short in long
    return bool(one == other)


def _short(value: Any) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= _LONGEST_IN_WARNING else text[: _LONGEST_IN_WARNING - 1] + "…"
