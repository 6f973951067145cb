"""Removes what is only of use for a while: logs, and pictures and bodies whose time has come."""

import logging
import threading
from contextlib import suppress
from datetime import timedelta

from counterfoil.clock import now
from counterfoil.clock_check import span
from counterfoil.evidence import open_evidence
from counterfoil.exceptions import CounterfoilError
from counterfoil.retention import Sweep
from counterfoil.settings import Settings
from counterfoil.store import Store
from counterfoil.store.instance import last_clock_jump
from counterfoil.store.retention import claim_sweep
from scheduler.launcher import log_folder

log = logging.getLogger(__name__)

_KEEP_LOGS = timedelta(days=30)
_SWEEP_EVERY = timedelta(days=1)
# So long the clock counts as in doubt after a leap by days: time for a person to look at it.
_IN_DOUBT = timedelta(days=7)


def remove_old_logs(settings: Settings) -> int:
    """Delete the logs of crawls that ended a month ago; how many."""
    oldest = (now() - _KEEP_LOGS).timestamp()
    removed = 0
    for path in log_folder(settings).glob("crawl-*.log"):
        # Another scheduler may be cleaning up at the same time.
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < oldest:
                path.unlink()
                removed += 1
    return removed


def sweep_evidence(store: Store, settings: Settings, stop: threading.Event) -> bool:
    """Delete pictures and bodies whose time has come, once a day however many schedulers run; whether it was due.

    Not while the clock is in doubt: by a clock that is a year ahead, the time of nearly everything has come.
    """
    with store.write() as connection:
        jump = last_clock_jump(connection)
        if jump is not None and jump.by > _SWEEP_EVERY and now() - jump.noticed_at < _IN_DOUBT:
            log.error("no pictures and bodies are deleted: the clock has leapt ahead by %s", span(jump.by))
            return False
        if not claim_sweep(connection, _SWEEP_EVERY, now()):
            return False
    try:
        report = Sweep(store, open_evidence(settings), settings, now=now(), stop=stop).run()
    except (CounterfoilError, OSError) as error:
        log.error("the sweep of pictures and bodies ended early, and goes on tomorrow: %s", error)
        return True
    for name, swept in report.classes.items():
        if swept.images or swept.bodies:
            counts = (swept.images, swept.bodies, swept.bytes)
            log.info("retention, %s: %s pictures and %s bodies deleted, %s bytes", name, *counts)
    return True
