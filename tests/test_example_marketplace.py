"""The example marketplace: a real server on a free port, and what is made up for it."""

import csv
import hashlib
import io
import itertools
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote

import extruct
import httpx
import imagehash
import parsel
import pytest
from hypothesis import given
from hypothesis import strategies as st
from installation import marketplace
from PIL import Image

from counterfoil.exceptions import InvalidInput
from counterfoil.marketplaces import Marketplace, read_declaration
from examples.marketplace.brand import brand
from examples.marketplace.brand_kit import write_brand_kit
from examples.marketplace.builtin import built_in, built_in_truth
from examples.marketplace.catalogue import Listing, picture_files, read_catalogue
from examples.marketplace.disguise import DISGUISES
from examples.marketplace.edits import EASY_EDITS, EDITS, HARD_EDITS
from examples.marketplace.honest import official_pictures
from examples.marketplace.pictures import DrawnPictures, FolderPictures, Recipe, cooked
from examples.marketplace.search import SearchIndex
from examples.marketplace.truth import FoundBy, Truth, TruthRow

SEED, SIZE = 7, 320
NASTY = "<script>alert(1)</script> & \"quoted\" 'title' </title>"


@dataclass(frozen=True)
class Site:
    """A running marketplace."""

    client: httpx.Client
    url: str
    log: Path

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.client.get(path, headers=headers)

    def page(self, path: str) -> parsel.Selector:
        answer = self.get(path)
        assert answer.status_code == 200, path
        return parsel.Selector(answer.text)


@pytest.fixture(scope="module")
def built_in_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("built-in")
    arguments = ("--seed", str(SEED), "--size", str(SIZE), "--log", str(folder / "requests.jsonl"))
    with marketplace(folder, *arguments) as url, httpx.Client(base_url=url) as client:
        yield Site(client, url, folder / "requests.jsonl")


@pytest.fixture(scope="module")
def listings() -> list[Listing]:
    return built_in(SEED, SIZE)[0]


@pytest.fixture(scope="module")
def recipes() -> dict[str, Recipe]:
    return dict(built_in(SEED, SIZE)[1])


@pytest.fixture(scope="module")
def truth() -> dict[str, TruthRow]:
    return {row.id: row for row in built_in_truth(SEED, SIZE)}


LINES: list[dict[str, Any]] = [
    {
        "id": "a-1",
        "title": NASTY,
        "description": "Ends a script: </script><b>bold</b>\nSecond line",
        "price": "1299.90",
        "currency": "EUR",
        "seller": "Ann & <Sons>",
        "seller_id": "s/1".replace("/", " "),
        "ships_from": "Germany",
        "category": "Lamps & Light",
        "images": ["red.png", "broken.jpg"],
    },
    {"id": "b-2", "title": "越野跑鞋 黑色", "price": None, "currency": "EUR", "images": ["sub/red copy.png"]},
    {"id": "c-3", "title": "Priced without currency", "price": 7, "images": []},
    {"id": "日本 4", "title": "Ｗｉｄｅ letters", "price": "0.010", "currency": "KWD", "category": "!!!", "images": []},
]


def _own_catalogue(folder: Path) -> list[str]:
    """Write a catalogue of odd things with its pictures; the arguments that serve it."""
    images = folder / "images"
    (images / "sub").mkdir(parents=True)
    Image.new("RGB", (8, 8), "red").save(images / "red.png")
    Image.new("RGB", (8, 8), "red").save(images / "sub" / "red copy.png")
    (images / "broken.jpg").write_bytes(b"\xff\xd8 no picture")
    lines = [json.dumps(line, ensure_ascii=False) for line in LINES]
    lines[2] = lines[2].replace('"price": 7', '"price": 12.50')
    (folder / "catalogue.jsonl").write_text("\n".join(lines) + "\n\n", encoding="utf-8")
    return ["--catalogue", str(folder / "catalogue.jsonl"), "--images", str(images)]


