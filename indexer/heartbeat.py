"""Keeps a lease alive while its holder works, from a thread of its own."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from counterfoil.exceptions import CounterfoilError

log = logging.getLogger(__name__)


@contextmanager
def kept_alive(renew: Callable[[], None], seconds: float) -> Iterator[None]:
    """Call `renew` every so many seconds until the block ends. One that fails is logged and tried again."""
    ended = threading.Event()
    thread = threading.Thread(target=_beat, args=(renew, seconds, ended), daemon=True, name="heartbeat")
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _beat(renew: Callable[[], None], seconds: float, ended: threading.Event) -> None:
    while not ended.wait(seconds):
        try:
            renew()
        except CounterfoilError as error:
            log.warning("a lease could not be renewed: %s", error)
