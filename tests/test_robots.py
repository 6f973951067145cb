"""How robots.txt is had: what each answer means, which redirects are followed, how long it is remembered."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from crawling import Bench
from market import Answer, Asked, Market, listening, serving
from scrapy import Request
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
)
from scrapy.http import Response
from scrapy.settings import Settings as ScrapySettings

from counterfoil.models import FinishReason
from counterfoil.settings import Settings
from counterfoil.store import Store
from crawlers.failures import RequestRefused, RobotsDisallowed, SiteResting, SiteUnreachable
from crawlers.robots import LONGEST_DELAY, RobotsMiddleware, objection_to, read_answer

SHOP = "http://shop.example"
RULES = b"User-agent: *\nDisallow: /private\n\nUser-agent: Counterfoil\nDisallow: /search\nAllow: /search/open\n"


@pytest.mark.parametrize(
    ("code", "body", "path", "allowed"),
    [
        *((200, RULES, "/search?q=x", False), (200, RULES, "/search/open", True), (200, RULES, "/private", True)),
        *((200, b"", "/x", True), (200, b"\xef\xbb\xbf" + RULES, "/search", False), (204, b"", "/x", True)),
        *((200, b"<html>not found</html>", "/x", True), (200, b"\xff\xfe\x00" * 99, "/x", True)),
        *((404, b"", "/x", True), (401, b"", "/x", True), (403, RULES, "/search", True), (410, b"", "/x", True)),
    ],
)
def test_an_answer_means_what_rfc_9309_says(code: int, body: bytes, path: str, allowed: bool) -> None:
    rules = read_answer(Response(f"{SHOP}/robots.txt", status=code, body=body), SHOP, "Counterfoil")
    objection = objection_to(SHOP + path, rules)
    assert (objection is None) is allowed
    assert objection is None or "shop.example" in objection


@pytest.mark.parametrize(("code", "body"), [(500, RULES), (503, b""), (301, b""), (100, b"")])
def test_a_robots_txt_that_cannot_be_had_forbids_everything_and_says_why(code: int, body: bytes) -> None:
    with pytest.raises(RobotsDisallowed, match=rf"shop\.example .*answered {code}"):
        read_answer(Response(f"{SHOP}/robots.txt", status=code, body=body), SHOP, "Counterfoil")


def test_too_many_requests_is_no_answer_about_robots_txt() -> None:
    with pytest.raises(SiteResting):
        read_answer(Response(f"{SHOP}/robots.txt", status=429), SHOP, "Counterfoil")


@pytest.mark.parametrize(
    ("seconds", "allowed"), [(1, True), (LONGEST_DELAY, True), (LONGEST_DELAY + 1, False), (86_400, False)]
)
def test_longer_delays_than_a_crawl_waits_forbid_it(seconds: float, allowed: bool) -> None:
    body = f"User-agent: *\nCrawl-delay: {seconds}\n".encode()
    rules = read_answer(Response(f"{SHOP}/robots.txt", body=body), SHOP, "Counterfoil")
    objection = objection_to(f"{SHOP}/x", rules)
    assert (objection is None) is allowed
    if objection is not None:
        assert f"asks for {seconds:,g} seconds between two requests, and no crawl waits longer than 60" in objection


# -------------------------------------------------------------------------------------------- one middleware


class Engine:
    """Answers each request for a robots.txt with the next of what it was given, the last one again and again."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def download_async(self, request: Request) -> Response:
        self.asked.append(request.url)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        await asyncio.sleep(0)
        return Response(request.url, body=answer)


