"""The guard of every outgoing request: odd spellings, odd addresses, names that mean something else, redirects."""

import gzip
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from market import Answer, Market, dripping, html, listening, serving
from scrapy import Request
from scrapy.statscollectors import DummyStatsCollector
from scrapy.utils.test import get_crawler
from twisted.internet.address import IPv4Address, IPv6Address

from counterfoil.egress import is_public, make_guard, read_url
from counterfoil.exceptions import AddressRefused, FetchFailed, InvalidSetting
from counterfoil.fetching import fetch
from crawlers.egress import EgressMiddleware
from crawlers.failures import RequestRefused
from crawlers.resolver import GuardedResolver

# What a URL that browsers read as an internal address can look like (WHATWG URL Standard, 3.5), and what is no URL.
INSIDE = [
    "http://127.0.0.1/",
    "http://127.1/",
    "http://127.0.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.1/",
    "http://0177.0.0.1/",
    "http://017700000001/",
    "http://0x7f.0x0.0x0.0x1/",
    "http://127.0.0.1./",
    "http://１２７.０.０.１/",
    "http://①②⑦.0.0.1/",
    "http://127。0。0。1/",
    "http://%31%32%37.0.0.1/",
    "http:\\\\127.0.0.1\\",
    "http:/127.0.0.1/",
    "http:127.0.0.1",
    "HTTP://127.0.0.1/",
    " \t http://127.0.0.1/ ",
    "ht\ntp://127.0\t.0.1/",
    "http://0/",
    "http://0.0.0.0/",
    "http://10.0.0.1/",
    "http://172.16.0.1/",
    "http://192.168.1.1/",
    "http://192.0x00A80001/",
    "http://169.254.169.254/latest/meta-data/",
    "http://0xa9fea9fe/",
    "http://100.100.100.200/",
    "http://100.64.0.1/",
    "http://198.18.0.1/",
    "http://224.0.0.1/",
    "http://255.255.255.255/",
    "http://[::1]/",
    "http://[::]/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::ffff:0:127.0.0.1]/",
    "http://[::127.0.0.1]/",
    "http://[64:ff9b::127.0.0.1]/",
    "http://[64:ff9b:1::7f00:1]/",
    "http://[2002:7f00:1::]/",
    "http://[2001:0:4136:e378:8000:63bf:80ff:fffe]/",
    "http://[fe80::1]/",
    "http://[fd00:ec2::254]/",
    "http://[fc00::1]/",
    "http://[fec0::1]/",
    "http://[ff02::1]/",
    "http://[2001:db8::1]/",
    "http://localhost/",
    "http://LOCALHOST./",
    "http://a.localhost/",
    "http://metadata.google.internal/",
    "http://printer.local/",
    "http://router/",
    "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/",
]
NO_ADDRESS = [
    "",
    "//127.0.0.1/",
    "/listing/1",
    "file:///etc/passwd",
    "ftp://example.com/",
    "data:text/html,hello",
    "javascript:alert(1)",
    "gopher://example.com/",
    "http://",
    "http://user:password@example.com/",
    "http://127.0.0.1@example.com/",
    "http://example.com:99999/",
    "http://[fe80::1%25eth0]/",
    "http://[::1/",
    "http://exa mple.com/",
    "http://example.com\x00.evil.example/",
    "http://1.2.3.4.5/",
    "http://256.256.256.256/",
]
OTHER_PORTS = ["http://example.com:22/", "https://example.com:6379/", "http://8.8.8.8:8080/", "http://example.com:0/"]


@pytest.mark.parametrize("url", INSIDE + NO_ADDRESS + OTHER_PORTS)
def test_what_leads_inside_or_nowhere_is_refused(url: str) -> None:
    with pytest.raises(AddressRefused):
        make_guard().check_url(url)


@pytest.mark.parametrize(
    ("url", "href", "host", "port"),
    [
        ("http://example.com", "http://example.com/", "example.com", 80),
        ("https://EXAMPLE.com:443/a b", "https://example.com/a%20b", "example.com", 443),
        ("https://example.com\\@evil.example/", "https://example.com/@evil.example/", "example.com", 443),
        ("http://bücher.example/", "http://xn--bcher-kva.example/", "xn--bcher-kva.example", 80),
        ("http://0x08.0x08.8.8/x/../y", "http://8.8.8.8/y", "8.8.8.8", 80),
        ("http://[2606:4700::1111]/", "http://[2606:4700::1111]/", "2606:4700::1111", 80),
        ("http://a.example/#@127.0.0.1/", "http://a.example/#@127.0.0.1/", "a.example", 80),
    ],
)
def test_public_addresses_are_let_out_under_their_canonical_spelling(url: str, href: str, host: str, port: int) -> None:
    target = make_guard().check_url(url)
    assert (target.href, target.host, target.port) == (href, host, port)


