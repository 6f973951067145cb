"""Listings whose addresses are known are looked at without a search."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import run_command
from crawling import Bench
from market import Market, serving

from counterfoil.models import CrawlState, FinishReason, RunKind
from counterfoil.settings import Settings
from counterfoil.store import Store
from counterfoil.store.crawls import list_crawls
from counterfoil.store.runs import list_runs


@pytest.fixture
def bench(settings: Settings, sqlite_store: Store) -> Iterator[Bench]:
    with serving(Market()) as market:
        made = Bench(settings, sqlite_store, market)
        yield made
        made.close()


def test_known_addresses_become_a_run_of_their_own_and_are_read_once_each(bench: Bench, tmp_path: Path) -> None:
    bench.market.stock(3)
    shop = bench.market.url
    links = tmp_path / "links.csv"
    links.write_text(f"name,url\na,{shop}/listing/2?from=mail\nb,{shop}/listing/gone\n")
    environment = {"COUNTERFOIL_DATA": str(bench.settings.data), "COUNTERFOIL_OWNER": "tests"}
    addresses = [f"{shop}/listing/1", f"{shop}/listing/2", f"{shop}/about", "https://nobody.example/listing/1"]
    ended = run_command(environment, "check", *addresses, "--from", str(links))
    assert ended.status == 0, ended
    assert "run 1: 4 addresses, 2 skipped" in ended.output
    assert "skipped, no listing of a declared marketplace: https://nobody.example/listing/1" in ended.errors
    crawl = bench.claim_next()
    bench.run(crawl)
    crawl = bench.row(crawl)
    assert (crawl.spider, crawl.state, crawl.reason) == ("urls", CrawlState.FINISHED, FinishReason.FINISHED), (
        crawl.detail
    )
    assert sorted(bench.keys()) == ["1", "2"]
    assert sorted(bench.market.asked_for("/listing/")) == ["/listing/1", "/listing/2", "/listing/gone"]
    assert bench.market.asked_for("/search") == []
    with bench.store.read() as connection:
        run = list_runs(connection, bench.owner_id)[0]
        assert (run.kind, run.monitor_id, len(list_crawls(connection, bench.owner_id, run.id))) == (
            RunKind.LISTINGS,
            None,
            1,
        )


def test_addresses_of_no_declared_marketplace_are_refused(bench: Bench) -> None:
    environment = {"COUNTERFOIL_DATA": str(bench.settings.data), "COUNTERFOIL_OWNER": "tests"}
    ended = run_command(environment, "check", "https://nobody.example/listing/1")
    assert ended.status == 2 and "counterfoil marketplace new URL" in ended.errors
    assert run_command(environment, "check").status == 2
