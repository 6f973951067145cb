"""How soon the next suspect is painted, when suspects are decided by keyboard alone, one after the other.

`python -m benchmarks.triage --folder /some/cache` fills that folder (once) with 100,000 suspects, opens a real Chromium
at a real server over it and decides 300 of them: from the key to the frame that shows the next one. Each is looked at
for half a second, in which the next is fetched; an analyst looks for twelve. Then the last verdict is taken back, the
page is loaded anew, and the database is asked what was decided.
"""

import argparse
import os
import statistics
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import sqlalchemy as sa
from playwright.sync_api import Page, sync_playwright

from benchmarks.console import NAME, PASSWORD, add_person, serving
from benchmarks.installation import OWNER, Filling, fill, named_folder, settings_of
from benchmarks.results import result
from counterfoil.chromium import find_chromium
from counterfoil.settings import load_settings
from counterfoil.store import open_store, tables
from indexer.delivery import deliver_once
from indexer.opening import open_index

_MOST_MILLISECONDS = 150
_LOOKED_AT_MILLISECONDS = 500
_KEYS = ("1", "2", "4", "5")
_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
# Notes, for every key, when the frame after the one that shows another suspect begins. A page that had to be loaded
# whole counts too: the time of the key outlives it.
_WATCH = """
const absolute = () => performance.timeOrigin + performance.now();
addEventListener("keydown", () => sessionStorage.setItem("begun", absolute()), true);
const note = () => requestAnimationFrame(() => requestAnimationFrame(() => {
  const begun = sessionStorage.getItem("begun");
  if (begun === null) return;
  sessionStorage.removeItem("begun");
  sessionStorage.setItem("painted", absolute() - Number(begun));
}));
addEventListener("DOMContentLoaded", () => {
  note();
  new MutationObserver((changes) => {
    if (changes.some((change) => [...change.addedNodes].some((node) => node.nodeName === "MAIN"))) note();
  }).observe(document.body, { childList: true });
});
"""
_TAKE = """() => {
  const painted = sessionStorage.getItem("painted");
  sessionStorage.removeItem("painted");
  return painted;
}"""


def main() -> None:
    """Fill, decide, and print a line for every figure."""
    arguments = _arguments()
    with named_folder(arguments.folder) as folder:
        fill(folder, Filling(arguments.listings, arguments.suspects))
        add_person(folder)
        _deliver(folder)
        before = _decided(folder)
        with serving(folder) as (address, _), _page(address) as page:
            times = _decide(page, address, arguments.decisions)
            _take_back(page)
        made = _decided(folder) - before
    p95 = statistics.quantiles(times, n=100, method="inclusive")[94]
    result("next suspect painted, median, ms", statistics.median(times))
    result("next suspect painted, p95, ms", p95, f"<={_MOST_MILLISECONDS}")
    result("next suspect painted, worst, ms", max(times))
    # One was taken back.
    result("verdicts in the database", made, f"={arguments.decisions - 1}")


def _decide(page: Page, address: str, decisions: int) -> list[float]:
    page.goto(f"{address}/suspects")
    page.click("a.start")
    page.wait_for_selector("form.decide")
    times = []
    for number in range(decisions):
        page.wait_for_timeout(_LOOKED_AT_MILLISECONDS)
        page.keyboard.press(_KEYS[number % len(_KEYS)])
        # Asked again and again: the pages' policy allows no function of a text, by which Playwright waits.
        while (painted := page.evaluate(_TAKE)) is None:
            page.wait_for_timeout(20)
        times.append(float(painted))
    return times


def _take_back(page: Page) -> None:
    page.wait_for_selector("#said:not([hidden])")
    last = page.url
    page.keyboard.press("u")
    page.wait_for_url(lambda address: address != last)
    page.reload()
    if page.locator("[aria-pressed=true][name=kind]").count():
        raise SystemExit(f"{page.url} still shows the verdict that was taken back")


def _deliver(folder: Path) -> None:
    """Bring what an earlier run has decided into the index, or it would be decided again."""
    with closing(open_store(settings_of(folder))) as store, closing(open_index(settings_of(folder))) as index:
        while deliver_once(store, index).position is not None:
            pass


def _decided(folder: Path) -> int:
    standing = tables.verdicts.c.undone_at.is_(None)
    mine = sa.and_(standing, tables.verdicts.c.owner_id == OWNER)
    with closing(open_store(settings_of(folder))) as store, store.read() as connection:
        return int(connection.scalar(sa.select(sa.func.count()).select_from(tables.verdicts).where(mine)) or 0)


@contextmanager
def _page(address: str) -> Iterator[Page]:
    with httpx.Client(base_url=address, headers={"Origin": address}) as client:
        client.post("/log-in", data={"name": NAME, "password": PASSWORD})
        cookies = [{"name": one.name, "value": one.value or "", "url": address} for one in client.cookies.jar]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_chromium(load_settings({})), args=_FLAGS)
        context = chromium.new_context()
        context.add_cookies(cookies)  # type: ignore[arg-type]
        context.add_init_script(_WATCH)
        yield context.new_page()
        chromium.close()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=os.environ.get("COUNTERFOIL_BENCH_FOLDER"))
    parser.add_argument("--listings", type=int, default=200_000)
    parser.add_argument("--suspects", type=int, default=100_000)
    parser.add_argument("--decisions", type=int, default=300)
    return parser.parse_args()


if __name__ == "__main__":
    main()
