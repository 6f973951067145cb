"""One moment of the database as a file, taken while others write: SQLite's online backup, PostgreSQL's pg_dump."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import sqlalchemy as sa

from counterfoil.backup.manifest import Progress
from counterfoil.backup.postgres import dump
from counterfoil.exceptions import SchemaMismatch, StoreDamaged, StoreError
from counterfoil.settings import Settings
from counterfoil.store.engine import Store, connect, read_address
from counterfoil.store.instance import installation_name
from counterfoil.store.schema import current_revision, head_revision, knows_revision, migrate_copy

_PAGES_AT_ONCE = 2_000
_COPYING = "database"


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The database of one moment: its file, the schema it has, whose it is, and a view of it by this version's tables.

    The file is complete once the view is closed.
    """

    file: Path
    engine: Literal["sqlite", "postgresql"]
    schema: str
    installation: str | None
    rows: dict[str, int]
    view: sa.Connection


@contextmanager
def take_snapshot(settings: Settings, folder: Path, progress: Progress) -> Iterator[Snapshot]:
    """Copy the database into a folder; nothing of it is changed, migrated or locked against writers.

    Raises StoreError where there is none, StoreDamaged where the copy is damaged, and SchemaMismatch for one that this
    version cannot read.
    """
    url = read_address(settings.database_address)
    if url.get_backend_name() == "sqlite":
        with _of_sqlite(Path(str(url.database)), folder, progress) as snapshot:
            yield snapshot
    else:
        with _of_postgres(url, folder) as snapshot:
            yield snapshot


def count_rows(connection: sa.Connection) -> dict[str, int]:
    """How many rows each table has, of whatever schema."""
    tables = [sa.table(name) for name in sorted(sa.inspect(connection).get_table_names())]
    return {table.name: int(connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0) for table in tables}


def describe_sqlite(path: Path) -> tuple[str | None, dict[str, int]]:
    """The schema and the rows of an SQLite file that nobody writes. Raises StoreDamaged."""
    address = f"sqlite:///{path.absolute().as_uri()}?mode=ro&immutable=1&uri=true"
    engine = sa.create_engine(address, poolclass=sa.NullPool)
    try:
        with engine.connect() as connection:
            return current_revision(connection), count_rows(connection)
    except sa.exc.DatabaseError as error:
        raise StoreDamaged(f"The database is damaged: {error.orig}.") from error


def check_sqlite(path: Path) -> None:
    """Read every page of an SQLite file that nobody writes, and compare its indexes. Raises StoreDamaged."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
            problems = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(5)")]
    except sqlite3.DatabaseError as error:
        problems = [str(error)]
    if problems != ["ok"]:
        raise StoreDamaged(f"The database is damaged: {'; '.join(problems)}.")


@contextmanager
def _of_sqlite(source: Path, folder: Path, progress: Progress) -> Iterator[Snapshot]:
    if not source.exists():
        raise StoreError(f"There is no database {source}: is COUNTERFOIL_DATA right?")
    copy = folder / "database.sqlite"
    _copy_sqlite(source, copy, progress)
    try:
        check_sqlite(copy)
    except StoreDamaged as error:
        raise StoreDamaged(f"{error} No backup was taken, and the last one stays as it is.") from error
    with closing(connect(f"sqlite:///{copy}")) as store:
        schema, installation = _identity(store)
        with store.read() as connection:
            rows = count_rows(connection)
    with _present_tables(copy, schema) as store, store.read() as view:
        yield Snapshot(file=copy, engine="sqlite", schema=schema, installation=installation, rows=rows, view=view)


def _copy_sqlite(source: Path, copy: Path, progress: Progress) -> None:
    def told(_status: int, remaining: int, total: int) -> None:
        progress(_COPYING, total - remaining, total)

    copy.unlink(missing_ok=True)
    try:
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None)) as live,
            closing(sqlite3.connect(copy)) as to,
        ):
            # Held to the end: without it a writer's commit would make SQLite begin from the first page again.
            live.execute("BEGIN")
            live.execute("SELECT count(*) FROM sqlite_master").fetchone()
            live.backup(to, pages=_PAGES_AT_ONCE, progress=told)
            # One file without a log beside it.
            to.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.OperationalError as error:
        raise StoreError(f"The database {source} cannot be copied: {error}.") from error
    except sqlite3.DatabaseError as error:
        raise StoreDamaged(
            f"The database {source} is damaged ({error}). No backup was taken, and the last one stays as it is."
        ) from error


@contextmanager
def _present_tables(copy: Path, schema: str) -> Iterator[Store]:
    """The copy, as this version's tables: an older one is migrated, in a copy of its own, to be read."""
    readable = copy
    if schema != head_revision():
        readable = copy.with_name("migrated.sqlite")
        with closing(sqlite3.connect(copy)) as old, closing(sqlite3.connect(readable)) as new:
            old.backup(new)
    with closing(connect(f"sqlite:///{readable}")) as store:
        if readable != copy:
            migrate_copy(store)
        yield store
    with closing(sqlite3.connect(copy)) as connection:
        # Reading it has made it one with a log again.
        connection.execute("PRAGMA journal_mode=DELETE")


@contextmanager
def _of_postgres(url: sa.URL, folder: Path) -> Iterator[Snapshot]:
    file = folder / "database.dump"
    with closing(connect(url.render_as_string(hide_password=False))) as store:
        schema, installation = _identity(store)
        if schema != head_revision():
            raise SchemaMismatch(
                f"The database has schema {schema}, this version {head_revision()}: take the backup with the version "
                "that made it, or with pg_dump."
            )
        with store.read() as view:
            moment = view.execute(sa.select(sa.func.pg_export_snapshot())).scalar_one()
            dump(url, str(moment), file)
            rows = count_rows(view)
            yield Snapshot(
                file=file, engine="postgresql", schema=schema, installation=installation, rows=rows, view=view
            )


def _identity(store: Store) -> tuple[str, str | None]:
    """The schema, and whose database it is. Raises StoreDamaged or SchemaMismatch where this version cannot read it."""
    with store.read() as connection:
        schema, installation = current_revision(connection), installation_name(connection)
    if schema is None:
        raise StoreDamaged("The database has none of Counterfoil's tables. No backup was taken.")
    if not knows_revision(schema):
        raise SchemaMismatch(
            f"The database has schema {schema}, of a newer version: take the backup with that version."
        )
    return schema, installation
