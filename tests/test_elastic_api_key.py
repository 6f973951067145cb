"""An API key in place of user and password: the server of the tests has none, so a stand-in says what it was sent."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from counterfoil.exceptions import IndexUnavailable
from counterfoil.settings import load_settings
from indexer.base import IndexState
from indexer.elastic.index import ElasticIndex

_KEY = "VnVhQ2ZHY0JDZGJrU=="


class _Asking(BaseHTTPRequestHandler):
    """Answers as a server whose security is on: 401 without the key, else that there is no such index."""

    def do_GET(self) -> None:
        known = self.headers.get("Authorization") == f"ApiKey {_KEY}"
        kind, status = ("index_not_found_exception", 404) if known else ("security_exception", 401)
        said = json.dumps({"error": {"type": kind, "reason": "as it is"}, "status": status}).encode()
        self.send_response(status)
        for name, value in (("Content-Type", "application/json"), ("X-Elastic-Product", "Elasticsearch")):
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else said)

    do_HEAD = do_POST = do_PUT = do_GET

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def asking() -> Iterator[str]:
    """The address of the stand-in."""
    server = HTTPServer(("127.0.0.1", 0), _Asking)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_an_api_key_from_a_file_is_what_every_request_carries(asking: str, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{_KEY}\n")
    place = {"COUNTERFOIL_DATA": str(tmp_path / "data"), "COUNTERFOIL_INDEX_URL": asking}
    with_key = load_settings({**place, "COUNTERFOIL_INDEX_API_KEY_FILE": str(tmp_path / "key")})
    assert ElasticIndex(with_key).state() is IndexState.MISSING
    assert _KEY not in repr(with_key)


def test_an_api_key_that_the_server_does_not_know_is_refused_with_the_setting_to_mend(
    asking: str, tmp_path: Path
) -> None:
    place = {"COUNTERFOIL_DATA": str(tmp_path / "data"), "COUNTERFOIL_INDEX_URL": asking}
    with pytest.raises(IndexUnavailable, match="COUNTERFOIL_INDEX_API_KEY"):
        ElasticIndex(load_settings({**place, "COUNTERFOIL_INDEX_API_KEY": "another"})).state()
