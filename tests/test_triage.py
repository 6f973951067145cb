"""Deciding one suspect after the other: by the page's buttons, by keyboard in a real Chromium, and by two people."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from browsers import a_chromium, serving_pages
from fastapi.testclient import TestClient
from people import browser, new_account, session_token
from PIL import Image
from playwright.sync_api import Page, expect
from suspicion import add_suspect, copied, png

from console.session import Session
from counterfoil.models import Role, VerdictKind
from counterfoil.store.audit import list_audit_entries
from counterfoil.store.snoozes import snooze
from counterfoil.store.suspects import add_verdict, get_suspect, list_verdicts
from indexer.delivery import deliver_once
from scheduler.snoozes import wake_snoozed


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    """An owner with three suspects."""
    monkeypatch.setenv("COUNTERFOIL_DATA", str(tmp_path / "data"))
    session = Session()
    for number in (1, 2, 3):
        add_suspect(session, f"Lamp {number}", f"L{number}")
    return session


@pytest.fixture
def ann(session: Session) -> TestClient:
    return person(session, "ann")


def person(session: Session, name: str, role: Role = Role.ANALYST) -> TestClient:
    return browser(session.installation, new_account(session.store, session.owner.id, name, role))


def decide(client: TestClient, suspect: int, kind: str, revision: int, query: str = "") -> httpx.Response:
    return client.post(f"/suspects/{suspect}/verdict{query}", data={"kind": kind, "revision": str(revision)})


def deliver_all(session: Session) -> None:
    deliver_once(session.store, session.index)


def verdict_of(session: Session, suspect: int) -> str | None:
    with session.read() as connection:
        return get_suspect(connection, session.owner.id, suspect).verdict


def test_a_verdict_leads_to_the_next_of_the_search(ann: TestClient, session: Session) -> None:
    queue = "?verdict=none&sort=oldest"
    assert 'rel="next"' in ann.get(f"/suspects/1{queue}").text
    answer = decide(ann, 1, "counterfeit", 1, queue)
    assert (answer.status_code, answer.headers["location"]) == (303, "/suspects/2?verdict=none&sort=oldest")
    assert decide(ann, 2, "unrelated", 1).headers["location"].startswith("/suspects/")
    assert [verdict_of(session, one) for one in (1, 2, 3)] == ["counterfeit", "unrelated", None]


def test_the_address_holds_the_search_and_names_escape_nothing(ann: TestClient) -> None:
    page = ann.get("/suspects", params={"words": 'lamp "x', "sort": "oldest"})
    assert page.status_code == 200 and 'value="lamp &#34;x"' in page.text
    assert "/suspects/1?words=lamp" in ann.get("/suspects", params={"words": "lamp"}).text


def test_a_verdict_on_what_has_changed_since_it_was_shown_is_refused(ann: TestClient, session: Session) -> None:
    bob = person(session, "bob")
    assert decide(bob, 1, "authorised", 1).status_code == 303
    answer = decide(ann, 1, "counterfeit", 1)
    assert answer.status_code == 412 and "look at it again" in answer.text
    assert verdict_of(session, 1) == "authorised"


def test_the_last_verdict_can_be_taken_back_and_stays_readable(ann: TestClient, session: Session) -> None:
    for revision, kind in ((1, "counterfeit"), (2, "unsure")):
        decide(ann, 1, kind, revision)
    undo = [ann.post("/suspects/1/undo", data={"revision": str(revision)}) for revision in (3, 4, 5)]
    assert [answer.status_code for answer in undo] == [303, 303, 409]
    with session.read() as connection:
        kept = list_verdicts(connection, session.owner.id, 1)
        actions = [entry.action for entry in list_audit_entries(connection, session.owner.id)]
    assert [one.kind for one in kept] == ["counterfeit", "unsure"] and all(one.undone_at for one in kept)
    assert verdict_of(session, 1) is None
    assert "taken back" in ann.get("/suspects/1").text
    assert actions == ["verdict.undo", "verdict.undo", "verdict.add", "verdict.add"]


def test_a_verdict_that_was_taken_back_does_not_come_back_after_the_one_before_it(
    ann: TestClient, session: Session
) -> None:
    decide(ann, 1, "counterfeit", 1)
    decide(ann, 1, "unsure", 2)
    ann.post("/suspects/1/undo", data={"revision": "3"})
    assert verdict_of(session, 1) == "counterfeit"


def test_a_viewer_sees_no_buttons_and_can_decide_nothing(session: Session) -> None:
    viewer = person(session, "vic", Role.VIEWER)
    page = viewer.get("/suspects/1").text
    assert "Lamp 1" in page and "/verdict" not in page
    assert decide(viewer, 1, "counterfeit", 1).status_code == 403


def test_programs_take_a_verdict_back_too(ann: TestClient) -> None:
    decide(ann, 1, "counterfeit", 1)
    tag = ann.get("/api/v1/suspects/1").headers["etag"]
    assert ann.post("/api/v1/suspects/1/undo", headers={"If-Match": '"1"'}).status_code == 412
    assert ann.post("/api/v1/suspects/1/undo", headers={"If-Match": tag}).json()["verdict"] is None


def test_a_suspect_is_put_off_and_leaves_the_queue_until_it_waits_again(ann: TestClient, session: Session) -> None:
    answer = ann.post("/suspects/1/snooze?sort=oldest", data={"until": "day", "revision": "1"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/suspects/2?sort=oldest")
    deliver_all(session)
    assert "Lamp 1" not in ann.get("/suspects").text and "Lamp 1" in ann.get("/suspects?triage=snoozed").text
    assert "Put off until" in ann.get("/suspects/1").text
    assert ann.post("/suspects/1/snooze", data={"until": "week", "revision": "1"}).status_code == 412
    assert ann.post("/suspects/1/snooze", data={"until": "never", "revision": "2"}).status_code == 422
    assert ann.post("/suspects/1/wake", data={"revision": "2"}).status_code == 303
    deliver_all(session)
    assert "Lamp 1" in ann.get("/suspects").text
    tag = ann.get("/api/v1/suspects/1").headers["etag"]
    said = ann.post("/api/v1/suspects/1/snooze", json={"until": None}, headers={"If-Match": tag}).json()
    assert said["snoozed_at"] and said["snoozed_until"] is None
    assert ann.post("/api/v1/suspects/1/wake", headers={"If-Match": tag}).status_code == 412
    with session.store.write() as connection:
        snooze(connection, session.owner.id, 2, datetime.now(UTC) + timedelta(seconds=1), now=datetime.now(UTC))
    time.sleep(1.1)
    assert wake_snoozed(session.store) == 1 and wake_snoozed(session.store) == 0


def test_what_was_decided_leaves_the_queue_and_comes_back_when_it_changes(ann: TestClient, session: Session) -> None:
    decide(ann, 1, "unrelated", 1)
    deliver_all(session)
    assert "Lamp 1" not in ann.get("/suspects").text and "Lamp 1" in ann.get("/suspects?triage=decided").text
    assert "Lamp 1" in ann.get("/suspects?verdict=unrelated").text and "Lamp 1" in ann.get("/suspects?triage=all").text
    add_suspect(session, "Lamp 1", "L1", price="12")
    deliver_all(session)
    assert "changed since" in ann.get("/suspects").text and "Lamp 2" not in ann.get("/suspects?triage=changed").text
    found = ann.get("/api/v1/suspects", params={"triage": "changed"}).json()["suspects"]
    assert [(one["id"], one["triage"]) for one in found] == [(1, "changed")]
    assert ann.get("/suspects?triage=nonsense").status_code == 422


def test_one_verdict_about_many_is_given_after_showing_which_and_taken_back_at_once(
    ann: TestClient, session: Session
) -> None:
    shown = ann.get("/suspects/many?suspect=1&suspect=2&suspect=3&suspect=99&sort=oldest")
    assert all(f'value="{number}:1"' in shown.text for number in (1, 2, 3)) and ">3</span>" in shown.text
    decide(person(session, "bob"), 3, "authorised", 1)
    sent = {"suspect": ["1:1", "2:1", "3:1"], "kind": "counterfeit", "note": "same picture"}
    address = ann.post("/suspects/many?sort=oldest", data=sent).headers["location"]
    assert address.startswith("/suspects/many/") and address.endswith("?sort=oldest&left=3")
    page = ann.get(address).text
    assert "It stands for 2 of 2." in page and 'href="/suspects/3?sort=oldest"' in page and "same picture" in page
    assert [verdict_of(session, one) for one in (1, 2, 3)] == ["counterfeit", "counterfeit", "authorised"]
    assert ann.post("/suspects/many", data=sent).status_code == 412
    assert ann.post(f"{address.partition('?')[0]}/undo").status_code == 303
    assert "It stands for 0 of 2." in ann.get(address).text
    assert [verdict_of(session, one) for one in (1, 2, 3)] == [None, None, "authorised"]
    with session.read() as connection:
        actions = [entry.action for entry in list_audit_entries(connection, session.owner.id)]
    assert actions == ["verdict.undo_many", "verdict.add_many", "verdict.add"]
    viewer = person(session, "vic", Role.VIEWER)
    assert (
        viewer.post("/suspects/many", data=sent).status_code == 403
        and "counterfeit</button>" not in viewer.get("/suspects/many?suspect=1").text
    )


def test_many_are_those_of_one_seller_or_with_one_picture(ann: TestClient) -> None:
    page = ann.get("/suspects/1").text
    links = [part.split('"')[0].replace("&amp;", "&") for part in page.split('href="')]
    many = [link for link in links if link.startswith("/suspects/many?")]
    assert [link.partition("?")[2].partition("=")[0] for link in many] == ["showing", "of_seller"]
    for link in many:
        assert all(f"Lamp {number}" in ann.get(link).text for number in (1, 2, 3))
    assert "Nothing is selected" in ann.get("/suspects/many").text
    assert ann.post("/suspects/many", data={"suspect": ["1:x"], "kind": "unsure"}).status_code == 422


def test_programs_decide_about_many_and_take_it_back(ann: TestClient) -> None:
    asked = {"kind": "lookalike", "suspects": [{"id": 1, "revision": 1}, {"id": 2, "revision": 7}]}
    made = ann.post("/api/v1/verdict-batches", json=asked, headers={"Idempotency-Key": "k"})
    said = made.json()
    assert made.status_code == 201 and (said["suspect_ids"], said["left"]) == ([1], [2])
    assert ann.post("/api/v1/verdict-batches", json=asked, headers={"Idempotency-Key": "k"}).json() == said
    assert ann.get(made.headers["location"]).json()["standing"] == [1]
    assert ann.post(f"{made.headers['location']}/undo").json()["standing"] == []


# ------------------------------------------------------------------------------------------ a real Chromium


@pytest.fixture
def served(session: Session) -> Iterator[str]:
    """The pages' address."""
    with serving_pages(session.installation) as address:
        yield address


