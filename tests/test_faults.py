"""The faults of the example marketplace: what each does to an answer, whom it strikes, and how it is switched."""

import gzip
import json
import socket
import subprocess
import sys
import zlib
from collections.abc import Iterator
from contextlib import closing, suppress
from email.utils import parsedate_to_datetime

import httpx
import pytest
from faulty import COUNT, FaultyMarket, faulty_market
from hypothesis import given
from hypothesis import strategies as st
from installation import marketplace

from counterfoil.exceptions import InvalidInput
from examples.marketplace.faults.bombs import grey_png
from examples.marketplace.faults.catalogue import FAULTS
from examples.marketplace.faults.layer import CONTROL, read_faults
from examples.marketplace.faults.spec import Fault, PageKind, kind_of, parse_fault

RESULTS, LISTING, IMAGE = "/search?q=lamp", "/listing/l01", "/image/1.jpg"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyMarket]:
    with faulty_market(tmp_path_factory.mktemp("faulty")) as market:
        yield market


def get(site: FaultyMarket, path: str, *faults: str) -> httpx.Response:
    site.misbehave(*faults)
    return httpx.get(site.url + path, timeout=30)


def raw(site: FaultyMarket, path: str, *faults: str, most: int = 10_000_000) -> tuple[dict[str, str], bytes]:
    """Header and body as they come over the wire: until the server closes, is silent, or has said `most` bytes."""
    site.misbehave(*faults)
    received = b""
    with closing(socket.create_connection(("127.0.0.1", site.port))) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{site.port}\r\n\r\n".encode())
        connection.settimeout(1)
        try:
            while len(received) < most and (piece := connection.recv(65_536)):
                received += piece
        except TimeoutError:
            pass
    head, _, body = received.partition(b"\r\n\r\n")
    lines = [line.split(": ", 1) for line in head.decode("latin-1").split("\r\n")[1:]]
    return {line[0].lower(): line[1] for line in lines if len(line) == 2}, body


# ----------------------------------------------------------------------------------------------- how it is said


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("captcha", Fault(name="captcha")),
        ("slow=0.5", Fault(name="slow", value="0.5")),
        ("hang=body/5", Fault(name="hang", value="body", every=5)),
        (
            "hang@listing,image/5#3",
            Fault(name="hang", kinds=frozenset({PageKind("listing"), PageKind("image")}), every=5, times=3),
        ),
        ("disallow=/a/b/2", Fault(name="disallow", value="/a/b", every=2)),
        ("disallow=/search", Fault(name="disallow", value="/search")),
    ],
)
def test_a_fault_is_read_as_it_is_written(text: str, fault: Fault) -> None:
    assert parse_fault(text) == fault
    assert parse_fault(str(fault)) == fault


@pytest.mark.parametrize(
    ("text", "words"),
    [
        *(("", "is no fault"), ("Slow", "is no fault"), ("slow=", "is no fault"), ("slow/0", "is no fault")),
        *(("slow@cellar", "'cellar' is no kind of page"), ("slwo", "There are: slow"), ("slow=soon", "seconds")),
        *(("captcha=2", "takes no value"), ("status=200", "from 400 to 599"), ("hang=up", "one of headers")),
    ],
)
def test_what_is_no_fault_is_refused_with_the_reason(text: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        read_faults([text])
    command = [sys.executable, "-m", "examples.marketplace", "serve", "--size", "300", "--fault", text]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_the_help_lists_every_fault() -> None:
    command = [sys.executable, "-m", "examples.marketplace", "serve", "--help"]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=60).stdout
    assert [name for name in FAULTS if f"  {name} " not in shown] == []


@given(st.text(), st.integers(2, 50), st.integers(0, 9))
def test_the_same_addresses_are_struck_for_the_same_seed(address: str, every: int, seed: int) -> None:
    fault = Fault(name="hang", every=every)
    assert fault.strikes(address, seed) is fault.strikes(address, seed)
    assert Fault(name="hang").strikes(address, seed)


@pytest.mark.parametrize("seed", [1, 7])
def test_about_one_address_in_so_many_is_struck_and_others_for_another_seed(seed: int) -> None:
    fault = Fault(name="hang", every=5)
    struck = {number for number in range(1_000) if fault.strikes(f"/listing/{number}", seed)}
    assert 150 < len(struck) < 250
    assert struck != {number for number in range(1_000) if fault.strikes(f"/listing/{number}", seed + 1)}


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/robots.txt", "robots"),
        ("/search", "results"),
        ("/listing/1", "listing"),
        ("/image/a", "image"),
        ("/", "other"),
    ],
)
def test_every_path_has_its_kind(path: str, kind: str) -> None:
    assert kind_of(path) is PageKind(kind)


# ---------------------------------------------------------------------------------------------- how it is switched


