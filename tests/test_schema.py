import multiprocessing
import os
import random
import signal
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from postgres import Postgres
from pydantic import SecretStr
from rows import NOON, at_once, count, new_owner

import counterfoil.store
from counterfoil.exceptions import Conflict, InvalidInput, InvalidSetting, SchemaMismatch, StoreDamaged, StoreError
from counterfoil.settings import Settings, load_settings
from counterfoil.store import Store, check_integrity, open_store
from counterfoil.store.conditional import upsert
from counterfoil.store.engine import connect
from counterfoil.store.owners import add_owner, get_owner, list_owners
from counterfoil.store.schema import current_revision, head_revision, knows_revision, migrations
from counterfoil.store.tables import exchange_rates, images, metadata, owners
from counterfoil.store.types import fits

FORK = multiprocessing.get_context("fork")
OWNERS = [f"owner {number:04}" for number in range(800)]
# One example a database would cost a database an example.
on_one_store = examples(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def database(settings: Settings) -> Path:
    return settings.data / "counterfoil.sqlite"


@pytest.fixture(params=["sqlite", "postgres"])
def fresh(request: pytest.FixtureRequest, settings: Settings) -> Settings:
    """Settings whose database does not exist yet, or has nothing in it."""
    if request.param == "sqlite":
        return settings
    server: Postgres = request.getfixturevalue("postgres")
    return settings.model_copy(update={"database_url": server.new_database()})


@pytest.fixture(scope="module")
def sound() -> Iterator[bytes]:
    """The file of a database with 800 owners in it."""
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings({"COUNTERFOIL_DATA": folder})
        with closing(open_store(settings)) as store, store.write() as connection:
            connection.execute(owners.insert(), [{"name": name, "created_at": NOON} for name in OWNERS])
        yield database(settings).read_bytes()


# ------------------------------------------------------------------------------------------------- migrations


def test_the_migrations_make_exactly_the_tables(store: Store) -> None:
    with store.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_the_migrations_make_exactly_the_indexes_with_their_conditions(store: Store) -> None:
    """Alembic does not compare the WHERE of a partial index."""
    query = {
        "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL",
        "postgresql": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    }[store.engine.dialect.name]

    def definitions() -> dict[str, str]:
        with store.read() as connection:
            found = connection.exec_driver_sql(query)
            return {name: " ".join(sql.split()) for name, sql in found if "alembic" not in name}

    migrated = definitions()
    with store.write() as connection:
        metadata.drop_all(connection)
        metadata.create_all(connection)
    assert definitions() == migrated
    assert "removed_at IS NULL" in migrated["uq_brands_live"]


def test_a_database_of_an_older_version_is_migrated_and_keeps_its_rows(fresh: Settings) -> None:
    fresh.data.mkdir()
    (fresh.data / "evidence").mkdir()
    config = Config()
    config.set_main_option("script_location", str(Path(counterfoil.store.__path__[0]) / "migrations"))
    old = connect(fresh.database_address)
    with old.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0003")
        add_owner(connection, "from before", NOON)
    old.close()
    with closing(open_store(fresh)) as store, store.read() as connection:
        assert current_revision(connection) == head_revision()
        assert [owner.name for owner in list_owners(connection)] == ["from before"]


def test_runs_that_there_were_keep_their_monitor_when_runs_without_one_become_possible(settings: Settings) -> None:
    settings.data.mkdir()
    with closing(connect(settings.database_address)) as store, store.write() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(counterfoil.store.__file__).parent / "migrations"))
        config.attributes["connection"] = connection
        command.upgrade(config, "0010")
        for row in (
            "owners (id, name, created_at) VALUES (1, 'acme', '2026-01-01')",
            "monitors (id, owner_id, name, state, schedule_kind, schedule_expression, time_zone, jitter_seconds, "
            "queries, limits, created_at) VALUES (5, 1, 'm', 'active', 'interval', '60', 'UTC', 0, '[]', '{}', '2026')",
            'runs (id, owner_id, monitor_id, kind, "trigger", state, nominal_at, late, created_at) '
            "VALUES (9, 1, 5, 'search', 'manual', 'open', '2026-01-01', 0, '2026-01-01')",
            "crawls (owner_id, run_id, position, marketplace, spider, queries, limits, state, not_before, counters) "
            "VALUES (1, 9, 0, 'a', 'search', '[]', '{}', 'waiting', '2026-01-01', '{}')",
        ):
            connection.exec_driver_sql(f"INSERT INTO {row}")
    (settings.data / "evidence").mkdir()
    with closing(open_store(settings)) as store:
        check_integrity(store)
        with store.write() as connection:
            connection.exec_driver_sql(
                'INSERT INTO runs (owner_id, kind, "trigger", state, nominal_at, late, created_at) '
                "VALUES (1, 'import', 'manual', 'open', '2026-01-01', 0, '2026-01-01')"
            )
            rows = connection.exec_driver_sql("SELECT id, monitor_id FROM runs ORDER BY id").all()
            assert rows == [(9, 5), (10, None)]
            assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []


