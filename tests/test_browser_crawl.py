"""Pages that only a browser can read: a real Chromium, real crawls, and pages that try to get out."""

import json
import re
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from browsers import ALLOWED, browsers_of, require_chromium
from crawling import Bench
from installation import Installation, marketplace, wait_until
from market import Answer, Asked, Market, html, listening, listing_page, serving

from counterfoil.evidence import open_evidence
from counterfoil.models import FinishReason
from counterfoil.settings import Settings
from counterfoil.store import Store

pytestmark = pytest.mark.xdist_group("chromium")


@pytest.fixture
def market() -> Iterator[Market]:
    with serving(Market()) as opened:
        yield opened


@pytest.fixture
def bench(settings: Settings, sqlite_store: Store, market: Market) -> Iterator[Bench]:
    require_chromium()
    # Not in pytest's folder: the addresses of Chromium's sockets may not be that long.
    with tempfile.TemporaryDirectory(prefix="cf-") as folder:
        made = Bench(settings, sqlite_store, market, {**ALLOWED, "TMPDIR": folder})
        yield made
        made.close()


def scripted(market: Market) -> None:
    """The market shows what it sells only to those who run its scripts."""

    def shell(asked: Asked) -> Answer:
        if asked.query.get("content"):
            return Market.answer(unscripted, Asked(asked.path, asked.query, asked.headers))
        return html(_SHELL)

    unscripted = Market(listings=market.listings, page_size=market.page_size)
    for path in ("/search", *(f"/listing/{key}" for key in market.listings)):
        market.faults[path] = shell


_SHELL = """<script>
fetch(location.pathname + location.search + (location.search ? "&" : "?") + "content=1")
  .then(answer => answer.text())
  .then(text => { document.body.innerHTML = text; });
</script>"""


