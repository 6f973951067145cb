"""Reads product lists that people have: CSV, XLSX, or a folder with one folder of pictures for each product."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from console.sheets import Sheet, read_sheet_file
from console.translation import gettext as _
from counterfoil.exceptions import InvalidInput
from counterfoil.models import PriceRange

COLUMNS = (
    *("name", "sku", "brand", "keywords", "aliases", "price_low", "price_high", "currency"),
    *("official_pages", "images"),
)
# As wide as the columns that keep them.
_LONGEST = {"name": 300, "brand": 200, "sku": 100}
PICTURES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif", ".avif", ".bmp"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One product as a list names it; `place` says where, for messages."""

    place: str
    name: str
    brand: str | None = None
    sku: str | None = None
    keywords: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    price_range: PriceRange | None = None
    official_pages: tuple[str, ...] = ()
    pictures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is wrong with a row, what to do, and in which column, where it is one column's fault."""

    column: str | None
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BadEntry:
    """An entry that cannot be read, and why: each of its `problems`, and all of them as a sentence."""

    place: str
    reason: str
    name: str = ""
    problems: tuple[Problem, ...] = ()


def read_entries(path: Path) -> Iterator[Entry | BadEntry]:
    """The products of a CSV or XLSX file, or a folder of folders; pictures lie relative to it (a file: to its folder).

    Raises InvalidInput when the file as a whole is not what we think: wrong columns, not text, no products. That is
    known before the first product is handed out.
    """
    if path.is_dir():
        return _read_folders(path)
    return iter(entries_of_sheet(str(path), read_sheet_file(path), "line"))


def entries_of_sheet(name: str, sheet: Sheet, row_word: str = "row") -> list[Entry | BadEntry]:
    """The products of a table. Raises InvalidInput where its columns are wrong, which names the right ones."""
    _check_columns(name, sheet.columns)
    return [_entry_of_row(sheet.columns, f"{row_word} {number}", row) for number, row in sheet.rows]


def _entry_of_row(columns: tuple[str, ...], place: str, row: tuple[str, ...]) -> Entry | BadEntry:
    if len(row) > len(columns):
        said = f"it has {len(row)} fields, and the heading has {len(columns)}: put quotes around what has commas in it"
        return BadEntry(place=place, reason=said)
    # Spreadsheets leave out what is empty at the end of a row.
    return _entry(place, dict(zip(columns, row + ("",) * (len(columns) - len(row)), strict=True)))


def parse_price_range(low: str, high: str, currency: str) -> PriceRange | None:
    """A price range from text; None when all three are empty. Raises InvalidInput."""
    if not (low or high or currency):
        return None
    if not currency:
        raise InvalidInput("the price {low} has no currency: give its three-letter code, such as EUR", low=low or high)
    if not re.fullmatch("[A-Z]{3}", currency):
        raise InvalidInput("{currency!r} is no currency code: expected three letters, such as EUR", currency=currency)
    if not (low or high):
        raise InvalidInput("the currency {currency} stands there without a price", currency=currency)
    bounds = [_amount(text) for text in (low or high, high or low)]
    if bounds[0] > bounds[1]:
        raise InvalidInput("the lowest price {low} is above the highest {high}", low=low, high=high)
    return PriceRange(low=bounds[0], high=bounds[1], currency=currency)


def _amount(text: str) -> Decimal:
    if not re.fullmatch(r"[0-9]{1,15}(\.[0-9]{1,6})?", text):
        raise InvalidInput("{text!r} is no price: expected digits with a point, such as 129.90", text=text)
    if Decimal(text) == 0:
        raise InvalidInput("{text!r} is no price above zero", text=text)
    return Decimal(text)


