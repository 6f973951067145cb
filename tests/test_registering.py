"""Registering products in a minute: read, looked at, registered; nothing a browser says is believed."""

import io
import json
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient
from market import Answer, Asked, Market, html
from openpyxl import Workbook
from people import browser, new_account
from registering import session_beside
from shops import picture, three_lamps

from console.product_entries import Entry, entries_of_sheet
from console.session import Session
from console.sheets import read_sheet
from counterfoil.clock import now
from counterfoil.models import Product, Role
from counterfoil.settings import load_settings
from counterfoil.store.audit import list_audit_entries
from counterfoil.store.brands import add_brand, list_brands
from counterfoil.store.owners import add_owner
from counterfoil.store.products import list_products, list_reference_images
from counterfoil.store.tables import drafts
from indexer.decoding import PictureDecoder

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


DATE = datetime(2026, 3, 1)  # noqa: DTZ001 - a cell has no zone


@pytest.fixture
def shop() -> Iterator[Market]:
    with three_lamps() as shop:
        yield shop


@pytest.fixture(scope="module")
def decoder() -> Iterator[PictureDecoder]:
    """One for all: its processes take longer to start than to decode."""
    with PictureDecoder(load_settings({"COUNTERFOIL_DATA": "unused"})) as decoder:
        yield decoder


@pytest.fixture
def session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shop: Market, decoder: PictureDecoder, sqlite_template: Path
) -> Session:
    return session_beside(shop, tmp_path / "data", sqlite_template, decoder, monkeypatch)


@pytest.fixture
def mia(session: Session) -> TestClient:
    """A manager."""
    return browser(session.installation, new_account(session.store, session.owner.id, "mia", Role.MANAGER))


def products(session: Session) -> list[Product]:
    with session.read() as connection:
        return list_products(connection, session.owner.id)


def read_address(client: TestClient, address: str, brand: str = "") -> tuple[str, str]:
    """(address of the draft, its page once it is read)."""
    answer = client.post("/products/new/address", data={"address": address, "brand": brand})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"], settled(client, answer.headers["location"])


def settled(client: TestClient, path: str) -> str:
    for _ in range(600):
        page = client.get(path).text
        if "data-under-way" not in page:
            return page
    raise AssertionError("it is still under way")


def register(client: TestClient, path: str, chosen: list[int], brand: str = "Acme", **fields: str) -> str:
    data = {"brand": brand, "chosen": [str(one) for one in chosen], **fields}
    data.setdefault("picture", [f"{one}-0" for one in chosen])
    answer = client.post(f"{path}/register", data=data)
    assert answer.status_code == 303, answer.text
    return settled(client, path)


# --------------------------------------------------------------------------------------------- an address


def test_a_shops_products_are_read_looked_at_and_registered_in_one_go(
    mia: TestClient, session: Session, shop: Market
) -> None:
    path, page = read_address(mia, f"{shop.url}/search?q=lamp")
    assert page.count('name="chosen"') == 3 and page.count('name="picture"') == 3
    assert "Lamp 1" in page and "1.50 EUR" in page and products(session) == []
    assert "/robots.txt" in shop.asked_for("/robots")
    done = register(mia, path, [0, 2], **{"name-2": "Desk lamp"})
    assert "2 products are registered" in done and "1 product was not registered" in done
    first, second = products(session)
    assert (first.name, second.name) == ("Lamp 1", "Desk lamp")
    assert str(second.price_range) and second.official_pages[0].startswith(f"{shop.url}/listing/3")
    with session.read() as connection:
        assert [one.name for one in list_brands(connection, session.owner.id)] == ["Acme"]
        assert len(list_reference_images(connection, session.owner.id, first.id)) == 1
        actions = [entry.action for entry in list_audit_entries(connection, session.owner.id)]
    assert actions == ["product.add", "product.add", "draft.register", "draft.read"]
    assert "Desk lamp" in mia.get("/products").text


def test_one_products_page_is_read_without_asking_for_anything_else(mia: TestClient, shop: Market) -> None:
    _, page = read_address(mia, f"{shop.url}/listing/2")
    assert page.count('name="chosen"') == 1 and "Lamp 2" in page
    assert [asked.path for asked in shop.asked] == ["/listing/2", "/picture/2-0.jpg"]


