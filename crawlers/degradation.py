"""Decides from facts whether a crawl that came to its end may have been blind, and says in words to what."""

from collections.abc import Collection, Iterator, Sequence
from statistics import mean

from counterfoil.marketplaces import Expectations
from counterfoil.models import CrawlQuality

# Below so many pages or listings a share says nothing.
_FEW = 10
# Of the pages that came, so many can usually be read; of all that are asked for, so few are usually refused.
_LEAST_PARSED = 0.8
_MOST_BLOCKED = 0.1
# A field that every listing is declared to show, and one that fewer listings show than before.
_LEAST_DECLARED = 0.8
_MOST_LOST = 0.3
# So many pages of results that all are shorter than declared are no accident.
FEW_PAGES = 3


def degradation(quality: CrawlQuality, past: Sequence[CrawlQuality], expected: Expectations) -> str | None:
    """What a crawl may have been blind to, in a sentence; None if nothing speaks for it.

    `past` are the last crawls of the same marketplace, `expected` what its declaration says of pages of results.
    """
    found = [
        *_canaries(quality),
        *_rates(quality),
        *_sizes(quality, expected),
        *_declared(quality, expected.fields),
        *_lost(quality, past, expected.fields),
    ]
    return "; ".join(found) or None


def _canaries(quality: CrawlQuality) -> Iterator[str]:
    if quality.missed:
        listings = "canary" if len(quality.missed) == 1 else "canaries"
        yield f"{listings} not found again: {', '.join(quality.missed[:5])}"


def _rates(quality: CrawlQuality) -> Iterator[str]:
    if quality.pages < _FEW:
        return
    parsed, blocked = quality.parse_rate, quality.block_rate
    if parsed is not None and parsed < _LEAST_PARSED:
        yield f"only {parsed:.0%} of the pages that came could be read"
    if blocked is not None and blocked > _MOST_BLOCKED:
        yield f"{blocked:.0%} of the pages were blocked"


def _sizes(quality: CrawlQuality, expected: Expectations) -> Iterator[str]:
    least, pages = f"the {expected.fewest} that are declared at least", f"{quality.results} pages of results"
    if quality.thin:
        yield f"{quality.thin} of {pages} show fewer listings than {least} (one {quality.smallest}), and there are more"
    elif quality.results >= FEW_PAGES and quality.sparse == quality.results:
        yield f"none of {pages} shows as many listings as {least} (one {quality.largest}, all others fewer)"
    if quality.crowded:
        most = f"the {expected.most} that are declared at most"
        yield f"{quality.crowded} of {pages} show more listings than {most} (one {quality.largest})"


def _declared(quality: CrawlQuality, declared: Collection[str]) -> Iterator[str]:
    if quality.listings < _FEW:
        return
    for name in declared:
        share = quality.coverage(name) or 0
        if share < _LEAST_DECLARED:
            yield f"{name} is on {share:.0%} of the listings, and declared to be on all"


def _lost(quality: CrawlQuality, past: Sequence[CrawlQuality], declared: Collection[str]) -> Iterator[str]:
    earlier = [one for one in past if one.listings >= _FEW]
    if quality.listings < _FEW or not earlier:
        return
    for name in sorted({name for one in earlier for name in one.fields} - set(declared)):
        usual, share = mean(one.coverage(name) or 0 for one in earlier), quality.coverage(name) or 0
        if usual - share > _MOST_LOST:
            crawls = "crawl" if len(earlier) == 1 else f"{len(earlier)} crawls"
            yield f"{name} is on {share:.0%} of the listings, in the last {crawls} it was on {usual:.0%}"
