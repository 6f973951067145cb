"""Listings as the marketplace shows them, and the reader of a catalogue that somebody wrote.

A catalogue is a UTF-8 file of JSON Lines:
`{"id", "title", "description", "price", "currency", "seller", "seller_id", "ships_from", "category", "images"}`.
`id` and `title` must be there; `price` is a number or a string of one, or null; `images` are names of files in one
folder. The rest may be null or missing, and `condition` may say "used".
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from counterfoil.exceptions import InvalidInput

_PRICE = re.compile(r"[0-9]+(\.[0-9]+)?")
_SURROGATE = re.compile("[\ud800-\udfff]")
# An id is one step of a path: these would be taken for something else on the way.
_NO_ID = re.compile(r"[/\\\x00-\x1f\x7f]|^\.{1,2}$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One offer as its page shows it; `price` is the exact decimal text, `images` are names under `/image/`."""

    id: str
    title: str
    images: tuple[str, ...]
    description: str | None = None
    price: str | None = None
    currency: str | None = None
    seller: str | None = None
    seller_id: str | None = None
    ships_from: str | None = None
    category: str | None = None
    condition: str | None = None


class _Number(str):
    """A JSON number as it was written: 12.50 stays 12.50."""


def read_catalogue(path: Path) -> list[Listing]:
    """All listings of a JSON Lines file. Raises InvalidInput, which names file, line and field."""
    listings: list[Listing] = []
    known: dict[str, str] = {}
    for where, line in _lines(path):
        listing = _listing(_object(line, where), where)
        if listing.id in known:
            raise InvalidInput(f"{where}: the id {listing.id!r} was given before, in {known[listing.id]}.")
        known[listing.id] = where
        listings.append(listing)
    if not listings:
        raise InvalidInput(f"{path}: the catalogue has no listings.")
    return listings


def picture_files(listings: Sequence[Listing], folder: Path) -> Mapping[str, Path]:
    """Where each listing's pictures are. Raises InvalidInput, which names the listing and the file that is missing."""
    files: dict[str, Path] = {}
    for listing in listings:
        for name in listing.images:
            if name not in files:
                files[name] = _picture_file(listing, name, folder)
    return files


def _picture_file(listing: Listing, name: str, folder: Path) -> Path:
    steps = PurePosixPath(name)
    if steps.is_absolute() or ".." in steps.parts or "\\" in name or "\x00" in name:
        raise InvalidInput(f"Listing {listing.id!r}: the picture {name!r} would lie outside the folder {folder}.")
    path = folder / steps
    if not path.is_file():
        raise InvalidInput(f"Listing {listing.id!r}: the picture {name!r} is not in the folder {folder}.")
    return path


def _lines(path: Path) -> Iterator[tuple[str, bytes]]:
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield f"{path}, line {number}", line
    except OSError as error:
        raise InvalidInput(f"The catalogue {path} cannot be read: {error.strerror}.") from error


def _object(line: bytes, where: str) -> dict[str, Any]:
    try:
        value = json.loads(line.decode("utf-8-sig"), parse_float=_Number, parse_int=_Number, parse_constant=_Number)
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{where}: no UTF-8 ({error.reason} at byte {error.start}).") from error
    except json.JSONDecodeError as error:
        raise InvalidInput(f"{where}: no JSON ({error.msg} at column {error.colno}).") from error
    if not isinstance(value, dict):
        raise InvalidInput(f"{where}: expected a JSON object with the fields of a listing.")
    return value


def _listing(value: dict[str, Any], where: str) -> Listing:
    seller_id = _text(value, "seller_id", where)
    return Listing(
        id=_path_step(_required(value, "id", where), "id", where),
        title=_required(value, "title", where),
        images=_images(value, where),
        description=_text(value, "description", where),
        price=_price(value, where),
        currency=_text(value, "currency", where),
        seller=_text(value, "seller", where),
        seller_id=_path_step(seller_id, "seller_id", where) if seller_id else None,
        ships_from=_text(value, "ships_from", where),
        category=_text(value, "category", where),
        condition=_text(value, "condition", where),
    )


def _text(value: dict[str, Any], field: str, where: str) -> str | None:
    text = value.get(field)
    if text is None:
        return None
    if not isinstance(text, str):
        raise InvalidInput(f"{where}: `{field}` must be a string or null.")
    if _SURROGATE.search(text):
        raise InvalidInput(f"{where}: `{field}` has half a surrogate pair, which is no character.")
    return str(text)


def _required(value: dict[str, Any], field: str, where: str) -> str:
    text = _text(value, field, where)
    if text is None or not text.strip():
        raise InvalidInput(f"{where}: `{field}` is missing or empty.")
    return text


def _path_step(text: str, field: str, where: str) -> str:
    if _NO_ID.search(text):
        raise InvalidInput(
            f"{where}: `{field}` {text!r} cannot stand in an address (no slashes, no control characters)."
        )
    return text


def _price(value: dict[str, Any], where: str) -> str | None:
    price = _text(value, "price", where)
    if price is not None and not _PRICE.fullmatch(price):
        raise InvalidInput(
            f"{where}: `price` must be a decimal number such as 12.50, as a number or a string, or null."
        )
    return price


def _images(value: dict[str, Any], where: str) -> tuple[str, ...]:
    images = value.get("images")
    if not isinstance(images, list) or not all(isinstance(name, str) and name for name in images):
        raise InvalidInput(f"{where}: `images` must be a list of file names (it may be empty).")
    return tuple(str(name) for name in images)
