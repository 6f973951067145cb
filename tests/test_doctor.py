"""The doctor: every fault has its line and its remedy, no check hangs or breaks the others, and nothing is changed."""

import json
import os
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from commands import run_command
from disguise import Disguise
from installation import Installation, wait_until
from pydantic import SecretStr
from rows import claimed, new_monitor, new_owner, new_run, pictures, record

import console.doctor.clocks
import console.doctor.folders
import console.doctor.indexes
import counterfoil.chromium
from console.doctor.examination import CHECKS, examine, worst
from console.doctor.findings import Finding, Level, ok
from console.doctor.place import Place
from console.output import size
from counterfoil.clock import now
from counterfoil.evidence import EvidenceStore
from counterfoil.settings import Settings
from counterfoil.store import Store
from counterfoil.store.images import add_image
from counterfoil.store.instance import ClockJump, note_clock_jump, raise_newest_time
from counterfoil.store.outbox import put_in_outbox
from counterfoil.store.parts import LONGEST_LEASE, Registration, register_part
from counterfoil.store.schema import UNFINISHED_RESTORE, head_revision
from counterfoil.version import VERSION
from indexer.opening import open_index
from indexer.rebuild import rebuild

HOUR = timedelta(hours=1)


@pytest.fixture
def place(store: Store, settings: Settings) -> Place:
    """An installation on either engine with its folders, before its first start."""
    settings.data.mkdir(mode=0o700, exist_ok=True)
    (settings.data / "evidence").mkdir(exist_ok=True)
    address = SecretStr(store.engine.url.render_as_string(hide_password=False))
    return Place(settings=settings.model_copy(update={"database_url": address}), seconds=20)


@pytest.fixture
def on_sqlite(sqlite_store: Store, settings: Settings) -> Place:
    """An installation as most are."""
    (settings.data / "evidence").mkdir(exist_ok=True)
    return Place(settings=settings, seconds=20)


def look(place: Place, check: str) -> Finding:
    """What one check finds."""
    ((_, finding),) = examine(place, {check: CHECKS[check]})
    return finding


def expect(place: Place, check: str, level: Level, *words: str) -> Finding:
    finding = look(place, check)
    assert finding.level is level, finding
    for word in words:
        assert word in f"{finding.text} {finding.remedy or ''}"
    return finding


def with_settings(place: Place, **changes: object) -> Place:
    return Place(settings=place.settings.model_copy(update=changes), seconds=place.seconds)


# ---------------------------------------------------------------------------------------------- a sound house


def test_nothing_is_wrong_with_a_new_installation(place: Place) -> None:
    found = dict(examine(place))
    assert list(found) == list(CHECKS)
    assert {name: one for name, one in found.items() if one.level is Level.WRONG} == {}
    assert {name for name, one in found.items() if one.level is Level.HINT} <= {"service", "index", "browser", "clock"}


def test_an_installation_that_is_not_made_yet_is_not_made_by_looking(settings: Settings) -> None:
    found = dict(examine(Place(settings=settings)))
    assert worst(list(found.values())) is Level.HINT
    assert "does not exist yet" in found["folder"].text
    assert not settings.data.exists()


# ------------------------------------------------------------------------------------ settings and marketplaces


def test_a_missing_contact_is_a_hint_and_wrong_once_something_is_to_be_crawled(place: Place, store: Store) -> None:
    anonymous = with_settings(place, contact=None)
    expect(anonymous, "settings", Level.HINT, "COUNTERFOIL_CONTACT")
    new_monitor(store, new_owner(store))
    expect(anonymous, "settings", Level.WRONG, "COUNTERFOIL_CONTACT")
    expect(place, "settings", Level.OK)