@pytest.fixture
def page(served: str, session: Session) -> Iterator[Page]:
    """A page of a Chromium in which an analyst is logged in; what its console says is collected in `said`."""
    token, _ = session_token(session.store, new_account(session.store, session.owner.id, "ann", Role.ANALYST))
    with a_chromium() as chromium:
        context = chromium.new_context()
        context.add_cookies([{"name": "counterfoil", "value": token, "url": served}])
        page = context.new_page()
        yield page


def test_the_longest_word_makes_no_page_wider_than_a_telephone(page: Page, served: str, session: Session) -> None:
    with session.write() as connection:
        note = "W" * 300
        kind = VerdictKind.UNSURE
        add_verdict(connection, session.owner.id, 1, kind, note=note, decided_by="ann", now=datetime.now(UTC))
    page.set_viewport_size({"width": 360, "height": 800})
    for path in ("/suspects", "/suspects/1", "/account"):
        page.goto(served + path)
        assert page.evaluate("document.documentElement.scrollWidth") == 360, path


def test_suspects_are_decided_by_keyboard_alone_and_the_last_verdict_taken_back(
    page: Page, served: str, session: Session
) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{served}/suspects/1?sort=oldest")
    page.get_by_label("Note").press("Enter")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("1")
    page.wait_for_url("**/suspects/2?sort=oldest")
    expect(page.locator("h1")).to_have_text("Lamp 2", timeout=30_000)
    expect(page.locator("#said")).to_contain_text("counterfeit", timeout=30_000)
    with session.read() as connection:
        assert [one.kind for one in list_verdicts(connection, session.owner.id, 1)] == ["counterfeit"]
    page.keyboard.press("u")
    page.wait_for_url("**/suspects/1?sort=oldest")
    assert verdict_of(session, 1) is None
    page.keyboard.press("j")
    page.wait_for_url("**/suspects/2?sort=oldest")
    page.keyboard.press("4")
    page.wait_for_url("**/suspects/3?sort=oldest")
    page.keyboard.press("k")
    page.wait_for_url("**/suspects/2?sort=oldest")
    page.keyboard.press("?")
    assert page.locator("#help").is_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#help")).to_be_hidden(timeout=30_000)
    page.keyboard.press("/")
    page.wait_for_url(f"{served}/suspects?sort=oldest")
    assert [verdict_of(session, one) for one in (1, 2, 3)] == [None, "unrelated", None]
    assert complaints == []


