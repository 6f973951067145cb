"""Reads lists of links: plain text, CSV, and the feeds that shops and sites publish (RSS, Atom, sitemaps).

A list is a stranger's file: nothing outside it is looked up, and what is no web address is told, never guessed.
"""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from lxml import etree

from counterfoil.exceptions import InvalidInput

_LARGEST = 50 * 1024 * 1024
_MOST = 100_000
_COLUMNS = ("url", "link", "address", "listing", "href")


def read_links(path: Path) -> list[str]:
    """The links in a file, each once, in its order. Raises InvalidInput, which names file and line."""
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise InvalidInput("{path} cannot be read: {error}", path=path, error=error) from error
    if len(data) > _LARGEST:
        raise InvalidInput(
            "{path} is larger than {largest} MB: cut it into several.", path=path, largest=_LARGEST // (1024 * 1024)
        )
    found = _from_feed(path, data) if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") else _from_text(path, data)
    links = list(dict.fromkeys(found))
    if not links:
        raise InvalidInput("{path} holds no link that starts with http:// or https://.", path=path)
    if len(links) > _MOST:
        raise InvalidInput(
            "{path} holds {number:,} links, and at most {most:,} are read: cut it into several.",
            path=path,
            number=len(links),
            most=_MOST,
        )
    return links


def _from_feed(path: Path, data: bytes) -> Iterator[str]:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise InvalidInput("{path} is no readable feed: {error}", path=path, error=error) from error
    for entry in root.iter("{*}item", "{*}entry", "{*}url"):
        said = [(one.get("href") or one.text or "").strip() for one in entry.iter("{*}link", "{*}loc") if _is_own(one)]
        yield from [link for link in said if _is_link(link)][:1]


def _is_own(element: etree._Element) -> bool:
    """Whether it is the entry's own address, and not that of a picture or of a page about it."""
    return element.get("rel", "alternate") == "alternate" and "image" not in (etree.QName(element).namespace or "")


def _from_text(path: Path, data: bytes) -> Iterator[str]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput("{path} is not UTF-8 text (byte {start:,}).", path=path, start=error.start) from error
    rows = [(number, row) for number, row in enumerate(_rows(path, text), 1) if any(cell.strip() for cell in row)]
    if not rows:
        return
    column = _column(rows[0][1])
    for number, row in rows if column is None else rows[1:]:
        if row[0].lstrip().startswith("#"):
            continue
        cells = row if column is None else row[column : column + 1]
        link = next((cell.strip() for cell in cells if _is_link(cell.strip())), None)
        if link is None:
            raise InvalidInput(
                "{path}, line {number}: {row!r} has no link that starts with https://.",
                path=path,
                number=number,
                row=",".join(row)[:100],
            )
        yield link


def _rows(path: Path, text: str) -> Iterator[list[str]]:
    first = text.lstrip().partition("\n")[0]
    delimiter = next((one for one in (";", "\t") if one in first and "," not in first), ",")
    if _is_link(first.strip()):
        # Plain lines: an address may hold commas and quotes.
        yield from ([line] for line in text.splitlines())
        return
    try:
        yield from csv.reader(io.StringIO(text), delimiter=delimiter)
    except csv.Error as error:
        raise InvalidInput("{path} is no readable CSV: {error}", path=path, error=error) from error


def _column(header: list[str]) -> int | None:
    names = [cell.strip().lower() for cell in header]
    return next((names.index(name) for name in _COLUMNS if name in names), None)


def _is_link(text: str) -> bool:
    return text.lower().startswith(("http://", "https://")) and not any(character.isspace() for character in text)
