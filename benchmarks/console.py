"""How long the console's pages and the API take, what CPU that costs, and how large pages are, at a million listings.

`python -m benchmarks.console --folder /some/cache` fills that folder (once) and asks a real server over it: every route
that reads, with parameters that vary, one request after the other; then verdicts, one about many, searches by a picture
that is sent, and tables. What is not asked is said. The CPU is the server's and that of the processes that it started.
"""

import argparse
import hashlib
import json
import os
import random
import re
import socket
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import httpx
import psutil  # type: ignore[import-untyped]
import sqlalchemy as sa
from fastapi.routing import APIRoute

from benchmarks import installation
from benchmarks.documents import Words
from benchmarks.installation import Filling, fill, named_folder, settings_of
from benchmarks.results import result
from console.app import routes
from counterfoil.clock import now
from counterfoil.edits import EDITS
from counterfoil.models import Role
from counterfoil.passwords import hash_password
from counterfoil.store import open_store, tables
from counterfoil.store.accounts import add_account
from indexer.query import Sort

_MOST_MILLISECONDS, _MOST_BYTES = 200, 300_000
_PATIENCE = 60.0
NAME, PASSWORD = "bench", "correct horse battery"
# Links of pages that are followed: the next one of a list, and a suspect in the order of a search.
_NEXT = re.compile(r'href="([^"]+)" rel="next"')
_SUSPECT = re.compile(r'href="(/suspects/\d+\?[^"]+)"')
_HIDDEN = {name: re.compile(rf'name="{name}" value="([^"]+)"') for name in ("csrf_token", "revision")}
_LOADED = re.compile(r'(?:href|src)="(/static/[^"]+\.(?:css|js))"')


@dataclass
class Asked:
    """One route's answers."""

    seconds: list[float] = field(default_factory=list)
    cpu_seconds: list[float] = field(default_factory=list)
    bytes: list[int] = field(default_factory=list)
    is_page: bool = False

    def percentile(self, percent: int) -> float:
        """In milliseconds."""
        return statistics.quantiles(self.seconds, n=100, method="inclusive")[percent - 1] * 1000


class Asker:
    """Asks a server, notes what it answers, and remembers links to follow."""

    def __init__(self, client: httpx.Client, cpu: Callable[[], float]) -> None:
        self.client = client
        self._cpu = cpu
        self.noted: dict[str, Asked] = defaultdict(Asked)
        self.links: dict[str, list[str]] = defaultdict(list)
        self._static: dict[str, int] = {}

    def get(self, name: str, address: str) -> None:
        """Ask for an address, and note the answer under a name. Raises SystemExit for one that is no answer."""
        cpu, begin = self._cpu(), time.perf_counter()
        try:
            with self.client.stream("GET", address) as answer:
                # What is told live never ends, and a file of all suspects takes as long as there are many.
                streamed = _kind(answer) == "text/event-stream" or "content-length" not in answer.headers
                body = next(answer.iter_bytes(), b"") if streamed else answer.read()
        except httpx.TimeoutException:
            print(f"no answer in {_PATIENCE} s: {address}", flush=True)
            self.noted[name].seconds.append(_PATIENCE)
            return
        seconds = time.perf_counter() - begin
        if seconds > 1:
            print(f"{seconds:.1f} s: {address}", flush=True)
        # Pictures and bodies that retention has deleted; two of which one is gone cannot be laid over each other, and
        # not every edit can be made of every picture.
        may_be_missing = address.partition("?")[0].endswith("/overlay") or "/copies/" in address
        if answer.status_code not in (200, 303, 410) and not may_be_missing:
            raise SystemExit(f"{address} was answered {answer.status_code}: {body[:500]!r}")
        self.noted[name].cpu_seconds.append(self._cpu() - cpu)
        self._note(name, answer, body, seconds)

    def post(
        self,
        name: str,
        address: str,
        fields: dict[str, str],
        file: tuple[str, bytes] | None = None,
    ) -> str:
        """Send a form, and note how long it took; where its answer leads."""
        cpu, begin = self._cpu(), time.perf_counter()
        answer = self.client.post(address, data=fields, files={"file": file} if file else None)
        self.noted[name].seconds.append(time.perf_counter() - begin)
        self.noted[name].cpu_seconds.append(self._cpu() - cpu)
        if answer.status_code != 303:
            raise SystemExit(f"{address} was answered {answer.status_code}: {answer.text[:500]}")
        location: str = answer.headers["location"]
        return location

    def _note(self, name: str, answer: httpx.Response, body: bytes, seconds: float) -> None:
        noted = self.noted[name]
        noted.seconds.append(seconds)
        noted.is_page = _kind(answer) == "text/html"
        noted.bytes.append(len(body) + (self._loaded(body.decode()) if noted.is_page else 0))
        if noted.is_page:
            text = body.decode().replace("&amp;", "&")
            self.links[name] = _NEXT.findall(text)
            self.links["suspects"] = _SUSPECT.findall(text) or self.links["suspects"]
        elif _kind(answer) == "application/json":
            said = json.loads(body)
            cursor = said.get("next_cursor") if isinstance(said, dict) else None
            beyond = answer.request.url.copy_set_param("cursor", cursor) if cursor else None
            self.links[name] = [str(beyond)] if beyond else []

    def _loaded(self, page: str) -> int:
        """Bytes of the scripts and styles that a page loads."""
        for address in _LOADED.findall(page):
            if address not in self._static:
                self._static[address] = len(self.client.get(address).content)
        return sum(self._static[address] for address in set(_LOADED.findall(page)))


