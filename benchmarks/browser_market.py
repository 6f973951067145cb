"""What a page costs that only a browser can read: the product, raw Playwright, and the product on the same plain pages.

Part of `python -m benchmarks.crawl`. Pictures are left out: they are fetched the same way whatever reads the page.
Peaks of memory are those of all processes of a crawl together, each shared page counted once (PSS).
As root it needs COUNTERFOIL_BROWSER_SANDBOX=false, as every crawl with a browser does (docs/browser.md).
"""

import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import yaml

from benchmarks.results import result
from benchmarks.shop import Shop, open_shop
from counterfoil.settings import load_settings
from crawlers.browser.memory import family, megabytes

_AT_ONCE = 4
_LOOK_SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class Cost:
    """What one crawl took: milliseconds a page from the first answer to the end, megabytes at its peak."""

    milliseconds: float
    megabytes: int


def measure_browser_market(folder: Path, listings: int) -> None:
    """Crawl the same market plain and by script only, and print a line for every figure."""
    costs = {}
    for scripted in (False, True):
        place = folder / ("scripted" if scripted else "plain")
        place.mkdir()
        with open_shop(place, listings, 1, "--scripted" if scripted else None) as shop:
            costs["product, browser" if scripted else "product, plain"] = _product(place, shop, listings, scripted)
            if scripted:
                costs["raw Playwright"] = _raw(place, shop, listings)
    for name, cost in costs.items():
        print(f"{name}: {cost.milliseconds:,.1f} ms a page, {cost.megabytes:,} MB")
    browser, plain, raw = costs["product, browser"], costs["product, plain"], costs["raw Playwright"]
    result("browser_page_ms", browser.milliseconds)
    result("browser_page_ms_ratio_to_raw_playwright", browser.milliseconds / raw.milliseconds)
    result("browser_page_ms_ratio_to_plain", browser.milliseconds / plain.milliseconds)
    result("browser_peak_mb", browser.megabytes)
    result("browser_peak_mb_ratio_to_raw_playwright", browser.megabytes / raw.megabytes)
    result("browser_peak_mb_ratio_to_plain", browser.megabytes / plain.megabytes)


def _product(folder: Path, shop: Shop, listings: int, scripted: bool) -> Cost:
    _declare(folder / "data", shop, scripted)
    output = folder / "listings.jsonl"
    limits = ["-s", "LOG_LEVEL=ERROR"]
    asked = ["-a", "marketplace=example", "-a", "query=*", "-O", str(output)]
    cost = _measured(shop, [sys.executable, "-m", "scrapy", "crawl", "search", *asked, *limits])
    found = len(output.read_text(encoding="utf-8").splitlines())
    assert found == listings, f"the product has read {found} of {listings} listings"
    return cost


def _raw(folder: Path, shop: Shop, listings: int) -> Cost:
    output = folder / "titles.txt"
    asked = f"{shop.url}/search?q=*&page=1"
    cost = _measured(shop, [sys.executable, "-m", "benchmarks.raw_playwright", asked, str(_AT_ONCE), str(output)])
    found = len(output.read_text(encoding="utf-8").splitlines())
    assert found == listings, f"raw Playwright has read {found} of {listings} listings"
    return cost


def _declare(data: Path, shop: Shop, scripted: bool) -> None:
    os.environ["COUNTERFOIL_DATA"] = str(data)
    os.environ["COUNTERFOIL_ALLOW_HOSTS"] = shop.url.removeprefix("http://")
    os.environ["SCRAPY_SETTINGS_MODULE"] = "crawlers.settings"
    flags = ["--scripted"] if scripted else []
    command = [sys.executable, "-m", "examples.marketplace", "declaration", "--url", shop.url, *flags]
    declared = yaml.safe_load(subprocess.run(command, check=True, capture_output=True).stdout)
    declared["politeness"] = {"delay": 0, "concurrency": _AT_ONCE}
    file = load_settings().marketplaces_folder / "example" / "marketplace.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(yaml.safe_dump(declared), encoding="utf-8")


def _measured(shop: Shop, command: list[str]) -> Cost:
    shop.forget()
    process = subprocess.Popen(command)
    peak = _Peak(process.pid)
    peak.start()
    code = process.wait()
    ended = time.time()
    peak.over.set()
    peak.join()
    assert code == 0, f"{command[1:4]} ended with {code}"
    pages = [one for one in shop.answered() if one.path.startswith(("/listing/", "/search"))]
    return Cost((ended - min(one.time for one in pages)) * 1000 / len(pages), peak.megabytes)


class _Peak(threading.Thread):
    """Watches what a process and its descendants take of memory."""

    def __init__(self, process: int) -> None:
        super().__init__(daemon=True)
        self.over = threading.Event()
        self.megabytes = 0
        self._process = process

    def run(self) -> None:
        while not self.over.wait(_LOOK_SECONDS):
            self.megabytes = max(self.megabytes, megabytes([self._process, *family(self._process)]))
