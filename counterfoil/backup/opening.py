"""Opens a backup, to write it or to read it: a folder, or one file if its name ends in `.tar`."""

from contextlib import AbstractContextManager
from pathlib import Path

from counterfoil.backup.archive import BackupReader, BackupWriter
from counterfoil.backup.folder import read_folder, write_folder
from counterfoil.backup.tar import read_tar, write_tar
from counterfoil.exceptions import InvalidInput, NotFound

_TAR = ".tar"


def write_backup(target: Path) -> AbstractContextManager[BackupWriter]:
    """Begin a backup. Raises InvalidInput where something else lies there, and Conflict while another is taken."""
    if target.is_dir():
        return write_folder(target)
    if target.suffix == _TAR:
        return write_tar(target)
    if target.exists():
        raise InvalidInput(f"{target} is a file: give a folder, or a name that ends in {_TAR}.")
    return write_folder(target)


def read_backup(target: Path) -> AbstractContextManager[BackupReader]:
    """Open a backup. Raises NotFound, and BackupDamaged where there is none that is whole."""
    if not target.exists():
        raise NotFound(f"There is no backup {target}.")
    return read_folder(target) if target.is_dir() else read_tar(target)
