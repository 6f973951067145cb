"""A page saved as HTML: alone, with its folder of pictures beside it, or by SingleFile, which puts them into it."""

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote, urljoin

from parsel import Selector
from w3lib.encoding import html_to_unicode

from crawlers.archives.dates import read_time
from crawlers.archives.limits import Budget
from crawlers.archives.saved import SavedResponse

# What browsers and SingleFile write above the page; nothing below that was the page's own counts.
_HEAD = 65_536
_SAVED_FROM = re.compile(r"<!--\s*saved from url=\(\d{4}\)(\S{1,4000}?)\s*-->")
_SINGLE_FILE = re.compile(r"Page saved with SingleFile\s+url:\s*(\S{1,4000})\s+saved date:\s*([^\n]{1,100})")
# Browsers name the folder in the language of their user: shop_files, shop-Dateien, shop_fichiers.
_FOLDER_ENDING = r"[_.-]\w+"
_ADDRESSES = ("//link[@rel='canonical']/@href", "//meta[@property='og:url']/@content")


def read_html(path: Path, data: bytes, url: str | None, saved_at: datetime, budget: Budget) -> Iterator[SavedResponse]:
    """The page, then the pictures that were saved in the folder beside it.

    `url` is the page's address where a person says it. Raises UnreadableArchive where neither they nor the page do.
    """
    budget.enter()
    if not budget.fits(len(data), "the page"):
        return
    head = data[:_HEAD].decode("latin-1")
    by_browser, by_single_file = _SAVED_FROM.search(head), _SINGLE_FILE.search(head)
    page = _document(data)
    address = (
        url
        or (by_single_file[1] if by_single_file else None)
        or (by_browser[1] if by_browser else None)
        or next(
            (found for path_ in _ADDRESSES if (found := page.xpath(path_).get("").strip()).startswith("http")), None
        )
    )
    if address is None:
        raise budget.refuse("does not say which address it was saved from: give it with --url.")
    captured_at = read_time(by_single_file[2] if by_single_file else None, saved_at)
    yield SavedResponse(url=address, headers={"content-type": "text/html"}, body=data, captured_at=captured_at)
    yield from _beside(path, page, address, captured_at, budget)


def _document(data: bytes) -> Selector:
    return Selector(text=html_to_unicode(None, data)[1] or "<html/>", type="html")


def _beside(path: Path, page: Selector, address: str, captured_at: datetime, budget: Budget) -> Iterator[SavedResponse]:
    """The files that the page shows as pictures and that lie in its own folder, under the addresses they have there."""
    own = re.compile(re.escape(path.stem) + _FOLDER_ENDING)
    folders = [one for one in path.parent.iterdir() if own.fullmatch(one.name) and _is_folder(one)]
    for source in dict.fromkeys(page.xpath("//img/@src").getall()) if folders else ():
        file = (path.parent / unquote(source.partition("?")[0])).resolve() if _is_relative(source) else None
        # A page is a stranger's: it may show files of its own folder, and no others of this machine.
        if file is None or file.parent not in folders or not file.is_file():
            continue
        budget.enter()
        if budget.fits(file.stat().st_size, source[:200]):
            body = file.read_bytes()
            budget.unpack(len(body))
            yield SavedResponse(url=urljoin(address, source), body=body, captured_at=captured_at)


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _is_relative(source: str) -> bool:
    return len(source) < 1_000 and "\0" not in source and not re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:|/", source)
