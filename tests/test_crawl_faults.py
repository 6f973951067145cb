"""Every fault of the example marketplace, crawled once by the real crawler: right reason, true counters, no bad bytes.

docs/crawling.md is the same table for people.
"""

import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
import sqlalchemy as sa
from crawling import Bench, finish
from faulty import COUNT, FaultyMarket, faulty_market
from rows import record

from counterfoil.clock import now
from counterfoil.evidence import EvidenceStore
from counterfoil.models import Crawl, CrawlLimits, FinishReason
from counterfoil.settings import Settings
from counterfoil.store import Store
from counterfoil.store.crawls import claim_crawl, close_crawl
from counterfoil.store.tables import crawls

# What hangs is given up soon; what only has to wait for a busy machine is not.
HANGS = ("hang", "length-too-large")
LIMITS = CrawlLimits(pages=60, depth=50, seconds=120)
# Where each page costs its time: one page of results and six listings.
FEW = CrawlLimits(pages=7, seconds=120)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyMarket]:
    with faulty_market(tmp_path_factory.mktemp("faulty")) as market:
        yield market


@pytest.fixture
def bench(settings: Settings, sqlite_store: Store, shop: FaultyMarket) -> Iterator[Bench]:
    shop.misbehave()
    shop.forget()
    made = Bench(settings, sqlite_store, shop)
    yield made
    made.close()


@dataclass(frozen=True)
class Ending:
    """How a crawl of a faulty market must end: its reason, words of its detail, and what is kept of 30 listings.

    Without a number of errors it is ended on the way, and how many pages have failed by then depends on the moment.
    """

    reason: str
    words: str = ""
    kept: int = 0
    pictures: int = 0
    errors: int | None = 0
    image_errors: int = 0
    limits: CrawlLimits = LIMITS