@pytest.fixture(scope="module")
def own_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("own")
    arguments = _own_catalogue(folder)
    with marketplace(folder, *arguments) as url, httpx.Client(base_url=url) as client:
        yield Site(client, url, folder / "none")


def _command(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "examples.marketplace", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, **options)


# ------------------------------------------------------------------------------------------------ the server


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_is_and_stops_cleanly_when_asked(number: signal.Signals) -> None:
    command = [sys.executable, "-m", "examples.marketplace", "serve", "--port", "0", "--size", "300"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        line = server.stdout.readline()
        found = re.fullmatch(r"example marketplace on (http://127\.0\.0\.1:\d+/) \(300 listings\)\n", line)
        assert found, line
        with httpx.Client() as client:  # a connection kept alive must not keep the server alive
            assert client.get(found[1] + "healthz").text == "ok\n"
            server.send_signal(number)
            rest, errors = server.communicate(timeout=20)
    assert (server.returncode, rest, errors) == (0, "", "")


def test_a_port_that_is_taken_is_an_error(built_in_site: Site) -> None:
    done = _command("serve", "--size", "300", "--port", built_in_site.url.rsplit(":", 1)[1])
    assert done.returncode != 0
    assert done.stdout == ""
    assert "address already in use" in done.stderr


def test_following_the_pages_of_everything_visits_every_listing_once(
    built_in_site: Site, listings: list[Listing]
) -> None:
    assert _walk(built_in_site, "/search?q=*") == [f"/listing/{listing.id}" for listing in listings]
    assert _walk(built_in_site, "/search") == [f"/listing/{listing.id}" for listing in listings]


def test_the_pages_of_all_categories_and_of_all_sellers_visit_every_listing_once(
    built_in_site: Site, listings: list[Listing]
) -> None:
    everything = sorted(f"/listing/{listing.id}" for listing in listings)
    categories = built_in_site.page("/").css("nav.categories a::attr(href)").getall()
    assert sorted(itertools.chain(*(_walk(built_in_site, path) for path in categories))) == everything
    sellers = {f"/seller/{listing.seller_id}" for listing in listings}
    assert sorted(itertools.chain(*(_walk(built_in_site, path) for path in sellers))) == everything


def _walk(site: Site, path: str | None) -> list[str]:
    """The listings of all pages from this one on, as a crawler with the declaration finds them."""
    selectors = _declaration(site).search
    assert selectors.next is not None
    links: list[str] = []
    while path is not None:
        page = site.page(path)
        cards = page.css(selectors.card)
        assert 0 < len(cards) <= 24
        links += [str(card.css(selectors.link).get()) for card in cards]
        path = page.css(selectors.next).get()
    return links


def _declaration(site: Site) -> Marketplace:
    done = _printed_declaration(site.url)
    folder = site.log.parent
    (folder / "marketplace.yaml").write_text(done, encoding="utf-8")
    return read_declaration(folder / "marketplace.yaml")


def _printed_declaration(url: str, _known: dict[str, str] = {}) -> str:  # noqa: B006 - asked for once per server
    if url not in _known:
        done = _command("declaration", "--url", url)
        assert done.returncode == 0, done.stderr
        _known[url] = done.stdout
    return _known[url]


def test_the_declaration_tells_a_crawler_all_it_needs(built_in_site: Site, listings: list[Listing]) -> None:
    declared = _declaration(built_in_site)
    assert declared.url == built_in_site.url + "/"
    search = declared.search
    assert search.title and search.price and search.image and search.empty
    page = parsel.Selector(httpx.get(search.url.format(query=quote(listings[0].title), page=1)).text)
    card = page.css(search.card)[0]
    assert "".join(card.css(search.title).css("::text").getall()).strip() == listings[0].title
    assert card.css(search.price).css("::text").get() == f"{listings[0].price} {listings[0].currency}"
    assert card.css(search.image).get() == f"/image/{listings[0].images[0]}"
    assert not page.css(search.empty)
    assert page.css("script[type='application/ld+json']").get() is None, "the cards have no JSON-LD"
    link = re.search(declared.listing.url, card.css(search.link).get(""))
    assert link and link["id"] == listings[0].id
    nothing = parsel.Selector(httpx.get(search.url.format(query="zzyzx", page=1)).text)
    assert nothing.css(search.empty) and not nothing.css(search.card)


def test_a_declaration_is_not_made_for_what_is_no_address() -> None:
    done = _command("declaration", "--url", 'http://127.0.0.1:1/"\nname: other')
    assert done.returncode == 2
    assert done.stdout == ""


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/listing/1",
        "/seller/1",
        "/category/none",
        "/image/none.jpg",
        "/image/../server.py",
        "/image/..%2f..%2fserver.py",
        "/image/%2fetc%2fpasswd",
        "/static/../server.py",
        "/search?q=*&page=0",
        "/search?q=*&page=-1",
        "/search?q=*&page=x",
        "/search?q=*&page=٢",
        "/search?q=*&page=1000000",
        "/search?q=*&page=" + "9" * 5_000,
    ],
)
def test_what_is_not_there_is_a_page_with_status_404(built_in_site: Site, path: str) -> None:
    answer = built_in_site.get(path)
    assert answer.status_code == 404
    assert "root:" not in answer.text and "import" not in answer.text


