"""Shared fixtures: a fresh data folder for every test, real servers, and skips that CI turns into failures."""

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import elastic
import pytest
from bucket import BucketServer
from postgres import Postgres
from pydantic import SecretStr
from temporary_files import keep_in_memory

from counterfoil.evidence import EvidenceStore, open_evidence
from counterfoil.settings import Settings, load_settings
from counterfoil.store import Store, open_store

keep_in_memory()
_LONGEST_NAME = 100


def skip(reason: str) -> None:
    """Skip the test, or fail it where COUNTERFOIL_REQUIRE=all says that everything must be there."""
    if os.environ.get("COUNTERFOIL_REQUIRE") == "all":
        pytest.fail(f"required by COUNTERFOIL_REQUIRE=all: {reason}")
    pytest.skip(reason)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """What is long is named by its length: a page of a megabyte is no name, and an archive's bytes hold its time."""
    if isinstance(val, str | bytes) and len(val) > _LONGEST_NAME:
        return f"{argname} of {len(val)}"
    return None


@pytest.fixture(autouse=True)
def _without_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("COUNTERFOIL_") and not name.startswith(("COUNTERFOIL_TEST_", "COUNTERFOIL_REQUIRE")):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of real photos and pages that nobody here made."""
    folder = os.environ.get("COUNTERFOIL_TEST_DATA")
    if not folder or not Path(folder).is_dir():
        skip("COUNTERFOIL_TEST_DATA names no folder of real test data")
    return Path(str(folder)).resolve()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings over an empty data folder."""
    return load_settings({"COUNTERFOIL_DATA": str(tmp_path / "data"), "COUNTERFOIL_CONTACT": "tests@example.com"})


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with all our tables and no rows: copying it is quicker than migrating."""
    folder = tmp_path_factory.mktemp("sqlite")
    open_store(load_settings({"COUNTERFOIL_DATA": str(folder)})).close()
    return folder / "counterfoil.sqlite"


@pytest.fixture
def sqlite_store(settings: Settings, sqlite_template: Path) -> Iterator[Store]:
    """A fresh SQLite database, as every installation starts with."""
    settings.data.mkdir(mode=0o700, exist_ok=True)
    shutil.copy(sqlite_template, settings.data)
    store = open_store(settings)
    yield store
    store.close()


@pytest.fixture
def evidence(settings: Settings) -> EvidenceStore:
    """The evidence store in the test's data folder."""
    return open_evidence(settings)


@pytest.fixture(scope="session")
def bucket_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BucketServer]:
    """A real S3 server on a free port, for this test process."""
    if BucketServer.program() is None:
        skip("moto is not installed (make services)")
    with BucketServer.running(tmp_path_factory.mktemp("moto") / "moto.log") as server:
        yield server


@pytest.fixture
def bucket_settings(settings: Settings, bucket_server: BucketServer, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings that keep evidence in a fresh bucket."""
    for name, value in bucket_server.environment.items():
        monkeypatch.setenv(name, value)
    address = f"s3://{bucket_server.new_bucket()}/some/prefix"
    secrets = {"s3_access_key_id": SecretStr("key"), "s3_secret_access_key": SecretStr("secret")}
    return settings.model_copy(update={"evidence_url": address, **secrets})


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A real PostgreSQL server on a free port, for this test process."""
    if Postgres.programs() is None:
        skip("PostgreSQL is not installed (make services)")
    # Not in pytest's own folder: every other pytest that starts closes that to all users but one.
    own_folder = tempfile.TemporaryDirectory(prefix="counterfoil-postgres-")
    with own_folder as folder, Postgres.running(Path(folder)) as server:
        yield server


@pytest.fixture(scope="session")
def elasticsearch() -> Iterator[str]:
    """The address of a real Elasticsearch server: one of our own, or COUNTERFOIL_TEST_ELASTICSEARCH_URL."""
    given = os.environ.get("COUNTERFOIL_TEST_ELASTICSEARCH_URL")
    if given:
        yield given
        return
    reason = elastic.missing()
    if reason:
        skip(reason)
    own_folder = tempfile.TemporaryDirectory(prefix="counterfoil-elasticsearch-")
    with own_folder as folder, elastic.running(Path(folder)) as server:
        yield server.url


@pytest.fixture
def elastic_settings(elasticsearch: str, tmp_path: Path) -> Iterator[Settings]:
    """Settings with a suspect index of the test's own on the Elasticsearch server."""
    name = f"test-{uuid.uuid4().hex}"
    settings = load_settings(
        {
            "COUNTERFOIL_DATA": str(tmp_path / "data"),
            "COUNTERFOIL_CONTACT": "tests@example.com",
            "COUNTERFOIL_INDEX_URL": elasticsearch,
            "COUNTERFOIL_INDEX_NAME": name,
            "COUNTERFOIL_INDEX_SECONDS": "60",
        }
    )
    yield settings
    elastic.drop(elasticsearch, name)


@pytest.fixture(scope="session")
def postgres_template(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a database with all our tables and no rows: copying it is quicker than migrating."""
    address = postgres.new_database()
    folder = tmp_path_factory.mktemp("template")
    open_store(load_settings({"COUNTERFOIL_DATA": str(folder)}).model_copy(update={"database_url": address})).close()
    return address.get_secret_value().rpartition("/")[2]


@pytest.fixture
def postgres_store(settings: Settings, postgres: Postgres, postgres_template: str) -> Iterator[Store]:
    """A fresh PostgreSQL database."""
    address = postgres.new_database(postgres_template)
    store = open_store(settings.model_copy(update={"database_url": address}))
    yield store
    store.close()
    postgres.drop(address)


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest) -> Store:
    """A fresh database on each engine: what is tested with it holds on both."""
    opened: Store = request.getfixturevalue(f"{request.param}_store")
    return opened
