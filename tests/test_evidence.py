"""The evidence store: what it promises holds in a folder and in a bucket; and what each has of its own."""

import fcntl
import gzip
import hashlib
import os
import pickle
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from bucket import BucketServer
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.evidence import EvidenceStore, Kind, open_evidence
from counterfoil.evidence.bucket import BucketFiles
from counterfoil.evidence.files import Files
from counterfoil.evidence.folder import FolderFiles
from counterfoil.exceptions import EvidenceDamaged, EvidenceUnavailable, InvalidSetting, NotFound
from counterfoil.models import Fingerprint
from counterfoil.settings import Settings, load_settings

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def soon() -> datetime:
    return datetime.now(UTC) + timedelta(hours=1)


def files_of(settings: Settings) -> list[Path]:
    """The files of the evidence folder, its lock left out."""
    return [path for path in (settings.data / "evidence").rglob("*") if path.is_file() and path.name != ".lock"]


def in_memory() -> Files:
    from obstore.store import MemoryStore

    return BucketFiles("memory://", MemoryStore)


# ------------------------------------------------------------------------------------- the contract of all stores


@pytest.fixture(params=["folder", "memory", "bucket"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> Files:
    if request.param == "folder":
        return FolderFiles(tmp_path / "evidence")
    if request.param == "memory":
        return in_memory()
    return open_evidence(request.getfixturevalue("bucket_settings"))._files


@pytest.fixture
def anywhere(files: Files) -> EvidenceStore:
    return EvidenceStore(files)


def test_what_was_put_is_what_is_got(anywhere: EvidenceStore) -> None:
    name = anywhere.put_image(b"picture")
    assert name == hashlib.sha256(b"picture").hexdigest()
    assert anywhere.get_image(name) == b"picture"
    assert anywhere.has_image(name)
    body = anywhere.put_body(b"<html>" * 1_000)
    assert anywhere.get_body(body) == b"<html>" * 1_000


def test_an_empty_file_is_kept_like_any_other(anywhere: EvidenceStore) -> None:
    assert anywhere.get_image(anywhere.put_image(b"")) == b""
    assert anywhere.get_body(anywhere.put_body(b"")) == b""


def test_a_large_picture_is_kept_whole(anywhere: EvidenceStore) -> None:
    data = os.urandom(12_000_000)
    assert anywhere.get_image(anywhere.put_image(data)) == data


def test_putting_twice_keeps_one_file(anywhere: EvidenceStore) -> None:
    assert anywhere.put_image(b"picture") == anywhere.put_image(b"picture")
    assert [found.size for found in anywhere.walk(Kind.IMAGE)] == [7]


def test_many_may_write_the_same_at_once_and_leave_one_file(anywhere: EvidenceStore) -> None:
    with ThreadPoolExecutor(8) as threads:
        names = set(threads.map(anywhere.put_image, [b"x" * 100_000] * 30))
    assert {found.sha256 for found in anywhere.walk(Kind.IMAGE)} == names
    assert len(names) == 1


def test_what_is_not_there_is_not_found(anywhere: EvidenceStore) -> None:
    with pytest.raises(NotFound, match="any more"):
        anywhere.get_body("0" * 64)
    assert not anywhere.has_image("0" * 64)
    assert anywhere.find(Kind.BODY, "0" * 64) is None
    assert list(anywhere.walk(Kind.IMAGE)) == []


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "a" * 63, "A" * 64, "g" * 64, "a" * 62 + "/.", "\0" * 64])
def test_only_a_sha256_names_anything(anywhere: EvidenceStore, name: str) -> None:
    for ask in (anywhere.get_image, anywhere.get_body, anywhere.has_image, anywhere.image_path):
        with pytest.raises(NotFound):
            ask(name)


def test_a_damaged_file_is_not_handed_out(anywhere: EvidenceStore, files: Files) -> None:
    name = anywhere.put_image(b"picture")
    files.put(f"images/{name[:2]}/{name[2:4]}/{name}", b"another")
    with pytest.raises(EvidenceDamaged, match=name):
        EvidenceStore(_reading(files, b"picturE")).get_image(name)


@pytest.mark.parametrize(
    "damage",
    [b"", b"no gzip", gzip.compress(b"other"), gzip.compress(b"<html>" * 99)[:-9]],
    ids=["nothing", "no gzip", "another body", "cut short"],
)
def test_a_damaged_body_is_not_handed_out(anywhere: EvidenceStore, files: Files, damage: bytes) -> None:
    name = anywhere.put_body(b"<html>" * 99)
    files.put(f"bodies/{name[:2]}/{name[2:4]}/{name}", damage)
    with pytest.raises(EvidenceDamaged, match=name):
        anywhere.get_body(name)


def test_walking_shows_every_file_of_a_kind_and_names_what_is_not_ours(anywhere: EvidenceStore, files: Files) -> None:
    names = {anywhere.put_image(str(number).encode()) for number in range(60)}
    anywhere.put_body(b"page")
    files.put("images/ab/notes.txt", b"foreign")
    files.put(f"images/ab/cd/{'0' * 64}", b"in a folder that is not its own")
    found = list(anywhere.walk(Kind.IMAGE))
    assert {one.sha256 for one in found} == {*names, None}
    assert sorted(one.size for one in found if one.sha256 is None) == [7, 31]
    assert any("notes.txt" in one.where for one in found)


