"""Searching by picture on a page: what is found how surely, and what is sent that is no picture."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from people import browser, new_account
from PIL import Image, ImageOps
from suspicion import add_suspect, png

from console.session import Session
from counterfoil.fingerprints import fingerprint
from counterfoil.models import Role
from counterfoil.store.images import add_fingerprints

PICTURE = Image.effect_noise((240, 180), 90).convert("RGB").resize((480, 360))


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """An owner with one suspect, whose picture's fingerprint is kept."""
    monkeypatch.setenv("COUNTERFOIL_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COUNTERFOIL_JUDGE_PROCESSES", "1")
    session = Session()
    add_suspect(session, "Lamp <1>", picture=png(PICTURE))
    with session.store.write() as connection:
        add_fingerprints(connection, [fingerprint(png(PICTURE))])
    return browser(session.installation, new_account(session.store, session.owner.id, role=Role.VIEWER))


def test_a_picture_finds_the_suspects_that_show_it_and_says_how_surely(client: TestClient) -> None:
    assert "Search by picture" in client.get("/suspects").text
    assert 'type="file"' in client.get("/picture-search").text
    mirrored = {"file": ("a.png", png(ImageOps.mirror(PICTURE)), "image/png")}
    page = client.post("/picture-search", files=mirrored)
    assert page.status_code == 200 and "Confirmed: they show this picture" in page.text
    assert "Lamp &lt;1&gt;" in page.text
    sha256 = page.text.split("?picture=")[1].split('"')[0]
    assert f'href="/picture-search?picture={sha256}"' in client.get("/suspects/1").text
    again = client.get("/picture-search", params={"picture": sha256}).text
    assert "Confirmed" in again and f'src="/api/v1/images/{sha256}/thumbnail"' in again
    other = {"file": ("b.png", png(Image.effect_noise((200, 200), 60)), "image/png")}
    assert "No picture that your crawls have seen" in client.post("/picture-search", files=other).text


def test_what_is_no_picture_is_refused_where_it_was_sent(client: TestClient) -> None:
    for data, why in ((b"<script>alert(1)</script>", "cannot be read as a picture"), (b"", "empty")):
        page = client.post("/picture-search", files={"file": ("<b>.png", data, "image/png")})
        assert page.status_code == 422 and why in page.text and 'type="file"' in page.text
        assert "<script>alert" not in page.text
    assert client.post("/picture-search", files={"file": ("a", b"x" * 22_000_000)}).status_code == 413
    assert client.get("/picture-search", params={"picture": "f" * 64}).status_code == 404
    assert client.get("/picture-search", params={"picture": "../x"}).status_code == 422
