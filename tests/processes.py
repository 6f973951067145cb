"""Processes of their own for the tests: forked from the test, so that they start at once."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.context import ForkProcess

import psutil

FORK = multiprocessing.get_context("fork")


@contextmanager
def running(work: Callable[..., None], *arguments: object) -> Iterator[ForkProcess]:
    """A process that does this work; it is asked to stop in the end, unless it has ended by then, and waited for."""
    process = FORK.Process(target=work, args=arguments)
    process.start()
    try:
        yield process
    finally:
        if process.is_alive():
            os.kill(process.pid or 0, signal.SIGTERM)
            # One that was stopped takes no notice until it goes on.
            os.kill(process.pid or 0, signal.SIGCONT)
        process.join(60)
        assert not process.is_alive()


def is_gone(pid: int) -> bool:
    """Whether a process has ended; one that nobody has buried yet counts as ended."""
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True
