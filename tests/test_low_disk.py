"""A disk that fills up: crawls do not start, or end as `disk_full` with a sentence, and nothing is torn."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from crawling import Bench
from disks import grow, mounted
from market import Answer, Asked, Market, serving

from counterfoil.clock import now
from counterfoil.disk import free_bytes, shortage
from counterfoil.evidence import EvidenceStore, Kind, open_evidence
from counterfoil.models import CrawlState, FinishReason
from counterfoil.settings import Settings, load_settings
from counterfoil.store import Store, check_integrity, open_store
from counterfoil.verification import Verification
from scheduler.launcher import Program
from scheduler.worker import work_once

MORE_THAN_ANY_DISK = 10**9


@pytest.fixture
def market() -> Iterator[Market]:
    with serving(Market()) as opened:
        yield opened


@pytest.fixture
def bench(settings: Settings, sqlite_store: Store, market: Market) -> Iterator[Bench]:
    made = Bench(settings, sqlite_store, market)
    yield made
    made.close()


def test_free_space_is_that_of_the_disk_of_the_data_folder_also_before_it_is_there(settings: Settings) -> None:
    assert free_bytes(settings.data / "not" / "yet") > 0
    assert shortage(settings.model_copy(update={"min_free_megabytes": 0})) is None
    said = shortage(settings.model_copy(update={"min_free_megabytes": MORE_THAN_ANY_DISK}))
    assert said is not None and str(settings.data) in said and "COUNTERFOIL_MIN_FREE_MEGABYTES" in said


def test_no_crawl_starts_while_the_disk_is_nearly_full(bench: Bench) -> None:
    import threading

    crawl = bench.claim("lamp")
    with bench.store.write() as connection:
        connection.exec_driver_sql("UPDATE crawls SET state = 'waiting', lease_until = NULL")
    short = bench.settings.model_copy(update={"min_free_megabytes": MORE_THAN_ANY_DISK})

    def command(_: object) -> list[str]:
        raise AssertionError("a crawl was started")

    assert work_once(bench.store, short, threading.Event(), Program(command=command))
    row = bench.row(crawl)
    assert (row.state, row.reason) == (CrawlState.FINISHED, FinishReason.DISK_FULL)
    assert "not started: only" in str(row.detail) and "MB are free" in str(row.detail)


def test_a_crawl_at_work_ends_when_the_disk_is_nearly_full_and_says_so(bench: Bench) -> None:
    bench.market.stock(400)
    bench.market.declare(bench.settings.marketplaces_folder, politeness={"delay": 0.1, "concurrency": 1})
    bench.environment["COUNTERFOIL_MIN_FREE_MEGABYTES"] = str(MORE_THAN_ANY_DISK)
    crawl = bench.crawl("lamp")
    assert crawl.reason is FinishReason.DISK_FULL
    assert "MB are free" in str(crawl.detail)
    assert crawl.counters.seen < 400


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MB of its own."""
    with mounted(tmp_path / "disk", 8) as folder:
        yield folder


@pytest.mark.parametrize("min_free", [1, 0])
def test_a_full_disk_ends_a_crawl_whole_and_after_making_room_the_next_completes(
    small_disk: Path, market: Market, min_free: int
) -> None:
    """With room kept back (1 MB) and without: then SQLite and the pictures fight for the last block."""
    settings = load_settings({"COUNTERFOIL_DATA": str(small_disk / "data"), "COUNTERFOIL_CONTACT": "tests@example.com"})
    store = open_store(settings)
    bench = Bench(settings, store, market)
    bench.environment["COUNTERFOIL_MIN_FREE_MEGABYTES"] = str(min_free)
    market.stock(60, pictures=1)
    for number in range(1, 61):
        market.faults[f"/picture/{number}-0.jpg"] = _large
    crawl = bench.claim("lamp")
    log = bench.run(crawl, expect=0 if min_free else [0, 1])
    row = bench.row(crawl)
    if row.state is CrawlState.FINISHED:
        assert row.reason is FinishReason.DISK_FULL
        assert "disk" in str(row.detail)
    else:
        # Not even the reason could be written: the worker gives the crawl back, and it is tried again.
        assert min_free == 0 and "full" in log
    evidence = open_evidence(settings)
    _nothing_torn(store, evidence)
    grow(small_disk, 64)
    again = bench.crawl("lamp")
    assert again.reason is FinishReason.FINISHED
    assert len(bench.keys()) == 60
    newest = {version.listing_id: version for version in bench.versions()}.values()
    assert all(evidence.has_image(str(version.facts.images[0].sha256)) for version in newest)
    _nothing_torn(store, evidence)
    bench.close()
    store.close()


def _nothing_torn(store: Store, evidence: EvidenceStore) -> None:
    check_integrity(store)
    assert list(Verification(store, evidence, now()).run()) == []
    assert list(evidence.image_path("0" * 64).parents[3].rglob(".draft-*")) == []
    assert list(evidence.walk(Kind.IMAGE))


def _large(asked: Asked) -> Answer:
    from test_fingerprints import encoded, scene

    # Whole pictures of some 300 KB that no two listings share.
    return Answer(body=encoded(scene(1, (32, 32)), "PNG") + asked.path.encode() + _NOISE, type="image/png")


_NOISE = os.urandom(300_000)
