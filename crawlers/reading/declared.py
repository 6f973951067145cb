"""Reads a page by what a declaration says about it: JMESPath into its data, CSS selectors into its tree."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import jmespath
from cssselect import HTMLTranslator, SelectorError
from jmespath.exceptions import JMESPathError

from counterfoil.marketplaces import CardSelectors, FieldPaths, Marketplace, PageSelectors
from crawlers.addresses import kept_address, listing_id
from crawlers.currencies import currency_code
from crawlers.prices import read_price, read_price_text
from crawlers.reading.cards import read_card
from crawlers.reading.claims import Claims, claims
from crawlers.reading.context import PageContext
from crawlers.reading.embedded import states
from crawlers.reading.pictures import picture_address
from crawlers.reading.schema_org import addresses
from crawlers.reading.text import fixed_address, one_line, plain
from crawlers.reading.visible import UNSETTLED
from crawlers.shown import price_text, words_of
from crawlers.values import schema_word

_MOST = 500


def from_data(
    paths: FieldPaths, data: Any, base: str | None, used_here: Sequence[str], market: Marketplace
) -> list[Claims]:
    """The listings that a declared shape finds in data; none where the data has another shape."""
    records = _search(paths.records, data)
    if isinstance(records, dict):
        records = [records]
    if not isinstance(records, list):
        return []
    said = [
        _record(paths, record, base, used_here, market) for record in _flat(records)[:_MOST] if isinstance(record, dict)
    ]
    return [one for one in said if one is not None]


def next_in_data(paths: FieldPaths, data: Any) -> str | None:
    """The address of the next page that declared data names."""
    said = _search(paths.next, data) if paths.next else None
    return said if isinstance(said, str) and said else None


def _flat(records: list[Any]) -> list[Any]:
    return [one for record in records for one in (record if isinstance(record, list) else [record])]


def _record(
    paths: FieldPaths, record: Mapping[str, Any], base: str | None, used_here: Sequence[str], market: Marketplace
) -> Claims | None:
    raw = {name: _first(record, expressions) for name, expressions in paths.fields.items()}
    values = dict(_values(raw, base, used_here, paths.divisor))
    if not values.get("title") or not (values.get("id") or values.get("url")):
        return None
    return _identified(claims(f"declared:{paths.name}", **values), market)


def _first(record: Any, expressions: str | tuple[str, ...]) -> Any:
    for expression in (expressions,) if isinstance(expressions, str) else expressions:
        value = _search(expression, record)
        if value not in (None, "", [], {}):
            return value
    return None


def _values(
    raw: Mapping[str, Any], base: str | None, used_here: Sequence[str], divisor: int = 1
) -> Iterator[tuple[str, Any]]:
    for name, value in raw.items():
        read = _READERS.get(name)
        if name in {"price", "price_max"}:
            yield from _money(name, value, used_here, divisor)
        elif name == "images":
            yield name, addresses((str(one) for one in (value if isinstance(value, list) else [value]) if one), base)
        elif name in {"url", "seller_url"}:
            yield name, fixed_address(str(value), base) if value else None
        elif name == "currency":
            yield name, currency_code(str(value), used_here) if value else None
        elif read is not None and value is not None and not isinstance(value, dict | list):
            yield name, read(str(value))


def _money(name: str, value: Any, used_here: Sequence[str], divisor: int) -> Iterator[tuple[str, Any]]:
    exact = read_price(value, used_here)
    if exact is not None:
        yield name, exact.value / divisor if divisor != 1 else exact.value
        if exact.currency and name == "price":
            yield "currency", exact.currency
    elif isinstance(value, str):
        text = read_price_text(value, used_here)
        if text is not None:
            yield name, text.low
            if name == "price":
                yield from (("price_max", text.high), ("currency", text.currency))


def _whole_number(said: str) -> int | None:
    digits = re.sub(r"\D", "", said)
    return int(digits) if digits and len(digits) < 12 and not re.search(r"[万萬kKmM]", said) else None


def _plain_decimal(said: str) -> str | None:
    amount = read_price(said)
    return format(amount.value, "f") if amount is not None and amount.value > 0 else None


def _digits(said: str) -> str | None:
    digits = said.replace("-", "").strip()
    return digits if digits.isdigit() and 8 <= len(digits) <= 14 else None


_READERS: dict[str, Callable[[str], Any]] = {
    **dict.fromkeys(("id", "title", "seller", "seller_id", "ships_from", "brand", "sku", "category"), one_line),
    **dict.fromkeys(("availability", "condition"), schema_word),
    **dict.fromkeys(("ratings", "sold_count"), _whole_number),
    **dict.fromkeys(("rating", "seller_rating"), _plain_decimal),
    "description": plain,
    "gtin": _digits,
}


def _identified(said: Claims, market: Marketplace) -> Claims:
    """With the id that its address holds, where the data names none, and the address of its id."""
    values = dict(said.values)
    url = values.get("url")
    number = listing_id(market, url) if url else None
    if url and number is not None:
        values["url"] = kept_address(market, url)
        values.setdefault("id", number)
    if "url" not in values and "id" in values and market.listing.address:
        values["url"] = market.listing.address.replace("{id}", str(values["id"]))
    if "seller" not in values and "seller_url" in values and market.listing.seller:
        found = re.search(market.listing.seller, values["seller_url"])
        if found:
            values["seller"] = found["name"]
    return Claims(said.source, values)


def from_states(page: PageContext, market: Marketplace) -> list[tuple[FieldPaths, list[Claims], Any]]:
    """What the declared shapes find in the data that the page carries along."""
    found = []
    for paths in market.reading.data:
        for data in (value for name in paths.state for value in states(page.root, name)):
            said = from_data(paths, data, page.base, page.used_here, market)
            if said:
                found.append((paths, said, data))
                break
    return found


def from_page_selectors(page: PageContext, market: Marketplace) -> list[Claims]:
    """What declared selectors find on an item page, one set of claims for each layout that fits."""
    found = []
    for layout in market.reading.page:
        if layout.when and not select(page.root, layout.when):
            continue
        values = dict(_values(_selected(page, layout), page.base, page.used_here))
        said = claims(f"declared:{layout.name}", **values)
        if said.values:
            found.append(said)
    return found


def _selected(page: PageContext, layout: PageSelectors) -> dict[str, Any]:
    return _raw(page.root, layout.fields, layout.patterns)


def _raw(root: Any, fields: Mapping[str, str | tuple[str, ...]], patterns: Mapping[str, str]) -> dict[str, Any]:
    """What the selectors of each field find, the first that finds anything that its pattern takes."""
    raw: dict[str, Any] = {}
    for name, selectors in fields.items():
        for selector in (selectors,) if isinstance(selectors, str) else selectors:
            value = _field(root, name, selector)
            if value and name in patterns:
                found = re.search(patterns[name], " ".join(str(value).split()), re.IGNORECASE)
                value = found[1].strip() if found else None
            if value:
                raw[name] = value
                break
    return raw


def from_card_selectors(page: PageContext, layout: CardSelectors, market: Marketplace) -> list[Claims]:
    """The listings that a declared layout of cards finds, each once."""
    found: dict[str, tuple[Any, Claims]] = {}
    for card in select(page.root, layout.card)[:_MOST]:
        if layout.skip and select(card, layout.skip):
            continue
        raw = _raw(card, layout.fields, layout.patterns)
        said = _identified(claims(f"declared:{layout.name}", **dict(_values(raw, page.base, page.used_here))), market)
        # Without an id it leads elsewhere: an advert, a placeholder.
        number = said.get("id")
        if said.get("title") and number and number not in market.listing.placeholders:
            found.setdefault(str(number), (card, said))
    priced = sum(said.get("price") is not None for _, said in found.values())
    if "price" in layout.fields and 2 * priced < len(found):
        # What prices are called has changed, then: what can be seen in the cards is left.
        return [_with_shown_price(page, card, said) for card, said in found.values()]
    return [said for _, said in found.values()]


def _with_shown_price(page: PageContext, card: Any, said: Claims) -> Claims:
    shown = read_card(page, card) if said.get("price") is None else None
    if shown is None or shown.get("price") is None:
        return said
    names = ("price", "price_max", "currency", UNSETTLED)
    return Claims(
        said.source, {**said.values, **{name: shown.get(name) for name in names if shown.get(name) is not None}}
    )


def next_by_selector(page: PageContext, selector: str) -> str | None:
    """Where the element that a selector names leads."""
    for element in select(page.root, selector):
        address = fixed_address(element if isinstance(element, str) else element.get("href"), page.base)
        if address:
            return address
    return None


def _field(root: Any, name: str, selector: str) -> Any:
    found = select(root, selector)
    if name == "images":
        return [one if isinstance(one, str) else picture_address(one) for one in found]
    for one in found:
        if isinstance(one, str):
            text = one
        elif name in {"url", "seller_url"}:
            text = one.get("href") or ""
        elif name in {"price", "price_max"}:
            text = (one.get("content") or "") or price_text(one)
        else:
            text = (one.get("content") or "") or words_of(one)
        if text.strip():
            return text.strip()
    return None


def select(root: Any, selector: str) -> list[Any]:
    """The elements, attributes or texts that a selector names; none where it is no selector."""
    try:
        found = root.xpath(_xpath(selector))
    except (SelectorError, ValueError):
        return []
    return list(found) if isinstance(found, list) else []


@cache
def _xpath(selector: str) -> str:
    """CSS, with ::attr(name) and ::text behind it, as XPath; parsel's way of writing without parsel's wrapping."""
    parts = []
    for one in selector.split(","):
        css, _, pseudo = one.strip().partition("::")
        path = HTMLTranslator().css_to_xpath(css.strip() or "*", prefix="descendant-or-self::")
        attribute = re.fullmatch(r"attr\(([\w:-]+)\)", pseudo)
        parts.append(f"{path}/@{attribute[1]}" if attribute else f"{path}/text()" if pseudo == "text" else path)
    return " | ".join(parts)


def _search(expression: str | None, data: Any) -> Any:
    if not expression:
        return None
    try:
        return _compiled(expression).search(data)
    except (JMESPathError, TypeError, ValueError, RecursionError):
        return None


@cache
def _compiled(expression: str) -> Any:
    return jmespath.compile(expression)
