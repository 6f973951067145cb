"""Saved files laid out for reading: pages in the order in which they were saved, pictures by their address.

A page's pictures may stand anywhere behind it, in another file even. All bodies lie in a folder meanwhile: an archive
may be larger than the memory.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

from counterfoil.exceptions import UnreadableArchive
from crawlers.addresses import web_address
from crawlers.archives.limits import ArchiveLimits, Warn
from crawlers.archives.opening import read_archive
from crawlers.archives.saved import SavedResponse
from crawlers.picture_bytes import picture_problem

_PAGE_TYPES = re.compile(r"html|json")
# Most pages that one import reads: each may cost seconds.
MOST_PAGES = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedPage:
    """A page that lies in the folder; `file` is the name of the archive that it came from."""

    url: str
    content_type: str
    captured_at: datetime
    body: Path
    file: str


@dataclass(frozen=True, slots=True)
class Unpacked:
    """The pages, oldest first, and where the picture of each address lies."""

    pages: list[SavedPage] = field(default_factory=list)
    pictures: dict[str, Path] = field(default_factory=dict)


def unpack(sources: Sequence[str], folder: Path, warn: Warn, limits: ArchiveLimits) -> Unpacked:
    """Read the saved files that `sources` name (see `read_source`) into a folder.

    What cannot be read is told through `warn`, and the other files are read all the same.
    """
    found = Unpacked()
    for source in sources:
        path, url = read_source(source)
        try:
            for response in read_archive(path, warn=warn, url=url, limits=limits):
                _lay_out(response, path.name, folder, found)
        except UnreadableArchive as error:
            warn(str(error))
    found.pages.sort(key=lambda page: page.captured_at)
    if len(found.pages) > MOST_PAGES:
        warn(f"Of {len(found.pages):,} pages only the oldest {MOST_PAGES:,} are read: import the others by themselves.")
        del found.pages[MOST_PAGES:]
    return found


def write_source(path: Path, url: str | None) -> str:
    """A saved file as a crawl's row names it: its file address, and the page's own address behind a #."""
    return path.resolve().as_uri() + (f"#{url}" if url else "")


def read_source(source: str) -> tuple[Path, str | None]:
    """(file, address of the page or None) of what `write_source` wrote; a bare path will do as well."""
    if not source.startswith("file://"):
        return Path(source), None
    file, _, url = source.partition("#")
    return Path(unquote(urlsplit(file).path)), url or None


def _lay_out(response: SavedResponse, file: str, folder: Path, found: Unpacked) -> None:
    address = web_address(response.url, response.url)
    if address is None or not response.body or response.status not in {0, 200}:
        return
    is_picture = picture_problem(response.body) is None
    if not is_picture and not _is_page(response):
        return
    path = folder / str(len(found.pages) + len(found.pictures))
    path.write_bytes(response.body)
    if is_picture:
        found.pictures[address] = path
    else:
        found.pages.append(
            SavedPage(
                url=address,
                content_type=response.headers.get("content-type", ""),
                captured_at=response.captured_at,
                body=path,
                file=file,
            )
        )


def _is_page(response: SavedResponse) -> bool:
    declared = response.media_type
    return bool(_PAGE_TYPES.search(declared)) if declared else response.body.lstrip()[:1] in {b"<", b"{", b"["}
