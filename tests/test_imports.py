"""Saved pages go the same way as crawled ones: the real command, the real Scrapy process, the real database."""

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import saving
from commands import Ended, run_command
from conftest import skip
from crawling import Bench
from market import Answer, Market, serving
from PIL import Image
from playwright.sync_api import sync_playwright
from things import draw

from counterfoil.chromium import find_chromium
from counterfoil.evidence import EvidenceStore, Kind
from counterfoil.marketplaces import get_marketplace, load_marketplaces
from counterfoil.models import Crawl, CrawlState, FinishReason, ListingVersion, RunKind, RunState
from counterfoil.settings import Settings
from counterfoil.store import Store
from counterfoil.store.crawls import list_crawls
from counterfoil.store.runs import get_run, list_runs
from crawlers.archives.unpacked import write_source
from indexer.decoding import PictureDecoder
from indexer.ingest import ingest_once
from indexer.judging import Judging
from scheduler.by_hand import begin_import, see_import_through
from scheduler.launcher import Program

SAVED = datetime(2024, 3, 5, 10, 20, 30, tzinfo=UTC)


def picture(seed: int, side: int = 320) -> bytes:
    """A drawn picture, large enough to be taken for a listing's."""
    out = io.BytesIO()
    draw(seed).resize((side, side)).save(out, "PNG")
    return out.getvalue()


@dataclass
class Desk:
    """A person's desk: the command line, a folder of saved pages, and a shop that must not notice any of it."""

    bench: Bench
    folder: Path

    @property
    def shop(self) -> str:
        """The shop's address."""
        return self.bench.market.url

    def page(self, key: str, *, price: str = "12.50", images: list[str] | None = None, extra: str = "") -> bytes:
        """A listing's own page."""
        product = {
            "@type": "Product",
            "name": f"Lamp {key}",
            "image": [f"{self.shop}/picture/{key}.png"] if images is None else images,
            "offers": {
                "price": price,
                "priceCurrency": "EUR",
                "seller": {"@type": "Organization", "name": "Anna", "url": f"{self.shop}/seller/anna"},
            },
        }
        data = json.dumps({"@context": "https://schema.org", **product})
        return (
            f'<html><head><title>Lamp {key}</title><script type="application/ld+json">{data}</script></head>'
            f'<body><h1>Lamp {key}</h1><img src="{self.shop}/picture/{key}.png">{extra}</body></html>'
        ).encode()

    def responses(self, key: str, **changes: object) -> saving.Responses:
        """That page with its picture, as an archive holds them."""
        return [
            (f"{self.shop}/listing/{key}", "text/html", self.page(key, **changes)),
            (f"{self.shop}/picture/{key}.png", "image/png", picture(int(key))),
        ]

    def save(self, name: str, responses: saving.Responses) -> str:
        """Save responses in one of the forms of `saving`."""
        (self.folder / name).mkdir(exist_ok=True)
        return str(saving.save(self.folder / name, name, responses))

    def run(self, *arguments: str) -> Ended:
        """Run a command, with no host allowed at all."""
        environment = {"COUNTERFOIL_DATA": str(self.bench.settings.data), "COUNTERFOIL_OWNER": "tests"}
        return run_command(environment, *arguments)

    def import_(self, *files: str, status: int = 0) -> Crawl:
        """Import saved pages; the crawl that did."""
        self.ended = self.run("import", *files, "--marketplace", "market")
        assert self.ended.status == status, self.ended
        with self.bench.store.read() as connection:
            run = list_runs(connection, self.bench.owner_id)[0]
            assert (run.kind, run.monitor_id) == (RunKind.IMPORT, None)
            return list_crawls(connection, self.bench.owner_id, run.id)[0]


@pytest.fixture
def desk(settings: Settings, sqlite_store: Store, tmp_path: Path) -> Iterator[Desk]:
    with serving(Market()) as market:
        bench = Bench(settings, sqlite_store, market)
        yield Desk(bench, tmp_path)
        bench.close()
        assert market.asked == [], "an import asks the site for nothing"


def by_title(desk: Desk) -> dict[str, ListingVersion]:
    return {version.facts.title: version for version in desk.bench.versions()}


def test_pages_saved_in_every_form_become_listings_with_their_pictures(desk: Desk, evidence: EvidenceStore) -> None:
    names = sorted(saving.FORMS)
    files = [desk.save(name, desk.responses(str(number))) for number, name in enumerate(names)]
    crawl = desk.import_(*files)
    assert (crawl.state, crawl.reason, crawl.counters.seen) == (CrawlState.FINISHED, FinishReason.FINISHED, 7)
    assert "7 files, 7 listings (7 new, 0 changed), 6 pictures" in desk.ended.output
    found = by_title(desk)
    for number, name in enumerate(names):
        version = found[f"Lamp {number}"]
        facts = version.facts
        assert (facts.url, facts.price, facts.currency) == (f"{desk.shop}/listing/{number}", Decimal("12.50"), "EUR")
        assert facts.seller and facts.seller.name == "Anna"
        assert facts.attributes["saved_in"] == name
        assert f"Lamp {number}".encode() in evidence.get_body(version.body_sha256 or "")
        if name == "page.html":
            assert facts.images[0].error == "is not in the saved files"
        else:
            assert evidence.get_image(facts.images[0].sha256 or "") == picture(number)
            assert version.captured_at == SAVED