@pytest.mark.parametrize(
    ("changes", "level", "words"),
    [
        ({"suspect_threshold": 0.05}, Level.HINT, "nearly every listing"),
        ({"suspect_threshold": 0.99}, Level.HINT, "hardly any listing"),
        ({"lease_seconds": 1.0}, Level.HINT, "COUNTERFOIL_LEASE_SECONDS=1"),
        ({"proxy": SecretStr("https://me:s3cret@proxy:1")}, Level.WRONG, "COUNTERFOIL_PROXY"),
    ],
)
def test_settings_that_make_no_sense_are_named(
    on_sqlite: Place, changes: dict[str, object], level: Level, words: str
) -> None:
    finding = expect(with_settings(on_sqlite, **changes), "settings", level, words)
    assert "s3cret" not in f"{finding.text}{finding.remedy}"


def test_several_problems_of_one_check_are_one_line_as_bad_as_the_worst(on_sqlite: Place) -> None:
    both = with_settings(on_sqlite, suspect_threshold=0.99, proxy=SecretStr("https://proxy:1"))
    expect(both, "settings", Level.WRONG, "hardly any", "COUNTERFOIL_PROXY")


def test_a_monitor_of_a_marketplace_that_is_not_declared_is_named(place: Place, store: Store) -> None:
    new_monitor(store, new_owner(store), "nightly", marketplaces=("gone",))
    expect(place, "marketplaces", Level.WRONG, "nightly", "gone", "not declared")


def test_a_declaration_that_cannot_be_read_is_named(on_sqlite: Place) -> None:
    file = on_sqlite.settings.marketplaces_folder / "broken" / "marketplace.yaml"
    file.parent.mkdir(parents=True)
    file.write_text("name: [")
    expect(on_sqlite, "marketplaces", Level.WRONG, str(file))


def test_a_folder_of_declarations_that_is_not_there_is_named(on_sqlite: Place, tmp_path: Path) -> None:
    expect(with_settings(on_sqlite, marketplaces=tmp_path / "no"), "marketplaces", Level.WRONG, "COUNTERFOIL_MARKETP")


# ------------------------------------------------------------------------------------------- folder and disk


def test_a_folder_that_others_may_enter_is_a_hint(on_sqlite: Place) -> None:
    on_sqlite.settings.data.chmod(0o755)
    expect(on_sqlite, "folder", Level.HINT, "other users", "chmod 700")


def test_a_folder_that_is_a_file_is_wrong(settings: Settings) -> None:
    settings.data.touch()
    expect(Place(settings=settings), "folder", Level.WRONG, "no folder")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")
def test_files_of_several_users_are_wrong_and_named(on_sqlite: Place) -> None:
    os.chown(on_sqlite.settings.data / "evidence", 65_534, 65_534)
    expect(on_sqlite, "folder", Level.WRONG, "evidence (nobody)", "chown -R root")


@pytest.mark.parametrize(
    ("free", "inodes", "level", "words"),
    [
        (100_000_000, 10**6, Level.WRONG, "only 100 MB"),
        (10**9, 10**6, Level.HINT, "1.0 GB of 100 GB"),
        (5 * 10**10, 10**6, Level.OK, "50 GB"),
        (5 * 10**10, 500, Level.WRONG, "only 500 more files"),
        (5 * 10**10, 20_000, Level.HINT, "20000 more files"),
    ],
)
def test_a_disk_that_fills_up_is_told_in_time(
    on_sqlite: Place, monkeypatch: pytest.MonkeyPatch, free: int, inodes: int, level: Level, words: str
) -> None:
    disk = os.statvfs_result((4_096, 1, 10**11, free, free, 10**6, inodes, inodes, 0, 255))
    monkeypatch.setattr(console.doctor.folders.os, "statvfs", lambda _: disk)
    expect(on_sqlite, "disk", level, words)


def test_a_disk_on_which_no_crawl_starts_is_wrong_and_names_the_setting(on_sqlite: Place) -> None:
    greedy = with_settings(on_sqlite, min_free_megabytes=10**9)
    expect(greedy, "disk", Level.WRONG, "no crawl starts", "COUNTERFOIL_MIN_FREE_MEGABYTES")


def test_a_restore_that_was_not_finished_is_wrong(on_sqlite: Place) -> None:
    (on_sqlite.settings.data / UNFINISHED_RESTORE).touch()
    expect(on_sqlite, "folder", Level.WRONG, "was not finished", "counterfoil restore")


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 bytes"), (999, "999 bytes"), (1_500, "1.5 kB"), (10**13, "10 TB"), (10**16, "10000 TB")]
)
def test_sizes_are_told_in_the_unit_with_few_digits(number: int, text: str) -> None:
    assert size(number) == text


