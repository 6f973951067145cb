"""Fetches the pictures of listings through the engine, so that guard, robots.txt and politeness hold for them too.

A picture is fetched once in a crawl, and only if it changed since the last one: its address remembers what it answered.
"""

import asyncio
import logging
from dataclasses import replace
from functools import partial

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy.http.request import NO_CALLBACK

from counterfoil.models import ImageSource
from counterfoil.store.images import get_image_source
from crawlers.failures import CrawlStopping, in_words
from crawlers.items import Picture
from crawlers.observations import Observations
from crawlers.recorder import Recorder

log = logging.getLogger(__name__)

# The first bytes of the formats that marketplaces serve. Whether the rest can be decoded is the judges' question.
_MAGIC = (
    (b"\xff\xd8\xff", 0),
    (b"\x89PNG\r\n\x1a\n", 0),
    (b"GIF87a", 0),
    (b"GIF89a", 0),
    (b"BM", 0),
    (b"WEBP", 8),
    (b"ftypavif", 4),
    (b"ftypavis", 4),
)


_ACCEPT = "image/avif,image/webp,image/png,image/jpeg,image/gif;q=0.9,image/*;q=0.8"


class PictureFetcher:
    """The pictures of one crawl."""

    def __init__(self, crawler: Crawler, recorder: Recorder, observations: Observations) -> None:
        self._crawler = crawler
        self._recorder = recorder
        self._observations = observations
        self._asked: dict[str, asyncio.Future[Picture]] = {}

    async def fetch(self, url: str) -> Picture:
        """The picture at an address: kept, known already, or not to be had and why.

        Raises OSError or StoreError where it cannot be kept, CrawlStopping when the crawl ends before it came.
        """
        if url not in self._asked:
            self._asked[url] = asyncio.ensure_future(self._count(url))
        return await asyncio.shield(self._asked[url])

    async def _count(self, url: str) -> Picture:
        if self._observations.stop is not None:
            raise CrawlStopping("the crawl is ending")
        picture = await self._fetch(url)
        if picture.sha256 is None:
            self._observations.image_errors += 1
            log.info("picture %s: %s", url, picture.error)
        else:
            self._observations.images += 1
        return picture

    async def _fetch(self, url: str) -> Picture:
        known = await self._recorder.in_thread(partial(_known_source, self._recorder, url))
        try:
            response = await self._crawler.engine.download_async(_request(url, known))
        except (CrawlStopping, asyncio.CancelledError):
            raise
        except Exception as error:
            return Picture(url=url, error=in_words(error))
        if response.status == 304 and known is not None:
            if await self._recorder.in_thread(_deleted_meanwhile, self._recorder, url):
                return await self._fetch(url)
            return Picture(url=url, sha256=known.image_sha256)
        return await self._keep(url, response)

    async def _keep(self, url: str, response: Response) -> Picture:
        if response.status != 200:
            return Picture(url=url, error=f"answered {response.status}")
        if not is_picture(response.body):
            return Picture(url=url, error=f"is no picture: it starts with {response.body[:16]!r}")
        sha256 = await self._recorder.in_thread(self._recorder.evidence.put_image, response.body)
        picture = Picture(url=url, sha256=sha256, size=len(response.body))
        return replace(picture, source=_source(url, sha256, response))


def is_picture(data: bytes) -> bool:
    """Whether the first bytes are a picture's, whatever the server called it."""
    return any(data[start : start + len(magic)] == magic for magic, start in _MAGIC)


def _known_source(recorder: Recorder, url: str) -> ImageSource | None:
    """What the address answered last, if that can still be used: it has validators, and the file is there."""
    with recorder.store.read() as connection:
        source = get_image_source(connection, url)
    if source is None or not (source.etag or source.last_modified):
        return None
    return source if recorder.evidence.has_image(source.image_sha256) else None


def _deleted_meanwhile(recorder: Recorder, url: str) -> bool:
    """Whether retention has deleted the picture since it was asked for, so that unchanged is no answer."""
    with recorder.store.read() as connection:
        return get_image_source(connection, url) is None


def _request(url: str, known: ImageSource | None) -> Request:
    headers: dict[str, str | bytes] = {"Accept": _ACCEPT}
    if known is not None and known.etag:
        # As the bytes that came, which need not be ASCII.
        headers["If-None-Match"] = known.etag.encode("latin-1")
    if known is not None and known.last_modified:
        headers["If-Modified-Since"] = known.last_modified.encode("latin-1")
    return Request(url, callback=NO_CALLBACK, headers=headers, dont_filter=True)


def _source(url: str, sha256: str, response: Response) -> ImageSource:
    return ImageSource(
        url=url,
        image_sha256=sha256,
        etag=_header(response, "ETag"),
        last_modified=_header(response, "Last-Modified"),
    )


def _header(response: Response, name: str) -> str | None:
    value = response.headers.get(name)
    # Sent back as they came: text that is no header, or longer than any validator, is not kept.
    text = value.decode("latin-1").strip() if value else ""
    return text if text.isprintable() and 0 < len(text) <= 500 else None