def test_a_listed_host_is_allowed_for_its_port_only() -> None:
    guard = make_guard(["127.0.0.1:8600", "Shop.Internal", "[::1]:8601", "bücher.example:90"])
    for url in ("http://127.0.0.1:8600/", "http://0x7f.1:8600/", "http://shop.internal:1234/", "http://[::1]:8601/"):
        guard.check_url(url)
    guard.check_url("http://bücher.example:90/")
    for url in ("http://127.0.0.1/", "http://127.0.0.2:8600/", "http://[::1]:80/", "http://[::1]:8600/"):
        with pytest.raises(AddressRefused):
            guard.check_url(url)
    guard.check_address("shop.internal", "10.0.0.1")
    with pytest.raises(AddressRefused, match="COUNTERFOIL_ALLOW_HOSTS"):
        guard.check_address("other.example", "10.0.0.1")


@pytest.mark.parametrize("entry", ["", "http://x/", "a b", "x:port", "user@x"])
def test_a_listed_host_that_cannot_be_read_is_named(entry: str) -> None:
    with pytest.raises(InvalidSetting, match="COUNTERFOIL_ALLOW_HOSTS"):
        make_guard([entry])


@pytest.mark.parametrize(
    ("address", "public"),
    [
        *(("1.1.1.1", True), ("8.8.8.8", True), ("2606:4700::1111", True), ("192.0.2.1", False), ("0.1.2.3", False)),
        *(("100.63.255.255", True), ("100.64.0.0", False), ("100.127.255.255", False), ("100.128.0.0", True)),
        *(("172.15.255.255", True), ("172.16.0.0", False), ("172.31.255.255", False), ("172.32.0.0", True)),
        *(("::ffff:8.8.8.8", True), ("64:ff9b::8.8.8.8", True), ("2002:808:808::", True), ("2002:a00:1::", False)),
        *(("3fff::1", False), ("4000::1", False), ("100::1", False), ("fe80::1%eth0", False), ("240.0.0.1", False)),
    ],
)
def test_addresses_are_public_or_not(address: str, public: bool) -> None:
    assert is_public(address) is public


@given(st.ip_addresses(v=4).filter(lambda ip: not is_public(ip)))
def test_wrapping_an_address_in_another_hides_nothing(inside: Any) -> None:
    number = int(inside)
    for wrapped in (f"::ffff:{inside}", f"64:ff9b::{inside}", f"2002:{number >> 16:x}:{number & 0xFFFF:x}::1"):
        assert not is_public(wrapped)


@given(st.text(max_size=60))
def test_whatever_a_page_calls_an_address_is_read_or_refused(text: str) -> None:
    for url in (text, f"http://{text}", f"http://{text}/", f"//{text}"):
        try:
            target = read_url(url)
        except AddressRefused:
            continue
        assert read_url(target.href) == target


# ------------------------------------------------------------------------------------------- Scrapy's middleware


def middleware(*hosts: str, proxy: str | None = None) -> EgressMiddleware:
    return EgressMiddleware(make_guard(hosts), DummyStatsCollector(get_crawler()), proxy)


def test_a_request_goes_out_under_the_address_that_was_judged() -> None:
    guard = middleware()
    respelt = guard.process_request(Request("http://EXAMPLE.com:80/a/../b?x=ü", cb_kwargs={"key": "k"}))
    assert respelt is not None
    assert (respelt.url, respelt.cb_kwargs, respelt.dont_filter) == (
        "http://example.com/b?x=%C3%BC",
        {"key": "k"},
        True,
    )
    assert guard.process_request(respelt) is None
    assert respelt.meta["proxy"] is None
    # A redirect takes the request's meta along; its own address is judged and spelt anew.
    redirected = respelt.replace(url="http://0x08.0x08.0x08.0x08/")
    again = guard.process_request(redirected)
    assert again is not None
    assert again.url == "http://8.8.8.8/"


# To Scrapy this is no address at all.
NO_REQUEST = "http:127.0.0.1"


