"""Opens the bytes of a page: unpacks gzip, finds the character encoding, tells JSON from HTML. Bounded in every way."""

import json
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Any

from lxml import etree

from crawlers.charsets import web_encoding

# Of a body as it comes, and of what it unpacks to: a page of a shop has some hundred kilobytes, the largest seen three
# million. More is cut off, with a warning.
LARGEST = 16_000_000
# The largest page seen has twelve thousand; every element costs some microseconds and some hundred bytes.
_MOST_TAGS = 60_000
_TAG = re.compile(r"<[a-zA-Z]")
_MOST_LAYERS = 3
_GZIP = b"\x1f\x8b"
_DECLARED = re.compile(
    rb"""<(?:meta|\?xml)[^>]{0,300}?(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9_.:-]{2,40})""", re.I
)
_HEADER = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9_.:-]{2,40})", re.I)
# Tried in this order where nothing is declared: the strictest first, the last takes everything.
_UNDECLARED = ("gb18030", "cp932", "cp949", "big5hkscs", "cp1251", "cp1252")
_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))


@dataclass(frozen=True, slots=True)
class OpenedPage:
    """A page as text; `data` is set where it is JSON, and `root` builds its tree where it is HTML."""

    text: str
    data: Any
    is_json: bool
    warnings: tuple[str, ...] = ()

    def root(self) -> Any:
        """The root element of the page as HTML; an empty page has an empty tree. lxml has no types."""
        return parse_html(self.text)


def open_page(body: bytes, content_type: str | None = None) -> OpenedPage:
    """Text and, where it is any, JSON of a response body or a saved file; never fails."""
    body, warnings = _unpacked(body)
    text, odd = decode(body, content_type)
    warnings.extend(odd)
    start = text[:2_000].lstrip().lstrip("\ufeff")
    if start[:1] in {"{", "["} or (start[:1].isalpha() and re.match(r"[\w.$]+\s*\(\s*[{\[]", start)):
        data = parse_json(text)
        if data is not None:
            return OpenedPage(text, data, True, tuple(warnings))
    whole, text = text, within_bounds(text)
    if len(text) < len(whole):
        warnings.append(f"the page has more than {_MOST_TAGS:,} tags: what comes behind them is not read")
    return OpenedPage(text, None, False, tuple(warnings))


def within_bounds(text: str) -> str:
    """The text of an HTML page up to as many tags as are read of any."""
    # Counted before, because counting is a hundred times faster than finding the place.
    if text.count("<") <= _MOST_TAGS:
        return text
    beyond = next(islice(_TAG.finditer(text), _MOST_TAGS, None), None)
    return text if beyond is None else text[: beyond.start()]


def parse_json(text: str) -> Any:
    """The value of a JSON text with exact decimals, also inside a JSONP call; None for what is none."""
    cleaned = text.strip().lstrip("\ufeff").rstrip(";").rstrip()
    if cleaned[:1] not in {"{", "["}:
        start, end = cleaned.find("("), cleaned.rfind(")")
        if start < 0 or end < start:
            return None
        cleaned = cleaned[start + 1 : end].strip()
    try:
        return json.loads(cleaned, strict=False, parse_float=Decimal, parse_constant=lambda _name: None)
    except (ValueError, RecursionError, ArithmeticError):
        return None


def parse_html(text: str) -> Any:
    """The root element of an HTML text, also of a fragment, an empty one or one with forbidden characters."""
    # lxml refuses text that declares an encoding; bytes with the parser's own encoding say the same. Not lxml.html: its
    # elements are looked up in Python, one by one, which takes longer than parsing.
    cleaned = text.replace("\x00", "")
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(cleaned.encode("utf-8", "replace"), parser=parser)
    except (etree.XMLSyntaxError, ValueError):
        root = None
    return etree.fromstring("<html><body></body></html>") if root is None else root


def decode(body: bytes, content_type: str | None = None) -> tuple[str, list[str]]:
    """The text of a body and what was odd about its encoding.

    A byte order mark wins; then UTF-8 where the whole body is valid UTF-8, whatever it declares (random bytes hardly
    ever are); then what header or page declare; then what the bytes look like.
    """
    for mark, name in _MARKS:
        if body.startswith(mark):
            return _as(body[len(mark) :], name), []
    if _looks_like_utf16(body):
        name = "utf-16-le" if body[1:2] == b"\0" else "utf-16-be"
        return _as(body, name), [f"encoding: no byte order mark, read as {name}"]
    text = _strictly_utf8(body)
    declared = _declared(body, content_type)
    if text is not None:
        if declared not in {None, "utf-8", "utf8"} and not body.isascii():
            return text, [f"encoding: declared {declared}, but the bytes are UTF-8"]
        return text, []
    known = web_encoding(declared)
    if known is not None:
        read = _mostly(body, known, most_errors=0.02)
        if read is not None:
            return read, []
    return _undeclared(body, declared)