def test_a_shopify_shop_is_read_by_its_catalogue_with_the_currency_of_a_page(mia: TestClient, shop: Market) -> None:
    shop.faults["/"] = html("<script>Shopify.theme = {}</script><script src='//cdn.shopify.com/a.js'></script>")
    images = [{"src": f"{shop.url}/picture/1-0.jpg"}]
    listed = {"title": "Lamp 1", "handle": "lamp-1", "vendor": "Lux", "variants": [{"price": "1.50", "sku": "L1"}]}
    catalogue = json.dumps({"products": [{**listed, "images": images}]})
    shop.faults["/products.json"] = Answer(body=catalogue.encode(), type="application/json")
    shop.faults["/products/lamp-1"] = shop.answer(Asked(path="/listing/1", query={}, headers={}))
    _, page = read_address(mia, f"{shop.url}/")
    assert "Lamp 1" in page and "L1 · 1.50 EUR" in page and 'value="Lux"' in page


def test_a_shop_without_lists_is_read_along_its_sitemap(mia: TestClient, shop: Market) -> None:
    shop.faults["/"] = html("<h1>Welcome</h1>")
    pages = "".join(f"<url><loc>{shop.url}/listing/{number}</loc></url>" for number in (1, 2))
    sitemap = f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{pages}</urlset>'
    shop.faults["/sitemap.xml"] = Answer(body=sitemap.encode(), type="application/xml")
    _, page = read_address(mia, f"{shop.url}/")
    assert page.count('name="chosen"') == 2


def test_what_robots_txt_forbids_is_not_read_and_the_page_says_what_to_do_instead(
    mia: TestClient, shop: Market
) -> None:
    shop.faults["/robots.txt"] = Answer(body=b"User-agent: *\nDisallow: /", type="text/plain")
    _, page = read_address(mia, f"{shop.url}/search?q=lamp")
    assert "robots.txt forbids" in page and "from a file" in page and "/picture/1-0.jpg" not in shop.asked_for("/")


@pytest.mark.parametrize("address", ["http://169.254.169.254/latest/meta-data", "http://[::1]/", "http://localhost/"])
def test_internal_addresses_are_refused(mia: TestClient, address: str) -> None:
    _, page = read_address(mia, address)
    assert "This could not be read" in page and 'name="chosen"' not in page


@pytest.mark.parametrize("address", ["", "two words", "x" * 2_001])
def test_what_is_no_address_is_said_beside_its_field(mia: TestClient, address: str) -> None:
    answer = mia.post("/products/new/address", data={"address": address})
    assert answer.status_code == 422 and "This is no web address" in answer.text


def test_nothing_that_was_read_runs_and_nothing_that_a_browser_adds_is_registered(
    mia: TestClient, session: Session, shop: Market
) -> None:
    shop.listings["1"]["title"] = EVIL
    path, page = read_address(mia, f"{shop.url}/search?q=", brand="Acme")
    assert "&lt;script&gt;alert(1)" in page and page.count("<script") == page.count('<script src="/static/')
    forged = {"name-9": "Forged", "price-0": "1", "sku-0": "X"}
    register(mia, path, [1, 9, -1], **forged)
    assert [(one.name, one.sku) for one in products(session)] == [("Lamp 2", None)]


def test_registering_again_changes_nothing_and_takes_nothing_away(
    mia: TestClient, session: Session, shop: Market
) -> None:
    for _ in range(2):
        path, _ = read_address(mia, f"{shop.url}/listing/1")
        register(mia, path, [0])
        (product,) = products(session)
        edit = mia.get(f"/products/{product.id}/edit").text
        based_on = edit.split('name="based_on" value="')[1].split('"')[0].replace("&#34;", '"')
        kept = {"name": "Lamp 1", "brand_id": str(product.brand_id), "aliases": "Lampe\nランプ", "based_on": based_on}
        assert mia.post(f"/products/{product.id}/edit", data=kept).status_code == 303
    path, page = read_address(mia, f"{shop.url}/listing/1", brand="Acme")
    assert "Registered already" in page
    register(mia, path, [0])
    (again,) = products(session)
    assert again.aliases == ("Lampe", "ランプ") and again.price_range is not None


