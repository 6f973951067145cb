"""Which Chromium drives the pages that need a browser, and whether it may run here."""

import os
import shutil

from counterfoil.settings import Settings

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_PLACES = ("/usr/bin", "/usr/lib/chromium", "/snap/bin", "/opt/google/chrome", "/usr/local/bin")


def find_chromium(settings: Settings) -> str | None:
    """The browser's program: the one that is set, else the first of the usual names; None if there is none."""
    if settings.browser_program is not None:
        return shutil.which(settings.browser_program)
    everywhere = (None, os.pathsep.join(_PLACES))
    found = (shutil.which(name, path=path) for path in everywhere for name in _NAMES)
    return next(filter(None, found), None)


def browser_obstacle(settings: Settings) -> str | None:
    """Why no browser can be used here, in words that say what to do about it; None if one can."""
    if settings.browser == "off":
        return "COUNTERFOIL_BROWSER is off"
    if find_chromium(settings) is None:
        if settings.browser_program is not None:
            return f"COUNTERFOIL_BROWSER_PROGRAM names no program: {settings.browser_program}"
        return "there is no Chromium here: apt install chromium, or set COUNTERFOIL_BROWSER_PROGRAM"
    if os.geteuid() == 0 and settings.browser_sandbox:
        return (
            "Chromium has no sandbox when root runs it: run as another user, or set COUNTERFOIL_BROWSER_SANDBOX=false"
        )
    return None
