"""Fetches the pictures of listings through the engine, so that guard, robots.txt and politeness hold for them too.

A picture is fetched once in a crawl, and only if it changed since the last one: its address remembers what it answered.
"""

import asyncio
import logging
from dataclasses import replace
from functools import partial

import sqlalchemy as sa
from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy.http.request import NO_CALLBACK

from counterfoil.evidence import EvidenceStore
from counterfoil.models import ImageSource
from counterfoil.store.images import get_image_source
from crawlers.failures import CrawlStopping, explain, fate_of_error, fate_of_status
from crawlers.items import Picture
from crawlers.observations import Observations
from crawlers.picture_bytes import picture_problem
from crawlers.picture_hosts import HostPatience
from crawlers.recorder import Recorder

log = logging.getLogger(__name__)


_ACCEPT = "image/avif,image/webp,image/png,image/jpeg,image/gif;q=0.9,image/*;q=0.8"


class PictureFetcher:
    """The pictures of one crawl."""

    def __init__(self, crawler: Crawler, recorder: Recorder, observations: Observations) -> None:
        self._crawler = crawler
        self._recorder = recorder
        self._observations = observations
        self._asked: dict[str, asyncio.Future[Picture]] = {}
        self._hosts = HostPatience()
        # Few on the way at once, so that most have not been asked for when their host is given up.
        self._places = asyncio.Semaphore(crawler.settings.getint("CONCURRENT_REQUESTS"))

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
            log.info("picture %s: %s", url, picture.error)
        self._observations.note_picture(None if picture.sha256 else f"{url}: {picture.error}")
        return picture

    async def _fetch(self, url: str) -> Picture:
        known = await self._recorder.read(partial(_known_source, evidence=self._recorder.crawl.evidence, url=url))
        request = _request(url, known)
        async with self._places:
            given_up = self._hosts.given_up(url)
            if given_up is not None:
                return Picture(url=url, error=given_up)
            try:
                response = await self._crawler.engine.download_async(request)
            except (CrawlStopping, asyncio.CancelledError):
                raise
            except Exception as error:
                self._hosts.note(url, fate_of_error(error))
                return Picture(url=url, error=explain(error))
        self._hosts.note(url, fate_of_status(response.status))
        if response.status == 304 and known is not None:
            if await self._recorder.read(partial(_deleted_meanwhile, url=url)):
                return await self._fetch(url)
            return Picture(url=url, sha256=known.image_sha256)
        return await self._keep(url, response)

    async def _keep(self, url: str, response: Response) -> Picture:
        if response.status != 200:
            return Picture(url=url, error=f"answered {response.status}")
        problem = picture_problem(response.body, _header(response, "Content-Type") or "")
        if problem is not None:
            return Picture(url=url, error=problem)
        sha256 = await self._recorder.do(partial(self._recorder.crawl.evidence.put_image, response.body))
        picture = Picture(url=url, sha256=sha256, size=len(response.body))
        return replace(picture, source=_source(url, sha256, response))


def _known_source(connection: sa.Connection, *, evidence: EvidenceStore, url: str) -> ImageSource | None:
    """What the address answered last, if that can still be used: it has validators, and the file is there."""
    source = get_image_source(connection, url)
    if source is None or not (source.etag or source.last_modified):
        return None
    return source if evidence.has_image(source.image_sha256) else None


def _deleted_meanwhile(connection: sa.Connection, *, url: str) -> bool:
    """Whether retention has deleted the picture since it was asked for, so that unchanged is no answer."""
    return get_image_source(connection, url) is None


def _request(url: str, known: ImageSource | None) -> Request:
    headers: dict[str, str | bytes] = {"Accept": _ACCEPT}
    if known is not None and known.etag:
        # As the bytes that came, which need not be ASCII.
        headers["If-None-Match"] = known.etag.encode("latin-1")
    if known is not None and known.last_modified:
        headers["If-Modified-Since"] = known.last_modified.encode("latin-1")
    # One more try and no third: pictures are many.
    return Request(url, callback=NO_CALLBACK, headers=headers, meta={"max_retry_times": 1}, dont_filter=True)


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
