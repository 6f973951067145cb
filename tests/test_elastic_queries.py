"""What Elasticsearch is asked: bound to an owner and a time, and never in a person's own query language."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.exceptions import IndexUnavailable
from counterfoil.settings import Settings
from indexer.elastic.index import ElasticIndex
from indexer.elastic.queries import body_of
from indexer.query import Facet, Interval, Sort, SuspectQuery

# Whatever reads a language of its own, or runs what it is given.
_LANGUAGES = {"query_string", "simple_query_string", "regexp", "wildcard", "script", "script_score", "runtime_mappings"}
WORDS = st.text(max_size=40) | st.sampled_from(['title:* OR 1=1"', '{"match_all": {}}', "*:*", "owner.id:2", "/a+/ ~9"])


@st.composite
def queries(draw: st.DrawFn) -> SuspectQuery:
    return SuspectQuery(
        owner_id=draw(st.integers(1, 9)),
        words=draw(WORDS),
        sellers=tuple(draw(st.lists(WORDS, max_size=2))),
        marketplaces=tuple(draw(st.lists(WORDS, max_size=2))),
        sort=draw(st.sampled_from(Sort)),
        facets=tuple(draw(st.sets(st.sampled_from(Facet)))),
        histogram=draw(st.none() | st.sampled_from(Interval)),
    )


@given(queries())
def test_every_request_has_its_owner_and_a_time_and_no_language_but_ours(query: SuspectQuery) -> None:
    body = body_of(query, None, 7)
    assert body["timeout"] == "7s"
    assert {"term": {"owner.id": str(query.owner_id)}} in body["query"]["bool"]["filter"]
    assert _LANGUAGES.isdisjoint(_keys(body))
    for kind, field, asked in _words_asked(body["query"]):
        assert field in ("tokens.any", "tokens.title")
        assert all(token.isalnum() or kind == "match_phrase" for token in asked.split()), asked


def test_words_reach_the_server_as_tokens_only() -> None:
    body = body_of(SuspectQuery(owner_id=1, words='title:"Café OR 手机壳" -bag*'), None, 7)
    assert [asked for _, _, asked in _words_asked(body["query"])] == ["title", "cafe or 手 手机 机 机壳", "bag"]


def test_an_answer_that_the_server_could_not_finish_in_time_is_none(settings: Settings) -> None:
    with _Answering({"timed_out": True, "hits": {"hits": [], "total": {"value": 0, "relation": "eq"}}}) as url:
        index = ElasticIndex(settings.model_copy(update={"index_url": url, "index_seconds": 3.0}))
        with pytest.raises(IndexUnavailable, match=r"longer than 3 s: ask for less"):
            index.search(SuspectQuery(owner_id=1))
        index.close()


def _keys(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        yield from part
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from _keys(inner)


def _words_asked(part: Any) -> Iterator[tuple[str, str, str]]:
    """(clause, field, what is asked for) of everything that is looked for in texts."""
    if isinstance(part, dict):
        for kind in ("term", "match_phrase"):
            for field, asked in part.get(kind, {}).items():
                if field.startswith("tokens."):
                    yield kind, field, asked
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from _words_asked(inner)


class _Answering:
    """A server that answers everything so: a real one cannot be made to run out of time at will."""

    def __init__(self, answer: dict[str, Any]) -> None:
        said = json.dumps(answer).encode()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                self.send_response(200)
                for name, value in (("Content-Type", "application/json"), ("X-Elastic-Product", "Elasticsearch")):
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, *_: object) -> None:
                pass

        self._http = HTTPServer(("127.0.0.1", 0), Handler)

    def __enter__(self) -> str:
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return f"http://127.0.0.1:{self._http.server_port}"

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