def test_a_draft_whose_server_died_says_so_and_can_be_taken_up(mia: TestClient, session: Session, shop: Market) -> None:
    path, _ = read_address(mia, f"{shop.url}/listing/1")
    with session.store.write() as connection:
        connection.execute(drafts.update().values(state="registering", lease_until=now().replace(year=2020)))
    assert "The server was stopped meanwhile" in mia.get(path).text
    assert "1 product is registered" in register(mia, path, [0])


def test_a_draft_is_its_owners_and_is_gone_when_discarded(mia: TestClient, session: Session, shop: Market) -> None:
    path, page = read_address(mia, f"{shop.url}/listing/1")
    image = page.split(f'<img src="{path}/')[1].split('"')[0]
    assert mia.get(f"{path}/{image}").headers["content-type"] == "image/jpeg"
    with session.store.write() as connection:
        other = add_owner(connection, "other", now()).id
    stranger = browser(session.installation, new_account(session.store, other, "bob"))
    for one in (path, f"{path}/{image}"):
        assert stranger.get(one).status_code == 404
    assert mia.post(f"{path}/discard").status_code == 303
    assert mia.get(path).status_code == 404 and products(session) == []


# ------------------------------------------------------------------------------------- by hand, and its page


def by_hand(client: TestClient, files: dict[str, bytes], **fields: str) -> httpx.Response:
    sent = [("files", (name, data, "image/png")) for name, data in files.items()]
    return client.post("/products/new/by-hand", data={"name": "Trail 30", "brand": "Acme", **fields}, files=sent)


def test_a_product_is_registered_by_hand_whole_or_not_at_all(mia: TestClient, session: Session) -> None:
    refused = by_hand(mia, {"a.png": picture(1), "b.png": b"no picture"})
    assert refused.status_code == 422 and "b.png cannot be used" in refused.text and 'value="Trail 30"' in refused.text
    assert products(session) == []
    refused = by_hand(mia, {}, price_low="12,5", currency="EUR")
    assert refused.status_code == 422 and "digits with a point" in refused.text
    made = by_hand(mia, {"a.png": picture(1), "b.png": picture(2)}, price_low="80", currency="eur", sku="T-30")
    assert made.status_code == 303
    page = mia.get(made.headers["location"]).text
    assert page.count("/api/v1/images/") == 2 and "80 EUR" in page and "T-30" in page
    again = by_hand(mia, {})
    assert again.status_code == 422 and "already" in again.text


def test_pictures_are_added_one_by_one_and_what_is_refused_says_why(mia: TestClient, session: Session) -> None:
    path = by_hand(mia, {"a.png": picture(1)}).headers["location"]
    sent = [("files", (name, data, "image/png")) for name, data in (("c.png", picture(3)), (f"{EVIL}.png", b"no"))]
    answer = mia.post(f"{path}/images", files=sent)
    assert answer.status_code == 422 and "onerror=alert(1)&gt;.png:" in answer.text and "<img src=x" not in answer.text
    assert answer.text.count("/api/v1/images/") == 2
    assert mia.post(f"{path}/images").status_code == 422
    assert mia.post(f"{path}/images/1/remove").headers["location"] == f"{path}?image=1#pictures"
    page = mia.get(f"{path}?image=1").text
    assert page.count("/api/v1/images/") == 1 and f'action="{path}/images/1/restore"' in page
    for _ in range(2):
        assert mia.post(f"{path}/images/1/restore").status_code == 303
    assert mia.get(path).text.count("/api/v1/images/") == 2
    assert mia.get(f"{path}/images/1/copies/mirror").headers["content-type"] == "image/jpeg"
    assert mia.get(f"{path}/images/1/copies/nothing").status_code == 404


