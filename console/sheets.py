"""Reads the tables that people have: CSV in the dialects that spreadsheets write, and XLSX, within limits.

A table is a stranger's file: it is read into memory whole, so what it may hold is counted before and while it is read.
"""

import csv
import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

from counterfoil.exceptions import InvalidInput, TooLarge

LARGEST = 5_000_000
_MOST_COLUMNS = 100
_LONGEST_CELL = 10_000
# An XLSX is a ZIP file of XML: a few hundred bytes can be gigabytes.
_LARGEST_UNPACKED = 60_000_000
_MOST_FILES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetLimits:
    """How many bytes and rows of a table are read."""

    bytes: int
    rows: int


_UPLOADED = SheetLimits(bytes=LARGEST, rows=2_000)
# Whoever can run a command has the machine's memory anyway.
_OF_A_COMMAND = SheetLimits(bytes=60_000_000, rows=100_000)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table: the names of its columns, and its rows, each with the number that people see beside it."""

    columns: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]


def read_sheet(name: str, data: bytes, limits: SheetLimits = _UPLOADED) -> Sheet:
    """The table of a file. Raises TooLarge, or InvalidInput, which says what is wrong with the file and what to do."""
    if len(data) > limits.bytes:
        raise TooLarge(
            "{name} is larger than {bytes} MB: cut it into several files.", name=name, bytes=limits.bytes // 1_000_000
        )
    if not data.strip():
        raise InvalidInput("{name} is empty.", name=name)
    numbered = _xlsx_rows(name, data, limits) if data.startswith(b"PK\x03\x04") else _csv_rows(name, data)
    filled = ((number, row) for number, row in numbered if any(row))
    heading = next(filled, None)
    if heading is None:
        raise InvalidInput("{name} is empty.", name=name)
    rows = tuple(islice(filled, limits.rows + 1))
    if len(rows) > limits.rows:
        raise TooLarge("{name} has more than {rows:,} rows: cut it into several files.", name=name, rows=limits.rows)
    if not rows:
        raise InvalidInput("{name} has nothing below its heading: expected one row for each.", name=name)
    columns = tuple(column.casefold().strip().replace(" ", "_") for column in heading[1])
    return Sheet(_without_empty_end(columns), rows)


def read_sheet_file(path: Path) -> Sheet:
    """The table of a file that a command names; it may be larger. Raises as `read_sheet` does."""
    try:
        with path.open("rb") as file:
            data = file.read(_OF_A_COMMAND.bytes + 1)
    except OSError as error:
        raise InvalidInput("{path} cannot be read: {reason}.", path=path, reason=error.strerror or error) from error
    return read_sheet(str(path), data, _OF_A_COMMAND)


def _without_empty_end(columns: tuple[str, ...]) -> tuple[str, ...]:
    while columns and not columns[-1]:
        columns = columns[:-1]
    return columns


def _csv_rows(name: str, data: bytes) -> Iterator[tuple[int, tuple[str, ...]]]:
    try:
        text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput(
            "{name} is not UTF-8 text: save it as CSV UTF-8, or as XLSX. ({error})", name=name, error=error
        ) from error
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        for row in reader:
            yield reader.line_num, _row(name, reader.line_num, row)
    except csv.Error as error:
        raise InvalidInput(
            "{name} is no readable CSV in line {line_num}: {error}.", name=name, line_num=reader.line_num, error=error
        ) from error


def _delimiter(text: str) -> str:
    """What stands between the columns of the heading: spreadsheets write what their language does."""
    heading = text.lstrip().partition("\n")[0]
    return max((",", ";", "\t"), key=heading.count)


def _xlsx_rows(name: str, data: bytes, limits: SheetLimits) -> Iterator[tuple[int, tuple[str, ...]]]:
    _refuse_bomb(name, data)
    from openpyxl import load_workbook  # heavy, and needed for such a file only

    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        sheet = book.worksheets[0]
        # What a file says of its size is not believed: it is read row by row, and no further than asked.
        sheet.reset_dimensions()
        for number, row in enumerate(sheet.iter_rows(values_only=True, max_col=_MOST_COLUMNS + 1), 1):
            if number > 10 * limits.rows:
                raise TooLarge(
                    "{name} has more than {rows:,} rows: cut it into several files.", name=name, rows=limits.rows
                )
            yield number, _row(name, number, [_text(name, number, cell) for cell in row])
    except (InvalidInput, TooLarge):
        raise
    except Exception as error:
        # openpyxl raises whatever a damaged file makes of it.
        raise InvalidInput(
            "{name} is no readable XLSX file: save it anew, or as CSV. ({fault})",
            name=name,
            fault=type(error).__name__,
        ) from error


def _refuse_bomb(name: str, data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            members = packed.infolist()
    except zipfile.BadZipFile as error:
        raise InvalidInput("{name} is a damaged XLSX file: save it anew, or as CSV.", name=name) from error
    # zipfile reads no more of a member than is said here.
    if len(members) > _MOST_FILES or sum(member.file_size for member in members) > _LARGEST_UNPACKED:
        raise TooLarge("{name} unpacks to more than is read: save only the table, or as CSV.", name=name)


def _text(name: str, number: int, cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, int):
        return str(cell)
    if isinstance(cell, float):
        # As people see it: 129.9, not 129.90000000000001, and a number of 13 digits as such.
        return format(Decimal(format(cell, ".15g")), "f")
    if isinstance(cell, datetime):
        raise InvalidInput(
            "{name}, row {number}: a date stands where text is expected: format its cell as text.",
            name=name,
            number=number,
        )
    return str(cell)


def _row(name: str, number: int, cells: Sequence[str]) -> tuple[str, ...]:
    kept = tuple(cell.strip() for cell in cells)
    while kept and not kept[-1]:
        kept = kept[:-1]
    if len(kept) > _MOST_COLUMNS:
        raise TooLarge(
            "{name}, row {number} has more than {most_columns} columns.",
            name=name,
            number=number,
            most_columns=_MOST_COLUMNS,
        )
    if any(len(cell) > _LONGEST_CELL for cell in kept):
        raise TooLarge(
            "{name}, row {number} has a cell of more than {longest_cell:,} characters.",
            name=name,
            number=number,
            longest_cell=_LONGEST_CELL,
        )
    return kept
