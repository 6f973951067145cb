"""The sweep: deletes pictures and bodies whose time has come, and files that nothing refers to.

Safe beside crawls at work, killed anywhere, and done twice. A crawl stores a file first and writes its row later; so no
file goes that was put within a day, or since the oldest crawl at work was begun, whatever the database says of it.
"""

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import sqlalchemy as sa

from counterfoil.evidence import EvidenceStore, Kind, StoredEvidence
from counterfoil.exceptions import StoreError
from counterfoil.models import RetentionClass
from counterfoil.renditions import forget_renditions
from counterfoil.settings import Settings
from counterfoil.store import Store
from counterfoil.store.retention import (
    Limits,
    expired_bodies,
    expired_captures,
    expired_images,
    first_running_crawl,
    known_bodies,
    known_captures,
    known_images,
    mark_bodies_deleted,
    mark_captures_deleted,
    mark_images_deleted,
    unmark_bodies,
    unmark_captures,
    unmark_images,
)

# What nothing refers to: files of killed crawls, and those that a killed sweep had marked but not deleted.
UNREFERENCED = "unreferenced"
GRACE = timedelta(days=1)
_AT_ONCE = 2_000
# More unknown files than this, if they are most of all, are no leftovers: they belong to another database.
_MANY = 100


@dataclass(slots=True)
class Swept:
    """What went of one class, or would go: files, and their bytes on disk."""

    images: int = 0
    bodies: int = 0
    captures: int = 0
    bytes: int = 0

    def add(self, kind: Kind, freed: int) -> None:
        """Count a file."""
        self.images += kind is Kind.IMAGE
        self.bodies += kind is Kind.BODY
        self.captures += kind is Kind.CAPTURE
        self.bytes += freed


@dataclass(slots=True)
class Report:
    """What a sweep did, by class in the order of deletion; `drafts` are half-written files of killed writers.

    Not `done` when it was asked to end early.
    """

    classes: dict[str, Swept] = field(
        default_factory=lambda: {name: Swept() for name in (*RetentionClass, UNREFERENCED)}
    )
    drafts: int = 0
    done: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stock:
    """How the database speaks of one kind of file; `mark` says that they are deleted, `unmark` takes it back."""

    kind: Kind
    first: Any
    expired: Callable[[sa.Connection, RetentionClass, Limits, Any, int], tuple[Sequence[Any], Any]]
    mark: Callable[[sa.Connection, Collection[Any], RetentionClass, Limits, datetime], Collection[str]]
    unmark: Callable[[sa.Connection, Collection[str], datetime], None]
    known: Callable[[sa.Connection, Collection[str]], Mapping[str, bool]]


_STOCKS = (
    _Stock(
        kind=Kind.IMAGE,
        first="",
        expired=expired_images,
        mark=mark_images_deleted,
        unmark=unmark_images,
        known=known_images,
    ),
    _Stock(
        kind=Kind.BODY,
        first=0,
        expired=expired_bodies,
        mark=mark_bodies_deleted,
        unmark=unmark_bodies,
        known=known_bodies,
    ),
    _Stock(
        kind=Kind.CAPTURE,
        first=0,
        expired=expired_captures,
        mark=mark_captures_deleted,
        unmark=unmark_captures,
        known=known_captures,
    ),
)


def limits_of(settings: Settings, now: datetime) -> Limits:
    """What the settings mean at this time."""
    days = {
        RetentionClass.UNSUSPICIOUS: settings.retention_unsuspicious_days,
        RetentionClass.CLOSED: settings.retention_closed_days,
        RetentionClass.SUSPECT: settings.retention_suspect_days,
    }
    return Limits(seen_before={kind: now - timedelta(days=kept) if kept else None for kind, kept in days.items()})


