"""Gives the captures that suspects wait for to crawls: a run for each owner and marketplace, many captures together."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby

import sqlalchemy as sa

from counterfoil.clock import now
from counterfoil.marketplaces import Marketplace, load_marketplaces
from counterfoil.models import CrawlLimits, RunKind, RunTrigger
from counterfoil.settings import Settings
from counterfoil.store import Store
from counterfoil.store.captures import (
    WantedCapture,
    assign_captures,
    captures_need_planning,
    captures_to_plan,
    fail_capture,
    release_lost_captures,
)
from counterfoil.store.crawls import list_crawls
from counterfoil.store.runs import PlannedCrawl, add_run, has_open_run_of

log = logging.getLogger(__name__)

_AT_ONCE = 500
# A crawl that dies costs no more than these; starting the browser for them costs little.
_PER_CRAWL = 25
_SECONDS_EACH = 120


def plan_captures(store: Store, settings: Settings) -> int:
    """Make runs for the captures that wait, one at a time of an owner and marketplace; how many runs were made.

    While a run is under way more captures gather for the next: a monitor that finds a hundred suspects starts a few
    browsers, not a hundred.
    """
    if not settings.captures:
        return 0
    with store.read() as connection:
        if not captures_need_planning(connection, now()):
            return 0
    with store.write() as connection:
        moment = now()
        release_lost_captures(connection, moment)
        wanted = captures_to_plan(connection, moment, _AT_ONCE)
        if not wanted:
            return 0
        known = load_marketplaces(settings)
        return sum(_plan_some(connection, known, some, moment) for some in _grouped(wanted))


def _grouped(wanted: Iterable[WantedCapture]) -> Iterable[list[WantedCapture]]:
    def place(one: WantedCapture) -> tuple[int, str]:
        return one.owner_id, one.marketplace

    return (list(some) for _, some in groupby(sorted(wanted, key=place), place))


def _plan_some(
    connection: sa.Connection, known: Mapping[str, Marketplace], some: Sequence[WantedCapture], moment: datetime
) -> bool:
    owner_id, name = some[0].owner_id, some[0].marketplace
    obstacle = _obstacle(known.get(name), name)
    if obstacle is not None:
        for one in some:
            fail_capture(connection, one.id, obstacle, for_good=True)
        return False
    if has_open_run_of(connection, owner_id, RunKind.CAPTURE, name):
        return False
    chosen = [one.id for one in some[:_PER_CRAWL]]
    limits = CrawlLimits(seconds=_SECONDS_EACH * len(chosen))
    run_id = add_run(
        connection,
        owner_id=owner_id,
        monitor_id=None,
        kind=RunKind.CAPTURE,
        trigger=RunTrigger.SCHEDULE,
        nominal_at=moment,
        late=False,
        planned=[PlannedCrawl(marketplace=name, spider="capture", queries=(), limits=limits)],
        now=moment,
    )
    if run_id is None:
        return False
    crawl = list_crawls(connection, owner_id, run_id)[0]
    assign_captures(connection, chosen, crawl.id)
    log.info("run %s captures %s pages of %s", run_id, len(chosen), name)
    return True


def _obstacle(marketplace: Marketplace | None, name: str) -> str | None:
    if marketplace is None:
        return f"the marketplace {name!r} is no longer declared"
    if marketplace.route == "import":
        return "this marketplace is read from pages that a person saved: its pages are not asked for"
    return None
