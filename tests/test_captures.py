"""Captures of suspects' pages: asked for once for each version, planned together, kept with their hashes, verified."""

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from browsers import ALLOWED, require_chromium
from crawling import Bench
from keeping import TODAY, Archive, days_ago
from market import Answer, Market, html, listing_page, serving
from PIL import Image
from rows import NOON, claim, claimed, count, new_owner, new_product, record
from test_store_suspects import assessment

from counterfoil.backup.listing import put, read_listing, write_listing
from counterfoil.clock import now
from counterfoil.evidence import EvidenceStore, Kind
from counterfoil.evidence.folder import FolderFiles
from counterfoil.evidence.warc import Exchange, read_warc, warc_problems, write_warc
from counterfoil.models import (
    Capture,
    CaptureFile,
    CaptureMeans,
    CaptureRole,
    CaptureState,
    Crawl,
    FinishReason,
    RetentionClass,
    VerdictKind,
)
from counterfoil.settings import Settings
from counterfoil.store import Store
from counterfoil.store.captures import (
    MOST_ATTEMPTS,
    Captured,
    captures_of_crawl,
    captures_to_plan,
    fail_capture,
    list_captures,
    record_capture,
    want_capture,
)
from counterfoil.store.crawls import close_crawl
from counterfoil.store.suspects import record_assessments
from counterfoil.store.tables import captures, runs
from counterfoil.verification import capture_problems
from scheduler.captures import plan_captures

HOUR = timedelta(hours=1)


@pytest.fixture
def archive(store: Store, evidence: EvidenceStore, settings: Settings) -> Archive:
    return Archive(store, evidence, settings)


def judge(store: Store, owner_id: int, version_id: int, product_id: int, score: float = 0.9) -> int | None:
    with store.write() as connection:
        return record_assessments(
            connection,
            owner_id=owner_id,
            listing_version_id=version_id,
            made=[assessment(product_id, score)],
            product_ids=None,
            threshold=0.5,
            now=NOON,
        )


def of(store: Store, owner_id: int, suspect_id: int | None) -> list[Capture]:
    with store.read() as connection:
        return list_captures(connection, owner_id, suspect_id or 0)


# ---------------------------------------------------------------------------------------------------- what is asked for


def test_a_suspect_asks_for_its_page_once_for_each_version(store: Store) -> None:
    owner = new_owner(store)
    product, crawl = new_product(store, owner), claimed(store, owner)
    first = record(store, crawl).listing_version_id
    suspect = judge(store, owner, first, product)
    assert judge(store, owner, first, product, 0.95) == suspect
    assert [one.listing_version_id for one in of(store, owner, suspect)] == [first]
    second = record(store, crawl, now=NOON + HOUR, title="Another title").listing_version_id
    judge(store, owner, second, product)
    # Nobody had begun to capture the first version: its page shows the second one by now.
    assert [one.listing_version_id for one in of(store, owner, suspect)] == [second]
    withdrawn = record(store, crawl, now=NOON + 2 * HOUR, title="A third").listing_version_id
    judge(store, owner, withdrawn, product, 0.1)
    assert [one.listing_version_id for one in of(store, owner, suspect)] == [second]
    with store.read() as connection:
        assert captures_to_plan(connection, NOON + HOUR, 10) == []


def test_what_nobody_suspects_is_not_captured(store: Store) -> None:
    owner = new_owner(store)
    version = record(store, claimed(store, owner)).listing_version_id
    assert judge(store, owner, version, new_product(store, owner), 0.4) is None
    assert count(store, captures) == 0


def planned(store: Store, settings: Settings, number: int = 3) -> tuple[int, list[int]]:
    """An owner with suspects on a declared market: their ids."""
    Market().declare(settings.marketplaces_folder)
    owner = new_owner(store)
    product, crawl = new_product(store, owner), claimed(store, owner)
    versions = [record(store, crawl, key=str(key)).listing_version_id for key in range(number)]
    with store.write() as connection:
        close_crawl(connection, crawl.id, crawl.attempt, FinishReason.FINISHED, now=NOON)
    return owner, [judge(store, owner, version, product) or 0 for version in versions]


