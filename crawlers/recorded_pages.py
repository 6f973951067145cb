"""Regression cases of a declaration: kept pages, each with what was read of it when a person looked."""

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from counterfoil.exceptions import InvalidInput
from counterfoil.marketplaces import BUILT_IN, Marketplace
from counterfoil.settings import Settings

FOLDER = "pages"
_LARGEST = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Case:
    """One kept page: its file with what is expected, and the page's bytes beside it."""

    path: Path
    url: str | None
    body: bytes
    expected: dict[str, Any]


def read_cases(settings: Settings, marketplace: Marketplace) -> Iterator[Case]:
    """The kept pages of a marketplace, the built-in ones and the operator's own. Raises InvalidInput."""
    for folder in (BUILT_IN, settings.marketplaces_folder):
        for path in sorted((folder / marketplace.name / FOLDER).glob("*.json")):
            try:
                said = json.loads(path.read_text(encoding="utf-8"))
                body = _body(path)
                yield Case(path, said["url"], body, dict(said["expected"]))
            except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
                raise InvalidInput(f"{path} is no kept page: {type(error).__name__}: {error}") from error


def _body(path: Path) -> bytes:
    """The page of a case: packed as `record` keeps it, or as it is, so that a person can read it."""
    as_it_is = path.with_suffix(".body")
    if as_it_is.exists():
        return as_it_is.read_bytes()
    with gzip.open(path.with_suffix(".body.gz")) as file:
        return file.read(_LARGEST)
