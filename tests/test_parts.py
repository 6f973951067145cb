"""Two versions of the program never work on one database: parts register, and a migration waits for nobody to run."""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from installation import wait_until
from pydantic import SecretStr
from rows import NOON, at_once, new_owner

from counterfoil.clock import now
from counterfoil.exceptions import CounterfoilError, SchemaMismatch, StoreError, VersionConflict
from counterfoil.presence import present
from counterfoil.settings import Settings
from counterfoil.store import Store, open_store
from counterfoil.store.engine import connect
from counterfoil.store.owners import add_owner, list_owners
from counterfoil.store.parts import (
    LONGEST_LEASE,
    Part,
    Registration,
    living_parts,
    register_part,
    remove_part,
    renew_part,
)
from counterfoil.store.schema import current_revision, hold_all
from counterfoil.version import VERSION

LEASE = timedelta(seconds=30)
ME = Registration(role="schedule", version="1.0", host="here", pid=7)
OTHER = Registration(role="work (crawl)", version="2.0", host="there", pid=8)


def register(store: Store, who: Registration = ME, moment: datetime = NOON) -> str:
    with store.write() as connection:
        return register_part(connection, who, LEASE, moment)


def living(store: Store, moment: datetime = NOON) -> list[Part]:
    with store.read() as connection:
        return living_parts(connection, moment)


def migrate_to(store: Store, revision: str) -> None:
    """What a newer version does, or an older one has left."""
    with connect(store.engine.url.render_as_string(hide_password=False)).write() as connection:
        hold_all(connection)
        connection.execute(sa.text("UPDATE alembic_version SET version_num = :it"), {"it": revision})


# ---------------------------------------------------------------------------------------------- registering


def test_a_part_is_alive_until_its_lease_lapses_or_it_ends(store: Store) -> None:
    part_id = register(store)
    (part,) = living(store)
    assert (part.role, part.version, part.host, part.pid, part.started_at) == ("schedule", "1.0", "here", 7, NOON)
    with store.write() as connection:
        assert renew_part(connection, part_id, LEASE, NOON + LEASE)
    assert living(store, NOON + 2 * LEASE) and not living(store, NOON + 2 * LEASE + timedelta(seconds=1))
    with store.write() as connection:
        remove_part(connection, part_id)
    assert living(store) == []


def test_any_number_of_parts_of_one_version_run(store: Store) -> None:
    assert len({register(store) for _ in range(3)}) == 3
    assert len(living(store)) == 3


def test_another_version_is_refused_while_one_is_alive_and_hears_who_runs(store: Store) -> None:
    register(store)
    with pytest.raises(VersionConflict, match=r"schedule \(version 1\.0, pid 7 on here\)\. This one is 2\.0"):
        register(store, OTHER)
    assert [part.version for part in living(store)] == ["1.0"]


def test_one_that_crashed_is_forgotten_and_does_not_come_back(store: Store) -> None:
    crashed, later = register(store), NOON + LEASE + timedelta(seconds=1)
    register(store, OTHER, later)
    with store.write() as connection:
        assert not renew_part(connection, crashed, LEASE, later)
    with pytest.raises(VersionConflict, match="work"):
        register(store, ME, later)


def test_a_lease_from_a_clock_that_was_set_back_since_is_no_sign_of_life(store: Store) -> None:
    register(store, ME, NOON + timedelta(hours=1))
    assert living(store) == []
    register(store, OTHER)


def test_of_two_versions_that_start_at_once_one_runs(store: Store) -> None:
    def start(index: int) -> str:
        try:
            register(store, ME if index % 2 else OTHER)
        except VersionConflict:
            return "refused"
        return "runs"

    outcomes = at_once(6, start)
    assert sorted(outcomes) == ["refused"] * 3 + ["runs"] * 3
    assert len({part.version for part in living(store)}) == 1


def test_entries_that_lapsed_long_ago_are_swept_away(store: Store) -> None:
    register(store)
    register(store, OTHER, NOON + timedelta(days=1))
    with store.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM parts").scalar() == 1


# ------------------------------------------------------------------------------------------------- migrating


def test_nothing_is_migrated_under_a_running_part_of_another_version(store: Store, settings: Settings) -> None:
    register(store, ME, now())
    migrate_to(store, "0005")
    address = SecretStr(store.engine.url.render_as_string(hide_password=False))
    with pytest.raises(VersionConflict, match=r"version 1\.0, pid 7 on here"):
        open_store(settings.model_copy(update={"database_url": address}))
    with connect(address.get_secret_value()).read() as connection:
        assert current_revision(connection) == "0005"


