"""Marks requests that are to be made by a browser, and says when their page is ready. Needs no browser itself."""

from collections.abc import Sequence
from dataclasses import dataclass

from scrapy import Request

IN_BROWSER = "in_browser"
# A `PageRecording` that is to take down what the page looks like and what it loads.
RECORDING = "page_recording"


@dataclass(frozen=True, slots=True)
class Ready:
    """When a page counts as complete: as soon as one of these elements (CSS) is there; without any, when it is quiet.

    After `seconds` it is taken as it is.
    """

    selectors: tuple[str, ...] = ()
    seconds: float = 15


def in_browser(request: Request, selectors: Sequence[str | None] = ()) -> Request:
    """The same request, to be made by a browser; ready when one of the selectors is there."""
    ready = Ready(tuple(plain for selector in selectors if (plain := _without_pseudo(selector))))
    # A page that takes all its time costs a browser that long: it gets one more chance, not two.
    return request.replace(meta={**request.meta, IN_BROWSER: ready, "max_retry_times": 1})


def wants_browser(request: Request) -> bool:
    """Whether a request is to be made by a browser."""
    return IN_BROWSER in request.meta


def _without_pseudo(selector: str | None) -> str:
    """A declared selector without parsel's ::text and ::attr(...), which no browser knows."""
    return (selector or "").partition("::")[0].strip()
