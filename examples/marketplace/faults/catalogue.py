"""All faults by name: what each does, which value it takes, and which pages it is made for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp

from counterfoil.exceptions import InvalidInput
from examples.marketplace.faults import bombs, refusals, rewrites, wire
from examples.marketplace.faults.spec import Fault, PageKind

_ANY = frozenset(PageKind)
_PAGES = frozenset({PageKind.RESULTS, PageKind.LISTING})
_FILES = frozenset({PageKind.RESULTS, PageKind.LISTING, PageKind.IMAGE})
_RESULTS = frozenset({PageKind.RESULTS})
_IMAGES = frozenset({PageKind.IMAGE})
_ROBOTS = frozenset({PageKind.ROBOTS})


@dataclass(frozen=True, slots=True)
class Misbehaviour:
    """One kind of fault: `wrap` puts it in front of the shop, `read` makes its value of what was written."""

    help: str
    kinds: frozenset[PageKind]
    wrap: Callable[[ASGIApp, Any], ASGIApp]
    read: Callable[[str | None], Any]

    def in_front_of(self, app: ASGIApp, written: str | None) -> ASGIApp:
        """The shop with this fault."""
        return self.wrap(app, self.read(written))


def _no_value(written: str | None) -> None:
    if written is not None:
        raise ValueError("it takes no value")


def _whole(least: int, most: int, otherwise: int | None) -> Callable[[str | None], int | None]:
    def read(written: str | None) -> int | None:
        if written is None:
            return otherwise
        if not (written.isascii() and written.isdigit() and least <= int(written) <= most):
            raise ValueError(f"expected a whole number from {least} to {most}")
        return int(written)

    return read


def _seconds(otherwise: float) -> Callable[[str | None], float]:
    def read(written: str | None) -> float:
        try:
            seconds = otherwise if written is None else float(written)
        except ValueError:
            seconds = -1
        if not 0 <= seconds <= 86_400:
            raise ValueError("expected seconds, such as 0.5")
        return seconds

    return read


def _one_of(*words: str) -> Callable[[str | None], str]:
    def read(written: str | None) -> str:
        if written is not None and written not in words:
            raise ValueError(f"expected one of {', '.join(words)}")
        return written or words[0]

    return read


def _text(otherwise: str) -> Callable[[str | None], str]:
    return lambda written: written or otherwise


# The shop is not needed where the fault answers in its place.
FAULTS: Mapping[str, Misbehaviour] = {
    "slow": Misbehaviour("answers after VALUE seconds (1)", _ANY, wire.slow, _seconds(1)),
    "hang": Misbehaviour(
        "never ends: says nothing (headers), stops in the body (body) or lets it drip (drip)",
        _FILES,
        wire.hang,
        _one_of("headers", "body", "drip"),
    ),
    "status": Misbehaviour(
        "answers with status VALUE (500)", _ANY, lambda _, code: refusals.status(code), _whole(400, 599, 500)
    ),
    "rate-limit": Misbehaviour(
        "429, with Retry-After: VALUE seconds where given",
        _FILES,
        lambda _, seconds: refusals.rate_limit(seconds),
        _whole(0, 10**9, None),
    ),
    "rate-limit-date": Misbehaviour(
        "429, with Retry-After: the date in VALUE seconds (60)",
        _FILES,
        lambda _, seconds: refusals.rate_limit_date(seconds),
        _whole(0, 10**8, 60),
    ),
    "unavailable": Misbehaviour(
        "503, with Retry-After: VALUE seconds where given",
        _FILES,
        lambda _, seconds: refusals.unavailable(seconds),
        _whole(0, 10**9, None),
    ),
    "captcha": Misbehaviour("a riddle with status 200", _PAGES, lambda _, __: refusals.captcha(), _no_value),
    "login-redirect": Misbehaviour(
        "redirects to the log-in page", _PAGES, lambda _, __: refusals.login_redirect(), _no_value
    ),
    "login-wall": Misbehaviour(
        "shows the log-in form in place", _PAGES, lambda app, _: refusals.login_wall(app), _no_value
    ),
    "redirect-loop": Misbehaviour("redirects in a circle", _FILES, lambda _, __: refusals.redirect_loop(), _no_value),
    "layout": Misbehaviour(
        "another layout, nothing stated for machines", _PAGES, lambda app, _: rewrites.layout(app), _no_value
    ),
    "no-results": Misbehaviour("finds nothing", _RESULTS, lambda app, _: rewrites.no_results(app), _no_value),
    "endless-pages": Misbehaviour(
        "pages of results without end, always new ids", _PAGES, lambda app, _: rewrites.endless_pages(app), _no_value
    ),
    "repeated-pages": Misbehaviour(
        "the first page of results again and again", _RESULTS, lambda app, _: rewrites.repeated_pages(app), _no_value
    ),
    "broken-json-ld": Misbehaviour(
        "JSON-LD breaks off", _PAGES, lambda app, _: rewrites.broken_json_ld(app), _no_value
    ),
    "wrong-charset": Misbehaviour(
        "UTF-8 said to be VALUE (iso-8859-1)", _PAGES, rewrites.wrong_charset, _text("iso-8859-1")
    ),
    "missing-charset": Misbehaviour(
        "UTF-8 without a word about it", _PAGES, lambda app, _: rewrites.missing_charset(app), _no_value
    ),
    "truncated": Misbehaviour(
        "the connection breaks in the body", _FILES, lambda app, _: wire.truncated(app), _no_value
    ),
    "broken-chunks": Misbehaviour(
        "a chunked body breaks off (cut) or has a chunk without size (garbage)",
        _FILES,
        wire.broken_chunks,
        _one_of("cut", "garbage"),
    ),
    "length-too-large": Misbehaviour(
        "Content-Length says more than comes", _FILES, lambda app, _: wire.length_too_large(app), _no_value
    ),
    "length-too-small": Misbehaviour(
        "Content-Length says half of what comes", _FILES, lambda app, _: wire.length_too_small(app), _no_value
    ),
    "gzip-bomb": Misbehaviour(
        "a page that unpacks to VALUE megabytes (1024)",
        _PAGES,
        lambda _, megabytes: bombs.gzip_bomb(megabytes),
        _whole(16, 16_384, 1_024),
    ),
    "png-bomb": Misbehaviour(
        "a PNG with VALUE pixels (50000) on each side",
        _IMAGES,
        lambda _, side: bombs.png_bomb(side),
        _whole(1, 100_000, 50_000),
    ),
    "html-images": Misbehaviour(
        "pages in place of pictures", _IMAGES, lambda app, _: rewrites.html_images(app), _no_value
    ),
    "disallow": Misbehaviour(
        "robots.txt forbids VALUE (/)", _ROBOTS, lambda _, path: refusals.disallow(path), _text("/")
    ),
    "crawl-delay": Misbehaviour("robots.txt has Crawl-delay: VALUE (5)", _ROBOTS, refusals.crawl_delay, _text("5")),
}


def checked(fault: Fault) -> Fault:
    """The fault itself. Raises InvalidInput where there is none of its name, or its value is wrong."""
    if fault.name not in FAULTS:
        raise InvalidInput(f"There is no fault {fault.name!r}. There are: {', '.join(FAULTS)}.")
    try:
        FAULTS[fault.name].read(fault.value)
    except ValueError as error:
        raise InvalidInput(f"Fault {fault}: {error}.") from error
    return fault


def described() -> str:
    """All faults, one line each, for the help."""
    wide = max(map(len, FAULTS))
    return "\n".join(f"  {name:<{wide}}  {one.help}" for name, one in FAULTS.items())
