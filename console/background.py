"""Work that a request begins and does not wait for, such as reading a shop of 200 products."""

import logging
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)

_AT_ONCE = 2


class Background:
    """Threads that end with the process: what they leave behind, a lease that lapses says, as after a crash."""

    def __init__(self) -> None:
        self._free = threading.Semaphore(_AT_ONCE)

    def start(self, work: Callable[[], None]) -> threading.Event:
        """Begin it; the event is set when it has ended, however it did."""
        ended = threading.Event()
        threading.Thread(target=self._run, args=(work, ended), daemon=True, name="background").start()
        return ended

    def _run(self, work: Callable[[], None], ended: threading.Event) -> None:
        try:
            with self._free:
                work()
        except Exception:
            # Nobody waits for it who could be told; `work` itself says what is expected to go wrong.
            log.exception("work in the background has ended with a mistake of ours")
        finally:
            ended.set()