def test_thirty_suspects_in_a_row_by_keyboard_with_putting_off_undo_selection_and_a_reload(
    page: Page, served: str, session: Session
) -> None:
    for number in range(4, 31):
        add_suspect(session, f"Lamp {number}", f"L{number}")
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{served}/suspects/1?sort=oldest")
    for number in range(1, 30):
        expect(page.locator("h1")).to_have_text(f"Lamp {number}", timeout=30_000)
        if number % 10 == 3:
            page.keyboard.press("x")
        if number == 5:
            page.keyboard.press("s")
            page.keyboard.press("3")
        else:
            page.keyboard.press("14"[number % 2])
    expect(page.locator("h1")).to_have_text("Lamp 30", timeout=30_000)
    expect(page.locator("#said")).to_contain_text("unrelated", timeout=30_000)
    expect(page.locator("#selected")).to_contain_text("3 selected", timeout=30_000)
    page.keyboard.press("u")
    page.wait_for_url("**/suspects/29?sort=oldest")
    page.reload()
    expect(page.locator("#said")).to_be_hidden(timeout=30_000)
    assert page.locator("[name=kind][aria-pressed=true]").count() == 0
    made = {number: verdict_of(session, number) for number in range(1, 31)}
    assert made == {number: ["counterfeit", "unrelated"][number % 2] for number in range(1, 29)} | {
        5: None,
        29: None,
        30: None,
    }
    with session.read() as connection:
        assert get_suspect(connection, session.owner.id, 5).snoozed_at is not None
    # A later crawl that sees the same leaves every verdict as it was given.
    add_suspect(session, "Lamp 1", "L1")
    assert verdict_of(session, 1) == "unrelated"
    page.goto(f"{served}/suspects?sort=oldest")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "words"
    page.evaluate("document.activeElement.blur()")
    for key in ("j", "j", "x", "k", "x"):
        page.keyboard.press(key)
    expect(page.locator("#many output")).to_have_text("5 selected", timeout=30_000)
    page.get_by_role("button", name="Decide about those ticked").click()
    expect(page.locator("h1 .count")).to_have_text("5", timeout=30_000)
    page.get_by_role("button", name="lookalike").click()
    page.wait_for_url("**/suspects/many/*")
    expect(page.locator("form.notice")).to_contain_text("It stands for 5 of 5.", timeout=30_000)
    page.get_by_role("button", name="Take all of them back").click()
    expect(page.locator("form.notice")).to_contain_text("It stands for 0 of 5.", timeout=30_000)
    assert verdict_of(session, 13) == "unrelated" and complaints == []


