"""A backup in one tar file: written beside it as a draft, and renamed when it is whole."""

import fcntl
import io
import os
import shutil
import tarfile
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from counterfoil.backup.archive import MANIFEST
from counterfoil.backup.durable import move_whole
from counterfoil.backup.manifest import Manifest, read_manifest
from counterfoil.evidence import EvidenceStore
from counterfoil.evidence.files import StoredFile
from counterfoil.exceptions import BackupDamaged, Conflict, InvalidInput

_EVIDENCE = "evidence"
_DAY = 86_400


class TarWriter:
    """A backup that is being written into a tar file."""

    previous: Manifest | None = None

    def __init__(self, tar: tarfile.TarFile, workspace: Path) -> None:
        self.workspace = workspace
        self.whole = False
        self._tar = tar
        self._files = _NewFiles(tar)
        self.evidence = EvidenceStore(self._files)

    def add(self, name: str, file: Path) -> None:
        """Take in a file of the workspace, which is gone from there afterwards."""
        self._tar.add(file, name, recursive=False)
        file.unlink()

    def publish(self, manifest: Manifest) -> None:
        """End the tar file with its manifest: what has none is not whole."""
        _add_bytes(self._tar, MANIFEST, manifest.model_dump_json(indent=2).encode())
        self.whole = True


class TarReader:
    """A whole backup in a tar file; files are unpacked when they are asked for."""

    def __init__(self, path: Path, tar: tarfile.TarFile, members: dict[str, tarfile.TarInfo]) -> None:
        self._path = path
        self._files = _PackedFiles(tar, members)
        self._unpacked = ExitStack()
        self.evidence = EvidenceStore(self._files)
        self.manifest = read_manifest(self._read(MANIFEST), str(path))

    def file(self, name: str) -> Path:
        """A file of the backup. Raises BackupDamaged if it is missing."""
        path = self._folder / name.replace("/", "+")
        if not path.exists():
            with path.open("wb") as file:
                self._files.copy(self._member(name), file)
        return path

    def close(self) -> None:
        """Delete what was unpacked."""
        self._unpacked.close()

    @cached_property
    def _folder(self) -> Path:
        beside = self._path.parent if os.access(self._path.parent, os.W_OK) else None
        made = tempfile.TemporaryDirectory(prefix=_reading(self._path), dir=beside)
        return Path(self._unpacked.enter_context(made))

    def _read(self, name: str) -> bytes:
        data = io.BytesIO()
        self._files.copy(self._member(name), data)
        return data.getvalue()

    def _member(self, name: str) -> tarfile.TarInfo:
        member = self._files.members.get(name)
        if member is None:
            raise BackupDamaged(f"The backup {self._path} is not whole: {name} is missing.")
        return member


class _PackedFiles:
    """The evidence in a tar file, for reading. Threads take turns."""

    def __init__(self, tar: tarfile.TarFile, members: dict[str, tarfile.TarInfo]) -> None:
        self.members = members
        self._tar = tar
        self._turn = threading.Lock()

    def get(self, key: str) -> bytes:
        """A file's bytes. Raises FileNotFoundError."""
        member = self.members.get(f"{_EVIDENCE}/{key}")
        if member is None:
            raise FileNotFoundError(key)
        data = io.BytesIO()
        self.copy(member, data)
        return data.getvalue()

    def find(self, key: str) -> StoredFile | None:
        """A file without its bytes; None if it is not there."""
        member = self.members.get(f"{_EVIDENCE}/{key}")
        return _stored(key, member) if member is not None else None

    def copy(self, member: tarfile.TarInfo, to: io.BytesIO | io.BufferedWriter) -> None:
        """Unpack one file. Raises BackupDamaged."""
        with self._turn:
            packed = self._tar.extractfile(member)
            if packed is None:
                raise BackupDamaged(f"{member.name} in the backup {self._tar.name!r} is no file.")
            try:
                shutil.copyfileobj(packed, to)
            except tarfile.ReadError as error:
                raise BackupDamaged(f"The backup {self._tar.name!r} is cut off: {error}.") from error

    def walk(self, folder: str) -> Iterator[StoredFile]:
        """Every file below a folder."""
        start = f"{_EVIDENCE}/{folder}/"
        for name, member in self.members.items():
            if name.startswith(start):
                yield _stored(name.removeprefix(f"{_EVIDENCE}/"), member)

    def put(self, key: str, data: bytes) -> None:
        """A whole backup does not change."""
        raise io.UnsupportedOperation("write")

    def delete(self, key: str, *, put_before: datetime) -> int | None:
        """A whole backup does not change."""
        return None

    def remove_drafts(self, *, made_before: datetime) -> int:
        """A tar file has none."""
        return 0

    def where(self, key: str) -> str:
        """The name inside the tar file."""
        return f"{self._tar.name!s}:{_EVIDENCE}/{key}"