def test_without_faults_and_control_nothing_is_there_and_nothing_is_changed(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("plain")
    with marketplace(folder, "--size", "300") as url:
        assert httpx.get(url + CONTROL).status_code == 404
        assert httpx.put(url + CONTROL, content=b'["captcha"]').status_code == 404
        assert httpx.get(url + RESULTS).status_code == 200
    assert (folder / "marketplace.log").read_text() == ""


def test_a_fault_from_the_command_line_strikes_without_a_control(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("struck")
    with marketplace(folder, "--size", "300", "--fault", "status=418@results", "--fault", "slow=0") as url:
        assert httpx.get(url + RESULTS).status_code == 418
        assert httpx.get(url + "/").status_code == 200
        assert httpx.get(url + CONTROL).status_code == 404


def test_faults_are_switched_while_the_market_runs_and_counted(site: FaultyMarket) -> None:
    assert get(site, RESULTS, "captcha").text.count("Robot check") == 2
    httpx.get(site.url + LISTING)
    assert httpx.get(site.url + CONTROL).json() == {"captcha": 2}
    assert "Robot check" not in get(site, RESULTS).text
    assert httpx.get(site.url + CONTROL).json() == {}


@pytest.mark.parametrize("order", [b"captcha", b'{"captcha": 1}', b'["slwo"]', b"[1]"])
def test_a_wrong_order_is_refused_and_changes_nothing(site: FaultyMarket, order: bytes) -> None:
    site.misbehave("status=418")
    answer = httpx.put(site.url + CONTROL, content=order)
    assert (answer.status_code, bool(answer.json()["error"])) == (400, True)
    assert httpx.delete(site.url + CONTROL).status_code == 405
    assert httpx.get(site.url + RESULTS).status_code == 418


def test_a_fault_strikes_the_pages_it_is_made_for_or_those_that_are_named(site: FaultyMarket) -> None:
    assert [get(site, path, "html-images").headers["content-type"].split(";")[0] for path in (RESULTS, IMAGE)] == [
        "text/html",
        "text/html",
    ]
    assert get(site, IMAGE, "captcha").headers["content-type"] == "image/jpeg"
    assert get(site, IMAGE, "captcha@image").headers["content-type"].startswith("text/html")
    assert "Robot check" not in get(site, RESULTS, "captcha@image").text


def test_a_fault_ends_after_so_many_requests(site: FaultyMarket) -> None:
    site.misbehave("unavailable#2")
    assert [httpx.get(site.url + RESULTS).status_code for _ in range(3)] == [503, 503, 200]


def test_several_faults_stand_one_before_the_other(site: FaultyMarket) -> None:
    answer = get(site, LISTING, "broken-json-ld", "missing-charset")
    assert answer.headers["content-type"] == "text/html"
    assert not _json_ld(answer.text).endswith("}")
    assert "Robot check" in get(site, LISTING, "captcha", "status=500").text


def test_a_struck_request_stands_in_the_log_also_when_its_answer_went_past_asgi(site: FaultyMarket) -> None:
    site.forget()
    raw(site, LISTING, "truncated")
    get(site, LISTING)
    assert site.asked() == [f"{LISTING}?", f"{LISTING}?"]


# --------------------------------------------------------------------------------------------- what each does


def test_slow_answers_rightly(site: FaultyMarket) -> None:
    plain = get(site, LISTING)
    assert get(site, LISTING, "slow=0.01").text == plain.text


def test_rate_limits_say_when_to_come_back_in_seconds_or_as_a_date(site: FaultyMarket) -> None:
    assert "retry-after" not in get(site, RESULTS, "rate-limit").headers
    answer = get(site, RESULTS, "rate-limit=30")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "30")
    dated = get(site, RESULTS, "rate-limit-date=3600")
    wait = parsedate_to_datetime(dated.headers["retry-after"]) - parsedate_to_datetime(dated.headers["date"])
    assert (dated.status_code, round(wait.total_seconds(), -2)) == (429, 3600)
    assert get(site, RESULTS, "unavailable=9").headers["retry-after"] == "9"


def test_the_log_in_stands_in_the_way_in_place_or_elsewhere(site: FaultyMarket) -> None:
    assert 'type="password"' in get(site, LISTING, "login-wall").text
    moved = get(site, LISTING, "login-redirect")
    assert (moved.status_code, moved.headers["location"]) == (302, "/login?from=/listing/l01")
    assert 'type="password"' in get(site, "/login").text


def test_a_redirect_loop_comes_back_to_where_it_began(site: FaultyMarket) -> None:
    for start in (RESULTS, LISTING):
        there = get(site, start, "redirect-loop").headers["location"]
        assert there != start
        assert get(site, there, "redirect-loop").headers["location"] == start


def test_another_layout_says_the_same_in_no_way_that_was_declared(site: FaultyMarket) -> None:
    page = get(site, LISTING, "layout").text
    assert "Lamp Größe № 01 台灯" in page
    assert not any(part in page for part in ("ld+json", "og:title", "<h1", 'class="listing"'))
    assert 'class="card"' not in get(site, RESULTS, "layout").text


def test_results_without_end_show_new_listings_or_the_same(site: FaultyMarket) -> None:
    last = get(site, "/search?q=lamp&page=2", "endless-pages").text
    assert "page=3" in last
    beyond = get(site, "/search?q=lamp&page=77", "endless-pages").text
    assert "page=78" in beyond
    assert 'href="/listing/l05~again77"' in beyond
    assert "№ 05" in get(site, "/listing/l05~again77", "endless-pages").text
    again = get(site, "/search?q=lamp&page=9", "repeated-pages").text
    assert 'href="/listing/l05"' in again
    assert "page=10" in again
    assert "no-listings" in get(site, RESULTS, "no-results").text


def test_charsets_are_wrong_or_not_said(site: FaultyMarket) -> None:
    wrong = get(site, LISTING, "wrong-charset=koi8-r")
    assert wrong.headers["content-type"] == "text/html; charset=koi8-r"
    assert '<meta charset="koi8-r">' in wrong.content.decode()
    assert "Größe" in wrong.content.decode()
    missing = get(site, LISTING, "missing-charset")
    assert "charset" not in missing.content.decode() + missing.headers["content-type"]


def test_bodies_are_shorter_or_longer_than_they_are_said_to_be(site: FaultyMarket) -> None:
    whole = get(site, IMAGE).content
    said, body = raw(site, IMAGE, "truncated")
    assert (int(said["content-length"]), body) == (len(whole), whole[: len(whole) // 2])
    said, body = raw(site, IMAGE, "length-too-large")
    assert (int(said["content-length"]), body) == (len(whole) + 1_000, whole)
    said, body = raw(site, IMAGE, "length-too-small")
    assert (int(said["content-length"]), body) == (len(whole) // 2, whole)
    said, body = raw(site, IMAGE, "hang=body")
    assert (int(said["content-length"]), body) == (len(whole), whole[: len(whole) // 2])
    assert raw(site, IMAGE, "hang") == ({}, b"")
    said, body = raw(site, IMAGE, "hang=drip", most=len(whole) // 2)
    assert len(whole) // 2 <= len(body) < len(whole)


@pytest.mark.parametrize("how", ["cut", "garbage"])
def test_a_chunked_body_has_no_end(site: FaultyMarket, how: str) -> None:
    whole = get(site, LISTING).content
    said, body = raw(site, LISTING, f"broken-chunks={how}")
    assert said["transfer-encoding"] == "chunked"
    size, _, rest = body.partition(b"\r\n")
    assert int(size, 16) == len(whole) // 2
    assert rest.startswith(whole[: len(whole) // 2])
    assert not rest.endswith(b"0\r\n\r\n")
    assert (b"\r\nzz\r\n" in rest) is (how == "garbage")


def test_bombs_are_small_and_valid(site: FaultyMarket) -> None:
    said, body = raw(site, LISTING, "gzip-bomb=64")
    assert said["content-encoding"] == "gzip"
    assert len(gzip.decompress(body)) == 64 * 1024**2
    assert len(body) < 80_000
    png = get(site, IMAGE, "png-bomb=3000").content
    assert png == grey_png(3_000)
    pixels = zlib.decompress(png[png.index(b"IDAT") + 4 : png.index(b"IEND") - 8])
    assert pixels == bytes(3_000 * 3_001)


def test_robots_txt_forbids_or_asks_for_patience(site: FaultyMarket) -> None:
    assert "Disallow: /search\n" in get(site, "/robots.txt", "disallow=/search").text
    assert "User-agent: *\nCrawl-delay: 7\n" in get(site, "/robots.txt", "crawl-delay=7").text


def test_every_fault_leaves_the_server_whole(site: FaultyMarket) -> None:
    for name in FAULTS:
        value = {"slow": "=0", "gzip-bomb": "=16", "png-bomb": "=10"}.get(name, "")
        for path in ("/robots.txt", LISTING):
            site.misbehave(f"{name}{value}@robots,results,listing,image,other")
            with suppress(httpx.HTTPError):
                httpx.get(site.url + path, timeout=0.2)
    page = get(site, RESULTS)
    assert page.status_code == 200
    assert page.text.count("<article") == min(24, COUNT)


def _json_ld(page: str) -> str:
    return page.split('<script type="application/ld+json">')[1].split("</script>")[0]


def test_without_a_fault_the_json_ld_is_whole(site: FaultyMarket) -> None:
    assert json.loads(_json_ld(get(site, LISTING).text))["@type"] == "Product"
