"""The data that pages carry along for their own scripts: JSON in script elements, literals assigned to variables."""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from itertools import islice
from typing import Any

from crawlers.structured import Document

_LARGEST = 6_000_000
_MOST = 40
_SMALLEST = 200
# Of all scripts of a page together, and how many times over one of them is gone through.
_MOST_CHARACTERS = 8_000_000
_MOST_SCANNED = 3
_DEEPEST_REFERENCE = 4
# {"__ref": "Product:7"}, or of older caches {"type": "id", "generated": false, "id": ..., "typename": ...}.
_LONGEST_REFERENCE = 4
_STREAM = re.compile(r"\s*\(?self\.__next_f(?:\s*=\s*self\.__next_f\s*\|\|\s*\[\]\))?\.push\(\[1,")
_ROW = re.compile(r"[0-9a-f]{1,6}:(?=[{\[])")
_ASSIGNED = re.compile(
    r"(?:(?:var|let|const)\s+|window(?:\.|\[['\"])|self\.|"
    r"this\.)?([\w$.]{2,60})(?:['\"]\])?\s*[=:]\s*(?:JSON\.parse\()?(?=[{\[\"'])"
)


def states(root: Document, name: str) -> Iterator[Any]:
    """The values of one named state: a script element's id, a variable, or the argument of a call."""
    for script in root.iter("script"):
        body = script.text or ""
        if len(body) > _LARGEST:
            continue
        if script.get("id") == name:
            value = _json(body)
            if value is not None:
                yield value
        for found in re.finditer(
            rf"(?<![\w$]){re.escape(name)}(?:['\"]\])?\s*(?:[=:]\s*(?:JSON\.parse\()?|\()\s*(?=[{{\[\"'])", body
        ):
            value = literal_at(body, found.end())
            if value is not None:
                yield value


def embedded(root: Document) -> Iterator[Any]:
    """Every larger piece of data in the page's scripts, in its order; JSON-LD is read elsewhere.

    Among them what Next.js streams in pieces, and the caches of GraphQL clients with their references followed.
    """
    left = _MOST_CHARACTERS
    values: list[Any] = []
    streamed: list[str] = []
    for script in root.iter("script"):
        body = script.text or ""
        kind = (script.get("type") or "").lower()
        if not _SMALLEST <= len(body) <= min(_LARGEST, left) or "ld+json" in kind:
            continue
        left -= len(body)
        if _STREAM.match(body):
            streamed.append(_streamed(body))
        else:
            values.extend(islice(_in_script(body, kind), _MOST - len(values)))
    values.extend(islice(_of_stream("".join(streamed)), _MOST - len(values)))
    return iter([_followed(value) for value in values])


def _streamed(body: str) -> str:
    """The text that one call of `self.__next_f.push([1, "..."])` adds to the stream."""
    value = literal_at(body, body.index("["))
    return value[1] if isinstance(value, list) and len(value) > 1 and isinstance(value[1], str) else ""


def _of_stream(text: str) -> Iterator[Any]:
    """The rows of a stream that are JSON: `1a:{...}`."""
    for row in text.split("\n"):
        found = _ROW.match(row)
        value = _json(row[found.end() :]) if found and len(row) >= _SMALLEST else None
        if value is not None:
            yield value


def _followed(value: Any) -> Any:
    """A normalised cache, as Apollo writes it, with what it refers to in the place of `{"__ref": key}`."""
    if not isinstance(value, dict):
        return value
    caches = [value, *(child for child in value.values() if isinstance(child, dict))]
    cache = next((one for one in caches if _is_cache(one)), None)
    return value if cache is None else {key: _resolved(node, cache, 0) for key, node in islice(cache.items(), 3_000)}


def _is_cache(value: dict[Any, Any]) -> bool:
    return "ROOT_QUERY" in value or sum(isinstance(one, dict) and "__typename" in one for one in value.values()) > 2


def _resolved(node: Any, cache: dict[Any, Any], depth: int) -> Any:
    if depth > _DEEPEST_REFERENCE:
        return None
    if isinstance(node, list):
        return [_resolved(one, cache, depth) for one in node[:40]]
    if not isinstance(node, dict):
        return node
    key = node.get("__ref") or (node.get("id") if node.get("type") == "id" else None)
    if isinstance(key, str) and key in cache and len(node) <= _LONGEST_REFERENCE:
        return _resolved(cache[key], cache, depth + 1)
    return {name: _resolved(child, cache, depth + 1) for name, child in islice(node.items(), 100)}


def _in_script(body: str, kind: str) -> Iterator[Any]:
    start = body.lstrip()[:1]
    if "json" in kind or (start in {"{", "["} and "function" not in body[:200]):
        value = _json(body)
        if value is not None:
            yield value
            return
    end, left = 0, _MOST_SCANNED * len(body)
    for found in _ASSIGNED.finditer(body):
        if found.end() < end or left < 0:
            continue
        stop = _end_of_literal(body, found.end())
        # What is not closed was sought to the end of the script.
        left -= (stop or len(body)) - found.end()
        if stop is None or stop - found.end() < _SMALLEST:
            continue
        value = _read(body[found.end() : stop])
        if value is not None:
            end = stop
            yield value


def literal_at(body: str, start: int) -> Any:
    """The object, list or quoted JSON that begins at a position; None where none does."""
    stop = _end_of_literal(body, start)
    return None if stop is None else _read(body[start:stop])


def _read(source: str) -> Any:
    if source[:1] in {'"', "'"}:
        text = _json(source if source[:1] == '"' else '"' + source[1:-1].replace('"', '\\"') + '"')
        return _json(text) if isinstance(text, str) and text[:1] in {"{", "["} else None
    value = _json(source)
    return value if value is not None else _javascript(source)


def _javascript(source: str) -> Any:
    if len(source) > 2_000_000:
        return None
    import chompjs  # few pages need it

    try:
        return chompjs.parse_js_object(source)
    except (ValueError, RecursionError, MemoryError):
        return None


def _end_of_literal(body: str, start: int) -> int | None:
    """Behind the bracket or quote that closes what is opened at `start`; strings are skipped."""
    opening = body[start : start + 1]
    if opening in {'"', "'"}:
        found = re.compile(rf"{opening}(?:[^{opening}\\]|\\.)*{opening}", re.DOTALL).match(body, start)
        return found.end() if found else None
    depth, place = 0, start
    unclosed = dict.fromkeys(_STRINGS, -1)
    while (found := _MARK.search(body, place)) is not None:
        mark, place = found[0], found.end()
        if mark in _STRINGS:
            # From a quote without an end none behind it closes either, up to where the search gave up: to seek anew
            # from each would take the square of the time.
            if found.start() >= unclosed[mark]:
                text = _STRINGS[mark].match(body, found.start())
                if text is not None and text[1]:
                    place = text.end()
                elif text is None or text.end() >= len(body):
                    return None
                else:
                    unclosed[mark] = text.end()
        elif mark in "{[":
            depth += 1
        else:
            depth -= 1
            if depth == 0:
                return place
        if not 0 < depth <= _DEEPEST:
            return None
    return None


_DEEPEST = 500
_MARK = re.compile(r"[{}\[\]\"']")
_STRINGS = {
    '"': re.compile(r'"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+("?)', re.DOTALL),
    "'": re.compile(r"'[^'\\\n]*+(?:\\.[^'\\\n]*+)*+('?)", re.DOTALL),
}


def _json(text: str) -> Any:
    try:
        return json.loads(
            text.strip().rstrip(";"), strict=False, parse_float=Decimal, parse_constant=lambda _name: None
        )
    except (ValueError, RecursionError, ArithmeticError):
        return None
