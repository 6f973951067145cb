"""Whole crawls: a real server, real Scrapy processes started as the launcher starts them, a real database."""

import json
import signal
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import psutil
import pytest
from crawling import Bench, finish
from market import Answer, Asked, Market, html, listening, listing_page, serving

from counterfoil.clock import now
from counterfoil.evidence import EvidenceStore, Kind
from counterfoil.models import CrawlLimits, CrawlState, FinishReason
from counterfoil.settings import Settings, load_settings
from counterfoil.store import Store, open_store
from crawlers.assignment import by_hand, refusal

# Slow enough to be caught in the middle: ten requests a second, one at a time.
SLOW = {"delay": 0.1, "concurrency": 1}


@pytest.fixture
def market() -> Iterator[Market]:
    with serving(Market()) as opened:
        yield opened


@pytest.fixture
def bench(settings: Settings, sqlite_store: Store, market: Market) -> Iterator[Bench]:
    made = Bench(settings, sqlite_store, market)
    yield made
    made.close()


def wait_for(condition: Callable[[], bool], what: str) -> None:
    for _ in range(1_000):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError(f"waited in vain for {what}")


def wait_for_listings(bench: Bench, count: int) -> None:
    wait_for(lambda: len(bench.keys()) >= count, f"{count} listings")


def test_every_listing_is_read_once_and_has_its_rank_for_every_query(bench: Bench, evidence: EvidenceStore) -> None:
    bench.market.stock(25, pictures=2)
    crawl = bench.crawl("lamp", "lamp 2")
    assert (crawl.reason, crawl.detail) == (FinishReason.FINISHED, None)
    assert sorted(bench.keys(), key=int) == [str(number) for number in range(1, 26)]
    assert sorted(bench.market.asked_for("/listing/")) == sorted(f"/listing/{n}" for n in range(1, 26))
    ranks = bench.ranks(crawl)
    assert {key: rank for (query, key), rank in ranks.items() if query == "lamp"} == {
        str(number): number for number in range(1, 26)
    }
    with_two = [str(number) for number in range(1, 26) if "2" in str(number)]
    assert {key: rank for (query, key), rank in ranks.items() if query == "lamp 2"} == {
        key: rank for rank, key in enumerate(with_two, start=1)
    }
    counters = crawl.counters
    assert (counters.seen, counters.new, counters.changed) == (25, 25, 0)
    assert (counters.pages, counters.images, counters.errors, counters.image_errors) == (25 + 3 + 1, 50, 0, 0)
    assert counters.requests == 29 + 50 + 1
    version = bench.versions()[0]
    assert b"ld+json" in evidence.get_body(version.body_sha256 or "")
    assert all(evidence.get_image(image.sha256 or "") for image in version.facts.images)
    assert {asked.headers["user-agent"] for asked in bench.market.asked} == {
        "Counterfoil/0.1.0 (marketplace monitoring for brand owners; +tests@example.com)"
    }


def test_a_second_crawl_writes_only_what_changed(bench: Bench, evidence: EvidenceStore) -> None:
    bench.market.stock(12)
    bench.crawl("lamp")
    bodies = len(list(evidence.walk(Kind.BODY)))
    bench.market.asked.clear()
    bench.market.listings["7"]["price"] = "3.00"
    lost = bench.versions()[0].facts.images[0]
    evidence.image_path(lost.sha256 or "").unlink()
    crawl = bench.crawl("lamp")
    assert (crawl.counters.seen, crawl.counters.new, crawl.counters.changed) == (12, 0, 1)
    assert len(bench.versions()) == 13
    newest = bench.versions()[-1]
    assert (newest.facts.url, newest.number, newest.facts.price) == (f"{bench.market.url}/listing/7", 2, Decimal(3))
    # Every page has another advert, but only the listing that changed has its body kept again.
    assert len(list(evidence.walk(Kind.BODY))) == bodies + 1
    pictures = {asked.path: asked.headers for asked in bench.market.asked if asked.path.startswith("/picture/")}
    assert len(pictures) == crawl.counters.images == 12
    # A picture whose file is gone is asked for without conditions, and is there again.
    without = {path for path, headers in pictures.items() if "if-none-match" not in headers}
    assert without == {lost.url.removeprefix(bench.market.url)}
    assert evidence.get_image(lost.sha256 or "")


