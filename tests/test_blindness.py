"""A crawl that no longer sees what it saw says so; and nothing is called gone because a search did not show it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from crawling import Bench
from hypothesis import given
from hypothesis import strategies as st
from market import Answer, Market, html, serving
from rows import NOON, claim, claimed, new_monitor, new_owner, new_product, record
from test_captures import judge

from console.cli import cli
from counterfoil.clock import now
from counterfoil.marketplaces import Expectations
from counterfoil.models import Absence, Canary, CrawlCounters, CrawlLimits, CrawlQuality, FinishReason, PageFailure
from counterfoil.settings import Settings
from counterfoil.store import Store
from counterfoil.store.absences import (
    SEPARATE,
    addresses_to_look_up,
    get_absence,
    note_looked_up,
    record_absence,
    record_presence,
)
from counterfoil.store.crawls import close_crawl, report_progress
from counterfoil.store.monitors import find_monitor, set_canaries
from counterfoil.store.past_quality import past_quality
from counterfoil.store.tables import absences, listings
from crawlers.degradation import degradation
from crawlers.observations import Fate, Observations
from scheduler.looking_up import look_up_unseen

GOOD = CrawlQuality(
    pages=50,
    read=50,
    listings=40,
    fields={"title": 40, "price": 39, "seller": 20},
    results=4,
    sparse=1,
    smallest=3,
    largest=20,
)
EXPECTED = Expectations(fields=("title", "price"), fewest=10, most=30)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


# ------------------------------------------------------------------------------------------------- what is concluded


def test_a_crawl_like_the_ones_before_is_not_degraded() -> None:
    assert degradation(GOOD, [GOOD, GOOD], EXPECTED) is None
    assert degradation(GOOD, [], Expectations()) is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"missed": ('7 by "lamp"',)}, 'canary not found again: 7 by "lamp"'),
        ({"missed": ("7", "8")}, "canaries not found again: 7, 8"),
        ({"read": 30, "unread": 20}, "only 60% of the pages that came could be read"),
        ({"pages": 60, "blocked": 10}, "17% of the pages were blocked"),
        (
            {"fields": {"title": 40, "price": 20, "seller": 20}},
            "price is on 50% of the listings, and declared to be on all",
        ),
        (
            {"thin": 1},
            "1 of 4 pages of results show fewer listings than the 10 that are declared at least (one 3), "
            "and there are more",
        ),
        (
            {"sparse": 4, "largest": 7},
            "none of 4 pages of results shows as many listings as the 10 that are declared at least "
            "(one 7, all others fewer)",
        ),
        (
            {"crowded": 2, "largest": 64},
            "2 of 4 pages of results show more listings than the 30 that are declared at most (one 64)",
        ),
        ({"fields": {"title": 40, "price": 39}}, "seller is on 0% of the listings, in the last 2 crawls it was on 50%"),
    ],
)
def test_what_a_crawl_may_have_been_blind_to_is_said_in_words(changes: dict[str, object], words: str) -> None:
    assert degradation(replace(GOOD, **changes), [GOOD, GOOD], EXPECTED) == words


def test_a_few_pages_prove_nothing_but_a_missing_canary_does() -> None:
    few = CrawlQuality(pages=5, read=1, unread=2, blocked=2, listings=5, fields={})
    assert degradation(few, [GOOD], EXPECTED) is None
    assert degradation(replace(few, missed=("7",)), [GOOD], EXPECTED)


@given(
    st.builds(
        CrawlQuality,
        *[st.none()] * 0,
        pages=st.integers(0, 99),
        read=st.integers(0, 99),
        unread=st.integers(0, 99),
        blocked=st.integers(0, 99),
        listings=st.integers(0, 99),
        fields=st.dictionaries(st.sampled_from("abc"), st.integers(0, 99)),
        results=st.integers(0, 9),
        sparse=st.integers(0, 9),
        thin=st.integers(0, 9),
        crowded=st.integers(0, 9),
        smallest=st.none() | st.integers(0, 9),
    )
)
def test_no_count_breaks_the_comparison(quality: CrawlQuality) -> None:
    told = degradation(quality, [quality, GOOD, CrawlQuality()], Expectations(fields=("a", "d")))
    assert told is None or told


# ------------------------------------------------------------------------------------------------------ what is kept


def test_quality_is_kept_with_its_crawl_and_degraded_crawls_are_no_measure(store: Store) -> None:
    owner = new_owner(store)
    for number, degraded in enumerate((None, "blind", None)):
        crawl = claimed(store, owner, f"monitor {number}")
        with store.write() as connection:
            report_progress(connection, crawl.id, 1, crawl.counters, replace(GOOD, listings=5))
            failures = (PageFailure(fate="blocked", words="http://m/1: answered 403"),)
            quality = replace(GOOD, listings=10 + number, missed=("7",), failures=failures)
            close_crawl(connection, crawl.id, 1, FinishReason.FINISHED, quality=quality, degraded=degraded, now=NOON)
    newest = claimed(store, owner, "newest")
    with store.read() as connection:
        assert [one.listings for one in past_quality(connection, newest)] == [12, 10]
        last = past_quality(connection, newest)[0]
    assert last.missed == ("7",) and last.failures == failures


def test_of_pages_that_fail_the_first_of_each_kind_are_kept_with_address_over_all_attempts() -> None:
    first = Observations()
    for number in range(30):
        first.note_listing(Fate.BLOCKED, f"http://m/{number}: answered 403")
    first.note_listing(Fate.GONE, "http://m/gone: is no listing")
    first.note_results("lamp", Fate.READ)
    again = Observations.going_on(CrawlCounters(), 0, first.quality())
    again.note_listing(Fate.BLOCKED, "http://m/31: answered 403")
    again.note_results("lamp", Fate.LAYOUT, "http://m/search: " + "x" * 1_000)
    kept = again.quality().failures
    assert [one.words for one in kept[:20]] == [f"http://m/{number}: answered 403" for number in range(20)]
    assert [(one.fate, len(one.words)) for one in kept[20:]] == [("layout", 500)]


def absent(store: Store, at: int | float, key: str = "1") -> Absence | None:
    with store.write() as connection:
        return record_absence(connection, "market", key, f"answered 404 at {at}", NOON + at * HOUR)


def test_gone_takes_two_looks_at_separate_times_and_is_taken_back_by_the_page(store: Store) -> None:
    seen = record(store, claimed(store, new_owner(store)), now=NOON - HOUR)
    first, soon, later = absent(store, 0), absent(store, 0.9), absent(store, 1)
    assert first and first.gone_at is None
    assert soon and (soon.first_at, soon.gone_at) == (NOON, None)
    assert later and (later.first_at, later.gone_at) == (NOON, NOON + SEPARATE)
    assert (again := absent(store, 5)) and again.gone_at == NOON + SEPARATE
    with store.write() as connection:
        # A page that was read before, and is only written now, does not bring it back.
        record_presence(connection, seen.listing_id, NOON)
        assert get_absence(connection, seen.listing_id) == again
        record_presence(connection, seen.listing_id, NOON + 6 * HOUR)
        assert get_absence(connection, seen.listing_id) is None
    assert (anew := absent(store, 7)) and (anew.first_at, anew.gone_at) == (NOON + 7 * HOUR, None)


def test_a_listing_that_was_never_seen_cannot_be_gone(store: Store) -> None:
    assert absent(store, 0, key="unknown") is None


def test_suspects_that_nobody_sees_any_more_have_their_own_address_looked_at(store: Store) -> None:
    owner = new_owner(store)
    product, crawl = new_product(store, owner), claimed(store, owner)
    suspect, innocent = record(store, crawl, key="1"), record(store, crawl, key="2")
    judge(store, owner, suspect.listing_version_id, product)
    judge(store, owner, innocent.listing_version_id, product, 0.1)

    def due(at: timedelta) -> list[int]:
        with store.read() as connection:
            return [one.listing_id for one in addresses_to_look_up(connection, DAY, NOON + at, 10)]

    assert due(DAY) == [] and due(DAY + HOUR) == [suspect.listing_id]
    with store.write() as connection:
        note_looked_up(connection, [suspect.listing_id], NOON + DAY + HOUR)
    assert due(DAY + 2 * HOUR) == []
    absent(store, 26)
    # Its first absence asks for a second look, an hour later, and its second for none.
    assert due(DAY + 2.5 * HOUR) == [] and due(DAY + 3 * HOUR) == [suspect.listing_id]
    absent(store, 27)
    assert due(9 * DAY) == []


def test_looking_up_makes_one_run_at_a_time_and_none_for_markets_that_are_not_crawled(
    store: Store, settings: Settings
) -> None:
    Market().declare(settings.marketplaces_folder, route="import")
    owner = new_owner(store)
    crawl = claimed(store, owner)
    made = record(store, crawl)
    judge(store, owner, made.listing_version_id, new_product(store, owner))
    with store.write() as connection:
        close_crawl(connection, crawl.id, 1, FinishReason.FINISHED, now=NOON)
    assert look_up_unseen(store, settings) == 0
    Market().declare(settings.marketplaces_folder)
    with store.write() as connection:
        connection.execute(absences.delete())
    assert look_up_unseen(store, settings.model_copy(update={"look_up_hours": 0})) == 0
    assert look_up_unseen(store, settings) == 1
    assert look_up_unseen(store, settings) == 0
    looking = claim(store, now())
    assert looking is not None and (looking.spider, looking.queries) == ("urls", ("https://market.example/item/1",))


# ---------------------------------------------------------------------------------------------------- in real crawls


@pytest.fixture
def market() -> Iterator[Market]:
    with serving(Market()) as opened:
        yield opened


@pytest.fixture
def bench(settings: Settings, sqlite_store: Store, market: Market) -> Iterator[Bench]:
    made = Bench(settings, sqlite_store, market)
    yield made
    made.close()


def test_a_crawl_that_reads_less_than_the_last_or_misses_a_canary_is_marked(bench: Bench) -> None:
    bench.market.stock(12)
    canaries = [{"query": "lamp 3", "listing": "3"}, {"query": "lamp", "listing": "4"}]
    bench.market.declare(bench.settings.marketplaces_folder, canaries=canaries, listing__required=["title"])
    crawl = bench.crawl("lamp")
    assert (crawl.reason, crawl.degraded) == (FinishReason.FINISHED, None), bench.log
    assert crawl.quality.listings == 12 and crawl.quality.fields["price"] == 12
    assert (crawl.quality.parse_rate, crawl.quality.block_rate) == (1, 0)
    for key in ("3", "4"):
        del bench.market.listings[key]
    for said in bench.market.listings.values():
        said["price"] = ""
    crawl = bench.crawl("lamp")
    assert crawl.reason is FinishReason.FINISHED
    assert crawl.degraded == (
        'canaries not found again: 3 by "lamp 3", 4 by "lamp"; '
        "currency is on 0% of the listings, in the last crawl it was on 100%; "
        "price is on 0% of the listings, in the last crawl it was on 100%"
    )
    with bench.store.read() as connection:
        # Nobody has looked at their own addresses: that they were not shown means nothing.
        assert (
            connection.scalar(sa.select(sa.func.count()).select_from(absences).where(absences.c.why.is_not(None))) == 0
        )
    environment = {"COUNTERFOIL_DATA": str(bench.settings.data), "COUNTERFOIL_OWNER": "tests"}
    shown = CliRunner().invoke(cli, ["run", "show", str(crawl.run_id)], env=environment)
    assert "DEGRADED: canaries not found" in shown.output and "read 100% of the pages" in shown.output
    shown = CliRunner().invoke(cli, ["monitor", "show", "monitor 2"], env=environment)
    assert "DEGRADED: canaries not found" in shown.output


def test_listings_own_addresses_say_that_they_are_gone(bench: Bench) -> None:
    bench.market.stock(3)
    bench.crawl("lamp")
    bench.market.faults["/listing/1"] = Answer(status=410)
    bench.market.faults["/listing/2"] = html("<h1>This listing is no longer available</h1>")
    bench.market.faults["/listing/3"] = Answer(status=503)
    bench.crawl("lamp")
    with bench.store.read() as connection:
        rows = connection.execute(
            sa.select(listings.c.listing_key, absences.c.why, absences.c.gone_at)
            .join(absences, absences.c.listing_id == listings.c.id)
            .where(absences.c.first_at.is_not(None))
            .order_by(listings.c.listing_key)
        ).all()
    assert [(row.listing_key, row.gone_at) for row in rows] == [("1", None), ("2", None)]
    assert "answered 410" in rows[0].why and "not there" in rows[1].why


def test_a_crawl_is_compared_with_how_many_listings_its_pages_are_declared_to_show(bench: Bench) -> None:
    bench.market.stock(12)
    bench.market.declare(bench.settings.marketplaces_folder, expectations={"fewest": 8, "most": 50})
    crawl = bench.crawl("lamp")
    # Ten, and the two that are left.
    assert (crawl.reason, crawl.degraded) == (FinishReason.FINISHED, None), bench.log
    assert (crawl.quality.results, crawl.quality.sparse, crawl.quality.thin) == (2, 1, 0)
    assert (crawl.quality.smallest, crawl.quality.largest) == (2, 10)

    # The same market, of whose pages only a part is read.
    bench.market.page_size = 4
    crawl = bench.crawl("lamp")
    assert crawl.reason is FinishReason.FINISHED
    assert crawl.degraded is not None and crawl.degraded.startswith("2 of 3 pages of results show fewer listings than")

    bench.market.listings = dict(list(bench.market.listings.items())[:3])
    bench.market.page_size = 1
    crawl = bench.crawl("lamp", "lamp 1", "lamp 2", limits=CrawlLimits(depth=1))
    assert crawl.reason is FinishReason.LIMIT and "1 of 3 pages of results" in (crawl.degraded or "")
    for key, said in bench.market.listings.items():
        said["title"] = f"Lamp 1 2 {key}"
    crawl = bench.crawl("lamp", "lamp 1", "lamp 2", limits=CrawlLimits(depth=1))
    assert (crawl.reason, crawl.detail) == (
        FinishReason.LAYOUT,
        "all 3 pages of results show too few listings "
        "(1 on one of them where 8 are declared at least, and more pages follow)",
    )

    bench.market.page_size = 10
    bench.market.declare(bench.settings.marketplaces_folder, expectations={"fewest": 1, "most": 2})
    crawl = bench.crawl("lamp")
    assert "1 of 1 pages of results show more listings than the 2" in (crawl.degraded or "")


def test_a_monitors_canaries_are_set_by_command(store: Store, settings: Settings) -> None:
    owner = new_owner(store)
    monitor = new_monitor(store, owner)
    canary = Canary(marketplace="market", query="lamp", listing="7")
    with store.write() as connection:
        set_canaries(connection, monitor, [canary])
        assert find_monitor(connection, owner, "daily").canaries == (canary,)
