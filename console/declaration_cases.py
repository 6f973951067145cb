"""Keeps pages as regression cases of a declaration, and tells what is read of them otherwise than before."""

import gzip
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from counterfoil.backup.durable import write_whole
from counterfoil.clock import now
from counterfoil.marketplaces import Marketplace
from counterfoil.settings import Settings
from crawlers.reading import ReadPage, read_page
from crawlers.recorded_pages import FOLDER, Case


def record_case(settings: Settings, marketplace: Marketplace, url: str, body: bytes) -> tuple[Path, ReadPage]:
    """Keep a page and what is read of it now; the file to look at, and to correct by hand."""
    read = read_page(body, url, None, marketplace)
    folder = settings.marketplaces_folder / marketplace.name / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    words = re.sub(r"[^A-Za-z0-9]+", "-", url.partition("://")[2]).strip("-")[:80]
    path = folder / f"{words}-{hashlib.sha256(url.encode()).hexdigest()[:8]}.json"
    # The page first: a case without one would fail for ever.
    write_whole(path.with_suffix(".body.gz"), gzip.compress(body, mtime=0))
    said = {"url": url, "recorded": now().isoformat(timespec="seconds"), "expected": read.as_json()}
    write_whole(path, json.dumps(said, indent=1, ensure_ascii=False).encode() + b"\n")
    return path, read


def differences(case: Case, marketplace: Marketplace) -> list[str]:
    """What is read otherwise than expected, in words; a key that the case leaves out is not looked at."""
    return list(_compare("", case.expected, read_page(case.body, case.url, None, marketplace).as_json()))


def _compare(place: str, expected: Any, read: Any) -> Iterator[str]:
    if isinstance(expected, dict) and isinstance(read, dict):
        for name, value in expected.items():
            # Where a value was found may change without harm.
            if name not in {"sources", "warnings"}:
                yield from _compare(f"{place}.{name}" if place else name, value, read.get(name))
    elif isinstance(expected, list) and isinstance(read, list) and len(expected) == len(read):
        for number, (one, other) in enumerate(zip(expected, read, strict=True), 1):
            yield from _compare(f"{place}[{number}]", one, other)
    elif isinstance(expected, list) and isinstance(read, list):
        yield f"{place}: expected {len(expected)}, read {len(read)}"
    elif expected != read:
        yield f"{place}: expected {_short(expected)}, read {_short(read)}"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 100 else text[:97] + "..."
