"""What a page states for machines: schema.org nodes out of JSON-LD and microdata, and OpenGraph properties.

All of it is written by strangers: broken, nested ten thousand deep, or naming thousands of other products.
"""

import json
import logging
import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

log = logging.getLogger(__name__)

Node = dict[str, Any]
Document = Any  # the root of an lxml.html tree; lxml has no types

_MOST_NODES = 5_000
_LONGEST_SCRIPT = 2_000_000
_PRODUCT_TYPES = frozenset({"Product", "ProductGroup", "IndividualProduct", "ProductModel", "SomeProducts", "Vehicle"})
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
            documents.append(_parse(script.text_content()))
    return list(_walk(documents))


def microdata(root: Document, url: str) -> list[Node]:
    """All microdata items of a page, in the shape of JSON-LD."""
    if not root.xpath("boolean(//*[@itemtype])"):
        return []
    from extruct.w3cmicrodata import MicrodataExtractor  # brings RDF libraries that a crawl seldom needs at its start

    try:
        items = MicrodataExtractor().extract_items(root, url)
        return list(_walk([_as_json_ld(item) for item in items]))
    except Exception as error:  # whatever the reader raises on a page that somebody else made
        log.warning("%s: microdata cannot be read: %s", url, type(error).__name__)
        return []


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
    return {name.rpartition("/")[2] for name in names if isinstance(name, str)}


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


def _as_json_ld(item: Any) -> Any:
    if isinstance(item, list):
        return [_as_json_ld(part) for part in item]
    if not isinstance(item, dict):
        return item
    if "properties" not in item and "type" not in item:
        return item.get("value")
    node = {name: _as_json_ld(value) for name, value in item.get("properties", {}).items()}
    return {**node, "@type": item.get("type"), "@id": item.get("id")}
