"""Faults below HTTP: waits, broken connections, and bodies that are not as long as they are said to be.

An ASGI server lets no application lie about its bodies, so these write to the connection themselves.
"""

import asyncio
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from examples.marketplace.faults.answers import Answer, collected

_CONNECTION = "fairmarket.connection"


class OpenProtocol(H11Protocol):
    """uvicorn's HTTP, with the connection itself handed to the application."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Put the connection where the faults find it."""
        super().connection_made(transport)
        shop: Any = self.app

        async def with_connection(scope: Any, receive: Any, send: Any) -> None:
            scope.setdefault("extensions", {})[_CONNECTION] = transport
            await shop(scope, receive, send)

        self.app = with_connection


def slow(app: ASGIApp, seconds: float) -> ASGIApp:
    """Answers rightly, but late."""

    async def waiting(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(seconds)
        await app(scope, receive, send)

    return waiting


def hang(app: ASGIApp, where: str) -> ASGIApp:
    """Never comes to the end: says nothing at all, stops in the body, or lets the body drip."""

    async def hanging(scope: Scope, receive: Receive, send: Send) -> None:
        if where != "headers":
            answer = await collected(app, scope, receive)
            half = len(answer.body) // 2
            _write(scope, _head(answer, f"content-length: {len(answer.body)}"), answer.body[:half])
            if where == "drip":
                await _drip(scope, receive, answer.body[half:])
                return
        await _until_gone(receive)

    return hanging


def truncated(app: ASGIApp) -> ASGIApp:
    """Breaks the connection in the middle of the body."""
    return _said(app, lambda body: (f"content-length: {len(body)}", body[: len(body) // 2]), close=True)


def broken_chunks(app: ASGIApp, how: str) -> ASGIApp:
    """A chunked body that breaks off, or goes on with a chunk that has no size."""

    def chunks(body: bytes) -> tuple[str, bytes]:
        half = body[: len(body) // 2]
        rest = b"zz\r\n" + body if how == "garbage" else b""
        return "transfer-encoding: chunked", b"%x\r\n%s\r\n%s" % (len(half), half, rest)

    return _said(app, chunks, close=how == "cut")


def length_too_large(app: ASGIApp) -> ASGIApp:
    """Says that more is to come, and keeps the connection open."""
    return _said(app, lambda body: (f"content-length: {len(body) + 1_000}", body))


def length_too_small(app: ASGIApp) -> ASGIApp:
    """Says that the body is half as long as it is."""
    return _said(app, lambda body: (f"connection: close\r\ncontent-length: {len(body) // 2}", body), close=True)


def _said(app: ASGIApp, lie: Callable[[bytes], tuple[str, bytes]], *, close: bool = False) -> ASGIApp:
    async def lying(scope: Scope, receive: Receive, send: Send) -> None:
        answer = await collected(app, scope, receive)
        framing, sent = lie(answer.body)
        _write(scope, _head(answer, framing), sent)
        if close:
            _connection(scope).close()
        await _until_gone(receive)

    return lying


def _head(answer: Answer, framing: str) -> bytes:
    phrase = HTTPStatus(answer.status).phrase
    lines: Iterable[str] = (
        f"HTTP/1.1 {answer.status} {phrase}",
        *(f"{name}: {value}" for name, value in answer.headers.items()),
        framing,
    )
    return "".join(f"{line}\r\n" for line in lines).encode("latin-1") + b"\r\n"


def _write(scope: Scope, *parts: bytes) -> None:
    _connection(scope).write(b"".join(parts))


def _connection(scope: Scope) -> asyncio.Transport:
    found: asyncio.Transport = scope["extensions"][_CONNECTION]
    return found


async def _drip(scope: Scope, receive: Receive, rest: bytes) -> None:
    gone = asyncio.ensure_future(_until_gone(receive))
    for letter in rest:
        if (await asyncio.wait([gone], timeout=0.5))[0]:
            return
        _write(scope, bytes([letter]))
    await gone


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
