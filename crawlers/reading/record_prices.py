"""The price of a JSON record: which of its amounts is the one to pay now, told by what their keys are called."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from crawlers.currencies import currency_code
from crawlers.prices import PriceText, read_price, read_price_text
from crawlers.reading.leaves import Leaf, Leaves, bare_name

_OTHER = re.compile(
    r"original|origin|(?:^|[^g])old|was|list(?:price)?$|listprice|retailprice|rrp|msrp|regular|before|sav(?:e|ing)|"
    r"shipping|delivery|freight|postage|fee|tax|unitprice|perunit|installment|coupon|compare|cash|exchange|average|"
    r"deposit|reserve|strike|cross|klarna|usd|converted|bid(?!price)|market|suggest|wholesale|volume|tier|"
    r"schema|export|"
    r"credit|points?|rate|history|hkprice|intprice|euprice|usprice|basis|full|max|high|discount$|priceafter"
)
_NOW = re.compile(
    r"^(?:final|current|now|sale|sales|sell|selling|deal|promotion(?:al)?|promo|act|special|view|offer|purchase|our|"
    r"salesmin|minfinal|pay|topay)(?:min)?price(?:s|info|module)?$|^pricetopay$|^activityprice$|appsaleprice$"
)
_CUT = re.compile(r"^(?:item|product|goods)?discount(?:ed)?price$")
_PLAIN = re.compile(
    r"^(?:item|product|goods|base|display|extracted|sku|app|formatted|buynow|fixed|unit|main|normal)*prices?\d?"
    r"(?:info|value|amount|module|data)?$|^amount$"
)
_LOW = re.compile(
    r"^(?:min|low|lowest|from|starting|minimum)(?:est)?(?:price|amount)$|^price(?:min|from|low)$|^minactivityamount$"
)
_HIGH = re.compile(
    r"^(?:sales)?(?:max|high|highest|maximum|to)(?:price|amount)$|^price(?:max|to|high)$|^maxactivityamount$"
)
_OLD_HIGH = re.compile(r"before|original|old|list|rrp|regular|usedexclude")
_CLASSES = (_NOW, _CUT, _PLAIN, _LOW)
_CUT_CLASS = _CLASSES.index(_CUT)
_PLAIN_CLASS = _CLASSES.index(_PLAIN)
_LOW_CLASS = _CLASSES.index(_LOW)
_VALUES = (
    "value",
    "amount",
    "price",
    "minprice",
    "min",
    "lowprice",
    "number",
    "raw",
    "text",
    "formatted",
    "formattedvalue",
    "encoded",
)
_WORDS = frozenset({"text", "from", "raw", "formatted", "formattedvalue"})
_CURRENCY = re.compile(r"currency(?:code|id|iso|symbol|sign)?$|^currencycode|^ccy$")
_NOT_HERE = re.compile(r"from|original|target|convert")
_MINOR_UNITS = frozenset({"currencyminorunit", "fractiondigits", "minorunit"})
_VARIANTS = re.compile(r"variants?$|skus?$|skulist$|offers?$|retailers?$")
_VARIANT_PRICES = frozenset({"price", "saleprice", "currentprice", "amount"})


@dataclass(frozen=True, slots=True)
class RecordPrice:
    """The price of a record, from `low` to `high` (None where it is one price)."""

    low: Decimal | None = None
    high: Decimal | None = None
    currency: str | None = None


def record_price(leaves: Leaves, used_here: Sequence[str]) -> RecordPrice:
    """The price to pay that a record states; of its variants where only they have prices."""
    ranked = []
    for leaf in leaves.all:
        # Of several in a list only where the list is of prices.
        rank = None if leaf.inner or (leaf.listed and "price" not in leaf.keys[0]) else _rank(leaf.keys)
        read = _amount(leaf, leaves, used_here) if rank is not None else None
        if rank is not None and read is not None and read.low > 0:
            ranked.append((rank, leaf, read))
    if not ranked:
        return _variants(leaves, used_here)
    ranked.sort(key=lambda one: one[0])
    plain = [read.low for rank, _, read in ranked if rank[0] == _PLAIN_CLASS]
    # A "discount price" that is dearer than the plain one is none.
    fitting = [one for one in ranked if one[0][0] != _CUT_CLASS or all(one[2].low <= price for price in plain)]
    _, leaf, chosen = (fitting or ranked)[0]
    currency = chosen.currency or _currency_beside(leaves, leaf, used_here)
    if currency is None:
        currency = next((one.currency for _, _, one in ranked if one.currency and one.low == chosen.low), None)
    high = chosen.high or _high(leaves, used_here)
    return RecordPrice(chosen.low, high if high is not None and high > chosen.low else None, currency)


def record_currency(leaves: Leaves, used_here: Sequence[str]) -> str | None:
    """The currency that a record names anywhere."""
    for leaf in leaves.all:
        if (
            is_currency(leaf.name)
            and isinstance(leaf.value, str)
            and not leaf.inner
            and not _NOT_HERE.search(leaf.name)
        ):
            code = currency_code(leaf.value, used_here)
            if code:
                return code
    return None


def stated_currency(data: Any) -> str | None:
    """The one currency that a document states outside its records; None where it states none or several."""
    found: set[str] = set()
    waiting: list[tuple[Any, int]] = [(data, 0)]
    for _ in range(20_000):
        if not waiting:
            break
        node, depth = waiting.pop()
        if isinstance(node, list):
            waiting.extend((one, depth + 1) for one in node[:5] if depth < 4)
        if not isinstance(node, dict):
            continue
        for key, child in node.items():
            named = is_currency(bare_name(str(key)))
            if isinstance(child, dict | list):
                if depth < 7:
                    waiting.append((child, depth + 1))
                said = (
                    child.get("sign") or child.get("code") or child.get("symbol") if isinstance(child, dict) else None
                )
            else:
                said = child
            code = currency_code(said) if named and isinstance(said, str) and len(said) <= 6 else None
            found.update({code} if code else ())
    return found.pop() if len(found) == 1 else None


@lru_cache(maxsize=50_000)
def is_currency(name: str) -> bool:
    """Whether a value of this name is a currency."""
    return bool(_CURRENCY.search(name))


@lru_cache(maxsize=50_000)
def _rank(keys: tuple[str, ...]) -> tuple[int, int, int] | None:
    """How likely the value at a path is the price to pay: the class of its name, its depth, what wraps it."""
    if not keys or len(keys) > 4 or any(map(_OTHER.search, keys)):
        return None
    wrapped = keys[-1] in _VALUES and len(keys) > 1
    if any("range" in key for key in keys) and keys[-1] in _WORDS:
        return None
    wrapper = _VALUES.index(keys[-1]) if wrapped else 0
    named = keys[:-1] if wrapped else keys[-1:]
    for order, pattern in enumerate(_CLASSES):
        if any(map(pattern.match, named)):
            return order, len(keys), wrapper
    if wrapped and _LOW.match(keys[-1]):
        return _LOW_CLASS, len(keys), 0
    return None


def _amount(leaf: Leaf, leaves: Leaves, used_here: Sequence[str]) -> PriceText | None:
    if isinstance(leaf.value, bool):
        return None
    exact = read_price(leaf.value)
    if exact is None:
        return read_price_text(leaf.value, used_here) if isinstance(leaf.value, str) else None
    places = _minor_unit(leaf, leaves)
    return PriceText(exact.value.scaleb(-places) if places else exact.value, None, exact.currency)


def _minor_unit(leaf: Leaf, leaves: Leaves) -> int:
    """Of how many digits a price is written without its point, where the object around it says so."""
    for other in leaves.all:
        if other.name in _MINOR_UNITS and other.keys[:-1] == leaf.keys[: len(other.keys) - 1]:
            text = str(other.value)
            return int(text) if text in {"0", "1", "2", "3"} else 0
    return 0


def _high(leaves: Leaves, used_here: Sequence[str]) -> Decimal | None:
    found = []
    for leaf in leaves.all:
        named = leaf.keys[-2] if len(leaf.keys) > 1 and leaf.name in _VALUES else leaf.name
        if leaf.inner or leaf.listed or not _HIGH.match(named) or any(map(_OLD_HIGH.search, leaf.keys)):
            continue
        read = _amount(leaf, leaves, used_here)
        if read is not None and read.low > 0:
            found.append((not named.startswith("sales"), read.low))
    return min(found)[1] if found else None


def _currency_beside(leaves: Leaves, leaf: Leaf, used_here: Sequence[str]) -> str | None:
    """The currency that stands in the same object as the price, else in the nearest around it."""
    beside = [one for one in leaves.all if is_currency(one.name) and isinstance(one.value, str)]
    for depth in range(len(leaf.keys) - 1, -1, -1):
        for other in beside:
            if other.keys[:depth] == leaf.keys[:depth] and len(other.keys) == depth + 1:
                code = None if _NOT_HERE.search(other.name) else currency_code(other.value, used_here)
                if code:
                    return code
    return None


def _variants(leaves: Leaves, used_here: Sequence[str]) -> RecordPrice:
    found = []
    for leaf in leaves.all:
        inside = leaf.keys[:-1]
        if not inside or len(inside) > 2 or not _VARIANTS.search(inside[0]) or leaf.name not in _VARIANT_PRICES:
            continue
        read = None if any(map(_OTHER.search, leaf.keys)) else _amount(leaf, leaves, used_here)
        if read is not None and read.low > 0:
            found.append(read)
    if not found:
        return RecordPrice()
    low, high = min(one.low for one in found), max(one.low for one in found)
    return RecordPrice(low, high if high > low else None, found[0].currency)
