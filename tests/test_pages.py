"""Every page in a real Chromium: who can read and use it, at which width, in which light, language and time zone."""

import os
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from axe_playwright_python.base import AXE_SCRIPT
from babel.messages.mofile import write_mo
from playwright.sync_api import Page
from sample import Sample, Visit, pages, visiting

from console import translation
from counterfoil import models
from counterfoil.store.tables import metadata
from tools.messages import collect

pytestmark = pytest.mark.xdist_group("pages")

WIDTHS = (1280, 360)
LIGHTS = ("light", "dark")
# What stands in rows for a choice of ours is ours to say.
ENUMERATED = {
    str(one) for kind in vars(models).values() if isinstance(kind, type) and issubclass(kind, StrEnum) for one in kind
}
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
    """Where a picture of every page is put, to be looked at: COUNTERFOIL_TEST_SCREENSHOTS, or pytest's own folder."""
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
  // Of a date the part that has the focus is marked, not the whole.
  const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
  const ringed = one.type === "date" || outlined || style.boxShadow !== "none";
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
    # A date has a stop for each of its parts.
    parts = 4 * sum('type="date"' in element for element in stops.values())
    for _ in range(len(stops) + parts + 2):
        page.keyboard.press("Tab")
        stop, visible, element = page.evaluate(_FOCUSED)
        if stop is not None and not visible:
            yield f"nobody sees that this has the focus: {element}"
        reached.add(stop)
    yield from (f"Tab never comes to {element}" for stop, element in stops.items() if stop not in reached)


# ---------------------------------------------------------------------------------------------- time and language


def test_times_are_in_the_readers_zone_and_in_utc_when_pointed_at(visit: Visit) -> None:
    seen, wrong = 0, []
    with visit.enter(timezone_id="Asia/Kathmandu", locale="en-GB") as context:
        page = context.new_page()
        for address in pages(visit.sample):
            page.goto(visit.address + address)
            wrong += [f"{address}: {one}" for one in _UTC.findall(page.locator("body").inner_text())]
            for said, title, text in page.locator("time[datetime]").evaluate_all(_TIMES):
                moment, seen = datetime.fromisoformat(said), seen + 1
                there = f"{moment.astimezone(ZoneInfo('Asia/Kathmandu')):%H:%M}"
                if there not in text or title != f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC":
                    wrong.append(f"{address}: {said} is shown as {text}, {title}")
    assert wrong == [] and seen


_UTC = re.compile(r".{20}\d\d:\d\d(?::\d\d)? UTC|.{20}\d{4}-\d\d-\d\dT\d\d")
_TIMES = "all => all.map((one) => [one.dateTime, one.title, one.textContent])"

# Every text that is shown or read out, but for times, keys, what is typed as it stands, and what says it is English.
_TEXTS = """() => {
  const OTHERS = "script, style, time, kbd, code, mark, datalist, .brand, [lang=en]";
  const found = [document.title], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const others = walk.currentNode.parentElement.closest(OTHERS);
    if (!others) found.push(walk.currentNode.data);
  }
  for (const one of document.querySelectorAll("body *"))
    for (const name of ["aria-label", "placeholder", "alt", "title"])
      if (one.hasAttribute(name) && !one.matches("time")) found.push(one.getAttribute(name));
  return found.map((text) => text.replace(/\\s+/g, " ").trim()).filter(Boolean);
}"""


def test_no_page_has_a_text_that_a_translator_cannot_reach(visit: Visit, tmp_path: Path, marked: None) -> None:
    data, bare = said_in(visit.sample), set()
    with visit.enter(languages="qps") as context:
        page = context.new_page()
        for address in pages(visit.sample):
            page.goto(visit.address + address)
            assert page.locator("html").get_attribute("lang") == "⟦en⟧"
            bare |= {f"{address}: {text}" for text in page.evaluate(_TEXTS) if words_of_ours(text, data)}
    assert sorted(bare) == []


@pytest.fixture
def marked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A language in which every text stands between ⟦ and ⟧, but for what is filled in and the tags in it."""
    catalogue = collect()
    for message in catalogue:
        one = tuple(map(mark, message.id)) if isinstance(message.id, tuple) else mark(message.id)
        message.string = one
    file = tmp_path / "qps" / "LC_MESSAGES" / "counterfoil.mo"
    file.parent.mkdir(parents=True)
    with file.open("wb") as opened:
        write_mo(opened, catalogue)
    monkeypatch.setattr(translation, "LOCALE", tmp_path)


def mark(text: str) -> str:
    """The same text, its words marked."""
    parts = re.split(r"(<[^>]+>|%\(\w+\)[sd])", text)
    return "".join(part if number % 2 or not part.strip() else f"⟦{part}⟧" for number, part in enumerate(parts))


def said_in(sample: Sample) -> list[str]:
    """What the owner's rows say, longest first: everything that pages show and that is not ours to translate."""
    found: set[str] = set()
    with sample.session.read() as connection:
        for table in metadata.sorted_tables:
            for row in connection.execute(sa.select(table)):
                found.update(strings(row._mapping.values()))
    # Declarations are data too.
    for market in sample.session.marketplaces.values():
        found.update(strings([market.model_dump(mode="json")]))
    return sorted(found - ENUMERATED, key=len, reverse=True)


def strings(values: Iterable[Any]) -> Iterator[str]:
    """The strings in rows and in the JSON that they hold."""
    for value in values:
        if isinstance(value, dict):
            yield from strings([*value.values(), *value])
        elif isinstance(value, list):
            yield from strings(value)
        elif isinstance(value, str):
            yield " ".join(value.split())


def words_of_ours(text: str, data: list[str]) -> bool:
    """Whether anything is left of a text without what is marked and what the rows say."""
    if "COUNTERFOIL_" in text:
        return False  # for whoever sets it up, as the commands say it
    left = re.sub(r"⟦[^⟧]*⟧|\b(?:CSV|JSONL|XLSX|MB|EUR)\b|https?://\S*|[\w-]+(?:\.[\w-]+)+", " ", text)
    for said in data:
        if len(said) > 1:
            left = left.replace(said, " ")
    return bool(re.search(r"[A-Za-z]{2,}", left.replace("Counterfoil", " ")))