def test_robots_txt_forbids_only_the_cart_and_names_the_sitemap(built_in_site: Site, listings: list[Listing]) -> None:
    lines = built_in_site.get("/robots.txt").text.splitlines()
    assert [line for line in lines if line.startswith("Disallow")] == ["Disallow: /cart"]
    sitemap = next(line for line in lines if line.startswith("Sitemap: ")).removeprefix("Sitemap: ")
    addresses = parsel.Selector(httpx.get(sitemap).text, type="xml").xpath("//*[local-name()='loc']/text()").getall()
    assert {f"{built_in_site.url}/listing/{listing.id}" for listing in listings} <= set(addresses)
    assert built_in_site.get("/cart").status_code == 200


def test_the_log_has_one_line_for_each_request(built_in_site: Site) -> None:
    before = len(built_in_site.log.read_text().splitlines())
    body = built_in_site.get("/search?q=lamp&page=1", **{"User-Agent": "a crawler"}).content
    built_in_site.get("/nothing/ä")
    first, second = (json.loads(line) for line in built_in_site.log.read_text().splitlines()[before:])
    assert first.pop("time") <= second.pop("time")
    assert first == {
        "method": "GET",
        "path": "/search",
        "query": "q=lamp&page=1",
        "status": 200,
        "bytes": len(body),
        "user_agent": "a crawler",
    }
    assert (second["path"], second["status"]) == ("/nothing/ä", 404)


# ---------------------------------------------------------------------------------------------- listing pages


def test_json_ld_says_what_the_catalogue_says(built_in_site: Site, listings: list[Listing]) -> None:
    for listing in listings[:40]:
        product = _product(built_in_site, f"/listing/{listing.id}")
        offer = product["offers"]
        seller = offer["seller"]
        assert product["name"] == listing.title
        assert product["description"] == listing.description
        assert product["productID"] == product["sku"] == listing.id
        assert product["category"] == listing.category
        assert product["image"] == [f"{built_in_site.url}/image/{name}" for name in listing.images]
        assert (offer.get("price"), offer.get("priceCurrency") or listing.currency) == (listing.price, listing.currency)
        assert offer["availability"] == "https://schema.org/InStock"
        assert offer["itemCondition"].casefold() == f"https://schema.org/{listing.condition}condition"
        assert (seller["name"], seller["identifier"]) == (listing.seller, listing.seller_id)
        assert seller["url"] == f"{built_in_site.url}/seller/{listing.seller_id}"


def _product(site: Site, path: str) -> dict[str, Any]:
    found = extruct.extract(site.get(path).text, syntaxes=["json-ld"])["json-ld"]
    assert [thing["@type"] for thing in found] == ["Product"]
    return dict(found[0])


