"""Files that are whole and on disk, or not there."""

import os
from pathlib import Path


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that nobody ever sees half of it, and no power cut takes it away."""
    draft = path.with_name(f"{path.name}.draft")
    draft.write_bytes(data)
    move_whole(draft, path)


def move_whole(draft: Path, path: Path) -> None:
    """Give a finished draft of the same disk its name, in place of what has that name."""
    sync(draft)
    draft.replace(path)
    sync(path.parent)


def sync(path: Path) -> None:
    """Wait until a file's bytes, or the names in a folder, are on disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
