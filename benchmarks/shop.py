"""A market for the benchmark of crawling: listings with photographs of their own, served by the example marketplace."""

import io
import json
import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

_WORDS = ("bag", "lamp", "watch", "blue", "leather", "new", "original", "fine", "summer", "gold", "silver", "small")


@dataclass(frozen=True, slots=True)
class Answered:
    """One request that the shop has answered."""

    time: float
    path: str
    status: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Shop:
    """A running marketplace and its log of requests."""

    url: str
    log: Path

    def answered(self) -> list[Answered]:
        """What was answered since the log was forgotten, in that order."""
        lines = map(json.loads, self.log.read_text(encoding="utf-8").splitlines())
        return [Answered(line["time"], line["path"], line["status"], line["bytes"]) for line in lines]

    def forget(self) -> None:
        """Begin a new log."""
        self.log.write_text("", encoding="utf-8")


@contextmanager
def open_shop(folder: Path, listings: int, pictures_each: int, flag: str | None = None) -> Iterator[Shop]:
    """A shop on a free port of this machine with so many listings, no two pictures alike; `flag` is for its server."""
    images, catalogue, log = folder / "pictures", folder / "catalogue.jsonl", folder / "requests.jsonl"
    images.mkdir()
    with catalogue.open("w", encoding="utf-8") as file:
        for number in range(listings):
            names = [f"{number}-{position}.jpg" for position in range(pictures_each)]
            for position, name in enumerate(names):
                (images / name).write_bytes(_photograph(number * pictures_each + position))
            file.write(json.dumps(_listing(number, names)) + "\n")
    log.touch()
    own = (*([flag] if flag else []), "--catalogue", str(catalogue), "--images", str(images), "--log", str(log))
    server = subprocess.Popen(
        [sys.executable, "-m", "examples.marketplace", "serve", "--port", "0", *own], stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout is not None
        line = server.stdout.readline()
        assert "http://" in line, "the example marketplace did not start"
        yield Shop("http://" + line.split("http://")[1].split()[0].rstrip("/"), log)
    finally:
        server.terminate()
        server.wait()


def _listing(number: int, pictures: Sequence[str]) -> dict[str, object]:
    chance = random.Random(number)
    return {
        "id": f"L{number}",
        "title": " ".join(chance.choices(_WORDS, k=7)).capitalize(),
        "description": " ".join(chance.choices(_WORDS, k=120)),
        "price": f"{chance.randint(5, 400)}.00",
        "currency": "EUR",
        "seller": f"Seller {number % 97}",
        "seller_id": f"s{number % 97}",
        "ships_from": "DE",
        "category": "things",
        "images": list(pictures),
    }


def _photograph(seed: int) -> bytes:
    """A JPEG of 640 x 480 that looks like nothing and weighs what a small photograph does, some 40 KB."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (48, 64, 3), dtype=np.uint8))
    data = io.BytesIO()
    coarse.resize((640, 480), Image.Resampling.BICUBIC).save(data, "JPEG", quality=70)
    return data.getvalue()