def test_a_listing_shows_people_the_same(built_in_site: Site, listings: list[Listing]) -> None:
    listing = listings[0]
    page = built_in_site.page(f"/listing/{listing.id}")
    assert page.css("h1::text").get() == listing.title
    assert page.css(".price::text").get() == f"{listing.price} {listing.currency}"
    assert page.css(".seller a::text").get() == listing.seller
    assert page.css(".seller a::attr(href)").get() == f"/seller/{listing.seller_id}"
    assert page.css(".ships-from::text").get() == listing.ships_from
    assert page.css(".description::text").get() == listing.description
    assert page.css(".gallery img::attr(src)").getall() == [f"/image/{name}" for name in listing.images]
    assert page.css("link[rel=canonical]::attr(href)").get() == f"{built_in_site.url}/listing/{listing.id}"
    assert page.css("meta[property='og:title']::attr(content)").get() == listing.title


def test_what_a_listing_says_is_shown_and_never_run(own_site: Site) -> None:
    for path in ("/listing/a-1", "/search?q=*", f"/search?q={quote(NASTY)}", "/seller/s%201", "/category/lamps-light"):
        page = own_site.page(path)
        assert page.css("script:not([type='application/ld+json'])").getall() == [], path
        assert "alert(1)" in (page.get() or ""), path
    assert own_site.page("/listing/a-1").css("h1::text").get() == NASTY
    product = _product(own_site, "/listing/a-1")
    assert product["name"] == NASTY
    assert product["description"] == LINES[0]["description"]
    assert product["offers"]["seller"]["name"] == LINES[0]["seller"]


def test_prices_keep_their_digits_and_what_is_missing_stays_missing(own_site: Site) -> None:
    offers = [_product(own_site, f"/listing/{quote(line['id'])}")["offers"] for line in LINES]
    prices = [(offer.get("price"), offer.get("priceCurrency")) for offer in offers]
    assert prices == [("1299.90", "EUR"), (None, None), ("12.50", None), ("0.010", "KWD")]
    assert ["seller" in offer for offer in offers] == [True, False, False, False]
    shown = [own_site.page(f"/listing/{quote(line['id'])}").css(".price::text").get() for line in LINES]
    assert shown == ["1299.90 EUR", "Price on request", "12.50", "0.010 KWD"]


# ---------------------------------------------------------------------------------------------------- pictures


def test_a_picture_has_its_hash_as_etag_and_is_not_sent_twice(built_in_site: Site, listings: list[Listing]) -> None:
    path = f"/image/{listings[0].images[0]}"
    first = built_in_site.get(path)
    etag = first.headers["ETag"]
    assert first.status_code == 200
    assert etag == f'"{hashlib.sha256(first.content).hexdigest()}"'
    assert "max-age" in first.headers["Cache-Control"]
    for headers in (
        {"If-None-Match": etag},
        {"If-None-Match": f'"other", W/{etag}'},
        {"If-None-Match": "*"},
        {"If-Modified-Since": first.headers["Last-Modified"]},
    ):
        again = built_in_site.get(path, **headers)
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", etag), headers
    for headers in (
        {"If-None-Match": '"other"'},
        {"If-None-Match": '"other"', "If-Modified-Since": first.headers["Last-Modified"]},
        {"If-Modified-Since": "Sat, 01 Jan 2000 00:00:00 GMT"},
        {"If-Modified-Since": "yesterday"},
    ):
        assert built_in_site.get(path, **headers).content == first.content, headers


def test_served_pictures_are_the_same_bytes_in_every_process(
    built_in_site: Site, listings: list[Listing], recipes: dict[str, Recipe]
) -> None:
    for file_format, ending in (("JPEG", ".jpg"), ("WEBP", ".webp"), ("PNG", ".png")):
        name = next(name for listing in listings for name in listing.images if name.endswith(ending))
        answer = built_in_site.get(f"/image/{name}")
        assert answer.content == cooked(recipes[name])
        assert answer.headers["Content-Type"] == Image.MIME[file_format]
        with Image.open(io.BytesIO(answer.content)) as picture:
            assert picture.format == file_format


