"""Where the temporary files of the tests lie: in memory where there is room, for the tests sync thousands of them."""

import os
import tempfile
from pathlib import Path

_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder in memory is what is wanted
# A whole run leaves a gigabyte at most; containers often have a folder of 64 megabytes here.
_ROOM = 4 * 1024**3


def keep_in_memory() -> None:
    """Make it the folder of this process and of all that it starts, unless TMPDIR names one already."""
    if "TMPDIR" not in os.environ and _is_good(_MEMORY):
        os.environ["TMPDIR"] = str(_MEMORY)
        tempfile.tempdir = None


def _is_good(folder: Path) -> bool:
    try:
        found = os.statvfs(folder)
    except FileNotFoundError:
        return False
    # Some tests start programs that they have written there.
    runs_programs = not found.f_flag & os.ST_NOEXEC
    return runs_programs and os.access(folder, os.W_OK) and min(found.f_bavail * found.f_frsize, _free()) > _ROOM


def _free() -> int:
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
