"""TLS: a certificate that nobody vouches for ends a crawl, and an https page is read through a proxy's tunnel."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from socketserver import StreamRequestHandler

import pytest
import trustme
from crawling import Bench
from market import Market, handling, html, serving

from counterfoil.egress import make_guard
from counterfoil.exceptions import FetchFailed
from counterfoil.fetching import fetch
from counterfoil.models import FinishReason
from counterfoil.settings import Settings
from counterfoil.store import Store


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def authority_file(authority: trustme.CA, tmp_path: Path) -> str:
    file = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(file)
    return str(file)


@pytest.fixture
def market(authority: trustme.CA) -> Iterator[Market]:
    """A marketplace with a certificate for its address and its public name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "shop.example.com").configure_cert(context)
    with serving(Market(), tls=context) as opened:
        opened.stock(3)
        opened.faults["/page"] = html("over TLS")
        yield opened


@pytest.fixture
def bench(settings: Settings, sqlite_store: Store, market: Market) -> Iterator[Bench]:
    made = Bench(settings, sqlite_store, market)
    yield made
    made.close()


@contextmanager
def tunnelling(port: int) -> Iterator[tuple[int, list[bytes]]]:
    """A proxy whose every tunnel ends at this port: its own port, and the heads of the requests that it got."""

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            heads.append(b"".join(iter(self.rfile.readline, b"\r\n")))
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            with socket.create_connection(("127.0.0.1", port)) as shop:
                threading.Thread(target=pass_on, args=(shop, self.connection), daemon=True).start()
                pass_on(self.connection, shop)

    def pass_on(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    heads: list[bytes] = []
    with handling(Handler) as listening_port:
        yield listening_port, heads


def test_a_site_whose_certificate_nobody_vouches_for_is_not_read(bench: Bench) -> None:
    crawl = bench.crawl("lamp")
    assert (crawl.reason, bench.market.asked) == (FinishReason.SITE_DOWN, [])
    assert "TLS: certificate verify failed" in (crawl.detail or "")


def test_a_site_with_a_good_certificate_is_read(bench: Bench, authority_file: str) -> None:
    bench.environment["SSL_CERT_FILE"] = authority_file
    crawl = bench.crawl("lamp")
    assert (crawl.reason, crawl.counters.seen, crawl.counters.images) == (FinishReason.FINISHED, 3, 3)


def test_an_https_page_is_read_through_a_tunnel_and_the_proxys_password_stays_with_the_proxy(
    bench: Bench, authority_file: str
) -> None:
    bench.market.declare(
        bench.settings.marketplaces_folder,
        url="https://shop.example.com/",
        search__url="https://shop.example.com/search?q={query}&page={page}",
    )
    with tunnelling(bench.market.port) as (port, heads):
        bench.environment |= {
            "COUNTERFOIL_PROXY": f"http://me:secret@127.0.0.1:{port}",
            "COUNTERFOIL_ALLOW_HOSTS": "",
            "SSL_CERT_FILE": authority_file,
        }
        crawl = bench.crawl("lamp")
    assert (crawl.reason, crawl.counters.seen, crawl.counters.images) == (FinishReason.FINISHED, 3, 3)
    assert {head.splitlines()[0] for head in heads} == {b"CONNECT shop.example.com:443 HTTP/1.1"}
    assert all(b"Proxy-Authorization: Basic bWU6c2VjcmV0" in head for head in heads)
    assert {asked.headers["host"] for asked in bench.market.asked} == {"shop.example.com"}
    assert not any("proxy-authorization" in asked.headers for asked in bench.market.asked)


def test_a_document_is_fetched_over_tls_from_whom_somebody_vouches_for(
    market: Market, authority_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    guard = make_guard([f"127.0.0.1:{market.port}"])
    with pytest.raises(FetchFailed, match="certificate verify failed"):
        fetch(f"{market.url}/page", guard, largest=1_000, user_agent="test")
    assert market.asked == []
    monkeypatch.setenv("SSL_CERT_FILE", authority_file)
    assert b"over TLS" in fetch(f"{market.url}/page", guard, largest=1_000, user_agent="test")
    with tunnelling(market.port) as (port, heads):
        proxy = f"http://127.0.0.1:{port}"
        url = "https://shop.example.com/page"
        assert b"over TLS" in fetch(url, guard, largest=1_000, user_agent="test", proxy=proxy)
    assert heads[0].startswith(b"CONNECT shop.example.com:443 ")
