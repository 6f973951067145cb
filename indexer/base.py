"""The port: what the rest of the program may ask of a suspect index. It speaks our types, never an engine's.

An index is derived: it holds nothing that cannot be rebuilt from the database. Documents carry the suspect's revision,
and an older revision never overwrites a newer one, so delivering twice or out of order is harmless.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from indexer.document import SuspectDocument
from indexer.query import SuspectOrder, SuspectPage, SuspectQuery


class PutStatus(StrEnum):
    """What became of a document: stored; stale, a newer revision is there; or refused, it can never be stored."""

    STORED = "stored"
    STALE = "stale"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class PutOutcome:
    """What became of one document that was put; `reason` says why it was refused."""

    suspect_id: int
    revision: int
    status: PutStatus
    reason: str | None = None


class IndexState(StrEnum):
    """Whether the index can answer: it was never made (or is gone), or other rules made it and it must be rebuilt."""

    READY = "ready"
    MISSING = "missing"
    OUTDATED = "outdated"


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexHealth:
    """How the index is: which engine, in which state, how many documents, how many bytes they take."""

    engine: str
    state: IndexState
    documents: int = 0
    size: int = 0


class Generation(ABC):
    """A new version of the whole index while it is filled; searches go on in the old one until it is published."""

    @abstractmethod
    def put(self, documents: Sequence[SuspectDocument]) -> list[PutOutcome]:
        """Store documents in this generation only; outcomes in the same order."""

    @abstractmethod
    def publish(self) -> None:
        """Let searches use this generation from now on, in one step, and drop the old one."""

    @abstractmethod
    def abandon(self) -> None:
        """Drop this generation; the old one stays."""


class SuspectIndex(ABC):
    """An index of suspects. Every method may raise IndexUnavailable, whose text says what to do.

    `stand_in` is another index that answers searches while this one is away; it too must be kept up to date.
    """

    stand_in: "SuspectIndex | None" = None

    @abstractmethod
    def put(self, documents: Sequence[SuspectDocument]) -> list[PutOutcome]:
        """Store documents in every generation there is, the one being filled too; outcomes in the same order.

        The same revision again overwrites and counts as stored. One that is refused keeps no other from being stored.
        """

    @abstractmethod
    def search(self, query: SuspectQuery) -> SuspectPage:
        """Find one owner's suspects. Raises InvalidCursor."""

    @abstractmethod
    def order(self, query: SuspectQuery) -> SuspectOrder:
        """Which suspects `search` would answer, and in which order: cheaper, because nothing is counted or read."""

    @abstractmethod
    def revisions(self) -> Iterator[tuple[int, int]]:
        """(suspect id, revision) of every document of every owner, by suspect id."""

    @abstractmethod
    def begin_generation(self) -> Generation:
        """Start to fill a new generation. Raises Conflict while another process is filling one.

        What a process that died has left half filled is dropped.
        """

    @abstractmethod
    def state(self) -> IndexState:
        """Whether it can answer; cheap."""

    @abstractmethod
    def check(self) -> None:
        """Read the whole index and raise IndexUnavailable if it is damaged."""

    @abstractmethod
    def health(self) -> IndexHealth:
        """How the index is."""

    @abstractmethod
    def close(self) -> None:
        """Let go of files and connections."""
