"""Evidence in a folder of this machine.

A file appears under its name only when it is whole and on disk (temporary file, fsync, rename, fsync of the folder), so
that a name that exists can be trusted.
"""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from counterfoil.evidence.files import StoredFile

_DRAFT = ".draft-"
_LOCK = ".lock"


class FolderFiles:
    """A folder, made when first written to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, key: str, data: bytes) -> None:
        """Write the file, or make the one that is there as new. Raises OSError when the disk is full."""
        path = self.path(key)
        if not self._renew(path, len(data)):
            self._write(path, data)

    def get(self, key: str) -> bytes:
        """A file's bytes. Raises FileNotFoundError."""
        return self.path(key).read_bytes()

    def find(self, key: str) -> StoredFile | None:
        """A file without its bytes; None if it is not there."""
        try:
            return _stored(key, self.path(key).stat())
        except FileNotFoundError:
            return None

    def walk(self, folder: str) -> Iterator[StoredFile]:
        """Every file below a folder, drafts and the lock left out."""
        for path in self._files(self.folder / folder):
            if not path.name.startswith(_DRAFT) and path.name != _LOCK:
                with suppress(FileNotFoundError):
                    yield _stored(path.relative_to(self.folder).as_posix(), path.stat())

    def delete(self, key: str, *, put_before: datetime) -> int | None:
        """Delete a file unless it was put since; the bytes freed (0: it was not there), None if it stays."""
        path = self.path(key)
        with self._locked(fcntl.LOCK_EX):
            try:
                found = path.stat()
            except FileNotFoundError:
                return 0
            if found.st_mtime >= put_before.timestamp():
                return None
            path.unlink()
            return found.st_size

    def remove_drafts(self, *, made_before: datetime) -> int:
        """Delete what killed writers have left half-written; how many."""
        removed = 0
        for path in self._files(self.folder):
            if path.name.startswith(_DRAFT):
                # Another sweep may be at it too.
                with suppress(FileNotFoundError):
                    if path.stat().st_mtime < made_before.timestamp():
                        path.unlink()
                        removed += 1
        return removed

    def where(self, key: str) -> str:
        """The file's path."""
        return str(self.path(key))

    def path(self, key: str) -> Path:
        """Where a file is, or would be."""
        return self.folder / key

    def _renew(self, path: Path, size: int) -> bool:
        """Make a whole file that is there as new; false if it has to be written."""
        if not path.exists():
            return False
        # Between the sweep's look at the time and its deletion nobody may come to rely on the file.
        with self._locked(fcntl.LOCK_SH):
            try:
                if path.stat().st_size != size:
                    return False
                os.utime(path)
            except FileNotFoundError:
                return False
        # Whoever wrote it may not have come so far yet.
        _sync_folder(path.parent)
        return True

    def _write(self, path: Path, data: bytes) -> None:
        _make_folder(path.parent)
        handle, draft = tempfile.mkstemp(dir=path.parent, prefix=_DRAFT)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(draft).replace(path)
        except BaseException:
            with suppress(FileNotFoundError):
                Path(draft).unlink()
            raise
        _sync_folder(path.parent)

    @contextmanager
    def _locked(self, how: int) -> Iterator[None]:
        # The lock goes with the process, however that ends.
        with (self.folder / _LOCK).open("a") as file:
            fcntl.flock(file, how)
            yield

    def _files(self, folder: Path) -> Iterator[Path]:
        for parent, _, names in os.walk(folder):
            yield from (Path(parent, name) for name in names)


def _stored(key: str, found: os.stat_result) -> StoredFile:
    return StoredFile(key=key, size=found.st_size, modified_at=datetime.fromtimestamp(found.st_mtime, UTC))


def _make_folder(folder: Path) -> None:
    if folder.exists():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    # A folder that a power cut takes away takes its files with it.
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    # The rename itself is only on disk once the folder is.
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
