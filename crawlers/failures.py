"""Says what became of a page that did not come: from an HTTP status, or from what the downloader raised."""

from OpenSSL import SSL
from scrapy import Request
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
    """The address guard does not let this request out; `url` is the address that it refused."""

    def __init__(self, message: str, url: str = "") -> None:
        super().__init__(message)
        self.url = url


class RobotsDisallowed(IgnoreRequest):
    """robots.txt does not allow this address, or could not be had."""


class SiteUnreachable(IgnoreRequest):
    """Nothing answers at this address at all: its robots.txt has been asked for in vain."""


class SiteResting(IgnoreRequest):
    """The site has asked for a pause (429, Retry-After) that is longer than a crawl waits."""


class BodyTooLarge(IgnoreRequest):
    """The body unpacks to more than is read of any page."""


class BodyBroken(IgnoreRequest):
    """The body is not packed in the way that its header says."""


class CrawlStopping(IgnoreRequest):
    """The request was not sent, because the crawl is ending."""


class BrowserBroke(DownloadFailedError):
    """The browser could not make a page of what came: it crashed, ran out of memory, or was told to stop."""


_RAISED: dict[type[BaseException], Fate] = {
    CrawlStopping: Fate.STOPPED,
    BrowserBroke: Fate.CRASHED,
    RobotsDisallowed: Fate.ROBOTS,
    SiteUnreachable: Fate.UNREACHABLE,
    SiteResting: Fate.RATE_LIMITED,
    RequestRefused: Fate.REFUSED,
    BodyBroken: Fate.UNREACHABLE,
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

# Where the exception's own words are made for programmers, or missing.
_WORDS: dict[type[BaseException], str] = {
    CannotResolveHostError: "this host is not known",
    DownloadConnectionRefusedError: "nobody takes connections there",
    DownloadTimeoutError: "no whole answer came in time",
    ResponseDataLossError: "the answer broke off before its end",
    DownloadFailedError: "the connection broke, or what came is no HTTP",
    DownloadCancelledError: "the answer is larger than COUNTERFOIL_RESPONSE_MEGABYTES allows",
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


def describe(failure: Failure) -> str:
    """A failure in a line, with the address that it is about."""
    request = getattr(failure, "request", None)
    where = f"{request.url}: " if isinstance(request, Request) else ""
    return f"{where}{explain(failure.value)}"


def explain(error: BaseException | None) -> str:
    """What went wrong, in words for the operator."""
    if isinstance(error, HttpError):
        return f"answered {error.response.status}"
    if str(error) == "max redirections reached":
        return "redirects without end"
    underneath = _underneath(error) if isinstance(error, DownloadFailedError) else ""
    words = next((words for kind, words in _WORDS.items() if isinstance(error, kind)), None)
    return (underneath or words or str(error) or type(error).__name__)[:500]


def _underneath(error: DownloadFailedError) -> str:
    """What Twisted and OpenSSL have wrapped, in their words; empty where they have none."""
    reasons = [reason.value for reason in getattr(error.__cause__, "reasons", ())]
    for reason in reasons:
        if isinstance(reason, SSL.Error):
            return "TLS: " + ", ".join(str(words) for *_, words in reason.args[0])
    return "; ".join(map(str, reasons))
