"""What a backup's rows refer to, pictures, bodies and captures: one line each, pictures first, each kind ascending."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa

from counterfoil.backup.manifest import Progress
from counterfoil.evidence import EvidenceStore, Kind
from counterfoil.exceptions import BackupDamaged
from counterfoil.store.retention import bodies_after, capture_files_after, images_after

T = TypeVar("T")

_AT_ONCE = 400
# Files are read and written side by side: most of their time is waiting for the disk.
_THREADS = 4
_WHAT = "pictures, bodies and captures"
_AFTER: dict[Kind, Callable[[sa.Connection, str, int], list[str]]] = {
    Kind.IMAGE: images_after,
    Kind.BODY: bodies_after,
    Kind.CAPTURE: capture_files_after,
}


@dataclass(frozen=True, slots=True)
class Listed:
    """A picture, a body or a file of a capture; as text its line in the list."""

    kind: Kind
    sha256: str

    def __str__(self) -> str:
        """The line."""
        return f"{self.kind}/{self.sha256}"


def write_listing(connection: sa.Connection, path: Path) -> dict[Kind, int]:
    """Write down which files the database speaks of; how many of each kind."""
    counts = dict.fromkeys(Kind, 0)
    with path.open("w", encoding="ascii") as file:
        for kind in Kind:
            for name in _names(connection, kind):
                file.write(f"{Listed(kind, name)}\n")
                counts[kind] += 1
    return counts


def read_listing(path: Path) -> Iterator[Listed]:
    """What each line says. Raises BackupDamaged."""
    with path.open(encoding="ascii", errors="replace") as file:
        for line in file:
            kind, _, name = line.rstrip("\n").partition("/")
            if kind not in tuple(Kind) or len(name) != 64:
                raise BackupDamaged(f"The list {path.name} is damaged: {line[:100]!r}.")
            yield Listed(Kind(kind), name)


def for_each(path: Path, work: Callable[[Listed], T], total: int, progress: Progress) -> Iterator[tuple[Listed, T]]:
    """Do work for every line, several at a time, and tell how far it is; its answers in the order of the list."""
    listed, done = read_listing(path), 0
    with ThreadPoolExecutor(_THREADS) as pool:
        while some := list(islice(listed, _AT_ONCE)):
            yield from zip(some, pool.map(work, some), strict=True)
            done += len(some)
            progress(_WHAT, done, total)


def put(evidence: EvidenceStore, one: Listed, data: bytes) -> None:
    """Store what was read elsewhere under the same name."""
    store = {Kind.IMAGE: evidence.put_image, Kind.BODY: evidence.put_body, Kind.CAPTURE: evidence.put_capture}
    store[one.kind](data)


def _names(connection: sa.Connection, kind: Kind) -> Iterator[str]:
    last = ""
    while some := _AFTER[kind](connection, last, _AT_ONCE):
        yield from some
        last = some[-1]
