"""`counterfoil up`: every part as a process of its own on one machine, started again when it dies."""

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from counterfoil.exceptions import CounterfoilError

log = logging.getLogger(__name__)

# What a part exits with when its settings or its data cannot be used: starting it again would change nothing.
REFUSED = 2
_STOP_SECONDS = 25
_LONGEST_PAUSE = 30.0
# A part that ran this long was healthy: its next death is answered without a pause.
_HEALTHY_SECONDS = 60.0


@dataclass(slots=True)
class Part:
    """One process of the service and how it has been doing."""

    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    pause: float = 0.0
    due: float = field(default_factory=time.monotonic)


def supervise(
    commands: dict[str, Sequence[str]],
    stop: threading.Event,
    program: Sequence[str] = (sys.executable, "-m", "console"),
) -> None:
    """Keep every part running until `stop` is set, then stop them all.

    `commands` are the arguments of `program` by the part's name. Raises CounterfoilError when a part refuses to run:
    its own message has been printed by then.
    """
    parts = [Part(name=name, command=[*program, *command]) for name, command in commands.items()]
    try:
        while not stop.wait(0.2):
            for part in parts:
                _keep_running(part)
    finally:
        _stop_all(parts)


def _keep_running(part: Part) -> None:
    if part.process is None:
        if time.monotonic() >= part.due:
            _start(part)
        return
    code = part.process.poll()
    if code is None:
        return
    if code == REFUSED:
        raise CounterfoilError(f"{part.name} refused to run: see its message above.")
    _plan_restart(part)
    log.error("%s ended with exit code %s: started again in %.0f s", part.name, code, part.pause)


def _start(part: Part) -> None:
    # Its standard input is our lifeline: when this process is gone, the part stops by itself.
    part.process = subprocess.Popen(  # noqa: S603 - our own program
        part.command, stdin=subprocess.PIPE, start_new_session=True
    )
    part.started = time.monotonic()


def _plan_restart(part: Part) -> None:
    healthy = time.monotonic() - part.started > _HEALTHY_SECONDS
    part.pause = 0.0 if healthy else min(_LONGEST_PAUSE, max(1.0, part.pause * 2))
    part.due = time.monotonic() + part.pause
    if part.process is not None:
        _close_lifeline(part.process)
    part.process = None


def _stop_all(parts: Sequence[Part]) -> None:
    running = [part.process for part in parts if part.process is not None]
    for process in running:
        process.terminate()
    deadline = time.monotonic() + _STOP_SECONDS
    for process in running:
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        _close_lifeline(process)


def _close_lifeline(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        process.stdin.close()
