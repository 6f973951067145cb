"""Backups: taken while others write, verified, restored whole or not at all, and killed at any moment."""

import json
import os
import random
import shutil
import signal
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from bucket import BucketServer
from commands import run_command
from installation import Installation, marketplace, wait_until
from postgres import Postgres
from processes import FORK
from pydantic import SecretStr
from rows import NOON, claimed, new_owner, pictures, record
from things import register_lamp, wait_for_listings, write_catalogue

import counterfoil.backup.taking
import counterfoil.store
from counterfoil.backup import restore_backup, take_backup, verify_backup
from counterfoil.backup.durable import move_whole
from counterfoil.backup.manifest import Manifest, is_name
from counterfoil.backup.opening import read_backup
from counterfoil.backup.taking import Taken
from counterfoil.clock import now
from counterfoil.evidence import EvidenceStore, Kind, open_evidence
from counterfoil.exceptions import (
    BackupDamaged,
    Conflict,
    CounterfoilError,
    InvalidInput,
    SchemaMismatch,
    StoreDamaged,
    StoreError,
)
from counterfoil.settings import Settings, load_settings
from counterfoil.store import Store, open_store
from counterfoil.store.engine import connect
from counterfoil.store.images import add_image
from counterfoil.store.owners import add_owner, list_owners
from counterfoil.store.parts import LONGEST_LEASE, Registration, register_part
from counterfoil.store.retention import bodies_after, capture_files_after, images_after
from counterfoil.store.schema import UNFINISHED_RESTORE, current_revision, head_revision
from indexer.opening import open_index
from indexer.rebuild import rebuild, verify

DECLARATION = "name: example\ntitle: Example\n"


def silent(_what: str, _done: int, _total: int) -> None:
    pass


def make_index(settings: Settings) -> Callable[[Store], None]:
    def finish(store: Store) -> None:
        with closing(open_index(settings)) as index:
            rebuild(store, index)

    return finish


@dataclass
class House:
    """An installation with rows and files, and where its backup goes."""

    settings: Settings
    store: Store
    target: Path

    @property
    def evidence(self) -> EvidenceStore:
        return open_evidence(self.settings)

    def fill(self, count: int, start: int = 0) -> list[str]:
        """Store pictures, as a crawl does: files first, then their rows; their names."""
        names = [self.evidence.put_image(b"picture %d" % number * 50) for number in range(start, start + count)]
        with self.store.write() as connection:
            for name in names:
                add_image(connection, name, 9, NOON)
        return names

    def list_something(self) -> str:
        """A listing whose page is kept; the name of its body."""
        body = self.evidence.put_body(b"<html>a page</html>")
        (picture,) = self.fill(1, start=10_000)
        record(
            self.store, claimed(self.store, new_owner(self.store)), images=pictures(("https://x.example/1", picture))
        )
        with self.store.write() as connection:
            connection.execute(sa.text("UPDATE listing_versions SET body_sha256 = :body"), {"body": body})
        return body

    def declare(self) -> None:
        folder = self.settings.marketplaces_folder / "example"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "marketplace.yaml").write_text(DECLARATION)
        (folder / ".marketplace.yaml.swp").write_text("an editor's")

    def back_up(self) -> Taken:
        return take_backup(self.settings, self.target, silent)


