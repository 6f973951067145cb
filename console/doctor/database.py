"""Checks of the database: that it opens, whose schema it has, that its structure is whole, and the size of its log."""

from pathlib import Path

import sqlalchemy as sa

from console.doctor.findings import Finding, NotLookedAt, hint, ok, wrong
from console.doctor.place import Place
from console.output import size
from counterfoil.exceptions import StoreDamaged, StoreError
from counterfoil.store.looking import size_of_log
from counterfoil.store.schema import current_revision, head_revision, knows_revision

_RESTORE = "restore a backup into a new folder: counterfoil restore"
_LARGE_LOG = 64_000_000
_HUGE_LOG = 1_000_000_000


def check_database(place: Place) -> Finding:
    """The database can be opened, and is of this version's schema."""
    path = _file(place)
    if path is not None and not path.exists():
        return _absent(place, path)
    if path is not None and path.stat().st_size == 0:
        return wrong(f"{path} is empty (0 bytes)", _RESTORE)
    try:
        with place.look() as connection:
            revision, engine = current_revision(connection), _engine(connection)
    except StoreDamaged as error:
        return wrong(str(error))
    if revision is None:
        return wrong("the database has none of Counterfoil's tables: it is damaged, or another program's", _RESTORE)
    if revision == head_revision():
        return ok(f"{engine}, schema {revision}" + (f", {size(path.stat().st_size)}" if path else ""))
    if knows_revision(revision):
        text = f"{engine}, schema {revision}, older than this version's {head_revision()}"
        return hint(text, "back it up; the next start of this version changes it")
    text = f"{engine}, schema {revision}, of a newer version than this one, which knows {head_revision()}"
    return wrong(text, "use the newer version, or restore a backup made before its upgrade")


def check_integrity(place: Place) -> Finding:
    """The structure of the SQLite file is whole: every page of it is read."""
    path = _file(place)
    if path is None:
        return ok("PostgreSQL looks after its own files")
    if not path.exists():
        raise NotLookedAt("not looked at: there is no database")
    try:
        with place.look() as connection:
            problems = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA quick_check(5)")]
    except StoreDamaged as error:
        return wrong(str(error))
    except StoreError as error:
        if "interrupted" not in str(error):
            raise NotLookedAt("not looked at: the database cannot be used") from error
        text = f"the database ({size(path.stat().st_size)}) could not be read to its end in time"
        return hint(text, "counterfoil doctor --seconds 600")
    if problems != ["ok"]:
        return wrong(f"the database is damaged: {'; '.join(problems)}", _RESTORE)
    return ok(f"{size(path.stat().st_size)} read, no damage")


def check_log(place: Place) -> Finding:
    """SQLite's write-ahead log is folded into the database from time to time."""
    length = size_of_log(place.settings)
    if length is None:
        return ok("PostgreSQL looks after its own")
    remedy = "some process reads without end and keeps it from being folded in: stop the service and start it again"
    if length >= _HUGE_LOG:
        return wrong(f"the write-ahead log has grown to {size(length)}", remedy)
    if length >= _LARGE_LOG:
        return hint(f"the write-ahead log has grown to {size(length)}", remedy)
    return ok(size(length))


def _absent(place: Place, path: Path) -> Finding:
    if (place.settings.data / "evidence").exists() or path.with_name(f"{path.name}-wal").exists():
        return wrong(f"the database {path} is missing, but its data folder is in use", _RESTORE)
    return hint("there is no database yet", "the first command makes it")


def _engine(connection: sa.Connection) -> str:
    if connection.dialect.name == "sqlite":
        return "SQLite"
    return "PostgreSQL " + str(connection.exec_driver_sql("SHOW server_version").scalar()).split()[0]


def _file(place: Place) -> Path | None:
    """The database's file; None where a server has it."""
    url = sa.make_url(place.settings.database_address)
    return Path(str(url.database)) if url.get_backend_name() == "sqlite" else None