def test_a_removed_product_comes_back_with_its_pictures_unless_its_name_was_given_away(
    mia: TestClient, session: Session
) -> None:
    path = by_hand(mia, {"a.png": picture(1)}).headers["location"]
    assert mia.post(f"{path}/remove").headers["location"] == "/products?removed=1"
    assert mia.get(path).status_code == 404
    assert f'action="{path}/restore"' in mia.get("/products?removed=1").text
    assert mia.post(f"{path}/restore").headers["location"] == path
    assert mia.get(path).text.count("/api/v1/images/") == 1
    mia.post(f"{path}/remove")
    by_hand(mia, {})
    assert mia.post(f"{path}/restore").status_code == 409
    assert [one.id for one in products(session)] == [2]


def test_an_edit_of_what_somebody_else_has_changed_is_refused(mia: TestClient, session: Session) -> None:
    path = by_hand(mia, {}).headers["location"]
    edit = mia.get(f"{path}/edit").text
    based_on = edit.split('name="based_on" value="')[1].split('"')[0].replace("&#34;", '"')
    fields = {"name": "Trail 31", "brand_id": "1", "based_on": based_on}
    wrong = mia.post(f"{path}/edit", data={**fields, "name": " ", "official_pages": "javascript:alert(1)"})
    assert wrong.status_code == 422 and "no web address" in wrong.text and 'aria-invalid="true"' in wrong.text
    assert mia.post(f"{path}/edit", data=fields).status_code == 303
    assert mia.post(f"{path}/edit", data={**fields, "name": "Trail 32"}).status_code == 412
    assert products(session)[0].name == "Trail 31"


def test_products_are_found_by_words_in_any_script(mia: TestClient, session: Session) -> None:
    by_hand(mia, {}, name="Écharpe 絹")
    for words in ("écharpe", "ÉCHARPE acme", "絹"):
        assert "Écharpe" in mia.get("/products", params={"words": words}).text
    assert "Nothing found" in mia.get("/products", params={"words": "50%_"}).text


def test_a_brand_is_added_renamed_given_rights_removed_and_brought_back(mia: TestClient, session: Session) -> None:
    path = mia.post("/brands", data={"name": "Acme", "aliases": "ACMÉ\n艾克美"}).headers["location"]
    assert mia.post("/brands", data={"name": "Acme"}).status_code == 422
    page = mia.get(path).text
    based_on = page.split('name="based_on" value="')[1].split('"')[0].replace("&#34;", '"')
    assert mia.post(path, data={"name": "Acme & Co", "based_on": based_on}).status_code == 303
    assert mia.post(path, data={"name": "Other", "based_on": based_on}).status_code == 412
    right = {"kind": "trademark", "number": "018123456", "jurisdiction": "EU", "classes": "18, 25"}
    assert mia.post(f"{path}/rights", data=right).status_code == 303
    assert mia.post(f"{path}/rights", data={**right, "classes": "99"}).status_code == 422
    assert mia.post(f"{path}/remove").headers["location"] == "/brands?removed=1"
    assert "018123456" not in mia.get("/brands").text
    assert mia.post(f"{path}/restore").status_code == 303
    page = mia.get(path).text
    assert "Acme &amp; Co" in page and "018123456" in page and "18, 25" in page
    with session.write() as connection:
        add_brand(connection, session.owner.id, "Other", (), now())
    assert mia.post(f"{path}/rights/1/remove").status_code == 303 and "018123456" not in mia.get(path).text


def test_a_viewer_looks_and_is_offered_nothing_to_change(mia: TestClient, session: Session) -> None:
    path = by_hand(mia, {"a.png": picture(1)}).headers["location"]
    viewer = browser(session.installation, new_account(session.store, session.owner.id, "vic", Role.VIEWER))
    for one in (path, "/products", "/brands", "/brands/1"):
        page = viewer.get(one)
        assert page.status_code == 200 and page.text.count('method="post"') == 1  # logging out


# ------------------------------------------------------------------------------------------- CSV and XLSX


def xlsx(*rows: tuple[object, ...]) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(list(row))
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def send_file(client: TestClient, name: str, data: bytes, pictures: dict[str, bytes] | None = None) -> httpx.Response:
    sent = [("file", (name, data, "text/csv"))]
    sent += [("pictures", (name, data, "image/png")) for name, data in (pictures or {}).items()]
    return client.post("/products/new/file", data={"brand": "Acme"}, files=sent)


