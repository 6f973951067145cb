"""Rows for the tests of the store and the scheduler, made by the same functions that the program uses."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Barrier
from typing import Any, TypeVar

import sqlalchemy as sa

from counterfoil.models import (
    Crawl,
    CrawlLimits,
    ListingFacts,
    ListingImage,
    Monitor,
    RunKind,
    RunTrigger,
    Schedule,
    ScheduleKind,
    SellerFacts,
    Sighting,
)
from counterfoil.store import Store
from counterfoil.store.brands import add_brand
from counterfoil.store.crawls import claim_crawl, get_crawl
from counterfoil.store.listings import Recorded, record_listing
from counterfoil.store.monitors import MonitorEntry, add_monitor
from counterfoil.store.owners import add_owner
from counterfoil.store.products import ProductEntry, add_product
from counterfoil.store.runs import PlannedCrawl, add_run

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOURLY = Schedule(kind=ScheduleKind.INTERVAL, expression="1h")
FACTS = ListingFacts(
    url="https://market.example/item/1",
    title="Trail 30 backpack",
    description="As good as new.",
    price=Decimal("19.90"),
    currency="EUR",
    seller=SellerFacts(key="s-1", name="Bob's bags"),
)


def new_owner(store: Store, name: str = "acme") -> int:
    """An owner's id."""
    with store.write() as connection:
        return add_owner(connection, name, NOON).id


def new_product(store: Store, owner_id: int, name: str = "Trail 30", brand: str = "Acme") -> int:
    """A product's id; its brand is made with it."""
    with store.write() as connection:
        entry = ProductEntry(brand_id=add_brand(connection, owner_id, brand, (), NOON).id, name=name)
        return add_product(connection, owner_id, entry, NOON).id


def monitor_entry(name: str = "daily", **changes: Any) -> MonitorEntry:
    """A monitor of one marketplace and one query, fired every hour."""
    entry = MonitorEntry(name=name, schedule=HOURLY, product_ids=(), marketplaces=("market",), queries=("bag",))
    return replace(entry, **changes)


def new_monitor(store: Store, owner_id: int, name: str = "daily", due: datetime = NOON, **changes: Any) -> Monitor:
    """A monitor that is due at noon."""
    with store.write() as connection:
        entry = monitor_entry(name, **changes)
        return add_monitor(connection, owner_id, entry, next_nominal_at=due, next_due_at=due, now=NOON)


def new_run(
    store: Store,
    monitor: Monitor,
    nominal_at: datetime = NOON,
    marketplaces: Sequence[str] = ("market",),
    limits: CrawlLimits | None = None,
    now: datetime = NOON,
) -> int | None:
    """A run with one crawl for each marketplace named; its id, None where the monitor has one of that time."""
    planned = [
        PlannedCrawl(marketplace=name, spider="search", queries=("bag",), limits=limits or CrawlLimits())
        for name in marketplaces
    ]
    with store.write() as connection:
        return add_run(
            connection,
            owner_id=monitor.owner_id,
            monitor_id=monitor.id,
            kind=RunKind.SEARCH,
            trigger=RunTrigger.SCHEDULE,
            nominal_at=nominal_at,
            late=False,
            planned=planned,
            now=now,
        )


def claim(
    store: Store, now: datetime = NOON, worker: str = "worker", lease: timedelta = MINUTE, places: int = 99
) -> Crawl | None:
    """What a worker that looks for work at this time gets."""
    with store.write() as connection:
        return claim_crawl(connection, worker, lease, {"market": places}, now)


def claimed(store: Store, owner_id: int, name: str = "daily") -> Crawl:
    """A fresh crawl that a worker has claimed at noon."""
    new_run(store, new_monitor(store, owner_id, name))
    crawl = claim(store)
    assert crawl is not None
    return crawl


def row_of(store: Store, crawl: Crawl) -> Crawl:
    """The crawl as its row says it is now."""
    with store.read() as connection:
        return get_crawl(connection, crawl.id)


def record(
    store: Store,
    crawl: Crawl,
    key: str = "1",
    now: datetime = NOON,
    query: str = "bag",
    seen_at: datetime | None = None,
    **changes: Any,
) -> Recorded:
    """A crawl hands in a listing's page, read now, that results showed at `seen_at` (else now too)."""
    with store.write() as connection:
        return record_listing(
            connection,
            crawl_id=crawl.id,
            marketplace=crawl.marketplace,
            key=key,
            facts=replace(FACTS, **changes),
            body_sha256=None,
            captured_at=now,
            sighting=Sighting(query=query, rank=1, seen_at=seen_at or now),
        )


def pictures(*images: tuple[str, str | None]) -> tuple[ListingImage, ...]:
    """Pictures of a page: (address, SHA-256); the ones without a SHA-256 could not be fetched."""
    return tuple(
        ListingImage(url=url, sha256=sha256, error=None if sha256 else "answered 503") for url, sha256 in images
    )


def count(store: Store, table: sa.Table, *where: sa.ColumnElement[bool]) -> int:
    """How many rows there are."""
    with store.read() as connection:
        return int(connection.scalar(sa.select(sa.func.count()).select_from(table).where(*where)) or 0)


T = TypeVar("T")


def at_once(number: int, work: Callable[[int], T]) -> list[T]:
    """Do the work in so many threads, all released at the same moment; their answers, errors raised."""
    ready = Barrier(number)

    def wait_and_work(index: int) -> T:
        ready.wait()
        return work(index)

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(wait_and_work, range(number)))
