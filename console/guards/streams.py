"""How many live connections one server process holds, in all and for one client: each keeps a socket and asks on."""

import threading
import time
from collections import Counter
from collections.abc import Callable

from counterfoil.exceptions import TooManyAttempts

# A browser opens six connections to a host at most: one live page of a window at a time is what people look at.
MOST = 64
MOST_OF_ONE = 6
# Then it is closed, and the browser opens it again by itself: no connection outlives the deploying of a new version.
LONGEST_SECONDS = 600.0


class Streams:
    """The live connections of this process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._next = 0
        # Number -> (client, until when): one whose end nobody noticed has gone by then all the same.
        self._open: dict[int, tuple[str, float]] = {}

    def begin(self, client: str) -> int:
        """Count one more, and answer its number. Raises TooManyAttempts."""
        with self._lock:
            now = self._clock()
            self._open = {number: one for number, one in self._open.items() if one[1] > now}
            of_one = Counter(whose for whose, _ in self._open.values())[client]
            if len(self._open) >= MOST or of_one >= MOST_OF_ONE:
                raise TooManyAttempts(
                    "Too many pages are followed live: close some, or load this one again.", seconds=30
                )
            self._next += 1
            self._open[self._next] = (client, now + 1.5 * LONGEST_SECONDS)
            return self._next

    def end(self, number: int) -> None:
        """Count one less. Twice is the same as once."""
        with self._lock:
            self._open.pop(number, None)

    def __len__(self) -> int:
        with self._lock:
            return len(self._open)
