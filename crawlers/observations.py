"""What a crawl has met so far, counted while it runs; `crawlers.outcome` makes its reason of it."""

import math
import time
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Self

from counterfoil.marketplaces import Expectations
from counterfoil.models import Canary, CrawlCounters, CrawlQuality, FinishReason, PageFailure


class Fate(StrEnum):
    """What became of one page that was asked for."""

    READ = "read"
    EMPTY = "empty"
    GONE = "gone"
    LAYOUT = "layout"
    BLOCKED = "blocked"
    RATE_LIMITED = "rate_limited"
    ROBOTS = "robots"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    CRASHED = "crashed"
    STOPPED = "stopped"


GOOD = frozenset({Fate.READ, Fate.EMPTY})
# Neither good nor the site's failure: a listing that is gone says nothing about the others, and a page that was not
# fetched because the crawl was stopping says nothing at all.
_NEUTRAL = frozenset({Fate.GONE, Fate.STOPPED})
# Pages that fail alike tell no more: the first few of each fate are kept for people to look at.
_MOST_FAILURES = 20
_LONGEST_FAILURE = 500


@dataclass(frozen=True, slots=True)
class Stop:
    """The crawl was ended on the way; without a reason it was interrupted, and another attempt will go on."""

    reason: FinishReason | None
    detail: str


