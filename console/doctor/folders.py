"""Checks of the data folder: that it is there, whose it is, who may read and write it, and how much room is left."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from console.doctor.findings import Finding, hint, together, wrong
from console.doctor.place import Place
from console.output import size
from counterfoil.disk import shortage
from counterfoil.store.permissions import refusal, user_name
from counterfoil.store.schema import UNFINISHED_RESTORE

_INSIDE = (
    *("counterfoil.sqlite", "counterfoil.sqlite-wal", "counterfoil.sqlite-shm", "database.lock"),
    *("evidence", "evidence/images", "evidence/bodies", "index", "logs", "marketplaces"),
)
_MEGABYTE = 1_000_000
_LEAST_BYTES = 256 * _MEGABYTE
_FEW_BYTES = 2_000 * _MEGABYTE
_FEW_SHARE = 0.05
_LEAST_INODES = 1_000
_FEW_INODES = 100_000


def check_folder(place: Place) -> Finding:
    """The data folder and what is in it can be written by this user, belong to one user, and are closed to others."""
    data = place.settings.data
    if not data.exists():
        return hint(f"{data} does not exist yet", "the first command makes it; another folder: set COUNTERFOIL_DATA")
    if not data.is_dir():
        return wrong(f"{data} is no folder", "move the file away, or set COUNTERFOIL_DATA")
    problems = [*_unusable(data), *_half_restored(data), *_of_others(data), *_open_to_others(data)]
    return together(problems, f"{data}, of {user_name(data.stat().st_uid)}, mode {stat.filemode(data.stat().st_mode)}")


def check_disk(place: Place) -> Finding:
    """The data folder's file system has room for bytes and for files."""
    folder = place.settings.data
    while not folder.exists():
        folder = folder.parent
    disk = os.statvfs(folder)
    free, whole = disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize
    remedy = "make room, or move the data folder to a larger disk: a crawl stops with disk_full, nothing is torn"
    problems, short = [], shortage(place.settings)
    if free < _LEAST_BYTES:
        problems.append(wrong(f"only {size(free)} are free", remedy))
    elif short is not None:
        problems.append(wrong(f"no crawl starts: {short}"))
    elif free < _FEW_BYTES or free < whole * _FEW_SHARE:
        problems.append(hint(f"{size(free)} of {size(whole)} are free", remedy))
    # A file system without a table of inodes says that it has none.
    if disk.f_files and disk.f_favail < _LEAST_INODES:
        problems.append(wrong(f"only {disk.f_favail} more files fit (inodes)", remedy))
    elif disk.f_files and disk.f_favail < _FEW_INODES and disk.f_favail < disk.f_files * _FEW_SHARE:
        problems.append(hint(f"{disk.f_favail} more files fit (inodes)", remedy))
    return together(problems, f"{size(free)} of {size(whole)} are free")


def _unusable(data: Path) -> Iterator[Finding]:
    for path in _existing(data):
        wanted = os.R_OK | os.W_OK | (os.X_OK if path.is_dir() else 0)
        if not os.access(path, wanted):
            yield wrong(refusal(path, "the path"))


def _half_restored(data: Path) -> Iterator[Finding]:
    if os.access(data, os.X_OK) and (data / UNFINISHED_RESTORE).exists():
        yield wrong("a restore was not finished: nothing here counts yet", "run the same `counterfoil restore` again")


def _of_others(data: Path) -> Iterator[Finding]:
    owner = data.stat().st_uid
    foreign = [path for path in _existing(data) if path.stat().st_uid != owner]
    if foreign:
        names = ", ".join(f"{path.name} ({user_name(path.stat().st_uid)})" for path in foreign)
        remedy = f"chown -R {user_name(owner)} {data}, and run every command as {user_name(owner)}"
        yield wrong(f"the folder belongs to {user_name(owner)}, but not {names}", remedy)


def _open_to_others(data: Path) -> Iterator[Finding]:
    mode = data.stat().st_mode
    if mode & 0o077:
        yield hint(f"other users may enter {data} (mode {stat.filemode(mode)})", f"chmod 700 {data}")


def _existing(data: Path) -> list[Path]:
    if not os.access(data, os.X_OK):
        return [data]
    return [data, *(path for path in (data / name for name in _INSIDE) if path.exists())]
