"""A manager's session in a real Chromium, by keyboard: a monitor is set up, runs, and is seen to run."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from browsers import a_chromium, serving_pages, shoot
from installation import Installation, wait_until
from market import Market, serving
from people import new_account, session_token
from playwright.sync_api import Page, expect
from servers import free_port

from console.installation import Installation as Served
from console.session import Session
from counterfoil.clock import now
from counterfoil.models import Role
from counterfoil.store.owners import add_owner

pytestmark = pytest.mark.xdist_group("pages")
PATIENCE = 90_000


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Installation]:
    """An installation that may crawl a small market, slowly enough to be watched, and a worker who does."""
    market = Market()
    market.stock(12)
    with serving(market):
        place = Installation(tmp_path, market.url, declare=False)
        market.declare(tmp_path / "data" / "marketplaces", politeness={"delay": 0.15, "concurrency": 1})
        (tmp_path / "data").chmod(0o700)
        place.store().close()
        with place.service("work", "--role", "crawl"):
            yield place


@pytest.fixture
def page(place: Installation) -> Iterator[Page]:
    """A page in which a manager is logged in; complaints of its console fail the test."""
    served = Served()
    served.__dict__["settings"] = place.settings
    owner_id = Session(None, served).owner.id
    token, _ = session_token(served.store, new_account(served.store, owner_id, "mia", Role.MANAGER))
    complaints: list[str] = []
    with serving_pages(served) as address, a_chromium() as chromium:
        context = chromium.new_context(base_url=address, timezone_id="Asia/Tokyo")
        context.add_cookies([{"name": "counterfoil", "value": token, "url": address}])
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        yield page
        context.close()
    assert complaints == []


def test_a_monitor_is_set_up_run_and_seen_to_run_by_keyboard(page: Page, tmp_path: Path) -> None:
    page.goto("/monitors")
    page.get_by_role("link", name="Set up your first monitor").press("Enter")
    # The only market that can be watched is chosen already; the zone is the browser's.
    expect(page.get_by_role("checkbox", name="Market of a test")).to_be_checked(timeout=PATIENCE)
    expect(page.get_by_label("Time zone")).to_have_value("Asia/Tokyo", timeout=PATIENCE)
    page.get_by_label("One search a line").press_sequentially("lamp")
    preview = page.locator("#preview")
    expect(preview.locator(".queries")).to_have_text("lamp", timeout=PATIENCE)
    page.get_by_label("Day of the week").select_option("Wednesday")
    expect(page.get_by_label("Once a week, on")).to_be_checked(timeout=PATIENCE)
    expect(preview.locator(".times time")).to_have_count(5, timeout=PATIENCE)
    page.get_by_role("button", name="Set it up").press("Enter")
    page.wait_for_url("**/runs/1")
    # Nothing is loaded again from here on: what changes is told.
    page.evaluate("window.loadedOnce = true")
    expect(page.locator("#progress tbody")).to_contain_text("under way", timeout=PATIENCE)
    shoot(page, tmp_path, "run-under-way")
    expect(page.locator("#outcome")).to_have_text("1 crawl: saw everything that it was to look for", timeout=PATIENCE)
    expect(page.locator("details.crawl")).to_contain_text("12 seen, 12 new", timeout=PATIENCE)
    assert page.evaluate("window.loadedOnce") is True
    assert page.get_by_role("button", name="Cancel").count() == 0
    shoot(page, tmp_path, "run")
    page.goto("/monitors")
    dot = page.get_by_role("list", name="The last runs of nightly, oldest first").get_by_role("link")
    assert "saw all" in (dot.text_content() or "") and "saw everything" in (dot.get_attribute("title") or "")
    shoot(page, tmp_path, "monitors")
    dot.press("Enter")
    page.wait_for_url("**/runs/1")
    page.goto("/")
    expect(page.locator("#progress")).to_contain_text("Nothing is under way", timeout=PATIENCE)
    shoot(page, tmp_path, "home")


def test_a_server_that_is_told_to_stop_ends_what_it_tells_live(tmp_path: Path) -> None:
    port = free_port()
    place = Installation(tmp_path, "http://127.0.0.1:1", extra={"COUNTERFOIL_HTTP_PORT": str(port)}, declare=False)
    store = place.store()
    with store.write() as connection:
        owner_id = add_owner(connection, "default", now()).id
    token, _ = session_token(store, new_account(store, owner_id, "mia", Role.MANAGER))
    headers = {"Cookie": f"counterfoil={token}", "Accept": "text/event-stream"}
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60) as reader:
        # It is asked to stop, and waited for, while the stream is still read.
        with place.service("serve"):
            wait_until(lambda: answers(reader), 60, "the server answers")
            stream = reader.stream("GET", "/progress")
            lines = stream.__enter__().iter_lines()
            assert next(lines) == "retry: 3000"
        assert "".join(lines).count("Nothing is under way") == 2
        stream.__exit__(None, None, None)


def answers(reader: httpx.Client) -> bool:
    try:
        return reader.get("/healthz").status_code == 200
    except httpx.TransportError:
        return False
