"""Feeds mutated pages to the reader of pages until one makes it fail, hang or grow: coverage-guided, by atheris.

    .venv/bin/pip install atheris
    .venv/bin/python tools/fuzz_reading.py [FOLDER] -max_total_time=300

FOLDER keeps the inputs that reached something new, and those that failed (`crash-...`, `timeout-...`); the kept pages
of the declarations are the first inputs. Everything behind FOLDER goes to libFuzzer. Not a part of the test suite: what
it finds becomes a test there.
"""

import json
import math
import shutil
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["crawlers"]):
    from crawlers.reading import read_page
    from crawlers.structured import json_ld, microdata
from counterfoil.marketplaces import BUILT_IN, read_folders
from crawlers.reading.documents import open_page

_KNOWN = read_folders([BUILT_IN])
_URLS = (
    None,
    "https://shop.example/item/7",
    "https://www.ebay.com/sch/i.html?_nkw=lamp",
    "https://www.amazon.de/dp/B0000",
)
_TYPES = (
    None,
    "text/html; charset=utf-8",
    "application/json",
    "text/html; charset=gb18030",
    "text/html; charset=utf-16",
)
# Seconds and megabytes that no page may take (libFuzzer's own clock, so generous on a busy machine).
_LIMITS = ("-timeout=20", "-rss_limit_mb=1500", "-max_len=60000")


def read_one(data: bytes) -> None:
    """Read one page: two bytes say as what, the rest is the page."""
    if len(data) < 2:
        return
    url, content_type = _URLS[data[0] % len(_URLS)], _TYPES[data[1] % len(_TYPES)]
    body = data[2:]
    read = read_page(body, url, content_type, known=_KNOWN)
    json.dumps(read.as_json())
    for listing in read.listings:
        if listing.price is not None and not (listing.price.is_finite() and listing.price >= 0):
            raise ValueError(f"{listing.price} is no price")
        if listing.rating is not None and not math.isfinite(float(listing.rating)):
            raise ValueError(f"{listing.rating} is no rating")
    opened = open_page(body, content_type)
    if not opened.is_json:
        json_ld(opened.root())
        microdata(opened.root())


def seed(folder: Path) -> None:
    """Put the kept pages of the declarations into the folder, each as it is read."""
    for number, path in enumerate(sorted(BUILT_IN.glob("*/pages/*.body"))):
        (folder / f"seed-{number}").write_bytes(bytes([number % 4, 0]) + path.read_bytes()[:60_000])


def main() -> None:
    """Fuzz until libFuzzer is told to stop, or something fails."""
    given = [one for one in sys.argv[1:] if not one.startswith("-")]
    folder = Path(given[0]) if given else Path(tempfile.mkdtemp(prefix="fuzz-reading-"))
    folder.mkdir(parents=True, exist_ok=True)
    seed(folder)
    options = [one for one in sys.argv[1:] if one.startswith("-")]
    atheris.Setup([sys.argv[0], str(folder), f"-artifact_prefix={folder}/", *_LIMITS, *options], read_one)
    atheris.Fuzz()
    if not given:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
