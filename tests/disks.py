"""File systems of a few megabytes, which fill up soon."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest


@contextmanager
def mounted(folder: Path, megabytes: int) -> Iterator[Path]:
    """A file system of so many megabytes of its own; the test is skipped where nobody may mount one."""
    folder.mkdir()
    if _mount("-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)):
        # Also in CI: whether a sandbox lets its root mount is nothing that `make services` could mend.
        pytest.skip("mounting is not allowed here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def grow(folder: Path, megabytes: int) -> None:
    """Give a mounted file system more room while it is in use."""
    assert not _mount("-o", f"remount,size={megabytes}m", str(folder))


def _mount(*arguments: str) -> int:
    with suppress(FileNotFoundError):
        return subprocess.run(["mount", *arguments], capture_output=True).returncode
    return 1