def test_a_file_is_checked_row_by_row_shown_and_only_then_registered(
    mia: TestClient, session: Session, shop: Market
) -> None:
    text = (
        "name,sku,price_low,price_high,currency,images\n"
        f"Lamp A,A-1,10,12,EUR,{shop.url}/picture/1-0.jpg|front.png|missing.png\n"
        "Lamp B,B-1,12 €,,euro,\n"
        ",C-1,,,,\n"
        "Lamp D,A-1,,,,\n"
        f"{EVIL},E-1,,,,\n"
    )
    path = send_file(mia, "lamps.csv", text.encode(), {"Front.PNG": picture(2)}).headers["location"]
    page = settled(mia, path)
    assert "3 rows cannot be used" in page and page.count('name="chosen"') == 2 and page.count('name="picture"') == 2
    for said in ("row 3", "price_low", "is no price", "the name is empty", "row 2 has the same sku"):
        assert said in page
    assert "missing.png: it is no address" in page and "<script>alert" not in page
    assert products(session) == []
    register(mia, path, [0], picture="0-0")
    (product,) = products(session)
    assert (product.name, product.sku, str(product.price_range.high)) == ("Lamp A", "A-1", "12")


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_files_as_spreadsheets_of_other_languages_save_them_are_understood(mia: TestClient, delimiter: str) -> None:
    text = (
        f"Name{delimiter}SKU{delimiter}Price low{delimiter}Currency\r\nTrail, 30{delimiter}T{delimiter}80{delimiter}EUR"
    )
    page = settled(mia, send_file(mia, "list.csv", text.encode("utf-8-sig")).headers["location"])
    assert 'value="Trail, 30"' in page and "T · 80 EUR" in page


def test_a_spreadsheet_is_read_as_people_see_it(mia: TestClient) -> None:
    data = xlsx(("name", "sku", "price_low", "currency"), ("Trail 30", 4006381333931, 129.9, "EUR"), (None, None, None))
    page = settled(mia, send_file(mia, "list.xlsx", data).headers["location"])
    assert 'value="Trail 30"' in page and "4006381333931 · 129.90 EUR" in page


def bomb() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/workbook.xml", b"0" * 80_000_000)
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("", b"", "choose one first"),
        ("a.csv", b" ", "empty"),
        ("a.csv", b"name\n", "nothing below its heading"),
        ("a.csv", b"title,price\nTrail,1\n", "wrong columns"),
        ("a.csv", b"name\nM\xfcller\n", "not UTF-8"),
        ("a.csv", b'name\n"Trail\n', "no readable CSV"),
        ("a.csv", b"name\n" + b"x\n" * 2_001, "more than 2,000 rows"),
        ("a.csv", b"name\n" + b"x" * 10_001, "more than 10,000 characters"),
        ("a.csv", b"name" + b",x" * 200 + b"\nTrail\n", "more than 100 columns"),
        ("a.csv", b"x" * 5_000_001, "larger than 5 MB"),
        ("a.xlsx", b"PK\x03\x04 no archive", "damaged XLSX"),
        ("a.xlsx", bomb(), "unpacks to more"),
        ("a.xlsx", xlsx(("name",), (DATE,)), "a date stands where text"),
    ],
)
def test_a_file_that_cannot_be_read_says_what_to_do_and_begins_no_draft(
    mia: TestClient, session: Session, name: str, data: bytes, told: str
) -> None:
    answer = send_file(mia, name, data)
    assert answer.status_code == 422 and told in answer.text
    with session.read() as connection:
        assert connection.execute(drafts.select()).all() == []


def test_what_the_templates_show_can_be_read_again(mia: TestClient) -> None:
    for ending in ("csv", "xlsx"):
        answer = mia.get(f"/products/new/template.{ending}")
        assert answer.headers["content-disposition"] == f'attachment; filename="products.{ending}"'
        (entry,) = entries_of_sheet("products", read_sheet("products", answer.content))
        assert isinstance(entry, Entry) and entry.name == "Trail 30" and str(entry.price_range.high) == "120.50"
