"""Searching by picture on a page: what is found how surely, and what is sent that is no picture."""

import hashlib
from datetime import timedelta
from pathlib import Path

import pytest
from browsers import DROP, PASTE, a_chromium, serving_pages
from fastapi.testclient import TestClient
from people import browser, new_account, session_token
from PIL import Image, ImageOps
from playwright.sync_api import expect
from suspicion import add_suspect, png

from console.session import Session
from counterfoil.clock import now
from counterfoil.fingerprints import fingerprint
from counterfoil.models import RetentionClass, Role
from counterfoil.retention import Report, Sweep
from counterfoil.store.images import add_fingerprints
from counterfoil.store.owners import add_owner

PICTURE = Image.effect_noise((240, 180), 90).convert("RGB").resize((480, 360))


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    """An owner of whom nothing was crawled."""
    monkeypatch.setenv("COUNTERFOIL_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COUNTERFOIL_JUDGE_PROCESSES", "1")
    return Session()


@pytest.fixture
def session(empty: Session) -> Session:
    """An owner with one suspect, whose picture's fingerprint is kept."""
    session = empty
    add_suspect(session, "Lamp <1>", picture=png(PICTURE))
    with session.store.write() as connection:
        add_fingerprints(connection, [fingerprint(png(PICTURE))])
    return session


@pytest.fixture
def client(session: Session) -> TestClient:
    return browser(session.installation, new_account(session.store, session.owner.id, role=Role.VIEWER))


def test_a_picture_finds_the_suspects_that_show_it_and_says_how_surely(client: TestClient) -> None:
    assert "Search by picture" in client.get("/suspects").text
    assert 'type="file"' in client.get("/picture-search").text
    mirrored = {"file": ("a.png", png(ImageOps.mirror(PICTURE)), "image/png")}
    page = client.post("/picture-search", files=mirrored, follow_redirects=True)
    assert page.status_code == 200 and "Confirmed: they show this picture" in page.text
    assert "Lamp &lt;1&gt;" in page.text
    sha256 = page.text.split("/suspects/1?picture=")[1].split('"')[0]
    assert f'href="/picture-search?picture={sha256}"' in client.get("/suspects/1").text
    again = client.get("/picture-search", params={"picture": sha256}).text
    assert "Confirmed" in again and f'src="/api/v1/images/{sha256}/thumbnail"' in again
    other = {"file": ("b.png", png(Image.effect_noise((200, 200), 60)), "image/png")}
    page = client.post("/picture-search", files=other, follow_redirects=True)
    assert "No picture that your crawls have seen" in page.text


def test_the_address_of_a_search_by_picture_holds_the_whole_search_for_everybody_of_the_same_owner(
    session: Session, client: TestClient
) -> None:
    mirrored = png(ImageOps.mirror(PICTURE))
    led = client.post("/picture-search", files={"file": ("a.png", mirrored, "image/png")})
    assert led.status_code == 303
    colleague = browser(session.installation, new_account(session.store, session.owner.id, "bob", role=Role.VIEWER))
    page = colleague.get(led.headers["location"])
    assert "Confirmed: they show this picture" in page.text
    asked = hashlib.sha256(mirrored).hexdigest()
    assert f'src="/api/v1/images/{asked}/thumbnail"' in page.text
    assert colleague.get(f"/api/v1/images/{asked}").content == mirrored
    with session.store.write() as connection:
        stranger = add_owner(connection, "Stranger", now())
    foreign = browser(session.installation, new_account(session.store, stranger.id, "eve", role=Role.ADMIN))
    for address in (led.headers["location"], f"/api/v1/images/{asked}", f"/api/v1/images/{asked}/thumbnail"):
        assert foreign.get(address).status_code == 404


def test_a_picture_that_was_searched_by_is_deleted_when_the_time_of_unsuspicious_ones_has_come(
    empty: Session,
) -> None:
    client = browser(empty.installation, new_account(empty.store, empty.owner.id, role=Role.VIEWER))
    led = client.post("/picture-search", files={"file": ("a.png", png(PICTURE), "image/png")})
    days = timedelta(days=empty.settings.retention_unsuspicious_days)

    def sweep(later: timedelta) -> Report:
        return Sweep(empty.store, empty.evidence, empty.settings, now=now() + later).run(also_most=True)

    assert sweep(days - timedelta(days=1)).classes[RetentionClass.UNSUSPICIOUS].images == 0
    assert client.get(led.headers["location"]).status_code == 200
    assert sweep(days + timedelta(days=1)).classes[RetentionClass.UNSUSPICIOUS].images == 1
    assert client.get(led.headers["location"]).status_code == 410


def test_what_is_no_picture_is_refused_where_it_was_sent(client: TestClient) -> None:
    for data, why in ((b"<script>alert(1)</script>", "cannot be read as a picture"), (b"", "empty")):
        page = client.post("/picture-search", files={"file": ("<b>.png", data, "image/png")})
        assert page.status_code == 422 and why in page.text and 'type="file"' in page.text
        assert "<script>alert" not in page.text
    assert client.post("/picture-search", files={"file": ("a", b"x" * 22_000_000)}).status_code == 413
    assert client.get("/picture-search", params={"picture": "f" * 64}).status_code == 404
    assert client.get("/picture-search", params={"picture": "../x"}).status_code == 422


def test_a_picture_is_pasted_from_the_clipboard_or_dropped_in_a_browser(session: Session) -> None:
    token, _ = session_token(session.store, new_account(session.store, session.owner.id, role=Role.VIEWER))
    with serving_pages(session.installation) as address, a_chromium() as chromium:
        context = chromium.new_context(base_url=address, permissions=["clipboard-read", "clipboard-write"])
        context.add_cookies([{"name": "counterfoil", "value": token, "url": address}])
        page, complaints = context.new_page(), []
        page.on("console", lambda message: complaints.append(message.text))
        page.set_default_timeout(60_000)
        for start in ("/picture-search", "/suspects"):
            page.goto(start)
            page.evaluate(PASTE, list(png(ImageOps.mirror(PICTURE))))
            page.keyboard.press("Control+V")
            expect(page.get_by_text("Confirmed: they show this picture")).to_be_visible(timeout=60_000)
            expect(page.get_by_role("link", name="Lamp <1>")).to_be_visible(timeout=60_000)
            page.goto(start)
            page.evaluate(DROP, ["body", list(png(Image.effect_noise((200, 200), 60)))])
            expect(page.get_by_text("No picture that your crawls have seen")).to_be_visible(timeout=60_000)
        page.goto("/suspects")
        page.get_by_label("Words").focus()
        page.evaluate("navigator.clipboard.writeText('lamp')")
        page.keyboard.press("Control+V")
        expect(page.get_by_label("Words")).to_have_value("lamp", timeout=60_000)
        assert complaints == []
