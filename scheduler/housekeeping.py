"""Removes what is only of use for a while."""

from contextlib import suppress
from datetime import timedelta

from counterfoil.clock import now
from counterfoil.settings import Settings
from scheduler.launcher import log_folder

_KEEP_LOGS = timedelta(days=30)


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