def _undeclared(body: bytes, declared: str | None) -> tuple[str, list[str]]:
    said = f"declared {declared}, which does not fit" if declared else "none declared"
    lossy = body.decode("utf-8", "replace")
    # A UTF-8 page that was cut or glued together has few bad bytes among many good ones.
    good = sum(1 for character in lossy if "\x80" <= character != "\ufffd")
    if lossy.count("\ufffd") * 20 < good:
        return lossy, ["encoding: a few bytes are no UTF-8"]
    best = max(_UNDECLARED, key=lambda name: _likeness(body, name))
    return _as(body, best), [f"encoding: {said}, read as {best}"]


def _likeness(body: bytes, name: str) -> float:
    """How much the non-ASCII part of a body looks like text in this encoding: the share of characters in common use."""
    sample = bytes(body[:400_000])
    text = sample.decode(name, "replace")
    foreign = [character for character in text if character >= "\x80"]
    if not foreign:
        return 0.0
    usual = _USUAL[name]
    fitting = sum(1 for character in foreign if usual(character))
    return (fitting - 3 * text.count("\ufffd")) / len(foreign)


def _common_chinese(character: str) -> bool:
    return (
        "\u4e00" <= character <= "\u9fa5" or character in "，。、：；？！（）【】《》“”·￥…—０１２３４５６７８９\u3000"
    )


_USUAL: dict[str, Callable[[str], bool]] = {
    "gb18030": _common_chinese,
    "big5hkscs": _common_chinese,
    "cp932": lambda character: "\u3040" <= character <= "\u30ff" or "\u4e00" <= character <= "\u9fa5",
    "cp949": lambda character: "\uac00" <= character <= "\ud7a3",
    "cp1251": lambda character: "\u0410" <= character <= "\u044f" or character in "ёЁ«»№—–іїєІЇЄ\xa0",
    "cp1252": lambda character: character in "äöüÄÖÜßéèêëàâçùûôîïñóáíúåæøÅÆØÉÀÇ€£¥«»©®°·’‘“”–—…ãõìò\xa0½²™´ªº¿¡",
}


def _declared(body: bytes, content_type: str | None) -> str | None:
    header = _HEADER.search(content_type or "")
    if header:
        return header[1].lower()
    found = _DECLARED.search(body, 0, 400_000)
    return found[1].decode("ascii").lower() if found else None


def _looks_like_utf16(body: bytes) -> bool:
    start = body[:2_000]
    zeros = start.count(b"\0")
    return len(start) >= 20 and 0.3 < zeros / len(start) < 0.7


def _strictly_utf8(body: bytes) -> str | None:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        # A capture that was cut may end inside a character.
        return body[: error.start].decode("utf-8") if error.start >= len(body) - 3 else None


def _mostly(body: bytes, name: str, most_errors: float) -> str | None:
    try:
        text = body.decode(name, "replace")
    except (LookupError, UnicodeError, ValueError):
        return None
    foreign = sum(1 for byte in body[:400_000] if byte >= 0x80)
    return text if text[:400_000].count("\ufffd") <= most_errors * max(foreign, 1) else None


def _as(body: bytes, name: str) -> str:
    return body.decode(name, "replace")


def _unpacked(body: bytes) -> tuple[bytes, list[str]]:
    warnings: list[str] = []
    for _ in range(_MOST_LAYERS):
        if not body.startswith(_GZIP):
            break
        try:
            unpacker = zlib.decompressobj(wbits=31)
            whole = unpacker.decompress(body, LARGEST)
        except zlib.error:
            warnings.append("body: starts like gzip and is none")
            break
        if not unpacker.eof and not unpacker.unconsumed_tail:
            warnings.append("body: the gzip data ends too early")
        body = whole
    if len(body) >= LARGEST:
        warnings.append(f"body: only its first {LARGEST:,} bytes are read")
    return body[:LARGEST], warnings
