"""A backup in a folder: what it holds already is not copied again, and the last whole one stays until the next is."""

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from counterfoil.backup.archive import MANIFEST
from counterfoil.backup.durable import move_whole, sync, write_whole
from counterfoil.backup.listing import read_listing
from counterfoil.backup.manifest import Manifest, read_manifest
from counterfoil.evidence import EvidenceStore, Kind
from counterfoil.evidence.folder import FolderFiles
from counterfoil.exceptions import BackupDamaged, Conflict, InvalidInput

_LOCK = "counterfoil-backup.lock"
_EVIDENCE = "evidence"
_DRAFT = ".draft-"
# What each backup has of its own; evidence is shared by all that come after another.
_OWN = ("database-", "evidence-", "marketplaces-", _DRAFT)
_NOT_OURS = frozenset({"lost+found"})
_END_OF_TIME = datetime.max.replace(tzinfo=UTC)


class FolderWriter:
    """A backup that is being written into a folder."""

    def __init__(self, folder: Path, workspace: Path, previous: Manifest | None) -> None:
        self.previous = previous
        self.workspace = workspace
        self._folder = folder
        self._files = FolderFiles(folder / _EVIDENCE)
        self.evidence = EvidenceStore(self._files)

    def add(self, name: str, file: Path) -> None:
        """Take in a file of the workspace, which is gone from there afterwards; on disk when this returns."""
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        move_whole(file, path)
        if path.parent != self._folder:
            sync(self._folder)

    def publish(self, manifest: Manifest) -> None:
        """Make the backup whole in one step; then drop what only the previous one needed."""
        write_whole(self._folder / MANIFEST, manifest.model_dump_json(indent=2).encode())
        drop_leftovers(self._folder, manifest, but=self.workspace)
        self._drop_evidence(manifest)

    def _drop_evidence(self, manifest: Manifest) -> None:
        """Delete pictures and bodies that this backup does not speak of: their time had come."""
        names = read_listing(self._folder / manifest.listing)
        following = next(names, None)
        for kind in Kind:
            for prefix in (f"{number:02x}" for number in range(256)):
                start = f"{kind}/{prefix}"
                wanted = set()
                # The listing is in this very order: one folder's names at a time are few enough for any memory.
                while following is not None and str(following).startswith(start):
                    wanted.add(following.sha256)
                    following = next(names, None)
                for found in self._files.walk(start):
                    if found.key.rpartition("/")[2] not in wanted:
                        self._files.delete(found.key, put_before=_END_OF_TIME)


class FolderReader:
    """A whole backup in a folder."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.manifest = manifest
        self.evidence = EvidenceStore(FolderFiles(folder / _EVIDENCE))
        self._folder = folder

    def file(self, name: str) -> Path:
        """A file of the backup. Raises BackupDamaged if it is missing."""
        path = self._folder / name
        if not path.is_file():
            raise BackupDamaged(f"The backup {self._folder} is damaged: {name} is missing.")
        return path


@contextmanager
def write_folder(folder: Path) -> Iterator[FolderWriter]:
    """Begin a backup into a folder. Raises InvalidInput for one with other things in it, Conflict for a busy one."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _refuse_foreign(folder)
    with (folder / _LOCK).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Conflict(f"Another backup into {folder} is being taken just now.") from error
        previous = _manifest(folder)
        drop_leftovers(folder, previous)
        writer = FolderWriter(folder, Path(tempfile.mkdtemp(prefix=_DRAFT, dir=folder)), previous)
        writer.evidence.remove_drafts(made_before=_END_OF_TIME)
        try:
            yield writer
        finally:
            shutil.rmtree(writer.workspace, ignore_errors=True)


@contextmanager
def read_folder(folder: Path) -> Iterator[FolderReader]:
    """Open the backup in a folder. Raises BackupDamaged where there is none that is whole."""
    manifest = _manifest(folder)
    if manifest is None:
        raise BackupDamaged(f"{folder} holds no whole backup: it has no {MANIFEST}, which is written last.")
    yield FolderReader(folder, manifest)


def drop_leftovers(folder: Path, whole: Manifest | None, but: Path | None = None) -> None:
    """Delete what killed backups have left behind, and what only an older one needed."""
    kept = {whole.database, whole.listing, whole.marketplaces_folder} if whole else set()
    for path in folder.iterdir():
        if path.name.startswith(_OWN) and path.name not in kept and path != but:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _manifest(folder: Path) -> Manifest | None:
    try:
        data = (folder / MANIFEST).read_bytes()
    except FileNotFoundError:
        return None
    return read_manifest(data, str(folder))


def _refuse_foreign(folder: Path) -> None:
    names = {path.name for path in folder.iterdir()} - _NOT_OURS
    if names and _LOCK not in names:
        some = ", ".join(sorted(names)[:3])
        raise InvalidInput(f"{folder} is no folder of backups: it holds {some}. Give an empty folder, or a new name.")
