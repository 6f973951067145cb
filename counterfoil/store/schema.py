"""Makes and migrates the database, and refuses one that is damaged, not ours to write, or another version's."""

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from counterfoil.clock import now
from counterfoil.exceptions import SchemaMismatch, StoreDamaged, StoreError
from counterfoil.settings import Settings
from counterfoil.store.engine import Store, connect, read_address
from counterfoil.store.parts import refuse_other_versions
from counterfoil.store.permissions import named_errors, require_access
from counterfoil.store.tables import parts
from counterfoil.version import VERSION

if TYPE_CHECKING:
    from alembic.config import Config

# In the data folder until a restore is whole.
UNFINISHED_RESTORE = "restore.json"
_FOLDER = Path(__file__).parent / "migrations"
# Any number that no other program takes on the same PostgreSQL database.
_POSTGRES_LOCK = 0x636F756E


def open_store(settings: Settings, *, restoring: bool = False) -> Store:
    """Open the database, making or migrating it first where needed.

    Raises StoreDamaged rather than start empty over a database that is there and cannot be read, or over a folder whose
    database is gone; SchemaMismatch when a newer version of the program made it; VersionConflict rather than migrate it
    under another version that is running; StoreError where this user may not write it, and, unless by the restore
    itself, while a restore into the folder is not finished.
    """
    url = read_address(settings.database_address)
    make_folder(settings.data)
    if not restoring and (settings.data / UNFINISHED_RESTORE).exists():
        raise StoreError(
            "A restore into {data} was not finished, so nothing here is whole: run the same `counterfoil restore` "
            "again, or delete the folder.",
            data=settings.data,
        )
    if url.get_backend_name() != "sqlite":
        _make_evidence(settings.data)
        return _ready(connect(settings.database_address), may_be_empty=True)
    path = Path(str(url.database))
    with _locked(settings.data / "database.lock"):
        require_access(path.parent, "The database's folder")
        _make_sqlite(path, settings.data)
        for file in (path, *(path.with_name(path.name + ending) for ending in ("-wal", "-shm"))):
            require_access(file, "The database")
        store = _ready(connect(settings.database_address), may_be_empty=False)
        # From here on the folder is in use: a database that is missing later was lost.
        _make_evidence(settings.data)
        return store


def migrate_copy(store: Store) -> None:
    """Bring a copy of a database, which nobody else uses, to this version's schema."""
    with store.write() as connection:
        if sa.inspect(connection).has_table(parts.name):
            # Whoever runs on the original does not run on its copy.
            connection.execute(parts.delete())
        _upgrade(connection)


def make_folder(folder: Path) -> None:
    """Make the data folder, readable by its owner only. Raises StoreError where that cannot be done."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise StoreError(
            "The data folder {folder} cannot be made: {error}. Set COUNTERFOIL_DATA.", folder=folder, error=error
        ) from error
    require_access(folder, "The data folder")


def head_revision() -> str:
    """The newest migration that this version of the program has."""
    return max(_revisions())


@cache
def _revisions() -> frozenset[str]:
    # By the names of their files: Alembic, which imports them all, takes an eighth of the start of every process.
    return frozenset(file.name.partition("_")[0] for file in (_FOLDER / "versions").glob("[0-9]*_*.py"))


def current_revision(connection: sa.Connection) -> str | None:
    """The migration that the database is at; None for one without our tables."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return found


def check_integrity(store: Store) -> None:
    """Read the whole SQLite file and raise StoreDamaged if its structure is broken; PostgreSQL checks itself."""
    if store.engine.dialect.name != "sqlite":
        return
    with store.read() as connection:
        problems = [row[0] for row in connection.exec_driver_sql("PRAGMA quick_check(5)")]
    if problems != ["ok"]:
        raise StoreDamaged(
            "The database is damaged: {problems}. Nothing was changed. Restore a backup.", problems="; ".join(problems)
        )


def _make_sqlite(path: Path, data: Path) -> None:
    if path.exists():
        if path.stat().st_size == 0:
            raise StoreDamaged(
                "The database {path} is empty (0 bytes). Restore a backup, or move the file away.", path=path
            )
        return
    if (data / "evidence").exists() or path.with_name(f"{path.name}-wal").exists():
        raise StoreDamaged(
            "The database {path} is missing, but its data folder is in use. Restore a backup, or name another folder.",
            path=path,
        )
    _create_whole(path)


def _create_whole(path: Path) -> None:
    # Made under another name and renamed, so that nobody ever sees, or is left with, half a database.
    draft = path.with_name(f"{path.name}.draft")
    for suffix in ("", "-wal", "-shm", "-journal"):
        path.with_name(draft.name + suffix).unlink(missing_ok=True)
    _ready(connect(f"sqlite:///{draft}"), may_be_empty=True).close()
    with closing(sqlite3.connect(draft)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    draft.rename(path)


def _make_evidence(data: Path) -> None:
    folder = data / "evidence"
    with named_errors(folder, "The evidence folder"):
        folder.mkdir(exist_ok=True)
    require_access(folder, "The evidence folder")


def _ready(store: Store, *, may_be_empty: bool) -> Store:
    try:
        _migrate(store, may_be_empty=may_be_empty)
    except BaseException:
        store.close()
        raise
    store.revision = head_revision()
    return store


def _migrate(store: Store, *, may_be_empty: bool) -> None:
    with store.read() as connection:
        current = current_revision(connection)
    if current == head_revision():
        return
    if current is None and not may_be_empty:
        raise StoreDamaged(
            "The database {database} has none of Counterfoil's tables: it is damaged, or another program's. "
            "Nothing was changed. Restore a backup, or name another folder.",
            database=store.engine.url.database,
        )
    _refuse_newer(current)
    with store.write() as connection:
        tables = hold_all(connection)
        if "parts" in tables:
            refuse_other_versions(connection, VERSION, now())
        _upgrade(connection)


def hold_all(connection: sa.Connection) -> list[str]:
    """Let nobody else migrate, and no writer go on, until the transaction ends; the tables that there are."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_POSTGRES_LOCK)))
    tables = sa.inspect(connection).get_table_names()
    if connection.dialect.name == "postgresql" and "alembic_version" in tables:
        # Every writer has read it first, and reads it again when it gets its turn.
        connection.exec_driver_sql("LOCK TABLE alembic_version IN ACCESS EXCLUSIVE MODE")
    return tables


def knows_revision(revision: str) -> bool:
    """Whether this version of the program has this migration."""
    return revision in _revisions()


def _refuse_newer(current: str | None) -> None:
    if current is not None and not knows_revision(current):
        raise SchemaMismatch(
            "The database was made by a newer version of Counterfoil (schema {current}; this one knows up to "
            "{head_revision}). Start that version, or restore a backup made before its upgrade.",
            current=current,
            head_revision=head_revision(),
        )


def _upgrade(connection: sa.Connection) -> None:
    from alembic import command

    config = migrations()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def migrations() -> "Config":
    """Where Alembic finds the migrations."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    return config


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with named_errors(path, "The file"):
        file = path.open("a")
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
