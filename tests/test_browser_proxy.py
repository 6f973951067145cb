"""The proxy that a browser's requests leave through: what it lets out, what it does not, and what it passes on."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager

import pytest
from market import Answer, Market, handling, html, listening, serving

from counterfoil.egress import make_guard
from crawlers.browser.proxy import FilteringProxy, Resolve

Say = Callable[[bytes], Awaitable[bytes]]


@pytest.fixture
def market() -> Iterator[Market]:
    with serving(Market()) as opened:
        yield opened


@asynccontextmanager
async def through(proxy: FilteringProxy) -> AsyncIterator[Say]:
    """Says something to the proxy on a connection of its own, and returns all that comes back until it is closed."""

    async def say(message: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(message)
        answer = await asyncio.wait_for(reader.read(), 20)
        writer.close()
        return answer

    await proxy.start()
    try:
        yield say
    finally:
        await proxy.close()


def ask(proxy: FilteringProxy, *messages: bytes) -> list[bytes]:
    async def conversation() -> list[bytes]:
        async with through(proxy) as say:
            return [await say(message) for message in messages]

    return asyncio.run(conversation())


def resolving(*addresses: str) -> Resolve:
    async def resolve(host: str, port: int) -> list[str]:
        return list(addresses)

    return resolve


def test_a_request_reaches_the_site_by_its_own_path_and_ends_its_connection(market: Market) -> None:
    counted: list[bytes] = []
    market.faults["/page"] = html("<p>hello")
    proxy = FilteringProxy(make_guard([f"127.0.0.1:{market.port}"]), count=counted.append)
    head = f"Host: 127.0.0.1:{market.port}\r\nProxy-Connection: keep-alive\r\nX-Own: 1\r\n\r\n"
    (answer,) = ask(proxy, f"GET {market.url}/page?a=b HTTP/1.1\r\n{head}".encode())
    assert answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(b"<p>hello</body></html>")
    assert b"Connection: close" in answer.partition(b"\r\n\r\n")[0]
    (asked,) = market.asked
    assert (asked.path, asked.query, asked.headers["x-own"]) == ("/page", {"a": "b"}, "1")
    assert "proxy-connection" not in asked.headers and asked.headers["connection"] == "close"
    assert answer.endswith(b"".join(counted)) and counted


def test_a_tunnel_carries_bytes_both_ways(market: Market) -> None:
    market.faults["/page"] = Answer(body=b"in the tunnel", headers={"Connection": "close"})
    proxy = FilteringProxy(make_guard([f"127.0.0.1:{market.port}"]))
    request = b"GET /page HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    (answer,) = ask(proxy, f"CONNECT 127.0.0.1:{market.port} HTTP/1.1\r\n\r\n".encode() + request)
    assert answer.startswith(b"HTTP/1.1 200 Connection established\r\n\r\nHTTP/1.1 200")
    assert answer.endswith(b"in the tunnel")


@pytest.mark.parametrize("spelt", ["127.0.0.1", "2130706433", "0x7f.1", "localhost", "0.0.0.0", "[::ffff:127.0.0.1]"])
def test_nothing_internal_is_connected_to_however_it_is_spelt(spelt: str) -> None:
    with listening() as (port, arrived):
        proxy = FilteringProxy(make_guard(allow_ports=[port]))
        said = ask(
            proxy,
            f"GET http://{spelt}:{port}/ HTTP/1.1\r\nHost: public.example\r\n\r\n".encode(),
            f"CONNECT {spelt}:{port} HTTP/1.1\r\nHost: public.example:443\r\n\r\n".encode(),
        )
    assert (said, arrived) == ([b"", b""], [])
    assert proxy.refusals


def test_a_public_name_with_an_internal_address_is_refused() -> None:
    with listening() as (port, arrived):
        guard = make_guard(allow_ports=[port])
        proxy = FilteringProxy(guard, resolve=resolving("127.0.0.1", "169.254.169.254", "::1"))
        said = ask(proxy, f"CONNECT shop.example:{port} HTTP/1.1\r\n\r\n".encode())
    assert (said, arrived) == ([b""], [])
    assert "not a public address" in proxy.refusals["shop.example", port]


def test_of_a_names_addresses_only_the_allowed_are_connected_to(market: Market) -> None:
    """What a name meant a moment ago does not count: it is looked up once, and connected to as a number."""
    guard = make_guard([f"shop.example:{market.port}"])
    proxy = FilteringProxy(guard, resolve=resolving("127.0.0.1"))
    market.faults["/"] = html("here")
    (answer,) = ask(proxy, f"GET http://shop.example:{market.port}/ HTTP/1.1\r\nHost: shop.example\r\n\r\n".encode())
    assert b"here" in answer


@pytest.mark.parametrize(
    "message",
    [
        b"GET /page HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET file:///etc/passwd HTTP/1.1\r\n\r\n",
        b"GET http://user:word@shop.example/ HTTP/1.1\r\n\r\n",
        b"CONNECT shop.example HTTP/1.1\r\n\r\n",
        b"CONNECT shop.example:22 HTTP/1.1\r\n\r\n",
        b"CONNECT shop.example:443/../x HTTP/1.1\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\n",
        b"GET http://shop.example/ HTTP/1.1\r\nfolded:\r\n line\r\n\r\n",
        b"GET http://shop.example/ HTTP/1.1\r\nA: b\nHost: c\r\n\r\n",
        b"GET http://shop.example/ HTTP/1.1\r\n" + b"A: " + b"x" * 300_000 + b"\r\n\r\n",
    ],
    ids=lambda message: message[:30].decode(),
)
def test_what_is_no_request_to_a_proxy_gets_no_answer_and_no_look_up(message: bytes) -> None:
    looked_up: list[str] = []

    async def resolve(host: str, port: int) -> list[str]:
        looked_up.append(host)
        return []

    assert ask(FilteringProxy(make_guard(), resolve=resolve), message) == [b""]
    assert looked_up == []


def test_the_proxy_does_not_speak_to_itself() -> None:
    proxy = FilteringProxy(make_guard(["127.0.0.1"]))

    async def conversation() -> bytes:
        async with through(proxy) as say:
            return await say(f"CONNECT 127.0.0.1:{proxy.port} HTTP/1.1\r\n\r\n".encode())

    assert asyncio.run(conversation()) == b""
    assert "the proxy itself" in proxy.refusals["127.0.0.1", proxy.port]


def test_behind_the_operators_proxy_names_are_judged_and_its_password_is_given_to_it_alone(market: Market) -> None:
    market.faults["/page"] = html("by the other proxy")
    upstream = f"http://user:pass%20word@127.0.0.1:{market.port}"
    proxy = FilteringProxy(make_guard(), upstream=upstream)
    plain, refused = ask(
        proxy,
        b"GET http://shop.example/page HTTP/1.1\r\nHost: shop.example\r\n\r\n",
        b"GET http://10.0.0.1/page HTTP/1.1\r\nHost: shop.example\r\n\r\n",
    )
    assert b"by the other proxy" in plain and refused == b""
    (asked,) = market.asked
    assert asked.headers["proxy-authorization"] == "Basic dXNlcjpwYXNzIHdvcmQ="


def test_a_tunnel_through_the_operators_proxy_is_asked_of_it() -> None:
    from socketserver import StreamRequestHandler

    heard: list[bytes] = []

    class Upstream(StreamRequestHandler):
        def handle(self) -> None:
            while (line := self.rfile.readline()) not in (b"\r\n", b""):
                heard.append(line)
            self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\nfrom afar")

    with handling(Upstream) as port:
        proxy = FilteringProxy(make_guard(), upstream=f"http://127.0.0.1:{port}")
        (answer,) = ask(proxy, b"CONNECT shop.example:443 HTTP/1.1\r\n\r\n")
    assert answer.endswith(b"\r\n\r\nfrom afar")
    assert heard[0] == b"CONNECT shop.example:443 HTTP/1.1\r\n"
