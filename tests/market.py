"""A tiny marketplace on a free port of this machine, which does what a test tells it to, right or wrong."""

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import yaml

# The frame of a JPEG without a picture in it: start, JFIF, the start of a scan.
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00\xff\xda\x00\x02made for a test "
JPEG_END = b"\xff\xd9"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the server says to one request."""

    body: bytes = b""
    status: int = 200
    type: str = "text/html; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0


Fault = Answer | Callable[["Asked"], Answer]


@dataclass(frozen=True)
class Asked:
    """A request as it came in."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]
    method: str = "GET"
    body: bytes = b""


@dataclass
class Market:
    """The shop: what it sells, what goes wrong (by path), and what it was asked."""

    listings: dict[str, dict[str, Any]] = field(default_factory=dict)
    faults: dict[str, Fault] = field(default_factory=dict)
    page_size: int = 10
    asked: list[Asked] = field(default_factory=list)
    port: int = 0
    scheme: str = "http"
    etags: bool = True

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def stock(self, count: int, *, pictures: int = 1) -> None:
        """Sell `count` lamps, each with its own pictures."""
        for number in range(1, count + 1):
            self.listings[str(number)] = {
                "title": f"Lamp {number}",
                "price": f"{number}.50",
                "images": [f"{number}-{picture}.jpg" for picture in range(pictures)],
            }

    def asked_for(self, start: str) -> list[str]:
        """The paths that start so, in the order they were asked for."""
        return [asked.path for asked in list(self.asked) if asked.path.startswith(start)]

    def declare(self, folder: Path, **changes: Any) -> None:
        """Write the marketplace's declaration into a folder of declarations, as `market`."""
        declared: dict[str, Any] = {
            "name": "market",
            "title": "Market of a test",
            "url": f"{self.url}/",
            "currencies": ["EUR"],
            "exercised": "by this test",
            "search": {
                "url": f"{self.url}/search?q={{query}}&page={{page}}",
                "card": "article",
                "link": "a",
                "title": "h2",
                "price": ".price",
                "image": "img",
                "next": "a.next",
                "empty": ".nothing",
            },
            "listing": {"url": "^/listing/(?P<id>[^/]+)$", "required": ["title", "price", "seller"]},
            "politeness": {"delay": 0, "concurrency": 8},
        }
        for name, value in changes.items():
            part, _, inner = name.partition("__")
            if inner:
                declared[part][inner] = value
            else:
                declared[part] = value
        file = folder / "market" / "marketplace.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(yaml.safe_dump(declared))

    def answer(self, asked: Asked) -> Answer:
        """What the shop says when nothing is wrong with it."""
        fault = self.faults.get(asked.path)
        if fault is not None:
            return fault(asked) if callable(fault) else fault
        kind, _, name = asked.path.strip("/").partition("/")
        if kind == "search":
            return self.results(asked.query.get("q", ""), int(asked.query.get("page", "1")))
        if kind == "listing" and name in self.listings:
            return html(listing_page(name, self.listings[name]))
        if kind == "picture":
            return self._picture(name, asked)
        return Answer(status=404)

    def results(self, query: str, page: int) -> Answer:
        """A page of all listings whose title has the query's words in it."""
        words = query.casefold().split()
        found = [key for key, said in self.listings.items() if all(word in said["title"].casefold() for word in words)]
        shown = found[(page - 1) * self.page_size : page * self.page_size]
        if not shown:
            return html("<p class=nothing>Nothing found</p>")
        following = page * self.page_size < len(found)
        more = f"<a class=next href='/search?q={quote(query)}&amp;page={page + 1}'>Next</a>" if following else ""
        return html("".join(self._card(key) for key in shown) + more)

    def _card(self, key: str) -> str:
        said = self.listings[key]
        return (
            f"<article><a href='/listing/{key}?from=search'><h2>{escape(said['title'])}</h2></a>"
            f"<b class=price>€ {said['price']}</b></article>"
        )

    def _picture(self, name: str, asked: Asked) -> Answer:
        etag = f'"{name}"'
        if self.etags and asked.headers.get("if-none-match") == etag:
            return Answer(status=304, headers={"ETag": etag})
        headers = {"ETag": etag} if self.etags else {}
        return Answer(body=JPEG + name.encode() + JPEG_END, type="image/jpeg", headers=headers)


def listing_page(key: str, said: dict[str, Any]) -> str:
    """A listing's page with JSON-LD, and an advert that differs every time."""
    data = {
        "@context": "https://schema.org",
        "@type": "Product",
        "name": said["title"],
        "image": [f"/picture/{image}" if "://" not in image else image for image in said.get("images", [])],
        "offers": {
            "@type": "Offer",
            "price": said["price"],
            "priceCurrency": "EUR",
            "seller": {"@type": "Organization", "name": "Shop", "identifier": "s1"},
        },
    }
    advert = f"<!-- {time.perf_counter_ns()} -->"
    return f"<h1>{escape(said['title'])}</h1><script type=application/ld+json>{json.dumps(data)}</script>{advert}"


def html(body: str) -> Answer:
    """An HTML page."""
    page = f"<!doctype html><html><head><title>Market</title></head><body>{body}</body></html>"
    return Answer(body=page.encode("utf-8", "replace"))


@contextmanager
def serving(market: Market, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> Iterator[Market]:
    """The marketplace as a real server, on a free port; with TLS if a context is given."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Headers and body leave together: otherwise each answer waits for an acknowledgement, 40 ms.
        wbufsize = -1
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers.get("Content-Length", "0"))))

        def do_GET(self) -> None:
            self._answer(b"")

        def _answer(self, body: bytes) -> None:
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked = Asked(parts.path, query, headers, self.command, body)
            market.asked.append(asked)
            self._say(market.answer(asked))

        def _say(self, answer: Answer) -> None:
            if answer.seconds:
                time.sleep(answer.seconds)
            self.send_response(answer.status)
            length = {} if answer.status == 304 else {"Content-Length": str(len(answer.body))}
            for name, value in {"Content-Type": answer.type, **length, **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, format: str, *args: Any) -> None:
            return

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            # A crawler that goes away in the middle of an answer is what some tests are about.
            return

    server = Server((host, 0), Handler)
    market.port = server.server_address[1]
    if tls is not None:
        market.scheme = "https"
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield market
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def dripping(start: bytes) -> Iterator[int]:
    """The port of a server that begins every answer so, and goes on for ever, a byte at a time."""

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            self.rfile.readline()
            self.wfile.write(start)
            with suppress(OSError):
                while not done.wait(0.05):
                    self.wfile.write(b"x")

    done = threading.Event()
    with handling(Handler) as port:
        try:
            yield port
        finally:
            done.set()


@contextmanager
def handling(handler: type[StreamRequestHandler]) -> Iterator[int]:
    """The port of a server that hands every connection to one of these, each in a thread."""

    class Server(ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()


@contextmanager
def listening(host: str = "127.0.0.1") -> Iterator[tuple[int, list[Any]]]:
    """A port that nobody may connect to; yields it with the list of those who did."""
    import socket

    arrived: list[Any] = []
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as server:
        server.settimeout(0.05)
        done = threading.Event()

        def accept() -> None:
            while not done.is_set():
                with suppress(TimeoutError):
                    take()

        def take() -> None:
            connection, address = server.accept()
            arrived.append(address)
            connection.close()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1], arrived
        finally:
            done.set()
            thread.join()
            # Those who came in the last moment wait in the backlog.
            server.setblocking(False)
            with suppress(BlockingIOError):
                while True:
                    take()
