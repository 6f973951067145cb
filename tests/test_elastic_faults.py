"""Whatever happens to the Elasticsearch server: nothing waits for it, nothing is lost, and search says the truth."""

import http.client
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import elastic
import httpx
import pytest
from conftest import skip
from elastic import ElasticsearchServer
from installation import Installation, marketplace, wait_until
from rows import new_owner
from test_delivery import Delivering, copies, decide, found, parked, suspect, until, waiting
from test_ingest import COPY, keep, listings, product, suspects
from things import register_lamp, write_catalogue

from counterfoil.evidence import EvidenceStore
from counterfoil.exceptions import Conflict, IndexUnavailable
from counterfoil.models import VerdictKind
from counterfoil.settings import Settings
from counterfoil.store import Store
from counterfoil.store.inspections import count_inspections
from counterfoil.store.tables import listing_versions
from indexer.base import IndexState, SuspectIndex
from indexer.decoding import PictureDecoder
from indexer.delivery import make_ready
from indexer.elastic.index import ElasticIndex
from indexer.ingest import ingest_once
from indexer.judging import Judging
from indexer.opening import open_index
from indexer.query import SuspectQuery
from indexer.rebuild import rebuild, verify

pytestmark = pytest.mark.xdist_group("elasticsearch")

_LARGEST_REQUEST = 200_000


@pytest.fixture(scope="module")
def server() -> Iterator[ElasticsearchServer]:
    """A server that the tests may kill, and that takes only small requests."""
    reason = elastic.missing()
    if reason:
        skip(reason)
    with tempfile.TemporaryDirectory(prefix="counterfoil-elasticsearch-") as folder:
        small = {"http.max_content_length": f"{_LARGEST_REQUEST}b"}
        # Else it looks at its disk every 30 s.
        one = ElasticsearchServer(Path(folder), {**small, "cluster.info.update.interval": "10s"})
        one.start()
        yield one
        one.kill()


@pytest.fixture
def on_server(server: ElasticsearchServer, settings: Settings) -> Iterator[Settings]:
    """Settings with the index on that server; what a test has made there is gone afterwards."""
    yield settings.model_copy(update={"index_url": server.url, "index_name": "faults", "index_seconds": 5.0})
    elastic.drop(server.url, "faults")


@pytest.fixture
def index(on_server: Settings) -> Iterator[SuspectIndex]:
    one = ElasticIndex(on_server, at_once=True)
    yield one
    one.close()


@pytest.fixture
def owner_id(sqlite_store: Store) -> int:
    return new_owner(sqlite_store)


def _settled(store: Store, index: SuspectIndex) -> Callable[[], bool]:
    def same() -> bool:
        try:
            return waiting(store) == 0 and index.state() is IndexState.READY and verify(store, index) == []
        except IndexUnavailable:
            return False

    return same


@pytest.fixture(scope="module")
def decoder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PictureDecoder]:
    """The judge's processes: starting them takes a second."""
    with PictureDecoder(Settings(data=tmp_path_factory.mktemp("data"), judge_processes=1)) as one:
        yield one


@dataclass(frozen=True)
class House:
    """An installation with a registered product; what crawls of it find is judged for real."""

    store: Store
    evidence: EvidenceStore
    judging: Judging
    owner_id: int

    def find_copies(self, number: int) -> list[int]:
        """What a crawl writes down, and what the judge makes of it: so many new suspects."""
        versions = listings(self.store, self.owner_id, *[keep(self.store, self.evidence, COPY)] * number)
        while ingest_once(self.judging):
            pass
        found = suspects(self.store)
        return [found[version].id for version in versions]


@pytest.fixture
def house(
    sqlite_store: Store, evidence: EvidenceStore, settings: Settings, decoder: PictureDecoder, owner_id: int
) -> House:
    product(sqlite_store, evidence, owner_id)
    return House(sqlite_store, evidence, Judging(sqlite_store, evidence, settings, decoder), owner_id)


@contextmanager
def _killed(server: ElasticsearchServer, _: "_Gate") -> Iterator[str]:
    server.kill()
    try:
        yield "cannot be reached"
    finally:
        server.start()


@contextmanager
def _frozen(server: ElasticsearchServer, _: "_Gate") -> Iterator[str]:
    server.signal(signal.SIGSTOP)
    try:
        yield "does not answer in time"
    finally:
        server.signal(signal.SIGCONT)


@contextmanager
def _asking_to_wait(status: int, _: ElasticsearchServer, gate: "_Gate") -> Iterator[str]:
    gate.answer = status
    try:
        yield "overloaded or not ready"
    finally:
        gate.answer = None


