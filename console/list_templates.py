"""Files to fill in: the columns that a list of products or sellers has, with a row that shows what belongs there."""

import csv
import io
from collections.abc import Sequence
from functools import cache

from console.product_entries import COLUMNS

_PRODUCT = (
    *("Trail 30", "A-100", "Acme", "hiking backpack 30 l|trekking backpack", "Trail Thirty", "80", "120.50", "EUR"),
    *("https://acme.example/trail-30", "https://acme.example/trail-30.jpg|trail-30-back.jpg"),
)
SELLER_COLUMNS = ("marketplace", "seller_id", "name")
_SELLER = ("example", "acme-official", "Acme flagship store")
TABLES = {"products": (COLUMNS, _PRODUCT), "sellers": (SELLER_COLUMNS, _SELLER)}


def csv_template(kind: str) -> bytes:
    """The template as CSV, in UTF-8 with the mark by which spreadsheets know it."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows(TABLES[kind])
    return b"\xef\xbb\xbf" + text.getvalue().encode()


@cache
def xlsx_template(kind: str) -> bytes:
    """The template as XLSX; its cells are text, so that no spreadsheet makes a number of a SKU."""
    from openpyxl import Workbook  # heavy, and needed for this only

    book = Workbook()
    sheet = book.active
    assert sheet is not None  # noqa: S101 - a new workbook has a sheet
    sheet.title = kind
    for row in TABLES[kind]:
        sheet.append(list(row))
    _format_as_text(sheet, TABLES[kind][0])
    sheet.freeze_panes = "A2"
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _format_as_text(sheet: object, columns: Sequence[str]) -> None:
    for place in range(1, len(columns) + 1):
        letter = chr(ord("A") + place - 1)
        sheet.column_dimensions[letter].width = 24  # type: ignore[attr-defined]
        for row in range(1, 201):
            sheet[f"{letter}{row}"].number_format = "@"  # type: ignore[index]