def test_files_are_served_as_they_are_corrupt_ones_too(own_site: Site) -> None:
    broken = own_site.get("/image/broken.jpg")
    assert (broken.content, broken.headers["Content-Type"]) == (b"\xff\xd8 no picture", "image/jpeg")
    nested = own_site.page("/listing/b-2").css(".gallery img::attr(src)").get("")
    assert own_site.get(nested).headers["Content-Type"] == "image/png"
    assert own_site.get(nested, **{"If-None-Match": own_site.get(nested).headers["ETag"]}).status_code == 304


def test_a_file_that_was_replaced_is_served_anew(tmp_path: Path) -> None:
    (tmp_path / "one.jpg").write_bytes(b"first")
    pictures = FolderPictures({"one.jpg": tmp_path / "one.jpg"})
    before = pictures.fetch("one.jpg")
    (tmp_path / "one.jpg").write_bytes(b"second")
    after = pictures.fetch("one.jpg")
    assert (before.body, after.body) == (b"first", b"second")
    assert before.stamp.etag != after.stamp.etag


def test_pictures_that_no_longer_fit_into_memory_are_drawn_again(recipes: dict[str, Recipe]) -> None:
    pictures = DrawnPictures(recipes, megabytes=0)
    name = next(iter(recipes))
    assert pictures.stamp(name) is None
    first = pictures.fetch(name)
    assert pictures.stamp(name) == first.stamp
    assert pictures.fetch(name) == first
    with pytest.raises(KeyError):
        pictures.fetch("none.jpg")


def test_pictures_of_different_things_look_different_and_plain_copies_look_alike(
    listings: list[Listing], truth: dict[str, TruthRow], recipes: dict[str, Recipe]
) -> None:
    official = {
        (product.sku, number): _hash(cooked(recipe))
        for product in brand().products
        for number, recipe in enumerate(official_pictures(product, SEED))
    }
    for one, other in itertools.combinations(official, 2):
        assert official[one] - official[other] > 80, (one, other)
    of_kind = {kind: [listing for listing in listings if truth[listing.id].kind == kind] for kind in Truth}
    copies = [listing for listing in of_kind[Truth.COPIED_PHOTO] if truth[listing.id].edit in EASY_EDITS]
    for listing in copies[::2]:
        row, seen = truth[listing.id], _hash(cooked(recipes[listing.images[0]]))
        assert min(seen - known for (sku, _), known in official.items() if sku == row.product) <= 30, row
    for kind in (Truth.HONEST, Truth.HONEST_LOOKALIKE, Truth.GENUINE_RESALE, Truth.PRICE_TOO_LOW):
        for listing in of_kind[kind][:8]:
            seen = _hash(cooked(recipes[listing.images[0]]))
            assert min(seen - known for known in official.values()) > 80, truth[listing.id]


def _hash(data: bytes) -> imagehash.ImageHash:
    with Image.open(io.BytesIO(data)) as picture:
        return imagehash.phash(picture, hash_size=16)


@pytest.mark.parametrize("edit", sorted(EDITS))
def test_every_edit_changes_the_picture_the_same_way_each_time(edit: str) -> None:
    original = official_pictures(brand().products[0], SEED)[0]
    recipe = Recipe(photo=original.photo, edit=edit, seed="one")
    edited = cooked(recipe)
    assert edited == cooked(recipe)
    assert edited != cooked(Recipe(photo=original.photo))
    with Image.open(io.BytesIO(edited)) as picture:
        assert min(picture.size) > 100


# --------------------------------------------------------------------------------------- what is made up


def test_the_same_seed_makes_the_same_market_and_another_one_another() -> None:
    assert built_in(3, 400) == built_in(3, 400)
    assert {listing.id for listing in built_in(3, 400)[0]}.isdisjoint(listing.id for listing in built_in(4, 400)[0])
    printed = [
        _command("truth", "--seed", "3", "--size", "400", env={**os.environ, "PYTHONHASHSEED": str(number)}).stdout
        for number in (1, 2)
    ]
    assert printed[0] == printed[1] != ""


