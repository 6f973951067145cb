"""One person registers everything in a real Chromium: a shop's address, pictures, a spreadsheet, sellers, accounts."""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from browsers import DROP, PASTE, a_chromium, serving_pages, shoot
from market import Market
from people import new_account, session_token
from playwright.sync_api import Page, expect
from shops import picture, three_lamps
from suspicion import declare_marketplace

from console.session import Session
from counterfoil.calibration import CalibratedImage, EditedCopy, as_json, make_card
from counterfoil.clock import now
from counterfoil.edits import EDITS
from counterfoil.models import MatchDecision, Role
from counterfoil.store.calibrations import claim_calibration, finish_calibration
from counterfoil.store.products import list_products

PATIENCE = 60_000
CSV = """name,sku,price_low,currency,images
Lamp A,A-1,10,EUR,front.png
Lamp B,B-1,12 €,EUR,
,C-1,,,
"""


def sent(name: str, data: bytes) -> dict[str, Any]:
    return {"name": name, "mimeType": "image/png", "buffer": data}


@pytest.fixture
def shop() -> Iterator[Market]:
    with three_lamps() as shop:
        yield shop


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shop: Market, sqlite_template: Path) -> Iterator[Session]:
    monkeypatch.setenv("COUNTERFOIL_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COUNTERFOIL_ALLOW_HOSTS", f"127.0.0.1:{shop.port}")
    (tmp_path / "data").mkdir(mode=0o700)
    shutil.copy(sqlite_template, tmp_path / "data")
    session = Session()
    declare_marketplace(session)
    yield session
    session.installation.close()


def calibrate(session: Session) -> None:
    """What the service would have measured by now: a mirrored copy would be found, a 3x3 collage not."""
    moment = now() + timedelta(hours=1)
    with session.write() as connection:
        claim = claim_calibration(connection, timedelta(seconds=60), moment, 1)
        assert claim is not None
        copies = (
            EditedCopy(edit="mirror", score=0.9, decision=MatchDecision.CONFIRMED, other_first=False),
            EditedCopy(edit="collage-3x3", score=0.0, decision=None, other_first=False),
        )
        about = {"width": 300, "height": 300, "informative": True, "features": 90, "has_mask": False}
        image = CalibratedImage(reference_image_id=1, source="lamp.png", copies=copies, **about)
        edits = {edit.name: (edit.kind.value, edit.described) for edit in EDITS.values()}
        card = make_card("m3", [image], edits, [], crawled=0, others=0)
        assert finish_calibration(connection, claim, as_json(card), moment)


def test_everything_is_registered_in_the_browser(tmp_path: Path, session: Session, shop: Market) -> None:
    token, _ = session_token(session.store, new_account(session.store, session.owner.id, "ann", Role.ADMIN))
    with serving_pages(session.installation) as address, a_chromium() as chromium:
        context = chromium.new_context(base_url=address, permissions=["clipboard-read", "clipboard-write"])
        context.add_cookies([{"name": "counterfoil", "value": token, "url": address}])
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        complaints: list[str] = []
        page.on("console", lambda said: complaints.append(said.text) if "422" not in said.text else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        from_a_shop(page, tmp_path, session, shop)
        pictures(page, tmp_path, session)
        from_a_spreadsheet(page, tmp_path, session)
        removed_and_back(page)
        sellers_and_people(page, tmp_path)
        assert complaints == []


def from_a_shop(page: Page, tmp_path: Path, session: Session, shop: Market) -> None:
    """Three products by keyboard alone and two presses of Enter: the address, and the confirmation."""
    page.goto("/products")
    shoot(page, tmp_path, "nothing-yet")
    page.get_by_label("Address of a shop or product").fill(f"{shop.url}/search?q=lamp")
    page.get_by_label("Brand").fill("Acme")
    page.keyboard.press("Enter")
    first = page.get_by_role("button", name="Register 3 products").first
    expect(first).to_be_visible(timeout=PATIENCE)
    shoot(page, tmp_path, "draft")
    page.get_by_role("button", name="None", exact=True).click()
    expect(page.get_by_role("button", name="Register 0 products").first).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="All", exact=True).click()
    first.press("Enter")
    expect(page.locator(".notice.good")).to_contain_text("3 products are registered", timeout=PATIENCE)
    shoot(page, tmp_path, "registered")
    with session.read() as connection:
        assert [one.name for one in list_products(connection, session.owner.id)] == ["Lamp 1", "Lamp 2", "Lamp 3"]


