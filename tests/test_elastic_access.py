"""The suspect index over TLS, as a user who may do no more than it needs."""

import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import elastic
import pytest
from conftest import skip
from elastic import ElasticsearchServer
from index_documents import document
from pydantic import SecretStr

from counterfoil.exceptions import IndexUnavailable
from counterfoil.settings import Settings
from indexer.base import IndexState
from indexer.elastic.index import ElasticIndex
from indexer.query import Facet, SuspectQuery

pytestmark = pytest.mark.xdist_group("elasticsearch")

_DOCS = Path(__file__).parents[1] / "docs" / "elasticsearch.md"
_PASSWORD = "a long and secret one"


@pytest.fixture(scope="module")
def secured() -> Iterator[ElasticsearchServer]:
    """A server that speaks TLS only and knows one user, who has the role that the documentation gives."""
    reason = elastic.missing()
    if reason:
        skip(reason)
    with tempfile.TemporaryDirectory(prefix="counterfoil-elasticsearch-") as folder:
        server = ElasticsearchServer(Path(folder))
        _secure(server, Path(folder))
        server.start()
        yield server
        server.kill()


def _secure(server: ElasticsearchServer, folder: Path) -> None:
    authority, certificate, key = _certificate(folder)
    server.write("node.crt", certificate)
    server.write("node.key", key)
    server.write("roles.yml", _documented_role().encode())
    server.run("elasticsearch-keystore", "create", "--silent")
    server.run("elasticsearch-keystore", "add", "-x", "bootstrap.password", answer=_PASSWORD)
    server.run("elasticsearch-users", "useradd", "counterfoil", "-p", _PASSWORD, "-r", "counterfoil")
    server.configure(
        {
            "xpack.security.enabled": "true",
            "xpack.security.http.ssl.enabled": "true",
            "xpack.security.http.ssl.certificate": "node.crt",
            "xpack.security.http.ssl.key": "node.key",
            "xpack.security.transport.ssl.enabled": "false",
        }
    )
    server.scheme, server.authority, server.auth = "https", authority, ("elastic", _PASSWORD)


def _certificate(folder: Path) -> tuple[Path, bytes, bytes]:
    """An authority, and what it signed for this machine: its file, the certificate and the key."""
    made = folder / "made"
    made.mkdir()
    for command in (
        "req -x509 -newkey rsa:2048 -nodes -days 2 -keyout ca.key -out ca.crt -subj /CN=test",
        "req -newkey rsa:2048 -nodes -keyout node.key -out node.csr -subj /CN=node",
        "x509 -req -in node.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -out node.crt -extfile names",
    ):
        (made / "names").write_text("subjectAltName=IP:127.0.0.1\n")
        subprocess.run(["openssl", *command.split()], cwd=made, check=True, capture_output=True)
    return made / "ca.crt", (made / "node.crt").read_bytes(), (made / "node.key").read_bytes()


def _documented_role() -> str:
    """The role as docs/elasticsearch.md has it: what is written there is what is tried."""
    return _DOCS.read_text().partition("```yaml\n")[2].partition("```")[0]


def _settings(server: ElasticsearchServer, settings: Settings, **changes: object) -> Settings:
    access = {
        "index_url": server.url,
        "index_user": "counterfoil",
        "index_password": SecretStr(_PASSWORD),
        "index_ca": server.authority,
        "index_seconds": 30.0,
    }
    return settings.model_copy(update={**access, **changes})


def test_the_documented_role_is_enough_for_all_that_the_index_does(
    secured: ElasticsearchServer, settings: Settings
) -> None:
    index = ElasticIndex(_settings(secured, settings), at_once=True)
    assert index.state() is IndexState.MISSING
    index.begin_generation().publish()
    index.put([document(number) for number in range(1, 6)])
    query = SuspectQuery(owner_id=1, limit=2, facets=tuple(Facet))
    first = index.search(query)
    second = index.search(SuspectQuery(owner_id=1, limit=2, cursor=first.next_cursor))
    assert [one.id for page in (first, second) for one in page.suspects] == [1, 2, 3, 4]
    generation = index.begin_generation()
    generation.put([document(9)])
    generation.publish()
    index.begin_generation().abandon()
    assert list(index.revisions()) == [(9, 1)]
    assert index.health().documents == 1
    index.check()


def test_the_dashboard_that_the_documentation_describes_is_made_of_fields_that_are_there(
    secured: ElasticsearchServer, settings: Settings
) -> None:
    """What Kibana would ask for each panel, asked of a real index; its data view reads names and types of fields."""
    index = ElasticIndex(_settings(secured, settings, index_name="counterfoil-suspects"), at_once=True)
    index.begin_generation().publish()
    index.put([document(number, verdict=None) for number in range(1, 6)])
    rows = re.findall(r"^\| (?:[^|]+) \| `([^`]+)` \| `([^`]+)` \|$", _DOCS.read_text(), re.MULTILINE)
    assert len(rows) == 5, "the panels of the page"
    fields = index.client.field_caps(index=index.name, fields="*")["fields"]
    for over, split in rows:
        for name in (over, split):
            assert next(iter(fields[name].values()))["aggregatable"], name
        first = {"date_histogram": {"field": over, "calendar_interval": "day"}}
        first = first if over == "@timestamp" else {"terms": {"field": over}}
        kind = "avg" if split == "suspect.score" else "terms"
        panel = {"panel": {**first, "aggs": {"split": {kind: {"field": split}}}}}
        shown = index.client.search(index=index.name, size=0, aggs=panel)["aggregations"]["panel"]["buckets"]
        assert sum(bucket["doc_count"] for bucket in shown) == 5, (over, split)
    filtered = index.client.search(index=index.name, q="suspect.state: open")["hits"]["total"]["value"]
    assert filtered == 5


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"index_password": SecretStr("wrong")}, "COUNTERFOIL_INDEX_USER"),
        ({"index_ca": None}, "COUNTERFOIL_INDEX_CA"),
        ({"index_name": "somebody-elses"}, "refuses this user"),
    ],
)
def test_what_is_refused_says_which_setting_to_mend(
    secured: ElasticsearchServer, settings: Settings, changes: dict[str, object], words: str
) -> None:
    index = ElasticIndex(_settings(secured, settings, **changes))
    with pytest.raises(IndexUnavailable, match=words) as refused:
        index.search(SuspectQuery(owner_id=1))
    assert _PASSWORD not in str(refused.value)