class _NewFiles(_PackedFiles):
    """The evidence in a tar file that is being written."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        super().__init__(tar, {})

    def put(self, key: str, data: bytes) -> None:
        """Add a file; one that is in it already stays."""
        name = f"{_EVIDENCE}/{key}"
        with self._turn:
            if name not in self.members:
                self.members[name] = _add_bytes(self._tar, name, data)


@contextmanager
def write_tar(path: Path) -> Iterator[TarWriter]:
    """Begin a backup into a tar file. Raises InvalidInput where another file lies there, Conflict for a busy one."""
    _refuse_foreign(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft, drafts = path.with_name(f"{path.name}.draft"), f".{path.name}.draft-"
    with draft.open("ab") as file:
        _hold(file, draft, path)
        draft.chmod(0o600)
        for left in _leftovers(path, drafts):
            shutil.rmtree(left, ignore_errors=True)
        workspace = Path(tempfile.mkdtemp(prefix=drafts, dir=path.parent))
        try:
            file.truncate(0)
            with tarfile.open(draft, "w", format=tarfile.PAX_FORMAT) as tar:
                writer = TarWriter(tar, workspace)
                yield writer
            if writer.whole:
                move_whole(draft, path)
        finally:
            shutil.rmtree(workspace, ignore_errors=True)
            draft.unlink(missing_ok=True)


@contextmanager
def read_tar(path: Path) -> Iterator[TarReader]:
    """Open the backup in a tar file. Raises BackupDamaged where it is none, or not whole."""
    try:
        tar = tarfile.open(path, "r:")  # noqa: SIM115 - closed below; only opening it says whether it is one
        members = {member.name: member for member in tar}
    except (tarfile.TarError, OSError, EOFError) as error:
        raise BackupDamaged(f"{path} is no backup that can be read: {error}.") from error
    with tar, closing(TarReader(path, tar, members)) as reader:
        yield reader


def _leftovers(path: Path, drafts: str) -> Iterator[Path]:
    """Folders that killed backups, and killed readers of a day ago, have left."""
    yield from path.parent.glob(f"{drafts}*")
    for found in path.parent.glob(f"{_reading(path)}*"):
        if time.time() - found.stat().st_mtime > _DAY:
            yield found


def _reading(path: Path) -> str:
    return f".{path.name}.reading-"


def _hold(file: io.BufferedWriter, draft: Path, path: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Opened just before its writer renamed it, it would be that writer's whole backup by now.
        ours = draft.exists() and os.fstat(file.fileno()).st_ino == draft.stat().st_ino
    except BlockingIOError:
        ours = False
    if not ours:
        raise Conflict(f"Another backup into {path} is being taken just now.")


def _refuse_foreign(path: Path) -> None:
    if path.exists():
        try:
            with read_tar(path):
                return
        except BackupDamaged as error:
            raise InvalidInput(f"{path} is not overwritten: {error}") from error


def _add_bytes(tar: tarfile.TarFile, name: str, data: bytes) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(data), 0o600
    tar.addfile(member, io.BytesIO(data))
    return member


def _stored(key: str, member: tarfile.TarInfo) -> StoredFile:
    return StoredFile(key=key, size=member.size, modified_at=datetime.fromtimestamp(member.mtime, UTC))
