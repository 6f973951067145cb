"""How pages mark what they show: what calls itself a price, what is struck out, what is hidden."""

import re
from functools import lru_cache
from typing import Any

_PRICY = re.compile(
    r"price|preis|prix|precio|preco|preço|prezzo|prijs|cena(?![a-z]{3})|hinta|amount|money|cost(?!um)|(?:^|[-_ ])prc",
    re.I,
)
_OLD = re.compile(
    r"(?:^|[-_ ])(?:old(?!-live)|was|rrp|msrp|uvp|before|strike|striked|strikethrough|crossed|line-through|linethrough|"
    r"prev|previous|del|compare|statt|antes|barred?|sbarrato|barr[eé]|antiguo|anterior|tachado|saving|savings|save|you-save|"
    r"discount|off|percent|percentage|without|excl|notax|price-tax|price-ht)(?:[-_ ]|$)|"
    r"old-?price|price-?old(?!-live)|oldPrice|priceOld|wasPrice|listPrice|was-price|origPrice|beforePrice|originalPrice|"
    r"original-price|price-original|crossedPrice|priceSave|unit-?price|priceUnit|price-per|perUnit|instal|finance|"
    r"monthly|shipping|delivery|versand",
)
_REGULAR = re.compile(
    r"(?:^|[-_ ])(?:regular|reg|normal|list-?price|full|retail|"
    r"market|original|orig|net|netto|base)(?:[-_ ]|$)|regularPrice|"
    r"price-old-live",
)
_NAMING = ("class", "id", "itemprop", "data-testid")
STRUCK = {"del", "s", "strike"}
SKIPPED = {"script", "style", "noscript", "template", "svg", "option", "select"}


def names_of(element: Any, *attributes: str) -> str:
    """What an element is called: its class and id, or the attributes given, in one line."""
    return " ".join(filter(None, (element.get(name) for name in attributes or ("class", "id"))))


def is_pricy(element: Any) -> bool:
    """Whether the element calls itself a price."""
    return any(_says_price(said) for said in map(element.get, _NAMING) if said)


@lru_cache(maxsize=20_000)
def _says_price(said: str) -> bool:
    return bool(_PRICY.search(said))


def is_old(element: Any) -> bool:
    """Whether the element is struck out, or calls itself an old price, a saving, a price per unit."""
    if element.tag in STRUCK:
        return True
    if any(_says_old(said) for said in map(element.get, ("class", "id")) if said):
        return True
    return "line-through" in (element.get("style") or "")


def may_be_old(element: Any) -> bool:
    """Whether the element calls itself a regular or list price: the price to pay where there is no other."""
    return any(_says_regular(said) for said in map(element.get, ("class", "id")) if said)


@lru_cache(maxsize=20_000)
def _says_old(said: str) -> bool:
    return bool(_OLD.search(said))


@lru_cache(maxsize=20_000)
def _says_regular(said: str) -> bool:
    return bool(_REGULAR.search(said))


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


_BLOCKS = frozenset(
    {
        *("div", "p", "li", "ul", "ol", "td", "th", "tr", "table", "br", "section", "article", "header", "footer"),
        *("dl", "dt", "dd", "h1", "h2", "h3", "h4", "h5", "h6", "button", "option", "form", "label", "figure"),
    }
)


def words_of(element: Any) -> str:
    """The text of an element as it is read: a line stays together, blocks apart, scripts are left out."""
    parts: list[str] = []
    _spell(element, parts, 0)
    return " ".join("".join(parts).split())


def _spell(element: Any, parts: list[str], depth: int) -> None:
    if not isinstance(element.tag, str) or element.tag in {"script", "style", "noscript", "template"} or depth > 60:
        return
    block = element.tag in _BLOCKS
    if block:
        parts.append(" ")
    if element.text:
        parts.append(element.text)
    for child in element:
        _spell(child, parts, depth + 1)
        if child.tail:
            parts.append(child.tail)
    if block:
        parts.append(" ")
