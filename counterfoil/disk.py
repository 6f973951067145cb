"""Free space on the disk of the data folder."""

import shutil
from pathlib import Path

from counterfoil.settings import Settings

_MEGABYTE = 1024 * 1024


def free_bytes(folder: Path) -> int:
    """What this user may still write on the disk that a folder is on, or will be."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def shortage(settings: Settings) -> str | None:
    """A sentence for the operator when less is free than `min_free_megabytes`; None while there is enough."""
    free = free_bytes(settings.data)
    if free >= settings.min_free_megabytes * _MEGABYTE:
        return None
    return (
        f"only {free // _MEGABYTE:,} MB are free on the disk of {settings.data}, less than the "
        f"{settings.min_free_megabytes:,} MB of COUNTERFOIL_MIN_FREE_MEGABYTES: make room, or shorten the retention"
    )
