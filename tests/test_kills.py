"""kill -9 of anything at random moments of a crawl, then a normal start: nothing is lost, doubled or stuck."""

import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
from installation import Installation, marketplace, wait_until
from things import lamps, register_lamp, write_catalogue
from wholeness import assert_whole

from counterfoil.store import Store

KILLS = 50
LISTINGS = 2_000
PARTS = {
    "scheduler": ("schedule",),
    "crawl worker": ("work", "--role", "crawl"),
    "judge": ("work", "--role", "judge"),
    "delivery": ("work", "--role", "deliver"),
    "server": ("serve",),
}
# What the parts start themselves: a crawl, and the processes that decode pictures.
CHILDREN = {"crawl worker": "scrapy", "judge": "decoder"}


@dataclass
class Parts:
    """The service as separate processes, each started again as soon as it is dead, without the pauses of `up`.

    So a kill meets every part at work, and several may be dead at once.
    """

    place: Installation
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def keep_running(self) -> None:
        """Start those that are not there."""
        for name, command in PARTS.items():
            if name not in self.running or self.running[name].poll() is not None:
                self.running[name] = self._start(command)

    def victims(self) -> dict[str, list[psutil.Process]]:
        """All processes of the service that are alive, by what they are."""
        found: dict[str, list[psutil.Process]] = {}
        for name, process in self.running.items():
            with suppress(psutil.NoSuchProcess):
                part = psutil.Process(process.pid)
                found[name] = [part]
                if name in CHILDREN and (children := part.children(recursive=True)):
                    found[CHILDREN[name]] = children
        return found

    def end(self) -> None:
        """Kill what is left, and see that nothing stays behind."""
        left = [one for some in self.victims().values() for one in some]
        for process in self.running.values():
            process.kill()
            process.wait()
        _, alive = psutil.wait_procs(left, timeout=60)
        assert [process.cmdline() for process in alive] == []

    def _start(self, command: tuple[str, ...]) -> subprocess.Popen[bytes]:
        with self.place.service_log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "console", *command, "--lifeline"],
                env=self.place.environment,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
            )


@contextmanager
def separate_parts(place: Installation) -> Iterator[Parts]:
    parts = Parts(place)
    try:
        yield parts
    finally:
        parts.end()


@pytest.mark.timeout(900)
def test_fifty_kills_at_random_moments_lose_double_and_block_nothing(tmp_path: Path) -> None:
    """Which process dies when is drawn from a seed, which COUNTERFOIL_TEST_SEED sets."""
    seed = int(os.environ.get("COUNTERFOIL_TEST_SEED") or random.SystemRandom().randrange(10**6))
    print(f"COUNTERFOIL_TEST_SEED={seed}")
    write_catalogue(tmp_path, LISTINGS, pictures=400)
    with marketplace(tmp_path, "--catalogue", str(tmp_path / "c.jsonl"), "--images", str(tmp_path / "i")) as address:
        # However many deaths in a row meet the crawl before it has come to anything new: none of them is its fault.
        place = Installation(
            tmp_path, address, {"COUNTERFOIL_TICK_SECONDS": "0.2", "COUNTERFOIL_CRAWL_FAILURES": "999"}
        )
        register_lamp(place, tmp_path / "i" / "0.png")
        queries = ("--query", "*", "--query", "thing", "--pages", "100000", "--barren-pages", "1000")
        place.run("monitor", "add", "all", "--marketplace", "example", *queries, "--every", "1d", "--now")
        with separate_parts(place) as parts:
            began = time.monotonic()
            killed = kill_at_random(place, parts, random.Random(seed))
            print(f"killed in {time.monotonic() - began:.0f} s: {dict(killed)}")
        with place.service():
            wait_until(place.finished, 300, f"everything is done after a normal start\n{place.log()[-3_000:]}")
        assert_whole(place, listings=LISTINGS, suspects=lamps(LISTINGS), queries=2)


def kill_at_random(place: Installation, parts: Parts, chance: random.Random) -> Counter[str]:
    """Kill one process after the other, spread over the whole crawl; how many of each kind."""
    killed: Counter[str] = Counter()
    store = place.store()
    for number in range(KILLS):
        _wait(store, parts, chance, LISTINGS * number // KILLS)
        victims = parts.victims()
        name = chance.choice(sorted(victims))
        with suppress(psutil.NoSuchProcess):
            chance.choice(victims[name]).kill()
        killed[name] += 1
    store.close()
    return killed


def _wait(store: Store, parts: Parts, chance: random.Random, listings: int) -> None:
    """Wait until so many listings are stored, and a random while more: a moment, or as long as a start takes."""
    deadline = time.monotonic() + 120
    while _stored(store) < listings:
        parts.keep_running()
        time.sleep(0.05)
        assert time.monotonic() < deadline, f"{_stored(store)} of {listings} listings are stored"
    until = time.monotonic() + chance.uniform(0, chance.choice([0.3, 3]))
    while time.monotonic() < until:
        parts.keep_running()
        time.sleep(0.02)


def _stored(store: Store) -> int:
    with store.read() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM listings").scalar_one())
