"""The proxy through which a browser reaches the world: every connection is judged by the address guard.

It listens on this machine only. The name that the browser asks for is looked up here, once; of its addresses those that
the guard allows are connected to as numbers, so that a name cannot come to mean another address in between. HTTPS and
web sockets pass as tunnels (CONNECT); TLS stays between browser and site.
"""

import asyncio
import base64
import logging
import re
import socket
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any
from urllib.parse import unquote, urlsplit

from counterfoil.egress import EgressGuard, Target, read_url
from counterfoil.exceptions import AddressRefused
from crawlers.browser.messages import LARGEST_HEAD, Head, MalformedMessage, read_head

log = logging.getLogger(__name__)

Resolve = Callable[[str, int], Awaitable[list[str]]]
Count = Callable[[bytes], None]

_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s\[\]/:@?#\\]+):[0-9]{1,5}")
_CHUNK = 64 * 1024
_MOST_ADDRESSES = 4
_MOST_REFUSALS = 200


class FilteringProxy:
    """A proxy for one browser; `count` gets every chunk that comes back, `refusals` says what was refused."""

    def __init__(
        self,
        guard: EgressGuard,
        *,
        upstream: str | None = None,
        resolve: Resolve | None = None,
        count: Count | None = None,
        seconds: float = 30,
    ) -> None:
        self._guard = guard
        self._upstream = urlsplit(upstream) if upstream else None
        self._resolve = resolve or _look_up
        self._count = count or (lambda data: None)
        self._seconds = seconds
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()
        self.port = 0
        self.refusals: dict[tuple[str, int], str] = {}

    async def start(self) -> None:
        """Listen on a free port of this machine. Raises OSError."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=LARGEST_HEAD)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Close the port and every connection."""
        if self._server is not None:
            self._server.close()
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._open.add(task)
            task.add_done_callback(self._open.discard)
        try:
            await self._serve(reader, writer)
        except (OSError, TimeoutError, MalformedMessage, asyncio.CancelledError) as error:
            log.debug("browser connection: %s", error)
        finally:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one request. What is refused is not answered: an answer would pass for the site's own."""
        try:
            async with asyncio.timeout(self._seconds):
                head = await read_head(reader)
                if head is None:
                    return
                target, tunnel = self._judge(head)
                inner, outer = await self._connect(target, tunnel)
        except (AddressRefused, MalformedMessage) as error:
            log.warning("refused to the browser: %s", error)
            return
        try:
            if tunnel:
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                await _first_of(_pipe(reader, outer), _pipe(inner, writer, self._count))
            else:
                outer.write(self._request(head, target))
                await _first_of(_pipe(reader, outer), self._answer(inner, writer))
        finally:
            outer.close()

    def _judge(self, head: Head) -> tuple[Target, bool]:
        """Where a request wants to go, and whether as a tunnel. Raises AddressRefused."""
        if len(head.words) != 3 or head.words[2] not in {"HTTP/1.1", "HTTP/1.0"}:
            raise AddressRefused(f"{head.first_line[:100]!r} is no request to a proxy")
        tunnel = head.words[0] == "CONNECT"
        if tunnel and not _AUTHORITY.fullmatch(head.words[1]):
            raise AddressRefused(f"{head.words[1][:100]!r} is no host and port")
        # What a tunnel will carry is not known; the host and the port are judged.
        url = f"https://{head.words[1]}/" if tunnel else head.words[1]
        try:
            target = self._guard.check_url(url)
            if target.port == self.port:
                raise AddressRefused(f"{target.href}: that is the proxy itself")
        except AddressRefused as error:
            self._refuse(_place(url), error)
            raise
        return target, tunnel

    async def _connect(self, target: Target, tunnel: bool) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection to an allowed address of the host. Raises AddressRefused or OSError."""
        if self._upstream is not None:
            return await self._connect_upstream(target, tunnel)
        failure: OSError | AddressRefused = OSError(f"{target.host} has no address")
        for address in (await self._resolve(target.host, target.port))[:_MOST_ADDRESSES]:
            try:
                self._guard.check_address(target.host, address)
                return await asyncio.open_connection(address, target.port, limit=LARGEST_HEAD)
            except (OSError, AddressRefused) as error:
                failure = error
        if isinstance(failure, AddressRefused):
            self._refuse((target.host, target.port), failure)
        raise failure

    async def _connect_upstream(
        self, target: Target, tunnel: bool
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection through the operator's own proxy, which looks names up for itself."""
        proxy = self._upstream
        if proxy is None or proxy.hostname is None:
            raise OSError("no proxy is set")
        reader, writer = await asyncio.open_connection(proxy.hostname, proxy.port or 80, limit=LARGEST_HEAD)
        if not tunnel:
            return reader, writer
        host = f"[{target.host}]" if ":" in target.host else target.host
        wanted = Head("", (("Host", f"{host}:{target.port}"),))
        writer.write(wanted.written(f"CONNECT {host}:{target.port} HTTP/1.1", self._credentials()))
        answer = await read_head(reader)
        if answer is None or answer.words[1:2] != ["200"]:
            writer.close()
            raise OSError(f"the proxy answered {answer.first_line if answer else 'nothing'}")
        return reader, writer

    def _request(self, head: Head, target: Target) -> bytes:
        """A request as the site is to see it: by its own path, and for one answer only."""
        parts = urlsplit(target.href)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        where = target.href if self._upstream is not None else path
        return head.written(f"{head.words[0]} {where} HTTP/1.1", [*self._credentials(), ("Connection", "close")])

    def _credentials(self) -> list[tuple[str, str]]:
        if self._upstream is None or self._upstream.username is None:
            return []
        pair = f"{unquote(self._upstream.username)}:{unquote(self._upstream.password or '')}"
        return [("Proxy-Authorization", "Basic " + base64.b64encode(pair.encode()).decode())]

    async def _answer(self, inner: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass the answer on, marked as the last of its connection: the browser may not reuse it for another host."""
        interim = True
        while interim:
            head = await read_head(inner)
            if head is None:
                return
            interim = head.words[1:2] < ["200"]
            writer.write(head.written(head.first_line, [] if interim else [("Connection", "close")]))
        await _pipe(inner, writer, self._count)

    def _refuse(self, place: tuple[str, int], error: Exception) -> None:
        if len(self.refusals) < _MOST_REFUSALS:
            self.refusals[place] = str(error)


def _place(url: str) -> tuple[str, int]:
    try:
        target = read_url(url)
    except AddressRefused:
        return "", 0
    return target.host, target.port


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, count: Count | None = None) -> None:
    """Carry bytes until one side has no more; the other end learns it."""
    with suppress(OSError):
        while data := await reader.read(_CHUNK):
            if count is not None:
                count(data)
            writer.write(data)
            await writer.drain()
    with suppress(OSError, RuntimeError):
        if writer.can_write_eof():
            writer.write_eof()


async def _first_of(*ways: Coroutine[Any, Any, None]) -> None:
    """Carry both ways until one is at its end: a browser that has left reads nothing, a site that has sends nothing."""
    tasks = [asyncio.ensure_future(way) for way in ways]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _look_up(host: str, port: int) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))
