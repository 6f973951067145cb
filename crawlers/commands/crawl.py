"""`scrapy crawl`, with an exit code that says how the crawl ended and errors in one line."""

import argparse
import sys

from scrapy.commands.crawl import Command as ScrapyCrawl
from scrapy.crawler import AsyncCrawlerProcess
from scrapy.exceptions import UsageError

from counterfoil.exceptions import CounterfoilError, Superseded
from crawlers.base import CRASHED, SUPERSEDED, MarketplaceSpider

_WRONG_INPUT = 2


class Command(ScrapyCrawl):
    """Runs one spider; ends with the spider's own exit code."""

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Crawl. Errors raised on purpose are printed without a traceback."""
        if len(args) != 1:
            raise UsageError("name one spider: see `scrapy list`")
        if not isinstance(self.crawler_process, AsyncCrawlerProcess):
            raise UsageError("this project needs Scrapy's asyncio reactor")
        crawler = self._create_crawler(args[0])
        task = self.crawler_process.crawl(crawler, **opts.spargs)
        self.crawler_process.start()
        error = task.exception() if task.done() and not task.cancelled() else None
        if isinstance(error, CounterfoilError):
            print(f"Error: {error}", file=sys.stderr)
            self.exitcode = SUPERSEDED if isinstance(error, Superseded) else _WRONG_INPUT
        elif error is not None:
            raise error
        elif isinstance(crawler.spider, MarketplaceSpider):
            self.exitcode = crawler.spider.exit_code
        else:
            self.exitcode = CRASHED if self.crawler_process.bootstrap_failed else 0
