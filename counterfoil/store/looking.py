"""Opens an existing database to look at it: nothing is made, migrated or written, and no answer is waited for long."""

import sqlite3
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from counterfoil.exceptions import StoreError
from counterfoil.settings import Settings
from counterfoil.store.engine import Store, connect, read_address

_STEPS_BETWEEN_LOOKS = 10_000


def open_to_look(settings: Settings, seconds: float) -> Store:
    """The database for reading only, each question answered within so many seconds or not at all.

    Raises StoreError where there is none, and InvalidSetting.
    """
    url = read_address(settings.database_address)
    if url.get_backend_name() != "sqlite":
        return _postgres(settings.database_address, seconds)
    path = Path(str(url.database))
    if not path.exists():
        raise StoreError("There is no database {path}.", path=path)
    return Store(_sqlite(path, seconds))


def size_of_log(settings: Settings) -> int | None:
    """Bytes in SQLite's write-ahead log; None where the database has none of its own."""
    url = read_address(settings.database_address)
    if url.get_backend_name() != "sqlite":
        return None
    log = Path(f"{url.database}-wal")
    return log.stat().st_size if log.exists() else 0


def _sqlite(path: Path, seconds: float) -> sa.Engine:
    def opened() -> sqlite3.Connection:
        # Where no log is, nobody has the database open; a plain reader would leave an empty log behind.
        mode = "mode=ro" if Path(f"{path}-wal").exists() else "mode=ro&immutable=1"
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?{mode}",
            uri=True,
            timeout=seconds,
            isolation_level=None,
            check_same_thread=False,
        )
        until = time.monotonic() + seconds
        connection.set_progress_handler(lambda: time.monotonic() > until, _STEPS_BETWEEN_LOOKS)
        return connection

    engine = sa.create_engine("sqlite://", creator=opened, poolclass=sa.NullPool)
    event.listen(engine, "begin", _begin)
    return engine


def _begin(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _postgres(address: str, seconds: float) -> Store:
    store = connect(address, timeout=seconds)

    def prepare(connection: Any, _record: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
            cursor.execute(f"SET statement_timeout = {int(seconds * 1_000)}")
        connection.commit()

    event.listen(store.engine, "connect", prepare)
    return store
