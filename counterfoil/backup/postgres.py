"""PostgreSQL's own tools: pg_dump writes a database into a file, pg_restore reads it back."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import sqlalchemy as sa

from counterfoil.exceptions import BackupDamaged, StoreError
from counterfoil.store import Store

# By which a program that outlived its parent is found again.
_NAME = "counterfoil restore"
_ENDING_SECONDS = 60
_PACKAGES = Path("/usr/lib/postgresql")


def dump(url: sa.URL, snapshot: str, to: Path) -> None:
    """Write the database, as it is in an exported snapshot, into a file. Raises StoreError, which says what to run."""
    _run(url, "pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}", f"--file={to}")


def load(url: sa.URL, file: Path) -> None:
    """Read a dump into an empty database: all of it or nothing. Raises StoreError, which says what to run."""
    options = ("--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error")
    _run(url, "pg_restore", *options, str(file))


def end_load(store: Store) -> None:
    """End a pg_restore that a killed restore has left behind: what it did is undone. Raises StoreError if it stays."""
    left = sa.text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name = :name"
    )
    until = time.monotonic() + _ENDING_SECONDS
    while time.monotonic() < until:
        with store.read() as connection:
            if not connection.execute(left, {"name": _NAME}).all():
                return
        time.sleep(0.1)
    raise StoreError("A pg_restore of a killed restore is still at work in the database: end it, and try again.")


def check_dump(file: Path) -> None:
    """Read a dump's table of contents, where pg_restore is installed. Raises BackupDamaged."""
    program = _find("pg_restore")
    if program is None:
        return
    done = subprocess.run([program, "--list", str(file)], capture_output=True, text=True)  # noqa: S603 - our own words
    if done.returncode != 0:
        raise BackupDamaged(f"The dump cannot be read: {done.stderr.strip()}")


def _run(url: sa.URL, name: str, *options: str) -> None:
    address = url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
    program = _find(name)
    if program is None:
        raise StoreError(
            f"{name} is not installed here: install PostgreSQL's client programs, or run where they are: "
            f"{name} {' '.join(options)} --dbname='{address}'"
        )
    # On the command line every user of this machine could read the password.
    environment = {**os.environ, "PGAPPNAME": _NAME, **({"PGPASSWORD": url.password} if url.password else {})}
    done = subprocess.run(  # noqa: S603 - the program's own options, and an address that was read as one
        [program, *options, f"--dbname={address}"],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise StoreError(f"{name} has failed: {done.stderr.strip() or f'exit status {done.returncode}'}")


def _find(name: str) -> str | None:
    """A program on the path, or else the newest that Debian's packages brought."""
    packaged = sorted(_PACKAGES.glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]), reverse=True)
    return shutil.which(name) or (str(packaged[0]) if packaged else None)