# ------------------------------------------------------------------------------------------------- database


def test_a_database_is_named_with_its_engine_and_schema(place: Place, store: Store) -> None:
    engine = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[store.engine.dialect.name]
    expect(place, "database", Level.OK, engine, f"schema {head_revision()}")
    expect(place, "integrity", Level.OK)
    expect(place, "log", Level.OK)


@pytest.mark.parametrize(("revision", "level"), [("0005", Level.HINT), ("9999", Level.WRONG)])
def test_another_versions_schema_is_told_and_the_rest_not_looked_at(
    place: Place, store: Store, revision: str, level: Level
) -> None:
    with store.write() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = :it"), {"it": revision})
    expect(place, "database", level, revision)
    expect(place, "outbox", Level.HINT, "not looked at")


def database(place: Place) -> Path:
    return place.settings.data / "counterfoil.sqlite"


@pytest.mark.parametrize("content", [None, b"", b"no database", b"\0" * 8_192])
def test_a_database_that_cannot_be_opened_is_one_wrong_line_and_the_rest_is_looked_at(
    on_sqlite: Place, sqlite_store: Store, content: bytes | None
) -> None:
    sqlite_store.close()
    database(on_sqlite).unlink()
    if content is not None:
        database(on_sqlite).write_bytes(content)
    found = dict(examine(on_sqlite))
    wrong = {name for name, one in found.items() if one.level is Level.WRONG}
    assert "database" in wrong and wrong <= {"database", "integrity"}
    assert found["disk"].level is Level.OK
    assert database(on_sqlite).exists() == (content is not None)


def test_damage_in_the_middle_of_the_database_is_found(on_sqlite: Place, sqlite_store: Store) -> None:
    sqlite_store.close()
    content = bytearray(database(on_sqlite).read_bytes())
    content[20 * 4_096 : 21 * 4_096] = b"\xff" * 4_096
    database(on_sqlite).write_bytes(content)
    expect(on_sqlite, "integrity", Level.WRONG, "damaged", "estore")


def test_a_database_too_large_for_the_deadline_is_a_hint(on_sqlite: Place, sqlite_store: Store) -> None:
    with sqlite_store.write() as connection:
        connection.exec_driver_sql(
            "INSERT INTO owners (name, created_at) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
            " WHERE i < 300000) SELECT printf('%0200d', i), '2026-03-01 12:00:00' FROM n"
        )
    hurried = Place(settings=on_sqlite.settings, seconds=0.02)
    finding = CHECKS["integrity"](hurried)
    assert finding.level is Level.HINT and "in time" in finding.text and "--seconds" in str(finding.remedy)


@pytest.mark.parametrize(("length", "level"), [(10**6, Level.OK), (10**8, Level.HINT), (2 * 10**9, Level.WRONG)])
def test_a_write_ahead_log_that_is_never_folded_in_is_told(
    on_sqlite: Place, sqlite_store: Store, length: int, level: Level
) -> None:
    sqlite_store.close()
    with database(on_sqlite).with_name("counterfoil.sqlite-wal").open("wb") as log:
        log.truncate(length)
    expect(on_sqlite, "log", level)


def test_a_server_that_is_away_is_wrong_without_its_password(on_sqlite: Place) -> None:
    away = with_settings(on_sqlite, database_url=SecretStr("postgresql+psycopg://me:s3cret@127.0.0.1:9/x"))
    finding = expect(away, "database", Level.WRONG, "cannot be used")
    assert "s3cret" not in finding.text
    expect(away, "outbox", Level.HINT, "not looked at")


# -------------------------------------------------------------------------------------------------- evidence