def test_the_truth_is_about_these_listings_and_no_others(listings: list[Listing], truth: dict[str, TruthRow]) -> None:
    assert [listing.id for listing in listings] == list(truth)
    printed = _command("truth", "--seed", str(SEED), "--size", str(SIZE)).stdout.splitlines()
    rows = [json.loads(line) for line in printed]
    assert [row["id"] for row in rows] == list(truth)
    assert {tuple(row) for row in rows} == {("id", "counterfeit", "kind", "edit", "product", "found_by")}
    skus = {product.sku for product in brand().products}
    for row in rows:
        assert row["counterfeit"] == (row["found_by"] is not None)
        assert (row["edit"] in EDITS) == (row["kind"] == "copied_photo")
        assert (row["product"] in skus) == (row["kind"] != "honest")


def test_each_counterfeit_names_the_issue_that_must_find_it(truth: dict[str, TruthRow]) -> None:
    fakes = [row for row in truth.values() if row.counterfeit]
    assert 100 <= len(fakes) <= 150
    assert {row.edit for row in fakes if row.found_by is FoundBy.MATCHING} == set(HARD_EDITS)
    assert {row.edit for row in fakes if row.found_by is FoundBy.FOUNDATION} == {*EASY_EDITS, None}
    assert {row.kind for row in fakes} == {
        Truth.COPIED_PHOTO,
        Truth.BRAND_HOMOGLYPH,
        Truth.BRAND_MISSPELT,
        Truth.BRAND_SPACED,
        Truth.REPLICA_WORDS,
        Truth.PRICE_TOO_LOW,
    }
    assert {row.kind for row in truth.values() if not row.counterfeit} == {
        Truth.AUTHORISED,
        Truth.HONEST_LOOKALIKE,
        Truth.GENUINE_RESALE,
        Truth.HONEST,
    }


def test_the_size_changes_nothing_about_the_brand(truth: dict[str, TruthRow]) -> None:
    larger = {row.id: row for row in built_in_truth(SEED, 1_000)}
    assert {row.id for row in larger.values() if row.product} == {row.id for row in truth.values() if row.product}


def test_a_market_too_small_for_the_brand_is_refused() -> None:
    with pytest.raises(InvalidInput, match="100 are too few"):
        built_in(SEED, 100)


def test_no_page_gives_the_truth_away(built_in_site: Site, listings: list[Listing], truth: dict[str, TruthRow]) -> None:
    secrets = re.compile("|".join(["counterfeit", "found_by", *Truth, *FoundBy, *EDITS]))
    about_the_brand = [listing for listing in listings if truth[listing.id].product][::3]
    for path in ("/", "/sitemap.xml", "/robots.txt", *(f"/listing/{listing.id}" for listing in about_the_brand)):
        answer = built_in_site.get(path)
        assert not secrets.findall(answer.text + str(answer.headers)), path