def test_a_process_that_is_still_running_after_a_migration_writes_nothing_more(store: Store) -> None:
    new_owner(store, "before")
    migrate_to(store, "9999")
    with pytest.raises(SchemaMismatch, match="changed to schema 9999 by another version"):
        new_owner(store, "after")
    with store.read() as connection:
        assert [owner.name for owner in list_owners(connection)] == ["before"]


def test_a_writer_that_comes_while_a_migration_goes_on_waits_and_then_writes_nothing(store: Store) -> None:
    other = connect(store.engine.url.render_as_string(hide_password=False))
    with ThreadPoolExecutor(1) as pool:
        with other.write() as connection:
            hold_all(connection)
            writing = pool.submit(new_owner, store)
            wait_until(lambda: waits(store) or writing.done(), 30, "the writer waits")
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        with pytest.raises(SchemaMismatch):
            writing.result(60)
    with store.read() as connection:
        assert list_owners(connection) == []


def test_a_migration_waits_for_a_writer_that_has_begun(store: Store) -> None:
    with ThreadPoolExecutor(1) as pool:
        with store.write() as connection:
            migrating = pool.submit(migrate_to, store, "9999")
            wait_until(lambda: waits(store) or migrating.done(), 30, "the migration waits")
            assert not migrating.done()
            add_owner(connection, "written", NOON)
        migrating.result(60)
    with store.read() as connection:
        assert [owner.name for owner in list_owners(connection)] == ["written"]


def waits(store: Store) -> bool:
    """Whether a transaction waits for another; SQLite does not tell, and lets only one write whatever happens."""
    if store.engine.dialect.name == "sqlite":
        return True
    with store.read() as connection:
        return bool(connection.exec_driver_sql("SELECT count(*) FROM pg_locks WHERE NOT granted").scalar())


# ------------------------------------------------------------------------------------------------- presence


@pytest.fixture
def quick(settings: Settings) -> Settings:
    """Settings with which a part beats three times a second."""
    return settings.model_copy(update={"lease_seconds": 1.0})


def test_a_part_that_runs_is_seen_and_gone_when_it_ends(store: Store, quick: Settings) -> None:
    with present(store, quick, "serve", threading.Event()):
        (before,) = living(store, now())
        assert (before.role, before.version) == ("serve", VERSION)
        wait_until(lambda: living(store, now())[0].lease_until > before.lease_until, 30, "its lease is renewed")
    assert living(store, now()) == []


def test_a_part_that_finds_another_version_at_work_stops_itself_and_says_so(store: Store, quick: Settings) -> None:
    """A machine that was frozen: its lease lapsed, and another version was started meanwhile."""
    stop = threading.Event()
    with pytest.raises(VersionConflict, match=r"version 2\.0"), present(store, quick, "serve", stop):
        with store.write() as connection:
            connection.exec_driver_sql("DELETE FROM parts")
            register_part(connection, OTHER, LONGEST_LEASE, now())
        assert stop.wait(30)
    assert [part.version for part in living(store, now())] == ["2.0"]


def test_a_part_whose_database_is_migrated_stops_itself_and_says_so(store: Store, quick: Settings) -> None:
    stop = threading.Event()
    with pytest.raises(SchemaMismatch, match="9999"), present(store, quick, "serve", stop):
        migrate_to(store, "9999")
        assert stop.wait(30)


def test_a_part_whose_database_is_away_for_a_moment_goes_on(
    store: Store, quick: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stop = threading.Event()
    with present(store, quick, "serve", stop), caplog.at_level(logging.WARNING):
        real = store.write

        def away() -> object:
            raise StoreError("The database cannot be used: connection refused.")

        monkeypatch.setattr(store, "write", away)
        wait_until(lambda: "heartbeat failed" in caplog.text, 30, "a heartbeat fails")
        monkeypatch.setattr(store, "write", real)
        wait_until(lambda: living(store, now()), 30, "it is alive again")
        assert not stop.is_set()


def test_errors_that_end_a_process_are_told_from_those_that_pass() -> None:
    def below(kind: type[CounterfoilError]) -> list[type[CounterfoilError]]:
        return [kind, *(found for child in kind.__subclasses__() for found in below(child))]

    assert sorted(kind.__name__ for kind in below(CounterfoilError) if kind.fatal) == [
        "SchemaMismatch",
        "StoreDamaged",
        "VersionConflict",
    ]
