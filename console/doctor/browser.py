"""Check of the browser that reads pages which scripts fill in, and takes the screenshots of suspects."""

import subprocess

from console.doctor.findings import Finding, hint, ok
from console.doctor.place import Place
from counterfoil.chromium import browser_obstacle, find_chromium

_SECONDS = 15


def check_browser(place: Place) -> Finding:
    """Chromium is there and starts."""
    program = find_chromium(place.settings)
    if program is None:
        return hint("no Chromium", "suspects get no screenshot, some marketplaces are not read: apt install chromium")
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
    found = f"{done.stdout.strip()} ({program})"
    obstacle = browser_obstacle(place.settings)
    return hint(f"{found} is not used", obstacle) if obstacle else ok(found)
