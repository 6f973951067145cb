"""The evidence store: a name that exists can be trusted, and reading checks it all the same."""

import gzip
import hashlib
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.evidence import EvidenceStore
from counterfoil.exceptions import EvidenceDamaged, NotFound


def test_what_was_put_is_what_is_got(evidence: EvidenceStore) -> None:
    name = evidence.put_image(b"picture")
    assert name == hashlib.sha256(b"picture").hexdigest()
    assert evidence.get_image(name) == b"picture"
    assert evidence.image_path(name).read_bytes() == b"picture"
    body = evidence.put_body(b"<html>" * 1_000)
    assert evidence.get_body(body) == b"<html>" * 1_000


@given(st.binary(max_size=2_000))
def test_every_body_comes_back(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    store = EvidenceStore(tmp_path_factory.getbasetemp() / "bodies")
    assert store.get_body(store.put_body(data)) == data


def test_a_body_is_kept_compressed_and_the_same_body_is_the_same_file(tmp_path: Path) -> None:
    files = []
    for folder in ("one", "two"):
        store = EvidenceStore(tmp_path / folder)
        name = store.put_body(b"a" * 100_000)
        files.append((store.folder / "bodies" / name[:2] / name[2:4] / name).read_bytes())
    assert files[0] == files[1]
    assert len(files[0]) < 1_000


def test_putting_twice_writes_once(evidence: EvidenceStore) -> None:
    path = evidence.image_path(evidence.put_image(b"picture"))
    before = path.stat()
    evidence.put_image(b"picture")
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_many_may_write_the_same_at_once_and_leave_one_file(evidence: EvidenceStore) -> None:
    with ThreadPoolExecutor(8) as threads:
        names = set(threads.map(evidence.put_image, [b"x" * 100_000] * 50))
    files = [path for path in evidence.folder.rglob("*") if path.is_file()]
    assert [path.name for path in files] == list(names)


def test_a_damaged_file_is_not_handed_out(evidence: EvidenceStore) -> None:
    name = evidence.put_image(b"picture")
    evidence.image_path(name).write_bytes(b"picturE")
    with pytest.raises(EvidenceDamaged, match=name):
        evidence.get_image(name)


@pytest.mark.parametrize("damage", [b"", b"no gzip", gzip.compress(b"other"), gzip.compress(b"<html>" * 99)[:-9]])
def test_a_damaged_body_is_not_handed_out(evidence: EvidenceStore, damage: bytes) -> None:
    name = evidence.put_body(b"<html>" * 99)
    (evidence.folder / "bodies" / name[:2] / name[2:4] / name).write_bytes(damage)
    with pytest.raises(EvidenceDamaged, match=name):
        evidence.get_body(name)


def test_a_planted_bomb_does_not_fill_the_memory(evidence: EvidenceStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("counterfoil.evidence._LARGEST_BODY", 1_000_000)
    name = evidence.put_body(b"\0" * 1_000_001)
    with pytest.raises(EvidenceDamaged, match="unpacks to more"):
        evidence.get_body(name)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "a" * 63, "A" * 64, "g" * 64, "a" * 62 + "/.", "\0" * 64])
def test_only_a_sha256_names_anything(evidence: EvidenceStore, name: str) -> None:
    with pytest.raises(NotFound):
        evidence.get_image(name)
    with pytest.raises(NotFound):
        evidence.image_path(name)


def test_what_is_not_there_is_not_found(evidence: EvidenceStore) -> None:
    with pytest.raises(NotFound, match="any more"):
        evidence.get_body("0" * 64)


WRITE_FOR_EVER = """
import sys
from pathlib import Path
from counterfoil.evidence import EvidenceStore
store = EvidenceStore(Path(sys.argv[1]))
number = 0
while True:
    number += 1
    print(store.put_image(str(number).encode() * 50_000), flush=True)
"""


def test_a_killed_writer_leaves_no_half_file_under_a_name(evidence: EvidenceStore) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITE_FOR_EVER, str(evidence.folder)], stdout=subprocess.PIPE, text=True
    )
    with writer:
        said = [writer.stdout.readline().strip() for _ in range(20)]
        writer.kill()
    named = [path for path in evidence.folder.rglob("*") if path.is_file() and not path.name.startswith(".draft-")]
    assert {path.name for path in named} >= set(said)
    for path in named:
        evidence.get_image(path.name)


def test_a_full_disk_is_an_error_and_leaves_nothing(evidence: EvidenceStore) -> None:
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
    assert [path.name for path in evidence.folder.rglob("*") if path.is_file()] == [name]
