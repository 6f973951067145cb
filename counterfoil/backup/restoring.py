"""Puts a backup in place, into an empty data folder: all of it or nothing.

A marker lies in the folder from the first file to the last; while it does, nothing opens the folder but another restore
of the same backup, which goes on where the killed one ended. Taking the marker away is the one step that counts.
"""

import fcntl
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import sqlalchemy as sa

from counterfoil.backup.archive import BackupReader
from counterfoil.backup.durable import move_whole, sync
from counterfoil.backup.listing import Listed, for_each, put
from counterfoil.backup.manifest import Manifest, Progress
from counterfoil.backup.opening import read_backup
from counterfoil.backup.postgres import end_load, load
from counterfoil.backup.snapshot import count_rows
from counterfoil.backup.verifying import check_database, check_declaration, check_listing
from counterfoil.evidence import EvidenceStore, open_evidence
from counterfoil.exceptions import BackupDamaged, Conflict, EvidenceDamaged, NotFound, SchemaMismatch, StoreError
from counterfoil.settings import Settings
from counterfoil.store import Store, open_store
from counterfoil.store.engine import connect, read_address
from counterfoil.store.schema import UNFINISHED_RESTORE, current_revision, knows_revision, make_folder
from counterfoil.store.tables import parts

# What an empty folder may hold: a disk's own, and the lock that a refused start has left.
_NOTHING = frozenset({UNFINISHED_RESTORE, "lost+found", "database.lock"})


def restore_backup(settings: Settings, target: Path, progress: Progress, finish: Callable[[Store], None]) -> Manifest:
    """Put a backup in place; `finish` is called with its database before anybody else may open it.

    Every file is verified before the folder counts. Raises Conflict for a folder or database in use, BackupDamaged,
    SchemaMismatch for a backup of a newer version, and StoreError.
    """
    with read_backup(target.absolute()) as reader:
        manifest = reader.manifest
        _refuse_unsuited(settings, manifest)
        with _marked(settings, manifest) as begun:
            _restore_evidence(reader, open_evidence(settings), progress)
            _restore_declarations(reader, settings)
            _restore_database(reader, settings, begun=begun)
            with closing(open_store(settings, restoring=True)) as store:
                finish(store)
    return manifest


def _refuse_unsuited(settings: Settings, manifest: Manifest) -> None:
    engine = read_address(settings.database_address).get_backend_name()
    if engine != manifest.engine:
        raise Conflict(
            f"The backup was taken from {manifest.engine}, COUNTERFOIL_DATABASE_URL names {engine}: set it to a "
            "database of the same kind, or unset it for SQLite in the data folder."
        )
    if not knows_revision(manifest.schema_revision):
        raise SchemaMismatch(
            f"The backup was taken by Counterfoil {manifest.counterfoil} (schema {manifest.schema_revision}), which is "
            "newer than this version: restore it with that one."
        )


@contextmanager
def _marked(settings: Settings, manifest: Manifest) -> Iterator[bool]:
    """Hold the data folder for this restore until it is whole; yields whether one was begun before."""
    make_folder(settings.data)
    marker, backup = settings.data / UNFINISHED_RESTORE, f"{manifest.installation} {manifest.finished_at.isoformat()}\n"
    begun = marker.exists()
    if not begun:
        _refuse_used(settings)
    with marker.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Conflict(f"Another restore into {settings.data} is at work.") from error
        file.seek(0)
        if file.read() not in {"", backup}:
            raise Conflict(
                f"A restore of another backup into {settings.data} was not finished: delete the folder, or finish that."
            )
        file.seek(0)
        file.truncate()
        file.write(backup)
        file.flush()
        sync(marker)
        sync(settings.data)
        yield begun
        sync(settings.data)
        marker.unlink()
        sync(settings.data)


