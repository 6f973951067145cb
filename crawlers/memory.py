"""Gives back the memory of large bodies before the next ones come."""

import gc
from typing import Self

from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.http import Response

# A listing's page or a picture is seldom so large; what is smaller is left to Python's own rhythm.
_LARGE = 1024**2
_MOST_UNCOLLECTED = 64 * 1024**2


class LargeBodies:
    """Collects garbage by bytes, where Python counts objects.

    Responses, failures and page objects hold each other in cycles, so that a body lives until the next full collection.
    Thirty pages of 16 MB are few objects and half a gigabyte: a site could end any crawl by its memory limit.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._bytes = 0
        # As they come, and unpacked.
        crawler.signals.connect(self._came, signals.response_downloaded)
        crawler.signals.connect(self._came, signals.response_received)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Made for a crawler."""
        return cls(crawler)

    def _came(self, response: Response) -> None:
        size = len(response.body)
        if size < _LARGE:
            return
        self._bytes += size
        if self._bytes > _MOST_UNCOLLECTED:
            self._bytes = 0
            gc.collect()
