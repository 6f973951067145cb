"""A whole search as a file: CSV, JSON Lines or a spreadsheet, written as it is read from the index.

No cell is ever a formula. What a stranger wrote may begin with one of `=`, `+`, `-`, `@`, a tab or a carriage return,
which spreadsheets take for one: in CSV such a cell begins with an apostrophe, in XLSX it is of the type text.
"""

import csv
import io
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import IO, Any

from console.output import json_line
from console.search import summary
from counterfoil.rates import write_amount
from indexer.base import SuspectIndex
from indexer.document import SuspectDocument
from indexer.query import MOST_ON_A_PAGE, SuspectQuery

# More than that is a copy of the database, which `counterfoil backup` makes.
MOST_EXPORTED = 100_000

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
# What XML cannot hold (XML 1.0, 2.2), and so no spreadsheet.
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_LONGEST_CELL = 32_767  # characters, of a spreadsheet
_PIECE = 64 * 1024


class ExportFormat(StrEnum):
    """How an export is written."""

    CSV = "csv"
    JSONL = "jsonl"
    XLSX = "xlsx"

    @property
    def media_type(self) -> str:
        """As HTTP names it."""
        return _MEDIA_TYPES[self]


_MEDIA_TYPES = {
    ExportFormat.CSV: "text/csv; charset=utf-8",
    ExportFormat.JSONL: "application/jsonl",
    ExportFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
COLUMNS = (
    *("id", "score", "state", "verdict", "triage", "product", "brand", "title", "price", "currency"),
    *("seller_id", "seller", "marketplace", "listing", "url", "reasons", "image_sha256"),
    *("first_suspected_at", "last_seen_at"),
)


def export(index: SuspectIndex, query: SuspectQuery, form: ExportFormat) -> Iterator[bytes]:
    """The bytes of all that a search finds, at most `MOST_EXPORTED`, a page in memory at a time.

    The first page is asked for at once, so that what is wrong with the search is raised here and not on the way.
    """
    found = _whole(index, query)
    return _WRITERS[form](found)


def file_name(form: ExportFormat, at: datetime) -> str:
    """What a browser saves an export as."""
    return f"suspects-{at.astimezone(UTC):%Y%m%dT%H%M%SZ}.{form}"


def _whole(index: SuspectIndex, query: SuspectQuery) -> Iterator[SuspectDocument]:
    following = replace(query, cursor=None, limit=MOST_ON_A_PAGE, facets=(), histogram=None)
    first = index.search(following)

    def documents() -> Iterator[SuspectDocument]:
        page, left = first, MOST_EXPORTED
        while True:
            yield from page.suspects[:left]
            left -= len(page.suspects)
            if page.next_cursor is None or left <= 0:
                return
            page = index.search(replace(following, cursor=page.next_cursor))

    return documents()


def _row(document: SuspectDocument) -> tuple[str | float, ...]:
    seller, product = document.seller, document.products[0] if document.products else None
    return (
        document.id,
        document.score,
        document.state,
        document.verdict or "",
        document.triage,
        product.name if product else "",
        product.brand_name if product else "",
        document.title,
        write_amount(document.price) if document.price is not None else "",
        document.currency or "",
        seller.key if seller else "",
        (seller.name or "") if seller else "",
        document.marketplace,
        document.listing_key,
        document.url,
        "; ".join(reason.text for reason in document.reasons),
        (document.image.sha256 or "") if document.image else "",
        _moment(document.first_suspected_at),
        _moment(document.last_seen_at),
    )


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _csv(documents: Iterable[SuspectDocument]) -> Iterator[bytes]:
    text = io.StringIO()
    lines = csv.writer(text)
    # The byte order mark is what tells spreadsheets that it is UTF-8.
    text.write("\ufeff")
    lines.writerow(COLUMNS)
    for document in documents:
        lines.writerow([_harmless(value) for value in _row(document)])
        if text.tell() >= _PIECE:
            yield _taken(text)
    yield _taken(text)


def _taken(text: io.StringIO) -> bytes:
    data = text.getvalue().encode("utf-8", "replace")
    text.seek(0)
    text.truncate()
    return data


def _harmless(value: str | float) -> str | float:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _jsonl(documents: Iterable[SuspectDocument]) -> Iterator[bytes]:
    for document in documents:
        yield f"{json_line(summary(document))}\n".encode("utf-8", "replace")


def _xlsx(documents: Iterable[SuspectDocument]) -> Iterator[bytes]:
    with tempfile.TemporaryFile(prefix="counterfoil-export-") as file:
        _write_workbook(documents, file)
        file.seek(0)
        while piece := file.read(_PIECE):
            yield piece


def _write_workbook(documents: Iterable[SuspectDocument], file: IO[bytes]) -> None:
    from openpyxl import Workbook

    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet("suspects")
    sheet.freeze_panes = "A2"
    sheet.append(_cells(sheet, COLUMNS))
    for document in documents:
        sheet.append(_cells(sheet, _row(document)))
    workbook.save(file)


def _cells(sheet: Any, values: Sequence[str | float]) -> list[Any]:
    from openpyxl.cell import WriteOnlyCell

    cells = []
    for value in values:
        text = isinstance(value, str)
        cell = WriteOnlyCell(sheet, value=_NOT_IN_XML.sub("", str(value))[:_LONGEST_CELL] if text else value)
        if text:
            # Said by hand: a text that begins with = would be taken for a formula.
            cell.data_type = "s"
        cells.append(cell)
    return cells


_WRITERS: Mapping[ExportFormat, Callable[[Iterable[SuspectDocument]], Iterator[bytes]]] = {
    ExportFormat.CSV: _csv,
    ExportFormat.JSONL: _jsonl,
    ExportFormat.XLSX: _xlsx,
}
