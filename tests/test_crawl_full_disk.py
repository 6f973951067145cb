"""A crawl on a disk that is full, a real one: it is closed with its reason, and nothing is damaged."""

import errno
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from crawling import Bench
from market import JPEG, Answer, Asked, Market, serving

from counterfoil.models import FinishReason
from counterfoil.settings import Settings
from counterfoil.store import Store


@pytest.fixture(params=[".", "evidence"])
def disk(settings: Settings, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A disk of four megabytes: the whole data folder, or only the evidence beside a database that has space."""
    folder = settings.data / request.param
    folder.mkdir(mode=0o700, parents=True)
    command = ["mount", "-t", "tmpfs", "-o", "size=4m,mode=700", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True).returncode != 0:
        # Also in CI: whether a sandbox lets its root mount is nothing that `make services` could mend.
        pytest.skip("mounting a small disk is not allowed here")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def bench(disk: Path, settings: Settings, sqlite_store: Store) -> Iterator[Bench]:
    with serving(Market()) as market:
        made = Bench(settings, sqlite_store, market)
        yield made
        made.close()


def fill(file: Path) -> None:
    """Write until there is no space left for a single byte."""
    with pytest.raises(OSError) as full, file.open("wb", buffering=0) as filling:
        while True:
            filling.write(bytes(1_024))
    assert full.value.errno == errno.ENOSPC


def test_a_crawl_that_fills_the_disk_is_closed_with_that_reason_and_the_next_one_goes_on(
    bench: Bench, disk: Path
) -> None:
    bench.market.stock(12)
    filler = disk / "filler"

    def fill_up(_asked: Asked) -> Answer:
        fill(filler)
        return Answer(body=JPEG + b"the last straw", type="image/jpeg")

    bench.market.faults["/picture/7-0.jpg"] = fill_up
    crawl = bench.crawl("lamp")
    assert crawl.reason is FinishReason.DISK_FULL
    assert "the disk is full" in (crawl.detail or "")
    assert "7" not in set(bench.keys())
    filler.unlink()
    bench.market.faults.clear()
    again = bench.crawl("lamp")
    assert (again.reason, again.counters.seen) == (FinishReason.FINISHED, 12)
    assert all(image.sha256 for version in bench.versions() for image in version.facts.images)