def test_a_version_is_captured_when_its_own_page_is_read(bench: Bench) -> None:
    bench.market.stock(1)
    asked_at = []

    def take_note(_asked: Asked) -> Answer:
        asked_at.append(now())
        return html(listing_page("1", bench.market.listings["1"]))

    bench.market.faults["/listing/1"] = take_note
    bench.crawl("lamp")
    assert bench.versions()[0].captured_at > asked_at[0]


def test_a_listing_that_redirects_to_another_is_seen_for_every_query(bench: Bench) -> None:
    bench.market.stock(6)
    bench.market.faults["/listing/5"] = Answer(status=302, headers={"Location": "/listing/6"})

    def after_the_first(asked: Asked) -> Answer:
        if asked.query["q"] != "lamp":
            wait_for_listings(bench, 5)
        return bench.market.results(asked.query["q"], 1)

    bench.market.faults["/search"] = after_the_first
    crawl = bench.crawl("lamp", "lamp 5", "lamp 6")
    assert (crawl.reason, crawl.counters.seen) == (FinishReason.FINISHED, 5)
    # For the first query it has the rank that came first, the redirected one's or its own.
    ranks = {query: rank for (query, key), rank in bench.ranks(crawl).items() if key == "6"}
    assert ranks.pop("lamp") in {5, 6}
    assert ranks == {"lamp 5": 1, "lamp 6": 1}


def test_a_killed_crawl_is_finished_by_its_next_attempt_without_reading_anything_twice(bench: Bench) -> None:
    bench.market.stock(40)
    bench.market.declare(bench.settings.marketplaces_folder, politeness=SLOW)
    crawl = bench.claim("lamp")
    process = bench.start(crawl)
    wait_for_listings(bench, 5)
    wait_for(lambda: bench.row(crawl).counters.requests > 0, "a report of the crawl's progress")
    assert [one for one in psutil.Process(process.pid).net_connections() if one.status == psutil.CONN_LISTEN] == []
    process.kill()
    finish(process, -signal.SIGKILL)
    before, counted = set(bench.keys()), bench.row(crawl).counters
    assert 5 <= len(before) < 40
    bench.market.declare(bench.settings.marketplaces_folder)
    bench.market.asked.clear()
    again = bench.take_over(crawl)
    bench.run(again)
    row = bench.row(again)
    assert (row.reason, row.counters.seen, row.counters.new) == (FinishReason.FINISHED, 40, 40)
    assert row.counters.requests == counted.requests + len(bench.market.asked)
    # What was stored was read, reported or not.
    assert row.counters.pages == max(counted.pages, len(before)) + 4 + 40 - len(before)
    assert {path.rpartition("/")[2] for path in bench.market.asked_for("/listing/")} == set(bench.keys()) - before
    assert bench.ranks(again) == {("lamp", str(number)): number for number in range(1, 41)}
    assert len(bench.versions()) == 40


def test_a_crawl_that_is_killed_again_and_again_keeps_to_its_limit(bench: Bench) -> None:
    bench.market.stock(60)
    bench.market.declare(bench.settings.marketplaces_folder, politeness=SLOW)
    crawl = bench.claim("lamp", limits=CrawlLimits(pages=30))
    process = bench.start(crawl)
    wait_for(lambda: bench.row(crawl).counters.pages >= 5, "the first report of the crawl's progress")
    process.kill()
    finish(process, -signal.SIGKILL)
    known = max(bench.row(crawl).counters.pages, len(bench.keys()))
    bench.market.declare(bench.settings.marketplaces_folder)
    bench.market.asked.clear()
    again = bench.take_over(crawl)
    bench.run(again)
    row = bench.row(again)
    assert (row.reason, row.counters.pages) == (FinishReason.LIMIT, 30)
    assert len(bench.market.asked_for("/listing/")) + len(bench.market.asked_for("/search")) == 30 - known


def test_an_attempt_that_was_taken_over_stops_and_writes_nothing_more(bench: Bench) -> None:
    bench.market.stock(60)
    bench.market.declare(bench.settings.marketplaces_folder, politeness=SLOW)
    crawl = bench.claim("lamp")
    process = bench.start(crawl)
    wait_for_listings(bench, 3)
    again = bench.take_over(crawl)
    written = len(bench.keys())
    log = finish(process, 3)
    assert "over" in log
    assert len(bench.keys()) == written
    assert (bench.row(crawl).state, bench.row(crawl).attempt) == (CrawlState.CLAIMED, again.attempt)


