"""Every page in a real Chromium: who can read and use it, at which width, in which light, language and time zone."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page
from sample import Visit, pages, visiting

pytestmark = pytest.mark.xdist_group("pages")

WIDTHS = (1280, 360)
LIGHTS = ("light", "dark")
# WCAG 2.2's target size is off by default.
RULES = {"rules": {"target-size": {"enabled": True}}, "resultTypes": ["violations"]}


@pytest.fixture(scope="module")
def visit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visit]:
    with visiting(tmp_path_factory.mktemp("pages") / "data") as found:
        yield found


@pytest.fixture(autouse=True)
def nothing_to_complain(visit: Visit) -> Iterator[None]:
    """Whatever a test looks at: no error in the console, nothing against the policy, nothing from elsewhere."""
    visit.complaints.clear()
    yield
    assert visit.complaints == []


def name_of(address: str) -> str:
    """An address as a file's name."""
    return "".join(letter if letter.isalnum() else "-" for letter in address).strip("-")[:80] or "home"


@pytest.fixture(scope="module")
def screenshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a picture of every page is put: COUNTERFOIL_TEST_SCREENSHOTS, to be looked at."""
    named = os.environ.get("COUNTERFOIL_TEST_SCREENSHOTS")
    folder = Path(named) if named else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def test_every_page_is_accessible_and_fits_in_light_and_dark_at_a_desk_and_on_a_telephone(
    visit: Visit, screenshots: Path
) -> None:
    found: list[str] = []
    with visit.enter() as context:
        page = context.new_page()
        for address in pages(visit.sample):
            page.goto(visit.address + address)
            page.evaluate(AXE_SCRIPT)
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 900})
                found += too_wide(page, address, width)
                for light in LIGHTS:
                    page.emulate_media(color_scheme=light)
                    found += [f"{address} {width} {light}: {one}" for one in violations(page)]
                    page.screenshot(path=screenshots / f"{name_of(address)}-{width}-{light}.png", full_page=True)
    assert found == []


def violations(page: Page) -> Iterator[str]:
    """What axe finds wrong, each with where."""
    said: dict[str, Any] = page.evaluate("options => axe.run(document, options)", RULES)
    for one in said["violations"]:
        for node in one["nodes"][:3]:
            yield f"{one['id']}: {one['help']}: {node['html'][:200]}"


def too_wide(page: Page, address: str, width: int) -> Iterator[str]:
    """A page that scrolls sideways."""
    found = page.evaluate("document.documentElement.scrollWidth")
    if found > width:
        yield f"{address} is {found} wide, not {width}"


def test_what_this_test_looks_for_would_be_found(visit: Visit) -> None:
    with visit.enter(viewport={"width": 360, "height": 900}) as context:
        page = context.new_page()
        page.goto(visit.address + "/account")
        page.evaluate(AXE_SCRIPT)
        page.evaluate("document.querySelector('main').innerHTML = '<img src=/static/icon.svg width=500>'")
        assert any(one.startswith("image-alt") for one in violations(page))
        assert list(too_wide(page, "/account", 360))


# -------------------------------------------------------------------------------------------- without a mouse

# What can be reached by Tab: a group of radio buttons is one stop.
_STOPS = """() => {
  const groups = new Set();
  const all = document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]");
  return [...all].filter((one) => {
    if (one.tabIndex < 0 || one.disabled || !one.checkVisibility({ visibilityProperty: true })) return false;
    if (one.type !== "radio") return true;
    if (groups.has(one.name)) return false;
    groups.add(one.name);
    return true;
  }).map((one, number) => {
    one.dataset.stop = one.type === "radio" ? one.name : String(number);
    return [one.dataset.stop, one.outerHTML.slice(0, 150)];
  });
}"""
_FOCUSED = """() => {
  const one = document.activeElement, style = getComputedStyle(one), box = one.getBoundingClientRect();
  const ringed = (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== "none";
  const there = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  return [one.type === "radio" ? one.name : one.dataset.stop ?? null, ringed && there, one.outerHTML.slice(0, 150)];
}"""


def test_everything_on_every_page_is_reached_by_tab_and_seen_to_be(visit: Visit) -> None:
    found: list[str] = []
    with visit.enter() as context:
        page = context.new_page()
        for address in pages(visit.sample):
            page.goto(visit.address + address)
            found += [f"{address}: {one}" for one in tour(page)]
    assert found == []


def tour(page: Page) -> Iterator[str]:
    """Walk a page by Tab: what is never reached, and what has the focus without showing it."""
    stops: dict[str, str] = dict(page.evaluate(_STOPS))
    page.evaluate("document.activeElement.blur()")
    reached = set()
    for _ in range(len(stops) + 2):
        page.keyboard.press("Tab")
        stop, visible, element = page.evaluate(_FOCUSED)
        if stop is not None and not visible:
            yield f"nobody sees that this has the focus: {element}"
        reached.add(stop)
    yield from (f"Tab never comes to {element}" for stop, element in stops.items() if stop not in reached)
