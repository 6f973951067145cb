"""Reads every stored picture and body, and compares what is there with its name and with the database."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

import sqlalchemy as sa

from counterfoil.evidence import EvidenceStore, Kind, StoredEvidence
from counterfoil.exceptions import EvidenceDamaged, NotFound
from counterfoil.models import Capture, CaptureRole
from counterfoil.retention import GRACE
from counterfoil.store import Store
from counterfoil.store.captures import captures_after
from counterfoil.store.retention import (
    bodies_after,
    capture_files_after,
    image_sizes,
    images_after,
    known_bodies,
    known_captures,
    known_images,
)

_AT_ONCE = 500
_KNOWN: dict[Kind, Callable[[sa.Connection, Collection[str]], Mapping[str, bool]]] = {
    Kind.IMAGE: known_images,
    Kind.BODY: known_bodies,
    Kind.CAPTURE: known_captures,
}


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is not as it should be: where, and what."""

    where: str
    problem: str


class Verification:
    """One verification of an installation; `files` and `bytes` count what was read so far."""

    def __init__(self, store: Store, evidence: EvidenceStore, now: datetime) -> None:
        self._store = store
        self._evidence = evidence
        self._put_before = now - GRACE
        self.files = 0
        self.bytes = 0

    def run(self) -> Iterator[Difference]:
        """Read everything; the differences, as they are found. Raises EvidenceUnavailable, StoreError or OSError."""
        for kind in Kind:
            found = self._evidence.walk(kind)
            while some := list(islice(found, _AT_ONCE)):
                yield from self._verify(kind, some)
        yield from self._missing(Kind.IMAGE, images_after, known_images)
        yield from self._missing(Kind.BODY, bodies_after, known_bodies)
        yield from self._missing(Kind.CAPTURE, capture_files_after, known_captures)
        yield from self._captures()

    def _verify(self, kind: Kind, some: Sequence[StoredEvidence]) -> Iterator[Difference]:
        names = [one.sha256 for one in some if one.sha256 is not None]
        with self._store.read() as connection:
            known = _KNOWN[kind](connection, names)
            sizes = image_sizes(connection, names) if kind is Kind.IMAGE else {}
        for one in some:
            self.files += 1
            self.bytes += one.size
            problem = self._problem(kind, one, known, sizes)
            if problem is not None:
                yield Difference(one.where, problem)

    def _problem(
        self, kind: Kind, one: StoredEvidence, known: Mapping[str, bool], sizes: Mapping[str, int]
    ) -> str | None:
        if one.sha256 is None:
            return "is no file of ours: nothing here reads or deletes it"
        try:
            self._evidence.get(kind, one.sha256)
        except EvidenceDamaged as error:
            return f"is damaged: {error}"
        except NotFound:
            # Deleted since it was listed; if the database misses it, the second half says so.
            return None
        if not known.get(one.sha256):
            said = "called deleted by the database" if one.sha256 in known else "unknown to the database"
            # What was put lately may wait for its row, or for the row to be mended.
            old = one.modified_at < self._put_before
            return f"is {said}: `counterfoil evidence sweep` deletes it" if old else None
        size = sizes.get(one.sha256, one.size)
        return f"has {one.size:,} bytes, the database says {size:,}" if size != one.size else None

    def _missing(
        self,
        kind: Kind,
        after: Callable[[sa.Connection, str, int], list[str]],
        known: Callable[[sa.Connection, Collection[str]], Mapping[str, bool]],
    ) -> Iterator[Difference]:
        position = ""
        while True:
            with self._store.read() as connection:
                names = after(connection, position, _AT_ONCE)
            if not names:
                return
            position = names[-1]
            absent = [name for name in names if self._evidence.find(kind, name) is None]
            # Asked once more: a sweep may have said so since.
            with self._store.read() as connection:
                still = known(connection, absent) if absent else {}
            yield from (
                Difference(
                    self._evidence.where(kind, name), "is missing, and the database does not say that it was deleted"
                )
                for name in absent
                if still.get(name)
            )

    def _captures(self) -> Iterator[Difference]:
        """What is inside of captures: digests and dates of their traffic, and whether it speaks of their files."""
        last = 0
        while True:
            with self._store.read() as connection:
                some = captures_after(connection, last, _AT_ONCE)
            if not some:
                return
            last = some[-1].id
            for capture in some:
                for problem in capture_problems(capture, self._evidence):
                    yield Difference(f"capture {capture.id} of suspect {capture.suspect_id}", problem)


def capture_problems(capture: Capture, evidence: EvidenceStore) -> Iterator[str]:
    """What is wrong with a capture that was made: files that are missing, damaged, or not what its traffic names."""
    if capture.captured_at is None or capture.captured_at < capture.requested_at:
        yield "is dated before it was asked for"
    kept = [file for file in capture.files if file.deleted_at is None]
    if not any(file.role is CaptureRole.WARC for file in capture.files):
        yield "has no WARC"
    for file in kept:
        try:
            data = evidence.get_capture(file.sha256)
        except (NotFound, EvidenceDamaged) as error:
            yield f"{file.role}: {error}"
            continue
        if len(data) != file.size:
            yield f"{file.role}: has {len(data):,} bytes, the database says {file.size:,}"
        if file.role is CaptureRole.WARC:
            yield from (f"{file.role}: {problem}" for problem in _warc_problems(capture, data))


def _warc_problems(capture: Capture, data: bytes) -> Iterator[str]:
    from counterfoil.evidence.warc import read_about, read_warc, warc_problems

    problems = warc_problems(data)
    yield from problems
    if problems:
        return
    about = read_about(data)
    if about.get("captured-at") != (capture.captured_at.isoformat() if capture.captured_at else None):
        yield "was captured at another time than the database says"
    for file in capture.files:
        if file.role is not CaptureRole.WARC and about.get(f"{file.role}-sha256") != file.sha256:
            yield f"names another {file.role} than the database does"
    answered = {address.partition("#")[0] for kind, address, _ in read_warc(data) if kind == "response"}
    if capture.url.partition("#")[0] not in answered:
        yield f"holds no answer of {capture.url}"