@pytest.mark.parametrize("how", ["worker gone", "told to stop"])
def test_a_crawl_that_is_left_or_stopped_ends_at_once_and_is_not_closed(bench: Bench, how: str) -> None:
    bench.market.stock(60)
    bench.market.declare(bench.settings.marketplaces_folder, politeness=SLOW)
    # A page that it waits for, far longer than this test may take, so that stopping is more than starting nothing new.
    bench.market.faults["/listing/9"] = Answer(seconds=600)
    bench.environment["COUNTERFOIL_REQUEST_SECONDS"] = "600"
    crawl = bench.claim("lamp")
    process = bench.start(crawl)
    wait_for_listings(bench, 5)
    if how == "worker gone":
        process.stdin.close()
    else:
        process.send_signal(signal.SIGTERM)
    finish(process, 4)
    row = bench.row(crawl)
    assert (row.state, row.attempt, row.reason) == (CrawlState.CLAIMED, 1, None)
    if how == "told to stop":
        return
    bench.market.faults.clear()
    bench.market.declare(bench.settings.marketplaces_folder)
    bench.run(bench.take_over(crawl))
    assert len(bench.keys()) == 60
    assert all(image.sha256 for version in bench.versions() for image in version.facts.images)


def test_a_crawl_whose_time_is_over_waits_for_nothing_that_hangs_and_loses_no_listing(bench: Bench) -> None:
    # Far longer than this test may take.
    bench.environment["COUNTERFOIL_REQUEST_SECONDS"] = "600"
    hangs = Answer(seconds=600)
    market = bench.market
    market.stock(8)
    market.faults |= dict.fromkeys(("/listing/1", "/listing/2", "/picture/3-0.jpg", "/picture/4-0.jpg"), hangs)
    with serving(Market(faults={"/robots.txt": hangs})) as elsewhere:
        bench.environment["COUNTERFOIL_ALLOW_HOSTS"] = f"127.0.0.1:{market.port},127.0.0.1:{elsewhere.port}"
        for key in ("5", "6"):
            market.listings[key]["images"] = [f"{elsewhere.url}/{key}.jpg"]
        crawl = bench.crawl("lamp", limits=CrawlLimits(seconds=4))
    assert (crawl.reason, crawl.detail) == (FinishReason.TIMEOUT, "the limit of 4 seconds was reached")
    ended = "the crawl ended before it was fetched"
    errors = {version.facts.url.rpartition("/")[2]: version.facts.images[0].error for version in bench.versions()}
    assert errors == {**dict.fromkeys("3456", ended), "7": None, "8": None}
    # Nothing was asked for a second time when it was given up.
    assert sorted(market.asked_for("/listing/")) == [f"/listing/{number}" for number in range(1, 9)]
    assert sorted(market.asked_for("/picture/")) == [f"/picture/{number}-0.jpg" for number in (3, 4, 7, 8)]
    assert [one.path for one in elsewhere.asked] == ["/robots.txt"]
    assert "Traceback" not in bench.log


def test_bad_pages_cost_themselves_and_nobody_connects_inside(bench: Bench) -> None:
    with listening() as (port, arrived), listening("::1") as (port6, arrived6):
        market = bench.market
        market.stock(20)
        market.faults["/listing/1"] = Answer(status=302, headers={"Location": f"http://127.0.0.1:{port}/listing/1"})
        market.listings["2"]["images"] = [f"http://127.0.0.1:{port}/x.jpg", f"http://[::1]:{port6}/x.jpg", "2-0.jpg"]
        market.listings["2"]["images"] += [f"http://0x7f.1:{port}/y.jpg", f"http://localhost:{port}/x.jpg"]
        market.faults["/picture/3-0.jpg"] = html("not a picture")
        market.faults["/listing/4"] = Answer(status=404)
        market.faults["/listing/5"] = html("x" * 1_100_000)
        market.faults["/listing/6"] = html("<h1>Sorry</h1>")
        market.faults["/listing/7"] = Answer(status=302, headers={"Location": "/"})
        market.faults["/"] = html("<h1>Welcome</h1>")
        market.faults["/listing/8"] = html('<script type="application/ld+json">{"@type": "Product"' + "[" * 9_999)
        market.faults["/picture/9-0.jpg"] = Answer(status=500)
        market.listings["10"]["price"] = "on request"
        bench.environment["COUNTERFOIL_RESPONSE_MEGABYTES"] = "1"
        crawl = bench.crawl("lamp")
    assert (arrived, arrived6) == ([], [])
    assert crawl.reason is FinishReason.FINISHED
    assert set(bench.keys()) == {str(n) for n in range(1, 21)} - {"1", "4", "5", "6", "7", "8"}
    found = {version.facts.url.rpartition("/")[2]: version.facts.images for version in bench.versions()}
    assert [bool(image.sha256) for image in found["2"]] == [False, False, True, False, False]
    assert all("refused" in (image.error or "") for image in found["2"] if image.sha256 is None)
    assert "no picture" in (found["3"][0].error or "")
    assert "500" in (found["9"][0].error or "")
    # Refused: one page and four pictures. Failed: 4 to 8; and 10, which is kept for what it does show.
    assert (crawl.counters.errors, crawl.counters.image_errors) == (5 + 6, 6)
    assert market.asked_for("/listing/1").count("/listing/1") == 1


