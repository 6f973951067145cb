"""How a child process notices that its parent is gone, however it went: the pipe on its standard input closes."""

import os
import signal
import threading
from contextlib import suppress
from types import FrameType


def stop_event() -> threading.Event:
    """An event that is set by SIGTERM or SIGINT: the polite way to be asked to stop."""
    stop = threading.Event()

    def ask(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, ask)
    signal.signal(signal.SIGINT, ask)
    return stop


def follow_parent(stop: threading.Event, seconds: float = 20) -> None:
    """Set `stop` when standard input ends (or is none); a process that has not stopped `seconds` later is ended."""
    threading.Thread(target=_follow, args=(stop, seconds), daemon=True, name="lifeline").start()


def _follow(stop: threading.Event, seconds: float) -> None:
    # Not through sys.stdin: a thread that waits inside its buffer's lock would break the interpreter's own ending.
    with suppress(OSError):
        while os.read(0, 1):
            pass
    stop.set()
    threading.Event().wait(seconds)
    os._exit(1)
