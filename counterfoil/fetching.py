"""Fetches one document for a person who named its address, through the egress guard."""

import socket
import ssl
import time
from collections.abc import Iterable, Mapping
from typing import Any

import httpcore
import httpx

from counterfoil.egress import EgressGuard
from counterfoil.exceptions import AddressRefused, FetchFailed

_MOST_REDIRECTS = 5
# Answers that say "later": RFC 9110 15.5.9 and 15.6, RFC 6585 4.
_PASSING = {408, 425, 429, 500, 502, 503, 504}


def fetch(
    url: str,
    guard: EgressGuard,
    *,
    largest: int,
    user_agent: str,
    proxy: str | None = None,
    seconds: float = 30,
    headers: Mapping[str, str] | None = None,
) -> bytes:
    """The document at an http(s) address, redirects followed and judged one by one, at most `largest` bytes.

    It all takes at most `seconds`, however slowly bytes drip. Raises AddressRefused, or FetchFailed, whose `permanent`
    says whether trying again can help.
    """
    # httpx unpacks what comes together as a whole: a few hundred bytes can be gigabytes.
    own = {"User-Agent": user_agent, "Accept-Encoding": "identity"}
    with httpx.Client(
        transport=_transport(guard, proxy, seconds), headers={**(headers or {}), **own}, timeout=seconds
    ) as client:
        for _ in range(_MOST_REDIRECTS + 1):
            target = guard.check_url(url)
            try:
                with client.stream("GET", target.href) as response:
                    if response.next_request is None:
                        return _body(response, largest)
                    url = str(response.next_request.url)
            except httpx.TimeoutException as error:
                raise FetchFailed(
                    "{href} takes longer than {most:g} seconds.",
                    href=target.href,
                    most=seconds,
                    permanent=False,
                ) from error
            except httpx.HTTPError as error:
                raise FetchFailed(
                    "{href} could not be fetched: {error}.", href=target.href, error=error, permanent=False
                ) from error
            except httpx.InvalidURL as error:
                # Longer than httpx takes, for one.
                raise FetchFailed(
                    "{href} cannot be asked for: {error}.", href=target.href[:200], error=error, permanent=True
                ) from error
    raise FetchFailed(
        "{url} redirects more than {most_redirects} times.", url=url, most_redirects=_MOST_REDIRECTS, permanent=True
    )


def _body(response: httpx.Response, largest: int) -> bytes:
    if response.status_code != 200:
        raise FetchFailed(
            "{url} answered {status_code}.",
            url=response.url,
            status_code=response.status_code,
            permanent=response.status_code not in _PASSING,
        )
    packing = response.headers.get("Content-Encoding", "identity")
    if packing.lower() != "identity":
        raise FetchFailed(
            "{url} answered packed ({packing!r}), though asked not to.",
            url=response.url,
            packing=packing[:40],
            permanent=True,
        )
    data = bytearray()
    for piece in response.iter_raw(65_536):
        data += piece
        if len(data) > largest:
            raise FetchFailed(
                "{url} is larger than {largest:,} bytes.", url=response.url, largest=largest, permanent=True
            )
    return bytes(data)


def _transport(guard: EgressGuard, proxy: str | None, seconds: float) -> httpx.BaseTransport:
    transport = httpx.HTTPTransport(proxy=proxy)
    # The proxy looks names up itself: names and literal addresses were checked, what they mean there we cannot see.
    transport._pool._network_backend = _Backend(None if proxy else guard, seconds)
    return transport


class _Backend(httpcore.SyncBackend):
    """Looks a name up once, judges every address, and connects to one that was judged; all within its seconds."""

    def __init__(self, guard: EgressGuard | None, seconds: float) -> None:
        self._guard = guard
        self._until = time.monotonic() + seconds

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise httpcore.ConnectError(f"{host} has no address: {error}") from error
        addresses = [str(entry[4][0]) for entry in found]
        if self._guard is not None:
            for address in addresses:
                self._guard.check_address(host, address)
        if not addresses:
            raise AddressRefused("{host} has no address.", host=host)
        stream = super().connect_tcp(addresses[0], port, self.left(), local_address, socket_options)
        return _TimedStream(stream, self)

    def left(self) -> float:
        """The seconds that are left. Raises httpcore.ReadTimeout when there are none."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("no time is left")
        return left


class _TimedStream(httpcore.NetworkStream):
    """A connection that waits for what is left of its backend's seconds; httpx starts anew with every byte."""

    def __init__(self, stream: httpcore.NetworkStream, backend: _Backend) -> None:
        self._stream = stream
        self._backend = backend

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._backend.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._backend.left())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _TimedStream(self._stream.start_tls(ssl_context, server_hostname, self._backend.left()), self._backend)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
