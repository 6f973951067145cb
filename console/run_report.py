"""A run for people: how much it saw, and of each crawl why it ended, what to do, and what its pages showed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from console.outcomes import RunOutcome, outcome_of, reason_words, remedy_for
from console.session import Session
from console.translation import gettext as _
from counterfoil.models import Crawl, CrawlState, PastResults, Run
from counterfoil.store.crawls import list_crawl_events
from counterfoil.store.history import CrawlEnd
from counterfoil.store.listings import kept_query
from counterfoil.store.run_findings import earlier_results, listings_by_query


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """A field: on how many of the listings it was, of 100; whether the declaration says that it is on all."""

    name: str
    percent: int
    declared: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A query of a crawl: how many listings it has shown, and how many it showed before."""

    query: str
    found: int
    before: PastResults | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlReport:
    """A crawl in words: what it asked and found, how many of 100 listings showed each field, what happened to it."""

    crawl: Crawl
    title: str
    words: str
    remedy: str | None
    coverage: tuple[Covered, ...]
    asked: tuple[Asked, ...]
    expected: str | None
    events: tuple[tuple[datetime, int, str, str], ...]


def crawl_reports(
    connection: sa.Connection, session: Session, run: Run, crawls: Sequence[Crawl]
) -> Iterator[CrawlReport]:
    """What there is to tell of these crawls of a run."""
    found = listings_by_query(connection, [crawl.id for crawl in crawls])
    before = earlier_results(connection, run)
    for crawl in crawls:
        yield CrawlReport(
            crawl=crawl,
            title=session.marketplace_title(crawl.marketplace),
            words=state_words(crawl),
            remedy=remedy_for(crawl.reason, crawl.marketplace) if crawl.reason else None,
            coverage=tuple(_coverage(session, crawl)),
            asked=tuple(
                Asked(
                    query=query,
                    found=found[crawl.id].get(kept_query(query), 0),
                    before=before.get((crawl.marketplace, query)),
                )
                for query in crawl.queries
            ),
            expected=_expected(session, crawl.marketplace),
            events=tuple(list_crawl_events(connection, session.owner.id, crawl.id)),
        )


def _coverage(session: Session, crawl: Crawl) -> Iterator[Covered]:
    """What its listings showed, the fields that they always have to show first."""
    known = session.marketplaces.get(crawl.marketplace)
    declared = known.expectations.fields if known else ()
    if crawl.quality.listings:
        for name in sorted({*crawl.quality.fields, *declared}, key=lambda name: (name not in declared, name)):
            percent = round(100 * (crawl.quality.coverage(name) or 0))
            yield Covered(name=name, percent=percent, declared=name in declared)


def _expected(session: Session, name: str) -> str | None:
    known = session.marketplaces.get(name)
    if known is None:
        return None
    told = {"fewest": known.expectations.fewest, "most": known.expectations.most}
    return _("%(fewest)d to %(most)d listings on a page of results") % told


def outcome_among(run: Run, crawls: Sequence[Crawl]) -> RunOutcome:
    """What came of a run and these crawls of it."""
    ends = [
        CrawlEnd(marketplace=one.marketplace, state=one.state, reason=one.reason, degraded=one.degraded)
        for one in crawls
    ]
    return outcome_of(run, ends)


def state_words(crawl: Crawl) -> str:
    """Where a crawl stands, in words."""
    if crawl.reason is not None:
        return reason_words(crawl.reason)
    if crawl.state is CrawlState.CLAIMED:
        return _("under way") if crawl.attempt < 2 else _("under way, attempt %(number)d") % {"number": crawl.attempt}
    return _("waits for a worker") if crawl.attempt == 0 else _("waits for its next attempt")
