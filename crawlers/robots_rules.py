"""Reads a robots.txt: which addresses one crawler may ask for, and how often.

protego does the reading and the matching. What it leaves out of RFC 9309 and of Google's parser, and what matters to a
crawler with one name, is put right in the text before: `tests/test_robots_rules.py` is the table of it.
"""

import re
from dataclasses import dataclass
from urllib.parse import quote

from protego import Protego

# RFC 9309, 2.5: at least 500 KiB are to be read.
MOST_READ = 500 * 1024

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LINE_END = re.compile(r"\r\n|\r|\n")
# protego ends a line at these too; in a path they are characters like others.
_NO_LINE_END = re.compile("[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_USER_AGENT = re.compile(r"[ \t]*user[- ]?agent[ \t]*[: \t][ \t]*(?P<value>[^#]*)", re.IGNORECASE)
_PRODUCT_TOKEN = re.compile(r"[A-Za-z_-]*")
_SOMEBODY_ELSE = "other"


@dataclass(frozen=True, slots=True)
class Rules:
    """What a site allows one crawler; `delay` is the least seconds between two requests, where it names any."""

    _parsed: Protego
    _token: str

    def allows(self, url: str) -> bool:
        """Whether the address may be asked for."""
        return self._parsed.can_fetch(url, self._token)

    @property
    def delay(self) -> float | None:
        """The Crawl-delay, in seconds."""
        return self._parsed.crawl_delay(self._token)


def read_rules(body: bytes, token: str) -> Rules:
    """The rules that a robots.txt has for the crawler with this product token (RFC 9309, 2.2.1)."""
    text = _text(body)
    lines = (_addressed(_NO_LINE_END.sub(_escaped, line), token) for line in _LINE_END.split(text))
    return Rules(Protego.parse("\n".join(lines)), token)


def _text(body: bytes) -> str:
    """The part that is read, in whole lines: half a rule may say the opposite of the whole one."""
    if len(body) > MOST_READ:
        body = body[:MOST_READ]
        body = body[: max(body.rfind(b"\n"), body.rfind(b"\r")) + 1]
    # Files have been seen that begin with a part of the mark only.
    return body.lstrip(_BYTE_ORDER_MARK).decode("utf-8", errors="replace")


def _addressed(line: str, token: str) -> str:
    """The line; one that names a user agent says clearly whether it means all, this crawler, or somebody else.

    protego takes any beginning of a name for the name, so that a group for "Count" would be ours, and does not find
    ours in "Counterfoil/1.0".
    """
    found = _USER_AGENT.match(line)
    if found is None:
        return line
    value = found["value"].strip()
    if value == "*" or re.match(r"\*\s", value):
        return "User-agent: *"
    named = _PRODUCT_TOKEN.match(value)
    ours = named is not None and named[0].casefold() == token.casefold()
    return f"User-agent: {token if ours else _SOMEBODY_ELSE}"


def _escaped(found: re.Match[str]) -> str:
    return quote(found[0])
