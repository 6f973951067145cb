"""Fetches one document for a person who named its address, through the egress guard."""

import socket
import time
from collections.abc import Iterable
from typing import Any

import httpcore
import httpx

from counterfoil.egress import EgressGuard
from counterfoil.exceptions import AddressRefused, FetchFailed

_SECONDS = 30
_MOST_REDIRECTS = 5
# Answers that say "later": RFC 9110 15.5.9 and 15.6, RFC 6585 4.
_PASSING = {408, 425, 429, 500, 502, 503, 504}


def fetch(url: str, guard: EgressGuard, *, largest: int, user_agent: str, proxy: str | None = None) -> bytes:
    """The document at an http(s) address, redirects followed and judged one by one, at most `largest` bytes.

    Raises AddressRefused, or FetchFailed, whose `permanent` says whether trying again can help.
    """
    with httpx.Client(
        transport=_transport(guard, proxy), headers={"User-Agent": user_agent}, timeout=_SECONDS
    ) as client:
        for _ in range(_MOST_REDIRECTS + 1):
            target = guard.check_url(url)
            try:
                with client.stream("GET", target.href) as response:
                    if response.next_request is None:
                        return _body(response, largest)
                    url = str(response.next_request.url)
            except httpx.HTTPError as error:
                raise FetchFailed(f"{target.href} could not be fetched: {error}.", permanent=False) from error
    raise FetchFailed(f"{url} redirects more than {_MOST_REDIRECTS} times.", permanent=True)


def _body(response: httpx.Response, largest: int) -> bytes:
    if response.status_code != 200:
        raise FetchFailed(
            f"{response.url} answered {response.status_code}.", permanent=response.status_code not in _PASSING
        )
    data = bytearray()
    until = time.monotonic() + _SECONDS
    for piece in response.iter_bytes(65_536):
        data += piece
        if time.monotonic() > until:
            raise FetchFailed(f"{response.url} takes longer than {_SECONDS} seconds.", permanent=False)
        if len(data) > largest:
            raise FetchFailed(f"{response.url} is larger than {largest:,} bytes.", permanent=True)
    return bytes(data)


def _transport(guard: EgressGuard, proxy: str | None) -> httpx.BaseTransport:
    if proxy:
        # The proxy looks names up itself: names and literal addresses were checked, what they mean there we cannot see.
        return httpx.HTTPTransport(proxy=proxy)
    transport = httpx.HTTPTransport()
    transport._pool = httpcore.ConnectionPool(
        ssl_context=httpx.create_ssl_context(), network_backend=_GuardedBackend(guard)
    )
    return transport


class _GuardedBackend(httpcore.SyncBackend):
    """Looks a name up once, judges every address, and connects to one that was judged."""

    def __init__(self, guard: EgressGuard) -> None:
        self._guard = guard

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
        for address in addresses:
            self._guard.check_address(host, address)
        if not addresses:
            raise AddressRefused(f"{host} has no address.")
        return super().connect_tcp(addresses[0], port, timeout, local_address, socket_options)
