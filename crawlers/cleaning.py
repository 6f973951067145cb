"""Makes text of strangers fit to be kept: one Unicode form, no control characters, no more than so many characters."""

import re
import unicodedata

# Control characters (Cc) become spaces, because they part words; PostgreSQL refuses NUL, and no database takes the
# halves of surrogate pairs (Cs) that a JSON escape can smuggle in. The end of a line is left.
_UNPRINTABLE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_SPACES = re.compile(r"\s+")
_SPACES_IN_LINE = re.compile(r"[^\S\n]+")
_LINE_ENDS = re.compile(r" *\n *")
_EMPTY_LINES = re.compile(r"\n{3,}")


def line(text: str | None, limit: int) -> str | None:
    """One line of text: NFC, spaces collapsed, at most `limit` characters; None when nothing is left."""
    if not text:
        return None
    cleaned = _SPACES.sub(" ", _printable(text[: limit * 4])).strip()
    return unicodedata.normalize("NFC", cleaned)[:limit].rstrip() or None


def block(text: str | None, limit: int) -> str | None:
    """Text of several lines: like `line`, but paragraphs stay apart."""
    if not text:
        return None
    cleaned = _printable(text[: limit * 4].replace("\r\n", "\n").replace("\r", "\n"))
    cleaned = _LINE_ENDS.sub("\n", _SPACES_IN_LINE.sub(" ", cleaned))
    cleaned = _EMPTY_LINES.sub("\n\n", cleaned).strip()
    return unicodedata.normalize("NFC", cleaned)[:limit].rstrip() or None


def _printable(text: str) -> str:
    return text if text.isprintable() else _UNPRINTABLE.sub(" ", text)