def pictures(page: Page, tmp_path: Path, session: Session) -> None:
    """Chosen, refused and dropped pictures; and the calibration card in words and pictures."""
    page.goto("/products/1")
    page.get_by_label("Add pictures").set_input_files([sent("new.png", picture(7)), sent("none.png", b"no picture")])
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator(".sending .wrong")).to_contain_text("none.png", timeout=PATIENCE)
    expect(page.locator(".references li")).to_have_count(2, timeout=PATIENCE)
    page.evaluate(DROP, ["form[data-one-by-one]", list(picture(8))])
    expect(page.locator(".references li")).to_have_count(3, timeout=PATIENCE)
    page.evaluate(PASTE, list(picture(9)))
    page.keyboard.press("Control+V")
    expect(page.locator(".references li")).to_have_count(4, timeout=PATIENCE)
    calibrate(session)
    page.reload()
    said = page.request.get("/api/v1/products/1/calibration").json()
    words = {one["code"]: one["words"] for one in said["remarks"]}
    assert words["missed"] == "A copy would not be found if it was put in a 3x3 collage." and words["found"]
    assert "lamp.png shows little structure (90 features)" in words["little_structure"]
    assert page.request.get("/api/v1/products/2/calibration").json()["card"] is None
    missed, found = page.locator(".copies.missed li"), page.locator(".copies.found li")
    expect(missed).to_contain_text("put in a 3x3 collage", timeout=PATIENCE)
    expect(found).to_contain_text("mirrored", timeout=PATIENCE)
    for one in (missed, found):
        one.scroll_into_view_if_needed()
        expect(one.locator("img")).to_have_js_property("complete", True, timeout=PATIENCE)
        assert one.locator("img").evaluate("image => image.naturalWidth") > 100
    expect(page.locator(".warnings")).to_contain_text("little structure", timeout=PATIENCE)
    shoot(page, tmp_path, "product")


def from_a_spreadsheet(page: Page, tmp_path: Path, session: Session) -> None:
    """A row with a picture that was sent along, and two that cannot be used."""
    page.goto("/products/new")
    shoot(page, tmp_path, "add")
    page.get_by_label("File", exact=True).set_input_files(
        {"name": "lamps.csv", "mimeType": "text/csv", "buffer": CSV.encode()}
    )
    page.get_by_label("Pictures that the file names").set_input_files([sent("front.png", picture(9))])
    page.get_by_role("button", name="Check the file").click()
    problems = page.locator(".problems tbody tr")
    expect(problems).to_have_count(2, timeout=PATIENCE)
    expect(problems.first).to_contain_text("price_low", timeout=PATIENCE)
    shoot(page, tmp_path, "spreadsheet")
    page.get_by_role("button", name="Register 1 product", exact=True).first.click()
    expect(page.locator(".notice.good")).to_contain_text("1 product is registered", timeout=PATIENCE)
    page.goto("/products")
    expect(page.locator(".tile")).to_have_count(4, timeout=PATIENCE)
    shoot(page, tmp_path, "products")


def removed_and_back(page: Page) -> None:
    page.goto("/products/2")
    page.get_by_role("button", name="Remove Lamp 2").click()
    page.wait_for_url("**/products?removed=2")
    page.get_by_role("button", name="Undo Lamp 2").click()
    page.wait_for_url("**/products/2")


def sellers_and_people(page: Page, tmp_path: Path) -> None:
    page.goto("/authorised-sellers")
    table = b"marketplace,seller_id,name\nexample,s1,Flagship\nnowhere,s2,\n"
    page.get_by_label("File").set_input_files({"name": "sellers.csv", "mimeType": "text/csv", "buffer": table})
    page.get_by_role("button", name="Check the file").click()
    expect(page.locator(".problems tbody tr")).to_have_count(1, timeout=PATIENCE)
    shoot(page, tmp_path, "sellers-draft")
    page.get_by_role("button", name="Authorise 1 seller").click()
    expect(page.locator("tbody")).to_contain_text("Flagship", timeout=PATIENCE)
    shoot(page, tmp_path, "sellers")
    page.goto("/accounts")
    page.get_by_label("Name to log in with").fill("bob@example.com")
    page.keyboard.press("Enter")
    expect(page.locator(".secret")).to_contain_text("/set-up/", timeout=PATIENCE)
    shoot(page, tmp_path, "accounts")
    page.goto("/keys")
    page.get_by_label("What will use it").fill("nightly export")
    page.keyboard.press("Enter")
    expect(page.locator(".secret")).to_contain_text("cf_", timeout=PATIENCE)
    shoot(page, tmp_path, "keys")
    page.goto("/audit")
    expect(page.locator("tbody tr").first).to_contain_text("key.add", timeout=PATIENCE)
    shoot(page, tmp_path, "audit")
