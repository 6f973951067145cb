"""Where what a crawl finds is written: one thread, one transaction for all that has come together in a moment.

`crawlers.desk_process` runs it in a process of its own, beside the one that crawls.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

import sqlalchemy as sa

from counterfoil.settings import Settings
from counterfoil.store import Store, open_store
from counterfoil.store.crawls import require_attempt
from crawlers.disk_full import is_fatal

log = logging.getLogger(__name__)

T = TypeVar("T")
Change = Callable[[sa.Connection], T]

# One commit costs a sync of the disk, so changes wait this long for company, but not for more than so many.
_GATHER_SECONDS = 0.1
_MOST_TOGETHER = 200
# Files are written side by side: most of their time is waiting for the disk.
_FILE_THREADS = 4


def open_desk(settings: Settings, crawl_id: int, attempt: int) -> "Desk":
    """The desk of an attempt at a crawl. Raises StoreError."""
    return Desk(open_store(settings), crawl_id, attempt)


class Desk:
    """The writing desk of one attempt at one crawl."""

    def __init__(self, store: Store, crawl_id: int, attempt: int) -> None:
        self._store = store
        self._crawl_id = crawl_id
        self._attempt = attempt
        self._changes: queue.SimpleQueue[tuple[Change[Any], Future[Any]] | None] = queue.SimpleQueue()
        self._threads = ThreadPoolExecutor(_FILE_THREADS, thread_name_prefix="files")
        self._thread = threading.Thread(target=self._write_all, daemon=True, name="desk")
        self._thread.start()

    def write(self, change: Change[T]) -> Future[T]:
        """Make a change in the next transaction; answered when it is committed.

        Answers Superseded when another attempt has taken over, and whatever the change or the database raises.
        """
        future: Future[T] = Future()
        # Once it runs it cannot be cancelled: the thread may always answer.
        future.set_running_or_notify_cancel()
        self._changes.put((change, future))
        return future

    def read(self, look: Change[T]) -> Future[T]:
        """Look something up in the database, beside what is being written."""
        return self._threads.submit(self._look, look)

    def do(self, work: Callable[[], T]) -> Future[T]:
        """Do work that reads or writes files."""
        return self._threads.submit(work)

    def close(self) -> None:
        """End when all that was handed in is written."""
        self._threads.shutdown()
        self._changes.put(None)
        self._thread.join()
        self._store.close()

    def _look(self, look: Change[T]) -> T:
        with self._store.read() as connection:
            return look(connection)

    def _write_all(self) -> None:
        going = True
        while going:
            together, going = self._gather()
            if together:
                self._commit(together)

    def _gather(self) -> tuple[list[tuple[Change[Any], Future[Any]]], bool]:
        entry = self._changes.get()
        together: list[tuple[Change[Any], Future[Any]]] = []
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

    def _commit(self, together: list[tuple[Change[Any], Future[Any]]]) -> None:
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

    def _apply(self, changes: list[Change[Any]]) -> list[Any]:
        with self._store.write() as connection:
            require_attempt(connection, self._crawl_id, self._attempt)
            return [change(connection) for change in changes]
