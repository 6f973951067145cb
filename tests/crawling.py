"""Crawls for the tests: rows as the scheduler makes them, processes as the launcher starts them."""

import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa
from faulty import FaultyMarket
from market import Market

from counterfoil.clock import now
from counterfoil.models import Crawl, CrawlLimits, ListingVersion, RunKind, RunTrigger, Schedule, ScheduleKind
from counterfoil.settings import Settings
from counterfoil.store import Store
from counterfoil.store.crawls import claim_crawl, get_crawl
from counterfoil.store.listings import get_versions
from counterfoil.store.monitors import MonitorEntry, add_monitor
from counterfoil.store.owners import add_owner
from counterfoil.store.runs import PlannedCrawl, add_run
from counterfoil.store.tables import listing_versions, listings, sightings

ROOT = Path(__file__).parents[1]


@dataclass
class Bench:
    """One database and one marketplace; makes crawls of it and runs them."""

    settings: Settings
    store: Store
    market: Market | FaultyMarket
    environment: dict[str, str] = field(default_factory=dict)
    monitors: int = 0
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.market.declare(self.settings.marketplaces_folder)
        with self.store.write() as connection:
            self.owner_id = add_owner(connection, "tests", now()).id

    def claim(self, *queries: str, limits: CrawlLimits | None = None, spider: str = "search") -> Crawl:
        """A new crawl, claimed by a worker."""
        self.monitors += 1
        planned = PlannedCrawl(
            marketplace="market", spider=spider, queries=queries or ("lamp",), limits=limits or CrawlLimits()
        )
        with self.store.write() as connection:
            monitor = add_monitor(
                connection,
                self.owner_id,
                MonitorEntry(
                    name=f"monitor {self.monitors}",
                    schedule=Schedule(kind=ScheduleKind.INTERVAL, expression="1h"),
                    product_ids=(),
                    marketplaces=("market",),
                ),
                next_nominal_at=now(),
                next_due_at=now(),
                now=now(),
            )
            add_run(
                connection,
                owner_id=self.owner_id,
                monitor_id=monitor.id,
                kind=RunKind.SEARCH,
                trigger=RunTrigger.MANUAL,
                nominal_at=now(),
                late=False,
                planned=[planned],
                now=now(),
            )
        return self.claim_next()

    def claim_next(self, lease_seconds: float = 60) -> Crawl:
        """Claim the crawl that waits, or whose lease has lapsed."""
        with self.store.write() as connection:
            crawl = claim_crawl(connection, "tests", timedelta(seconds=lease_seconds), {"market": 9}, now())
        assert crawl is not None
        return crawl

    def take_over(self, crawl: Crawl) -> Crawl:
        """What another worker does when the lease of this crawl has lapsed."""
        with self.store.write() as connection:
            connection.execute(sa.text("UPDATE crawls SET lease_until = '2000-01-01 00:00:00'"))
        again = self.claim_next()
        assert (again.id, again.attempt) == (crawl.id, crawl.attempt + 1)
        return again

    def start(self, crawl: Crawl, *arguments: str) -> subprocess.Popen[str]:
        """Start the crawl's process as the launcher does; its standard input is a pipe that stays open."""
        command = ["crawl", crawl.spider, "-a", f"crawl_id={crawl.id}", "-a", f"attempt={crawl.attempt}"]
        return self.scrapy(*command, "-a", "watch_stdin=1", *arguments)

    def scrapy(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a Scrapy command inside the project."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("COUNTERFOIL_")}
        own = {
            "COUNTERFOIL_DATA": str(self.settings.data),
            "COUNTERFOIL_ALLOW_HOSTS": f"127.0.0.1:{self.market.port}",
            "COUNTERFOIL_CONTACT": "tests@example.com",
            "SCRAPY_SETTINGS_MODULE": "crawlers.settings",
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "scrapy", *arguments],
            cwd=ROOT,
            env={**clean, **own, **self.environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.processes.append(process)
        return process

    def close(self) -> None:
        """End what a failed test has left running."""
        for process in self.processes:
            process.kill()
            process.wait()

    def run(self, crawl: Crawl, *arguments: str, expect: int = 0) -> str:
        """Run the crawl's process to its end; its log."""
        return finish(self.start(crawl, *arguments), expect)

    def crawl(self, *queries: str, limits: CrawlLimits | None = None, spider: str = "search") -> Crawl:
        """Make a crawl, run it, and read its row again."""
        crawl = self.claim(*queries, limits=limits, spider=spider)
        self.log = self.run(crawl)
        return self.row(crawl)

    def row(self, crawl: Crawl) -> Crawl:
        """The crawl as its row says it is now."""
        with self.store.read() as connection:
            return get_crawl(connection, crawl.id)

    def versions(self) -> list[ListingVersion]:
        """All listing versions, oldest first."""
        with self.store.read() as connection:
            ids = list(connection.scalars(sa.select(listing_versions.c.id).order_by(listing_versions.c.id)))
            found = get_versions(connection, ids)
        return [found[number] for number in ids]

    def keys(self) -> list[str]:
        """The keys of all listings."""
        with self.store.read() as connection:
            return list(connection.scalars(sa.select(listings.c.listing_key)))

    def ranks(self, crawl: Crawl) -> dict[tuple[str, str], int]:
        """What a crawl saw: (query, listing key) to rank."""
        seen = (
            sa.select(sightings.c.query, listings.c.listing_key, sightings.c.rank)
            .join(listings, listings.c.id == sightings.c.listing_id)
            .where(sightings.c.crawl_id == crawl.id)
        )
        with self.store.read() as connection:
            return {(row.query, row.listing_key): row.rank for row in connection.execute(seen)}


def finish(process: subprocess.Popen[str], expect: int | Sequence[int], seconds: float = 60) -> str:
    """Wait for a process with its standard input left open; its output. Fails on another exit code."""
    try:
        # communicate() would close standard input, and that means: the worker is gone.
        with process.stdout as output:
            log = output.read()
        code = process.wait(seconds)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        process.stdin.close()
    wanted = [expect] if isinstance(expect, int) else expect
    assert code in wanted, f"exit code {code}, expected {expect}\n{log}"
    return log
