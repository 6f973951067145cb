"""What a loop of the service does while something it needs is away: it says so once, waits, and tries again."""

import logging
import random
import threading

from counterfoil.exceptions import StoreError

log = logging.getLogger(__name__)

_LONGEST_PAUSE = 30.0


class Outage:
    """Failures in a row of one loop. `waits` and `back` are what is logged when they begin and when they are over."""

    def __init__(self, stop: threading.Event, tick_seconds: float, *, waits: str, back: str) -> None:
        self._stop = stop
        self._tick_seconds = tick_seconds
        self._waits = waits
        self._back = back
        self._failures = 0

    def wait(self, error: Exception) -> None:
        """Wait longer and longer, up to 30 s. Raises the error where trying again cannot help."""
        if isinstance(error, StoreError) and error.permanent:
            raise error
        if not self._failures:
            log.error("%s: %s", self._waits, error)
        self._failures += 1
        self._stop.wait(_pause(self._tick_seconds, self._failures))

    def is_over(self) -> None:
        """What was needed is there: say so if it was away."""
        if self._failures:
            log.info(self._back)
        self._failures = 0


def _pause(tick_seconds: float, failures: int) -> float:
    # Spread, so that several processes do not all come back to a server at the same moment.
    return random.uniform(0.5, 1.0) * min(_LONGEST_PAUSE, tick_seconds * 2.0 ** min(failures, 30))
