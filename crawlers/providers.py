"""How page classes reach the spiders' callbacks: scrapy-poet's injection, and the declaration that ours ask for."""

from collections.abc import Callable, Sequence
from typing import Any

from scrapy import Request, Spider
from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy.http.request import NO_CALLBACK
from scrapy_poet.api import DummyResponse
from scrapy_poet.downloadermiddlewares import InjectionMiddleware
from scrapy_poet.page_input_providers import PageObjectInputProvider

from counterfoil.exceptions import InvalidInput
from counterfoil.marketplaces import Marketplace
from crawlers.base import MarketplaceSpider


class DeclarationProvider(PageObjectInputProvider):
    """Provides `Marketplace` to whatever page class asks for it."""

    provided_classes = {Marketplace}  # noqa: RUF012 - named and read by scrapy-poet

    def __call__(self, to_provide: set[Callable[..., Any]], crawler: Crawler) -> Sequence[Marketplace]:
        """The declaration that the running spider was started for."""
        if not isinstance(crawler.spider, MarketplaceSpider):
            raise InvalidInput("Pages of marketplaces are read by this project's own spiders only.")
        return [crawler.spider.assignment.marketplace]


class PageInjection(InjectionMiddleware):
    """scrapy-poet's injection for requests that have a callback; pictures and robots.txt have none to inject into."""

    def process_request(self, request: Request, spider: Spider | None = None) -> DummyResponse | None:
        """Let it through, or answer it without a download when no callback needs one."""
        return None if request.callback is NO_CALLBACK else super().process_request(request)

    async def process_response(
        self, request: Request, response: Response, spider: Spider | None = None
    ) -> Request | Response:
        """Make the page objects that the callback asks for."""
        return response if request.callback is NO_CALLBACK else await super().process_response(request, response)
