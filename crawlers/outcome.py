"""The one place that decides why a crawl ended: from facts, without I/O."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from counterfoil.models import FinishReason
from crawlers.degradation import FEW_PAGES
from crawlers.observations import GOOD, Fate, Observations, Stop

# So many pages in a row that fare alike end a crawl early: going on would only harden the site's mind.
PATIENCE = {Fate.BLOCKED: 5, Fate.RATE_LIMITED: 3, Fate.UNREACHABLE: 5}

# Listings that are gone are nothing unusual; when all that the results show are, the pages are not what they were.
_MANY_GONE = 5
_MOST_TOLD = 3

# The worst first: among failures that are equally many, the one that tells the operator most.
_REASONS = {
    Fate.BLOCKED: FinishReason.BLOCKED,
    Fate.RATE_LIMITED: FinishReason.RATE_LIMITED,
    Fate.ROBOTS: FinishReason.ROBOTS,
    Fate.UNREACHABLE: FinishReason.SITE_DOWN,
    Fate.LAYOUT: FinishReason.LAYOUT,
    Fate.REFUSED: FinishReason.CRASHED,
    Fate.CRASHED: FinishReason.CRASHED,
}
_WORDS = {
    Fate.BLOCKED: "the site blocks this crawler",
    Fate.RATE_LIMITED: "the site asks to slow down (429)",
    Fate.ROBOTS: "robots.txt does not allow it, or cannot be had",
    Fate.UNREACHABLE: "the site does not answer, or not to the end",
    Fate.LAYOUT: "the page is not what the declaration describes",
    Fate.REFUSED: "the address is refused",
    Fate.CRASHED: "reading the page failed",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """The one reason why a crawl ended, and a sentence about it; `not_before` is when the site may be asked again."""

    reason: FinishReason
    detail: str | None = None
    not_before: datetime | None = None


def decide(seen: Observations) -> Outcome | None:
    """Why the crawl ended; None when it was interrupted and another attempt will go on.

    A stop on the way comes first; then queries whose results could not be read to their end, when they are most of
    them; then listing pages, when most of those that were tried failed; then any query that has nothing where there
    always was something; then pages of results all of which show fewer listings than declared, although there are more;
    then limits.
    """
    if seen.stop is not None:
        return _resting(seen, Outcome(seen.stop.reason, seen.stop.detail)) if seen.stop.reason else None
    failure = _most_queries(seen) or _most_listings(seen) or _none_left(seen) or _disbelieved(seen) or _all_thin(seen)
    if failure is not None:
        return _resting(seen, failure)
    blemishes = [*seen.limits.values(), *_blemishes(seen), *seen.remarks]
    reason = FinishReason.LIMIT if seen.limits else FinishReason.FINISHED
    return Outcome(reason, "; ".join(blemishes) or None)


def reason_for(fate: Fate) -> FinishReason:
    """The reason of a crawl that ends by a page's failure."""
    return _REASONS[fate]


def early_stop(seen: Observations) -> Stop | None:
    """The stop that a streak of like failures asks for, if it is long enough."""
    for fate, patience in PATIENCE.items():
        if seen.streaks[fate] >= patience:
            return Stop(_REASONS[fate], _sentence(fate, f"{seen.streaks[fate]} pages in a row", seen.last_failure))
    return None


def _most_queries(seen: Observations) -> Outcome | None:
    failed = Counter(fate for fate in seen.queries.values() if fate not in GOOD)
    if failed.total() * 2 <= len(seen.queries):
        return None
    last = {fate: seen.query_failures.get(query, "") for query, fate in seen.queries.items()}
    return _failure(failed, f"{failed.total()} of {len(seen.queries)} queries", last)


def _most_listings(seen: Observations) -> Outcome | None:
    failed = Counter({fate: count for fate, count in seen.listings.items() if fate in _REASONS})
    tried = _tried(seen)
    if failed.total() * 2 <= tried:
        return None
    return _failure(failed, f"{failed.total()} of {tried} listing pages", seen.listing_failures)


def _tried(seen: Observations) -> int:
    """The listing pages that say something about the site: those that were read, and those that failed."""
    return seen.listings[Fate.READ] + sum(seen.listings[fate] for fate in _REASONS)


def _none_left(seen: Observations) -> Outcome | None:
    gone = seen.listings[Fate.GONE]
    if gone < _MANY_GONE or seen.listings[Fate.READ] or seen.stored_before:
        return None
    what = f"none of the {gone} listings that the results show can be opened"
    return Outcome(FinishReason.LAYOUT, f"{what} ({seen.listing_failures.get(Fate.GONE, seen.last_failure)})")


def _disbelieved(seen: Observations) -> Outcome | None:
    told = list(seen.disbelieved.values())
    return Outcome(FinishReason.LAYOUT, "; ".join(told[:_MOST_TOLD])) if told else None


def _all_thin(seen: Observations) -> Outcome | None:
    pages = len(seen.sizes)
    if pages < FEW_PAGES or seen.thin < pages:
        return None
    return Outcome(FinishReason.LAYOUT, f"all {pages} pages of results show too few listings ({seen.thin_told})")


def _resting(seen: Observations, outcome: Outcome) -> Outcome:
    """The same, with the time that the site has named, where that is what the outcome is about."""
    if outcome.reason not in {FinishReason.RATE_LIMITED, FinishReason.SITE_DOWN}:
        return outcome
    return replace(outcome, not_before=seen.not_before)


def _failure(failed: Mapping[Fate, int], what: str, last: Mapping[Fate, str]) -> Outcome | None:
    worst = max((fate for fate in _REASONS if failed.get(fate)), key=lambda fate: failed[fate], default=None)
    return Outcome(_REASONS[worst], _sentence(worst, what, last.get(worst, ""))) if worst else None


def _sentence(fate: Fate, what: str, last: str) -> str:
    return f"{what}: {_WORDS[fate]}" + (f" ({last})" if last else "")


def _blemishes(seen: Observations) -> Iterator[str]:
    """What went wrong without being the reason."""
    failed = [query for query, fate in seen.queries.items() if fate not in GOOD]
    if failed:
        last = seen.query_failures.get(failed[-1], "")
        yield f"{len(failed)} of {len(seen.queries)} queries were not read to their end ({last})"
    broken = [fate for fate in _REASONS if seen.listings[fate]]
    if broken:
        count, tried = sum(seen.listings[fate] for fate in broken), _tried(seen)
        last = seen.listing_failures.get(broken[0], "")
        yield f"{count} of {tried} listing pages could not be read in full ({last})"
    if seen.image_errors > seen.images:
        tried = seen.image_errors + seen.images
        yield f"{seen.image_errors} of {tried} pictures could not be had ({seen.last_image_failure})"
