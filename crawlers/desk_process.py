"""The process beside a crawl that writes for it.

Writing a file or a row is dozens of system calls, each of which lets go of the interpreter's lock. In threads of the
crawling process they kept its reactor waiting at every one: a crawl took 1.4 times as long.

The process is a copy of the crawling one (fork), made before that has connections or threads of its own. The two talk
through a pair of sockets in pickles, each after its length; both ends are ours. When the crawling process dies, however
it dies, the pair closes, and the copy ends when what had arrived is written.
"""

import gc
import logging
import os
import pickle
import signal
import socket
import struct
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from enum import StrEnum
from functools import partial
from typing import IO, Any, NoReturn

from crawlers.desk import Desk

log = logging.getLogger(__name__)

LENGTH = struct.Struct("!Q")


class Errand(StrEnum):
    """What the desk is asked for: see its methods of the same names."""

    WRITE = "write"
    READ = "read"
    DO = "do"


def start_desk(open_desk: Callable[[], Desk]) -> tuple[int, socket.socket]:
    """Start the process; its id, and our end of the pair."""
    ours, theirs = socket.socketpair()
    process_id = os.fork()
    if process_id == 0:
        ours.close()
        _be_desk(theirs, open_desk)
    theirs.close()
    return process_id, ours


def frame(message: Any) -> bytes:
    """A message as it goes over the pair. Raises what pickle raises for what cannot be sent."""
    body = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    return LENGTH.pack(len(body)) + body


def _be_desk(pair: socket.socket, open_desk: Callable[[], Desk]) -> NoReturn:
    """Never returns: what called this function goes on in the other process only."""
    code = 1
    try:
        # A terminal or launcher tells the whole group to stop. The crawl decides then what is still to be written.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        gc.freeze()
        _serve(pair, open_desk)
        code = 0
    except BaseException:
        log.exception("the desk has ended")
    finally:
        # Not what the interpreter does at its end: that belongs to the process that this one is a copy of.
        os._exit(code)


def _serve(pair: socket.socket, open_desk: Callable[[], Desk]) -> None:
    answers = _Answers(pair)
    desk = None
    with pair.makefile("rb") as incoming:
        while (body := _next(incoming)) is not None:
            number, errand, work = pickle.loads(body)  # noqa: S301 - from the process that this one is a copy of
            try:
                desk = desk or open_desk()
            except Exception as error:
                answers.fail(number, error)
                continue
            future: Future[Any] = getattr(desk, errand)(work)
            future.add_done_callback(partial(answers.give, number))
    if desk is not None:
        desk.close()


def _next(incoming: IO[bytes]) -> bytes | None:
    """The next message; None when the other process has closed its end, or died in the middle of one."""
    head = incoming.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(head)
    body = incoming.read(length)
    return body if len(body) == length else None


class _Answers:
    """Sends what came of each errand, from whatever thread it ended in."""

    def __init__(self, pair: socket.socket) -> None:
        self._pair = pair
        self._lock = threading.Lock()

    def give(self, number: int, future: Future[Any]) -> None:
        error = future.exception()
        if error is not None:
            self.fail(number, error)
            return
        try:
            framed = frame((number, True, future.result()))
        except Exception as unsent:
            self.fail(number, unsent)
        else:
            self._send(framed)

    def fail(self, number: int, error: BaseException) -> None:
        where = "".join(traceback.format_exception(error))
        self._send(frame((number, False, (_causes(error), where))))

    def _send(self, framed: bytes) -> None:
        # Nobody waits for it any more when the other process is gone.
        with self._lock, suppress(BrokenPipeError, ConnectionResetError):
            self._pair.sendall(framed)


def _causes(error: BaseException) -> list[BaseException]:
    """The error and what caused it, outermost first: pickle would leave the causes behind."""
    causes = []
    found: BaseException | None = error
    while found is not None:
        causes.append(_portable(found))
        found = found.__cause__
    return causes


def _portable(error: BaseException) -> BaseException:
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - made on the line itself
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error
