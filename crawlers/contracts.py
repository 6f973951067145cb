"""The spiders' contract that `scrapy check` runs, without a network: what they make of the pages that are kept."""

from collections.abc import Iterator, Sequence
from typing import Any

from scrapy import Request
from scrapy.contracts import Contract
from scrapy.exceptions import ContractFail
from scrapy.http import HtmlResponse, Response, TextResponse

from counterfoil.settings import load_settings
from crawlers.addresses import listing_id
from crawlers.base import MarketplaceSpider
from crawlers.items import ListingItem
from crawlers.recorded_pages import Case, read_cases

_CASE = "recorded_case"


class RecordedContract(Contract):
    """`@recorded KIND`: the callback finds on the first kept page of this kind what a person saw there.

    Of a page of results every expected listing is asked for; of an item's page title, price and currency are as
    expected. A marketplace without such a page has nothing to check.
    """

    name = "recorded"

    def adjust_request_args(self, args: dict[str, Any]) -> dict[str, Any]:
        """Ask for the kept page of the marketplace that the spider was started for."""
        spider = getattr(args["callback"], "__self__", None)
        if not isinstance(spider, MarketplaceSpider):
            raise TypeError("only callbacks of this project's spiders have recorded pages")
        self._marketplace = spider.assignment.marketplace
        self._case = next(self._cases(), None)
        if self._case is None:
            return args
        return {**args, "url": self._case.url, "meta": {_CASE: self._case}}

    def post_process(self, output: Sequence[Any]) -> None:
        """Compare what the callback made of the page. Raises ContractFail."""
        if self._case is None:
            return
        expected = self._case.expected["listings"]
        if self._case.expected["kind"] == "product":
            _compare([one for one in output if isinstance(one, ListingItem)], expected[0])
            return
        asked = {listing_id(self._marketplace, one.url) for one in output if isinstance(one, Request)}
        missing = [one["id"] for one in expected if one["id"] not in asked]
        if missing:
            raise ContractFail(f"{self._case.path.name}: not asked for: {', '.join(map(str, missing))}")

    def _cases(self) -> Iterator[Case]:
        kind = self.args[0]
        for case in read_cases(load_settings(), self._marketplace):
            # What belongs to an API has no address that a spider of pages could ask.
            if case.url is not None and case.expected.get("kind") == kind and case.expected.get("listings"):
                yield case


class RecordedAnswers:
    """Answers requests for kept pages with them: nothing leaves this machine."""

    def process_request(self, request: Request) -> Response | None:
        """The kept page that the request is for; None for any other request."""
        case = request.meta.get(_CASE)
        if not isinstance(case, Case):
            return None
        is_data = case.body.lstrip()[:1] in (b"{", b"[")
        return (TextResponse if is_data else HtmlResponse)(request.url, body=case.body, request=request)


def _compare(items: Sequence[ListingItem], expected: dict[str, Any]) -> None:
    if len(items) != 1:
        raise ContractFail(f"{len(items)} listings were read of the page of one")
    for name in ("title", "price", "currency"):
        value = getattr(items[0], name)
        said = None if value is None else str(value)
        if said != expected.get(name):
            raise ContractFail(f"{name}: expected {expected.get(name)!r}, read {said!r}")