WHOLE = Ending("finished", kept=COUNT, pictures=COUNT)
NO_PICTURES = Ending("finished", f"{COUNT} of {COUNT} pictures could not be had", COUNT, 0, 0, COUNT)
NO_PICTURES_OF_FEW = Ending("limit", "6 of 6 pictures could not be had", 6, 0, 0, 6, FEW)
ENDINGS = {
    # late, or never
    "slow=0.1": WHOLE,
    "hang@results": Ending("site_down", "no whole answer came in time", errors=1),
    "hang=body@listing": Ending("site_down", "the site does not answer", errors=None, limits=FEW),
    "hang=drip@listing": Ending("site_down", "no whole answer came in time", errors=None, limits=FEW),
    "hang@image": NO_PICTURES_OF_FEW,
    "length-too-large@listing": Ending("site_down", "no whole answer came in time", errors=None, limits=FEW),
    "length-too-large@image": NO_PICTURES_OF_FEW,
    # sent away
    "rate-limit": Ending("rate_limited", "asks to slow down (429)", errors=1),
    "rate-limit=1#2": WHOLE,
    "unavailable=1#2": WHOLE,
    "rate-limit=3600": Ending("rate_limited", "Retry-After: 3600) and is not asked again before", errors=1),
    "rate-limit-date=3600": Ending("rate_limited", "and is not asked again before", errors=1),
    "unavailable": Ending("site_down", "answered 503", errors=1),
    "unavailable=3600": Ending("site_down", "answered 503, Retry-After: 3600) and is not asked again", errors=1),
    "status=429@listing": Ending("rate_limited", "pages in a row: the site asks to slow down", errors=None),
    "status=429@image": NO_PICTURES,
    # a wall in the way
    "captcha": Ending("blocked", "a riddle, a log-in or a refusal in the place of results", errors=1),
    "captcha@listing": Ending("blocked", "pages in a row: the site blocks this crawler", errors=None),
    "login-redirect": Ending("blocked", "/login?from=/search: shows a riddle, a log-in", errors=1),
    "login-redirect@listing": Ending("blocked", "pages in a row: the site blocks this crawler", errors=None),
    "login-wall": Ending("blocked", "shows a riddle, a log-in", errors=1),
    "redirect-loop@results": Ending("layout", "redirects without end", errors=1),
    # other pages than declared
    "layout": Ending("layout", "shows no results, and does not say that there are none", errors=1),
    "layout@listing": Ending("layout", "30 of 30 listing pages: the page is not what", COUNT, COUNT, COUNT),
    "status=404@listing": Ending("layout", "none of the 30 listings that the results show can be opened", errors=COUNT),
    "broken-json-ld": Ending("layout", "shows no seller", COUNT, COUNT, COUNT),
    "endless-pages": Ending("limit", "the limit of 60 pages was reached", 56, 30),
    "repeated-pages": Ending("limit", "3 pages of results in a row showed nothing new", 24, 24),
    "wrong-charset": WHOLE,
    "missing-charset": WHOLE,
    # broken bodies
    "truncated@listing": Ending(
        "site_down", "pages in a row: the site does not answer, or not to the end", errors=None
    ),
    "truncated@listing/4": Ending("finished", "10 of 30 listing pages could not be read in full", 20, 20, 10),
    "truncated@image": NO_PICTURES,
    "broken-chunks@listing": Ending("site_down", "broke off before its end", errors=None),
    "broken-chunks=garbage@listing": Ending("site_down", "broke off before its end", errors=None),
    "length-too-small@listing": Ending("layout", "shows no seller", COUNT, COUNT, COUNT),
    "length-too-small@image": NO_PICTURES,
    "html-images": NO_PICTURES,
    # robots.txt
    "status=404@robots": WHOLE,
    "status=403@robots": WHOLE,
    "disallow=/search": Ending("robots", "forbids", errors=1),
    "status=503@robots": Ending("robots", "cannot be had (answered 503), and that forbids everything", errors=1),
    "hang@robots": Ending("robots", "cannot be had (no whole answer came in time)", errors=1),
    "redirect-loop@robots": Ending("robots", "cannot be had (redirects without end)", errors=1),
    "rate-limit@robots": Ending("rate_limited", "robots.txt answered 429", errors=1),
    "crawl-delay=3600": Ending("robots", "asks for 3,600 seconds between two requests", errors=1),
}


@pytest.mark.parametrize("fault", ENDINGS)
def test_each_fault_ends_in_its_reason_with_true_counters(bench: Bench, evidence: EvidenceStore, fault: str) -> None:
    expected = ENDINGS[fault]
    bench.market.misbehave(fault)
    if fault.startswith(HANGS):
        bench.environment["COUNTERFOIL_REQUEST_SECONDS"] = "2"
    crawl = bench.crawl("lamp", limits=expected.limits)
    assert (crawl.reason, expected.words in (crawl.detail or "")) == (FinishReason(expected.reason), True), crawl.detail
    assert bool(crawl.detail) is (expected is not WHOLE)
    assert bench.market.struck() > 0
    check_what_is_kept(bench, evidence, crawl)
    counters = crawl.counters
    assert (counters.seen, counters.images) == (expected.kept, expected.pictures)
    assert counters.image_errors == expected.image_errors
    assert counters.errors >= 3 if expected.errors is None else counters.errors == expected.errors
    asked = [address for address in bench.market.asked() if not address.startswith("/robots.txt")]
    assert counters.requests >= len(asked)
    assert len(asked) == len([one for one in asked if one.startswith(("/search", "/listing", "/image", "/login"))])