def test_the_example_marketplace_of_scripts_is_crawled_as_the_plain_one(tmp_path: Path) -> None:
    require_chromium()
    listings = {}
    for name in ("plain", "scripted"):
        (folder := tmp_path / name).mkdir()
        flags = ["--scripted"] if name == "scripted" else []
        with marketplace(folder, "--size", "275", *flags) as url:
            made = Installation(folder, url, extra=ALLOWED, declared_with=flags)
            which = ["-a", "marketplace=example", "-a", "query=watch", "-O", f"{folder}/found.jsonl"]
            log = made.scrapy("crawl", "search", *which, "-s", "STATS_DUMP=1", "-s", "BROWSER_PAGES_PER_CONTEXT=4")
            lines = [json.loads(line) for line in (folder / "found.jsonl").read_text().splitlines()]
            listings[name] = {line["listing_id"]: line["title"] for line in lines}
    assert listings["plain"] and listings["scripted"] == listings["plain"]
    told = {name: int(number) for name, number in re.findall(r"'playwright/([\w/]+)': (\d+)", log)}
    # What a context takes is given back: a new one after four pages, and of five never more than three are
    # open: eight pages are read at once.
    assert told["context_count"] == -(-told["page_count"] // 4) > 3
    assert told["context_count/max_concurrent"] <= 3


def test_where_scripts_are_not_declared_the_browser_is_used_only_if_the_operator_allows_it(bench: Bench) -> None:
    bench.market.stock(4)
    scripted(bench.market)
    refused = bench.crawl("lamp")
    assert (refused.reason, bench.keys()) == (FinishReason.LAYOUT, [])
    bench.environment["COUNTERFOIL_BROWSER"] = "fallback"
    bench.market.asked.clear()
    allowed = bench.crawl("lamp")
    assert (allowed.reason, allowed.detail) == (FinishReason.FINISHED, None), bench.log
    assert sorted(bench.keys()) == ["1", "2", "3", "4"]
    # Once only the browser has shown a listing, the plain request is spared: not all four are asked for twice.
    plain = [
        asked for asked in bench.market.asked if asked.path.startswith("/listing/") and "content" not in asked.query
    ]
    assert 5 <= len(plain) <= 8
    agents = {asked.headers["user-agent"] for asked in bench.market.asked}
    assert agents == {"Counterfoil/0.1.0 (marketplace monitoring for brand owners; +tests@example.com)"}
    assert bench.market.asked_for("/picture/")


def hostile_page(inside: int, udp: int, market: Market) -> str:
    """A listing whose scripts try every way into this machine that a page has."""
    tries = "\n".join(
        f"""
        attempt(() => fetch("http://{host}/secret", {{mode: "no-cors"}}));
        attempt(() => {{ new Image().src = "http://{host}/image"; }});
        attempt(() => {{ new WebSocket("ws://{host}/socket"); }});
        attempt(() => {{ new EventSource("http://{host}/events"); }});
        attempt(() => navigator.sendBeacon("http://{host}/beacon", "x"));
        attempt(() => {{ window.open("http://{host}/window"); }});
        attempt(() => frame("http://{host}/frame"));
        attempt(() => new Worker(URL.createObjectURL(new Blob(["fetch('http://{host}/worker')"]))));"""
        for host in (
            f"127.0.0.1:{inside}",
            f"localhost:{inside}",
            f"[::1]:{inside}",
            f"0.0.0.0:{inside}",
            f"2130706433:{inside}",
        )
    )
    return (
        listing_page("1", market.listings["1"])
        + f"""<link rel=dns-prefetch href=//127.0.0.1:{inside}><link rel=preconnect href=http://127.0.0.1:{inside}>
        <link rel=prefetch href=http://127.0.0.1:{inside}/prefetch><img src=/redirected>
        <object data=file:///etc/passwd></object>
        <script>
        const tried = [];
        function attempt(way) {{ try {{ Promise.resolve(way()).then(x => tried.push(x), () => 0); }} catch (e) {{}} }}
        function frame(address) {{
          const element = document.createElement("iframe"); element.src = address; document.body.append(element);
        }}
        {tries}
        attempt(() => frame("/redirected"));
        attempt(() => fetch("/forbidden/by-robots"));
        attempt(() => frame("file:///etc/passwd"));
        attempt(() => frame("chrome://version"));
        attempt(() => fetch("file:///etc/passwd").then(a => a.text()).then(t => document.body.append(t)));
        attempt(() => navigator.serviceWorker.register("/worker.js"));
        attempt(() => {{
          const peer = new RTCPeerConnection({{iceServers: [{{urls: "stun:127.0.0.1:{udp}"}}]}});
          peer.createDataChannel("x"); peer.createOffer().then(offer => peer.setLocalDescription(offer));
        }});
        setTimeout(() => {{ document.body.insertAdjacentHTML("beforeend", "<i id=done></i>"); }}, 1500);
        </script>"""
    )


def test_a_hostile_page_reaches_nothing_inside_and_keeps_no_other_from_being_read(bench: Bench) -> None:
    market = bench.market
    market.stock(4)
    market.declare(bench.settings.marketplaces_folder, browser={"search": False, "listing_ready": "#done"})
    with listening() as (inside, arrived), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", 0))
        udp.setblocking(False)
        market.faults["/redirected"] = Answer(status=302, headers={"Location": f"http://127.0.0.1:{inside}/after"})
        market.faults["/worker.js"] = Answer(
            body=f"fetch('http://127.0.0.1:{inside}/sw')".encode(), type="text/javascript"
        )
        market.faults["/listing/1"] = html(hostile_page(inside, udp.getsockname()[1], market))
        market.faults["/listing/2"] = Answer(status=302, headers={"Location": f"http://127.0.0.1:{inside}/listing/2"})
        market.faults["/listing/3"] = html("<h1>Lamp 3</h1><script>while (true) {}</script>")
        market.faults["/listing/4"] = html(listing_page("4", market.listings["4"]) + "<i id=done></i>")
        market.faults["/robots.txt"] = Answer(body=b"User-agent: *\nDisallow: /forbidden", type="text/plain")
        bench.environment["COUNTERFOIL_REQUEST_SECONDS"] = "6"
        crawl = bench.crawl("lamp")
        with pytest.raises(BlockingIOError):
            udp.recv(100)
    assert arrived == []
    assert market.asked_for("/redirected") and not market.asked_for("/forbidden")
    assert sorted(bench.keys()) == ["1", "4"]
    assert crawl.counters.errors >= 2 and "127.0.0.1 is listed" in bench.log
    assert not any(
        b"root:" in open_evidence(bench.settings).get_body(one.body_sha256 or "") for one in bench.versions()
    )
    assert browsers_of(Path(bench.environment["TMPDIR"])) == []
    assert list(Path(bench.environment["TMPDIR"]).iterdir()) == []


def test_a_browser_is_gone_soon_after_its_crawl_was_killed(bench: Bench) -> None:
    bench.market.stock(1)
    bench.market.declare(bench.settings.marketplaces_folder, browser={"search": False})
    bench.market.faults["/listing/1"] = html("<script>while (true) {}</script>")
    folder = Path(bench.environment["TMPDIR"])
    process = bench.start(bench.claim("lamp"))
    wait_until(
        lambda: len(browsers_of(folder)) > 2 and bench.market.asked_for("/listing/"), 120, "the browser is at work"
    )
    process.kill()
    wait_until(lambda: not browsers_of(folder), 30, "the browser has ended by itself")


def test_without_a_browser_a_marketplace_that_needs_one_is_not_crawled(bench: Bench) -> None:
    bench.market.stock(1)
    bench.market.declare(bench.settings.marketplaces_folder, browser={})
    bench.environment["COUNTERFOIL_BROWSER_PROGRAM"] = "/nowhere/chromium"
    crawl = bench.crawl("lamp")
    assert crawl.reason is FinishReason.CRASHED
    assert "is read by a browser, and COUNTERFOIL_BROWSER_PROGRAM names no program" in (crawl.detail or "")
    assert bench.market.asked == []
