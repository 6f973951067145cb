"""What all interfaces share: a request to make, an answer that was read, and the shape of a reader of both."""

import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Protocol

import html_text

from crawlers.reading.listing import ReadListing


class UnexpectedAnswer(ValueError):
    """An answer is not what this interface documents; the text says in which way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request. It holds no secrets: these are added as headers when it is sent."""

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One listing of an answer: as it was read, and the part of the answer that it was read from."""

    read: ReadListing
    raw: Any = field(repr=False)

    @property
    def body(self) -> bytes:
        """What is kept as evidence of it."""
        return json.dumps(self.raw, ensure_ascii=False, sort_keys=True, default=str).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A page of an interface's results, and the request for the next one."""

    records: tuple[Record, ...] = ()
    next: Ask | None = None


class Interface(Protocol):
    """Asks one shop or marketplace, and reads its answers.

    `is_catalogue` says that it can only list all that is sold: what no query looks for is left out by the spider.
    """

    is_catalogue: bool

    def search(self, query: str) -> Ask:
        """The first request for a query."""

    def read(self, ask: Ask, data: Any) -> Answer:
        """What the answer to `ask` says. Raises UnexpectedAnswer."""


def records_of(data: Any, *path: str) -> list[dict[str, Any]]:
    """The objects of the list at a place of an answer. Raises UnexpectedAnswer where there is no list."""
    for name in path:
        data = data.get(name) if isinstance(data, dict) else None
    if not isinstance(data, list):
        raise UnexpectedAnswer(f"the answer has no list at {'.'.join(path) or 'its top'}")
    return [one for one in data if isinstance(one, dict)]


def text(value: Any) -> str | None:
    """A text or number as text; None for what is neither, or empty."""
    if isinstance(value, str):
        return value.strip() or None
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def plain_text(value: Any) -> str | None:
    """Text without the markup and the entities that descriptions and titles have."""
    said = text(value)
    if said and "<" in said:
        said = html_text.extract_text(said[:200_000]) or None
    return html.unescape(said) if said and "&" in said else said


def amount(value: Any, minor_digits: int = 0) -> Decimal | None:
    """An exact amount, of which the last `minor_digits` are decimals; None for what is no number."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        return None
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    # PostgreSQL and people both know no price with more digits than this.
    if not number.is_finite() or number < 0 or number.adjusted() > 12:
        return None
    return number.scaleb(-minor_digits)


def low_and_high(amounts: Sequence[Decimal | None]) -> tuple[Decimal | None, Decimal | None]:
    """(lowest, highest where that is another)."""
    known = sorted({one for one in amounts if one is not None})
    return (known[0] if known else None, known[-1] if len(known) > 1 else None)


def read_json(body: bytes) -> Any:
    """An answer's JSON, its numbers exact. Raises UnexpectedAnswer."""
    try:
        return json.loads(body, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise UnexpectedAnswer(f"the answer is no JSON: {type(error).__name__}") from error


def inside(value: Any, *path: str) -> Any:
    """What stands at a place of an object; None where there is no such place."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def links(values: Any, *names: str) -> tuple[str, ...]:
    """The addresses in a list of texts, or of objects that have them under one of these names; each once."""
    found: dict[str, None] = {}
    for value in values if isinstance(values, list) else [values]:
        said = (
            next((text(value.get(name)) for name in names if value.get(name)), None)
            if isinstance(value, dict)
            else value
        )
        if isinstance(said, str):
            said = "https:" + said if said.startswith("//") else said
            if said.startswith(("http://", "https://")):
                found[said] = None
    return tuple(found)