def test_the_queries_of_a_monitor_lead_to_every_counterfeit() -> None:
    everything, rows = built_in(SEED, 3_000)[0], built_in_truth(SEED, 3_000)
    index = SearchIndex(everything)
    found: set[str] = set()
    pages = 0
    for product in brand().products:
        for query in (f"{brand().name} {product.name}", *product.nouns.values()):
            listings = index.find(query)
            found |= {listing.id for listing in listings}
            pages += max(1, -(-len(listings) // 24))
    assert {row.id for row in rows if row.counterfeit} <= found
    assert len(found) < 500
    assert pages <= 40


def test_only_the_genuine_and_the_fake_name_the_brand() -> None:
    everything, rows = built_in(SEED, 3_000)[0], {row.id: row for row in built_in_truth(SEED, 3_000)}
    names = [name.casefold() for name in (brand().name, *brand().aliases)]
    for listing in everything:
        if rows[listing.id].kind in (Truth.HONEST, Truth.HONEST_LOOKALIKE):
            said = f"{listing.title} {listing.description} {listing.seller}".casefold()
            assert not any(name in said for name in names), listing


def test_disguised_names_differ_from_the_brand_and_never_spell_it() -> None:
    for kind, disguise in DISGUISES.items():
        for number in range(200):
            name = disguise(Random(number), brand().name)
            assert brand().name.casefold() not in name.casefold(), (kind, name)


def test_the_brand_kit_is_what_an_owner_would_register(tmp_path: Path) -> None:
    done = _command("brand", "--folder", str(tmp_path / "kit"), "--seed", str(SEED))
    assert done.returncode == 0, done.stderr
    rows = _rows(tmp_path / "kit" / "products.csv")
    assert len(rows) == 8
    for row, product in zip(rows, brand().products, strict=True):
        assert (row["brand"], row["name"], row["sku"], row["currency"]) == (
            brand().name,
            product.name,
            product.sku,
            "EUR",
        )
        assert row["keywords"].split("|") == list(product.nouns.values())
        assert 0 < float(row["price_low"]) < float(row["price_high"])
        pictures = [(tmp_path / "kit" / name).read_bytes() for name in row["images"].split("|")]
        assert pictures == [cooked(recipe) for recipe in official_pictures(product, SEED)]
        assert 1 <= len(pictures) <= 3
    registered = json.loads((tmp_path / "kit" / "brand.json").read_text(encoding="utf-8"))
    assert registered == {"name": brand().name, "aliases": list(brand().aliases)}
    sellers = _rows(tmp_path / "kit" / "sellers.csv")
    assert [(row["marketplace"], row["seller_id"]) for row in sellers] == [
        ("example", seller.id) for seller in brand().authorised
    ]
    assert {"date", "base", "currency", "rate"} == set(_rows(tmp_path / "kit" / "rates.csv")[0])


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_writing_the_brand_kit_twice_changes_nothing_and_leaves_nothing_behind(tmp_path: Path) -> None:
    write_brand_kit(tmp_path, SEED)
    first = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    write_brand_kit(tmp_path, SEED)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == first
    assert len(first) == 4 + sum(product.references for product in brand().products)


# ------------------------------------------------------------------------------------------------------ search

WORDS = [
    "lamp",
    "Lamp",
    "red",
    "rote",
    "Straße",
    "STRASSE",
    "黑色",
    "越野跑鞋",
    "跑鞋",
    "Ｗｉｄｅ",
    "wide",
    "3",
    "kettle",
]


@given(titles=st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=5), max_size=8), query=st.data())
def test_a_listing_is_found_when_half_of_the_words_occur(titles: list[list[str]], query: st.DataObject) -> None:
    words = query.draw(st.lists(st.sampled_from(WORDS), min_size=1, max_size=5))
    listings = [
        Listing(id=f"{number}", title=" ".join(title), images=(), category="Things")
        for number, title in enumerate(titles)
    ]
    fold = {"Lamp": "lamp", "Straße": "strasse", "STRASSE": "strasse", "Ｗｉｄｅ": "wide"}
    asked = {fold.get(word, word) for word in words}
    counts = {}
    for listing, title in zip(listings, titles, strict=True):
        said = [fold.get(word, word) for word in title]
        cjk = {word for word in asked if not word.isascii() and any(word in other for other in said)}
        counts[listing.id] = len(cjk | (asked & set(said)))
    expected = sorted(
        (listing for listing in listings if counts[listing.id] * 2 >= len(asked)),
        key=lambda listing: (-counts[listing.id], listing.id),
    )
    assert SearchIndex(listings).find(" ".join(words)) == expected


def test_a_word_of_the_category_is_found_and_punctuation_is_not_a_word(own_site: Site) -> None:
    assert own_site.page("/search?q=light").css("article.card")
    assert own_site.page("/search?q=跑鞋").css("a.card-link::attr(href)").getall() == ["/listing/b-2"]
    assert own_site.page("/search?q=wide").css("article.card")
    assert own_site.page("/search?q=!!!").css(".no-listings")