def test_captures_of_a_marketplace_are_one_crawl_and_the_next_waits_for_its_end(
    store: Store, settings: Settings
) -> None:
    _, suspects = planned(store, settings, 30)
    assert plan_captures(store, settings) == 1
    assert plan_captures(store, settings) == 0
    crawl = claim(store, now())
    assert crawl is not None and (crawl.spider, crawl.queries) == ("capture", ())
    with store.read() as connection:
        wanted = captures_of_crawl(connection, crawl.id)
    assert [one.suspect_id for one in wanted] == suspects[:25]
    end(store, crawl)
    assert plan_captures(store, settings) == 1
    with store.read() as connection:
        following = claim(store, now())
        assert following is not None
        assert [one.suspect_id for one in captures_of_crawl(connection, following.id)] == suspects[25:]


def end(store: Store, crawl: Crawl) -> None:
    with store.write() as connection:
        close_crawl(connection, crawl.id, crawl.attempt, FinishReason.SITE_DOWN, detail="nobody there", now=now())


def test_a_capture_that_fails_is_tried_again_later_and_given_up_with_its_reason(
    store: Store, settings: Settings
) -> None:
    owner, (suspect,) = planned(store, settings, 1)
    for attempt in range(1, MOST_ATTEMPTS + 1):
        with store.write() as connection:
            connection.execute(captures.update().values(not_before=NOON))
        assert plan_captures(store, settings) == 1
        crawl = claim(store, now())
        assert crawl is not None
        if attempt > 1:
            with store.write() as connection:
                assert fail_capture(connection, of(store, owner, suspect)[0].id, f"answered 503, {attempt}")
        end(store, crawl)
        assert plan_captures(store, settings) == 0
    (failed,) = of(store, owner, suspect)
    assert (failed.state, failed.detail) == (CaptureState.FAILED, "answered 503, 3")
    assert plan_captures(store, settings) == 0


def test_a_crawl_that_dies_leaves_its_captures_to_the_next_with_its_reason(store: Store, settings: Settings) -> None:
    owner, (suspect,) = planned(store, settings, 1)
    for _ in range(MOST_ATTEMPTS):
        plan_captures(store, settings)
        with store.write() as connection:
            connection.execute(captures.update().values(not_before=NOON))
        plan_captures(store, settings)
        crawl = claim(store, now())
        assert crawl is not None
        end(store, crawl)
    plan_captures(store, settings)
    assert of(store, owner, suspect)[0].detail == "its crawl ended: site_down, nobody there"


def test_a_marketplace_that_is_not_crawled_is_not_captured(store: Store, settings: Settings) -> None:
    owner, (suspect,) = planned(store, settings, 1)
    Market().declare(settings.marketplaces_folder, route="import")
    assert plan_captures(store, settings) == 0
    assert "saved" in (of(store, owner, suspect)[0].detail or "")
    assert count(store, runs) == 1


def test_captures_can_be_switched_off(store: Store, settings: Settings) -> None:
    planned(store, settings, 1)
    assert plan_captures(store, settings.model_copy(update={"captures": False})) == 0


# ------------------------------------------------------------------------------------------------------ what is written


def kept(archive: Archive, suspect: int, *, data: bytes = b"a page", days: float = 100) -> Capture:
    """A suspect's capture with one file in it."""
    with archive.store.write() as connection:
        owner, capture = connection.execute(
            captures.select()
            .with_only_columns(captures.c.owner_id, captures.c.id)
            .where(captures.c.suspect_id == suspect)
        ).one()
        sha256 = archive.evidence.put_capture(data)
        file = CaptureFile(role=CaptureRole.WARC, sha256=sha256, size=len(data), media_type="application/warc")
        made = Captured(means=CaptureMeans.PLAIN, status=200, final_url="u", captured_at=days_ago(days), files=(file,))
        assert record_capture(connection, capture, made)
        assert not record_capture(connection, capture, made)
        return list_captures(connection, owner, suspect)[0]


def test_a_capture_is_kept_as_long_as_its_own_suspect(archive: Archive) -> None:
    ours, theirs = archive.owner("acme"), archive.owner("other")
    version = archive.listing(days=400, owner=ours)
    mine = kept(archive, archive.suspect(version, days=400, owner=ours), data=b"mine")
    other = kept(
        archive, archive.suspect(version, days=400, owner=theirs, verdicts=(VerdictKind.LOOKALIKE,)), data=b"theirs"
    )
    report = archive.sweep()
    assert {name: one.captures for name, one in report.classes.items() if one.captures} == {RetentionClass.CLOSED: 1}
    assert archive.evidence.find(Kind.CAPTURE, mine.files[0].sha256)
    assert archive.evidence.find(Kind.CAPTURE, other.files[0].sha256) is None
    with archive.store.read() as connection:
        assert list_captures(connection, theirs, other.suspect_id)[0].files[0].deleted_at == TODAY


