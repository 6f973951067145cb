"""Whole answers of the ASGI kind: collected from the shop so that they can be changed, or made up in its place."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import parse_qsl, quote, urlencode

from starlette.types import ASGIApp, Message, Receive, Scope, Send

Change = Callable[[Scope, "Answer"], "Answer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is said to one request."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_html(self) -> bool:
        """Whether it says that it is an HTML page."""
        return self.headers.get("content-type", "").startswith("text/html")

    def with_text(self, text: str) -> "Answer":
        """The same with another text, in UTF-8."""
        return replace(self, body=text.encode())

    def with_header(self, name: str, value: str) -> "Answer":
        """The same with one header more, or changed."""
        return replace(self, headers={**self.headers, name: value})


def page(title: str, text: str, status: int = 200, **headers: str) -> Answer:
    """A page that only says something."""
    body = f"<!doctype html><html><head><title>{title}</title></head><body><h1>{title}</h1><p>{text}</p></body></html>"
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(body=body.encode(), status=status, headers={"content-type": "text/html; charset=utf-8", **named})


async def collected(app: ASGIApp, scope: Scope, receive: Receive) -> Answer:
    """The shop's whole answer to a request."""
    start: Message = {}
    parts: list[bytes] = []

    async def keep(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
        else:
            parts.append(message.get("body", b""))

    await app(scope, receive, keep)
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in start["headers"]}
    headers.pop("content-length", None)
    return Answer(body=b"".join(parts), status=start["status"], headers=headers)


async def say(answer: Answer, send: Send) -> None:
    """Send an answer as HTTP wants it."""
    headers = {**answer.headers, "content-length": str(len(answer.body))}
    encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": encoded})
    await send({"type": "http.response.body", "body": answer.body})


def instead(make: Callable[[Scope], Answer]) -> ASGIApp:
    """An application that answers without asking the shop."""

    async def answering(scope: Scope, receive: Receive, send: Send) -> None:
        await say(make(scope), send)

    return answering


def changed(app: ASGIApp, change: Change) -> ASGIApp:
    """The shop, each of its answers changed."""

    async def changing(scope: Scope, receive: Receive, send: Send) -> None:
        await say(change(scope, await collected(app, scope, receive)), send)

    return changing


def asked_otherwise(scope: Scope, path: str | None = None, **query: str) -> Scope:
    """The request as if it were for another path, or had other values in its query."""
    there = path if path is not None else scope["path"]
    line = urlencode({**query_of(scope), **query}) if query else scope["query_string"].decode("latin-1")
    return {**scope, "path": there, "raw_path": quote(there).encode(), "query_string": line.encode()}


def query_of(scope: Scope) -> dict[str, str]:
    """The values of a request's query."""
    return dict(parse_qsl(scope["query_string"].decode("latin-1")))


def address_of(scope: Scope) -> str:
    """Path and query of a request."""
    query = scope["query_string"].decode("latin-1")
    return f"{scope['path']}?{query}" if query else str(scope["path"])


def http_date(seconds: float) -> str:
    """The time in so many seconds, as HTTP writes it (RFC 9110, 5.6.7)."""
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)