def _kind(answer: httpx.Response) -> str:
    return answer.headers.get("content-type", "").partition(";")[0]


def main() -> None:
    """Fill, measure, and print a line for every figure."""
    arguments = _arguments()
    with named_folder(arguments.folder) as folder:
        begin = time.monotonic()
        fill(folder, Filling(arguments.listings, arguments.suspects))
        print(f"filled in {time.monotonic() - begin:.0f} s: {_megabytes(folder):,.0f} MB", flush=True)
        add_person(folder)
        with serving(folder) as (address, server), httpx.Client(base_url=address, timeout=_PATIENCE) as client:
            client.headers["Origin"] = address
            client.post("/log-in", data={"name": NAME, "password": PASSWORD})
            asker = Asker(client, lambda: cpu_seconds(server))
            _read(asker, Filling(arguments.listings, arguments.suspects), arguments.rounds, arguments.only)
            if not arguments.only:
                _decide(asker, arguments.suspects, arguments.rounds)
        _say(asker.noted)


def _read(asker: Asker, filling: Filling, rounds: int, only: str) -> None:
    """Every route that reads, in an order that varies; the first round fills caches and is not counted."""
    questions = Questions(filling, asker, _make(asker.client))
    asked = [route for route in routes() if "GET" in (route.methods or ()) and only in route.path]
    for route in list(asked):
        if missing := questions.unknown(route):
            print(f"not asked: {route.path} ({missing})")
            asked.remove(route)
    for number in range(rounds + 1):
        random.Random(number).shuffle(asked)
        for route in asked:
            asker.get(route.path, questions.address(route))
        if number == 0:
            asker.noted.clear()


def _make(client: httpx.Client) -> dict[str, object]:
    """One each of what only the console makes: an API key, a verdict about many, drafts of products and of sellers."""
    token = _csrf_token(client)
    client.headers["X-CSRF-Token"] = token
    key = client.post("/api/v1/keys", json={"name": f"bench {time.time_ns()}"}).raise_for_status().json()
    batch = _give_many(client).raise_for_status().json()
    table, picture = ("a.csv", _PRODUCTS), ("front.jpg", next(installation.pictures()))
    sent = {
        "/products/new/file": [("file", table), ("pictures", picture)],
        "/authorised-sellers/file": [("file", ("a.csv", _SELLERS))],
    }
    drafts = [
        client.post(path, data={"csrf_token": token}, files=files).headers["location"] for path, files in sent.items()
    ]
    product_draft, seller_draft = (int(path.rpartition("/")[2]) for path in drafts)
    return {
        "key_id": key["key"]["id"],
        "batch_id": batch["id"],
        "draft_id": product_draft,
        "seller_draft_id": seller_draft,
    }


_ROWS = "".join(f"Lamp {number},L-{number},10,EUR,\n" for number in range(500))
_PRODUCTS = f"name,sku,price_low,currency,images\n{_ROWS}Lamp,L,10,EUR,front.jpg\n"
_SELLERS = "marketplace,seller_id\n" + "".join(f"ebay,shop-{number}\n" for number in range(500))


