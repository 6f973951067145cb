"""Check of the browser that marketplaces without readable pages will need; none of the present ones does."""

import shutil
import subprocess

from console.doctor.findings import Finding, hint, ok
from console.doctor.place import Place

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_PLACES = ("/usr/bin", "/usr/lib/chromium", "/snap/bin", "/opt/google/chrome", "/usr/local/bin")
_SECONDS = 15


def check_browser(place: Place) -> Finding:
    """Chromium is there and starts."""
    program = next(filter(None, (shutil.which(name) for name in _NAMES)), None) or next(
        filter(None, (shutil.which(name, path=":".join(_PLACES)) for name in _NAMES)), None
    )
    if program is None:
        return hint("no Chromium", "needed only for marketplaces that are read by a browser: apt install chromium")
    seconds = min(_SECONDS, place.seconds * 0.8)
    try:
        done = subprocess.run(  # noqa: S603 - one of the names above
            [program, "--version"], capture_output=True, text=True, timeout=seconds, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return hint(f"{program} does not start: {error}", "install it anew")
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines()[:1]
        return hint(f"{program} does not start: {''.join(said) or f'exit status {done.returncode}'}", "install it anew")
    return ok(f"{done.stdout.strip()} ({program})")
