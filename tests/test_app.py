"""The HTTP interface and its pages, over a real database and index: what is shown, what is escaped, what is refused."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from people import browser, new_account
from suspicion import PNG, add_suspect

from console.session import Session
from counterfoil.clock import now
from counterfoil.models import CaptureFile, CaptureMeans, CaptureRole, Role
from counterfoil.store.captures import Captured, record_capture
from counterfoil.store.owners import add_owner
from counterfoil.store.tables import capture_files, images

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    """A session over a fresh data folder with one suspect whose page tries to run a script."""
    monkeypatch.setenv("COUNTERFOIL_DATA", str(tmp_path / "data"))
    session = Session()
    add_suspect(session, EVIL)
    return session


@pytest.fixture
def client(session: Session) -> Iterator[TestClient]:
    with browser(session.installation, new_account(session.store, session.owner.id, role=Role.VIEWER)) as client:
        yield client


def test_the_list_shows_the_suspect_with_its_reason_and_nothing_crawled_unescaped(client: TestClient) -> None:
    page = client.get("/suspects").text
    assert (
        "&lt;script&gt;alert(1)" in page
        and page.count("<script") == page.count('<script src="/static/')
        and "onerror=alert(1)&gt;" in page
    )
    assert "looks copied" in page and "48.90 EUR" in page


def test_the_suspects_page_shows_picture_reasons_and_facts(client: TestClient, session: Session) -> None:
    page = client.get("/suspects/1").text
    assert (
        page.count("<script") == page.count('<script src="/static/') and "looks copied" in page and "Ships from" in page
    )
    assert f"/api/v1/images/{session.evidence.put_image(PNG)}" in page


def test_a_search_finds_by_word_and_says_what_to_do_when_it_finds_nothing(client: TestClient) -> None:
    assert client.get("/api/v1/suspects", params={"words": "script"}).json()["total"] == {"value": 1, "exact": True}
    assert "Nothing found" in client.get("/suspects", params={"words": "bicycle"}).text


def test_pictures_come_from_our_store_with_a_type_told_by_their_bytes(client: TestClient, session: Session) -> None:
    answer = client.get(f"/api/v1/images/{session.evidence.put_image(PNG)}")
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_captures_are_linked_and_what_strangers_wrote_is_only_to_be_saved(client: TestClient, session: Session) -> None:
    page = b"<script>alert(1)</script>"
    file = CaptureFile(
        role=CaptureRole.PAGE, sha256=session.evidence.put_capture(page), size=len(page), media_type="text/html"
    )
    made = Captured(
        means=CaptureMeans.BROWSER, status=200, final_url="u", captured_at=now(), files=(file,), detail=EVIL
    )
    with session.store.write() as connection:
        assert record_capture(connection, 1, made)
        stranger = add_owner(connection, "stranger", now()).id
    shown = client.get("/suspects/1").text
    assert 'href="/api/v1/captures/1/page"' in shown and "by a browser, answered 200" in shown
    assert "<script>" not in shown
    answer = client.get("/api/v1/captures/1/page")
    assert answer.content == page and answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert client.get("/api/v1/captures/1/warc").status_code == 404
    with browser(session.installation, new_account(session.store, stranger, role=Role.ADMIN, name="other")) as other:
        assert other.get("/api/v1/captures/1/page").status_code == 404
    with session.store.write() as connection:
        connection.execute(capture_files.update().values(deleted_at=datetime(2026, 3, 1, 12, tzinfo=UTC)))
    assert client.get("/api/v1/captures/1/page").status_code == 410
    assert "deleted by retention on 2026-03-01" in client.get("/suspects/1").text


def test_a_picture_that_the_owner_never_saw_is_not_there(client: TestClient, session: Session) -> None:
    assert client.get(f"/api/v1/images/{session.evidence.put_image(PNG + b'other')}").status_code == 404
    assert client.get("/api/v1/images/..%2f..%2fetc%2fpasswd").status_code == 404


def test_a_picture_that_retention_deleted_is_gone_and_the_pages_say_when(client: TestClient, session: Session) -> None:
    sha256 = session.evidence.put_image(PNG)
    with session.store.write() as connection:
        connection.execute(images.update().values(deleted_at=datetime(2026, 3, 1, 12, tzinfo=UTC)))
    session.evidence.image_path(sha256).unlink()
    answer = client.get(f"/api/v1/images/{sha256}")
    assert answer.status_code == 410
    assert "deleted by retention on 2026-03-01" in answer.json()["detail"]
    assert "immutable" not in answer.headers.get("cache-control", "")
    for path in ("/suspects", "/suspects/1"):
        page = client.get(path).text
        assert "deleted by retention on 2026-03-01" in page
        assert f"/api/v1/images/{sha256}" not in page
    assert client.get("/api/v1/suspects/1").json()["version"]["facts"]["images"][0]["deleted_at"].startswith("2026-03")


def test_a_picture_whose_file_was_lost_is_not_found(client: TestClient, session: Session) -> None:
    sha256 = session.evidence.put_image(PNG)
    session.evidence.image_path(sha256).unlink()
    answer = client.get(f"/api/v1/images/{sha256}")
    assert answer.status_code == 404
    assert "any more" in answer.json()["detail"]
    assert client.get("/suspects/1").status_code == 200


def test_another_owners_suspect_is_not_there(session: Session) -> None:
    with session.store.write() as connection:
        other = add_owner(connection, "Other", now())
    with browser(session.installation, new_account(session.store, other.id, "bob")) as client:
        assert client.get("/api/v1/suspects/1").status_code == 404
        assert client.get("/suspects/1").status_code == 404
        assert client.get("/api/v1/suspects").json()["suspects"] == []


def test_errors_are_problem_details(client: TestClient) -> None:
    answer = client.get("/api/v1/suspects", params={"cursor": "nonsense"})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert "first page" in answer.json()["detail"]


def test_no_page_loads_anything_from_elsewhere_or_may_be_framed(client: TestClient) -> None:
    for path in ("/suspects", "/suspects/1", "/healthz", "/api/v1/suspects"):
        policy = client.get(path).headers["content-security-policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy


def test_a_request_under_another_name_is_refused(client: TestClient) -> None:
    assert client.get("/suspects", headers={"Host": "evil.example"}).status_code == 400


def test_it_says_whether_it_can_work(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json()["status"] == "ok"


def test_searched_words_are_marked_on_the_page_and_named_to_programs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COUNTERFOIL_DATA", str(tmp_path / "data"))
    session = Session()
    add_suspect(session, "Café <b>Noir</b> lamp")
    client = browser(session.installation, new_account(session.store, session.owner.id))
    page = client.get("/suspects", params={"words": "cafe noir"}).text
    assert "<mark>Café</mark> &lt;b&gt;<mark>Noir</mark>&lt;/b&gt; lamp" in page
    (found,) = client.get("/api/v1/suspects", params={"words": "cafe noir"}).json()["suspects"]
    assert [found["title"][start:end] for start, end in found["title_marks"]] == ["Café", "Noir"]


def test_suspects_are_counted_over_time_where_a_program_asks_for_it(client: TestClient) -> None:
    said = client.get("/api/v1/suspects", params={"histogram": "month"}).json()["histogram"]
    assert said["exact"] is True
    ((begin, count),) = said["steps"]
    assert (begin[8:10], count) == ("01", 1)
    assert client.get("/api/v1/suspects").json()["histogram"] is None


def test_an_answer_of_the_stand_in_says_so(client: TestClient, session: Session) -> None:
    client.get("/suspects")
    away = session.settings.model_copy(
        update={"index_url": "http://127.0.0.1:1", "index_fallback": "embedded", "index_seconds": 1.0}
    )
    session.installation.__dict__["settings"] = away
    session.installation.__dict__.pop("bare_index", None)
    session.installation.__dict__.pop("index", None)
    assert "cannot be reached" in client.get("/suspects").text
    assert "embedded index" in client.get("/api/v1/suspects").json()["notice"]