class Sweep:
    """One sweep over an installation; a `dry` one counts what would go and changes nothing.

    Setting `stop` ends it soon: what it did until then is right, and the next goes on.
    """

    def __init__(
        self,
        store: Store,
        evidence: EvidenceStore,
        settings: Settings,
        *,
        now: datetime,
        dry: bool = False,
        stop: threading.Event | None = None,
    ) -> None:
        self._store = store
        self._evidence = evidence
        self._data = settings.data
        self._limits = limits_of(settings, now)
        self._now = now
        self._dry = dry
        self._stop = stop or threading.Event()
        self._put_before = now - GRACE

    def run(self, *, also_most: bool = False) -> Report:
        """Sweep. Raises StoreError, EvidenceUnavailable or OSError where database or files cannot be reached.

        StoreError also when most files are unknown to the database, unless `also_most` is asked for.
        """
        with self._store.read() as connection:
            self._put_before = min(self._put_before, first_running_crawl(connection) or self._now)
        report = Report()
        for wanted in RetentionClass:
            if self._limits.seen_before[wanted] is not None:
                for stock in _STOCKS:
                    self._sweep_class(stock, wanted, report.classes[wanted])
        self._sweep_unreferenced(report.classes[UNREFERENCED], also_most)
        if not self._dry:
            report.drafts = self._evidence.remove_drafts(made_before=self._put_before)
        report.done = not self._stop.is_set()
        return report

    def _sweep_class(self, stock: _Stock, wanted: RetentionClass, swept: Swept) -> None:
        position = stock.first
        while not self._stop.is_set():
            # In small steps: a long view of the database would keep SQLite from tidying up behind the crawls.
            with self._store.read() as connection:
                expired, position = stock.expired(connection, wanted, self._limits, position, _AT_ONCE)
            if position is None:
                return
            if expired:
                self._delete_marked(stock, self._mark(stock, wanted, expired), swept)

    def _mark(self, stock: _Stock, wanted: RetentionClass, expired: Sequence[Any]) -> Collection[str]:
        with self._store.write() as connection, connection.begin_nested() as attempt:
            marked = stock.mark(connection, expired, wanted, self._limits, self._now)
            if self._dry:
                attempt.rollback()
        return marked

    def _delete_marked(self, stock: _Stock, marked: Iterable[str], swept: Swept) -> None:
        # Somebody has put them since: a crawl has found such a picture again, and is about to write so.
        kept = [sha256 for sha256 in marked if not self._delete(stock.kind, sha256, swept)]
        if kept and not self._dry:
            with self._store.write() as connection:
                stock.unmark(connection, kept, self._now)

    def _delete(self, kind: Kind, sha256: str, swept: Swept) -> bool:
        """Delete a file and count it; false if it stays, because it was put too lately."""
        freed = (
            self._freed(kind, sha256) if self._dry else self._evidence.delete(kind, sha256, put_before=self._put_before)
        )
        if freed is not None:
            swept.add(kind, freed)
            if kind is Kind.IMAGE and not self._dry:
                forget_renditions(self._data, sha256)
        return freed is not None

    def _freed(self, kind: Kind, sha256: str) -> int | None:
        found = self._evidence.find(kind, sha256)
        if found is None:
            return 0
        return found.size if found.modified_at < self._put_before else None

    def _sweep_unreferenced(self, swept: Swept, also_most: bool) -> None:
        unknown: list[tuple[Kind, str]] = []
        seen = 0
        for stock in _STOCKS:
            for some in _batches(self._evidence.walk(stock.kind)):
                if self._stop.is_set():
                    return
                seen += len(some)
                unknown += [(stock.kind, sha256) for sha256 in self._sweep_marked(stock, some, swept)]
        if len(unknown) > _MANY and len(unknown) * 2 > seen and not also_most:
            raise StoreError(
                "{number:,} of {seen:,} stored files are unknown to the database: is it the one that they belong "
                "to? None of them was deleted. If it is, call `counterfoil evidence sweep --also-most`.",
                number=len(unknown),
                seen=seen,
            )
        for kind, sha256 in unknown:
            if not self._stop.is_set():
                self._delete(kind, sha256, swept)

    def _sweep_marked(self, stock: _Stock, some: Sequence[StoredEvidence], swept: Swept) -> list[str]:
        """Delete those files that the database calls deleted; those that it does not know."""
        old = [one.sha256 for one in some if one.sha256 is not None and one.modified_at < self._put_before]
        with self._store.read() as connection:
            known = stock.known(connection, old) if old else {}
        for sha256 in old:
            if known.get(sha256) is False:
                self._delete(stock.kind, sha256, swept)
        return [sha256 for sha256 in old if sha256 not in known]


def _batches(found: Iterator[StoredEvidence]) -> Iterator[list[StoredEvidence]]:
    while some := list(islice(found, _AT_ONCE)):
        yield some