def test_only_what_was_not_put_since_is_deleted(anywhere: EvidenceStore) -> None:
    name = anywhere.put_image(b"picture")
    assert anywhere.delete(Kind.IMAGE, name, put_before=LONG_AGO) is None
    assert anywhere.get_image(name) == b"picture"
    assert anywhere.delete(Kind.IMAGE, name, put_before=soon()) == 7
    assert not anywhere.has_image(name)
    assert anywhere.delete(Kind.IMAGE, name, put_before=soon()) == 0


def test_putting_again_what_is_there_keeps_it_from_being_deleted(anywhere: EvidenceStore) -> None:
    name = anywhere.put_image(b"picture")
    first = anywhere.find(Kind.IMAGE, name)
    assert first is not None
    between = first.modified_at + timedelta(microseconds=1)
    while datetime.now(UTC) < between + timedelta(seconds=1):  # S3 tells seconds
        threading.Event().wait(0.05)
    anywhere.put_image(b"picture")
    assert anywhere.delete(Kind.IMAGE, name, put_before=between) is None
    assert anywhere.has_image(name)


def test_a_store_goes_with_its_settings_to_another_process(anywhere: EvidenceStore, files: Files) -> None:
    name = anywhere.put_image(b"picture")
    if "memory" in files.where(""):
        return
    assert pickle.loads(pickle.dumps(anywhere)).get_image(name) == b"picture"  # noqa: S301


def test_a_person_is_told_where_a_picture_is(anywhere: EvidenceStore) -> None:
    name = anywhere.put_image(b"picture")
    where = anywhere.where(Kind.IMAGE, name)
    assert where.endswith(f"/images/{name[:2]}/{name[2:4]}/{name}")
    assert where.startswith(("/", "memory://", "s3://evidence-"))


def _reading(files: Files, data: bytes) -> Files:
    """The same files, of which every one has these bytes."""

    class Damaged(type(files)):  # type: ignore[misc]
        def get(self, key: str) -> bytes:
            return data

    damaged = object.__new__(Damaged)
    damaged.__dict__.update(files.__dict__)
    return damaged


# -------------------------------------------------------------------------------------------------- of a folder


