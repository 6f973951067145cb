"""`counterfoil evidence verify` and `sweep`: everything that differs is named, and what does not is not."""

import gzip
import os
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from keeping import TODAY, Archive, days_ago
from test_evidence import in_memory

from console.cli import cli
from counterfoil.evidence import EvidenceStore, Kind
from counterfoil.settings import Settings
from counterfoil.store import Store
from counterfoil.store.tables import images
from counterfoil.verification import Verification


@pytest.fixture
def archive(sqlite_store: Store, evidence: EvidenceStore, settings: Settings) -> Archive:
    return Archive(sqlite_store, evidence, settings)


def run(settings: Settings, *arguments: str, **extra: str) -> Result:
    environment = {"COUNTERFOIL_DATA": str(settings.data), **extra}
    return CliRunner().invoke(cli, ["evidence", *arguments], env=environment, catch_exceptions=False)


def path_of(archive: Archive, version_id: int) -> Path:
    return Path(archive.evidence.where(Kind.BODY, archive.body(version_id)[0]))


def test_a_sound_store_has_no_differences(store: Store, evidence: EvidenceStore, settings: Settings) -> None:
    archive = Archive(store, evidence, settings)
    for number in range(7):
        archive.listing(archive.picture(), days=number)
    verification = Verification(store, evidence, TODAY)
    assert list(verification.run()) == []
    assert verification.files == 14
    assert verification.bytes == sum(one.size for kind in Kind for one in evidence.walk(kind))


def test_every_difference_is_named_once_with_its_place(
    store: Store, evidence: EvidenceStore, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("counterfoil.verification._AT_ONCE", 3)
    archive = Archive(store, evidence, settings)
    sound, damaged, missing, called_deleted, wrong_size = (archive.picture() for _ in range(5))
    archive.listing(sound, damaged, missing, called_deleted, wrong_size, days=1)
    broken, lost = archive.listing(days=1), archive.listing(days=1)
    unknown = evidence.put_image(b"nobody knows this")
    evidence.image_path(damaged).write_bytes(b"picture 0?")
    evidence.image_path(missing).unlink()
    path_of(archive, broken).write_bytes(gzip.compress(b"other"))
    path_of(archive, lost).unlink()
    foreign = evidence.image_path(sound).with_name("notes.txt")
    foreign.write_text("somebody's")
    with store.write() as connection:
        mine = images.update().where(images.c.sha256 == called_deleted)
        connection.execute(mine.values(deleted_at=days_ago(5)))
        connection.execute(images.update().where(images.c.sha256 == wrong_size).values(size=1))
    found = {one.where: one.problem for one in archive.differences()}
    expected = {
        evidence.where(Kind.IMAGE, damaged): "damaged",
        evidence.where(Kind.IMAGE, missing): "missing",
        evidence.where(Kind.IMAGE, called_deleted): "called deleted",
        evidence.where(Kind.IMAGE, wrong_size): "the database says 1",
        evidence.where(Kind.IMAGE, unknown): "unknown to the database",
        str(path_of(archive, broken)): "damaged",
        str(path_of(archive, lost)): "missing",
        str(foreign): "no file of ours",
    }
    assert found.keys() == expected.keys()
    assert {where: words for where, words in expected.items() if words not in found[where]} == {}


def test_what_a_crawl_has_stored_just_now_is_no_difference(archive: Archive) -> None:
    archive.evidence.put_image(b"its row is still to come")
    again = archive.picture(b"called deleted, and put again")
    with archive.store.write() as connection:
        connection.execute(images.update().where(images.c.sha256 == again).values(deleted_at=days_ago(5)))
    assert archive.differences(now=days_ago(1)) == []
    assert len(archive.differences()) == 2


def test_evidence_in_a_bucket_is_verified_alike(sqlite_store: Store, settings: Settings) -> None:
    files = in_memory()
    archive = Archive(sqlite_store, EvidenceStore(files), settings)
    sound, missing, damaged = (archive.picture() for _ in range(3))
    archive.listing(sound, missing, damaged, days=1)
    archive.evidence.delete(Kind.IMAGE, missing, put_before=TODAY)
    files.put(f"images/{damaged[:2]}/{damaged[2:4]}/{damaged}", b"picture 9")
    assert {one.where.rpartition("/")[2] for one in archive.differences()} == {missing, damaged}


def test_the_command_ends_with_1_if_anything_differs(archive: Archive) -> None:
    picture = archive.picture()
    archive.listing(picture, days=1)
    sound = run(archive.settings, "verify")
    assert (sound.exit_code, sound.stdout) == (0, "")
    assert "2 files" in sound.stderr and "no differences" in sound.stderr
    archive.evidence.image_path(picture).unlink()
    found = run(archive.settings, "verify")
    assert found.exit_code == 1
    assert picture in found.stdout and "missing" in found.stdout and "1 differences" in found.stderr


def test_the_sweep_prints_counts_and_bytes_by_class(archive: Archive) -> None:
    # The command sweeps by the real clock.
    picture = archive.picture(b"x" * 12_345)
    archive.listing(picture, days=100)
    os.utime(archive.evidence.image_path(picture), (0, 0))
    counted = run(archive.settings, "sweep", "--dry-run")
    assert counted.exit_code == 0
    (line,) = [line for line in counted.stdout.splitlines() if line.startswith("unsuspicious")]
    assert line.split() == ["unsuspicious", "1", "0", "0", "12,345"]
    assert "only counted" in counted.stderr
    assert archive.evidence.has_image(picture)
    assert run(archive.settings, "sweep").stdout == counted.stdout
    assert not archive.there(picture)
    kept = run(archive.settings, "sweep", COUNTERFOIL_RETENTION_UNSUSPICIOUS_DAYS="0").stdout
    assert [line.split()[1:] for line in kept.splitlines()[1:]] == [["0", "0", "0", "0"]] * 4


def test_a_suspect_whose_picture_was_deleted_says_when(archive: Archive) -> None:
    picture = archive.picture()
    version = archive.listing(picture, days=400, owner=archive.owner("default"))
    suspect_id = archive.suspect(version, days=400, owner=archive.owner("default"), withdrawn=True)
    archive.sweep()
    environment = {"COUNTERFOIL_DATA": str(archive.settings.data)}
    shown = CliRunner().invoke(cli, ["suspect", "show", str(suspect_id)], env=environment, catch_exceptions=False)
    assert f"{picture} (deleted by retention on {TODAY:%Y-%m-%d})" in shown.stdout
    assert re.search(rf"^body: +deleted by retention on {TODAY:%Y-%m-%d}$", shown.stdout, re.MULTILINE)
    as_json = CliRunner().invoke(cli, ["suspect", "show", str(suspect_id), "--json"], env=environment)
    assert f'"deleted_at": "{TODAY:%Y-%m-%d}' in as_json.stdout
    assert f'"body_deleted_at": "{TODAY:%Y-%m-%d}' in as_json.stdout
