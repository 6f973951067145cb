"""Whatever happens to the Elasticsearch server: nothing waits for it, nothing is lost, and search says the truth."""

import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import elastic
import httpx
import pytest
from conftest import skip
from elastic import ElasticsearchServer
from rows import new_owner
from test_delivery import Delivering, decide, found, parked, suspect, until, waiting

from counterfoil.exceptions import Conflict, IndexUnavailable
from counterfoil.models import VerdictKind
from counterfoil.settings import Settings
from counterfoil.store import Store
from counterfoil.store.tables import listing_versions
from indexer.base import IndexState, SuspectIndex
from indexer.delivery import make_ready
from indexer.elastic.index import ElasticIndex
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
        one = ElasticsearchServer(Path(folder), {"http.max_content_length": f"{_LARGEST_REQUEST}b"})
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


def _goes_on(store: Store, index: SuspectIndex, owner_id: int) -> None:
    """What a crawl and a person do while the server is away: all but searching."""
    made = suspect(store, owner_id, 3)
    decide(store, owner_id, made[0], VerdictKind.COUNTERFEIT)
    with pytest.raises(IndexUnavailable, match=r"cannot be reached|does not answer in time"):
        index.search(SuspectQuery(owner_id=owner_id))


def test_a_server_that_is_killed_gets_what_it_missed_when_it_is_back(
    server: ElasticsearchServer, sqlite_store: Store, index: SuspectIndex, owner_id: int
) -> None:
    suspect(sqlite_store, owner_id, 3)
    with Delivering(sqlite_store, index):
        until(_settled(sqlite_store, index))
        server.kill()
        try:
            _goes_on(sqlite_store, index, owner_id)
            assert waiting(sqlite_store) > 0
        finally:
            server.start()
        until(_settled(sqlite_store, index), seconds=90)
    assert len(found(index, owner_id)) == 6


def test_a_server_that_stands_still_holds_nobody_up(
    server: ElasticsearchServer, sqlite_store: Store, on_server: Settings, owner_id: int
) -> None:
    index = ElasticIndex(on_server.model_copy(update={"index_seconds": 1.0}), at_once=True)
    patient = ElasticIndex(on_server, at_once=True)
    with Delivering(sqlite_store, index):
        until(lambda: index.state() is IndexState.READY)
        server.signal(signal.SIGSTOP)
        try:
            _goes_on(sqlite_store, index, owner_id)
        finally:
            server.signal(signal.SIGCONT)
        until(_settled(sqlite_store, patient), seconds=90)
    assert len(found(patient, owner_id)) == 3


def test_a_server_whose_disk_is_full_is_waited_for(
    server: ElasticsearchServer, sqlite_store: Store, index: SuspectIndex, owner_id: int
) -> None:
    def block(value: bool | None) -> None:
        settings = {"index.blocks.read_only_allow_delete": value}
        httpx.put(f"{server.url}/faults/_settings", json=settings).raise_for_status()

    before = suspect(sqlite_store, owner_id, 1)
    with Delivering(sqlite_store, index):
        until(_settled(sqlite_store, index))
        block(True)
        made = suspect(sqlite_store, owner_id, 2)
        assert found(index, owner_id) == before, "searching goes on"
        assert waiting(sqlite_store) > 0
        with pytest.raises(IndexUnavailable, match="Make room on its disk"):
            index.put([index.search(SuspectQuery(owner_id=owner_id)).suspects[0]])
        block(None)
        until(_settled(sqlite_store, index), seconds=90)
    assert found(index, owner_id) == before + made
    assert parked(sqlite_store) == [], "a full disk is no fault of a document"


def test_a_server_that_was_wiped_is_filled_again_by_itself(
    server: ElasticsearchServer, sqlite_store: Store, index: SuspectIndex, owner_id: int
) -> None:
    made = suspect(sqlite_store, owner_id, 3)
    with Delivering(sqlite_store, index):
        until(_settled(sqlite_store, index))
        elastic.drop(server.url, "faults")
        until(_settled(sqlite_store, index), seconds=90)
    assert found(index, owner_id) == made


