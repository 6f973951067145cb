"""Reads and rewrites the heads of HTTP/1 messages that pass through a proxy (RFC 9112)."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

LARGEST_HEAD = 256 * 1024

# Of one connection only (RFC 9110, 7.6.1): a proxy does not pass them on.
_HOP_BY_HOP = frozenset({"connection", "proxy-connection", "keep-alive", "proxy-authorization", "proxy-authenticate"})


class MalformedMessage(ValueError):
    """What came is no HTTP/1 message, or one that two readers could understand differently."""


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a request or of a response: its first line, and its fields as they came."""

    first_line: str
    fields: tuple[tuple[str, str], ...]

    @property
    def words(self) -> list[str]:
        """The three parts of the first line; fewer where it is malformed."""
        return self.first_line.split(" ", 2)

    def written(self, first_line: str, more: Iterable[tuple[str, str]]) -> bytes:
        """The head under another first line, without what concerned the connection that it came by."""
        kept = [(name, value) for name, value in self.fields if name.lower() not in _HOP_BY_HOP]
        lines = [first_line, *(f"{name}: {value}" for name, value in [*kept, *more])]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


async def read_head(reader: asyncio.StreamReader) -> Head | None:
    """The next head; None where the other side has closed. Raises MalformedMessage for what is no HTTP/1 message."""
    try:
        raw = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise MalformedMessage("the head of a message broke off") from error
        return None
    except asyncio.LimitOverrunError as error:
        raise MalformedMessage("the head of a message is too long") from error
    first, *lines = raw.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    return Head(first, tuple(_field(line) for line in lines))


def _field(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    # A bare line end or a folded line is where two readers of one head begin to disagree.
    if not colon or not name or name != name.strip() or "\n" in line or "\r" in line:
        raise MalformedMessage("the head of a message is malformed")
    return name, value.strip()