def _refuse_used(settings: Settings) -> None:
    names = sorted({path.name for path in settings.data.iterdir()} - _NOTHING)
    database = _sqlite_file(settings)
    if database is not None and database.exists() and database.parent != settings.data:
        names.append(str(database))
    if names:
        raise Conflict(
            f"The data folder {settings.data} is in use: it holds {', '.join(names[:3])}. Restore into an empty one: "
            "stop the service and move this folder away, or set COUNTERFOIL_DATA to a new one."
        )


def _restore_evidence(reader: BackupReader, to: EvidenceStore, progress: Progress) -> None:
    check_listing(reader)
    manifest = reader.manifest
    lost = set(manifest.lost)

    def copy(one: Listed) -> None:
        if str(one) not in lost:
            put(to, one, _get(reader.evidence, one))

    for _ in for_each(
        reader.file(manifest.listing), copy, manifest.images + manifest.bodies + manifest.captures, progress
    ):
        pass


def _get(source: EvidenceStore, one: Listed) -> bytes:
    try:
        return source.get(one.kind, one.sha256)
    except (NotFound, EvidenceDamaged) as error:
        where = source.where(one.kind, one.sha256)
        raise BackupDamaged(f"The backup is damaged: {where}: {error} Nothing was restored.") from error


def _restore_declarations(reader: BackupReader, settings: Settings) -> None:
    for name in reader.manifest.marketplaces:
        path = settings.marketplaces_folder / name
        # A folder of the operator's own choice may hold newer ones.
        if settings.marketplaces is None or not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            draft = path.with_name(f"{path.name}.draft")
            shutil.copyfile(check_declaration(reader, name), draft)
            move_whole(draft, path)


def _restore_database(reader: BackupReader, settings: Settings, *, begun: bool) -> None:
    file = reader.file(reader.manifest.database)
    path = _sqlite_file(settings)
    if path is None:
        _restore_postgres(reader, file, settings, begun=begun)
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f"{path.name}.draft")
    shutil.copyfile(file, draft)
    check_database(reader, draft)
    _forget_parts(draft)
    for beside in ("-wal", "-shm"):
        path.with_name(path.name + beside).unlink(missing_ok=True)
    draft.chmod(0o600)
    move_whole(draft, path)


def _restore_postgres(reader: BackupReader, file: Path, settings: Settings, *, begun: bool) -> None:
    check_database(reader, file)
    url, manifest = read_address(settings.database_address), reader.manifest
    with closing(connect(settings.database_address)) as store:
        if begun:
            end_load(store)
        with store.read() as connection:
            tables = sa.inspect(connection).get_table_names()
            # One that was killed after this step has left the database as it should be.
            if tables and not (begun and _is_restored(connection, manifest)):
                raise Conflict(
                    f"The database {url.database} on {url.host} is in use: it has tables. Restore into an empty one: "
                    "createdb, and set COUNTERFOIL_DATABASE_URL."
                )
        if not tables:
            _load(store, url, file, manifest)
        with store.write() as connection:
            connection.execute(parts.delete())


def _load(store: Store, url: sa.URL, file: Path, manifest: Manifest) -> None:
    try:
        load(url, file)
    except StoreError:
        # In the way may have been a killed restore's, which has come to its end meanwhile.
        with store.read() as connection:
            if not _is_restored(connection, manifest):
                raise


def _is_restored(connection: sa.Connection, manifest: Manifest) -> bool:
    found, wanted = count_rows(connection), dict(manifest.rows)
    # Emptied at the end, see below.
    for rows in (found, wanted):
        rows.pop(parts.name, None)
    return current_revision(connection) == manifest.schema_revision and found == wanted


def _forget_parts(path: Path) -> None:
    """Who ran when the backup was taken does not run here: another version may start at once."""
    with closing(sqlite3.connect(path)) as connection, connection:
        if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'parts'").fetchone():
            connection.execute("DELETE FROM parts")


def _sqlite_file(settings: Settings) -> Path | None:
    url = read_address(settings.database_address)
    return Path(str(url.database)) if url.get_backend_name() == "sqlite" else None
