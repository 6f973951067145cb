"""Says what became of a page that did not come: from an HTTP status, or from what the downloader raised."""

from OpenSSL import SSL
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
)
from scrapy.spidermiddlewares.httperror import HttpError
from twisted.internet.error import ConnectError, ConnectionDone, ConnectionLost
from twisted.python.failure import Failure

from crawlers.observations import Fate


class RequestRefused(IgnoreRequest):
    """The address guard does not let this request out."""


class RobotsDisallowed(IgnoreRequest):
    """robots.txt does not allow this address, or could not be had."""


class SiteUnreachable(IgnoreRequest):
    """Nothing answers at this address at all: its robots.txt has been asked for in vain."""


class CrawlStopping(IgnoreRequest):
    """The request was not sent, because the crawl is ending."""


_RAISED: dict[type[BaseException], Fate] = {
    CrawlStopping: Fate.STOPPED,
    RobotsDisallowed: Fate.ROBOTS,
    SiteUnreachable: Fate.UNREACHABLE,
    RequestRefused: Fate.REFUSED,
    CannotResolveHostError: Fate.UNREACHABLE,
    DownloadConnectionRefusedError: Fate.UNREACHABLE,
    DownloadFailedError: Fate.UNREACHABLE,
    DownloadTimeoutError: Fate.UNREACHABLE,
    ResponseDataLossError: Fate.UNREACHABLE,
    ConnectionDone: Fate.UNREACHABLE,
    ConnectError: Fate.UNREACHABLE,
    ConnectionLost: Fate.UNREACHABLE,
    OSError: Fate.UNREACHABLE,
    # Too large, on the wire or unpacked, or redirected without end: not a page that we know.
    DownloadCancelledError: Fate.LAYOUT,
    IgnoreRequest: Fate.LAYOUT,
}


def fate_of_status(status: int) -> Fate:
    """What an HTTP status says about a page."""
    if 200 <= status < 300:
        return Fate.READ
    if status in {401, 403}:
        return Fate.BLOCKED
    if status == 429:
        return Fate.RATE_LIMITED
    if status in {404, 410}:
        return Fate.GONE
    return Fate.UNREACHABLE if status >= 500 else Fate.LAYOUT


def fate_of_error(error: BaseException | None) -> Fate:
    """What an exception says about a page; one that nobody expects is a crash."""
    if isinstance(error, HttpError):
        return fate_of_status(error.response.status)
    return next((fate for kind, fate in _RAISED.items() if isinstance(error, kind)), Fate.CRASHED)


def in_words(error: BaseException) -> str:
    """What the downloader raised: in the words of what is underneath, where Twisted and OpenSSL have wrapped it."""
    reasons = [reason.value for reason in getattr(error.__cause__, "reasons", ())]
    for reason in reasons:
        if isinstance(reason, SSL.Error):
            return "TLS: " + ", ".join(str(words) for *_, words in reason.args[0])
    return "; ".join(map(str, reasons)) or str(error) or type(error).__name__


def describe(failure: Failure) -> str:
    """A failure in a line, with the address that it is about."""
    error = failure.value
    request = getattr(failure, "request", None)
    where = f"{request.url}: " if request is not None else ""
    if isinstance(error, HttpError):
        return f"{where}answered {error.response.status}"
    return f"{where}{in_words(error) if error else ''}"[:500]