@pytest.mark.parametrize("url", [*(url for url in INSIDE if url != NO_REQUEST), "file:///etc/passwd"])
def test_the_middleware_refuses_what_leads_inside(url: str) -> None:
    with pytest.raises(RequestRefused):
        middleware().process_request(Request(url))


def test_what_scrapy_takes_for_no_address_never_becomes_a_request() -> None:
    with pytest.raises(ValueError, match="Missing scheme"):
        Request(NO_REQUEST)


@given(st.text(max_size=40))
def test_every_address_settles_on_one_spelling(text: str) -> None:
    guard = middleware()
    try:
        request = Request(f"http://example.com/{text}")
        respelt = guard.process_request(request) or request
    except (RequestRefused, ValueError):
        return
    assert guard.process_request(respelt) is None
    assert make_guard().check_url(respelt.url).host == "example.com"


def test_a_proxy_is_set_and_names_and_literals_are_still_judged() -> None:
    guard = middleware(proxy="http://user:secret@proxy.example:3128")
    request = Request("http://example.com/")
    assert guard.process_request(request) is None
    assert request.meta["proxy"] == "http://user:secret@proxy.example:3128"
    for url in ("http://127.0.0.1/", "http://router/", "http://metadata.google.internal/"):
        with pytest.raises(RequestRefused):
            guard.process_request(Request(url))


# ---------------------------------------------------------------------------------------------- Twisted's resolver