def test_a_migration_that_fails_leaves_the_database_as_it_was(fresh: Settings) -> None:
    fresh.data.mkdir()
    config = Config()
    config.set_main_option("script_location", str(Path(counterfoil.store.__path__[0]) / "migrations"))
    old = connect(fresh.database_address)
    with old.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        # In the way of the last migrations, not of the next.
        connection.exec_driver_sql("CREATE TABLE outbox (id INTEGER)")
    with pytest.raises(sa.exc.ProgrammingError if fresh.database_url else StoreError):
        open_store(fresh)
    with old.read() as connection:
        assert current_revision(connection) == "0002"
        assert not sa.inspect(connection).has_table("monitors")
    old.close()


def test_a_newer_schema_is_refused_and_left_alone(fresh: Settings) -> None:
    with closing(open_store(fresh)) as store, store.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SchemaMismatch, match=r"newer version.*9999"):
        open_store(fresh)
    with closing(connect(fresh.database_address)) as store, store.read() as connection:
        assert current_revision(connection) == "9999"


def test_opening_again_changes_nothing(fresh: Settings) -> None:
    with closing(open_store(fresh)) as store:
        new_owner(store)
    with closing(open_store(fresh)) as store, store.read() as connection:
        assert [owner.name for owner in list_owners(connection)] == ["acme"]


def open_and_add(settings: Settings, name: str, ready: Callable[[], int]) -> None:
    ready()
    with closing(open_store(settings)) as store:
        new_owner(store, name)


def test_processes_that_open_a_new_database_at_once_all_succeed(fresh: Settings) -> None:
    barrier = FORK.Barrier(4)
    names = [f"owner {number}" for number in range(4)]
    processes = [FORK.Process(target=open_and_add, args=(fresh, name, barrier.wait)) for name in names]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0, 0]
    with closing(open_store(fresh)) as store, store.read() as connection:
        assert [owner.name for owner in list_owners(connection)] == names


@pytest.mark.parametrize(
    "moment", ["database.lock", "counterfoil.sqlite.draft", "counterfoil.sqlite.draft-wal", "counterfoil.sqlite"]
)
def test_a_start_killed_while_it_makes_the_database_is_made_good_by_the_next(settings: Settings, moment: str) -> None:
    process = FORK.Process(target=open_store, args=(settings,))
    process.start()
    while not (settings.data / moment).exists() and process.exitcode is None:
        pass
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()
    with closing(open_store(settings)) as store:
        check_integrity(store)
        new_owner(store)
        assert count(store, owners) == 1
    assert not list(settings.data.glob("*.draft*"))


# --------------------------------------------------------------------------------------- never an empty start


def test_a_missing_database_in_a_folder_that_was_in_use_is_refused(settings: Settings) -> None:
    with closing(open_store(settings)) as store:
        new_owner(store)
    database(settings).unlink()
    for _ in range(2):
        with pytest.raises(StoreDamaged, match="missing"):
            open_store(settings)
    assert not database(settings).exists()


def test_a_log_left_of_a_missing_database_is_not_mixed_into_a_new_one(settings: Settings) -> None:
    settings.data.mkdir()
    log = settings.data / "counterfoil.sqlite-wal"
    log.write_bytes(b"the last changes")
    with pytest.raises(StoreDamaged, match="missing"):
        open_store(settings)
    assert log.read_bytes() == b"the last changes"


def test_an_empty_file_is_refused_and_stays_as_it_is(settings: Settings) -> None:
    settings.data.mkdir()
    database(settings).touch()
    with pytest.raises(StoreDamaged, match="0 bytes"):
        open_store(settings)
    assert database(settings).stat().st_size == 0


def test_a_database_without_our_tables_is_refused_and_stays_as_it_is(settings: Settings) -> None:
    settings.data.mkdir()
    with closing(sqlite3.connect(database(settings))) as connection:
        connection.execute("CREATE TABLE somebody_elses (id INTEGER)")
    with pytest.raises(StoreDamaged, match="none of Counterfoil's tables"):
        open_store(settings)
    with closing(sqlite3.connect(database(settings))) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("somebody_elses",)]