@given(st.binary(max_size=2_000))
def test_every_body_comes_back(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    store = EvidenceStore(FolderFiles(tmp_path_factory.getbasetemp() / "bodies"))
    assert store.get_body(store.put_body(data)) == data


def test_a_body_is_kept_compressed_and_the_same_body_is_the_same_file(tmp_path: Path) -> None:
    files = []
    for folder in ("one", "two"):
        store = EvidenceStore(FolderFiles(tmp_path / folder))
        files.append(Path(store.where(Kind.BODY, store.put_body(b"a" * 100_000))).read_bytes())
    assert files[0] == files[1]
    assert len(files[0]) < 1_000


def test_putting_what_is_there_does_not_write_it_again(evidence: EvidenceStore) -> None:
    path = evidence.image_path(evidence.put_image(b"picture"))
    before = path.stat().st_ino
    evidence.put_image(b"picture")
    assert path.stat().st_ino == before


def test_putting_mends_a_file_that_was_cut_off(evidence: EvidenceStore) -> None:
    name = evidence.put_image(b"picture")
    evidence.image_path(name).write_bytes(b"pic")
    evidence.put_image(b"picture")
    assert evidence.get_image(name) == b"picture"


def test_a_planted_bomb_does_not_fill_the_memory(evidence: EvidenceStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("counterfoil.evidence.store._LARGEST_BODY", 1_000_000)
    name = evidence.put_body(b"\0" * 1_000_001)
    with pytest.raises(EvidenceDamaged, match="unpacks to more"):
        evidence.get_body(name)


WRITE_FOR_EVER = """
import sys
from pathlib import Path
from counterfoil.evidence import EvidenceStore
from counterfoil.evidence.folder import FolderFiles
store = EvidenceStore(FolderFiles(Path(sys.argv[1])))
number = 0
while True:
    number += 1
    print(store.put_image(str(number).encode() * 50_000), flush=True)
"""


def test_a_killed_writer_leaves_no_half_file_under_a_name(settings: Settings, evidence: EvidenceStore) -> None:
    command = [sys.executable, "-c", WRITE_FOR_EVER, str(settings.data / "evidence")]
    writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    with writer:
        said = [writer.stdout.readline().strip() for _ in range(20)]
        writer.kill()
    named = [found.sha256 for found in evidence.walk(Kind.IMAGE)]
    assert {*named} >= set(said)
    for name in named:
        evidence.get_image(str(name))


def test_what_a_killed_writer_left_is_removed_when_it_is_old(settings: Settings, evidence: EvidenceStore) -> None:
    name = evidence.put_image(b"picture")
    draft = evidence.image_path(name).parent / ".draft-abc"
    draft.write_bytes(b"half a pict")
    assert evidence.remove_drafts(made_before=LONG_AGO) == 0
    assert evidence.remove_drafts(made_before=soon()) == 1
    assert [path.name for path in files_of(settings)] == [name]


def test_a_full_disk_is_an_error_and_leaves_nothing(settings: Settings, evidence: EvidenceStore) -> None:
    import resource
    import signal

    name = evidence.put_image(b"small")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            evidence.put_image(os.urandom(5_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert [path.name for path in files_of(settings)] == [name]


def test_a_file_is_on_disk_before_it_has_its_name(evidence: EvidenceStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The order that a power cut respects: the bytes, the name, the folder that holds the name."""
    done: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def note_fsync(handle: int) -> None:
        done.append("folder" if Path(f"/proc/self/fd/{handle}").is_dir() else "bytes")
        fsync(handle)

    def note_replace(path: Path, target: Path) -> Path:
        done.append("name")
        return replace(path, target)

    evidence.put_image(b"so that the lock and some folders are there")
    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(Path, "replace", note_replace)
    evidence.put_image(b"picture")
    assert done[-3:] == ["bytes", "name", "folder"]


def test_no_file_is_deleted_while_somebody_comes_to_rely_on_it(settings: Settings, evidence: EvidenceStore) -> None:
    """A writer that finds the file there and a sweep that finds it old: one waits for the other."""
    name = evidence.put_image(b"picture")
    path = evidence.image_path(name)
    os.utime(path, (0, 0))
    holding, deleted = threading.Event(), threading.Event()
    answers: list[int | None] = []

    def sweep() -> None:
        holding.wait()
        answers.append(evidence.delete(Kind.IMAGE, name, put_before=datetime.now(UTC) - timedelta(days=1)))
        deleted.set()

    thread = threading.Thread(target=sweep)
    thread.start()
    with (settings.data / "evidence" / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        holding.set()
        assert not deleted.wait(0.3)
        os.utime(path)
    thread.join()
    assert answers == [None]
    assert evidence.get_image(name) == b"picture"


# -------------------------------------------------------------------------------------------------- of a bucket


def test_a_bucket_is_a_setting(bucket_settings: Settings, bucket_server: BucketServer) -> None:
    store = open_evidence(bucket_settings)
    name = store.put_image(b"picture")
    assert store.where(Kind.IMAGE, name).startswith(f"{bucket_settings.evidence_url}/images/")
    again = open_evidence(bucket_settings.model_copy(update={"evidence_url": f"{bucket_settings.evidence_url}/"}))
    assert again.get_image(name) == b"picture"
    with pytest.raises(NotFound, match="no folder of this machine"):
        store.image_path(name)
    assert not (bucket_settings.data / "evidence").exists()


def test_pictures_in_a_bucket_are_fingerprinted(bucket_settings: Settings) -> None:
    from test_fingerprints import encoded, scene

    from indexer.decoding import PictureDecoder

    store = open_evidence(bucket_settings)
    names = [store.put_image(encoded(scene(number), "JPEG")) for number in range(3)]
    with PictureDecoder(bucket_settings.model_copy(update={"judge_processes": 1})) as decoder:
        made = decoder.fingerprint_stored(store, names)
    assert [type(one) for one in made.values()] == [Fingerprint] * 3


def test_a_bucket_that_does_not_answer_is_said_so_in_one_line(
    bucket_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    store = open_evidence(bucket_settings)
    for ask in (
        lambda: store.put_image(b"picture"),
        lambda: store.get_image("0" * 64),
        lambda: store.has_image("0" * 64),
        lambda: list(store.walk(Kind.IMAGE)),
    ):
        with pytest.raises(EvidenceUnavailable, match="cannot be reached") as raised:
            ask()
        assert "\n" not in str(raised.value)
        assert "secret" not in str(raised.value)


def test_a_bucket_that_is_not_there_is_no_empty_one(bucket_settings: Settings) -> None:
    elsewhere = open_evidence(bucket_settings.model_copy(update={"evidence_url": "s3://nobody-made-this"}))
    for ask in (
        lambda: elsewhere.put_image(b"picture"),
        lambda: elsewhere.get_image("0" * 64),
        lambda: list(elsewhere.walk(Kind.BODY)),
    ):
        with pytest.raises(EvidenceUnavailable, match="no such bucket"):
            ask()


@pytest.mark.parametrize(
    "address", ["s3://", "s3://a", "s3://bucket//x", "s3://bucket/../x", "https://bucket", "bucket", "s3://B_CKET/x"]
)
def test_what_is_no_address_of_a_bucket_is_refused(settings: Settings, address: str) -> None:
    with pytest.raises(InvalidSetting, match="s3://BUCKET"):
        open_evidence(settings.model_copy(update={"evidence_url": address}))


def test_the_keys_of_a_bucket_are_secrets(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from a file\n")
    settings = load_settings({"COUNTERFOIL_S3_SECRET_ACCESS_KEY_FILE": str(tmp_path / "key")})
    assert settings.s3_secret_access_key is not None
    assert settings.s3_secret_access_key.get_secret_value() == "from a file"
    assert "from a file" not in repr(settings)