def test_an_imported_listing_is_judged_as_a_crawled_one(desk: Desk, evidence: EvidenceStore) -> None:
    (desk.folder / "reference.png").write_bytes(picture(1))
    assert desk.run("brand", "add", "Acme").status == 0
    assert (
        desk.run("product", "add", "Lantern", "--brand", "Acme", "--image", str(desk.folder / "reference.png")).status
        == 0
    )
    desk.import_(desk.save("page.har", [*desk.responses("1"), *desk.responses("2")]))
    with PictureDecoder(desk.bench.settings) as decoder:
        assert ingest_once(Judging(desk.bench.store, evidence, desk.bench.settings, decoder)) == 2
    shown = desk.run("suspect", "show", "1")
    assert "Lamp 1" in shown.output and "read from:" in shown.output and "page.har (imported)" in shown.output
    assert desk.run("suspect", "show", "2").status == 1


def test_importing_the_same_again_changes_nothing(desk: Desk) -> None:
    file = desk.save("page.mhtml", desk.responses("1"))
    first, second = desk.import_(file), desk.import_(file)
    assert (first.counters.new, second.counters.new, second.counters.changed) == (1, 0, 0)
    assert second.counters.seen == 1
    assert len(desk.bench.versions()) == 1


def test_a_page_of_results_gives_what_it_shows_and_own_pages_count_more(desk: Desk) -> None:
    cards = "".join(
        f'<article><a href="/listing/{key}"><img src="/picture/{key}.png"><h2>Shown lamp {key}</h2></a>'
        f"<b class=price>€ {key}.00</b></article>"
        for key in range(1, 6)
    )
    results = (f"{desk.shop}/search?q=red+lamp&page=1", "text/html", f"<html><body>{cards}</body></html>".encode())
    pictures = [(f"{desk.shop}/picture/{key}.png", "image/png", picture(key)) for key in range(1, 6)]
    crawl = desk.import_(desk.save("page.warc.gz", [results, *pictures, *desk.responses("3")[:1]]))
    assert crawl.reason is FinishReason.FINISHED, crawl.detail
    found = by_title(desk)
    assert sorted(found) == ["Lamp 3", "Shown lamp 1", "Shown lamp 2", "Shown lamp 4", "Shown lamp 5"]
    assert found["Shown lamp 4"].facts.price == Decimal("4.00")
    assert found["Shown lamp 4"].facts.attributes["read_from"] == "results"
    assert found["Shown lamp 4"].facts.images[0].sha256
    ranks = desk.bench.ranks(crawl)
    assert {key: rank for (query, key), rank in ranks.items() if query == "red lamp"} == {
        str(number): number for number in range(1, 6)
    }


def test_a_picture_is_taken_in_the_largest_size_that_was_saved(desk: Desk, evidence: EvidenceStore) -> None:
    small = f'<img src="{desk.shop}/p/1-320x320.png">'
    gallery = f'<div class=product-gallery><a href="{desk.shop}/p/1.png">{small}</a></div>'
    body = desk.page("1", images=[f"{desk.shop}/p/1.png"], extra=gallery)
    sizes = [(f"{desk.shop}/p/1-{side}x{side}.png", "image/png", picture(1, side)) for side in (320, 64)]
    desk.import_(desk.save("page.har", [(f"{desk.shop}/listing/1", "text/html", body), *sizes]))
    (image,) = by_title(desk)["Lamp 1"].facts.images
    assert image.url == f"{desk.shop}/p/1-320x320.png" and evidence.get_image(image.sha256 or "") == sizes[0][2]


def test_pictures_put_into_the_page_are_its_own_but_those_that_lead_elsewhere(desk: Desk) -> None:
    others = "".join(
        f'<{frame}><a href="{desk.shop}/listing/{key}"><img src="{desk.shop}/picture/{key}.png"></a></{frame}>'
        for key, frame in ((2, "div"), (3, "footer"))
    )
    body = desk.page("1", images=["https://img.example/other-size.png"], extra=others)
    pictures = [(f"{desk.shop}/picture/{key}.png", "image/png", picture(key)) for key in (1, 2, 3)]
    desk.import_(desk.save("single.html", [(f"{desk.shop}/listing/1", "text/html", body), *pictures]))
    images = by_title(desk)["Lamp 1"].facts.images
    assert [image.url.partition(";")[0] for image in images] == ["ni:///sha-256"]
    assert Image.open(io.BytesIO(picture(1))).size == (320, 320)
    with desk.bench.store.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM images").scalar_one() == 1


