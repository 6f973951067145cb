"""What tests with a real Chromium share: whether it is there, how root may run it, and which processes are browsers."""

from pathlib import Path

import psutil
from conftest import skip

from counterfoil.chromium import find_chromium
from counterfoil.settings import load_settings

# In a container the tests are root, and root's Chromium has no sandbox.
ALLOWED = {"COUNTERFOIL_BROWSER_SANDBOX": "false"}


def require_chromium() -> None:
    """Skip where there is no Chromium."""
    if find_chromium(load_settings({})) is None:
        skip("Chromium is not installed (make services)")


def browsers_of(folder: Path) -> list[psutil.Process]:
    """The processes of browsers whose temporary folder is below this one, however they came to be there."""
    found = []
    for process in psutil.process_iter():
        try:
            if str(folder) in process.environ().get("TMPDIR", "") and "chrom" in process.name():
                found.append(process)
        except psutil.Error:
            continue
    return [process for process in found if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]
