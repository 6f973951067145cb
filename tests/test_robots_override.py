"""robots.txt is gone against only where an owner says so of one marketplace, with a reason; everything tells of it."""

import asyncio
import gzip
from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result
from crawling import Bench
from market import Answer, Market, serving
from people import browser, new_account
from rows import NOON, new_owner
from scrapy import Request
from test_robots import SHOP, Crawler, Engine

from console.cli import cli
from console.installation import Installation
from console.session import Session
from counterfoil.exceptions import Conflict, InvalidInput, NotFound
from counterfoil.marketplaces import Marketplace
from counterfoil.models import CaptureMeans, CaptureRole, FinishReason, RobotsOverride, Role
from counterfoil.settings import Settings
from counterfoil.store import Store
from counterfoil.store.audit import list_audit_entries
from counterfoil.store.captures import WantedCapture
from counterfoil.store.robots_overrides import (
    find_robots_override,
    obey_robots,
    override_robots,
    robots_overrides_of,
)
from crawlers.addresses import is_of_or_media
from crawlers.capturing import CapturedPage, _files
from crawlers.failures import RobotsDisallowed
from crawlers.robots import LONGEST_DELAY, OVERRIDDEN, RobotsMiddleware

REASON = "Written permission of the operator, e-mail of 3 May 2026"
FORBIDS = Answer(body=b"User-agent: *\nDisallow: /\n", type="text/plain")


# ------------------------------------------------------------------------------------------------------ what is kept


def test_an_override_is_one_owners_and_ends_when_it_is_taken_back(store: Store) -> None:
    owner, other = new_owner(store), new_owner(store, "other")
    with store.write() as connection:
        made = override_robots(connection, owner, "market", f"  {REASON}\n", "ann", NOON)
    assert made == RobotsOverride(marketplace="market", reason=REASON, decided_by="ann", decided_at=NOON)
    with store.read() as connection:
        assert robots_overrides_of(connection, owner) == {"market": made}
        assert robots_overrides_of(connection, other) == {}
    with pytest.raises(Conflict, match="overridden already"), store.write() as connection:
        override_robots(connection, owner, "market", REASON, "bob", NOON)
    with store.write() as connection:
        assert obey_robots(connection, owner, "market", NOON) == made
        assert find_robots_override(connection, owner, "market") is None
    with pytest.raises(NotFound, match="is obeyed"), store.write() as connection:
        obey_robots(connection, owner, "market", NOON)
    with store.write() as connection:
        override_robots(connection, owner, "market", REASON, "bob", NOON)


@pytest.mark.parametrize(
    "reason", ["", "ok", "because I say", "a b c d e", "because because because because", "x" * 99]
)
def test_a_reason_that_says_nothing_is_refused(store: Store, reason: str) -> None:
    owner = new_owner(store)
    with pytest.raises(InvalidInput, match="by whose permission"), store.write() as connection:
        override_robots(connection, owner, "market", reason, "ann", NOON)


def test_a_reason_in_a_script_without_spaces_is_one(store: Store) -> None:
    owner = new_owner(store)
    with store.write() as connection:
        assert override_robots(connection, owner, "market", "经市场运营方书面同意并备案", "ann", NOON)


# -------------------------------------------------------------------------------------------------- which requests


