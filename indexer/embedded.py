"""The suspect index that needs nothing installed: SQLite's full-text search over tokens made in Python.

A rebuild fills a file of its own and is published by replacing one line, so searches are never without an index, and
what a killed rebuild has left is dropped by the next.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import IO, TypeVar

from counterfoil.exceptions import IndexUnavailable
from indexer.base import Generation, IndexHealth, IndexState, PutOutcome, SuspectIndex
from indexer.document import SuspectDocument
from indexer.embedded_file import IndexFile
from indexer.embedded_folder import IndexFolder
from indexer.embedded_search import order_in_file, search_file
from indexer.embedded_writing import merge, put_all
from indexer.query import SuspectOrder, SuspectPage, SuspectQuery

_REVISIONS_AT_ONCE = 50_000

T = TypeVar("T")


class IndexNotMade(IndexUnavailable):
    """There is no index at all."""


class EmbeddedIndex(SuspectIndex):
    """A suspect index in a folder; any number of processes and threads may use it at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = IndexFolder(folder)
        self._files: dict[Path, IndexFile] = {}
        self._lock = threading.Lock()

    def put(self, documents: Sequence[SuspectDocument]) -> list[PutOutcome]:
        """Store documents in every generation there is."""
        current, outcomes = self._with_current(lambda file: (file.path, put_all(file, documents)))
        # Looked for only now: a generation that is begun later is filled from what is in the database by then.
        for path in self._folder.living():
            if path != current:
                self._put_into_other(path, documents)
        return outcomes

    def search(self, query: SuspectQuery) -> SuspectPage:
        """Find one owner's suspects."""
        return self._with_current(lambda file: search_file(file, query))

    def order(self, query: SuspectQuery) -> SuspectOrder:
        """The ids that a search would answer."""
        return self._with_current(lambda file: order_in_file(file, query))

    def revisions(self) -> Iterator[tuple[int, int]]:
        """(suspect id, revision) of every document, by suspect id."""
        last = 0
        while True:
            rows = self._with_current(partial(revisions_after, suspect_id=last))
            if not rows:
                return
            yield from rows
            last = rows[-1][0]

    def begin_generation(self) -> Generation:
        """Start to fill a new generation."""
        lock = self._folder.lock()
        try:
            return EmbeddedGeneration(self._folder, lock, IndexFile.create(self._folder.next_path()))
        except BaseException:
            lock.close()
            raise

    def state(self) -> IndexState:
        """Whether there is an index, made by this program's rules."""
        try:
            outdated = self._with_file(lambda file: file.outdated())
        except IndexNotMade:
            return IndexState.MISSING
        return IndexState.OUTDATED if outdated else IndexState.READY

    def check(self) -> None:
        """Read the whole index and raise IndexUnavailable if it is damaged."""
        self._with_current(check_file)

    def health(self) -> IndexHealth:
        """How the index is."""
        state = self.state()
        documents = self._with_current(count_documents) if state is IndexState.READY else 0
        return IndexHealth(engine="embedded", state=state, documents=documents, size=self._folder.size())

    def close(self) -> None:
        """Let go of the files."""
        with self._lock:
            files, self._files = self._files, {}
        for file in files.values():
            file.close()

    def _with_current(self, use: Callable[[IndexFile], T]) -> T:
        """Use the file that searches use. Raises IndexUnavailable when there is none that this program can use."""

        def use_if_ours(file: IndexFile) -> T:
            if file.outdated():
                raise IndexUnavailable(
                    "The suspect index was made by another version of the program. Run `counterfoil index rebuild`."
                )
            return use(file)

        return self._with_file(use_if_ours)

    def _with_file(self, use: Callable[[IndexFile], T]) -> T:
        while True:
            path = self._folder.current()
            if path is None:
                raise IndexNotMade(
                    "There is no suspect index in {folder}. Run `counterfoil index rebuild`.",
                    folder=self._folder.folder,
                )
            try:
                return use(self._file(path))
            except (IndexUnavailable, FileNotFoundError):
                # Between looking for the file and using it, another may have been published in its place.
                if path == self._folder.current():
                    raise

    def _file(self, path: Path) -> IndexFile:
        with self._lock:
            for gone in [known for known, file in self._files.items() if not file.is_there()]:
                self._files.pop(gone).close()
            if path not in self._files:
                self._files[path] = IndexFile(path)
            return self._files[path]

    def _put_into_other(self, path: Path, documents: Sequence[SuspectDocument]) -> None:
        try:
            put_all(self._file(path), documents)
        except (IndexUnavailable, FileNotFoundError):
            # A rebuild that was given up meanwhile has taken its file away; anything else must be tried again.
            if path.exists():
                raise


class EmbeddedGeneration(Generation):
    """A file that is being filled, and the lock that keeps others from filling one too."""

    def __init__(self, folder: IndexFolder, lock: IO[str], file: IndexFile) -> None:
        self._folder = folder
        self._lock = lock
        self._file = file

    def put(self, documents: Sequence[SuspectDocument]) -> list[PutOutcome]:
        """Store documents in this generation only."""
        return put_all(self._file, documents)

    def publish(self) -> None:
        """Let searches use this generation from now on; a damaged one before it is kept aside."""
        merge(self._file)
        before = self._folder.current()
        self._folder.publish(self._file.path, set_aside=before is not None and _is_damaged(before))
        self._end()

    def abandon(self) -> None:
        """Drop this generation, unless a publishing that failed halfway has made it the one that is searched."""
        self._file.close()
        if self._folder.current() != self._file.path:
            self._folder.remove(self._file.path)
        self._end()

    def _end(self) -> None:
        self._file.close()
        self._lock.close()


def revisions_after(file: IndexFile, suspect_id: int) -> list[tuple[int, int]]:
    """The next (suspect id, revision) pairs after a suspect."""
    with file.reading() as connection:
        return connection.execute(
            "SELECT id, revision FROM suspects WHERE id > ? ORDER BY id LIMIT ?", (suspect_id, _REVISIONS_AT_ONCE)
        ).fetchall()


def count_documents(file: IndexFile) -> int:
    """How many documents a generation holds."""
    with file.reading() as connection:
        return int(connection.execute("SELECT count(*) FROM suspects").fetchone()[0])


def check_file(file: IndexFile) -> None:
    """Read a whole generation and raise IndexUnavailable if anything in it is broken."""
    with file.reading() as connection:
        problems = [row[0] for row in connection.execute("PRAGMA quick_check(3)")]
    if problems != ["ok"]:
        raise IndexUnavailable(
            "The suspect index {path} is damaged ({problems}). Run `counterfoil index rebuild`.",
            path=file.path,
            problems="; ".join(problems),
        )
    with file.writing() as connection:
        connection.execute("INSERT INTO words (words) VALUES ('integrity-check')")


def _is_damaged(path: Path) -> bool:
    file = IndexFile(path)
    try:
        check_file(file)
    except IndexUnavailable:
        return True
    finally:
        file.close()
    return False
