"""Processes that believe in another clock or another version: nothing in the program knows of it."""

import os
from datetime import timedelta
from pathlib import Path

ROOT = Path(__file__).parents[1]

# Python imports a module of this name before anything else, in every process that inherits the path.
_SITE = """
import os
from datetime import timedelta
from pathlib import Path

import counterfoil.clock

_real = counterfoil.clock.now
_file = Path(os.environ["COUNTERFOIL_TEST_CLOCK"])


def now():
    return _real() + timedelta(seconds=float(_file.read_text()))


counterfoil.clock.now = now
if os.environ.get("COUNTERFOIL_TEST_VERSION"):
    import counterfoil.version

    counterfoil.version.VERSION = os.environ["COUNTERFOIL_TEST_VERSION"]
"""


class Disguise:
    """The environment of processes whose clock can be set while they run."""

    def __init__(self, folder: Path, version: str = "") -> None:
        self._folder = folder / "disguise"
        self._folder.mkdir(exist_ok=True)
        (self._folder / "sitecustomize.py").write_text(_SITE)
        self._file = self._folder / "clock"
        self._version = version
        self.set_clock(timedelta(0))

    def set_clock(self, ahead: timedelta) -> None:
        """Let the clock be so far ahead of the real one from now on."""
        draft = self._folder / "clock.draft"
        draft.write_text(str(ahead.total_seconds()))
        draft.rename(self._file)

    @property
    def environment(self) -> dict[str, str]:
        """What is to be added to the environment of a process."""
        path = os.pathsep.join([str(self._folder), str(ROOT)])
        return {
            "PYTHONPATH": path,
            "COUNTERFOIL_TEST_CLOCK": str(self._file),
            "COUNTERFOIL_TEST_VERSION": self._version,
        }