class Crawler:
    """As much of a crawler as the middleware uses."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.settings = ScrapySettings({"DOWNLOAD_TIMEOUT": 5})


def verdicts(engine: Engine, *urls: str, at: Iterator[float] | None = None) -> list[type[Exception] | None]:
    """What the middleware says to these requests, one after the other; `at` gives the seconds on its clock."""
    times = at or iter(lambda: 0.0, None)
    middleware = RobotsMiddleware(Crawler(engine), "Counterfoil", clock=lambda: next(times))

    async def ask() -> list[type[Exception] | None]:
        found: list[type[Exception] | None] = []
        for url in urls:
            try:
                await middleware.process_request(Request(url))
            except Exception as error:
                found.append(type(error))
            else:
                found.append(None)
        return found

    return asyncio.run(ask())


def test_each_site_is_asked_once_and_held_to_its_own_answer() -> None:
    engine = Engine(b"User-agent: *\nDisallow: /a\n", b"")
    said = verdicts(engine, f"{SHOP}/a", f"{SHOP}/b", "https://shop.example/a", f"{SHOP}/a", f"{SHOP}/robots.txt")
    assert said == [RobotsDisallowed, None, None, RobotsDisallowed, None]
    assert engine.asked == [f"{SHOP}/robots.txt", "https://shop.example/robots.txt"]


def test_requests_that_come_together_wait_for_one_answer() -> None:
    engine = Engine(b"")
    middleware = RobotsMiddleware(Crawler(engine), "Counterfoil")

    async def together() -> None:
        await asyncio.gather(*(middleware.process_request(Request(f"{SHOP}/{n}")) for n in range(9)))

    asyncio.run(together())
    assert len(engine.asked) == 1


def test_after_a_day_it_is_asked_again() -> None:
    engine = Engine(b"", b"User-agent: *\nDisallow: /\n")
    # Read when an answer has come, and at each request that has one already.
    clock = iter([0.0, 86_399.0, 86_400.0, 86_400.0, 86_401.0])
    assert verdicts(engine, *[f"{SHOP}/a"] * 4, at=clock) == [None, None, RobotsDisallowed, RobotsDisallowed]
    assert len(engine.asked) == 2


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (DownloadTimeoutError("slow"), RobotsDisallowed),
        (IgnoreRequest("max redirections reached"), RobotsDisallowed),
        (OSError("broken gzip"), RobotsDisallowed),
        (RequestRefused("inside", "http://10.0.0.1/robots.txt"), RobotsDisallowed),
        (RequestRefused("inside", f"{SHOP}/robots.txt"), RequestRefused),
        (SiteResting("429"), SiteResting),
        (ConnectionRefusedError(), RobotsDisallowed),
    ],
)
def test_what_cannot_be_had_forbids_everything(error: Exception, verdict: type[Exception]) -> None:
    assert verdicts(Engine(error), f"{SHOP}/a", f"{SHOP}/b") == [verdict, verdict]


@pytest.mark.parametrize(
    "error", [CannotResolveHostError("shop"), DownloadConnectionRefusedError(), DownloadFailedError("TLS")]
)
def test_that_nobody_is_there_is_not_the_fault_of_robots_txt(error: Exception) -> None:
    assert verdicts(Engine(error), f"{SHOP}/a") == [SiteUnreachable]


# -------------------------------------------------------------------------------------------- whole crawls


@pytest.fixture
def market() -> Iterator[Market]:
    with serving(Market()) as opened:
        opened.stock(3)
        yield opened


@pytest.fixture
def bench(settings: Settings, sqlite_store: Store, market: Market) -> Iterator[Bench]:
    made = Bench(settings, sqlite_store, market)
    yield made
    made.close()


def redirecting(times: int, last: Answer) -> Any:
    """A robots.txt that comes after so many redirects."""

    def answer(asked: Asked) -> Answer:
        hop = int(asked.query.get("hop", "0"))
        return last if hop == times else Answer(status=302, headers={"Location": f"/robots.txt?hop={hop + 1}"})

    return answer


@pytest.mark.parametrize(
    ("hops", "last", "reason"),
    [
        (5, Answer(body=b"User-agent: *\nDisallow: /picture/"), FinishReason.FINISHED),
        (5, Answer(body=b"User-agent: *\nDisallow: /search"), FinishReason.ROBOTS),
        (1, Answer(status=404), FinishReason.FINISHED),
        (6, Answer(body=b""), FinishReason.ROBOTS),
    ],
)
def test_five_redirects_are_followed_and_no_more(bench: Bench, hops: int, last: Answer, reason: FinishReason) -> None:
    bench.market.faults["/robots.txt"] = redirecting(hops, last)
    crawl = bench.crawl("lamp")
    assert crawl.reason is reason
    assert len(bench.market.asked_for("/robots.txt")) == min(hops, 5) + 1
    assert (bench.market.asked_for("/search") == []) is (reason is FinishReason.ROBOTS)
    if last.body.endswith(b"/picture/"):
        assert bench.market.asked_for("/picture/") == []


def test_a_robots_txt_that_is_said_to_be_inside_is_not_asked_for_there(bench: Bench) -> None:
    with listening() as (port, arrived):
        location = f"http://127.0.0.1:{port}/robots.txt"
        bench.market.faults["/robots.txt"] = Answer(status=301, headers={"Location": location})
        crawl = bench.crawl("lamp")
    assert arrived == []
    assert crawl.reason is FinishReason.ROBOTS
    assert "refused" in (crawl.detail or "")


def test_a_robots_txt_of_many_megabytes_is_read_to_its_first_half_megabyte(bench: Bench) -> None:
    rules = b"User-agent: *\nDisallow: /picture/\n" + b"# filling\n" * 900_000 + b"Disallow: /search\n"
    bench.market.faults["/robots.txt"] = Answer(body=rules, type="text/plain")
    crawl = bench.crawl("lamp")
    assert (crawl.reason, crawl.counters.seen, crawl.counters.image_errors) == (FinishReason.FINISHED, 3, 3)