def test_a_backup_takes_the_files_of_captures_along(archive: Archive, tmp_path: Path) -> None:
    capture = kept(archive, archive.suspect(archive.listing(days=1), days=1))
    with archive.store.read() as connection:
        counts = write_listing(connection, tmp_path / "listing")
    assert counts[Kind.CAPTURE] == 1
    (listed,) = [one for one in read_listing(tmp_path / "listing") if one.kind is Kind.CAPTURE]
    elsewhere = EvidenceStore(FolderFiles(tmp_path / "elsewhere"))
    put(elsewhere, listed, archive.evidence.get(listed.kind, listed.sha256))
    assert elsewhere.get_capture(capture.files[0].sha256) == b"a page"


def test_a_file_of_a_capture_that_nothing_names_is_swept(archive: Archive) -> None:
    sha256 = archive.evidence.put_capture(b"of a killed crawl")
    report = archive.sweep(now=now() + timedelta(days=3))
    assert report.classes["unreferenced"].captures == 1
    assert archive.evidence.find(Kind.CAPTURE, sha256) is None


# -------------------------------------------------------------------------------------------------------------- WARC

EXCHANGE = Exchange(
    url="https://shop.example/a?b=1",
    at=NOON,
    status=200,
    reason="OK",
    request_fields=(("Host", "shop.example"), (":authority", "shop.example")),
    response_fields=(("Content-Encoding", "gzip"), ("Set-Cookie", "a=1\nb=2"), ("X-Evil", "1\r\nWARC-Type: warcinfo")),
    body="Größe €".encode(),
)


def test_a_warc_file_can_be_read_by_others_and_every_change_of_a_byte_shows() -> None:
    data = write_warc([EXCHANGE, replace(EXCHANGE, body=b"", truncated="length")], {"software": "Counterfoil"})
    assert warc_problems(data) == []
    assert [kind for kind, _, _ in read_warc(data)] == ["warcinfo", *["response", "request"] * 2]
    changed = [bytes([*data[:at], data[at] ^ 0x41, *data[at + 1 :]]) for at in range(12, len(data), 11)]
    # The gzip header's time and system mean nothing; the file's own SHA-256 covers those too.
    assert sum(not warc_problems(one) for one in changed) <= len(changed) // 20
    assert warc_problems(b"") and warc_problems(b"no WARC at all")


# ------------------------------------------------------------------------------------------------ with a browser


@pytest.fixture
def market() -> Iterator[Market]:
    with serving(Market()) as opened:
        yield opened


@pytest.fixture
def bench(settings: Settings, sqlite_store: Store, market: Market) -> Iterator[Bench]:
    made = Bench(settings, sqlite_store, market, dict(ALLOWED))
    yield made
    made.close()


def captured(bench: Bench, *, changed: bool = False) -> tuple[Crawl, list[Capture]]:
    """Crawl the market's one listing, suspect it, capture it; the capture's crawl, and all captures of the suspect."""
    bench.crawl("lamp")
    product = None if changed else new_product(bench.store, bench.owner_id)
    suspect = judge(bench.store, bench.owner_id, bench.versions()[-1].id, product or 1)
    assert plan_captures(bench.store, bench.settings) == 1
    crawl = bench.claim_next()
    bench.log = bench.run(crawl)
    return bench.row(crawl), of(bench.store, bench.owner_id, suspect)


def red_picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (300, 300), (255, 0, 0)).save(out, "PNG")
    return out.getvalue()


def shop(market: Market) -> None:
    """A listing whose title only a script shows, and whose picture, far down, is only loaded when it comes near."""
    market.stock(1)
    market.listings["1"]["images"] = ["lamp.png", "unseen.png"]
    picture = (
        "<img loading=lazy src=/picture/lamp.png style='margin-top:3000px;display:block;width:300px;height:300px'>"
    )
    script = "<script>document.body.insertAdjacentHTML('afterbegin', ['made', 'by', 'script'].join('-'))</script>"
    market.faults["/listing/1"] = html(listing_page("1", market.listings["1"]) + picture + script)
    for name in ("lamp", "unseen"):
        market.faults[f"/picture/{name}.png"] = Answer(body=red_picture(), type="image/png")