def keep(store: Store, evidence: EvidenceStore, count: int = 3) -> list[str]:
    """Pictures and bodies that the database speaks of; the pictures' names."""
    names = [evidence.put_image(b"picture %d" % number) for number in range(count)]
    body = evidence.put_body(b"<html>a page</html>")
    crawl = claimed(store, new_owner(store))
    with store.write() as connection:
        for name in names:
            add_image(connection, name, 9, now())
    record(store, crawl, images=pictures(*((f"https://market.example/{name}.jpg", name) for name in names)))
    with store.write() as connection:
        connection.execute(sa.text("UPDATE listing_versions SET body_sha256 = :body"), {"body": body})
    return names


def test_a_sample_of_the_evidence_is_verified(place: Place, store: Store, evidence: EvidenceStore) -> None:
    expect(place, "evidence", Level.OK, "nothing is stored yet")
    keep(store, evidence)
    many = Place(settings=place.settings, files=100)
    expect(many, "evidence", Level.OK, "4 files verified")
    expect(Place(settings=place.settings, files=0), "evidence", Level.OK, "nothing")


def test_a_bucket_that_cannot_be_reached_is_wrong_before_anything_is_stored(
    on_sqlite: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_ALLOW_HTTP": "true", "AWS_REGION": "x"}.items():
        monkeypatch.setenv(name, value)
    keys = {"s3_access_key_id": SecretStr("a"), "s3_secret_access_key": SecretStr("b")}
    expect(with_settings(on_sqlite, evidence_url="s3://nowhere", **keys), "evidence", Level.WRONG, "s3://nowhere")


def test_missing_and_damaged_evidence_is_found(place: Place, store: Store, evidence: EvidenceStore) -> None:
    first, second, _ = keep(store, evidence)
    evidence.image_path(first).unlink()
    evidence.image_path(second).write_bytes(b"rot")
    many = Place(settings=place.settings, files=100)
    expect(many, "evidence", Level.WRONG, f"1 of 4 files are missing, such as {first}", f"damaged, such as {second}")


# ------------------------------------------------------------------------------------------ index and outbox


def test_an_index_that_is_missing_is_a_hint_and_one_that_is_damaged_is_wrong(on_sqlite: Place, store: Store) -> None:
    expect(on_sqlite, "index", Level.HINT, "missing", "counterfoil index rebuild")
    with closing(open_index(on_sqlite.settings)) as index:
        rebuild(store, index)
    expect(on_sqlite, "index", Level.OK, "0 suspects")
    (file,) = (on_sqlite.settings.data / "index").glob("suspects-*.sqlite")
    file.write_bytes(file.read_bytes()[:4_096] + b"\xff" * 8_192)
    expect(on_sqlite, "index", Level.WRONG, "counterfoil index rebuild")


def test_a_large_index_is_not_read_to_its_end_while_delivery_waits(
    on_sqlite: Place, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(open_index(on_sqlite.settings)) as index:
        rebuild(store, index)
    monkeypatch.setattr(console.doctor.indexes, "_LARGEST_READ", 0)
    expect(on_sqlite, "index", Level.OK, "0 suspects", "counterfoil index verify")


def suspect_waits(store: Store, since: timedelta, *, parked: bool = False) -> None:
    owner_id = new_owner(store)
    crawl = claimed(store, owner_id)
    recorded = record(store, crawl)
    moment = now() - since
    with store.write() as connection:
        connection.execute(
            sa.text(
                "INSERT INTO suspects (id, owner_id, listing_id, listing_version_id, score, state, assessed_sha256,"
                " revision, first_suspected_at, updated_at) SELECT 1, :owner, :listing, MAX(id), 0.9, 'open', 'x', 1,"
                " '2026-03-01', '2026-03-01' FROM listing_versions"
            ),
            {"owner": owner_id, "listing": recorded.listing_id},
        )
        put_in_outbox(connection, owner_id, 1, 1, moment)
        if parked:
            connection.exec_driver_sql("UPDATE outbox SET parked_at = created_at, parked_reason = 'too long'")


def test_changes_that_wait_for_the_index_too_long_are_wrong(place: Place, store: Store) -> None:
    expect(place, "outbox", Level.OK, "nothing waits")
    suspect_waits(store, HOUR)
    expect(place, "outbox", Level.WRONG, "1 changes wait", "1 h 0 min", "deliver")


def test_changes_that_are_on_their_way_are_well(place: Place, store: Store) -> None:
    suspect_waits(store, timedelta(seconds=5))
    expect(place, "outbox", Level.OK, "1 changes on their way")


def test_a_suspect_that_the_index_refuses_is_a_hint(place: Place, store: Store) -> None:
    suspect_waits(store, HOUR, parked=True)
    expect(place, "outbox", Level.HINT, "counterfoil index parked")


# ------------------------------------------------------------------------------------------------------ work


def runs(store: Store, *roles: str, version: str = VERSION) -> None:
    """Parts of these roles are alive."""
    for role in roles:
        with store.write() as connection:
            who = Registration(role=role, version=version, host="here", pid=1)
            register_part(connection, who, LONGEST_LEASE, now())


ALL = ("schedule", "work (crawl)", "work (judge)", "work (deliver)", "serve")


def test_the_running_parts_are_named_and_a_missing_one_is_a_hint(place: Place, store: Store) -> None:
    expect(place, "service", Level.HINT, "no part of the service runs", "counterfoil up")
    runs(store, *ALL[1:])
    expect(place, "service", Level.HINT, "nobody fires monitors")
    runs(store, "schedule")
    expect(place, "service", Level.OK, f"version {VERSION}", "work (judge) on here")


def test_a_service_of_another_version_is_a_hint(place: Place, store: Store) -> None:
    runs(store, *ALL, version="9.9")
    expect(place, "service", Level.HINT, "version 9.9 runs", VERSION)


def test_two_versions_at_work_are_wrong(place: Place, store: Store) -> None:
    runs(store, *ALL)
    with store.write() as connection:
        connection.exec_driver_sql("UPDATE parts SET version = '0.0.1' WHERE role = 'serve'")
    expect(place, "service", Level.WRONG, "2 versions", "0.0.1")


def test_monitors_that_nobody_fires_are_wrong(place: Place, store: Store) -> None:
    expect(place, "monitors", Level.OK)
    new_monitor(store, new_owner(store), due=now() - HOUR)
    expect(place, "monitors", Level.WRONG, "1 monitors are due", "1 h 0 min", "schedule")


def test_crawls_of_a_worker_that_died_are_wrong_when_nobody_takes_them_over(place: Place, store: Store) -> None:
    claimed(store, new_owner(store))
    expect(place, "crawls", Level.WRONG, "went silent", "nobody takes them over", "--role crawl")


def test_crawls_that_wait_are_a_queue_while_somebody_works_and_wrong_otherwise(place: Place, store: Store) -> None:
    new_run(store, new_monitor(store, new_owner(store)), now=now() - HOUR - HOUR)
    expect(place, "crawls", Level.WRONG, "1 crawls wait", "--role crawl")
    runs(store, "work (crawl)")
    expect(place, "crawls", Level.HINT, "1 crawls wait")


def test_inspections_that_wait_are_a_queue_while_somebody_judges_and_wrong_otherwise(
    place: Place, store: Store
) -> None:
    expect(place, "inspections", Level.OK)
    record(store, claimed(store, new_owner(store)))
    expect(place, "inspections", Level.WRONG, "1 inspections wait", "--role judge")
    runs(store, "work (judge)")
    expect(place, "inspections", Level.HINT, "1 inspections wait")


# ----------------------------------------------------------------------------------------------------- clock


def test_a_clock_behind_the_database_is_wrong(place: Place, store: Store) -> None:
    with store.write() as connection:
        raise_newest_time(connection, now() + HOUR)
    expect(place, "clock", Level.WRONG, "behind", "counterfoil clock accept")


def test_rows_from_the_future_are_told(place: Place, store: Store) -> None:
    new_run(store, new_monitor(store, new_owner(store)), now=now() + HOUR)
    expect(place, "clock", Level.HINT, "rows from the future", "59 min")


def test_files_from_the_future_are_wrong(on_sqlite: Place) -> None:
    moment = (now() + HOUR).timestamp()
    os.utime(on_sqlite.settings.data / "evidence", (moment, moment))
    expect(on_sqlite, "clock", Level.WRONG, "in the future")


@pytest.mark.parametrize(("by", "words"), [(HOUR, "ahead by 1 h 0 min"), (-HOUR, "back by 1 h 0 min")])
def test_a_leap_that_the_service_has_noticed_is_told_for_a_day(
    place: Place, store: Store, by: timedelta, words: str
) -> None:
    with store.write() as connection:
        note_clock_jump(connection, ClockJump(noticed_at=now() - HOUR, by=by))
    expect(place, "clock", Level.HINT, words)
    with store.write() as connection:
        note_clock_jump(connection, ClockJump(noticed_at=now() - 30 * HOUR, by=by))
    assert "leapt" not in look(place, "clock").text


@pytest.mark.parametrize("store", ["postgres"], indirect=True)
def test_a_clock_apart_from_the_servers_is_wrong(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console.doctor.clocks, "now", lambda: now() + HOUR)
    expect(place, "clock", Level.WRONG, "PostgreSQL server's", "apart")


def program(folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_a_time_service_that_is_off_is_a_hint(
    on_sqlite: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/bin:/usr/bin")
    program(tmp_path / "bin", "timedatectl", "echo no")
    expect(on_sqlite, "clock", Level.HINT, "no time service")
    for answer in ("echo yes", "echo no bus; exit 1"):
        program(tmp_path / "bin", "timedatectl", answer)
        expect(on_sqlite, "clock", Level.OK)


def test_the_clock_is_looked_at_without_a_database_too(on_sqlite: Place, sqlite_store: Store) -> None:
    sqlite_store.close()
    database(on_sqlite).write_bytes(b"damaged")
    assert look(on_sqlite, "clock").level is not Level.WRONG


# --------------------------------------------------------------------------------------------------- browser


@pytest.mark.parametrize(
    ("script", "level", "words"),
    [
        ("echo Chromium 1.2.3", Level.OK, "Chromium 1.2.3"),
        ("echo 'no such library' >&2; exit 127", Level.HINT, "no such library"),
        ("exec sleep 600", Level.HINT, "does not start"),
        (None, Level.HINT, "no Chromium"),
    ],
)
def test_a_browser_is_tried_and_its_absence_is_no_error(
    on_sqlite: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str | None, level: Level, words: str
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(counterfoil.chromium, "_PLACES", ())
    if script is not None:
        program(tmp_path / "bin", "chromium", f"PATH=/bin:/usr/bin; {script}")
    without_sandbox = on_sqlite.settings.model_copy(update={"browser_sandbox": False})
    hurried = Place(settings=without_sandbox, seconds=3)
    expect(hurried, "browser", level, words)


# ----------------------------------------------------------------------------------------- no check hangs


def test_a_check_that_breaks_or_hangs_is_a_line_and_keeps_no_other(on_sqlite: Place) -> None:
    released = threading.Event()

    def breaks(_: Place) -> Finding:
        raise ZeroDivisionError("by zero")

    def hangs(_: Place) -> Finding:
        released.wait(60)
        return ok("too late")

    hurried = Place(settings=on_sqlite.settings, seconds=1)
    found = dict(examine(hurried, {"a": hangs, "b": breaks, "c": lambda _: ok("fine")}))
    released.set()
    assert [one.level for one in found.values()] == [Level.WRONG, Level.WRONG, Level.OK]
    assert "no answer within 1 seconds" in found["a"].text
    assert "ZeroDivisionError: by zero" in found["b"].text


def test_a_locked_database_keeps_nobody_waiting_for_ever(on_sqlite: Place, sqlite_store: Store) -> None:
    sqlite_store.close()
    with closing(sqlite3.connect(database(on_sqlite), isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode=EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        found = dict(examine(Place(settings=on_sqlite.settings, seconds=3)))
    assert list(found) == list(CHECKS)


# ------------------------------------------------------------------------------------------------ the command


def environment(place: Place) -> dict[str, str]:
    return {"COUNTERFOIL_DATA": str(place.settings.data), "COUNTERFOIL_CONTACT": "tests@example.com"}


def contents(folder: Path) -> dict[str, tuple[bytes, float]]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path): (path.read_bytes(), path.stat().st_mtime) for path in files}


def test_it_changes_nothing(on_sqlite: Place, sqlite_store: Store, evidence: EvidenceStore) -> None:
    keep(sqlite_store, evidence)
    with closing(open_index(on_sqlite.settings)) as index:
        rebuild(sqlite_store, index)
    sqlite_store.close()
    before = contents(on_sqlite.settings.data)
    assert run_command(environment(on_sqlite), "doctor").status in {0, 2}
    assert contents(on_sqlite.settings.data) == before


def spoil_nothing(_: Place) -> None:
    pass


def spoil_folder(place: Place) -> None:
    place.settings.data.chmod(0o755)


def spoil_database(place: Place) -> None:
    database(place).write_bytes(b"damaged")


@pytest.mark.parametrize(
    ("spoil", "strict", "status"),
    [
        (spoil_folder, False, 0),
        (spoil_folder, True, 1),
        (spoil_database, False, 2),
        (spoil_database, True, 2),
        (spoil_nothing, False, 0),
    ],
)
def test_its_exit_status_is_for_monitoring(
    on_sqlite: Place, sqlite_store: Store, spoil: Callable[[Place], None], strict: bool, status: int
) -> None:
    sqlite_store.close()
    spoil(on_sqlite)
    ended = run_command(environment(on_sqlite), "doctor", *(["--strict"] if strict else []))
    assert ended.status == status, ended
    assert ended.errors == ""
    assert [line.split()[1] for line in ended.output.splitlines()] == list(CHECKS)


def test_its_json_has_a_line_for_each_check(on_sqlite: Place) -> None:
    lines = [json.loads(line) for line in run_command(environment(on_sqlite), "doctor", "--json").output.splitlines()]
    assert [line["check"] for line in lines] == list(CHECKS)
    assert all(set(line) == {"check", "level", "text", "remedy"} for line in lines)
    assert {line["level"] for line in lines} <= {"ok", "hint", "wrong"}


def test_settings_that_cannot_be_read_are_the_wrong_line(on_sqlite: Place) -> None:
    ended = run_command({**environment(on_sqlite), "COUNTERFOIL_TRESHOLD": "1"}, "doctor")
    assert (ended.status, ended.errors) == (2, "")
    assert ended.output.splitlines()[0].startswith("wrong") and "COUNTERFOIL_TRESHOLD" in ended.output


def test_a_plain_user_whose_database_belongs_to_another_gets_lines_and_no_traceback(on_sqlite: Place) -> None:
    database(on_sqlite).chmod(0)
    ended = run_command(environment(on_sqlite), "doctor", plain_user=True)
    assert (ended.status, ended.errors) == (2, "")
    assert "cannot be written by this user" in ended.output


@pytest.mark.xdist_group("processes")
def test_a_running_service_is_well_and_a_leap_of_its_clock_is_told(tmp_path: Path) -> None:
    disguise = Disguise(tmp_path)
    place = Installation(
        tmp_path, "http://127.0.0.1:9", {**disguise.environment, "COUNTERFOIL_CONTACT": "a@example.com"}
    )

    def doctor() -> dict[str, dict[str, str]]:
        printed = run_command(place.environment, "doctor", "--json").output
        return {line["check"]: line for line in map(json.loads, printed.splitlines())}

    with place.service():
        found = wait_until(lambda: (found := doctor())["service"]["level"] == "ok" and found, 60, "every part runs")
        assert {name for name, line in found.items() if line["level"] == "wrong"} == set(), found
        disguise.set_clock(HOUR)
        wait_until(lambda: "leapt ahead by" in doctor()["clock"]["text"], 60, "the leap is told")


def test_every_check_has_a_row_in_the_documentation() -> None:
    page = (Path(__file__).parents[1] / "docs" / "operating.md").read_text(encoding="utf-8")
    assert [name for name in CHECKS if f"| {name} |" not in page] == []
