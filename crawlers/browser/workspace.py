"""The folder in which a browser keeps what it keeps while it runs: profile, cache, crash reports."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

_PREFIX = "counterfoil-browser-"
_LOCK = "lock"


class Workspace:
    """A fresh folder of this process. Those of processes that were killed are removed when the next one is made."""

    def __init__(self) -> None:
        _remove_abandoned(Path(tempfile.gettempdir()))
        self.folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
        self._lock = (self.folder / "unlocked").open("w")
        # The lock goes with the process, however that ends. Others find it only once it is held.
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        Path(self._lock.name).rename(self.folder / _LOCK)

    def environment(self, environ: Mapping[str, str]) -> dict[str, str]:
        """The environment of a browser that keeps everything here, and learns no setting or secret of ours."""
        own = {"HOME": str(self.folder), "TMPDIR": str(self.folder)}
        kept = {name: environ[name] for name in ("PATH", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH") if name in environ}
        return kept | own

    @contextmanager
    def as_temporary_folder(self) -> Iterator[None]:
        """Processes started within keep their temporary files here."""
        before = os.environ.get("TMPDIR")
        os.environ["TMPDIR"] = str(self.folder)
        try:
            yield
        finally:
            if before is None:
                del os.environ["TMPDIR"]
            else:
                os.environ["TMPDIR"] = before

    def remove(self) -> None:
        """Delete the folder; a browser that is still ending may leave a file of it to the next one's tidying."""
        self._lock.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def _remove_abandoned(where: Path) -> None:
    for folder in where.glob(f"{_PREFIX}*"):
        # Another user's, or one that another process is removing.
        with suppress(OSError), (folder / _LOCK).open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
