"""Which characters a page's bytes are: what the site says, unless the bytes prove that wrong."""

import codecs
from functools import cache
from typing import TYPE_CHECKING

from w3lib.encoding import read_bom, resolve_encoding, to_unicode

if TYPE_CHECKING:  # brings in half of what a spider needs, for one name
    from web_poet import HttpResponse

_ALL_BYTES = bytes(range(256))
_UTF_8 = "utf-8"
_LAST_RESORT = "cp1252"
# What browsers know (WHATWG Encoding Standard, 4.2), as Python calls it. Python knows more names, some of which cannot
# be read from bytes that somebody else made: "idna" and "hex" raise errors, "punycode" takes hours.
_OF_THE_WEB = frozenset(
    (
        *(_UTF_8, "utf-16", "utf-16-le", "utf-16-be", "gb18030", "big5hkscs", "cp932", "cp949", "euc_jp", "iso2022_jp"),
        *(f"cp{number}" for number in (866, 874, *range(1250, 1259))),
        *(f"iso8859-{number}" for number in (*range(2, 9), 10, *range(13, 17))),
        *("koi8-r", "koi8-u", "mac-roman", "mac-cyrillic"),
    )
)


def web_encoding(name: str | None) -> str | None:
    """The encoding that browsers mean by a name, as Python calls it; None for what is none of the web's."""
    found = resolve_encoding(name) if name else None
    return found if found in _OF_THE_WEB else None


def page_text(response: "HttpResponse") -> str:
    """The text of a page; bytes that are no characters in its encoding are replaced."""
    body = bytes(response.body)
    encoding, mark = read_bom(body)
    if encoding is None or mark is None:
        said = response.headers.declared_encoding(), response.body.declared_encoding()
        return to_unicode(body, _encoding(body, *(name if name in _OF_THE_WEB else None for name in said)))
    return to_unicode(body[len(mark) :], encoding)


def _encoding(body: bytes, header: str | None, meta: str | None) -> str:
    """The encoding that the header says, else the page, else UTF-8: as browsers do, but for two common mistakes.

    UTF-8 that is said to be Latin-1: read so, no title in another script survives. And the reverse, an old encoding
    that the server calls UTF-8, like everything else, where the page itself knows better.
    """
    said = header or meta
    if _is(body, _UTF_8):
        # What is ASCII only is the same in all of them, or, like UTF-16 and ISO-2022-JP, only looks like it.
        trusted = said is not None and not _fits_all_bytes(said) and _is(body, said)
        return str(said) if trusted else _UTF_8
    if said == _UTF_8 and meta not in {None, _UTF_8} and _is(body, str(meta)):
        return str(meta)
    return said or _LAST_RESORT


def _is(body: bytes, encoding: str) -> bool:
    """Whether the bytes are this encoding's from first to last; the last character may be cut off."""
    try:
        codecs.getincrementaldecoder(encoding)("strict").decode(body, final=False)
    except UnicodeError:
        return False
    return True


@cache
def _fits_all_bytes(encoding: str) -> bool:
    """Whether the encoding has a character for each byte, so that any bytes at all can be read as it."""
    return len(_ALL_BYTES.decode(encoding, "replace")) == len(_ALL_BYTES)