@pytest.mark.parametrize("content", [b"not a database", b"\x00" * 8192, b"SQLite format 3\x00", b"\xff" * 100])
def test_a_file_that_is_no_database_is_refused_and_stays_as_it_is(settings: Settings, content: bytes) -> None:
    settings.data.mkdir()
    database(settings).write_bytes(content)
    with pytest.raises(StoreDamaged):
        open_store(settings)
    assert database(settings).read_bytes() == content


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_a_file_that_was_cut_off_is_found(settings: Settings, sound: bytes, part: float) -> None:
    settings.data.mkdir()
    database(settings).write_bytes(sound[: int(len(sound) * part)])
    with pytest.raises(StoreDamaged), closing(open_store(settings)) as store:
        check_integrity(store)


@pytest.mark.parametrize("seed", range(8))
def test_a_file_overwritten_in_the_middle_is_found(settings: Settings, sound: bytes, seed: int) -> None:
    pages = len(sound) // 4096
    page = random.Random(seed).randrange(1, pages)
    settings.data.mkdir()
    damaged = bytearray(sound)
    damaged[page * 4096 : page * 4096 + 200] = random.Random(seed).randbytes(200)
    database(settings).write_bytes(damaged)
    with pytest.raises(StoreDamaged), closing(open_store(settings)) as store:
        check_integrity(store)


@given(st.dictionaries(st.integers(0, 1200), st.integers(0, 255), min_size=1, max_size=4))
@examples(max_examples=60, deadline=None)
def test_whatever_bytes_at_the_head_are_damaged_no_start_is_empty(sound: bytes, bytes_at: dict[int, int]) -> None:
    damaged = bytearray(sound)
    for position, byte in bytes_at.items():
        damaged[position] = byte
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings({"COUNTERFOIL_DATA": folder})
        database(settings).write_bytes(damaged)
        try:
            with closing(open_store(settings)) as store, store.read() as connection:
                check_integrity(store)
                found = [owner.name for owner in list_owners(connection)]
        except StoreError:
            return
        assert found == OWNERS


def test_a_sound_database_passes_the_check(store: Store) -> None:
    new_owner(store)
    check_integrity(store)


# -------------------------------------------------------------------------------------- addresses and folders


@pytest.mark.parametrize(
    "address",
    ["s3cret", "mysql://me:s3cret@db/x", "nothing://s3cret", "postgresql://me:s3cret@db:s3cret/x", "sqlite://", ""],
)
def test_an_address_that_cannot_be_used_names_the_variable_and_no_secret(settings: Settings, address: str) -> None:
    with pytest.raises(InvalidSetting, match="COUNTERFOIL_DATABASE_URL") as caught:
        open_store(settings.model_copy(update={"database_url": SecretStr(address or "sqlite:///:memory:")}))
    assert "s3cret" not in str(caught.value)


def test_a_driver_that_is_not_installed_is_named(settings: Settings) -> None:
    with pytest.raises(InvalidSetting, match="driver that is not installed"):
        open_store(settings.model_copy(update={"database_url": SecretStr("postgresql+pg8000://db/x")}))


def test_a_server_that_cannot_be_reached_is_a_clear_error_without_the_password(settings: Settings) -> None:
    address = SecretStr("postgresql+psycopg://me:s3cret@127.0.0.1:9/x")
    with pytest.raises(StoreError, match="cannot be used") as caught:
        open_store(settings.model_copy(update={"database_url": address}))
    assert "s3cret" not in str(caught.value)


def test_a_data_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="COUNTERFOIL_DATA"):
        open_store(load_settings({"COUNTERFOIL_DATA": str(tmp_path / "file" / "data")}))


def test_a_new_data_folder_is_readable_by_its_owner_only(settings: Settings) -> None:
    open_store(settings).close()
    assert settings.data.stat().st_mode & 0o077 == 0


# ------------------------------------------------------------------------------------------------ transactions


def test_a_transaction_that_fails_leaves_nothing(store: Store) -> None:
    with pytest.raises(RuntimeError), store.write() as connection:
        add_owner(connection, "half", NOON)
        raise RuntimeError
    assert count(store, owners) == 0


def test_a_reader_sees_one_state_while_a_writer_goes_on(store: Store) -> None:
    new_owner(store, "first")
    with store.read() as reader:
        assert len(list_owners(reader)) == 1
        new_owner(store, "second")
        assert len(list_owners(reader)) == 1
    with store.read() as reader:
        assert len(list_owners(reader)) == 2


def test_many_writers_at_once_all_get_their_turn(store: Store) -> None:
    def add_ten(index: int) -> None:
        for number in range(10):
            new_owner(store, f"owner {index}-{number}")

    at_once(6, add_ten)
    assert count(store, owners) == 60