@pytest.fixture(params=["folder", "file.tar"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Where a backup goes: into a folder, or into one file."""
    return tmp_path / "backups" / str(request.param)


def house_of(store: Store, settings: Settings, target: Path) -> House:
    settings.data.mkdir(mode=0o700, exist_ok=True)
    address = SecretStr(store.engine.url.render_as_string(hide_password=False))
    on_server = store.engine.dialect.name == "postgresql"
    return House(settings.model_copy(update={"database_url": address if on_server else None}), store, target)


@pytest.fixture
def house(store: Store, settings: Settings, target: Path) -> House:
    """An installation on either engine, with a little of everything, and either kind of target."""
    house = house_of(store, settings, target)
    house.fill(20)
    house.list_something()
    house.declare()
    return house


@pytest.fixture
def small(sqlite_store: Store, settings: Settings, tmp_path: Path) -> House:
    """An installation as most are, backed up into a folder."""
    house = house_of(sqlite_store, settings, tmp_path / "backup")
    house.fill(20)
    house.list_something()
    house.declare()
    return house


@pytest.fixture
def elsewhere(house: House, tmp_path: Path, request: pytest.FixtureRequest) -> Settings:
    """Another machine: an empty data folder, and an empty database where there is a server."""
    return empty_place(house, tmp_path / "elsewhere", request)


def empty_place(house: House, data: Path, request: pytest.FixtureRequest) -> Settings:
    changes: dict[str, object] = {"data": data}
    if house.settings.database_url is not None:
        server: Postgres = request.getfixturevalue("postgres")
        changes["database_url"] = server.new_database()
    return house.settings.model_copy(update=changes)


def restore(settings: Settings, target: Path) -> Manifest:
    return restore_backup(settings, target, silent, make_index(settings))


def all_rows(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table but those of running parts."""
    with store.read() as connection:
        tables = sa.MetaData()
        tables.reflect(connection)
        kept = [table for table in tables.sorted_tables if table.name != "parts"]
        return {table.name: sorted(map(tuple, connection.execute(sa.select(table))), key=repr) for table in kept}


def lost_evidence(settings: Settings) -> list[str]:
    """Files that the database speaks of and that are not there, or not what their names say."""
    evidence = open_evidence(settings)
    with closing(open_store(settings)) as store, store.read() as connection:
        named = {
            Kind.IMAGE: images_after(connection, "", 10_000),
            Kind.BODY: bodies_after(connection, "", 10_000),
            Kind.CAPTURE: capture_files_after(connection, "", 10_000),
        }
    lost = []
    for kind, names in named.items():
        for name in names:
            try:
                evidence.get(kind, name)
            except CounterfoilError:
                lost.append(name)
    return lost


# ------------------------------------------------------------------------------------------ there and back


def test_everything_comes_back(house: House, elsewhere: Settings) -> None:
    taken = house.back_up()
    assert (taken.copied, taken.manifest.images, taken.manifest.bodies) == (22, 21, 1)
    found = verify_backup(house.target, silent)
    assert (found.problems, found.whole) == ([], 22)
    restore(elsewhere, house.target)
    with closing(open_store(elsewhere)) as store:
        assert all_rows(store) == all_rows(house.store)
        with closing(open_index(elsewhere)) as index:
            assert verify(store, index) == []
    assert lost_evidence(elsewhere) == []
    declared = elsewhere.marketplaces_folder / "example"
    assert [(path.name, path.read_text()) for path in declared.iterdir()] == [("marketplace.yaml", DECLARATION)]
    assert not (elsewhere.data / UNFINISHED_RESTORE).exists()


def test_the_manifest_says_what_and_when(house: House) -> None:
    manifest = house.back_up().manifest
    assert manifest.schema_revision == head_revision()
    assert manifest.engine == ("postgresql" if house.settings.database_url else "sqlite")
    assert manifest.started_at <= manifest.finished_at
    assert manifest.started_at.utcoffset() == timedelta(0)
    assert (manifest.rows["images"], manifest.rows["owners"], manifest.lost) == (21, 1, ())
    with read_backup(house.target) as reader:
        assert reader.manifest == manifest


def test_a_backup_is_readable_by_its_owner_only(house: House) -> None:
    house.back_up()
    assert house.target.stat().st_mode & 0o077 == 0


def test_who_ran_when_it_was_taken_does_not_hinder_a_start_of_the_restored(house: House, elsewhere: Settings) -> None:
    with house.store.write() as connection:
        who = Registration(role="up", version="0.0.1", host="h", pid=1)
        register_part(connection, who, LONGEST_LEASE, now())
    house.back_up()
    restore(elsewhere, house.target)
    with closing(open_store(elsewhere)) as store, store.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM parts").scalar() == 0


def test_a_restored_installation_is_backed_up_into_the_same_place(house: House, elsewhere: Settings) -> None:
    house.back_up()
    restore(elsewhere, house.target)
    again = take_backup(elsewhere, house.target, silent)
    assert verify_backup(house.target, silent).problems == []
    assert again.copied == (0 if house.target.is_dir() else 22)


def test_evidence_in_a_bucket_is_saved_and_comes_back_into_a_folder_or_a_bucket(
    sqlite_store: Store, bucket_settings: Settings, bucket_server: BucketServer, tmp_path: Path
) -> None:
    house = house_of(sqlite_store, bucket_settings, tmp_path / "backup")
    house.fill(5)
    house.list_something()
    assert house.back_up().copied == 7
    for name, address in (("folder", None), ("bucket", f"s3://{bucket_server.new_bucket()}")):
        there = bucket_settings.model_copy(update={"data": tmp_path / name, "evidence_url": address})
        restore(there, house.target)
        assert lost_evidence(there) == []


# ------------------------------------------------------------------------------------------------- again


def test_a_second_backup_copies_only_what_is_new_and_drops_what_is_deleted(small: House) -> None:
    small.back_up()
    before = {path: path.stat().st_mtime_ns for path in (small.target / "evidence").rglob("*") if path.is_file()}
    new = small.fill(3, start=100)
    gone = small.fill(1)[0]
    with small.store.write() as connection:
        connection.execute(sa.text("UPDATE images SET deleted_at = stored_at WHERE sha256 = :it"), {"it": gone})
    taken = small.back_up()
    assert (taken.copied, taken.manifest.images) == (3, 23)
    files = {path.name: path for path in (small.target / "evidence").rglob("*") if path.is_file()}
    assert gone not in files and set(new) <= set(files)
    assert all(path.stat().st_mtime_ns == when for path, when in before.items() if path.exists())
    assert verify_backup(small.target, silent).problems == []


def test_only_the_newest_database_is_kept(small: House) -> None:
    for _ in range(3):
        small.back_up()
    kinds = sorted(path.name.partition("-")[0] for path in small.target.iterdir())
    assert kinds == ["counterfoil", "database", "evidence", "evidence", "manifest.json", "marketplaces"]


def test_what_a_killed_backup_has_left_is_swept_away(small: House) -> None:
    small.back_up()
    for name in ("database-20200101T000000000000Z.sqlite", "evidence-20200101T000000000000Z.txt"):
        (small.target / name).write_bytes(b"left")
    (small.target / ".draft-left").mkdir()
    small.back_up()
    assert not list(small.target.glob("*20200101*")) and not list(small.target.glob(".draft*"))


# ------------------------------------------------------------------------------------------ while others write


def test_a_backup_while_others_write_is_one_moment(house: House) -> None:
    """A row is never without its file, and two rows of one transaction are both there or neither is."""
    stop = threading.Event()

    def write() -> None:
        number = 1_000
        while not stop.is_set():
            number += 1
            name = house.evidence.put_image(b"written meanwhile %d" % number)
            with house.store.write() as connection:
                add_image(connection, name, 9, NOON)
                add_owner(connection, f"owner {number}", NOON)

    threads = [threading.Thread(target=write)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(3):
            manifest = house.back_up().manifest
            assert manifest.images - 21 == manifest.rows["owners"] - 1
            assert verify_backup(house.target, silent).problems == []
    finally:
        stop.set()
        for thread in threads:
            thread.join(60)


def test_a_picture_that_retention_deletes_meanwhile_is_not_called_lost(
    small: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    doomed = small.fill(1)[0]
    real = counterfoil.backup.taking._copy_evidence
    rounds = []

    def sweep_first(*arguments: object) -> None:
        if not rounds:
            with small.store.write() as connection:
                there = sa.text("UPDATE images SET deleted_at = stored_at WHERE sha256 = :it")
                connection.execute(there, {"it": doomed})
            small.evidence.image_path(doomed).unlink()
        rounds.append(1)
        real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(counterfoil.backup.taking, "_copy_evidence", sweep_first)
    manifest = small.back_up().manifest
    assert len(rounds) == 2
    assert (manifest.lost, manifest.images) == ((), 20)
    assert verify_backup(small.target, silent).problems == []


def test_what_the_installation_has_lost_is_named_and_keeps_nothing_else_from_being_saved(
    house: House, elsewhere: Settings
) -> None:
    missing, damaged = house.fill(2, start=500)
    house.evidence.image_path(missing).unlink()
    house.evidence.image_path(damaged).write_bytes(b"rot")
    manifest = house.back_up().manifest
    assert set(manifest.lost) == {f"images/{missing}", f"images/{damaged}"}
    found = verify_backup(house.target, silent)
    assert (found.problems, found.lost, found.whole) == ([], 2, 22)
    restore(elsewhere, house.target)
    assert sorted(lost_evidence(elsewhere)) == sorted([missing, damaged])


def test_what_an_earlier_backup_has_is_not_lost_with_the_installations_own(small: House) -> None:
    name = small.fill(1, start=500)[0]
    small.back_up()
    small.evidence.image_path(name).unlink()
    assert small.back_up().manifest.lost == ()
    assert verify_backup(small.target, silent).problems == []


def test_a_damaged_database_is_not_backed_up_over_a_good_one(small: House) -> None:
    good = small.back_up().manifest
    small.store.close()
    file = small.settings.data / "counterfoil.sqlite"
    content = bytearray(file.read_bytes())
    content[20 * 4_096 : 21 * 4_096] = b"\xff" * 4_096
    file.write_bytes(content)
    with pytest.raises(StoreDamaged, match="the last one stays"):
        small.back_up()
    found = verify_backup(small.target, silent)
    assert (found.manifest, found.problems) == (good, [])


def test_a_full_disk_leaves_the_last_backup_whole(small: House, monkeypatch: pytest.MonkeyPatch) -> None:
    good = small.back_up().manifest
    small.fill(5, start=200)

    def full(draft: Path, path: Path) -> None:
        if path.name.startswith("evidence-"):
            raise OSError(28, "No space left on device", str(path))
        move_whole(draft, path)

    monkeypatch.setattr("counterfoil.backup.folder.move_whole", full)
    with pytest.raises(OSError, match="No space left"):
        small.back_up()
    found = verify_backup(small.target, silent)
    assert (found.manifest, found.problems) == (good, [])


# ------------------------------------------------------------------------------------------ an older version's


def old_installation(settings: Settings, revision: str) -> None:
    settings.data.mkdir(mode=0o700)
    (settings.data / "evidence").mkdir()
    config = Config()
    config.set_main_option("script_location", str(Path(counterfoil.store.__path__[0]) / "migrations"))
    with closing(connect(settings.database_address)) as old, old.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        add_owner(connection, "from before", NOON)
        name = open_evidence(settings).put_image(b"an old picture")
        connection.execute(sa.text("INSERT INTO images VALUES (:it, 9, '2020-01-01 00:00:00.000000')"), {"it": name})


def test_a_database_is_backed_up_before_an_upgrade_and_migrated_after_the_restore(
    settings: Settings, tmp_path: Path
) -> None:
    old_installation(settings, "0006")
    for _ in range(2):
        manifest = take_backup(settings, tmp_path / "backup", silent).manifest
    assert (manifest.schema_revision, manifest.images, manifest.rows["owners"]) == ("0006", 1, 1)
    assert verify_backup(tmp_path / "backup", silent).problems == []
    with closing(connect(settings.database_address)) as store, store.read() as connection:
        assert current_revision(connection) == "0006"
    there = settings.model_copy(update={"data": tmp_path / "there"})
    restore(there, tmp_path / "backup")
    with closing(open_store(there)) as store, store.read() as connection:
        assert current_revision(connection) == head_revision()
        assert [owner.name for owner in list_owners(connection)] == ["from before"]
    assert lost_evidence(there) == []


def test_a_newer_versions_database_is_not_backed_up_by_this_one(house: House) -> None:
    with house.store.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SchemaMismatch, match="9999"):
        house.back_up()


# -------------------------------------------------------------------------------------------------- damage


def database(house: House) -> Path:
    return next(house.target.glob("database-*"))


def listing(house: House) -> Path:
    return next(house.target.glob("evidence-*.txt"))


def stored(house: House, kind: str) -> Path:
    return next(path for path in (house.target / "evidence" / kind).rglob("*") if path.is_file())


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


DAMAGES: dict[str, Callable[[House], None]] = {
    "database": lambda house: flip(database(house)),
    "database gone": lambda house: database(house).unlink(),
    "list cut off": lambda house: listing(house).write_bytes(listing(house).read_bytes()[:-30]),
    "list gone": lambda house: listing(house).unlink(),
    "picture": lambda house: flip(stored(house, "images")),
    "picture gone": lambda house: stored(house, "images").unlink(),
    "body": lambda house: flip(stored(house, "bodies")),
    "declaration": lambda house: flip(next(house.target.glob("marketplaces-*/*/*"))),
    "declaration gone": lambda house: next(house.target.glob("marketplaces-*/*/*")).unlink(),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_found_and_not_restored(small: House, tmp_path: Path, damage: str) -> None:
    small.back_up()
    shutil.copytree(small.target, tmp_path / "sound")
    DAMAGES[damage](small)
    assert len(verify_backup(small.target, silent).problems) == 1
    there = small.settings.model_copy(update={"data": tmp_path / "there"})
    with pytest.raises(BackupDamaged):
        restore(there, small.target)
    with pytest.raises(StoreError, match="not finished"):
        open_store(there)
    restore(there, tmp_path / "sound")
    with closing(open_store(there)) as store:
        assert all_rows(store) == all_rows(small.store)


@pytest.mark.parametrize("content", [None, b"", b"{}", b"[1]", b"\xff\xfe", b'{"format": 2}'])
def test_a_backup_without_a_manifest_that_can_be_read_is_none(small: House, content: bytes | None) -> None:
    small.back_up()
    manifest = small.target / "manifest.json"
    manifest.unlink() if content is None else manifest.write_bytes(content)
    with pytest.raises(BackupDamaged, match="manifest"):
        verify_backup(small.target, silent)


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/etc/passwd", "a/../../b", "", "a//b", "a\0b", ".ssh/x", "x" * 501]
)
def test_a_manifest_never_leads_out_of_the_backup(small: House, name: str) -> None:
    assert not is_name(name)
    small.back_up()
    manifest = small.target / "manifest.json"
    for field in ("database", "listing", "marketplaces_folder"):
        manifest.write_text(json.dumps({**json.loads(manifest.read_text()), field: name}))
        with pytest.raises(BackupDamaged):
            verify_backup(small.target, silent)


@pytest.mark.parametrize("part", [0.0, 0.3, 0.6, 0.9])
def test_a_tar_file_that_was_cut_off_is_found(
    sqlite_store: Store, settings: Settings, tmp_path: Path, part: float
) -> None:
    house = house_of(sqlite_store, settings, tmp_path / "b.tar")
    house.fill(20)
    house.back_up()
    whole = house.target.read_bytes()
    house.target.write_bytes(whole[: int(len(whole) * part) // 512 * 512 + 7])
    with pytest.raises(BackupDamaged, match=r"can be read|not whole"):
        verify_backup(house.target, silent)


def test_a_tar_file_is_one_that_every_program_reads(small: House, tmp_path: Path) -> None:
    take_backup(small.settings, tmp_path / "b.tar", silent)
    with tarfile.open(tmp_path / "b.tar") as tar:
        tar.extractall(tmp_path / "unpacked", filter="data")
    assert verify_backup(tmp_path / "unpacked", silent).problems == []


# ----------------------------------------------------------------------------------------------- refusals


def test_no_backup_into_the_data_folder(small: House) -> None:
    for target in (small.settings.data, small.settings.data / "backups" / "today"):
        with pytest.raises(InvalidInput, match="data folder"):
            take_backup(small.settings, target, silent)


def test_what_belongs_to_somebody_else_is_not_written_into(small: House, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter.txt").write_text("dear")
    with pytest.raises(InvalidInput, match=r"letter\.txt"):
        take_backup(small.settings, tmp_path / "home", silent)
    for name in ("letter.txt", "letter.tar"):
        (tmp_path / name).write_text("dear")
        with pytest.raises(InvalidInput):
            take_backup(small.settings, tmp_path / name, silent)
        assert (tmp_path / name).read_text() == "dear"


def test_another_installations_backup_is_not_replaced(small: House, tmp_path: Path) -> None:
    small.back_up()
    other = load_settings({"COUNTERFOIL_DATA": str(tmp_path / "other")})
    open_store(other).close()
    with pytest.raises(Conflict, match="another installation"):
        take_backup(other, small.target, silent)
    assert verify_backup(small.target, silent).problems == []


def test_two_backups_into_one_place_do_not_mix(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    real = counterfoil.backup.taking._take_moment
    met = []

    def meet(*arguments: object) -> object:
        if not met:
            met.append(1)
            with pytest.raises(Conflict, match="just now"):
                house.back_up()
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(counterfoil.backup.taking, "_take_moment", meet)
    house.back_up()
    assert met and verify_backup(house.target, silent).problems == []


def test_an_installation_that_is_not_there_is_not_backed_up(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="COUNTERFOIL_DATA"):
        take_backup(settings, tmp_path / "b", silent)
    assert not settings.data.exists()


def test_a_folder_in_use_is_not_restored_into(small: House) -> None:
    small.back_up()
    rows = all_rows(small.store)
    with pytest.raises(Conflict, match="in use"):
        restore(small.settings, small.target)
    assert all_rows(small.store) == rows
    with closing(open_store(small.settings)):
        pass


def test_a_database_in_use_is_not_restored_into(postgres_store: Store, settings: Settings, tmp_path: Path) -> None:
    house = house_of(postgres_store, settings, tmp_path / "backup")
    house.back_up()
    rows = all_rows(house.store)
    with pytest.raises(Conflict, match="has tables"):
        restore(house.settings.model_copy(update={"data": tmp_path / "there"}), house.target)
    assert all_rows(house.store) == rows


def test_a_backup_of_another_engine_or_a_newer_version_is_refused(small: House, tmp_path: Path) -> None:
    small.back_up()
    there = small.settings.model_copy(update={"data": tmp_path / "there"})
    with pytest.raises(Conflict, match="COUNTERFOIL_DATABASE_URL"):
        restore(there.model_copy(update={"database_url": SecretStr("postgresql+psycopg://h/x")}), small.target)
    manifest = small.target / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "schema_revision": "9999"}))
    with pytest.raises(SchemaMismatch, match="newer"):
        restore(there, small.target)
    assert not there.data.exists()


def test_two_restores_into_one_folder_do_not_mix(small: House, tmp_path: Path) -> None:
    small.back_up()
    other = small.settings.model_copy(update={"data": tmp_path / "other"})
    there = small.settings.model_copy(update={"data": tmp_path / "there"})

    def meet(_store: Store) -> None:
        with pytest.raises(Conflict, match="at work"):
            restore(there, small.target)

    restore_backup(there, small.target, silent, meet)
    restore(other, small.target)


def test_a_restore_that_was_not_finished_is_finished_by_the_same_backup_only(small: House, tmp_path: Path) -> None:
    small.back_up()
    shutil.copytree(small.target, tmp_path / "older")
    small.fill(1, start=900)
    small.back_up()
    there = small.settings.model_copy(update={"data": tmp_path / "there"})

    def die(_store: Store) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        restore_backup(there, tmp_path / "older", silent, die)
    with pytest.raises(StoreError, match="not finished"):
        open_store(there)
    with pytest.raises(Conflict, match="another backup"):
        restore(there, small.target)
    restore(there, tmp_path / "older")
    assert lost_evidence(there) == []


# --------------------------------------------------------------------------------------------- the command


def environment(settings: Settings) -> dict[str, str]:
    address = {"COUNTERFOIL_DATABASE_URL": settings.database_address} if settings.database_url else {}
    return {"COUNTERFOIL_DATA": str(settings.data), "COUNTERFOIL_CONTACT": "tests@example.com", **address}


def test_the_commands_say_what_they_did(house: House, elsewhere: Settings) -> None:
    target = str(house.target)
    taken = run_command(environment(house.settings), "backup", target)
    assert (taken.status, taken.errors) == (0, "")
    assert "21 pictures, 1 bodies, 0 files of captures; copied 22 files" in taken.output
    verified = run_command(environment(house.settings), "backup", target, "--verify")
    assert (verified.status, verified.output.split(":")[0]) == (0, "whole")
    restored = run_command(environment(elsewhere), "restore", target)
    assert (restored.status, restored.errors) == (0, "")
    assert f"restored into {elsewhere.data}" in restored.output
    assert "agree" in run_command(environment(elsewhere), "index", "verify").errors
    assert run_command(environment(elsewhere), "restore", target).status == 1


def test_the_commands_exit_status_tells_of_damage_and_loss(small: House) -> None:
    target = str(small.target)
    lost = small.fill(1, start=500)[0]
    small.evidence.image_path(lost).unlink()
    taken = run_command(environment(small.settings), "backup", target)
    assert taken.status == 1 and lost in taken.errors
    assert run_command(environment(small.settings), "backup", target, "--verify").status == 0
    flip(stored(small, "images"))
    damaged = run_command(environment(small.settings), "backup", target, "--verify")
    assert damaged.status == 1 and "is damaged" in damaged.output
    assert run_command(environment(small.settings), "backup", f"{target}-none", "--verify").status == 1
    assert "Traceback" not in taken.errors + damaged.errors


def test_a_target_that_cannot_be_written_is_one_line(small: House, tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o500)
    ended = run_command(environment(small.settings), "backup", str(tmp_path / "closed" / "b"), plain_user=True)
    assert ended.status == 2 and ended.errors.startswith("Error: ") and ended.errors.count("\n") == 1


@pytest.mark.parametrize("program", ["pg_dump", "pg_restore"])
def test_where_postgres_tools_are_not_installed_the_command_to_run_is_named(
    postgres_store: Store,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    program: str,
    request: pytest.FixtureRequest,
) -> None:
    import counterfoil.backup.postgres

    house = house_of(postgres_store, settings, tmp_path / "backup")
    there = empty_place(house, tmp_path / "there", request)
    if program == "pg_restore":
        house.back_up()
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(counterfoil.backup.postgres, "_PACKAGES", tmp_path)
    with pytest.raises(StoreError, match=f"{program} is not installed.*{program} --.*dbname='postgresql://"):
        house.back_up() if program == "pg_dump" else restore(there, house.target)


def test_a_servers_password_stands_in_no_command_line_and_no_message(tmp_path: Path) -> None:
    from counterfoil.backup.postgres import dump

    url = sa.make_url("postgresql+psycopg://me:s3cret@127.0.0.1:9/x")
    with pytest.raises(StoreError, match="pg_dump has failed") as caught:
        dump(url, "1-1-1", tmp_path / "dump")
    assert "s3cret" not in str(caught.value)


# ------------------------------------------------------------------------------------------------ kill -9


def killed_after(seconds: float, work: Callable[[], object]) -> bool:
    """Run work as a process and kill it so much later; whether it was killed before its end."""
    process = FORK.Process(target=work)
    process.start()
    process.join(seconds)
    if process.exitcode is None and process.pid is not None:
        os.kill(process.pid, signal.SIGKILL)
    process.join(60)
    assert process.exitcode in {0, -signal.SIGKILL}
    return process.exitcode != 0


def duration(work: Callable[[], object]) -> float:
    begun = time.monotonic()
    work()
    return time.monotonic() - begun


ROUNDS = 12


@pytest.mark.xdist_group("processes")
@pytest.mark.parametrize("name", ["folder", "file.tar"])
def test_a_backup_killed_at_any_moment_leaves_the_last_whole_one(
    sqlite_store: Store, settings: Settings, tmp_path: Path, name: str
) -> None:
    house = house_of(sqlite_store, settings, tmp_path / name)
    house.fill(150)
    house.list_something()
    last = house.back_up().manifest
    sqlite_store.close()
    chance, killed = random.Random(7), 0
    usual = duration(house.back_up)
    last = verify_backup(house.target, silent).manifest
    for turn in range(ROUNDS):
        house.fill(30, start=20_000 + 100 * turn)
        sqlite_store.close()
        killed += killed_after(chance.uniform(0, 3 * usual), house.back_up)
        found = verify_backup(house.target, silent)
        assert found.problems == []
        assert found.manifest == last or found.manifest.started_at > last.finished_at
        last = found.manifest
    assert killed
    house.back_up()
    found = verify_backup(house.target, silent)
    assert (found.problems, found.manifest.images) == ([], 151 + 30 * ROUNDS)
    assert len(list(tmp_path.glob(f".{name}*"))) == 0


@pytest.mark.xdist_group("processes")
def test_a_restore_killed_at_any_moment_leaves_nothing_or_the_whole(
    store: Store, settings: Settings, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    house = house_of(store, settings, tmp_path / "backup")
    house.fill(150)
    house.list_something()
    house.declare()
    house.back_up()
    rows = all_rows(store)
    store.close()
    first = empty_place(house, tmp_path / "first", request)
    usual = duration(lambda: restore(first, house.target))
    chance, killed = random.Random(7), 0
    for turn in range(ROUNDS // 2):
        there = empty_place(house, tmp_path / f"there-{turn}", request)
        for _ in range(3):
            if not killed_after(chance.uniform(0, 1.2 * usual), lambda place=there: restore(place, house.target)):
                break
            killed += 1
            if whole(there):
                break
            assert not there.data.exists() or nothing(there)
        if not whole(there):
            restore(there, house.target)
        with closing(open_store(there)) as restored:
            assert all_rows(restored) == rows
        assert lost_evidence(there) == []
    assert killed


def whole(settings: Settings) -> bool:
    return (settings.data / "evidence").exists() and not (settings.data / UNFINISHED_RESTORE).exists()


def nothing(settings: Settings) -> bool:
    """Whether every start says that there is nothing whole; an empty folder is one that nobody has begun with."""
    if not any(settings.data.iterdir()):
        return True
    with pytest.raises(StoreError, match="not finished"):
        open_store(settings)
    return True


# ----------------------------------------------------------------------------------------- the whole product


@pytest.fixture
def market(tmp_path: Path) -> Iterator[str]:
    write_catalogue(tmp_path, count=300)
    with marketplace(tmp_path, "--catalogue", str(tmp_path / "c.jsonl"), "--images", str(tmp_path / "i")) as address:
        yield address


@pytest.mark.xdist_group("whole-product")
def test_a_backup_taken_in_the_middle_of_a_crawl_is_a_whole_installation_that_goes_on(
    tmp_path: Path, market: str
) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "new").mkdir()
    place, backup = Installation(tmp_path / "old", market), str(tmp_path / "backup")
    register_lamp(place, tmp_path / "i" / "0.png")
    place.run("monitor", "add", "all", "--marketplace", "example", "--query", "*", "--every", "1d", "--now")
    with place.service():
        wait_for_listings(place, 40)
        for _ in range(2):
            place.run("backup", backup)
    place.run("backup", backup, "--verify")
    restored = Installation(tmp_path / "new", market, declare=False)
    restored.run("restore", backup)
    assert lost_evidence(restored.settings) == []
    with closing(restored.store()) as store, store.read() as connection:
        saved = connection.exec_driver_sql("SELECT count(*) FROM listings").scalar_one()
        assert saved >= 40
    restored.run("index", "verify")
    with restored.service():
        wait_until(restored.finished, 200, f"the restored goes on\n{restored.log()[-3_000:]}")
    with closing(restored.store()) as store, store.read() as connection:
        ask = connection.exec_driver_sql
        assert ask("SELECT count(*), count(DISTINCT listing_id) FROM sightings").one() == (300, 300)
        assert ask("SELECT reason FROM crawls").scalars().all() == ["finished"]
    assert lost_evidence(restored.settings) == []
    suspects = [one["title"] for one in restored.lines("search", "--json", "--all")]
    assert sorted(suspects) == sorted(f"Thing {number}" for number in range(0, 300, 20))
    restored.run("index", "verify")