def test_a_crawl_that_cannot_keep_its_evidence_is_left_for_another_attempt(
    bench: Bench, evidence: EvidenceStore
) -> None:
    bench.market.stock(12)
    in_the_way = evidence.folder / "images"
    in_the_way.parent.mkdir(exist_ok=True)
    in_the_way.write_text("no folder")
    crawl = bench.claim("lamp")
    log = bench.run(crawl, expect=1)
    # Its last lines are what the worker keeps of it.
    assert str(in_the_way) in " ".join(log.splitlines()[-3:])
    assert (bench.row(crawl).state, bench.versions()) == (CrawlState.CLAIMED, [])
    in_the_way.unlink()
    bench.run(bench.take_over(crawl))
    row = bench.row(crawl)
    assert (row.reason, row.counters.seen, row.counters.images) == (FinishReason.FINISHED, 12, 12)


BROKEN_STORE = """
from crawlers.settings import *
from itertools import count
from counterfoil.exceptions import StoreError
from crawlers import images, pipelines
calls = count(1)

def breaks(works):
    def does(*args, **kwargs):
        call = next(calls)
        if {when}:
            raise {error}
        return works(*args, **kwargs)
    return does

{function} = breaks({function})
"""


def break_store(bench: Bench, folder: Path, function: str, *, when: str, error: str) -> None:
    """Make a function of the store fail at some calls in the crawl's process."""
    (folder / "broken_store.py").write_text(BROKEN_STORE.format(function=function, when=when, error=error))
    bench.environment |= {"SCRAPY_SETTINGS_MODULE": "broken_store", "PYTHONPATH": str(folder)}


def test_a_database_that_goes_away_while_pictures_are_fetched_loses_no_listing(bench: Bench, tmp_path: Path) -> None:
    bench.market.stock(12)
    error = "StoreError('server closed the connection')"
    break_store(bench, tmp_path, "images.get_image_source", when="call <= 3", error=error)
    crawl = bench.claim("lamp")
    assert "server closed the connection" in " ".join(bench.run(crawl, expect=1).splitlines()[-3:])
    bench.environment.clear()
    bench.run(bench.take_over(crawl))
    assert (bench.row(crawl).reason, len(bench.keys())) == (FinishReason.FINISHED, 12)


def test_listings_that_are_read_and_cannot_be_stored_are_failures(bench: Bench, tmp_path: Path) -> None:
    bench.market.stock(12)
    when = "int(kwargs['key']) <= 7"
    break_store(bench, tmp_path, "pipelines.record_listing", when=when, error="ValueError('odd facts')")
    crawl = bench.crawl("lamp")
    assert crawl.reason is FinishReason.CRASHED
    assert "7 of 12 listing pages" in (crawl.detail or "")
    assert "odd facts" in (crawl.detail or "")
    # Two pages of results and five listings; each page is counted once.
    assert (crawl.counters.seen, crawl.counters.pages, crawl.counters.errors) == (5, 2 + 5, 7)


OVERTAKEN = """
from crawlers.settings import *
from crawlers import pipelines

compare = pipelines.says_nothing_new

def compare_and_be_overtaken(connection, *rest):
    same = compare(connection, *rest)
    pipelines.says_nothing_new = compare
    with connection.engine.begin() as another_crawl:
        another_crawl.exec_driver_sql("UPDATE listing_versions SET facts_sha256 = 'it said something else'")
    return same

pipelines.says_nothing_new = compare_and_be_overtaken
"""