@contextmanager
def _disk_full(server: ElasticsearchServer, _: "_Gate") -> Iterator[None]:
    """The server itself believes that its disk is nearly full, and blocks its indices; then that it is not."""

    def is_blocked() -> bool:
        kept = httpx.get(f"{server.url}/faults/_settings/index.blocks.*", timeout=60).raise_for_status().json()
        return bool(kept) and all(one["settings"] for one in kept.values())

    _flood_stage(server, "900tb")
    try:
        until(is_blocked)
        yield None
    finally:
        _flood_stage(server, None)
        until(lambda: not is_blocked())


def _flood_stage(server: ElasticsearchServer, free: str | None) -> None:
    disk = "cluster.routing.allocation.disk"
    marks = {f"{disk}.watermark.{name}": free for name in ("low", "high", "flood_stage")}
    values = {f"{disk}.threshold_enabled": None if free is None else True, **marks}
    httpx.put(f"{server.url}/_cluster/settings", json={"persistent": values}, timeout=60).raise_for_status()


@contextmanager
def _wiped(server: ElasticsearchServer, _: "_Gate") -> Iterator[None]:
    elastic.drop(server.url, "faults")
    yield None


@contextmanager
def _with_another_mapping(server: ElasticsearchServer, _: "_Gate") -> Iterator[None]:
    """Somebody has put an index in its place, in which no suspect fits."""
    (before,) = httpx.get(f"{server.url}/_alias/faults", timeout=60).raise_for_status().json()
    other = {"mappings": {"dynamic": "strict", "properties": {"title": {"type": "date"}}}}
    httpx.put(f"{server.url}/faults-000900", json=other, timeout=60).raise_for_status()
    swap = [{"remove_index": {"index": before}}, {"add": {"index": "faults-000900", "alias": "faults"}}]
    httpx.post(f"{server.url}/_aliases", json={"actions": swap}, timeout=60).raise_for_status()
    yield None


Fault = Callable[[ElasticsearchServer, "_Gate"], AbstractContextManager[str | None]]
FAULTS: dict[str, Fault] = {
    "killed": _killed,
    "frozen": _frozen,
    "429": partial(_asking_to_wait, 429),
    "503": partial(_asking_to_wait, 503),
    "disk full": _disk_full,
    "wiped": _wiped,
    "another mapping": _with_another_mapping,
}


@pytest.mark.parametrize("name", FAULTS)
def test_whatever_the_server_does_judging_and_verdicts_go_on_and_the_index_catches_up_within_a_minute(
    server: ElasticsearchServer, on_server: Settings, house: House, name: str
) -> None:
    store, owner_id = house.store, house.owner_id
    with _gate(server) as gate:
        url = gate.url if name in ("429", "503") else server.url
        index = ElasticIndex(on_server.model_copy(update={"index_url": url, "index_seconds": 2.0}), at_once=True)
        made = house.find_copies(2)
        with Delivering(store, index):
            until(_settled(store, index))
            with FAULTS[name](server, gate) as said:
                made += house.find_copies(3)
                decide(store, owner_id, made[0], VerdictKind.COUNTERFEIT)
                decide(store, owner_id, made[-1], VerdictKind.LOOKALIKE)
                if said is not None:
                    with pytest.raises(IndexUnavailable, match=said):
                        index.search(SuspectQuery(owner_id=owner_id))
                if name == "disk full":
                    assert found(index, owner_id) == made[:2], "searching goes on"
                    with pytest.raises(IndexUnavailable, match="Make room on its disk"):
                        index.put(index.search(SuspectQuery(owner_id=owner_id)).suspects)
                if name not in ("wiped", "another mapping"):
                    assert waiting(store) >= 4, "nothing of it is struck off"
            until(_settled(store, index), seconds=60)
        assert (found(index, owner_id), parked(store)) == (made, [])
        assert found(index, owner_id, verdicts=("counterfeit", "lookalike")) == [made[0], made[-1]]
        index.close()


def test_a_crawl_of_the_whole_product_goes_on_while_the_server_stands_still(
    server: ElasticsearchServer, tmp_path: Path
) -> None:
    """The real processes: scheduler, Scrapy, judge, delivery, and the command for a verdict."""
    write_catalogue(tmp_path, count=60)
    index = {"COUNTERFOIL_INDEX_URL": server.url, "COUNTERFOIL_INDEX_NAME": "faults", "COUNTERFOIL_INDEX_SECONDS": "2"}
    with marketplace(tmp_path, "--catalogue", str(tmp_path / "c.jsonl"), "--images", str(tmp_path / "i")) as address:
        place = Installation(tmp_path, address, index)
        register_lamp(place, tmp_path / "i" / "0.png")
        place.run("monitor", "add", "all", "--marketplace", "example", "--query", "*", "--every", "1d", "--now")
        try:
            with place.service():
                server.signal(signal.SIGSTOP)
                try:
                    wait_until(lambda: _judged(place) == 60, 120, f"all is crawled and judged\n{place.log()[-2_000:]}")
                    suspect_id = min(suspects(place.store()).values(), key=lambda one: one.id).id
                    place.run("verdict", str(suspect_id), "counterfeit")
                    assert "does not answer in time" in place.run("search", "--json", expect=1)
                finally:
                    server.signal(signal.SIGCONT)
                wait_until(place.finished, 60, f"the index has caught up\n{place.log()[-2_000:]}")
                place.run("index", "verify")
            shown = place.lines("search", "--json", "--all")
            assert sorted(one["title"] for one in shown) == [f"Thing {number}" for number in (0, 20, 40)]
            assert [one["id"] for one in place.lines("search", "--json", "--verdict", "counterfeit")] == [suspect_id]
        finally:
            elastic.drop(server.url, "faults")


