"""Holds every outgoing request to the address guard: pages, redirects, robots.txt and pictures alike.

The middleware judges the URL and requests it under its canonical spelling; `crawlers.resolver` judges the addresses
that its name turns out to have. Behind a proxy only names and literal addresses can be judged.
"""

import logging
from typing import Self

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import CannotResolveHostError
from scrapy.http.request import NO_CALLBACK
from scrapy.statscollectors import StatsCollector
from scrapy.utils.httpobj import urlparse_cached

from counterfoil.egress import EgressGuard, Target, guard_from
from counterfoil.exceptions import AddressRefused
from counterfoil.settings import load_settings
from crawlers.failures import RequestRefused
from crawlers.resolver import GuardedResolver

log = logging.getLogger(__name__)

REFUSED = "egress/refused"
_RESPELT = "egress_respelt"


class EgressMiddleware:
    """Lets a request out only if the guard allows its address, under its canonical spelling."""

    def __init__(self, guard: EgressGuard, stats: StatsCollector, proxy: str | None = None) -> None:
        self._guard = guard
        self._stats = stats
        self._proxy = proxy

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Made from Counterfoil's settings."""
        settings = load_settings()
        if settings.proxy:
            log.warning(
                "Requests go through COUNTERFOIL_PROXY: names and literal addresses are checked before, but what "
                "address a name has there, and what the proxy connects to, cannot be seen from here."
            )
        return cls(guard_from(settings), crawler.stats, settings.proxy_address)

    def process_request(self, request: Request) -> Request | None:
        """Refuse the request, replace it by one with the canonical address, or let it pass."""
        try:
            canonical = self._respelt(request)
        except (AddressRefused, ValueError) as error:
            raise refuse(request, error, self._stats) from error
        if canonical is None:
            # None keeps Scrapy from taking a proxy out of the environment that nobody set here.
            request.meta["proxy"] = self._proxy
        return canonical

    def _respelt(self, request: Request) -> Request | None:
        """The request under its canonical address; None if it has that already."""
        target = self._guard.check_url(request.url)
        if request.url == target.href:
            _check_agreement(request, target)
            return None
        canonical = request.replace(url=target.href)
        if canonical.url == request.url:
            # Scrapy escapes a few characters more; what it makes of the address is judged as well.
            _check_agreement(request, target)
            return None
        if request.meta.get(_RESPELT) == request.url:
            raise AddressRefused(f"{request.url[:200]!r} has no canonical spelling.")
        canonical.meta[_RESPELT] = canonical.url
        # The one that it replaces may have left its fingerprint already.
        canonical.dont_filter = True
        return canonical


def _check_agreement(request: Request, target: Target) -> None:
    """Scrapy and Twisted split addresses in their own way: the host they see must be the one that was judged."""
    seen = urlparse_cached(request)
    if (seen.hostname or "").strip("[]") != target.host or (seen.port or target.port) != target.port:
        raise AddressRefused(f"{request.url[:200]!r} is read differently by different programs.")


class RefusedNameMiddleware:
    """Tells a name that the guard refused from one that does not exist, so that it is neither retried nor mistaken."""

    def __init__(self, stats: StatsCollector) -> None:
        self._stats = stats

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Made for a crawler."""
        return cls(crawler.stats)

    def process_exception(self, request: Request, exception: Exception) -> None:
        """Turn the failed look-up of a refused name into a refusal."""
        if not isinstance(exception, CannotResolveHostError):
            return
        from twisted.internet import reactor

        resolver = getattr(reactor, "nameResolver", None)
        error = resolver.refusal(urlparse_cached(request).hostname) if isinstance(resolver, GuardedResolver) else None
        if error is not None:
            raise refuse(request, error, self._stats) from error


def refuse(request: Request, error: Exception, stats: StatsCollector) -> RequestRefused:
    """Log a refusal; the exception to raise. Pictures and robots.txt are counted here, pages where they fail."""
    log.warning("refused: %s", error)
    if request.callback is NO_CALLBACK:
        stats.inc_value(REFUSED)
    return RequestRefused(f"refused: {error}", request.url)