def test_a_version_has_its_body_although_another_crawl_wrote_between_comparing_and_writing(
    bench: Bench, tmp_path: Path, evidence: EvidenceStore
) -> None:
    bench.market.stock(1)
    bench.crawl("lamp")
    (tmp_path / "overtaken.py").write_text(OVERTAKEN)
    bench.environment |= {"SCRAPY_SETTINGS_MODULE": "overtaken", "PYTHONPATH": str(tmp_path)}
    assert bench.crawl("lamp").counters.changed == 1
    bodies = [evidence.get_body(version.body_sha256 or "") for version in bench.versions()]
    assert len(bodies) == 2
    assert all(b"Lamp 1" in body for body in bodies)


def test_pages_without_a_title_are_no_listings(bench: Bench) -> None:
    bench.market.stock(5)
    bench.market.declare(bench.settings.marketplaces_folder, listing__required=["price"])
    priced = b'<script type=application/ld+json>{"@type": "Product", "offers": {"price": 1}}</script>'
    always(Answer(body=priced), bench.market, "/listing/")
    crawl = bench.crawl("lamp")
    assert (crawl.reason, crawl.counters.pages, crawl.counters.errors) == (FinishReason.LAYOUT, 1, 5)
    assert "without a title" in (crawl.detail or "")


INSIDE_NAMES = """
from crawlers.settings import *
TWISTED_DNS_RESOLVER = "inside_names.Resolver"

import socket
from twisted.internet._resolver import GAIResolver
from crawlers.resolver import GuardedResolver

def look_up(host, *rest):
    return socket.getaddrinfo({"four.example": "127.0.0.1", "six.example": "::1"}.get(host, host), *rest)

class Resolver(GuardedResolver):
    @staticmethod
    def look_up(reactor):
        return GAIResolver(reactor, getaddrinfo=look_up)
"""


def test_a_name_that_means_this_machine_is_never_connected(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "inside_names.py").write_text(INSIDE_NAMES)
    with listening() as (port4, arrived4), listening("::1") as (port6, arrived6):
        bench.market.stock(4)
        for key in ("2", "3", "4"):
            elsewhere = {"Location": f"http://four.example:{port4}/listing/{key}"}
            bench.market.faults[f"/listing/{key}"] = Answer(status=302, headers=elsewhere)
        bench.market.listings["1"]["images"] = [
            f"http://four.example:{port4}/a.jpg",
            f"http://six.example:{port6}/a.jpg",
        ]
        bench.environment |= {
            "COUNTERFOIL_ALLOW_PORTS": f"{port4},{port6}",
            "SCRAPY_SETTINGS_MODULE": "inside_names",
            "PYTHONPATH": str(tmp_path),
        }
        crawl = bench.crawl("lamp")
    assert (arrived4, arrived6) == ([], [])
    # One request each for robots.txt, none again, and none for the pictures. Refused: two robots.txt and three pages.
    assert (crawl.counters.requests, crawl.counters.errors, crawl.counters.image_errors) == (6 + 2, 2 + 3, 2)
    assert all("not a public address" in (image.error or "") for image in bench.versions()[0].facts.images)


def test_behind_a_proxy_names_are_left_to_it_and_literals_are_not(bench: Bench) -> None:
    market = bench.market
    market.stock(3)
    market.listings["2"]["images"] = ["http://10.0.0.1/x.jpg", "http://router/x.jpg"]
    market.declare(
        bench.settings.marketplaces_folder,
        url="http://shop.example.com/",
        search__url="http://shop.example.com/search?q={query}&page={page}",
    )
    bench.environment |= {
        "COUNTERFOIL_PROXY": f"http://me:secret@127.0.0.1:{market.port}",
        "COUNTERFOIL_ALLOW_HOSTS": "",
    }
    crawl = bench.crawl("lamp")
    assert (crawl.reason, crawl.counters.seen) == (FinishReason.FINISHED, 3)
    assert {asked.headers["host"] for asked in market.asked} == {"shop.example.com"}
    assert {asked.headers["proxy-authorization"] for asked in market.asked} == {"Basic bWU6c2VjcmV0"}
    assert (crawl.counters.image_errors, crawl.counters.errors) == (2, 2)
    assert "cannot be seen from here" in bench.log
    assert "secret" not in bench.log


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Answer(status=503), FinishReason.ROBOTS),
        (Answer(body=b"User-agent: *\nDisallow: /picture/"), FinishReason.FINISHED),
    ],
)
def test_robots_txt_is_obeyed(bench: Bench, fault: Answer, reason: FinishReason) -> None:
    bench.market.stock(3)
    bench.market.faults["/robots.txt"] = fault
    crawl = bench.crawl("lamp")
    assert crawl.reason is reason
    assert bench.market.asked_for("/picture/") == []
    if reason is FinishReason.ROBOTS:
        assert set(bench.market.asked_for("/")) == {"/robots.txt"}
    else:
        assert crawl.counters.image_errors == 3