@pytest.mark.xdist_group("chromium")
def test_a_suspects_page_is_captured_as_a_person_sees_it_and_again_when_it_changes(
    bench: Bench, evidence: EvidenceStore
) -> None:
    require_chromium()
    shop(bench.market)
    crawl, (capture,) = captured(bench)
    assert (crawl.reason, crawl.counters.pages) == (FinishReason.FINISHED, 1), bench.log
    assert (capture.state, capture.means, capture.status) == (CaptureState.DONE, CaptureMeans.BROWSER, 200)
    assert capture.detail is None
    files = {file.role: evidence.get_capture(file.sha256) for file in capture.files}
    screenshot = Image.open(io.BytesIO(files[CaptureRole.SCREENSHOT]))
    assert screenshot.height > 3_000 and (255, 0, 0) in {color for _, color in screenshot.getcolors(1 << 20) or ()}
    assert b"made-by-script" in files[CaptureRole.PAGE]
    answered = {
        url.rpartition("/")[2]: status for kind, url, status in read_warc(files[CaptureRole.WARC]) if kind == "response"
    }
    assert answered == {"1": 200, "lamp.png": 200, "unseen.png": 200}
    assert list(capture_problems(capture, evidence)) == []
    bench.market.listings["1"]["price"] = "0.99"
    shop_page = bench.market.faults.pop("/listing/1")
    assert shop_page
    _, again = captured(bench, changed=True)
    assert [one.listing_version_id for one in again] == [version.id for version in reversed(bench.versions())]
    assert [one.state for one in again] == [CaptureState.DONE] * 2
    evidence_file = Path(evidence.where(Kind.CAPTURE, capture.files[0].sha256))
    evidence_file.write_bytes(b"another picture")
    assert any("damaged" in problem for problem in capture_problems(capture, evidence))


def test_without_a_browser_the_plain_response_is_kept_and_says_so(bench: Bench, evidence: EvidenceStore) -> None:
    bench.environment["COUNTERFOIL_BROWSER"] = "off"
    shop(bench.market)
    bench.market.faults["/picture/unseen.png"] = Answer(status=404)
    crawl, (capture,) = captured(bench)
    assert crawl.reason is FinishReason.FINISHED, bench.log
    assert (capture.state, capture.means) == (CaptureState.DONE, CaptureMeans.PLAIN)
    assert "without a browser (COUNTERFOIL_BROWSER is off)" in (capture.detail or "")
    assert "1 of the listing's pictures could not be had" in (capture.detail or "")
    assert [file.role for file in capture.files] == [CaptureRole.WARC]
    warc = evidence.get_capture(capture.files[0].sha256)
    answered = [(url.rpartition("/")[2], status) for kind, url, status in read_warc(warc) if kind == "response"]
    assert answered == [("1", 200), ("lamp.png", 200), ("unseen.png", 404)]
    assert list(capture_problems(capture, evidence)) == []


def test_a_riddle_in_the_place_of_the_page_is_no_capture(bench: Bench) -> None:
    bench.environment["COUNTERFOIL_BROWSER"] = "off"
    shop(bench.market)
    bench.crawl("lamp")
    product = new_product(bench.store, bench.owner_id)
    suspect = judge(bench.store, bench.owner_id, bench.versions()[-1].id, product)
    bench.market.faults["/listing/1"] = Answer(body=b"<title>Security check</title><h1>Are you a robot?</h1>")
    plan_captures(bench.store, bench.settings)
    crawl = bench.claim_next()
    bench.run(crawl)
    (capture,) = of(bench.store, bench.owner_id, suspect)
    assert capture.state is CaptureState.WAITING and "a riddle" in (capture.detail or "")
    assert bench.row(crawl).reason is FinishReason.BLOCKED


def test_want_capture_can_run_twice(store: Store) -> None:
    owner = new_owner(store)
    version = record(store, claimed(store, owner)).listing_version_id
    suspect = judge(store, owner, version, new_product(store, owner))
    assert suspect is not None
    with store.write() as connection:
        want_capture(connection, owner, suspect, version, NOON)
        want_capture(connection, owner, suspect, version, NOON)
    assert count(store, captures) == 1