def check_what_is_kept(bench: Bench, evidence: EvidenceStore, crawl: Crawl) -> None:
    """Whatever the market did: what is kept says what the shop says, in its own letters, with its own pictures."""
    versions = bench.versions()
    assert len(versions) == crawl.counters.seen
    for version in versions:
        facts = version.facts
        assert facts.title.startswith("Lamp Größe № ") and facts.title.removesuffix(" | Fairmarket").endswith(" 台灯")
        assert facts.seller is None or facts.seller.name == "Łukasz Müller"
        for image in facts.images:
            assert (image.sha256 is None) is bool(image.error)
            if image.sha256 is not None:
                assert evidence.get_image(image.sha256).startswith(b"\xff\xd8\xff")
                assert evidence.get_image(image.sha256).endswith(b"\xff\xd9")
    files = [path for path in (evidence.folder / "images").rglob("*") if path.is_file()]
    assert len(files) == len({image.sha256 for version in versions for image in version.facts.images if image.sha256})


# ------------------------------------------------------------------------------------------------------ bombs


def measured(bench: Bench, *, limits: CrawlLimits = LIMITS) -> tuple[Crawl, float]:
    """A crawl, and the most megabytes that its process has ever held in memory."""
    crawl = bench.claim("lamp", limits=limits)
    process = bench.start(crawl)
    with process.stdout as output, ThreadPoolExecutor(1) as watching:
        most = watching.submit(_most_megabytes, process.pid)
        output.read()
    assert process.wait() == 0
    process.stdin.close()
    return bench.row(crawl), most.result()


def _most_megabytes(pid: int) -> float:
    """The peak of a process, looked at until it ends: what `wait4` says counts what its parent held when it forked."""
    most = 0.0
    while found := re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(encoding="ascii")):
        most = int(found[1]) / 1024
        time.sleep(0.05)
    return most


# 300 GB in thirty pages of ten megabytes; thirty large pages that are within the limit; 75 GB of pixels in thirty
# pictures.
@pytest.mark.parametrize(
    ("fault", "reason", "words", "kept"),
    [
        ("gzip-bomb=10000@listing", "layout", "unpack to more than 20 megabytes", 0),
        ("gzip-bomb=16@listing", "layout", "shows no title", 0),
        ("png-bomb", "finished", "it promises 50,000 x 50,000 pixels", COUNT),
    ],
)
def test_bombs_cost_themselves_and_no_memory(
    bench: Bench, evidence: EvidenceStore, fault: str, reason: str, words: str, kept: int
) -> None:
    bench.market.misbehave(fault)
    crawl, most = measured(bench)
    counters = crawl.counters
    assert (crawl.reason, counters.seen) == (FinishReason(reason), kept)
    assert (counters.errors, counters.images, counters.image_errors) == (COUNT - kept, 0, kept)
    assert words in (crawl.detail or "")
    print(f"{fault}: {most:.0f} MB at most")
    # Some 130 without a bomb. One response may have 20 MB; eight are on the way at once, each in two or three forms.
    assert most < 600
    assert all(path.stat().st_size < 10_000 for path in (evidence.folder / "images").rglob("*") if path.is_file())


# ----------------------------------------------------------------------------------------------------- pauses


def test_no_crawl_of_a_marketplace_is_claimed_before_it_wants_to_be_asked_again(bench: Bench) -> None:
    bench.market.misbehave("rate-limit=7200@listing")
    crawl = bench.crawl("lamp", limits=LIMITS)
    assert crawl.reason is FinishReason.RATE_LIMITED
    with bench.store.read() as connection:
        until = connection.execute(sa.select(crawls.c.not_before).where(crawls.c.id == crawl.id)).scalar_one()
    assert timedelta(minutes=115) < until - now() <= timedelta(hours=2)
    assert f"{until:%Y-%m-%d %H:%M} UTC" in (crawl.detail or "")
    with pytest.raises(AssertionError):
        bench.claim("lamp")
    with bench.store.write() as connection:
        assert (
            claim_crawl(connection, "tests", timedelta(minutes=1), {"market": 9}, until - timedelta(seconds=1)) is None
        )
        again = claim_crawl(connection, "tests", timedelta(minutes=1), {"market": 9}, until + timedelta(seconds=1))
    assert again is not None