def always(answer: Answer, market: Market, start: str) -> None:
    for key in market.listings:
        market.faults[f"{start}{key}"] = answer


@pytest.mark.parametrize(
    ("fault", "reason", "most_pages"),
    [
        ("listings 403", FinishReason.BLOCKED, 4),
        ("listings 429", FinishReason.RATE_LIMITED, 4),
        ("captcha", FinishReason.BLOCKED, 0),
        ("nobody there", FinishReason.SITE_DOWN, 0),
        ("listings without price", FinishReason.LAYOUT, 4),
    ],
)
def test_a_crawl_that_cannot_go_on_says_why(bench: Bench, fault: str, reason: FinishReason, most_pages: int) -> None:
    market = bench.market
    market.stock(30)
    match fault.split(maxsplit=1):
        case ["listings", "403"]:
            always(Answer(status=403), market, "/listing/")
        case ["listings", "429"]:
            always(Answer(status=429), market, "/listing/")
        case ["listings", _]:
            always(html("<h1>Lamp</h1>"), market, "/listing/")
        case ["captcha"]:
            market.faults["/search"] = Answer(body=b"<title>Robot Check</title><h1>Enter the characters</h1>")
        case _:
            market.port = 1
            market.declare(bench.settings.marketplaces_folder)
    crawl = bench.crawl("lamp")
    assert crawl.reason is reason
    assert crawl.detail
    assert crawl.counters.pages <= most_pages
    assert bench.versions() == []
    if fault in {"listings 403", "listings 429"}:
        # It was left early, long before all thirty.
        assert len(market.asked_for("/listing/")) < 25


@pytest.mark.parametrize("how", ["not found", "led home"])
def test_a_crawl_of_which_no_listing_can_be_opened_says_so(bench: Bench, how: str) -> None:
    bench.market.stock(6)
    home = Answer(status=302, headers={"Location": "/"})
    always(Answer(status=404) if how == "not found" else home, bench.market, "/listing/")
    bench.market.faults["/"] = html("<h1>Welcome</h1>")
    crawl = bench.crawl("lamp")
    assert (crawl.reason, crawl.counters.seen) == (FinishReason.LAYOUT, 0)
    assert "none of the 6 listings that the results show can be opened" in (crawl.detail or "")


def test_a_crawl_that_gets_hardly_any_picture_says_so(bench: Bench) -> None:
    bench.market.stock(6)
    # A host that nobody listens on: its robots.txt is asked for once, not for each picture.
    for key, said in bench.market.listings.items():
        said["images"] = [f"http://127.0.0.1:1/{key}.jpg"] if key != "1" else ["1-0.jpg"]
    bench.environment["COUNTERFOIL_ALLOW_HOSTS"] = "127.0.0.1"
    crawl = bench.crawl("lamp")
    assert (crawl.reason, crawl.counters.seen) == (FinishReason.FINISHED, 6)
    assert (crawl.detail or "").startswith("5 of 6 pictures could not be had (http://127.0.0.1:1/")
    assert (crawl.detail or "").endswith(".jpg: nobody takes connections there)")


def test_a_listing_sends_the_crawl_to_a_few_hosts_for_its_pictures(bench: Bench) -> None:
    bench.market.stock(1)
    elsewhere = [f"http://127.0.0.{number}:{bench.market.port}/picture/{number}.jpg" for number in range(2, 12)]
    bench.market.listings["1"]["images"] = ["1-0.jpg", *elsewhere, "1-1.jpg"]
    bench.environment["COUNTERFOIL_ALLOW_HOSTS"] = ",".join(f"127.0.0.{number}" for number in range(1, 12))
    bench.environment["COUNTERFOIL_REQUEST_SECONDS"] = "5"
    crawl = bench.crawl("lamp")
    errors = [image.error or "" for image in bench.versions()[0].facts.images]
    assert ["another host" in error for error in errors] == [False] * 8 + [True] * 3 + [False]
    # The server listens on one address only; the seven others were asked in vain.
    assert (crawl.counters.images, crawl.counters.image_errors) == (2, 7 + 3)


