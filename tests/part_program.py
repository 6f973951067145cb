"""A part of the service for the tests of the supervisor: does what its first argument says.

Arguments: what to do, the folder to leave notes in, and what to call the notes.
"""

import os
import sys
import threading
from pathlib import Path

from counterfoil.lifeline import follow_parent, stop_event

STEP, FOLDER, NAME = sys.argv[1], Path(sys.argv[2]), sys.argv[3]


def note(text: str) -> None:
    """Add a line to this part's notes."""
    with (FOLDER / NAME).open("a") as file:
        file.write(f"{text} {os.getpid()}\n")


def serve() -> int:
    """What every part does: work until it is asked to stop or its supervisor is gone."""
    stop = stop_event()
    follow_parent(stop)
    note("started")
    stop.wait(600)
    note("stopped")
    return 0


def deaf() -> int:
    """Never stop of its own will."""
    follow_parent(threading.Event(), seconds=0.2)
    note("started")
    threading.Event().wait(600)
    return 0


def fail() -> int:
    """End at once, as a part with a fault does."""
    note("started")
    return 1


def refuse() -> int:
    """End as a part does that cannot use its settings or data."""
    note("started")
    print("Error: COUNTERFOIL_HTTP_PORT='x'", file=sys.stderr)
    return 2


sys.exit(globals()[STEP]())
