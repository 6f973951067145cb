"""An index with a stand-in: searches are answered, and say by whom, while the index itself is away."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace

from counterfoil.exceptions import IndexUnavailable
from indexer.base import Generation, IndexHealth, IndexState, PutOutcome, SuspectIndex
from indexer.document import SuspectDocument
from indexer.query import SuspectOrder, SuspectPage, SuspectQuery

log = logging.getLogger(__name__)


class IndexWithStandIn(SuspectIndex):
    """Both hold the same suspects; the first decides what was delivered, and is asked first."""

    stand_in: SuspectIndex

    def __init__(self, first: SuspectIndex, stand_in: SuspectIndex) -> None:
        self._first = first
        self.stand_in = stand_in

    def put(self, documents: Sequence[SuspectDocument]) -> list[PutOutcome]:
        """Store documents in both; a stand-in that is broken keeps nothing from the index itself."""
        try:
            self.stand_in.put(documents)
        except IndexUnavailable as error:
            log.warning("the stand-in of the suspect index cannot be kept up to date: %s", error)
        return self._first.put(documents)

    def search(self, query: SuspectQuery) -> SuspectPage:
        """Ask the index, or else its stand-in, and then say so."""
        try:
            return self._first.search(query)
        except IndexUnavailable as error:
            return replace(self.stand_in.search(query), away=error)

    def order(self, query: SuspectQuery) -> SuspectOrder:
        """Ask the index, or else its stand-in."""
        try:
            return self._first.order(query)
        except IndexUnavailable:
            return self.stand_in.order(query)

    def revisions(self) -> Iterator[tuple[int, int]]:
        """Those of the index itself."""
        return self._first.revisions()

    def begin_generation(self) -> Generation:
        """Start to fill a new generation of both."""
        first = self._first.begin_generation()
        try:
            return _Both(first, self.stand_in.begin_generation())
        except BaseException:
            first.abandon()
            raise

    def state(self) -> IndexState:
        """That of the index; while it is away that of its stand-in; and of the two the one that needs a rebuild."""
        try:
            state = self._first.state()
        except IndexUnavailable:
            if self.stand_in.state() is not IndexState.READY:
                raise
            return IndexState.READY
        return state if state is not IndexState.READY else self.stand_in.state()

    def check(self) -> None:
        """Check both."""
        self._first.check()
        self.stand_in.check()

    def health(self) -> IndexHealth:
        """How the index itself is."""
        return self._first.health()

    def close(self) -> None:
        """Let go of both."""
        self._first.close()
        self.stand_in.close()


class _Both(Generation):
    def __init__(self, *generations: Generation) -> None:
        self._open = list(generations)

    def put(self, documents: Sequence[SuspectDocument]) -> list[PutOutcome]:
        outcomes = [generation.put(documents) for generation in self._open]
        return outcomes[0]

    def publish(self) -> None:
        while self._open:
            self._open[0].publish()
            self._open.pop(0)

    def abandon(self) -> None:
        for generation in self._open:
            generation.abandon()
