"""WARC files (ISO 28500), plain or with every record compressed on its own, read by warcio record for record.

Each record is cut out first and read alone: what one of them lies about its length is its own loss.
"""

import io
import zlib
from collections.abc import Iterator
from datetime import datetime
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from warcio.recordloader import ArcWarcRecord, ArcWarcRecordLoader

from counterfoil.exceptions import UnreadableArchive
from crawlers.archives.dates import read_time
from crawlers.archives.limits import Budget
from crawlers.archives.saved import SavedResponse

_GZIP = b"\x1f\x8b\x08"
_START = b"WARC/1."
# Small, because every place that looks like the beginning of a record is read anew.
_PIECE = 65_536
_LONGEST_HEADER = 65_536
_IN_MEMORY = 4 * 1024 * 1024
_READ = frozenset({"response", "resource"})


def read_warc(file: IO[bytes], saved_at: datetime, budget: Budget) -> Iterator[SavedResponse]:
    """The responses and resources of a WARC file, compressed or plain. Raises UnreadableArchive."""
    start = file.read(len(_GZIP))
    file.seek(0)
    records = 0
    for whole in _members(file, budget) if start == _GZIP else (file,):
        for record in _records(whole, saved_at, budget):
            records += 1
            if record is not None:
                yield record
    if not records:
        raise budget.refuse("has no WARC record that can be read.")


def _members(file: IO[bytes], budget: Budget) -> Iterator[IO[bytes]]:
    """Each gzip member, unpacked; after a damaged one the next that can be found."""
    position = 0
    while (position := _find(file, _GZIP, position)) >= 0:
        budget.enter()
        with SpooledTemporaryFile(_IN_MEMORY) as unpacked:
            end, damage = _unpack(file, position, unpacked, budget)
            if damage:
                budget.warn(f"the record at byte {position:,} is damaged, and what can be read of it is: {damage}.")
            unpacked.seek(0)
            yield unpacked
        position = end if not damage else position + 1


def _unpack(file: IO[bytes], position: int, into: IO[bytes], budget: Budget) -> tuple[int, str | None]:
    """Unpack one member; where it ends, and what is wrong with it."""
    file.seek(position)
    decompressor = zlib.decompressobj(wbits=31)
    pending = b""
    while not decompressor.eof:
        pending = pending or file.read(_PIECE)
        if not pending:
            return position, "it was cut off"
        try:
            piece = decompressor.decompress(pending, _PIECE)
        except zlib.error as error:
            return position, str(error)
        pending = decompressor.unconsumed_tail
        budget.unpack(len(piece))
        into.write(piece)
    return file.tell() - len(decompressor.unused_data), None


def _records(file: IO[bytes], saved_at: datetime, budget: Budget) -> Iterator[SavedResponse | None]:
    """Each whole record: a response, or None for another kind or one that is skipped."""
    position = 0
    while (position := _find(file, _START, position)) >= 0:
        budget.enter()
        header, length = _header(file, position)
        if length is None:
            budget.warn(f"the record at byte {position:,} is skipped: it has no readable header.")
        elif not _ends_there(file, position + header + length):
            budget.warn(f"the record at byte {position:,} is skipped: it was cut off, or its length is wrong.")
            length = None
        else:
            yield _record(file, position, header, length, saved_at, budget)
        position += len(_START) if length is None else header + length


def _ends_there(file: IO[bytes], position: int) -> bool:
    """Whether a record can end there: at the end of the file, or before another record."""
    if position > file.seek(0, io.SEEK_END):
        return False
    file.seek(position)
    following = file.read(4 + len(_START)).lstrip(b"\r\n")
    return _START.startswith(following) or following.startswith(_START)


def _header(file: IO[bytes], position: int) -> tuple[int, int | None]:
    """(length of a record's header, length of what follows it); None where it is no header."""
    file.seek(position)
    start = file.read(_LONGEST_HEADER)
    end = start.find(b"\r\n\r\n")
    for line in start[: max(end, 0)].split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length" and value.strip().isdigit() and len(value) < 20:
            return end + 4, int(value)
    return 0, None


def _record(
    file: IO[bytes], position: int, header: int, length: int, saved_at: datetime, budget: Budget
) -> SavedResponse | None:
    file.seek(position)
    # The body may be packed, and HTTP headers stand before it: whether it fits is seen when it is unpacked.
    raw = file.read(header + min(length, 2 * budget.limits.body))
    try:
        record = ArcWarcRecordLoader().parse_record_stream(io.BytesIO(raw), known_format="warc")
        return _response(record, saved_at, budget) if record.rec_type in _READ else None
    except UnreadableArchive:
        raise
    except Exception as error:  # whatever a stranger's bytes make of warcio: it is this record's loss alone
        budget.warn(f"the record at byte {position:,} is skipped: {type(error).__name__}: {error}.")
        return None


def _response(record: ArcWarcRecord, saved_at: datetime, budget: Budget) -> SavedResponse | None:
    url = record.rec_headers.get_header("WARC-Target-URI", "").strip("<>")
    http = record.http_headers
    body = record.content_stream().read(budget.limits.body + 1)
    if not url or not budget.fits(len(body), url[:200]):
        return None
    budget.unpack(len(body))
    return SavedResponse(
        url=url,
        status=_status(http),
        headers={name.lower(): value for name, value in http.headers}
        if http
        else {"content-type": record.content_type or ""},
        body=body,
        captured_at=read_time(record.rec_headers.get_header("WARC-Date"), saved_at),
    )


def _status(http: Any) -> int:
    code = http.get_statuscode() if http else "200"
    return int(code) if code.isdigit() and len(code) == 3 else 0


def _find(file: IO[bytes], wanted: bytes, position: int) -> int:
    """Where these bytes stand next, from `position` on; -1 when they do not."""
    file.seek(position)
    kept = b""
    while piece := file.read(_PIECE):
        found = (kept + piece).find(wanted)
        if found >= 0:
            return position - len(kept) + found
        position += len(piece)
        kept = (kept + piece)[-(len(wanted) - 1) :]
    return -1