class Counted(Crawler):
    """A crawler that counts, as the middleware does."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.counts: dict[str, int] = {}
        self.stats = self

    def inc_value(self, name: str) -> None:
        self.counts[name] = self.counts.get(name, 0) + 1


def test_only_the_marketplaces_own_hosts_and_those_of_its_pictures_are_meant() -> None:
    market = Marketplace.model_validate(
        {
            "name": "market",
            "title": "Market",
            "url": "https://market.example/",
            "exercised": "by this test",
            "media": ["cdn.example"],
            "search": {"url": "https://market.example/?q={query}"},
            "listing": {"url": "/(?P<id>.+)"},
        }
    )
    urls = (
        "https://m.market.example/x",
        "https://1.cdn.example/x",
        "https://elsewhere.example/x",
        "ftp://market.example",
    )
    assert [is_of_or_media(market, url) for url in urls] == [True, True, False, False]


def test_what_is_overridden_is_counted_and_everything_else_is_held_to_robots_txt() -> None:
    crawler = Counted(Engine(FORBIDS.body, FORBIDS.body, Exception("broken")))
    middleware = RobotsMiddleware(crawler, "Counterfoil", overrides=lambda url: "elsewhere" not in url)

    async def ask() -> None:
        await middleware.process_request(Request(f"{SHOP}/a"))
        assert await middleware.objection(f"{SHOP}/b") is None
        with pytest.raises(RobotsDisallowed):
            await middleware.process_request(Request("http://elsewhere.example/a"))
        # A robots.txt that cannot be had forbids everything, and that is overridden as well.
        await middleware.process_request(Request("http://third.example/a"))

    asyncio.run(ask())
    assert crawler.counts == {OVERRIDDEN: 3}


def test_pauses_that_it_asks_for_are_kept_to_a_minute_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[float] = []
    monkeypatch.setattr("crawlers.robots.space_out", lambda _crawler, _request, seconds: kept.append(seconds))
    engine = Engine(b"User-agent: *\nCrawl-delay: 900\nDisallow: /\n", b"User-agent: *\nCrawl-delay: 2\n")
    middleware = RobotsMiddleware(Counted(engine), "Counterfoil", overrides=lambda _url: True)

    async def ask() -> None:
        await middleware.process_request(Request(f"{SHOP}/a"))
        await middleware.process_request(Request("http://other.example/a"))

    asyncio.run(ask())
    assert kept == [LONGEST_DELAY, 2]


def test_a_capture_says_in_its_warc_file_that_robots_txt_was_overridden() -> None:
    page = CapturedPage(
        wanted=WantedCapture(
            id=1, owner_id=1, suspect_id=1, url=f"{SHOP}/a", marketplace="market", listing_key="1", images=()
        ),
        means=CaptureMeans.PLAIN,
        status=200,
        final_url=f"{SHOP}/a",
        captured_at=NOON,
    )
    assert b"robots: obeyed\r\n" in gzip.decompress(dict(_files(page))[CaptureRole.WARC])
    page.robots_override = REASON
    assert f"robots: overridden: {REASON}\r\n".encode() in gzip.decompress(dict(_files(page))[CaptureRole.WARC])


# ---------------------------------------------------------------------------------------- commands, API, real crawls


@pytest.fixture
def bench(settings: Settings, sqlite_store: Store) -> Iterator[Bench]:
    with serving(Market()) as market:
        made = Bench(settings, sqlite_store, market)
        yield made
        made.close()


def command(bench: Bench, *arguments: str) -> Result:
    environment = {
        "COUNTERFOIL_DATA": str(bench.settings.data),
        "COUNTERFOIL_OWNER": "tests",
        "COUNTERFOIL_DECIDED_BY": "ann",
        "COUNTERFOIL_ALLOW_HOSTS": f"127.0.0.1:{bench.market.port}",
    }
    return CliRunner().invoke(cli, list(arguments), env=environment)


def test_a_crawl_goes_against_robots_txt_only_with_a_reason_and_says_so(bench: Bench) -> None:
    bench.market.stock(3)
    bench.market.faults["/robots.txt"] = FORBIDS
    assert bench.crawl("lamp").reason is FinishReason.ROBOTS
    assert bench.market.asked_for("/search") == []

    assert "Give --override and --reason" in command(bench, "marketplace", "robots", "market", "--override").output
    refused = command(bench, "marketplace", "robots", "market", "--override", "--reason", "because")
    assert refused.exit_code == 2 and "by whose permission" in refused.output
    made = command(bench, "marketplace", "robots", "market", "--override", "--reason", REASON)
    assert made.exit_code == 0 and f"by ann: {REASON}" in made.output
    assert "OVERRIDDEN" in command(bench, "marketplace", "list").output
    for shown in (("marketplace", "show", "market"), ("marketplace", "robots", "market")):
        assert REASON in command(bench, *shown).output
    added = command(bench, "monitor", "add", "daily", "--marketplace", "market", "--query", "lamp", "--every", "1d")
    assert "robots.txt OVERRIDDEN since" in added.output and REASON in added.output

    crawl = bench.crawl("lamp")
    assert (crawl.reason, crawl.robots_override) == (FinishReason.FINISHED, REASON), bench.log
    # A page of results, three listings and their pictures.
    assert crawl.detail == f"7 requests went against robots.txt, which is overridden ({REASON})"
    assert crawl.counters.seen == 3 and crawl.counters.images == 3
    assert f"robots.txt OVERRIDDEN: {REASON}" in command(bench, "run", "show", str(crawl.run_id)).output
    looked = bench.crawl(f"{bench.market.url}/listing/1", spider="urls")
    assert (looked.reason, looked.counters.seen) == (FinishReason.FINISHED, 1)
    recorded = command(bench, "marketplace", "record", f"{bench.market.url}/listing/1", "--marketplace", "market")
    assert recorded.exit_code == 0, recorded.output

    assert "robots.txt of market: obeyed" in command(bench, "marketplace", "robots", "market", "--obey").output
    again = bench.crawl("lamp")
    assert (again.reason, again.robots_override) == (FinishReason.ROBOTS, None)
    with bench.store.read() as connection:
        entries = list_audit_entries(connection, bench.owner_id)
    kept = [(one.action, one.subject, one.actor, one.detail.get("reason")) for one in entries if "robots" in one.action]
    assert kept == [
        ("marketplace.obey_robots", "market", "ann", None),
        ("marketplace.override_robots", "market", "ann", REASON),
    ]


def test_programs_of_an_admin_override_and_obey_with_the_same_words(bench: Bench) -> None:
    installation = Installation()
    installation.__dict__.update(settings=bench.settings, store=bench.store)
    owner = Session("tests", installation).owner
    admin = browser(installation, new_account(bench.store, owner.id, "ann"))
    manager = browser(installation, new_account(bench.store, owner.id, "max", Role.MANAGER))
    path = "/api/v1/marketplaces/market/robots-override"
    assert manager.post(path, json={"reason": REASON}).status_code == 403
    assert admin.post(path, json={"reason": "because"}).status_code == 422
    made = admin.post(path, json={"reason": REASON})
    assert made.status_code == 201 and made.json()["robots_override"]["decided_by"] == "ann"
    assert admin.post(path, json={"reason": REASON}).status_code == 409
    shown = admin.get(made.headers["location"])
    assert shown.json() == made.json() and shown.headers["etag"] == made.headers["etag"]
    overridden = [one["robots_override"] for one in admin.get("/api/v1/marketplaces").json() if one["robots_override"]]
    assert [one["reason"] for one in overridden] == [REASON]
    assert admin.delete(path).status_code == 428
    assert admin.delete(path, headers={"If-Match": '"other"'}).status_code == 412
    assert admin.delete(path, headers={"If-Match": shown.headers["etag"]}).status_code == 204
    assert admin.delete(path, headers={"If-Match": "*"}).status_code == 404
    assert admin.get("/api/v1/marketplaces/market").json()["robots_override"] is None
