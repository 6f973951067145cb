"""The folder of the embedded index: one SQLite file for each generation, and one line saying which is searched.

`current` names the file that searches use; replacing it is the one step that publishes a generation. A file appears
under its name only when its tables are there. Numbers are not used twice.
"""

import fcntl
import os
import re
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

from counterfoil.exceptions import Conflict
from indexer.embedded_file import our_errors

_NAME = re.compile(r"suspects-(\d{6})\.sqlite")
_BESIDE = ("", "-wal", "-shm", "-journal")
# Whoever delivers looks at the lock for a moment; only one held longer than this is another rebuild.
_LOCK_TRIES = 20
_LOCK_PAUSE = 0.05


class IndexFolder:
    """Names, publishes and removes the files of generations."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def current(self) -> Path | None:
        """The file that searches use, or None where there is none."""
        name = self._named()
        while name is not None:
            if (self.folder / name).exists():
                return self.folder / name
            # Gone: another was published in its place between the two looks, or else it is missing.
            name, before = self._named(), name
            if name == before:
                return None
        return None

    def living(self) -> list[Path]:
        """The files that must hear of every change: the current one, and one that a living rebuild fills."""
        # In this order: a rebuild that ends between the two looks has published the file that the second one finds.
        if not self._is_filling():
            current = self.current()
            return [current] if current else []
        return sorted(path for path in self.folder.glob("suspects-*.sqlite") if _NAME.fullmatch(path.name))

    def lock(self) -> IO[str]:
        """Hold the right to fill a new generation until the file is closed. Raises Conflict while another does."""
        with our_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            file = (self.folder / "rebuild.lock").open("a", encoding="ascii")
        for _ in range(_LOCK_TRIES):
            with suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return file
            time.sleep(_LOCK_PAUSE)
        file.close()
        raise Conflict("The index is being rebuilt by another process: wait for it to end.")

    def next_path(self) -> Path:
        """The file for a new generation; drops what a rebuild that died has left. Hold the lock."""
        current = self.current()
        for path in self.folder.glob("suspects-*"):
            # One set aside as damaged stays for a person to look at; the current one is in use.
            if ".damaged" not in path.name and not (current and path.name.startswith(current.name)):
                path.unlink(missing_ok=True)
        return self.folder / f"suspects-{self._highest() + 1:06d}.sqlite"

    def publish(self, path: Path, *, set_aside: bool) -> None:
        """Let searches use this file from now on, and remove the one before, or keep it beside as damaged.

        Raises IndexUnavailable where that fails; `current` says which of the two is searched then.
        """
        before = self.current()
        with our_errors(self.folder):
            self._name_current(path)
            if before is not None and before != path:
                _drop(before, set_aside=set_aside)

    def remove(self, path: Path) -> None:
        """Remove a generation that was not published."""
        _drop(path, set_aside=False)

    def size(self) -> int:
        """Bytes that the folder takes."""
        return sum(path.stat().st_size for path in self.folder.glob("suspects-*"))

    def _name_current(self, path: Path) -> None:
        draft = self.folder / "current.draft"
        with draft.open("w", encoding="ascii") as file:
            file.write(path.name + "\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.folder / "current")
        self._sync()

    def _named(self) -> str | None:
        try:
            name = (self.folder / "current").read_text(encoding="ascii").strip()
        except (FileNotFoundError, NotADirectoryError, UnicodeDecodeError):
            return None
        return name if _NAME.fullmatch(name) else None

    def _is_filling(self) -> bool:
        try:
            file = (self.folder / "rebuild.lock").open("r", encoding="ascii")
        except FileNotFoundError:
            return False
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def _highest(self) -> int:
        names = [self._named() or "", *(path.name for path in self.folder.glob("suspects-*"))]
        numbers = [int(found[1]) for name in names if (found := _NAME.match(name))]
        return max(numbers, default=0)

    def _sync(self) -> None:
        handle = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _drop(path: Path, *, set_aside: bool) -> None:
    for ending in _BESIDE:
        file = path.with_name(path.name + ending)
        if set_aside and file.exists():
            file.replace(path.with_name(f"{path.name}.damaged{ending}"))
        else:
            file.unlink(missing_ok=True)
