"""The example marketplace with a small catalogue of its own and faults that a test switches on and off."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import yaml
from installation import marketplace
from PIL import Image

from examples.marketplace.faults.layer import CONTROL

# More than one page of results, of which the shop shows 24 listings each.
COUNT = 30


@dataclass
class FaultyMarket:
    """A running marketplace; to a bench it looks like `market.Market`."""

    url: str
    log: Path

    @property
    def port(self) -> int:
        """Where it listens."""
        return urlsplit(self.url).port or 0

    def misbehave(self, *faults: str) -> None:
        """Switch these faults on, and all others off."""
        answer = httpx.put(self.url + CONTROL, content=json.dumps(faults))
        assert answer.status_code == 200, answer.text

    def struck(self) -> int:
        """How many requests the faults that are on have struck."""
        return sum(httpx.get(self.url + CONTROL).json().values())

    def times(self) -> list[tuple[float, str]]:
        """What was asked for since the log was forgotten: (seconds, address), in the order of the answers."""
        lines = [json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines()]
        return [(one["time"], f"{one['path']}?{one['query']}") for one in lines if one["path"] != CONTROL]

    def asked(self) -> list[str]:
        """The addresses that were asked for since the log was forgotten."""
        return [address for _, address in self.times()]

    def forget(self) -> None:
        """Begin a new log of requests."""
        self.log.write_text("", encoding="utf-8")

    def declare(self, folder: Path, **changes: Any) -> None:
        """Write its declaration into a folder of declarations, as `market`."""
        declared = subprocess.run(
            [sys.executable, "-m", "examples.marketplace", "declaration", "--url", self.url],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        said = {**yaml.safe_load(declared), "name": "market", "politeness": {"delay": 0, "concurrency": 8}, **changes}
        said["listing"]["required"] = ["title", "price", "images", "seller"]
        file = folder / "market" / "marketplace.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(yaml.safe_dump(said, allow_unicode=True), encoding="utf-8")


@contextmanager
def faulty_market(folder: Path) -> Iterator[FaultyMarket]:
    """A marketplace of 30 lamps with a picture each, with its control open."""
    images = folder / "images"
    images.mkdir()
    for number in range(COUNT):
        Image.new("RGB", (32, 32), (number * 8, 99, 255 - number * 8)).save(images / f"{number}.jpg")
    lines = [json.dumps(_lamp(number), ensure_ascii=False) for number in range(COUNT)]
    (folder / "catalogue.jsonl").write_text("\n".join(lines), encoding="utf-8")
    log = folder / "requests.jsonl"
    own = ("--catalogue", str(folder / "catalogue.jsonl"), "--images", str(images), "--log", str(log))
    with marketplace(folder, *own, "--control") as url:
        yield FaultyMarket(url, log)


def _lamp(number: int) -> dict[str, Any]:
    return {
        "id": f"l{number:02}",
        "title": f"Lamp Größe № {number:02} 台灯",
        "description": "As good as new. " * 20,
        "price": f"{number + 10}.50",
        "currency": "EUR",
        "seller": "Łukasz Müller",
        "seller_id": "s1",
        "category": "Lamps",
        "images": [f"{number}.jpg"],
    }
