"""One generation of the embedded index: an SQLite file with its tables, its connections and its errors.

`words` is a full-text table that keeps no text, only which tokens stand where; `rows` has what suspects are counted and
ordered by; `suspects` says which revision is there; `bodies` has the documents. `names` numbers the values of facets.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from counterfoil.exceptions import IndexUnavailable
from indexer.embedded_terms import rules

_SCHEMA = """
CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE suspects (
    id INTEGER PRIMARY KEY, revision INTEGER NOT NULL, row INTEGER NOT NULL, columns BLOB NOT NULL
);
CREATE TABLE bodies (id INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE entries (
    id INTEGER PRIMARY KEY, time INTEGER NOT NULL, price INTEGER,
    marketplace INTEGER NOT NULL, seller INTEGER, verdict INTEGER NOT NULL, brands TEXT NOT NULL, products TEXT NOT NULL
);
CREATE TABLE names (
    id INTEGER PRIMARY KEY, field TEXT NOT NULL, value TEXT NOT NULL, label TEXT NOT NULL, UNIQUE (field, value)
);
CREATE TABLE buckets (
    owner INTEGER, kind TEXT, number INTEGER, PRIMARY KEY (owner, kind, number)
) WITHOUT ROWID;
CREATE VIRTUAL TABLE words USING fts5 (title, others, facts, content='', columnsize=0, tokenize='ascii');
"""
# The `ascii` tokenizer parts words at ASCII signs only and leaves every other character alone. Tokens have none: what
# is a letter is for `text.py` to say, not for the Unicode version that SQLite was built with.

# The upper levels of every tree of a million suspects fit; a connection takes it only as it reads.
_CACHE_KIB = 32_768
_BUSY_SECONDS = 30


class IndexFile:
    """One generation's file. Any number of threads and processes may read and write it at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._identity = path.stat().st_ino
        self._idle: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        self._outdated: bool | None = None

    @classmethod
    def create(cls, path: Path) -> "IndexFile":
        """Make an empty generation; the file appears with all its tables or not at all."""
        draft = path.with_name(path.name + ".draft")
        draft.unlink(missing_ok=True)
        with our_errors(path), closing(sqlite3.connect(draft, isolation_level=None)) as connection:
            # Here, where nobody else has the file: SQLite's wait for others does not cover a change of this mode.
            connection.execute("PRAGMA journal_mode=WAL")
            connection.executescript(_SCHEMA)
            connection.execute("INSERT INTO about VALUES ('rules', ?)", (rules(),))
        draft.replace(path)
        return cls(path)

    def is_there(self) -> bool:
        """Whether the file is still the one that was opened."""
        try:
            return self.path.stat().st_ino == self._identity
        except FileNotFoundError:
            return False

    def outdated(self) -> bool:
        """Whether other rules made it than this program's."""
        if self._outdated is None:
            with self.reading() as connection:
                kept = connection.execute("SELECT value FROM about WHERE key = 'rules'").fetchone()
            self._outdated = kept is None or kept[0] != rules()
        return self._outdated

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A consistent view of the file."""
        with self._transaction("BEGIN") as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One writing transaction: all of it or nothing."""
        with self._transaction("BEGIN IMMEDIATE") as connection:
            yield connection

    def close(self) -> None:
        """Close the connections that nobody uses."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        with our_errors(self.path):
            connection = self._take()
            try:
                connection.execute(begin)
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                connection.close()
                raise
        with self._lock:
            self._idle.append(connection)

    def _take(self) -> sqlite3.Connection:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return connect(self.path)


def connect(path: Path) -> sqlite3.Connection:
    """A connection to a file that is there; transactions are the caller's to begin."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw",
        uri=True,
        timeout=_BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )
    # FULL: what was delivered is struck off the outbox, so it must be on disk by then. It costs one sync for a batch.
    for pragma in ("synchronous=FULL", f"cache_size=-{_CACHE_KIB}"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


@contextmanager
def our_errors(path: Path) -> Iterator[None]:
    """Turn SQLite's errors, and the system's, into IndexUnavailable, which says what to do."""
    try:
        yield
    except sqlite3.Error as error:
        raise _meaning(path, error) from error
    except OSError as error:
        said = error.strerror or error
        raise IndexUnavailable(
            "The suspect index {path} cannot be written: {said}. Nothing is lost.", path=path, said=said
        ) from error


def _meaning(path: Path, error: sqlite3.Error) -> IndexUnavailable:
    said = str(error)
    if isinstance(error, sqlite3.OperationalError):
        if "full" in said:
            return IndexUnavailable(
                "The disk is full: the suspect index {path} cannot be written. Make room; nothing is lost.", path=path
            )
        if "locked" in said:
            return IndexUnavailable(
                "The suspect index {path} is in use by another process for too long: try again.", path=path
            )
        if "unable to open" in said or "readonly" in said:
            return IndexUnavailable(
                "The suspect index {path} cannot be opened ({said}): mend its permissions, or else: Run `counterfoil "
                "index rebuild`.",
                path=path,
                said=said,
            )
    return IndexUnavailable(
        "The suspect index {path} is damaged ({said}). Nothing is lost: it is made from the database. Run "
        "`counterfoil index rebuild`.",
        path=path,
        said=said,
    )
