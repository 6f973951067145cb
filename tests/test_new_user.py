"""A new user in a real Chromium, over the real service: from the set-up link to the first suspect."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from browsers import a_chromium
from installation import Installation, marketplace, wait_until
from people import PASSWORD
from playwright.sync_api import Page, expect
from servers import free_port

pytestmark = pytest.mark.xdist_group("whole-product")

MOST_CLICKS = 8
# Waiting for what the service does: the machine of the tests may be busy.
PATIENCE = 120_000


class Hand:
    """A person's hand: counts what it clicks."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.clicks: list[str] = []

    def click(self, role: str, name: str) -> None:
        """Click what a person would see under that name."""
        self.page.get_by_role(role, name=re.compile(name)).first.click()  # type: ignore[arg-type]
        self.clicks.append(name)


@contextmanager
def a_first_visit(folder: Path, market: str) -> Iterator[tuple[Page, str]]:
    """A service that was started for the first time, a browser, and the set-up link that the service printed."""
    place = Installation(folder, market, extra={"COUNTERFOIL_HTTP_PORT": str(free_port())})
    with place.service(), a_chromium() as chromium:
        found = wait_until(lambda: re.search(r"http://\S+/set-up/\S+", place.log()), 60, "a set-up link is printed")
        page = chromium.new_page()
        page.set_default_timeout(PATIENCE)
        wait_until(lambda: _answers(page, found[0]), 60, "the console answers")
        yield page, found[0]


def _answers(page: Page, address: str) -> bool:
    try:
        return bool(page.request.get(address).ok)
    except Exception:
        return False


@pytest.mark.timeout(600)
def test_a_new_user_comes_from_the_set_up_link_to_the_first_suspect_in_few_clicks(tmp_path: Path) -> None:
    with marketplace(tmp_path, "--size", "300") as market, a_first_visit(tmp_path, market) as (page, link):
        hand, begin = Hand(page), time.monotonic()
        page.goto(link)
        page.get_by_label("Name to log in with").fill("ann")
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_label("The same once more").fill(PASSWORD)
        hand.click("button", "Make the account")
        hand.click("link", "^Products$")
        page.get_by_label("Address of a shop or product").fill(f"{market}/search?q=Nimbra")
        page.get_by_label("Brand").first.fill("Pascovelle")
        hand.click("button", "^Read$")
        ready = page.get_by_role("button", name=re.compile(r"Register \d+ products")).first
        expect(ready).to_be_enabled(timeout=PATIENCE)
        products = int(re.findall(r"\d+", ready.inner_text())[0])
        hand.click("button", r"Register \d+ products")
        expect(page.get_by_text("products are registered")).to_be_visible(timeout=PATIENCE)
        hand.click("link", "Watch marketplaces for copies")
        expect(page.get_by_label("Name", exact=True)).not_to_have_value("")
        # Where there is only one market that can be watched, it is ticked already.
        if not page.get_by_role("checkbox", name=re.compile("Example")).first.is_checked():
            hand.click("checkbox", "Example")
        hand.click("button", "Set it up")
        page.wait_for_url(re.compile(r"/runs/\d+"))
        wait_until(lambda: _suspects(page), 300, "a suspect is there")
        hand.click("link", "Pascovelle|Look at them one by one")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        taken = time.monotonic() - begin
        print(
            f"\nRESULT new_user_seconds {taken:.0f} <= 180\nRESULT new_user_clicks {len(hand.clicks)} <= {MOST_CLICKS}"
        )
        print(f"RESULT new_user_products {products} >= 20")
        assert "/suspects/" in page.url and products >= 20 and len(hand.clicks) <= MOST_CLICKS


def _suspects(page: Page) -> int:
    """How many there are, after another look; not so often that the looking takes the service's time."""
    page.wait_for_timeout(2_000)
    page.goto(re.sub(r"(?<=:\d{5})/.*|(?<=:\d{4})/.*", "/suspects", page.url))
    return page.locator("ol.cards > li").count()
