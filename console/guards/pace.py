"""How often one account, key or address may ask: a bucket for each, in this process's memory.

Two `serve` processes count apart, and a restart begins anew: it keeps one client from wearing the service out. Guessed
passwords are counted in the database.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from counterfoil.exceptions import TooManyAttempts

_MOST_CLIENTS = 10_000


class Pace:
    """A bucket for each client: it holds a minute's requests, and fills up evenly."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._lock = threading.Lock()
        # Client -> (requests left, when that was), the one that asked longest ago first.
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, client: str) -> None:
        """Count one request. Raises TooManyAttempts."""
        with self._lock:
            now = self._clock()
            left, at = self._left.pop(client, (float(self._per_minute), now))
            left = min(self._per_minute, left + (now - at) * self._per_minute / 60)
            allowed = left >= 1
            self._left[client] = (left - 1 if allowed else left, now)
            while len(self._left) > _MOST_CLIENTS:
                self._left.popitem(last=False)
        if not allowed:
            seconds = max(1, round((1 - left) * 60 / self._per_minute))
            raise TooManyAttempts(
                "More than {per_minute} requests in a minute: wait {seconds} seconds.",
                per_minute=self._per_minute,
                seconds=seconds,
            )
