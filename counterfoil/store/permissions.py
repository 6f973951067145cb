"""Whether this user may use what is in the data folder; a refusal names owner, mode and remedy."""

import os
import pwd
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from counterfoil.exceptions import StoreError


def require_access(path: Path, what: str) -> None:
    """Raise StoreError unless this user may read and write a file, or a folder and what is in it.

    What is not there is no fault of its permissions.
    """
    wanted = os.R_OK | os.W_OK | (os.X_OK if path.is_dir() else 0)
    if os.access(path, os.F_OK) and not os.access(path, wanted):
        raise StoreError(refusal(path, what))


@contextmanager
def named_errors(path: Path, what: str) -> Iterator[None]:
    """Turn the system's refusal to use a path into a StoreError that says what to do."""
    try:
        yield
    except PermissionError as error:
        raise StoreError(refusal(path, what)) from error
    except OSError as error:
        raise StoreError(
            "{what} {path} cannot be used: {reason}.", what=what, path=path, reason=error.strerror or error
        ) from error


def refusal(path: Path, what: str) -> str:
    """Why this user cannot read or write a path, and what to do."""
    who = user_name(os.getuid())
    if _is_read_only(path):
        return f"{what} {path} cannot be written: its file system is mounted read-only."
    try:
        found = path.stat()
    except OSError as error:
        return f"{what} {path} cannot be written by this user ({who}): {error.strerror}. Mend its permissions."
    owner, mode = user_name(found.st_uid), stat.filemode(found.st_mode)
    remedy = (
        f"Mend its permissions: chmod u+rw{'x' if path.is_dir() else ''} {path}"
        if found.st_uid == os.getuid()
        else f"Run Counterfoil as {owner}, or give the whole data folder to {who}: chown -R"
    )
    return f"{what} {path} cannot be written by this user ({who}): it belongs to {owner}, mode {mode}. {remedy}"


def user_name(uid: int) -> str:
    """A user's name, or the number where it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


def _is_read_only(path: Path) -> bool:
    try:
        return bool(os.statvfs(path).f_flag & os.ST_RDONLY)
    except OSError:
        return False
