"""Opens a saved file as what its first bytes say that it is, whatever its name."""

import gzip
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from counterfoil.exceptions import UnreadableArchive
from crawlers.archives.har import read_har
from crawlers.archives.html import read_html
from crawlers.archives.limits import ArchiveLimits, Budget, Warn
from crawlers.archives.mhtml import read_mhtml
from crawlers.archives.saved import SavedResponse
from crawlers.archives.wacz import read_wacz
from crawlers.archives.warc import read_warc

_GZIP = b"\x1f\x8b\x08"
_ZIP = b"PK\x03\x04"
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_PIECE = 1024 * 1024


def read_archive(
    path: Path, *, warn: Warn, url: str | None = None, limits: ArchiveLimits | None = None
) -> Iterator[SavedResponse]:
    """The responses saved in a file, in its order; `url` is a bare page's address where a person says it.

    A record that cannot be read is told through `warn`. Raises UnreadableArchive for a file that cannot be read at all.
    """
    path = path.resolve()
    budget = Budget(path, limits or ArchiveLimits(), warn)
    try:
        with path.open("rb") as file:
            saved_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            yield from _read(path, file, url, saved_at, budget)
    except OSError as error:
        raise UnreadableArchive(f"{path} cannot be read: {error}") from error


def _read(path: Path, file: IO[bytes], url: str | None, saved_at: datetime, budget: Budget) -> Iterator[SavedResponse]:
    start = _start(file)
    if start.startswith(_ZIP):
        yield from read_wacz(file, saved_at, budget)
    elif start.startswith(_GZIP) and not _is_packed_warc(path, file):
        with TemporaryFile() as unpacked:
            _gunzip(file, unpacked, budget)
            yield from _read_bare(path, unpacked, url, saved_at, budget)
    else:
        yield from _read_bare(path, file, url, saved_at, budget)


def _read_bare(
    path: Path, file: IO[bytes], url: str | None, saved_at: datetime, budget: Budget
) -> Iterator[SavedResponse]:
    start = _start(file)
    if start.startswith((b"WARC/", _GZIP)):
        yield from read_warc(file, saved_at, budget)
        return
    data = _whole(file, budget)
    text = _without_mark(start)
    if text.startswith((b"{", b"[")):
        # A saved answer of an API is JSON as well: it has an address only where a person says it.
        yield from [_bare_json(data, url, saved_at, budget)] if url else read_har(data, saved_at, budget)
    elif _is_message(text):
        yield from read_mhtml(data, saved_at, budget)
    elif b"<" in start:
        yield from read_html(path, data, url, saved_at, budget)
    else:
        raise budget.refuse("is not HTML, MHTML, HAR, WARC or WACZ.")


def _bare_json(data: bytes, url: str, saved_at: datetime, budget: Budget) -> SavedResponse:
    budget.enter()
    if not budget.fits(len(data), url[:200]):
        raise budget.refuse("is too large.")
    return SavedResponse(url=url, headers={"content-type": "application/json"}, body=data, captured_at=saved_at)


def _start(file: IO[bytes]) -> bytes:
    file.seek(0)
    start = file.read(4_096)
    file.seek(0)
    return start


def _without_mark(start: bytes) -> bytes:
    for mark in _MARKS:
        start = start.removeprefix(mark)
    return start.lstrip()


def _is_message(text: bytes) -> bool:
    """Whether it starts with header fields, as a mail does, among them those of a message of several parts."""
    first = text.partition(b"\n")[0]
    field = first.partition(b":")[0]
    return b":" in first and field.replace(b"-", b"").isalnum() and b"multipart/" in text.lower()


def _is_packed_warc(path: Path, file: IO[bytes]) -> bool:
    """Whether it is WARC that is packed; of one whose first record is damaged only the name says it."""
    try:
        start = zlib.decompressobj(wbits=31).decompress(_start(file), 16)
    except zlib.error:
        start = b""
    return start.startswith(b"WARC/") or path.name.lower().endswith(".warc.gz")


def _gunzip(file: IO[bytes], into: IO[bytes], budget: Budget) -> None:
    try:
        with gzip.open(file) as packed:
            while piece := packed.read(_PIECE):
                budget.unpack(len(piece))
                into.write(piece)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        budget.warn(f"is damaged, and what can be read of it is: {error}.")
    into.seek(0)


def _whole(file: IO[bytes], budget: Budget) -> bytes:
    data = file.read(budget.limits.whole + 1)
    if len(data) > budget.limits.whole:
        raise budget.refuse(
            f"is larger than {budget.limits.whole // (1024 * 1024)} MB: save fewer pages into one file."
        )
    return data
