"""What a page states for machines: schema.org nodes out of JSON-LD and microdata, and OpenGraph properties.

All of it is written by strangers: broken, nested ten thousand deep, or naming thousands of other products.
"""

import itertools
import json
import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from crawlers.shown import is_old, price_text

Node = dict[str, Any]
Document = Any  # the root of an lxml tree; lxml has no types

_MOST_NODES = 5_000
_MOST_ELEMENTS = 100_000
_MOST_VALUES = 200
_LONGEST_PROPERTY = 100_000
# Names of properties as some shops spell them.
_SPELLINGS = {
    one.lower(): one
    for one in (
        "priceCurrency",
        "lowPrice",
        "highPrice",
        "productID",
        "itemCondition",
        "aggregateRating",
        "ratingValue",
    )
} | {"currency": "priceCurrency", "productid": "productID", "offer": "offers"}
_VALUES_OF = {
    "meta": ("content",),
    "a": ("href",),
    "link": ("href",),
    "area": ("href",),
    "img": ("content", "data-src", "data-original", "src"),
    "time": ("datetime",),
    "data": ("value",),
    "object": ("data",),
}
_LONGEST_SCRIPT = 2_000_000
_PRODUCT_TYPES = frozenset(
    {"Product", "ProductGroup", "IndividualProduct", "ProductModel", "SomeProducts", "Vehicle", "Book", "Car", "Event"}
)
# Below these a page names other things than the one it is about.
_ASIDES = frozenset({"isRelatedTo", "isSimilarTo", "isAccessoryOrSparePartFor", "itemListElement", "review", "reviews"})
_COMMENT_MARKS = re.compile(
    r"^\s*(?:<!--|//\s*<!\[CDATA\[|/\*\s*<!\[CDATA\[\s*\*/|<!\[CDATA\[)|(?://\s*)?(?:-->|\]\]>)\s*$"
)


def json_ld(root: Document) -> list[Node]:
    """All JSON-LD nodes of a page, outermost first; a script that is no JSON is left out, the others stay."""
    documents = []
    for script in root.iter("script"):
        if "ld+json" in (script.get("type") or "").lower():
            documents.append(_parse(script.text or ""))
    return list(_walk(documents))


def microdata(root: Document) -> list[Node]:
    """All microdata items of a page, in the shape of JSON-LD; a price that is struck out is left out.

    Read here and not by extruct: that one takes all that is written in a price's element for the price, and brings RDF
    libraries that cost every process half a second and 30 MB.
    """
    tops: list[Node] = []
    inside: dict[Any, Node] = {}
    for count, element in enumerate(root.iter("*")):
        if count > _MOST_ELEMENTS:
            break
        around = inside.get(element.getparent())
        scoped = element.get("itemscope") is not None
        names = (element.get("itemprop") or "").split()[:5]
        value: Any = None
        if scoped:
            value = {
                "@type": (element.get("itemtype") or "").split()[:5],
                "@id": element.get("itemid"),
            }
            if not names or around is None:
                tops.append(value)
        elif names and around is not None:
            value = _property(element, names)
        if around is not None and value is not None:
            for name in names:
                values = around.setdefault(_SPELLINGS.get(name.lower(), name), [])
                if isinstance(values, list) and len(values) < _MOST_VALUES:
                    values.append(value)
        inside[element] = value if scoped else around  # type: ignore[assignment]
    return [_unlisted(node) for node in _walk(list(tops))]


def _unlisted(node: Node) -> Node:
    """A node whose lists of one value are that value."""
    for name, value in node.items():
        if isinstance(value, list) and len(value) == 1 and not name.startswith("@"):
            node[name] = value[0]
    return node


def _property(element: Any, names: list[str]) -> str | None:
    if {"price", "lowprice", "highprice"} & {name.lower() for name in names}:
        if any(is_old(above) for above in itertools.islice((element, *element.iterancestors()), 3)):
            return None
        content = (element.get("content") or "").strip()
        return content or price_text(element) or None
    for name in _VALUES_OF.get(element.tag, ()):
        value = (element.get(name) or "").strip()
        if value:
            return value
    content = (element.get("content") or "").strip()
    return content or " ".join("".join(element.itertext()).split())[:_LONGEST_PROPERTY] or None


def opengraph(root: Document) -> dict[str, list[str]]:
    """OpenGraph and product properties by name, in the page's order; some sites write `name` for `property`."""
    found: dict[str, list[str]] = {}
    for element in root.iter("meta"):
        name = (element.get("property") or element.get("name") or "").strip().lower()
        value = (element.get("content") or "").strip()
        if value and name.startswith(("og:", "product:")):
            found.setdefault(name, []).append(value)
    return found


def products(nodes: Iterable[Node]) -> list[Node]:
    """The nodes that are products, in the order given."""
    return [node for node in nodes if _PRODUCT_TYPES & types_of(node)]


def types_of(node: Mapping[str, Any]) -> set[str]:
    """The types of a node, without the vocabulary's address."""
    said = node.get("@type")
    names = said if isinstance(said, list) else [said]
    words = (name.strip().rstrip("/").rpartition("/")[2] for name in names[:10] if isinstance(name, str))
    return {word[:1].upper() + word[1:] for word in words}


def _parse(text: str) -> Any:
    if len(text) > _LONGEST_SCRIPT:
        return None
    cleaned = _COMMENT_MARKS.sub("", text).strip().rstrip(";")
    try:
        return json.loads(cleaned, strict=False, parse_float=Decimal, parse_constant=lambda _name: None)
    except (ValueError, RecursionError):
        return None


def _walk(documents: list[Any]) -> Iterator[Node]:
    """Every dict in the documents, breadth first, so that a page's own node comes before what it mentions."""
    waiting = deque(documents)
    for _ in range(_MOST_NODES):
        if not waiting:
            return
        value = waiting.popleft()
        if isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, dict):
            yield value
            waiting.extend(child for name, child in value.items() if name not in _ASIDES and _holds(child))


def _holds(value: object) -> bool:
    return isinstance(value, list | dict)