def _csrf_token(client: httpx.Client) -> str:
    return _HIDDEN["csrf_token"].findall(client.get("/products/new").text)[0]


def _give_many(client: httpx.Client) -> httpx.Response:
    """One verdict about 50 suspects."""
    found = client.get("/api/v1/suspects", params={"limit": 50, "sort": "oldest", "triage": "todo"}).json()["suspects"]
    about = [{"id": one["id"], "revision": _revision(client, one["id"])} for one in found]
    return client.post("/api/v1/verdict-batches", json={"kind": "unrelated", "suspects": about})


def _revision(client: httpx.Client, suspect_id: int) -> int:
    return int(client.get(f"/api/v1/suspects/{suspect_id}").headers["etag"].strip('"'))


def _decide(asker: Asker, suspects: int, rounds: int) -> None:
    """What is sent: verdicts, given on pages and taken back, pictures to search by, tables to be checked."""
    dice, client = random.Random(9), asker.client
    known, token = list(installation.pictures()), _csrf_token(client)
    for number in range(rounds):
        path = f"/suspects/{dice.randrange(1, suspects + 1)}"
        for change, fields in (("verdict", {"kind": "counterfeit"}), ("undo", {})):
            page = client.get(path).text
            hidden = {name: pattern.findall(page)[0] for name, pattern in _HIDDEN.items()}
            asker.post(f"POST /suspects/{{suspect_id}}/{change}", f"{path}/{change}?sort=newest", {**fields, **hidden})
        one = ("a.jpg", known[number % len(known)])
        found = asker.post("POST /picture-search", "/picture-search", {"csrf_token": token}, one)
        asker.get("/picture-search?picture={sha256}", found)
        table = ("a.csv", _PRODUCTS.encode())
        asker.post("POST /products/new/file", "/products/new/file", {"csrf_token": token}, table)


class Questions:
    """Addresses of routes with parameters that vary, drawn from what was filled in."""

    def __init__(self, filling: Filling, asker: Asker, made: Mapping[str, object]) -> None:
        self._dice = random.Random(7)
        self._made = made
        self._asker = asker
        self._words = Words.make(random.Random(1))
        self._most = {
            "suspect_id": filling.suspects,
            "listing_id": filling.listings,
            "brand_id": installation.BRANDS,
            "right_id": installation.BRANDS,
            "product_id": installation.PRODUCTS,
            "monitor_id": installation.MONITORS,
            "run_id": installation.RUNS,
            "crawl_id": installation.RUNS * len(installation.MARKETPLACES),
            "capture_id": filling.suspects,
            "authorised_id": installation.AUTHORISED,
            "account_id": 1,
        }
        self._files = [hashlib.sha256(data).hexdigest() for data in installation.pictures()]

    def unknown(self, route: APIRoute) -> str | None:
        """The parameter that nothing is known for."""
        known = {*self._most, *self._made, "seller_id", "name", "role", "sha256", "image_id", "edit"}
        return next((name for name in route.param_convertors if name not in known), None)

    def address(self, route: APIRoute) -> str:
        """One address of a route: a link that an answer has held, or a new one."""
        links = self._asker.links["suspects" if route.path == "/suspects/{suspect_id}" else route.path]
        if links and self._dice.random() < 0.5:
            return self._dice.choice(links)
        path, said = self._path(route), self._search(route)
        return f"{path}?{urlencode(said)}" if said else path

    def _path(self, route: APIRoute) -> str:
        drawn: dict[str, object] = {name: self._dice.randrange(1, last + 1) for name, last in self._most.items()}
        image = (int(str(drawn["product_id"])) - 1) * installation.REFERENCES + 1
        body = f"{self._dice.randrange(1, self._most['listing_id']):064x}"
        sha256 = body if "/bodies/" in route.path else self._dice.choice(self._files)
        sha256 = self._files[0] if "/drafts/" in route.path else sha256
        drawn |= {
            "seller_id": self._seller(),
            "name": self._market(),
            "role": "page",
            "image_id": image,
            "sha256": sha256,
            "edit": self._dice.choice(list(EDITS)),
        }
        drawn |= self._made
        return route.path.format(**drawn)

    def _search(self, route: APIRoute) -> dict[str, object]:
        """What lists of suspects and of listings are narrowed down by."""
        asked = {one.alias for one in route.dependant.query_params}
        for inner in route.dependant.dependencies:
            asked |= {one.alias for one in inner.query_params}
        if route.path == "/api/v1/suspects":
            asked |= {"words", "sort", "product", "brand", "seller", "verdict", "marketplace"}
        offered: dict[str, object] = {
            "words": self._words.pick(self._dice, chinese=self._dice.random() < 0.3),
            "sort": self._dice.choice(list(Sort)).value,
            "seller": f"s{self._seller()}",
            "seller_id": self._seller(),
            "verdict": self._dice.choice(("none", "counterfeit")),
            "marketplace": self._market(),
            "monitor_id": self._dice.randrange(1, installation.MONITORS + 1),
            "picture": self._dice.choice(self._files),
        }
        return {name: value for name, value in offered.items() if name in asked and self._dice.random() < 0.4}

    def _seller(self) -> int:
        return installation.seller_of(self._dice.randrange(1, self._most["listing_id"] + 1))

    def _market(self) -> str:
        return self._dice.choice(installation.MARKETPLACES)


