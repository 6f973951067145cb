"""Faults that do not let the crawler in: errors, rate limits, captchas, log-ins, redirects without end."""

from starlette.types import ASGIApp, Receive, Scope, Send

from examples.marketplace.faults.answers import (
    Answer,
    address_of,
    asked_otherwise,
    changed,
    http_date,
    instead,
    page,
    query_of,
)

LOGIN = "/login"


def status(code: int) -> ASGIApp:
    """Answers everything with this status."""
    return instead(lambda _scope: page(f"Error {code}", "This does not work.", code))


def rate_limit(seconds: int | None) -> ASGIApp:
    """429, with the seconds to wait if they are given."""
    wait = {} if seconds is None else {"retry_after": str(seconds)}
    return instead(lambda _scope: page("Too many requests", "Slow down, please.", 429, **wait))


def rate_limit_date(seconds: int) -> ASGIApp:
    """429, with the date of the end of the wait."""
    return instead(lambda _scope: page("Too many requests", "Slow down, please.", 429, retry_after=http_date(seconds)))


def unavailable(seconds: int | None) -> ASGIApp:
    """503, with the seconds to wait if they are given."""
    wait = {} if seconds is None else {"retry_after": str(seconds)}
    return instead(lambda _scope: page("Service unavailable", "We are working on it.", 503, **wait))


def captcha() -> ASGIApp:
    """A riddle in place of every page, and status 200 as if nothing were the matter."""
    return instead(lambda _scope: page("Robot check", "Type the characters that you see in the picture."))


def login_redirect() -> ASGIApp:
    """Sends everybody to the log-in page."""
    return instead(lambda scope: _moved(f"{LOGIN}?from={scope['path']}"))


def login_wall(app: ASGIApp) -> ASGIApp:
    """Shows the log-in form at the address of the page itself."""

    async def showing(scope: Scope, receive: Receive, send: Send) -> None:
        await app(asked_otherwise(scope, LOGIN), receive, send)

    return showing


def redirect_loop() -> ASGIApp:
    """Sends everybody round in a circle of two."""

    def there_and_back(scope: Scope) -> Answer:
        address = address_of(scope)
        if "hop" in query_of(scope):
            return _moved(address.replace("&hop=1", "").replace("?hop=1", ""))
        return _moved(address + ("&hop=1" if "?" in address else "?hop=1"))

    return instead(there_and_back)


def disallow(path: str) -> ASGIApp:
    """A robots.txt that forbids this path and what is below it."""
    return instead(lambda _scope: _robots(f"User-agent: *\nDisallow: {path}\n"))


def crawl_delay(app: ASGIApp, seconds: str) -> ASGIApp:
    """The shop's robots.txt, and a Crawl-delay in its group for all."""

    def with_delay(_scope: Scope, answer: Answer) -> Answer:
        return _robots(answer.body.decode().replace("User-agent: *\n", f"User-agent: *\nCrawl-delay: {seconds}\n"))

    return changed(app, with_delay)


def _robots(text: str) -> Answer:
    return Answer(body=text.encode(), headers={"content-type": "text/plain; charset=utf-8"})


def _moved(location: str) -> Answer:
    return page("Moved", "It is somewhere else.", 302, location=location)