@pytest.mark.parametrize(
    ("limits", "reason", "detail"),
    [
        (CrawlLimits(pages=7), FinishReason.LIMIT, "7 pages"),
        (CrawlLimits(depth=2), FinishReason.LIMIT, "only 2 pages of results"),
        (CrawlLimits(megabytes=1), FinishReason.LIMIT, "1 megabytes"),
        (CrawlLimits(seconds=1), FinishReason.TIMEOUT, "1 seconds"),
    ],
)
def test_each_limit_ends_a_crawl_and_is_named(
    bench: Bench, limits: CrawlLimits, reason: FinishReason, detail: str
) -> None:
    bench.market.stock(60)
    if limits.megabytes == 1:
        always(html("x" * 300_000), bench.market, "/listing/")
    if limits.seconds == 1:
        bench.market.declare(bench.settings.marketplaces_folder, politeness=SLOW)
    crawl = bench.crawl("lamp", limits=limits)
    assert crawl.reason is reason
    assert detail in (crawl.detail or "")
    asked = len(bench.market.asked_for("/listing/")) + len(bench.market.asked_for("/search"))
    assert asked < 60
    if limits.pages == 7:
        assert asked == 7
    if limits.depth == 2:
        assert asked == 2 + 20


def test_endless_results_that_show_nothing_new_are_left(bench: Bench) -> None:
    bench.market.stock(10)

    def the_same_for_ever(asked: Asked) -> Answer:
        page = bench.market.results("lamp", 1)
        link = f"<a class=next href='/search?q=lamp&amp;page={int(asked.query['page']) + 1}'>Next</a>"
        return Answer(body=page.body.replace(b"</body>", link.encode() + b"</body>"))

    bench.market.faults["/search"] = the_same_for_ever
    crawl = bench.crawl("lamp", limits=CrawlLimits(barren_pages=3))
    assert crawl.reason is FinishReason.LIMIT
    assert "nothing new" in (crawl.detail or "")
    assert len(bench.market.asked_for("/search")) == 4
    assert crawl.counters.seen == 10


def test_links_that_lead_nowhere_cost_nothing_else(bench: Bench) -> None:
    bench.market.stock(10)
    page = bench.market.results("lamp", 1).body
    odd = b"<body><article><a href='http://127.0.0.1:99999/listing/77'>x</a></article><a class=next href='%s'>Next</a>"
    for link in (b"javascript:void(0)", b"#"):
        bench.market.faults["/search"] = Answer(body=page.replace(b"<body>", odd % link))
        crawl = bench.crawl("lamp")
        assert (crawl.reason, crawl.detail, crawl.counters.seen) == (FinishReason.FINISHED, None, 10)
    assert len(bench.market.asked_for("/search")) == 2


def test_a_crawl_that_must_not_start_is_closed_with_the_reason(bench: Bench) -> None:
    bench.environment["COUNTERFOIL_CONTACT"] = ""
    bench.market.declare(bench.settings.marketplaces_folder, search__url="http://example.com/?q={query}")
    crawl = bench.crawl("lamp")
    assert crawl.reason is FinishReason.CRASHED
    assert "COUNTERFOIL_CONTACT" in (crawl.detail or "")
    assert crawl.counters.requests == 0


@pytest.mark.parametrize(
    ("given", "search", "words"),
    [
        ({}, "http://example.com/?q={query}", "COUNTERFOIL_CONTACT"),
        ({"COUNTERFOIL_CONTACT": "me@example.com"}, "http://example.com/?q={query}", None),
        ({"COUNTERFOIL_ALLOW_HOSTS": "example.com"}, "http://example.com/?q={query}", None),
        ({"COUNTERFOIL_ALLOW_HOSTS": "example.com:81"}, "http://example.com/?q={query}", "another port"),
        ({"COUNTERFOIL_CONTACT": "x"}, "file:///etc/passwd?q={query}", "http and https"),
        ({"COUNTERFOIL_CONTACT": "x"}, "http://127.0.0.1/?q={query}", "not a public address"),
    ],
)
def test_what_must_not_start_is_known_before(
    market: Market, tmp_path: Path, given: dict[str, str], search: str, words: str | None
) -> None:
    market.declare(tmp_path / "marketplaces", search__url=search)
    settings = load_settings({"COUNTERFOIL_DATA": str(tmp_path), **given})
    said = refusal(by_hand(settings, "market", "lamp"), settings)
    assert said is None if words is None else words in (said or "")
    assert refusal(by_hand(settings, "market", None), settings) is not None


