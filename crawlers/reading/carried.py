"""Listings in the data that a page carries along for its own scripts, where nobody has declared its shape.

Next.js, Nuxt, Redux stores, Apollo caches: what their keys are called tells what they mean. Of 26 captures whose data
name their one product 4 state another price than the page shows (without tax, in cents, the list price), so a price
from here counts only where neither structured data nor the page itself says one.
"""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from crawlers.reading.claims import Claims
from crawlers.reading.context import PageContext
from crawlers.reading.embedded import embedded
from crawlers.reading.records import Found, find_records
from crawlers.reading.text import bare

SOURCE = "state"
_FEWEST = 3
_SHORTEST = 4
_PLACES = 2
# As many letters as a page shows that its scripts are yet to fill: a menu, "loading", a footer.
_SHELL = 1_500


def carried_product(page: PageContext) -> Claims | None:
    """What the page's data say about the one thing that the page's title names; None where they name none."""
    named = [one for found in _found(page) for one in found.listings if _is_named(page, one)]
    priced = [one for one in named if one.get("price") is not None and not _is_doubtful(page, one.get("price"))]
    if not priced:
        return None
    alike = [one for one in priced if one.get("title") == priced[0].get("title")]
    return alike[0] if len(alike) == 1 else _together(alike)


def carried_listings(page: PageContext) -> list[Claims]:
    """The listings of the longest list in the page's data, each with a price and an address."""
    lists = [
        [one for one in found.listings if one.get("price") is not None and one.get("url")]
        for found in _found(page)
        if not found.single
    ]
    best = max(lists, key=len, default=[])
    doubtful = any(_is_doubtful(page, one.get("price")) for one in best)
    return best if len({one.get("url") for one in best}) >= _FEWEST and not doubtful else []


def _found(page: PageContext) -> Sequence[Found]:
    if "carried" not in page.kept:
        values = embedded(page.root)
        page.kept["carried"] = [find_records(value, page.base, page.used_here, SOURCE) for value in values]
    found: Sequence[Found] = page.kept["carried"]
    return found


def _is_named(page: PageContext, said: Claims) -> bool:
    """Whether the page is called like a listing: its heading, else its title."""
    name = bare(said.get("title"))
    texts = [bare(text) for text in (page.heading, page.title, *page.meta.get("og:title", [])) if text]
    return len(name) >= _SHORTEST and any(name in text for text in texts)


def _together(variants: Sequence[Claims]) -> Claims:
    """One listing out of its variants: what they have in common, and the range of their prices."""
    first = variants[0]
    prices = [one.get("price") for one in variants]
    values: dict[str, Any] = {
        name: value for name, value in first.values.items() if all(one.get(name) == value for one in variants)
    }
    values["price"] = min(prices)
    if max(prices) > min(prices):
        values["price_max"] = max(prices)
    return Claims(first.source, values)


def _is_doubtful(page: PageContext, price: Decimal) -> bool:
    """Whether a price may be none: a page that shows much does not show it, or the same digits with a point in them."""
    whole, _, places = format(price, "f").partition(".")
    if not places and len(whole) > _PLACES and re.search(rf"(?<![\d.,]){whole[:-2]}[.,]{whole[-2:]}(?!\d)", page.text):
        return True
    said = page.visible_text
    if len(said) < _SHELL:
        return False
    grouped = re.sub(r"(?<=\d)(?=(?:\d{3})+$)", r"[.,'’\\s]?", whole)
    behind = rf"[.,]{places}0*" if places else r"(?:[.,](?:0+|-+|–))?"
    return re.search(rf"(?<![\d.,]){grouped}{behind}(?!\d)", said) is None