def _check_columns(name: str, names: Sequence[str]) -> None:
    unknown = [column for column in names if column not in COLUMNS]
    if "name" not in names or unknown:
        told = _("unknown: %(columns)s") % {"columns": ", ".join(map(repr, unknown))}
        if not unknown:
            told = _("the column 'name' is missing")
        raise InvalidInput(
            "{name} has the wrong columns ({told}). Expected are: {columns}.",
            name=name,
            told=told,
            columns=", ".join(COLUMNS),
        )
    twice = [column for column, count in Counter(names).items() if count > 1]
    if twice:
        raise InvalidInput("{name} has a column twice: {twice}.", name=name, twice=", ".join(twice))


def _entry(place: str, fields: Mapping[str, str]) -> Entry | BadEntry:
    problems: list[Problem] = []
    _check_text(fields, problems)
    price_range = _price_of(fields, problems)
    if problems:
        reason = "; ".join(problem.said for problem in problems)
        return BadEntry(place=place, reason=reason, name=fields["name"][: _LONGEST["name"]], problems=tuple(problems))
    return Entry(
        place=place,
        name=fields["name"],
        brand=fields.get("brand") or None,
        sku=fields.get("sku") or None,
        keywords=_list(fields, "keywords"),
        aliases=_list(fields, "aliases"),
        price_range=price_range,
        official_pages=_list(fields, "official_pages"),
        pictures=_list(fields, "images"),
    )


def _price_of(fields: Mapping[str, str], problems: list[Problem]) -> PriceRange | None:
    low, high, currency = (fields.get(name, "") for name in ("price_low", "price_high", "currency"))
    for column, text in (("price_low", low), ("price_high", high)):
        try:
            _ = _amount(text) if text and currency else None
        except InvalidInput as error:
            problems.append(Problem(column=column, said=str(error)))
            low = high = currency = ""
    try:
        return parse_price_range(low, high, currency)
    except InvalidInput as error:
        column = "price_low" if low and high and re.fullmatch("[A-Z]{3}", currency) else "currency"
        problems.append(Problem(column=column, said=str(error)))
        return None


def _check_text(fields: Mapping[str, str], problems: list[Problem]) -> None:
    if not fields["name"]:
        problems.append(Problem(column="name", said="the name is empty"))
    for name, longest in _LONGEST.items():
        if len(fields.get(name, "")) > longest:
            problems.append(Problem(column=name, said=f"the {name} is longer than {longest} characters"))
    damaged = next((name for name, text in fields.items() if "\0" in text), None)
    if damaged is not None:
        said = "it has NUL bytes in it: the file is damaged, or not UTF-8 text"
        problems.append(Problem(column=damaged, said=said))


def _list(fields: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in fields.get(name, "").split("|") if part.strip())


def _read_folders(path: Path) -> Iterator[Entry | BadEntry]:
    try:
        folders = sorted(folder for folder in path.iterdir() if folder.is_dir() and not folder.name.startswith("."))
    except OSError as error:
        raise InvalidInput("{path} cannot be read: {reason}.", path=path, reason=error.strerror or error) from error
    if not folders:
        raise InvalidInput("{path} has no folders in it: expected one folder of pictures for each product.", path=path)
    return (_entry_of_folder(path, folder) for folder in folders)


def _entry_of_folder(path: Path, folder: Path) -> Entry | BadEntry:
    place = f"folder {folder.name}"
    try:
        pictures = sorted(file for file in folder.iterdir() if _is_picture(file))
        folder.name.encode()
    except OSError as error:
        return BadEntry(place=place, reason=f"it cannot be read: {error.strerror or error}")
    except UnicodeEncodeError:
        return BadEntry(place=ascii(place), reason="its name is not UTF-8 text")
    if not pictures:
        return BadEntry(place=place, reason=f"no pictures in it ({', '.join(sorted(PICTURES))})")
    return Entry(place=place, name=folder.name, pictures=tuple(str(picture.relative_to(path)) for picture in pictures))


def _is_picture(file: Path) -> bool:
    # Some systems lay a hidden file of their own beside each picture, with the same ending.
    return file.suffix.lower() in PICTURES and not file.name.startswith(".") and file.is_file()
