"""Crawling: the product's crawl against a bare Scrapy spider with ImagesPipeline, and a second run over its market.

`python -m benchmarks.crawl --listings 1000` starts the example marketplace on this machine. Both peers keep to the same
politeness; each round runs both, one after the other, so that what else the machine does hits them alike. Measured from
the first request to the end of the process: all that the product writes is on disk by then, fsynced, in its database.
"""

import argparse
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import sqlalchemy as sa

from benchmarks.browser_market import measure_browser_market
from benchmarks.shop import Answered, Shop, open_shop
from counterfoil.evidence import EvidenceStore, open_evidence
from counterfoil.exceptions import UnreadablePicture
from counterfoil.marketplaces import load_marketplaces
from counterfoil.models import Fingerprint, FinishReason
from counterfoil.settings import Settings, load_settings
from counterfoil.store import Store, open_store
from counterfoil.store.tables import assessments, crawls
from indexer.decoding import PictureDecoder
from indexer.ingest import ingest_once
from indexer.judging import Judging
from scheduler.worker import work_once

_NAME = "example"


@dataclass(frozen=True, slots=True)
class Run:
    """One crawl: its seconds from the first request to the end, those before, its CPU seconds, and what was asked."""

    seconds: float
    start: float
    cpu: float
    answered: list[Answered]

    @property
    def bytes(self) -> int:
        """What the shop has sent."""
        return sum(one.bytes for one in self.answered)

    @property
    def pictures(self) -> int:
        """How many pictures the shop has sent, not counting those that it called unchanged."""
        return sum(one.path.startswith("/image/") and one.status == 200 for one in self.answered)


@dataclass(frozen=True, slots=True)
class Judged:
    """What judging took: CPU seconds, pictures decoded, listings judged, assessments written."""

    cpu: float
    decodes: int
    listings: int
    assessments: int


class CountingDecoder(PictureDecoder):
    """Counts the pictures that are decoded."""

    decoded = 0

    def fingerprint_stored(
        self, evidence: EvidenceStore, sha256s: Collection[str]
    ) -> dict[str, Fingerprint | UnreadablePicture]:
        """The same, counted."""
        self.decoded += len(sha256s)
        return super().fingerprint_stored(evidence, sha256s)


class Product:
    """One installation with one product and one monitor, whose crawls are started as the service starts them."""

    def __init__(self, folder: Path, shop: Shop) -> None:
        self._shop = shop
        self.settings = _declared(folder, shop)
        self._counterfoil("brand", "add", "Acme")
        picture = shop.log.parent / "pictures" / "0-0.jpg"
        self._counterfoil("product", "add", "Lamp", "--brand", "Acme", "--image", str(picture))
        limits = ("--pages", "100000", "--depth", "100000", "--megabytes", "100000")
        self._counterfoil("monitor", "add", "all", "--marketplace", _NAME, "--query", "*", *limits, "--every", "1d")
        self.store: Store = open_store(self.settings)

    def crawl(self) -> Run:
        """Fire the monitor and see its crawl through."""
        self._counterfoil("monitor", "run", "all")
        run = _measured(self._shop, self._work)
        with self.store.read() as connection:
            newest = connection.execute(sa.select(crawls).order_by(crawls.c.id.desc()).limit(1)).one()
        assert newest.reason == FinishReason.FINISHED, (newest.reason, newest.detail)
        return run

    def judge(self) -> Judged:
        """Judge what was crawled."""
        before, written = _cpu(), self._count()
        judged = 0
        with CountingDecoder(self.settings) as decoder:
            judging = Judging(self.store, open_evidence(self.settings), self.settings, decoder)
            while some := ingest_once(judging):
                judged += some
        return Judged(_cpu() - before, decoder.decoded, judged, self._count() - written)

    def _work(self) -> None:
        assert work_once(self.store, self.settings, threading.Event())

    def _count(self) -> int:
        with self.store.read() as connection:
            return int(connection.scalar(sa.select(sa.func.count()).select_from(assessments)) or 0)

    def _counterfoil(self, *arguments: str) -> None:
        subprocess.run([sys.executable, "-m", "console", *arguments], check=True, stdout=subprocess.DEVNULL)


