"""The list of pictures in a page's data that names one of a listing's pictures among others.

Galleries that a script builds stand in the page as data only: an array of addresses, or of entries with several sizes.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from crawlers.reading.context import PageContext
from crawlers.reading.embedded import literal_at
from crawlers.reading.leaves import bare_name
from crawlers.reading.pictures import PICTURE_ENDING
from crawlers.reading.shown_picture import ShownPicture, joined, shown_picture
from crawlers.reading.variants import SHORT, likely_pixels, picture_key, written_stems

_MOST = 40
_MOST_FOUND = 24
_MOST_IN_ONE = 6
_MOST_ENCLOSING = 3
_LONGEST_LIST = 80_000
_BRACKET = re.compile(r"[\[\]]")
_KEY_BEFORE = re.compile(r"""["']?([\w$-]{1,60})["']?\s*[:=]\s*$""")
_OTHER_LIST = re.compile(
    r"swatch|colou?rs?$|variant|variation|option|related|recommend|similar|recently|upsell|crosssell|products$|"
    r"sku|banner|review|logo|icon|size|categor|offers?$"
)
_LISTING_KEYS = re.compile(r"price|amount$|^offers?$|currency|availab|stock|quantity|rating")
_LINK_KEYS = frozenset({"url", "href", "link", "producturl", "pdpurl", "target", "permalink"})
_DEEPEST = 3
_ADDRESS = re.compile(r"(?:https?:)?//[^\s<>]{4,2000}$")


def pictures_in_data(page: PageContext, known: Sequence[ShownPicture]) -> list[ShownPicture]:
    """What the list of pictures names that one of the known stands in, in the scripts of the page."""
    keys = {key for one in known for key in one.keys}
    named = (address for one in known[:3] for address, _ in one.named)
    stems = sorted({stem for address in named for stem in written_stems(address) if len(stem) > SHORT})
    best: list[ShownPicture] = []
    for body, place in islice(_occurrences(page, stems), _MOST_FOUND):
        listed = _list_around(page, body, place, keys)
        if sum(len(one.keys) for one in listed) > sum(len(one.keys) for one in best):
            best = listed
    return best


def _occurrences(page: PageContext, stems: Iterable[str]) -> Iterator[tuple[str, int]]:
    """The scripts that name one of the known pictures, and where."""
    for script in page.root.iter("script"):
        body = script.text or ""
        if "ld+json" in (script.get("type") or ""):
            continue
        for stem in stems:
            place = body.find(stem)
            for _ in range(_MOST_IN_ONE):
                if place < 0:
                    break
                yield body, place
                place = body.find(stem, place + len(stem))


def _list_around(page: PageContext, body: str, place: int, keys: set[str]) -> list[ShownPicture]:
    """The pictures of the innermost list around a place in a script that has several, else of one that has one."""
    start = max(0, place - _LONGEST_LIST)
    depth = enclosing = 0
    alone: list[ShownPicture] = []
    for found in reversed(list(_BRACKET.finditer(body, start, place))):
        if found[0] == "]":
            depth += 1
        elif depth:
            depth -= 1
        else:
            named = _KEY_BEFORE.search(body, max(start, found.start() - 80), found.start())
            if named and _OTHER_LIST.search(bare_name(named[1])):
                break
            value = literal_at(_unquoted(body[found.start() : found.start() + _LONGEST_LIST]), 0)
            listed = joined(_of_list(page, value)) if isinstance(value, list) else []
            if not any(keys & one.keys for one in listed):
                listed = []
            if len(listed) > 1:
                return listed
            alone = alone or listed
            enclosing += 1
            if enclosing >= _MOST_ENCLOSING:
                break
    return alone


def _unquoted(source: str) -> str:
    """A list that stands in a quoted text, as Next.js streams its data, without the marks that are for the quotes."""
    return source.replace('\\"', '"') if re.match(r"\[\s*(?:\{\s*)?\\\"", source) else source


def _of_list(page: PageContext, value: list[Any]) -> list[ShownPicture]:
    """The pictures of a list of nothing else; none where its entries are listings, or lead somewhere."""
    found = []
    for item in value[:_MOST]:
        if isinstance(item, dict) and _is_listing(item):
            return []
        shown = shown_picture(_of_entry(item), page.base)
        if shown is not None:
            found.append(shown)
    return found if 2 * len(found) >= min(len(value), _MOST) else []


def _of_entry(item: Any) -> list[tuple[str, int]]:
    """The addresses that an entry names; of lists in it only those of the same picture, in other sizes."""
    found: list[tuple[str, int]] = []
    for address, pixels, listed in _addresses_in(item, "", 0, False):
        if not listed or not found or picture_key(address) == picture_key(found[0][0]):
            found.append((address, pixels))
    return found


def _is_listing(item: dict[Any, Any]) -> bool:
    for key, value in item.items():
        name = bare_name(str(key))
        if _LISTING_KEYS.search(name) and value not in (None, "", False, [], {}):
            return True
        if name in _LINK_KEYS and isinstance(value, str) and "/" in value and not PICTURE_ENDING.search(value):
            return not value.startswith("http") or "image" not in value
    return False


def _addresses_in(item: Any, name: str, depth: int, listed: bool) -> Iterator[tuple[str, int, bool]]:
    """Every address of a picture in an entry, with its likely size, and whether it is one of a list."""
    if isinstance(item, str):
        text = item.strip()
        # What is relative may be so to an address that only the page's scripts know.
        if _ADDRESS.match(text) and PICTURE_ENDING.search(text):
            yield text, likely_pixels(text, name), listed
    elif isinstance(item, dict) and depth < _DEEPEST:
        for key, value in islice(item.items(), 60):
            yield from _addresses_in(value, str(key), depth + 1, listed)
    elif isinstance(item, list) and depth < _DEEPEST:
        for value in item[:20]:
            yield from _addresses_in(value, name, depth + 1, True)
