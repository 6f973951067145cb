"""Which characters a page's bytes are, where what the site says about that is proved wrong by the bytes."""

import codecs
from functools import cache

from web_poet import HttpResponse

_ALL_BYTES = bytes(range(256))
_UTF_8 = "utf-8"


def page_text(response: HttpResponse) -> str:
    """The text of a page: as browsers read it, unless the bytes prove that the site misnames them.

    UTF-8 that is said to be Latin-1 is the commonest mistake; read as browsers do, no title in another script survives.
    The reverse, an old encoding that the header calls UTF-8, is told by a page that says better.
    """
    body = bytes(response.body)
    if body.isascii() or response.body.bom_encoding():
        return response.text
    said = response.headers.declared_encoding() or response.body.declared_encoding()
    if _is(body, _UTF_8):
        wrong = said is None or _fits_all_bytes(said) or not _is(body, said)
        return body.decode(_UTF_8, "replace") if wrong else response.text
    better = response.body.declared_encoding()
    if said == _UTF_8 and better not in {None, _UTF_8} and _is(body, str(better)):
        return body.decode(str(better), "replace")
    return response.text


def _is(body: bytes, encoding: str) -> bool:
    """Whether the bytes are this encoding's from first to last; the last character may be cut off."""
    try:
        codecs.getincrementaldecoder(encoding)("strict").decode(body, final=False)
    except (UnicodeDecodeError, LookupError):
        return False
    return True


@cache
def _fits_all_bytes(encoding: str) -> bool:
    """Whether the encoding has a character for each byte, so that any bytes at all can be read as it."""
    return len(_ALL_BYTES.decode(encoding, "replace")) == len(_ALL_BYTES)
