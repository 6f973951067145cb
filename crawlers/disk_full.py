"""Tells a full disk, and other errors after which nothing more can be written, from those of one change."""

import errno
import sqlite3

from counterfoil.exceptions import StoreError, Superseded

_POSTGRES_DISK_FULL = "53100"


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