def _say(noted: dict[str, Asked]) -> None:
    for name, asked in sorted(noted.items(), key=lambda one: -one[1].percentile(95)):
        cpu = 1000 * statistics.median(asked.cpu_seconds or [0.0])
        print(f"{asked.percentile(50):8.1f} ms p50 {asked.percentile(95):8.1f} ms p95 {cpu:8.1f} ms CPU  {name}")
    print("load average while this ran:", *(f"{one:.1f}" for one in os.getloadavg()))
    for name, asked in sorted(noted.items()):
        result(f"console_p95_ms[{name.replace(' ', '_')}]", asked.percentile(95), f"<= {_MOST_MILLISECONDS}")
    for name, asked in sorted(noted.items()):
        if asked.is_page:
            result(f"console_bytes[{name}]", max(asked.bytes), f"<= {_MOST_BYTES:,}")
    result("console_slowest_p95_ms", max(one.percentile(95) for one in noted.values()), f"<= {_MOST_MILLISECONDS}")


def add_person(folder: Path) -> None:
    """Somebody who may do everything."""
    with closing(open_store(settings_of(folder))) as store, store.write() as connection:
        if not connection.scalar(sa.select(tables.accounts.c.id).limit(1)):
            digest = hash_password(PASSWORD)
            add_account(connection, installation.OWNER, NAME, Role.ADMIN, now(), password_hash=digest)


@contextmanager
def serving(folder: Path) -> Iterator[tuple[str, int]]:
    """`counterfoil serve` over the folder, as an operator runs it; its address and process."""
    port = _free_port()
    own = {name: value for name, value in os.environ.items() if not name.startswith("COUNTERFOIL_")}
    settings = {"COUNTERFOIL_DATA": str(folder), "COUNTERFOIL_HTTP_REQUESTS_PER_MINUTE": "1000000"}
    settings["COUNTERFOIL_LOG_LEVEL"] = "WARNING"
    command = [sys.executable, "-m", "console", "serve", "--port", str(port)]
    server = subprocess.Popen(command, env={**own, **settings})
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(address, server)
        yield address, server.pid
    finally:
        server.terminate()
        server.wait()


def cpu_seconds(pid: int) -> float:
    """What a process and those that it has started have used of the processors."""
    family = [pid, *(one.pid for one in psutil.Process(pid).children(recursive=True))]
    # The clock of a process by its id (clock_getcpuclockid(3)): of nanoseconds, where /proc counts in hundredths.
    return sum(time.clock_gettime((~one << 3) | 2) for one in family)


def _wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    while server.poll() is None:
        try:
            httpx.get(f"{address}/healthz")
        except httpx.TransportError:
            time.sleep(0.2)
        else:
            return
    raise SystemExit("the server did not start")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _megabytes(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="kept, and used again when it is there; else a temporary one")
    parser.add_argument("--listings", type=int, default=1_000_000)
    parser.add_argument("--suspects", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=40, help="how often each route is asked")
    parser.add_argument("--only", default="", help="only routes with this in their path")
    return parser.parse_args()


if __name__ == "__main__":
    main()
