"""Makes runs that a person asks for without a monitor: of saved files here and now, of addresses by the workers."""

import threading
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import sqlalchemy as sa

from counterfoil.clock import now
from counterfoil.exceptions import CounterfoilError
from counterfoil.marketplaces import Marketplace, load_marketplaces
from counterfoil.models import Crawl, CrawlLimits, RunKind, RunTrigger
from counterfoil.settings import Settings
from counterfoil.store import Store
from counterfoil.store.crawls import cancel_crawls, claim_made, get_crawl, list_crawls
from counterfoil.store.runs import PlannedCrawl, add_run
from scheduler.launcher import SCRAPY, Program
from scheduler.worker import see_through, worker_name

# Addresses for one crawl: minutes of work at a second for each.
_PIECE = 250
_IMPORT_LIMITS = CrawlLimits(pages=20_000, seconds=6 * 3_600)


def begin_import(
    connection: sa.Connection, settings: Settings, owner_id: int, marketplace: Marketplace, sources: Sequence[str]
) -> Crawl:
    """Make a run of one crawl that reads saved files, held by this process: the files are on its machine."""
    planned = PlannedCrawl(marketplace=marketplace.name, spider="saved", queries=tuple(sources), limits=_IMPORT_LIMITS)
    moment = now()
    run_id = _add(connection, owner_id, RunKind.IMPORT, [planned], moment)
    made = list_crawls(connection, owner_id, run_id)[0]
    return claim_made(connection, made, worker_name(), timedelta(seconds=settings.lease_seconds), moment)


def see_import_through(store: Store, settings: Settings, crawl: Crawl, program: Program = SCRAPY) -> Crawl:
    """Read the files here and now; the crawl as it ended.

    Who interrupts it cancels it; what was read by then stays.
    """
    try:
        see_through(store, settings, threading.Event(), crawl, load_marketplaces(settings), program)
    except KeyboardInterrupt:
        with suppress(CounterfoilError), store.write() as connection:
            cancel_crawls(connection, crawl.owner_id, crawl.run_id, now())
        raise
    with store.read() as connection:
        return get_crawl(connection, crawl.id)


def check_addresses(connection: sa.Connection, owner_id: int, addresses: Sequence[tuple[Marketplace, str]]) -> int:
    """Have listings looked at whose addresses are known: a run of its own, for the workers; its id."""
    by_marketplace: dict[str, list[str]] = {}
    for marketplace, url in addresses:
        by_marketplace.setdefault(marketplace.name, []).append(url)
    planned = [
        PlannedCrawl(marketplace=name, spider="urls", queries=tuple(urls[start : start + _PIECE]), limits=CrawlLimits())
        for name, urls in by_marketplace.items()
        for start in range(0, len(urls), _PIECE)
    ]
    return _add(connection, owner_id, RunKind.LISTINGS, planned, now())


def _add(
    connection: sa.Connection, owner_id: int, kind: RunKind, planned: Sequence[PlannedCrawl], moment: datetime
) -> int:
    run_id = add_run(
        connection,
        owner_id=owner_id,
        monitor_id=None,
        kind=kind,
        trigger=RunTrigger.MANUAL,
        nominal_at=moment,
        late=False,
        planned=planned,
        now=moment,
    )
    if run_id is None:
        raise RuntimeError("a run without a monitor is always made")
    return run_id
