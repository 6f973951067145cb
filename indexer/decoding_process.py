"""One process that works under limits, behind a pipe of its own.

Pools of the standard library and of pebble share a pipe and its lock among their processes: one that is killed or
frozen with the lock in hand stops all others. Here a process that is lost takes nothing with it but its own question.
"""

import multiprocessing
import resource
import traceback
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import TypeVar, cast

from counterfoil.exceptions import CounterfoilError

T = TypeVar("T")

# Decoding 40 million pixels takes about 400 MB; the rest is address space that the libraries reserve and never use.
_MEMORY = 4 * 1024**3
# Replaced now and then, so that what a decoder leaks never adds up.
_QUESTIONS_PER_PROCESS = 2_000
_FAREWELL_SECONDS = 2
# The first of all loads the libraries, which takes seconds on a busy machine.
_START_SECONDS = 120
_READY = "ready"
# Imported once, in the process that the others are forked from, so that replacing one is quick; imagehash imports
# scipy's transforms only when it is used.
_PRELOADED = ["counterfoil.fingerprints", "cv2", "imagehash", "scipy.fftpack", "indexer.decoding_process"]


class ProcessLost(Exception):
    """The process died over its question."""


class DecodingProcess:
    """Calls functions in a process that is started when first needed and replaced when it is lost. Not thread-safe."""

    def __init__(self) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(_PRELOADED)
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None
        self._left = 0

    def ask(self, function: Callable[..., T], *args: object, seconds: float) -> T:
        """What `function(*args)` returns or raises there.

        Raises TimeoutError when it takes too long, ProcessLost when the process died over it, RuntimeError for an
        exception that is neither ours nor MemoryError.
        """
        pipe = self._send((function, args, seconds))
        try:
            if not pipe.poll(seconds):
                self._kill()
                raise TimeoutError
            answer, error = pipe.recv()
        except (EOFError, ConnectionError) as gone:
            raise ProcessLost(f"exit code {self._kill()}") from gone
        if error is not None:
            raise error
        return cast(T, answer)

    def end(self) -> None:
        """End the process once it has answered."""
        if self._process is None or self._pipe is None:
            return
        self._pipe.close()
        self._process.join(_FAREWELL_SECONDS)
        self._kill()

    def _send(self, question: object) -> Connection:
        if self._process is not None and self._left > 0:
            # It may have been killed while it waited, by whoever was short of memory: that is no fault of the question.
            with suppress(ConnectionError):
                return self._put(question)
        self.end()
        self._start()
        try:
            return self._put(question)
        except ConnectionError as error:
            raise ProcessLost(f"exit code {self._kill()}") from error

    def _put(self, question: object) -> Connection:
        pipe = cast(Connection, self._pipe)
        pipe.send(question)
        self._left -= 1
        return pipe

    def _start(self) -> None:
        pipe, theirs = self._context.Pipe()
        process = self._context.Process(target=_answer_questions, args=(theirs,), daemon=True)
        try:
            process.start()
        except BaseException:
            # One that never ran has nothing to be joined or killed.
            pipe.close()
            raise
        finally:
            # Only the child may hold the other end: closed there, it reads as closed here.
            theirs.close()
        self._process, self._pipe = process, pipe
        # The time that starting takes is not the question's.
        if not self._pipe.poll(_START_SECONDS):
            raise ProcessLost(f"it did not start, exit code {self._kill()}")
        with suppress(EOFError, ConnectionError):
            self._pipe.recv()
        self._left = _QUESTIONS_PER_PROCESS

    def _kill(self) -> int | None:
        process, pipe = cast(BaseProcess, self._process), cast(Connection, self._pipe)
        self._process = self._pipe = None
        pipe.close()
        process.kill()
        process.join()
        code = process.exitcode
        process.close()
        return code


def _answer_questions(pipe: Connection) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # As many processes work as may: one that uses several cores takes them from the others.
    with suppress(ImportError):
        import cv2

        cv2.setNumThreads(1)
    # The pipe closes when the parent ends, or is killed.
    with suppress(EOFError, ConnectionError, KeyboardInterrupt):
        pipe.send(_READY)
        while True:
            function, args, seconds = pipe.recv()
            _limit_time(seconds)
            pipe.send(_outcome(function, args))


def _outcome(function: Callable[..., object], args: tuple[object, ...]) -> tuple[object, Exception | None]:
    try:
        return function(*args), None
    except (CounterfoilError, MemoryError) as error:
        return None, error
    except Exception:
        # Any other exception might not survive the way back.
        return None, RuntimeError(traceback.format_exc())


def _limit_time(seconds: float) -> None:
    # The deadline is kept from outside; this one also ends a decoder whose parent is gone.
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime + seconds) + 2, most))
