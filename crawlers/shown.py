"""How pages mark what they show: what calls itself a price, what is struck out, what is hidden."""

import re
from typing import Any

_PRICY = re.compile(
    r"price|preis|prix|precio|preco|preço|prezzo|prijs|cena(?![a-z]{3})|hinta|amount|money|cost(?!um)|(?:^|[-_ ])prc",
    re.I,
)
_OLD = re.compile(
    r"(?:^|[-_ ])(?:old|was|rrp|msrp|uvp|list|regular|reg|original|orig|before|strike|striked|strikethrough|"
    r"crossed|line-through|"
    r"linethrough|prev|previous|ex|del|compare|retail|full|normal|statt|antes|barre|barr[eé]|antiguo|anterior|"
    r"tachado|"
    r"market|saving|savings|save|you-save|discount|off|percent|percentage|without|excl|ht|netto|net|notax|"
    r"tax)(?:[-_ ]|$)|"
    r"old-?price|price-?old(?!-live)|oldPrice|priceOld|wasPrice|listPrice|was-price|regularPrice|origPrice|"
    r"beforePrice|"
    r"crossedPrice|priceSave|unit-?price|priceUnit|price-per|perUnit|instal|finance|monthly|shipping|delivery|"
    r"versand",
)
_STRUCK = {"del", "s", "strike"}
SKIPPED = {"script", "style", "noscript", "template", "svg", "option", "select"}


def names_of(element: Any, *attributes: str) -> str:
    """What an element is called: its class and id, or the attributes given, in one line."""
    return " ".join(filter(None, (element.get(name) for name in attributes or ("class", "id"))))


def is_pricy(element: Any) -> bool:
    """Whether the element calls itself a price."""
    return bool(_PRICY.search(names_of(element, "class", "id", "itemprop", "data-testid")))


def is_old(element: Any) -> bool:
    """Whether the element is struck out, or calls itself an old price, a saving, a price per unit."""
    if element.tag in _STRUCK:
        return True
    return bool(_OLD.search(names_of(element))) or "line-through" in (element.get("style") or "")


def is_hidden(element: Any) -> bool:
    """Whether the element's own style hides it."""
    style = (element.get("style") or "").replace(" ", "")
    return "display:none" in style or "visibility:hidden" in style


def price_text(element: Any) -> str:
    """The text of an element without what is struck out or an old price."""
    parts: list[str] = []
    _collect(element, parts, 0, top=True)
    return " ".join("".join(parts).split())


def _collect(element: Any, parts: list[str], depth: int, top: bool = False) -> None:
    if depth > 12 or len(parts) > 60 or not isinstance(element.tag, str) or element.tag in SKIPPED:
        return
    if not top and (is_old(element) or is_hidden(element)):
        return
    if element.text:
        parts.append(element.text)
    for child in element:
        _collect(child, parts, depth + 1)
        if child.tail:
            parts.append(child.tail)
    if element.tag in {"div", "p", "li", "br", "span", "td"}:
        parts.append(" " if element.tag != "span" else "")
