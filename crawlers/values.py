"""Reads single values of schema.org nodes, which say the same thing in many shapes."""

from decimal import Decimal
from typing import Any, TypeVar

T = TypeVar("T")

_WORDS = {
    "instock": "InStock",
    "available": "InStock",
    "outofstock": "OutOfStock",
    "oos": "OutOfStock",
    "soldout": "SoldOut",
    "preorder": "PreOrder",
    "backorder": "BackOrder",
    "discontinued": "Discontinued",
    "limitedavailability": "LimitedAvailability",
    "onlineonly": "OnlineOnly",
    "instoreonly": "InStoreOnly",
    "new": "NewCondition",
    "used": "UsedCondition",
    "refurbished": "RefurbishedCondition",
    "damaged": "DamagedCondition",
}
_DEEPEST = 5


def first(*values: T | None) -> T | None:
    """The first value that says something."""
    return next((value for value in values if value not in (None, "", [], {})), None)


def text_of(value: Any, depth: int = 0) -> str | None:
    """The text of a value: itself, a number, the first of a list, the name or value of a node."""
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return str(value)
    if depth >= _DEEPEST:
        return None
    if isinstance(value, list):
        return first(*(text_of(part, depth + 1) for part in value[:20]))
    if isinstance(value, dict):
        return first(*(text_of(value.get(name), depth + 1) for name in ("name", "@value", "value")))
    return None


def url_of(value: Any) -> str | None:
    """The address that a value is, or that a node has."""
    if isinstance(value, dict):
        value = first(value.get("url"), value.get("@id"))
    if isinstance(value, list):
        value = next((part for part in value if isinstance(part, str)), None)
    return (value.strip() or None) if isinstance(value, str) else None


def schema_word(value: Any) -> str | None:
    """A word of schema.org's lists ("https://schema.org/InStock", "in stock" -> "InStock"), else the text as it is."""
    text = url_of(value) or text_of(value)
    if text is None:
        return None
    word = text.rstrip("/").rpartition("/")[2] if "schema.org/" in text else text
    return _WORDS.get("".join(word.lower().replace("_", " ").replace("-", " ").split()), word)
