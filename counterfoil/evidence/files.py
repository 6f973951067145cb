"""The port to where evidence lies: a folder of this machine, or a bucket elsewhere."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A file as it lies there: its key, its bytes, and when it was last put."""

    key: str
    size: int
    modified_at: datetime


class Files(Protocol):
    """Whole files by key, such as `images/ab/cd/abcd...`; any number of processes may use it at once.

    Everything may raise OSError (the disk) or EvidenceUnavailable (the bucket).
    """

    def put(self, key: str, data: bytes) -> None:
        """Keep a file, whole or not at all; once this returns, no power cut takes it away.

        The same key always means the same bytes. Putting what is there already makes it as new for `delete`.
        """

    def get(self, key: str) -> bytes:
        """A file's bytes. Raises FileNotFoundError."""

    def find(self, key: str) -> StoredFile | None:
        """A file without its bytes; None if it is not there."""

    def walk(self, folder: str) -> Iterator[StoredFile]:
        """Every file below a folder, in no order; those that come or go meanwhile may be in it or not."""

    def delete(self, key: str, *, put_before: datetime) -> int | None:
        """Delete a file unless it was put since; the bytes freed (0: it was not there), None if it stays."""

    def remove_drafts(self, *, made_before: datetime) -> int:
        """Delete what killed writers have left half-written; how many."""

    def where(self, key: str) -> str:
        """Where a person finds a file: its path or its address."""
