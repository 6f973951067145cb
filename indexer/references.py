"""Keeps the owners' references ready for matching, in files that all judges of this machine map.

A folder of segments for each owner: made where it is missing, and never truth; it may be deleted at any time. A new
reference makes a new segment; segments are put together when the smaller ones have grown.
"""

import fcntl
import hashlib
import logging
import shutil
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from counterfoil.evidence import EvidenceStore
from counterfoil.matching.segment import (
    SEGMENT_VERSION,
    ReferenceSketch,
    Segment,
    build_segment,
    open_segment,
    save_segment,
)
from indexer.decoding import PictureDecoder

log = logging.getLogger(__name__)

# A segment is put together with the next smaller one when that has at least this share of its references.
_GROWN = 0.5
# References that are made ready at a time: 100 KB of memory each.
_AT_ONCE = 5_000


class ReferenceFolder:
    """The segments of one owner's references, in a folder of their own."""

    def __init__(self, folder: Path, evidence: EvidenceStore, decoder: PictureDecoder) -> None:
        self._folder = folder
        self._evidence = evidence
        self._decoder = decoder

    def segments(self, sha256s: Collection[str]) -> list[Segment]:
        """Segments that hold these pictures, made where they are missing; those that cannot be read now are left out.

        Raises OSError or EvidenceUnavailable when disk or bucket fail.
        """
        if not sha256s:
            return []
        with self._alone():
            opened = self._open()
            there = {name for segment in opened.values() for name in segment.names}
            missing = [sha256 for sha256 in dict.fromkeys(sha256s) if sha256 not in there]
            for begin in range(0, len(missing), _AT_ONCE):
                if made := self._prepare(missing[begin : begin + _AT_ONCE]):
                    self._add(opened, build_segment(made))
                    opened = self._open()
        return list(opened.values())

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One process at a time changes the folder; one that dies gives it free."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _open(self) -> dict[Path, Segment]:
        found: dict[Path, Segment] = {}
        for folder in sorted(self._folder.iterdir()):
            if folder.is_dir():
                try:
                    found[folder] = open_segment(folder)
                except (ValueError, KeyError, OSError, RuntimeError) as error:
                    # Derived data of another version, or damaged: made anew from the stored pictures.
                    log.info("references in %s are made ready anew: %s", folder, error)
                    shutil.rmtree(folder, ignore_errors=True)
        return found

    def _prepare(self, sha256s: Sequence[str]) -> list[ReferenceSketch]:
        answers = self._decoder.prepare_stored(self._evidence, sha256s)
        return [one for one in answers.values() if isinstance(one, ReferenceSketch)]

    def _add(self, opened: dict[Path, Segment], made: Segment) -> None:
        """Write a segment of these and of all smaller ones that they have outgrown; then those go."""
        joined = {}
        number = len(made)
        for folder, segment in sorted(opened.items(), key=lambda item: len(item[1])):
            if number < _GROWN * len(segment):
                break
            joined[folder] = segment
            number += len(segment)
        parts = [*joined.values(), made]
        save_segment(parts, self._folder / _segment_name([name for part in parts for name in part.names]))
        for folder in joined:
            shutil.rmtree(folder)


def _segment_name(names: Collection[str]) -> str:
    return hashlib.sha256("\n".join([SEGMENT_VERSION, *sorted(names)]).encode()).hexdigest()[:32]
