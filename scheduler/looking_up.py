"""Has the own addresses of suspects looked at that no search shows any more: only they can say that one is gone."""

import logging
from datetime import datetime, timedelta
from itertools import groupby

import sqlalchemy as sa

from counterfoil.clock import now
from counterfoil.marketplaces import Marketplace, load_marketplaces
from counterfoil.models import CrawlLimits, RunKind, RunTrigger
from counterfoil.settings import Settings
from counterfoil.store import Store
from counterfoil.store.absences import KnownAddress, addresses_to_look_up, note_looked_up
from counterfoil.store.runs import PlannedCrawl, add_run, has_open_run_of

log = logging.getLogger(__name__)

_AT_ONCE = 1_000
_PER_CRAWL = 250


def look_up_unseen(store: Store, settings: Settings) -> int:
    """Make runs that look at suspects' own addresses, one at a time of an owner and marketplace; how many."""
    if not settings.look_up_hours:
        return 0
    unseen_for = timedelta(hours=settings.look_up_hours)
    with store.read() as connection:
        if not addresses_to_look_up(connection, unseen_for, now(), 1):
            return 0
    with store.write() as connection:
        moment = now()
        found = addresses_to_look_up(connection, unseen_for, moment, _AT_ONCE)
        known = load_marketplaces(settings)
        grouped = groupby(found, lambda row: (row.owner_id, row.marketplace))
        return sum(_look_up(connection, known.get(name), owner, list(rows), moment) for (owner, name), rows in grouped)


def _look_up(
    connection: sa.Connection,
    marketplace: Marketplace | None,
    owner_id: int,
    rows: list[KnownAddress],
    moment: datetime,
) -> bool:
    chosen = rows[:_PER_CRAWL]
    if marketplace is None or marketplace.route == "import":
        # Its addresses are not asked for; the question comes up again after the usual time.
        note_looked_up(connection, [row.listing_id for row in chosen], moment)
        return False
    if has_open_run_of(connection, owner_id, RunKind.LISTINGS, marketplace.name):
        return False
    urls = tuple(row.url for row in chosen)
    planned = PlannedCrawl(marketplace=marketplace.name, spider="urls", queries=urls, limits=CrawlLimits())
    run_id = add_run(
        connection,
        owner_id=owner_id,
        monitor_id=None,
        kind=RunKind.LISTINGS,
        trigger=RunTrigger.SCHEDULE,
        nominal_at=moment,
        late=False,
        planned=[planned],
        now=moment,
    )
    note_looked_up(connection, [row.listing_id for row in chosen], moment)
    log.info("run %s looks at %s addresses of %s", run_id, len(urls), marketplace.name)
    return run_id is not None