@pytest.mark.parametrize(
    ("route", "words"),
    [("api", "its declaration has no section `api`"), ("import", "may not be crawled"), ("feed", None)],
)
def test_a_search_takes_no_other_route_than_the_declared_one(
    market: Market, settings: Settings, route: str, words: str | None
) -> None:
    market.declare(settings.marketplaces_folder, route=route)
    allowed = settings.model_copy(update={"allow_hosts": ("127.0.0.1",)})
    said = refusal(by_hand(allowed, "market", "lamp"), allowed)
    assert said is None if words is None else words in (said or "")


def test_a_crawl_works_the_same_on_postgresql(
    settings: Settings, market: Market, request: pytest.FixtureRequest
) -> None:
    address = request.getfixturevalue("postgres").new_database()
    store = open_store(settings.model_copy(update={"database_url": address}))
    bench = Bench(settings, store, market, {"COUNTERFOIL_DATABASE_URL": address.get_secret_value()})
    market.stock(8)
    market.listings["3"]["title"] = "Lamp \x00\ud800 № 3" + "x" * 3_000
    crawl = bench.crawl("lamp")
    assert (crawl.reason, crawl.counters.seen, crawl.counters.images) == (FinishReason.FINISHED, 8, 8)
    titles = [version.facts.title for version in bench.versions()]
    assert any(title.startswith("Lamp № 3x") and len(title) == 1_000 for title in titles)
    store.close()


def test_a_person_can_crawl_without_a_database(bench: Bench, tmp_path: Path) -> None:
    bench.market.stock(12)
    feed = tmp_path / "out.jsonl"
    log = finish(
        bench.scrapy("crawl", "search", "-a", "marketplace=market", "-a", "query=lamp", "-O", str(feed)), expect=0
    )
    found = [json.loads(line) for line in feed.read_text().splitlines()]
    assert {said["listing_id"]: said["sightings"][0]["rank"] for said in found} == {str(n): n for n in range(1, 13)}
    assert sorted(float(said["price"]) for said in found) == [number + 0.5 for number in range(1, 13)]
    assert "body" not in found[0]
    assert bench.versions() == []
    assert bench.market.asked_for("/picture/") == []
    assert "crawl ended: finished" in log


def test_scrapys_own_commands_work_inside_the_project(bench: Bench) -> None:
    bench.market.stock(1)
    assert {"api", "saved", "search", "shop", "urls"} <= set(finish(bench.scrapy("list"), expect=0).split())
    checked = finish(bench.scrapy("check"), expect=0)
    assert "Ran 7 contracts" in checked and checked.rstrip().endswith("OK"), checked
    assert bench.market.asked == []
    folder = bench.settings.marketplaces_folder / "market" / "pages"
    folder.mkdir()
    (folder / "lamp.body").write_text(listing_page("1", bench.market.listings["1"]))
    expected = {"title": "Lamp 1", "price": "1.5", "currency": "EUR"}
    for title, told in (("Lamp 1", "Ran 1 contract"), ("Lamp 2", "title: expected 'Lamp 2', read 'Lamp 1'")):
        said = {"kind": "product", "listings": [{**expected, "title": title}]}
        (folder / "lamp.json").write_text(json.dumps({"url": f"{bench.market.url}/listing/1", "expected": said}))
        command = ("check", "search", "-a", "marketplace=market")
        assert told in finish(bench.scrapy(*command), expect=0 if title == "Lamp 1" else 1)
    url = f"{bench.market.url}/listing/1"
    parsed = finish(bench.scrapy("parse", "--spider=search", "-a", "marketplace=market", url), expect=0)
    assert "Lamp 1" in parsed
    by_address = finish(bench.scrapy("parse", "--spider=urls", "-a", "marketplace=market", url), expect=0)
    assert "Lamp 1" in by_address
    fetched = finish(bench.scrapy("fetch", "-s", "AUTOTHROTTLE_START_DELAY=0", url), expect=0)
    assert "Lamp 1" in fetched
    assert "Traceback" not in fetched
    listed = bench.settings.data / "listed.jsonl"
    asked = ["crawl", "urls", "-a", "marketplace=market", "-a", f"query={url}", "-O", str(listed)]
    finish(bench.scrapy(*asked), expect=0)
    assert "Lamp 1" in listed.read_text()
    wrong = finish(bench.scrapy("crawl", "search"), expect=2)
    assert "Error: Say which marketplace to crawl" in wrong
    assert "Traceback" not in wrong