def test_what_cannot_be_read_is_told_and_the_rest_is_imported(desk: Desk) -> None:
    broken = desk.folder / "broken.har"
    broken.write_text('{"log": 1}')
    elsewhere = desk.save("page.warc", [("https://other.example/", "text/html", b"<h1>Other</h1>")])
    crawl = desk.import_(desk.save("page.wacz", desk.responses("1")), str(broken), elsewhere)
    assert (crawl.reason, crawl.counters.seen) == (FinishReason.FINISHED, 1)
    assert "1 product, 1 of another site" in desk.ended.errors and "broken.har is no HAR file" in desk.ended.errors


def test_an_import_without_any_listing_fails_and_says_why(desk: Desk) -> None:
    page = desk.folder / "page.html"
    page.write_bytes(b"<h1>Lamp</h1>")
    crawl = desk.import_(str(page), status=1)
    assert crawl.reason is FinishReason.LAYOUT
    assert "page.html does not say which address it was saved from: give it with --url" in desk.ended.errors
    with desk.bench.store.read() as connection:
        assert get_run(connection, desk.bench.owner_id, crawl.run_id).state is RunState.FINISHED


def test_a_page_without_an_address_is_read_at_the_one_that_a_person_says(desk: Desk) -> None:
    page = desk.folder / "page.html"
    page.write_bytes(desk.page("9"))
    desk.import_(str(page), "--url", f"{desk.shop}/listing/9")
    assert desk.bench.keys() == ["9"]
    assert (
        desk.run("import", str(page), str(page), "--marketplace", "market", "--url", "https://x.example/").status == 2
    )
    assert "There is no marketplace" in desk.run("import", str(page), "--marketplace", "nobody").errors


def test_a_folder_of_saved_pages_is_imported_as_a_whole(desk: Desk, evidence: EvidenceStore) -> None:
    folder = desk.folder / "saved"
    folder.mkdir()
    for key in ("1", "2"):
        body = saving.html([(f"{desk.shop}/listing/{key}", "text/html", desk.page(key, images=[f"x_files/{key}.png"]))])
        (folder / f"{key}.html").write_bytes(body.replace(f"{desk.shop}/picture/".encode(), f"{key}_files/".encode()))
        (folder / f"{key}_files").mkdir()
        (folder / f"{key}_files" / f"{key}.png").write_bytes(picture(int(key)))
    desk.import_(str(folder))
    found = by_title(desk)
    assert [evidence.get_image(found[f"Lamp {key}"].facts.images[0].sha256 or "") for key in "12"] == [
        picture(1),
        picture(2),
    ]
    assert len(list(evidence.walk(Kind.BODY))) == 2


def test_a_page_that_chromium_saved_is_imported_with_what_it_showed(desk: Desk, evidence: EvidenceStore) -> None:
    program = find_chromium(desk.bench.settings)
    if program is None:
        skip("Chromium is not installed (make services)")
    market = desk.bench.market
    # Chromium leaves scripts out, and JSON-LD with them: what counts is what the page shows.
    market.faults["/listing/5"] = Answer(body=desk.page("5", extra='<p class="price">€ 12.50</p>'))
    market.faults["/picture/5.png"] = Answer(body=picture(5), type="image/png")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        page.goto(f"{desk.shop}/listing/5", wait_until="load")
        snapshot = page.context.new_cdp_session(page).send("Page.captureSnapshot", {"format": "mhtml"})
        browser.close()
    market.asked.clear()
    saved = desk.folder / "chromium.mhtml"
    saved.write_text(snapshot["data"], newline="")
    desk.import_(str(saved))
    (version,) = desk.bench.versions()
    assert (version.facts.title, version.facts.price) == ("Lamp 5", Decimal("12.50"))
    assert evidence.get_image(version.facts.images[0].sha256 or "") == picture(5)


def test_an_import_whose_process_died_is_gone_on_with_by_a_worker(desk: Desk) -> None:
    source = write_source(Path(desk.save("page.har", [*desk.responses("1"), *desk.responses("2")])), None)
    store, settings = desk.bench.store, desk.bench.settings
    market = get_marketplace(load_marketplaces(settings), "market")
    with store.write() as connection:
        crawl = begin_import(connection, settings, desk.bench.owner_id, market, [source])
    left = see_import_through(store, settings, crawl, Program(command=lambda crawl: ["false"]))
    assert (left.state, left.reason, left.failures) == (CrawlState.WAITING, None, 1)
    with store.write() as connection:
        connection.exec_driver_sql("UPDATE crawls SET not_before = '2000-01-01 00:00:00'")
    again = desk.bench.claim_next()
    desk.bench.run(again)
    ended = desk.bench.row(again)
    assert (ended.state, ended.attempt, ended.counters.seen) == (CrawlState.FINISHED, 2, 2)
