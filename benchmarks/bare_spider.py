"""The peer of the crawl's benchmark: what somebody writes in an afternoon with Scrapy and its ImagesPipeline.

Started by `benchmarks.crawl` as a process of its own: `python -m benchmarks.bare_spider URL FOLDER`.
"""

import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from scrapy import Request, Spider
from scrapy.crawler import CrawlerProcess
from scrapy.http import Response


class BareSpider(Spider):
    """Pages of results, then listings; their pictures by ImagesPipeline; items into a file of JSON Lines."""

    name = "bare"

    def parse(self, response: Response) -> Iterator[Request]:
        """A page of results."""
        for address in dict.fromkeys(response.css("a[href^='/listing/']::attr(href)").getall()):
            yield response.follow(address, callback=self.parse_listing, priority=10)
        following = response.css("a[rel=next]::attr(href)").get()
        if following:
            yield response.follow(following)

    def parse_listing(self, response: Response) -> Iterator[dict[str, Any]]:
        """A listing's page."""
        yield {
            "url": response.url,
            "title": response.css("h1::text").get(),
            "price": response.css(".price::text").get(),
            "seller": response.css(".seller a::text").get(),
            "description": response.css(".description::text").get(),
            "image_urls": [response.urljoin(one) for one in response.css("main img::attr(src)").getall()],
        }


def settings(politeness: dict[str, float], folder: str) -> dict[str, Any]:
    """Scrapy's defaults, the declared politeness, and where everything goes."""
    return {
        "ROBOTSTXT_OBEY": True,
        "DOWNLOAD_DELAY": politeness["delay"],
        "CONCURRENT_REQUESTS_PER_DOMAIN": int(politeness["concurrency"]),
        "CONCURRENT_REQUESTS": 2 * int(politeness["concurrency"]),
        "AUTOTHROTTLE_ENABLED": True,
        "AUTOTHROTTLE_START_DELAY": politeness["delay"],
        "AUTOTHROTTLE_TARGET_CONCURRENCY": politeness["concurrency"],
        "ITEM_PIPELINES": {"scrapy.pipelines.images.ImagesPipeline": 1},
        "IMAGES_STORE": f"{folder}/images",
        "FEEDS": {f"{folder}/items.jsonl": {"format": "jsonlines"}},
        "LOG_LEVEL": "ERROR",
        "TELNETCONSOLE_ENABLED": False,
    }


def main() -> None:
    """Crawl one marketplace to its end."""
    url, folder, delay, concurrency = sys.argv[1:]
    process = CrawlerProcess(settings({"delay": float(delay), "concurrency": float(concurrency)}, folder))
    process.crawl(BareSpider, start_urls=[url], allowed_domains=[urlsplit(url).hostname])
    process.start()


if __name__ == "__main__":
    main()