def main() -> None:
    """Measure, and print a line for every figure."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as name, open_shop(Path(name), arguments.listings, arguments.pictures) as shop:
        product, first = measure_first_runs(Path(name), shop, arguments)
        measure_second_run(product, product.judge(), first)
    if arguments.browser_listings:
        with tempfile.TemporaryDirectory() as name:
            measure_browser_market(Path(name), arguments.browser_listings)


def measure_first_runs(folder: Path, shop: Shop, arguments: argparse.Namespace) -> tuple[Product, Run]:
    """Listings and pictures a second of both peers, in empty folders every round; the last of the product."""
    runs: dict[str, list[Run]] = {"bare Scrapy": [], "product": []}
    for number in range(arguments.rounds):
        product = Product(folder / f"product-{number}", shop)
        peers: list[tuple[str, Callable[[], Run]]] = [
            ("bare Scrapy", partial(_bare, folder / f"bare-{number}", product.settings, shop)),
            ("product", product.crawl),
        ]
        random.shuffle(peers)
        for name, crawl in peers:
            run = crawl()
            _check(name, run, arguments)
            runs[name].append(run)
    _compare(runs, arguments.listings, arguments.pictures)
    return product, runs["product"][-1]


def measure_second_run(product: Product, judged: Judged, first: Run) -> None:
    """What a run over the market costs in which nothing has changed since the first one."""
    second, again = product.crawl(), product.judge()
    unchanged = sum(one.status == 304 for one in second.answered)
    print(f"second run: {unchanged:,} pictures unchanged, {again.listings} listings judged")
    result("second_run_image_bodies", second.pictures, "0")
    result("second_run_decodes", again.decodes, "0")
    result("second_run_assessments", again.assessments + again.listings, "0")
    result("second_run_cpu_share", (second.cpu + again.cpu) / (first.cpu + judged.cpu))
    result("second_run_crawl_cpu_share", second.cpu / first.cpu)
    result("second_run_bytes_share", second.bytes / first.bytes)


def result(name: str, value: float, goal: str = "-") -> None:
    """One figure, for a program to read."""
    print(f"RESULT {name} {value:.4g} {goal}")


def _compare(runs: dict[str, list[Run]], listings: int, pictures_each: int) -> None:
    seconds = {name: statistics.median(run.seconds for run in of_one) for name, of_one in runs.items()}
    cpu = {name: statistics.median(run.cpu for run in of_one) for name, of_one in runs.items()}
    for name, of_one in runs.items():
        pace = f"{listings / seconds[name]:,.1f} listings and {listings * pictures_each / seconds[name]:,.1f} pictures"
        start = statistics.median(run.start for run in of_one)
        print(f"{name}: {pace} a second, {cpu[name]:.1f} s of CPU, first request after {start:.1f} s")
    # Each listing has the same number of pictures: one ratio is the other.
    ratio = seconds["bare Scrapy"] / seconds["product"]
    result("crawl_listings_ratio_to_bare_scrapy", ratio, ">= 0.9")
    result("crawl_images_ratio_to_bare_scrapy", ratio, ">= 0.9")
    result("crawl_cpu_ratio_to_bare_scrapy", cpu["product"] / cpu["bare Scrapy"])


def _check(name: str, run: Run, arguments: argparse.Namespace) -> None:
    listings = {one.path for one in run.answered if one.path.startswith("/listing/")}
    expected = (arguments.listings, arguments.listings * arguments.pictures)
    assert (len(listings), run.pictures) == expected, f"{name} has read {len(listings)}, {run.pictures}: not {expected}"


def _declared(folder: Path, shop: Shop) -> Settings:
    """The settings of a new data folder; every process that is started from now on has them."""
    os.environ["COUNTERFOIL_DATA"] = str(folder)
    os.environ["COUNTERFOIL_ALLOW_HOSTS"] = shop.url.removeprefix("http://")
    file = folder / "marketplaces" / _NAME / "marketplace.yaml"
    file.parent.mkdir(parents=True)
    command = [sys.executable, "-m", "examples.marketplace", "declaration", "--url", shop.url]
    file.write_bytes(subprocess.run(command, check=True, capture_output=True).stdout)
    return load_settings()


def _bare(folder: Path, settings: Settings, shop: Shop) -> Run:
    politeness = load_marketplaces(settings)[_NAME].politeness
    folder.mkdir()
    asked = f"{shop.url}/search?q=*&page=1"
    command = [sys.executable, "-m", "benchmarks.bare_spider", asked, str(folder)]
    command += [str(politeness.delay), str(politeness.concurrency)]
    return _measured(shop, lambda: subprocess.run(command, check=True))


def _measured(shop: Shop, crawl: Callable[[], object]) -> Run:
    shop.forget()
    began, before = time.time(), _cpu()
    crawl()
    ended, answered = time.time(), shop.answered()
    # Answered, not asked: the same for both, and the first is robots.txt.
    first = min(one.time for one in answered)
    return Run(seconds=ended - first, start=first - began, cpu=_cpu() - before, answered=answered)


def _cpu() -> float:
    """CPU seconds of this process and of those of its children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.crawl", description=__doc__)
    parser.add_argument("--listings", type=int, default=1_000, help="of the market")
    parser.add_argument("--pictures", type=int, default=2, help="of each listing, no two alike")
    parser.add_argument("--rounds", type=int, default=3, help="in which both peers crawl it once")
    parser.add_argument("--browser-listings", type=int, default=100, help="of a market shown by script; 0: none")
    return parser.parse_args()


if __name__ == "__main__":
    main()