class Receiver:
    """Takes what a resolver finds."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self.complete = False

    def resolutionBegan(self, resolution: Any) -> None:
        return

    def addressResolved(self, address: Any) -> None:
        self.found.append(address.host)

    def resolutionComplete(self) -> None:
        self.complete = True


class Names:
    """A resolver that knows some names."""

    def __init__(self, **names: list[str]) -> None:
        self.names = names

    def resolveHostName(self, receiver: Any, name: str, port: int, types: Any, semantics: str) -> Any:
        receiver.resolutionBegan(self)
        for address in self.names.get(name.split(".")[0], []):
            made = IPv6Address if ":" in address else IPv4Address
            receiver.addressResolved(made("TCP", address, port))
        receiver.resolutionComplete()
        return self


def test_a_resolver_gives_out_public_addresses_only_and_remembers_why() -> None:
    names = Names(
        inside=["127.0.0.1", "::1"], both=["10.0.0.1", "1.1.1.1", "fd00::1"], shop=["127.0.0.1"], xn=["169.254.169.254"]
    )
    resolver = GuardedResolver(None, names, make_guard(["shop.example:8600"]))  # type: ignore[arg-type]

    def found(name: str) -> list[str]:
        receiver = Receiver()
        resolver.resolveHostName(receiver, name, 80)
        assert receiver.complete
        return receiver.found

    assert found("inside.example") == []
    assert "not a public address" in str(resolver.refusal("inside.example"))
    assert found("both.example") == ["1.1.1.1"]
    assert found("shop.example") == ["127.0.0.1"]
    assert found("nowhere.example") == []
    assert resolver.refusal("nowhere.example") is None


def test_a_name_that_turns_inside_after_it_was_public_is_judged_anew() -> None:
    names = Names(swing=["1.1.1.1"])
    resolver = GuardedResolver(None, names, make_guard())  # type: ignore[arg-type]
    first, second = Receiver(), Receiver()
    resolver.resolveHostName(first, "swing.example", 80)
    names.names["swing"] = ["127.0.0.1"]
    resolver.resolveHostName(second, "swing.example", 80)
    assert (first.found, second.found) == (["1.1.1.1"], [])


# --------------------------------------------------------------------------------------------- one document by hand


@pytest.fixture
def market() -> Iterator[Market]:
    with serving(Market()) as opened:
        yield opened


def get(market: Market, path: str, largest: int = 100_000, url: str = "") -> bytes:
    guard = make_guard([f"127.0.0.1:{market.port}"])
    return fetch(url or market.url + path, guard, largest=largest, user_agent="Counterfoil/test")


def test_a_document_is_fetched_through_redirects(market: Market) -> None:
    market.faults["/from"] = Answer(status=302, headers={"Location": "/to"})
    market.faults["/to"] = html("there")
    assert b"there" in get(market, "/from")
    assert [asked.headers["user-agent"] for asked in market.asked] == ["Counterfoil/test"] * 2


@pytest.mark.parametrize(
    "location",
    ["http://127.0.0.1:{port}/", "http://[::1]:{port}/", "file:///etc/passwd", "//localhost:{port}/", "ftp://x/"],
)
def test_a_redirect_leads_nowhere_inside(market: Market, location: str) -> None:
    with listening() as (port, arrived):
        market.faults["/from"] = Answer(status=302, headers={"Location": location.format(port=port)})
        with pytest.raises(AddressRefused):
            get(market, "/from")
    assert arrived == []


def test_a_redirect_loop_ends(market: Market) -> None:
    market.faults["/loop"] = Answer(status=302, headers={"Location": "/loop"})
    with pytest.raises(FetchFailed, match="redirects") as failed:
        get(market, "/loop")
    assert failed.value.permanent
    assert len(market.asked) == 6


@pytest.mark.parametrize(("status", "permanent"), [(404, True), (403, True), (503, False), (429, False), (500, False)])
def test_a_refusal_says_whether_trying_again_can_help(market: Market, status: int, permanent: bool) -> None:
    market.faults["/x"] = Answer(status=status)
    with pytest.raises(FetchFailed) as failed:
        get(market, "/x")
    assert failed.value.permanent is permanent


def test_a_document_is_cut_at_its_largest_size(market: Market) -> None:
    market.faults["/large"] = Answer(body=b"x" * 200_000)
    with pytest.raises(FetchFailed, match="larger than") as failed:
        get(market, "/large")
    assert failed.value.permanent


def test_a_packed_document_is_not_asked_for_and_never_unpacked(market: Market) -> None:
    bomb = gzip.compress(gzip.compress(b"\0" * 50_000_000))
    market.faults["/bomb"] = Answer(body=bomb, headers={"Content-Encoding": "gzip, gzip"})
    with pytest.raises(FetchFailed, match="gzip, gzip") as failed:
        get(market, "/bomb")
    assert failed.value.permanent
    market.faults["/plain"] = Answer(body=b"as it is", headers={"Content-Encoding": "identity"})
    assert get(market, "/plain") == b"as it is"
    assert {asked.headers["accept-encoding"] for asked in market.asked} == {"identity"}


@pytest.mark.parametrize(
    "start",
    [b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n", b"HTTP/1.1 302 Found\r\nX: "],
)
@pytest.mark.parametrize("by_proxy", [False, True])
def test_a_document_that_drips_is_left(start: bytes, by_proxy: bool) -> None:
    with dripping(start) as port:
        address = f"http://127.0.0.1:{port}"
        url, proxy = ("http://shop.example.com/", address) if by_proxy else (f"{address}/", None)
        guard = make_guard([f"127.0.0.1:{port}"])
        with pytest.raises(FetchFailed, match="longer than 1 second") as failed:
            fetch(url, guard, largest=99_999, user_agent="test", proxy=proxy, seconds=1)
    assert not failed.value.permanent


def test_an_address_that_is_too_long_is_refused_in_words(market: Market) -> None:
    with pytest.raises(FetchFailed, match="too long") as failed:
        get(market, "/" + "a" * 70_000)
    assert failed.value.permanent


def test_a_name_that_means_this_machine_is_not_connected(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    real = socket.getaddrinfo

    def everything_is_here(host: Any, *rest: Any, **more: Any) -> Any:
        return real("127.0.0.1" if host == "shop.example.com" else host, *rest, **more)

    # The one thing that cannot be had for real without a name server: a public name with an internal address.
    monkeypatch.setattr(socket, "getaddrinfo", everything_is_here)
    guard = make_guard(allow_ports=[market.port])
    with pytest.raises(AddressRefused, match=r"127\.0\.0\.1"):
        fetch(f"http://shop.example.com:{market.port}/", guard, largest=1_000, user_agent="test")
    assert market.asked == []


def test_a_proxy_is_used_and_still_sees_no_inside_address(market: Market) -> None:
    market.faults["/page"] = html("by proxy")
    arguments: dict[str, Any] = {"largest": 1_000, "user_agent": "test", "proxy": market.url}
    with pytest.raises(AddressRefused):
        fetch("http://127.0.0.1/page", make_guard(), **arguments)
    assert market.asked == []
    assert b"by proxy" in fetch("http://shop.example.com/page", make_guard(), **arguments)
    assert market.asked[0].headers["host"] == "shop.example.com"
