"""Downloads as Scrapy does, but gives up what is still on its way some seconds after the crawl was stopped."""

import asyncio

from scrapy import Request
from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler
from scrapy.crawler import Crawler
from scrapy.http import Response

from crawlers.failures import CrawlStopping
from crawlers.stopping import STOPPING

# The launcher ends a crawl 30 seconds after its deadline; by then its listings must be stored too.
_LAST_SECONDS = 5


class StoppableDownloads(HTTP11DownloadHandler):
    """Scrapy's own handler of http and https, which would wait for every request to its own deadline."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._on_the_way: set[asyncio.Task[Response]] = set()
        crawler.signals.connect(self._stopping, STOPPING)

    async def download_request(self, request: Request) -> Response:
        """The response to a request. Raises CrawlStopping when it is given up."""
        download = asyncio.ensure_future(super().download_request(request))
        self._on_the_way.add(download)
        try:
            return await download
        except asyncio.CancelledError as error:
            raise CrawlStopping("the crawl is ending") from error
        finally:
            self._on_the_way.discard(download)

    def _stopping(self) -> None:
        asyncio.get_running_loop().call_later(_LAST_SECONDS, self._give_up)

    def _give_up(self) -> None:
        for download in self._on_the_way:
            download.cancel()