def test_an_index_with_another_mapping_is_replaced_and_poisons_no_document(
    server: ElasticsearchServer, sqlite_store: Store, index: SuspectIndex, owner_id: int
) -> None:
    made = suspect(sqlite_store, owner_id, 2)
    other = {"mappings": {"dynamic": "strict", "properties": {"title": {"type": "date"}}}, "aliases": {"faults": {}}}
    httpx.put(f"{server.url}/faults-000007", json=other).raise_for_status()
    assert index.state() is IndexState.OUTDATED
    with Delivering(sqlite_store, index):
        until(_settled(sqlite_store, index), seconds=90)
    assert (found(index, owner_id), parked(sqlite_store)) == (made, [])


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


@pytest.mark.parametrize("status", [429, 503])
def test_a_server_that_asks_to_wait_is_given_time(
    server: ElasticsearchServer, sqlite_store: Store, on_server: Settings, owner_id: int, status: int
) -> None:
    with _gate(server) as gate:
        index = ElasticIndex(on_server.model_copy(update={"index_url": gate.url}), at_once=True)
        with Delivering(sqlite_store, index):
            until(lambda: index.state() is IndexState.READY)
            gate.answer = status
            made = suspect(sqlite_store, owner_id, 3)
            with pytest.raises(IndexUnavailable, match="overloaded or not ready"):
                index.search(SuspectQuery(owner_id=owner_id))
            assert waiting(sqlite_store) > 0
            gate.answer = None
            until(_settled(sqlite_store, index), seconds=90)
        assert (found(index, owner_id), parked(sqlite_store)) == (made, [])


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
    time.sleep(60)
settings = load_settings()
rebuild(open_store(settings), ElasticIndex(settings, lease_seconds=2), slowly)
"""


def test_a_rebuild_that_is_killed_is_repeated_and_search_is_never_empty(
    sqlite_store: Store, on_server: Settings, owner_id: int
) -> None:
    index = ElasticIndex(on_server, at_once=True, lease_seconds=2)
    made = suspect(sqlite_store, owner_id, 3)
    rebuild(sqlite_store, index)
    environment = {
        **os.environ,
        "COUNTERFOIL_DATA": str(on_server.data),
        "COUNTERFOIL_INDEX_URL": str(on_server.index_url),
        "COUNTERFOIL_INDEX_NAME": on_server.index_name,
    }
    command = [sys.executable, "-c", _REBUILD]
    process = subprocess.Popen(command, env=environment, cwd=Path(__file__).parents[1], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None and process.stdout.readline()
        with pytest.raises(Conflict, match="being rebuilt"):
            rebuild(sqlite_store, index)
    finally:
        process.kill()
        process.wait()
    assert found(index, owner_id) == made

    def taken_over() -> bool:
        try:
            rebuild(sqlite_store, index)
        except Conflict:
            return False
        return True

    until(taken_over)
    assert found(index, owner_id) == made
    assert len(index.generations()) == 1, "nothing of the killed one is left"
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
        assert index.search(SuspectQuery(owner_id=owner_id)).notice is None
        server.kill()
        try:
            made += suspect(sqlite_store, owner_id, 2)
            until(lambda: found(index, owner_id) == made)
            page = index.search(SuspectQuery(owner_id=owner_id))
            assert "cannot be reached" in str(page.notice)
            decide(sqlite_store, owner_id, made[0], VerdictKind.COUNTERFEIT)
            until(lambda: found(index, owner_id, verdicts=("counterfeit",)) == made[:1])
        finally:
            server.start()
        until(_settled(sqlite_store, index), seconds=90)
    page = index.search(SuspectQuery(owner_id=owner_id))
    assert (page.notice, [one.id for one in page.suspects]) == (None, made)


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