def test_a_pause_holds_for_all_requests_to_the_site(bench: Bench) -> None:
    bench.market.misbehave("rate-limit=3@listing#1")
    crawl = bench.crawl("lamp", limits=LIMITS)
    assert (crawl.reason, crawl.counters.seen) == (FinishReason.FINISHED, COUNT)
    times = sorted(when for when, _ in bench.market.times())
    longest = max(later - earlier for earlier, later in pairwise(times))
    # Three seconds from where the crawler heard of it, which is a moment after the shop said it.
    assert longest > 2.5


def test_pictures_of_a_site_that_sends_the_crawl_away_are_given_up_and_the_pages_kept(bench: Bench) -> None:
    bench.market.misbehave("rate-limit=3600@image")
    crawl = bench.crawl("lamp", limits=LIMITS)
    assert crawl.reason is FinishReason.RATE_LIMITED
    assert crawl.counters.seen > 0
    assert len([address for address in bench.market.asked() if address.startswith("/image")]) <= 16


def test_a_crawl_delay_spaces_all_requests_out(bench: Bench) -> None:
    bench.market.misbehave("crawl-delay=0.5")
    crawl = bench.crawl("lamp", limits=CrawlLimits(pages=6, seconds=120))
    assert (crawl.reason, crawl.counters.seen) == (FinishReason.LIMIT, 5)
    times = [when for when, _ in bench.market.times()]
    assert len(times) == 1 + 6 + 5
    gaps = [later - earlier for earlier, later in pairwise(times)]
    # Measured where the requests arrive: what was sent in time may come a little later, and the next one then sooner.
    assert min(gaps) > 0.3
    assert sum(gaps) > 0.5 * len(gaps) * 0.9


# ------------------------------------------------------------------------------------------- time that runs out


@pytest.mark.parametrize("fault", ["hang@image", "hang@robots"])
def test_a_crawl_whose_time_is_over_ends_although_the_site_hangs(bench: Bench, fault: str) -> None:
    bench.market.misbehave(fault)
    bench.environment["COUNTERFOIL_REQUEST_SECONDS"] = "4"
    crawl = bench.crawl("lamp", limits=CrawlLimits(seconds=2))
    assert (crawl.reason, crawl.detail) == (FinishReason.TIMEOUT, "the limit of 2 seconds was reached")


# ------------------------------------------------------------------------------------------ nothing where there was


def past_crawls(bench: Bench, count: int, *queries: str) -> None:
    """Finished crawls that found thirty listings for the first of these queries."""
    for _ in range(count):
        crawl = bench.claim(*queries)
        for number in range(COUNT):
            record(bench.store, crawl, key=f"past {number}", query=queries[0])
        with bench.store.write() as connection:
            close_crawl(connection, crawl.id, crawl.attempt, FinishReason.FINISHED, now=now())


def test_a_query_that_always_had_results_and_now_has_none_is_not_believed(bench: Bench) -> None:
    past_crawls(bench, 3, "lamp", "no such thing")
    bench.market.misbehave("no-results")
    crawl = bench.crawl("lamp", "no such thing")
    # Also where it is one of two queries, and the other has nothing as ever.
    assert crawl.reason is FinishReason.LAYOUT
    assert '"lamp" has 0 results where the last 3 crawls had 30 on average' in (crawl.detail or "")
    assert (crawl.counters.errors, crawl.counters.pages) == (1, 1)
    # However often it is seen: what was not believed does not count as what was found.
    assert '"lamp" has 0 results where the last 3 crawls had 30' in (bench.crawl("lamp").detail or "")
    by_hand = finish(bench.scrapy("crawl", "search", "-a", "marketplace=market", "-a", "query=lamp"), expect=0)
    assert "crawl ended: finished" in by_hand


def test_a_query_that_never_had_many_results_may_have_none(bench: Bench) -> None:
    assert bench.crawl("05").counters.seen == 1
    bench.market.misbehave("no-results")
    assert bench.crawl("05").detail is None