# ------------------------------------------------------------------------------------------- other catalogues

GOOD = '{"id": "1", "title": "Good", "price": "1.00", "images": []}'


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("{", "no JSON"),
        ("[1]", "expected a JSON object"),
        ('{"title": "x", "images": []}', "`id` is missing"),
        ('{"id": "", "title": "x", "images": []}', "`id` is missing or empty"),
        ('{"id": "2", "images": []}', "`title` is missing"),
        ('{"id": "2", "title": "x"}', "`images` must be a list"),
        ('{"id": "2", "title": "x", "images": "a.jpg"}', "`images` must be a list"),
        ('{"id": "2", "title": "x", "images": [null]}', "`images` must be a list"),
        ('{"id": "2", "title": ["x"], "images": []}', "`title` must be a string"),
        ('{"id": "2", "title": "x", "price": "1,50", "images": []}', "`price` must be a decimal number"),
        ('{"id": "2", "title": "x", "price": -1, "images": []}', "`price` must be a decimal number"),
        ('{"id": "2", "title": "x", "price": NaN, "images": []}', "`price` must be a decimal number"),
        ('{"id": "2", "title": "x", "price": true, "images": []}', "`price` must be a string"),
        ('{"id": "a/b", "title": "x", "images": []}', "cannot stand in an address"),
        ('{"id": "..", "title": "x", "images": []}', "cannot stand in an address"),
        ('{"id": "2", "title": "x", "seller_id": "a\\nb", "images": []}', "cannot stand in an address"),
        ('{"id": "2", "title": "\\ud800", "images": []}', "half a surrogate pair"),
        ('{"id": "1", "title": "x", "images": []}', "'1' was given before, in .*line 1"),
    ],
)
def test_a_bad_line_of_a_catalogue_is_named(tmp_path: Path, line: str, complaint: str) -> None:
    path = tmp_path / "catalogue.jsonl"
    path.write_text(f"{GOOD}\n{line}\n", encoding="utf-8")
    with pytest.raises(InvalidInput, match=rf"catalogue\.jsonl, line 2: .*{complaint}"):
        read_catalogue(path)


def test_a_catalogue_that_is_no_utf_8_names_the_line(tmp_path: Path) -> None:
    (tmp_path / "c.jsonl").write_bytes(GOOD.encode() + b'\n{"id": "2", "title": "\xff", "images": []}\n')
    with pytest.raises(InvalidInput, match="line 2: no UTF-8"):
        read_catalogue(tmp_path / "c.jsonl")


@pytest.mark.parametrize("content", ["", "\n\n"])
def test_an_empty_catalogue_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "c.jsonl").write_text(content)
    with pytest.raises(InvalidInput, match="has no listings"):
        read_catalogue(tmp_path / "c.jsonl")


@pytest.mark.parametrize("name", ["../secret.jpg", "/etc/passwd", "a/../../secret.jpg", "..\\secret.jpg"])
def test_pictures_outside_the_folder_are_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    (tmp_path / "images").mkdir()
    with pytest.raises(InvalidInput, match=r"Listing '1'.*outside the folder"):
        picture_files([Listing(id="1", title="x", images=(name,))], tmp_path / "images")


def test_a_missing_picture_stops_the_start_with_one_line_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "c.jsonl").write_text('{"id": "17", "title": "x", "images": ["gone.jpg"]}\n')
    done = _command("serve", "--port", "0", "--catalogue", str(tmp_path / "c.jsonl"), "--images", str(tmp_path))
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == f"Error: Listing '17': the picture 'gone.jpg' is not in the folder {tmp_path}.\n"


def test_a_catalogue_without_a_folder_of_pictures_is_refused(tmp_path: Path) -> None:
    done = _command("serve", "--catalogue", str(tmp_path / "c.jsonl"))
    assert done.returncode == 2
    assert "go together" in done.stderr