def _judged(place: Installation) -> int:
    with place.store().read() as connection:
        return count_inspections(connection).get("done", 0)


def test_an_index_that_is_somebody_elses_is_left_alone_and_named(
    server: ElasticsearchServer, sqlite_store: Store, index: SuspectIndex, owner_id: int
) -> None:
    suspect(sqlite_store, owner_id, 1)
    httpx.put(f"{server.url}/faults").raise_for_status()
    with pytest.raises(IndexUnavailable, match="COUNTERFOIL_INDEX_NAME"):
        make_ready(sqlite_store, index)
    assert httpx.get(f"{server.url}/faults/_count").json()["count"] == 0
    httpx.delete(f"{server.url}/faults").raise_for_status()
    make_ready(sqlite_store, index)


def test_a_bulk_that_is_too_large_is_halved_and_a_document_that_is_too_large_is_parked(
    sqlite_store: Store, index: SuspectIndex, owner_id: int
) -> None:
    make_ready(sqlite_store, index)
    made = suspect(sqlite_store, owner_id, 9)
    with sqlite_store.write() as connection:
        long = {"description": "lamp " * (_LARGEST_REQUEST // 20)}
        connection.execute(listing_versions.update().values(**long))
        newest = listing_versions.c.id == connection.execute(listing_versions.select()).all()[-1].id
        connection.execute(listing_versions.update().where(newest).values(description="lamp " * _LARGEST_REQUEST))
    with Delivering(sqlite_store, index):
        until(lambda: waiting(sqlite_store) == 0)
    assert found(index, owner_id) == made[:-1]
    assert [(one.suspect_id, "too large" in one.reason) for one in parked(sqlite_store)] == [(made[-1], True)]


_REBUILD = """
import sys, time
from counterfoil.settings import load_settings
from counterfoil.store import open_store
from indexer.elastic.index import ElasticIndex
from indexer.rebuild import rebuild
def slowly(done):
    print(done, flush=True)
    time.sleep(float(sys.argv[1]))
settings = load_settings()
rebuild(open_store(settings), ElasticIndex(settings, lease_seconds=2), slowly)
"""


@contextmanager
def _rebuilding(settings: Settings, seconds: float) -> Iterator[None]:
    """A process that rebuilds, and rests so long after its first batch; it is killed at the end of the block."""
    environment = {
        **os.environ,
        "COUNTERFOIL_DATA": str(settings.data),
        "COUNTERFOIL_INDEX_URL": str(settings.index_url),
        "COUNTERFOIL_INDEX_NAME": settings.index_name,
    }
    command = [sys.executable, "-c", _REBUILD, str(seconds)]
    process = subprocess.Popen(command, env=environment, cwd=Path(__file__).parents[1], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None and process.stdout.readline()
        yield
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def test_a_rebuild_that_is_killed_is_repeated_and_search_is_never_empty(
    sqlite_store: Store, on_server: Settings, owner_id: int
) -> None:
    index = ElasticIndex(on_server, at_once=True, lease_seconds=2)
    copies(sqlite_store, suspect(sqlite_store, owner_id, 1)[0], 2_100)
    rebuild(sqlite_store, index)
    stop, seen = threading.Event(), set()

    def watch() -> None:
        while not stop.wait(0.01):
            seen.add(index.search(SuspectQuery(owner_id=owner_id, words="trail")).total.value)

    def taken_over() -> bool:
        try:
            rebuild(sqlite_store, index)
        except Conflict:
            return False
        return True

    watcher = threading.Thread(target=watch)
    watcher.start()
    with _rebuilding(on_server, 60), pytest.raises(Conflict, match="being rebuilt"):
        rebuild(sqlite_store, index)
    until(taken_over)
    with _rebuilding(on_server, 0):
        time.sleep(random.uniform(0, 0.5))
    until(taken_over)
    stop.set()
    watcher.join()
    assert seen == {2_101}
    assert len(index.generations()) == 1, "nothing of the killed ones is left"
    assert verify(sqlite_store, index) == []


def test_a_rebuild_that_stood_still_and_was_overtaken_gives_up(
    sqlite_store: Store, on_server: Settings, owner_id: int
) -> None:
    made = suspect(sqlite_store, owner_id, 2)
    slow = ElasticIndex(on_server, at_once=True, lease_seconds=3600).begin_generation()
    index = ElasticIndex(on_server, at_once=True)
    # As if the lease had lapsed: nobody waits an hour here.
    body = {"doc": {"until": "2000-01-01T00:00:00+00:00"}}
    index.client.update(index="faults-control", id="rebuild", **body)
    rebuild(sqlite_store, index)
    with pytest.raises((Conflict, IndexUnavailable)):
        slow.publish()
    slow.abandon()
    assert found(index, owner_id) == made
    assert index.state() is IndexState.READY


def test_a_publishing_whose_answer_is_lost_drops_no_index(
    server: ElasticsearchServer, sqlite_store: Store, on_server: Settings, owner_id: int
) -> None:
    made = suspect(sqlite_store, owner_id, 2)
    with _gate(server) as gate:
        index = ElasticIndex(on_server.model_copy(update={"index_url": gate.url}), at_once=True)
        rebuild(sqlite_store, index)
        made += suspect(sqlite_store, owner_id, 1)
        gate.lose = "/_aliases"
        with pytest.raises(IndexUnavailable):
            rebuild(sqlite_store, index)
        assert (found(index, owner_id), verify(sqlite_store, index)) == (made, [])
        assert rebuild(sqlite_store, index) == 3
        assert len(index.generations()) == 1


def test_a_stand_in_answers_while_the_server_is_away_and_says_so(
    server: ElasticsearchServer, sqlite_store: Store, on_server: Settings, owner_id: int
) -> None:
    index = open_index(on_server.model_copy(update={"index_fallback": "embedded"}))
    made = suspect(sqlite_store, owner_id, 2)
    with Delivering(sqlite_store, index):
        until(_settled(sqlite_store, index))
        assert index.search(SuspectQuery(owner_id=owner_id)).away is None
        server.kill()
        try:
            made += suspect(sqlite_store, owner_id, 2)
            until(lambda: found(index, owner_id) == made)
            page = index.search(SuspectQuery(owner_id=owner_id))
            assert "cannot be reached" in str(page.away)
            decide(sqlite_store, owner_id, made[0], VerdictKind.COUNTERFEIT)
            until(lambda: found(index, owner_id, verdicts=("counterfeit",)) == made[:1])
        finally:
            server.start()
        until(_settled(sqlite_store, index), seconds=90)
    page = index.search(SuspectQuery(owner_id=owner_id))
    assert (page.away, [one.id for one in page.suspects]) == (None, made)


def test_a_point_in_time_that_has_lapsed_goes_on_after_the_same_suspect(
    server: ElasticsearchServer, sqlite_store: Store, index: SuspectIndex, owner_id: int
) -> None:
    made = suspect(sqlite_store, owner_id, 7)
    make_ready(sqlite_store, index)
    query = SuspectQuery(owner_id=owner_id, limit=2)
    first = index.search(query)
    second = index.search(SuspectQuery(owner_id=owner_id, limit=2, cursor=first.next_cursor))
    rebuild(sqlite_store, index)
    third = index.search(SuspectQuery(owner_id=owner_id, limit=3, cursor=second.next_cursor))
    shown = [one.id for page in (first, second, third) for one in page.suspects]
    assert shown == made


class _Gate:
    """Stands before the server, and answers in its place when told to."""

    def __init__(self, server: ElasticsearchServer) -> None:
        self.answer: int | None = None
        # A request for a path that begins so is carried out, and its answer lost.
        self.lose: str | None = None
        gate = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if gate.answer is not None:
                    said = json.dumps({"error": {"type": "busy", "reason": "come again"}, "status": gate.answer})
                    self._send(gate.answer, {"Content-Type": "application/json"}, said.encode())
                    return
                passed = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
                passed.request(self.command, self.path, body, dict(self.headers))
                answer = passed.getresponse()
                data = answer.read()
                if gate.lose is not None and self.path.startswith(gate.lose):
                    gate.lose = None
                    self._send(503, {"Content-Type": "application/json"}, b"{}")
                    return
                self._send(answer.status, dict(answer.getheaders()), data)
                passed.close()

            do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = handle_any

            def _send(self, status: int, headers: dict[str, str], data: bytes) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    if name.lower() not in ("content-length", "transfer-encoding"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}"

    def serve(self) -> None:
        self._http.serve_forever(poll_interval=0.05)

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


@contextmanager
def _gate(server: ElasticsearchServer) -> Iterator[_Gate]:
    gate = _Gate(server)
    threading.Thread(target=gate.serve, daemon=True).start()
    yield gate
    gate.close()