def test_both_pictures_move_together_and_one_is_laid_over_the_other(page: Page, served: str, session: Session) -> None:
    add_suspect(session, "Vase", "V1", picture=png(Image.effect_noise((320, 240), 90)), matches=copied(session))
    page.goto(f"{served}/suspects/4")
    moved = "[...document.querySelectorAll('.compare .view img')].map((image) => image.style.transform)"
    page.keyboard.press("+")
    assert page.evaluate(moved) == ["translate(0%, 0%) scale(1.25)"] * 2
    page.locator(".view").first.focus()
    page.keyboard.press("ArrowRight")
    page.get_by_role("button", name="Larger").click()
    first, second = page.evaluate(moved)
    assert first == second and "scale(1.5625)" in first and "translate(-" in first
    page.keyboard.press("0")
    assert page.evaluate(moved) == ["translate(0%, 0%) scale(1)"] * 2
    page.keyboard.press("o")
    expect(page.locator(".layers .above")).to_have_js_property("naturalWidth", 320, timeout=30_000)
    page.get_by_role("slider").fill("20")
    assert page.evaluate("document.querySelector('.layers .above').style.opacity") == "0.2"
    below, above = page.evaluate(
        "[...document.querySelectorAll('.layers img')].map((image) => JSON.stringify(image.getBoundingClientRect()))"
    )
    assert below == above


def test_a_verdict_that_was_refused_is_said_where_the_person_has_gone_on_to(
    page: Page, served: str, session: Session
) -> None:
    page.goto(f"{served}/suspects/1?sort=oldest")
    decide(person(session, "bob"), 1, "authorised", 1)
    page.keyboard.press("1")
    page.wait_for_url("**/suspects/2?sort=oldest")
    expect(page.locator("#said")).to_contain_text("has changed", timeout=30_000)
    assert page.locator("#said a").get_attribute("href", timeout=5_000).endswith("/suspects/1?sort=oldest")
    assert verdict_of(session, 1) == "authorised"
