"""How much of an archive is read at most, and the budget that is spent while it is read."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from counterfoil.exceptions import UnreadableArchive

_MEGABYTE = 1024 * 1024
_MOST_TOLD = 50
Warn = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveLimits:
    """Caps of one archive file, in bytes but for `entries` and `depth`.

    `whole` is for formats that have to be in memory as a whole (HTML, MHTML, HAR); `body` for one response, unpacked;
    `unpacked` for all that is unpacked together; `depth` for archives within archives, and for parts within parts.
    """

    whole: int = 256 * _MEGABYTE
    body: int = 20 * _MEGABYTE
    unpacked: int = 2_048 * _MEGABYTE
    entries: int = 100_000
    depth: int = 10


class Budget:
    """What one archive may still cost."""

    def __init__(self, path: Path, limits: ArchiveLimits, warn: Warn) -> None:
        self.name = path.name
        self.limits = limits
        self._warn = warn
        self._entries = 0
        self._unpacked = 0
        self._told = 0

    def warn(self, text: str) -> None:
        """Tell that something was skipped; of one file not more often than a person reads."""
        self._told += 1
        if self._told <= _MOST_TOLD:
            self._warn(f"{self.name}: {text}")
        elif self._told == _MOST_TOLD + 1:
            self._warn(f"{self.name}: more was skipped, and is not told one by one.")

    def refuse(self, text: str) -> UnreadableArchive:
        """The error to raise for the whole file."""
        return UnreadableArchive(f"{self.name} {text}")

    def enter(self) -> None:
        """Count one entry. Raises UnreadableArchive after too many."""
        self._entries += 1
        if self._entries > self.limits.entries:
            raise self.refuse(f"has more than {self.limits.entries:,} entries: save fewer pages into one file.")

    def unpack(self, size: int) -> None:
        """Count unpacked bytes. Raises UnreadableArchive after too many."""
        self._unpacked += size
        if self._unpacked > self.limits.unpacked:
            raise self.refuse(f"unpacks to more than {self.limits.unpacked // _MEGABYTE:,} MB: save fewer pages.")

    def fits(self, size: int, what: str) -> bool:
        """Whether a body of this size is read; tells when not."""
        if size <= self.limits.body:
            return True
        self.warn(f"{what} is skipped: it is larger than {self.limits.body // _MEGABYTE} MB.")
        return False
