"""Opens the database: one SQLite file by default, PostgreSQL by setting; the same tables and functions on both."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from counterfoil.exceptions import (
    Conflict,
    InvalidInput,
    InvalidSetting,
    SchemaMismatch,
    StoreDamaged,
    StoreUnavailable,
)

# A writer waits this long for another's transaction; ours last milliseconds, so more means that something is stuck.
_BUSY_SECONDS = 30
# deadlock_detected, serialization_failure: PostgreSQL undid one of two transactions that stood in each other's way.
_IN_EACH_OTHERS_WAY = frozenset({"40P01", "40001"})
_DAMAGE = ("malformed", "not a database", "unsupported file format")


class Store:
    """The database: `with store.write() as connection` is one transaction, committed at the end or not at all.

    Once `revision` is set, to the schema that this program knows, nothing is written to a database that has another.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self.revision: str | None = None
        snapshot = {} if engine.dialect.name == "sqlite" else {"isolation_level": "REPEATABLE READ"}
        self._reader = engine.execution_options(counterfoil_read=True, **snapshot)

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """One writing transaction. On SQLite it takes the write lock at once, so that it never fails half-way.

        Raises SchemaMismatch when another version of the program has migrated the database meanwhile.
        """
        with _our_errors(), self.engine.begin() as connection:
            if self.revision is not None:
                self._require_revision(connection)
            yield connection

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """One reading transaction: a consistent view that blocks no writer."""
        with _our_errors(), self._reader.connect() as connection:
            yield connection

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()

    def _require_revision(self, connection: sa.Connection) -> None:
        # On PostgreSQL this also keeps a migration waiting until the transaction ends: it locks this table first.
        found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
        if found != self.revision:
            raise SchemaMismatch(
                "The database was changed to schema {found} by another version of Counterfoil while this process, "
                "which knows schema {revision}, was running: it writes nothing more. Start the other version.",
                found=found,
                revision=self.revision,
            )


def connect(address: str, timeout: float | None = None) -> Store:
    """A Store over an SQLAlchemy address; nothing is opened until the first transaction. Raises InvalidSetting.

    `timeout` is how many seconds a PostgreSQL server may take to answer at all.
    """
    url = read_address(address)
    if url.get_backend_name() == "sqlite":
        return Store(_sqlite_engine(url))
    patience = {} if timeout is None else {"connect_timeout": max(2, round(timeout))}
    try:
        return Store(sa.create_engine(url, pool_pre_ping=True, connect_args=patience))
    except (ImportError, sa.exc.NoSuchModuleError) as error:
        raise InvalidSetting(
            "COUNTERFOIL_DATABASE_URL needs a driver that is not installed ({error}): pip install "
            "'counterfoil[postgres]'.",
            error=error,
        ) from error


def read_address(address: str) -> sa.URL:
    """The parts of a database's address. Raises InvalidSetting, without the address: it may hold a password."""
    try:
        url = sa.make_url(address)
    except (sa.exc.ArgumentError, ValueError):
        url = None
    backend = url.get_backend_name() if url is not None else None
    if url is None or backend not in {"sqlite", "postgresql"}:
        raise InvalidSetting(
            "COUNTERFOIL_DATABASE_URL is no database address: expected sqlite:///PATH or postgresql+psycopg://..."
        )
    if backend == "sqlite" and url.database in {None, "", ":memory:"}:
        raise InvalidSetting("COUNTERFOIL_DATABASE_URL names no file: expected sqlite:///PATH.")
    return url


def _sqlite_engine(url: sa.URL) -> sa.Engine:
    engine = sa.create_engine(url, connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    # Transactions are ours to begin: the driver's own rule begins them late, and not at all before DDL.
    connection.isolation_level = None
    for pragma in ("foreign_keys=ON", "synchronous=FULL", f"busy_timeout={_BUSY_SECONDS * 1000}"):
        connection.execute(f"PRAGMA {pragma}")
    # Only a writer may change the mode, and it stays with the file: asked for once, when it is not yet so.
    if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        connection.execute("PRAGMA journal_mode=WAL")


def _begin_sqlite(connection: sa.Connection) -> None:
    reading = connection.get_execution_options().get("counterfoil_read", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


@contextmanager
def _our_errors() -> Iterator[None]:
    try:
        yield
    except sa.exc.DatabaseError as error:
        ours = translate(error)
        if ours is None:
            raise
        raise ours from error


def translate(error: sa.exc.DatabaseError) -> Exception | None:
    """Our error for what the database said; None where it has no meaning of its own for us."""
    text = str(error.orig)
    if any(said in text for said in _DAMAGE):
        return StoreDamaged(
            "The database is damaged ({reason}). Nothing was changed. Restore the last backup, or move the file away "
            "and copy what can be read with `sqlite3 OLD .recover`.",
            reason=text,
        )
    if getattr(error.orig, "sqlstate", None) in _IN_EACH_OTHERS_WAY:
        return Conflict("The same rows were changed by somebody else at the same time: try again.")
    if isinstance(error, sa.exc.DataError):
        return InvalidInput("The database cannot keep this: {reason}.", reason=text.splitlines()[0])
    if isinstance(error, sa.exc.OperationalError):
        return StoreUnavailable("The database cannot be used: {reason}.", reason=text)
    return None
