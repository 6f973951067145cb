"""WACZ: WARC files in a ZIP, as ArchiveWeb.page and Browsertrix save them."""

import zipfile
import zlib
from collections.abc import Iterator
from datetime import datetime
from tempfile import TemporaryFile
from typing import IO

from crawlers.archives.limits import Budget
from crawlers.archives.saved import SavedResponse
from crawlers.archives.warc import read_warc

_PIECE = 1024 * 1024
_BROKEN = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError)


def read_wacz(file: IO[bytes], saved_at: datetime, budget: Budget) -> Iterator[SavedResponse]:
    """The responses of all WARC files in a WACZ. Raises UnreadableArchive."""
    try:
        archive = zipfile.ZipFile(file)
    except _BROKEN as error:
        raise budget.refuse(f"is no ZIP file, or was cut off: {error}.") from error
    with archive:
        names = [one for one in archive.infolist() if one.filename.lower().endswith((".warc", ".warc.gz"))]
        if not names:
            raise budget.refuse("is a ZIP file without WARC files in it: not a WACZ.")
        for one in names:
            budget.enter()
            with TemporaryFile() as unpacked:
                if _unpack(archive, one, unpacked, budget):
                    yield from read_warc(unpacked, saved_at, budget)


def _unpack(archive: zipfile.ZipFile, one: zipfile.ZipInfo, into: IO[bytes], budget: Budget) -> bool:
    """Unpack one file of the archive, however large it says to be; false where it cannot be read at all."""
    try:
        with archive.open(one) as packed:
            while piece := packed.read(_PIECE):
                budget.unpack(len(piece))
                into.write(piece)
    except _BROKEN as error:
        budget.warn(f"{one.filename[:200]} is damaged, and what can be read of it is: {type(error).__name__}: {error}.")
    return into.seek(0) == 0 and into.read(1) != b"" and into.seek(0) == 0
