"""`scrapy check`, on kept pages: no request leaves this machine, and no marketplace has to be named."""

import argparse

from scrapy.commands.check import Command as ScrapyCheck

# It has kept pages of both kinds.
_MARKETPLACE = "ebay"


class Command(ScrapyCheck):
    """Runs the spiders' contracts; `-a marketplace=NAME` says on whose kept pages."""

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        """Read the options, and answer what is asked with kept pages."""
        super().process_options(args, opts)
        opts.spargs.setdefault("marketplace", _MARKETPLACE)
        if self.settings is None:
            raise TypeError("Scrapy gives its commands the project's settings")
        self.settings.set("SPIDER_CONTRACTS", {"crawlers.contracts.RecordedContract": 10}, "cmdline")
        middlewares = self.settings.getdict("DOWNLOADER_MIDDLEWARES")
        self.settings.set("DOWNLOADER_MIDDLEWARES", {"crawlers.contracts.RecordedAnswers": 1, **middlewares}, "cmdline")
        # There is no crawl whose books could be kept.
        self.settings.set("EXTENSIONS", {}, "cmdline")