@dataclass(slots=True)
class Observations:
    """Facts about a running crawl; changed only in the reactor's thread.

    `queries` says for each query how its last page of results fared, `found` how many listings its pages showed,
    `disbelieved` which show nothing where there always was something, `listings` how many listing pages fared how, and
    the `_failures` beside them what went wrong last. `streaks` says how many pages in a row fared alike at most,
    `not_before` when the site wants to be asked again, and `stored_before` how many listings earlier attempts at the
    crawl have stored. `remarks` are for the operator to read at its end. `fates`
    counts all pages, `shown` the listings that were read and `fields` what they showed, `canaries` which were found
    again, `sizes` how many listings each page of results had and `sparse`, `thin` and `crowded` which of them not as
    declared, `thin_told` the last such page in words, `failures` the first pages of each fate that could not be read,
    and `before` what earlier attempts had counted of these.
    """

    queries: dict[str, Fate] = field(default_factory=dict)
    query_failures: dict[str, str] = field(default_factory=dict)
    found: Counter[str] = field(default_factory=Counter)
    disbelieved: dict[str, str] = field(default_factory=dict)
    listings: Counter[Fate] = field(default_factory=Counter)
    listing_failures: dict[Fate, str] = field(default_factory=dict)
    stored_before: int = 0
    limits: dict[str, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    stop: Stop | None = None
    not_before: datetime | None = None
    last_failure: str = ""
    last_image_failure: str = ""
    requests: int = 0
    pages: int = 0
    images: int = 0
    image_errors: int = 0
    bytes: int = 0
    refused: int = 0
    failed_pages: int = 0
    streaks: Counter[Fate] = field(default_factory=Counter)
    fates: Counter[Fate] = field(default_factory=Counter)
    shown: int = 0
    fields: Counter[str] = field(default_factory=Counter)
    canaries: dict[Canary, bool] = field(default_factory=dict)
    sizes: list[int] = field(default_factory=list)
    sparse: int = 0
    thin: int = 0
    crowded: int = 0
    thin_told: str = ""
    failures: dict[Fate, list[str]] = field(default_factory=dict)
    before: CrawlQuality = field(default_factory=CrawlQuality)
    _last_good: float = 0
    _streak: int = 0
    _streak_fate: Fate | None = None

    @classmethod
    def going_on(cls, counters: CrawlCounters, stored: int, quality: CrawlQuality | None = None) -> Self:
        """Where earlier attempts at the crawl have stopped counting: its row counts all of them.

        The pages of the listings that they have `stored` were read, whether or not they came to say so.
        """
        return cls(
            requests=counters.requests,
            pages=max(counters.pages, stored),
            images=counters.images,
            image_errors=counters.image_errors,
            bytes=counters.bytes,
            failed_pages=counters.errors,
            stored_before=stored,
            before=quality or CrawlQuality(),
        )

    def note_results(self, query: str, fate: Fate, detail: str = "", tried_at: float = math.inf) -> None:
        """A page of results was read, or could not be; `tried_at` is the monotonic time of its first try."""
        self.queries[query] = fate
        self.query_failures[query] = detail
        self._note(fate, detail, tried_at)

    def note_listing(self, fate: Fate, detail: str = "", tried_at: float = math.inf) -> None:
        """A listing's page was read, or could not be; `tried_at` is the monotonic time of its first try."""
        self.listings[fate] += 1
        self.listing_failures[fate] = detail
        self._note(fate, detail, tried_at)

    def note_picture(self, failure: str | None) -> None:
        """A picture came, or it did not and why."""
        if failure is None:
            self.images += 1
        else:
            self.image_errors += 1
            self.last_image_failure = failure

    def note_lost(self, noted: Fate, fate: Fate, detail: str) -> None:
        """A listing could not be kept: its page, noted already when it was read, counts once, as this failure."""
        self.listings[noted] -= 1
        self.fates[noted] -= 1
        self.pages -= noted in GOOD
        self.failed_pages -= noted not in GOOD
        self.note_listing(fate, detail)

    def note_limit(self, name: str, detail: str) -> None:
        """One of the crawl's limits cut something off."""
        self.limits.setdefault(name, detail)

    def counters(self) -> CrawlCounters:
        """The counters that the crawl's row keeps."""
        return CrawlCounters(
            requests=self.requests,
            pages=self.pages,
            images=self.images,
            image_errors=self.image_errors,
            bytes=self.bytes,
            errors=self.failed_pages + self.refused,
        )

    def note_fields(self, names: Iterable[str]) -> None:
        """A listing was read that shows these fields."""
        self.shown += 1
        self.fields.update(names)

    def note_cards(self, query: str, listings: Collection[str]) -> None:
        """A page of results shows these listings: those that are canaries were found again."""
        for canary in self.canaries:
            if canary.query == query and canary.listing in listings:
                self.canaries[canary] = True

    def note_size(self, count: int, expected: Expectations, more: str | None) -> None:
        """A page of results shows so many listings; `more` says why there must be others, None where nothing does."""
        self.sizes.append(count)
        self.crowded += count > expected.most
        if count < expected.fewest:
            self.sparse += 1
            self.thin += more is not None
            told = f"{count} on one of them where {expected.fewest} are declared at least, and {more}"
            self.thin_told = told if more is not None else self.thin_told

    def quality(self) -> CrawlQuality:
        """How well the crawl can see, over all its attempts."""
        asked = sum(count for fate, count in self.fates.items() if fate is not Fate.STOPPED)
        fields = Counter(self.before.fields) + self.fields
        missed = [f'{canary.listing} by "{canary.query}"' for canary, found in self.canaries.items() if not found]
        return CrawlQuality(
            pages=self.before.pages + asked,
            read=self.before.read + sum(self.fates[fate] for fate in GOOD),
            unread=self.before.unread + self.fates[Fate.LAYOUT],
            blocked=self.before.blocked + self.fates[Fate.BLOCKED] + self.fates[Fate.RATE_LIMITED],
            listings=self.before.listings + self.shown,
            fields=dict(fields),
            missed=tuple(missed),
            results=self.before.results + len(self.sizes),
            sparse=self.before.sparse + self.sparse,
            thin=self.before.thin + self.thin,
            crowded=self.before.crowded + self.crowded,
            smallest=min([*self.sizes, *_known(self.before.smallest)], default=None),
            largest=max([*self.sizes, *_known(self.before.largest)], default=None),
            failures=self._failures(),
        )

    def _failures(self) -> tuple[PageFailure, ...]:
        """The first pages of each fate that could not be read, of all attempts; each once."""
        told = [PageFailure(fate=fate, words=words) for fate, some in self.failures.items() for words in some]
        kept: dict[PageFailure, None] = {}
        for one in (*self.before.failures, *told):
            if sum(other.fate == one.fate for other in kept) < _MOST_FAILURES:
                kept.setdefault(one)
        return tuple(kept)

    def _note(self, fate: Fate, detail: str, tried_at: float) -> None:
        self.fates[fate] += 1
        if detail and fate not in GOOD | _NEUTRAL and len(self.failures.setdefault(fate, [])) < _MOST_FAILURES:
            self.failures[fate].append(detail[:_LONGEST_FAILURE])
        if fate in GOOD:
            self.pages += 1
            self._last_good = time.monotonic()
        elif fate is not Fate.STOPPED:
            self.last_failure = detail or self.last_failure
            self.failed_pages += 1
        # Pages that are tried again come last, all together. They are no streak if others were read in the meantime.
        if fate not in _NEUTRAL and tried_at >= self._last_good:
            self._streak = self._streak + 1 if fate is self._streak_fate else 1
            self._streak_fate = fate
            self.streaks[fate] = max(self.streaks[fate], self._streak)


def _known(count: int | None) -> tuple[int, ...]:
    return () if count is None else (count,)
