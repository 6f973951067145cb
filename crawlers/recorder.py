"""Writes what a crawl finds: one thread, one transaction for all that has come together in a moment.

The reactor's thread hands in changes and waits for their commit; it never touches the disk or the database itself.
"""

import asyncio
import errno
import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

import sqlalchemy as sa

from counterfoil.evidence import EvidenceStore
from counterfoil.exceptions import StoreError, Superseded
from counterfoil.store import Store
from counterfoil.store.crawls import require_attempt
from crawlers.assignment import Assignment
from crawlers.reserve import Reserve

log = logging.getLogger(__name__)

T = TypeVar("T")
Change = Callable[[sa.Connection], Any]

# One commit costs a sync of the disk, so changes wait this long for company, but not for more than so many.
_GATHER_SECONDS = 0.1
_MOST_TOGETHER = 200
# Files are written side by side: most of their time is waiting for the disk.
_FILE_THREADS = 4
_POSTGRES_DISK_FULL = "53100"


class Recorder:
    """The writing desk of one attempt at one crawl."""

    def __init__(
        self, store: Store, evidence: EvidenceStore, assignment: Assignment, reserve: Reserve | None = None
    ) -> None:
        if assignment.crawl_id is None or assignment.attempt is None:
            raise ValueError("only a claimed crawl is recorded")
        self.store = store
        self.evidence = evidence
        self.reserve = reserve
        self.crawl_id = assignment.crawl_id
        self.attempt = assignment.attempt
        self.marketplace = assignment.marketplace.name
        self._changes: queue.SimpleQueue[tuple[Change, Future[Any]] | None] = queue.SimpleQueue()
        self._files = ThreadPoolExecutor(_FILE_THREADS, thread_name_prefix="files")
        self._thread = threading.Thread(target=self._write_all, daemon=True, name="recorder")
        self._thread.start()

    async def write(self, change: Callable[[sa.Connection], T]) -> T:
        """Make a change in the next transaction; returns when it is committed.

        Raises Superseded when another attempt has taken over, and whatever the change or the database raises.
        """
        future: Future[T] = Future()
        # Once it runs it cannot be cancelled: the thread may always answer.
        future.set_running_or_notify_cancel()
        self._changes.put((change, future))
        return await asyncio.wrap_future(future)

    async def in_thread(self, work: Callable[..., T], *arguments: Any) -> T:
        """Do work that reads or writes files, or reads the database, away from the reactor's thread."""
        return await asyncio.get_running_loop().run_in_executor(self._files, work, *arguments)

    def stop(self, seconds: float = 30) -> None:
        """Write what was handed in, then end; waits at most so many seconds."""
        self._changes.put(None)
        self._thread.join(seconds)
        self._files.shutdown(wait=False, cancel_futures=True)

    def _write_all(self) -> None:
        going = True
        while going:
            together, going = self._gather()
            if together:
                self._commit(together)

    def _gather(self) -> tuple[list[tuple[Change, Future[Any]]], bool]:
        entry = self._changes.get()
        together: list[tuple[Change, Future[Any]]] = []
        until = time.monotonic() + _GATHER_SECONDS
        while entry is not None:
            together.append(entry)
            if len(together) >= _MOST_TOGETHER:
                return together, True
            try:
                entry = self._changes.get(timeout=max(0, until - time.monotonic()))
            except queue.Empty:
                return together, True
        return together, False

    def _commit(self, together: list[tuple[Change, Future[Any]]]) -> None:
        try:
            answers = self._apply([change for change, _ in together])
        except Exception as error:
            if len(together) == 1 or is_fatal(error):
                for _, future in together:
                    future.set_exception(error)
                return
            # One change that the database refuses must not take its neighbours with it.
            log.warning("%s changes are written one by one: %s", len(together), error)
            for entry in together:
                self._commit([entry])
        else:
            for (_, future), answer in zip(together, answers, strict=True):
                future.set_result(answer)

    def _apply(self, changes: list[Change]) -> list[Any]:
        with self.store.write() as connection:
            require_attempt(connection, self.crawl_id, self.attempt)
            return [change(connection) for change in changes]


def is_fatal(error: BaseException) -> bool:
    """Whether nothing more can be written, whatever it is: the attempt is over, or store or disk cannot be used."""
    return isinstance(error, Superseded | StoreError | OSError) or is_disk_full(error)


def is_disk_full(error: BaseException | None) -> bool:
    """Whether an error, or what caused it, is a full disk: the file system's, SQLite's or PostgreSQL's."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
            return True
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
            return True
        if getattr(error, "sqlstate", None) == _POSTGRES_DISK_FULL:
            return True
        error = error.__cause__
    return False