def test_what_a_row_points_to_must_exist(store: Store) -> None:
    orphan = {"image_sha256": "0" * 64, "version": "1", "width": 1, "height": 1, "phash": "", "dct256": b""}
    fingerprints = metadata.tables["fingerprints"]
    with pytest.raises(sa.exc.IntegrityError), store.write() as connection:
        connection.execute(fingerprints.insert().values(**orphan, informative=True))


def test_two_transactions_in_each_others_way_are_told_apart_from_a_broken_database(postgres: Postgres) -> None:
    settings = load_settings({"COUNTERFOIL_DATABASE_URL": postgres.new_database().get_secret_value()})
    with closing(open_store(settings)) as store:
        ids = [new_owner(store, name) for name in ("a", "b")]
        meeting = FORK.Barrier(2)

        def touch_both(index: int) -> str:
            try:
                with store.write() as connection:
                    for turn in (index, 1 - index):
                        connection.execute(owners.update().where(owners.c.id == ids[turn]).values(registry_revision=1))
                        if turn == index:
                            meeting.wait()
            except Conflict:
                return "undone"
            return "done"

        assert sorted(at_once(2, touch_both)) == ["done", "undone"]


def test_a_value_that_postgres_cannot_keep_is_the_persons_mistake(postgres: Postgres) -> None:
    settings = load_settings({"COUNTERFOIL_DATABASE_URL": postgres.new_database().get_secret_value()})
    with closing(open_store(settings)) as store:
        for name in ("x" * 201, "nul\0"):
            with pytest.raises(InvalidInput, match="cannot keep this"):
                new_owner(store, name)


# --------------------------------------------------------------------------------------- the same on both engines


def test_a_naive_time_is_refused(store: Store) -> None:
    with pytest.raises(sa.exc.StatementError, match="naive time"), store.write() as connection:
        add_owner(connection, "acme", datetime(2026, 3, 1))  # noqa: DTZ001 - that is the point


ZONES = st.one_of(
    st.sampled_from([UTC, ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kolkata"), ZoneInfo("America/St_Johns")]),
    st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)
AMOUNTS = st.builds(
    lambda digits, places: Decimal(digits).scaleb(-places), st.integers(-(10**18) + 1, 10**18 - 1), st.integers(0, 6)
)


@given(moment=st.datetimes(datetime(1900, 1, 1), datetime(2300, 1, 1), timezones=ZONES))  # noqa: DTZ001
@on_one_store
def test_a_time_comes_back_as_the_same_instant_in_utc(store: Store, moment: datetime) -> None:
    with store.write() as connection:
        connection.execute(images.delete())
        connection.execute(images.insert().values(sha256="0" * 64, size=1, stored_at=moment))
        kept = connection.execute(sa.select(images.c.stored_at)).scalar_one()
        found = connection.scalar(sa.select(sa.func.count()).where(images.c.stored_at <= moment))
    # Python calls no two times equal that stand in a gap or a fold of different zones.
    assert kept == moment.astimezone(UTC)
    assert kept.tzinfo is UTC
    assert found == 1


@given(amount=AMOUNTS)
@on_one_store
def test_a_decimal_comes_back_exactly_and_written_alike(store: Store, amount: Decimal) -> None:
    key = {"as_of": date(2026, 3, 1), "base": "EUR", "currency": "USD"}
    with store.write() as connection:
        upsert(connection, exchange_rates, {**key, "rate": amount}, key=list(key))
        kept = connection.execute(sa.select(exchange_rates.c.rate)).scalar_one()
    assert kept == amount
    text = format(amount, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    assert str(kept) == ("0" if amount == 0 else text)


@pytest.mark.parametrize("text", ["0.0000001", "1000000000000000000", "NaN", "Infinity", "-Infinity"])
def test_a_decimal_that_would_be_rounded_is_refused(store: Store, text: str) -> None:
    values = {"as_of": date(2026, 3, 1), "base": "EUR", "currency": "USD", "rate": Decimal(text)}
    assert not fits(Decimal(text))
    with pytest.raises(sa.exc.StatementError, match="no amount"), store.write() as connection:
        connection.execute(exchange_rates.insert().values(**values))


def test_large_ids_and_words_of_any_script_come_back(store: Store) -> None:
    name = "艾克美 Ачме ' \" % \\ 👜"
    with store.write() as connection:
        connection.execute(owners.insert().values(id=2**53, name=name, created_at=NOON))
        assert get_owner(connection, name).id == 2**53


def test_the_names_of_the_files_tell_the_chain_of_migrations() -> None:
    chain = list(ScriptDirectory.from_config(migrations()).walk_revisions())
    assert head_revision() == chain[0].revision
    assert [script.revision for script in chain] == sorted((script.revision for script in chain), reverse=True)
    assert all(knows_revision(script.revision) for script in chain)
    assert not knows_revision("9999")
