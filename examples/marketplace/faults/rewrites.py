"""Faults in what the pages say: another layout, broken data, results without end, the wrong charset."""

import re
from html import escape
from urllib.parse import urlencode

from starlette.types import ASGIApp, Receive, Scope, Send

from examples.marketplace.faults.answers import (
    Answer,
    asked_otherwise,
    changed,
    collected,
    page,
    query_of,
    say,
)

_JSON_LD = re.compile(r'(<script type="application/ld\+json">)(.*?)(</script>)', re.DOTALL)
_METAS = re.compile(r'<meta property="[^>]*>')
_CHARSET = '<meta charset="utf-8">'
_PAGING = re.compile(r'<nav class="pagination".*?</nav>|<link rel="(?:next|prev)"[^>]*>', re.DOTALL)
_LISTING_LINK = re.compile(r'(href="/listing/[^"]+)"')
# What endless results append to the ids of listings that they show once more.
_AGAIN = re.compile(r"~again\d+$")


def layout(app: ASGIApp) -> ASGIApp:
    """The same shop after a redesign: every class has another name, and nothing is stated for machines."""

    def redesigned(_scope: Scope, answer: Answer) -> Answer:
        if not answer.is_html:
            return answer
        text = _METAS.sub("", _JSON_LD.sub("", answer.body.decode()))
        for old, new in (('class="', 'class="x7-'), ("<h1", "<h3"), ("</h1>", "</h3>"), ('rel="next"', "")):
            text = text.replace(old, new)
        return answer.with_text(text)

    return changed(app, redesigned)


def no_results(app: ASGIApp) -> ASGIApp:
    """A search that finds nothing, whatever is asked for."""

    async def finding_nothing(scope: Scope, receive: Receive, send: Send) -> None:
        await app(asked_otherwise(scope, q="0nothing0", page="1"), receive, send)

    return finding_nothing


def broken_json_ld(app: ASGIApp) -> ASGIApp:
    """Pages whose JSON-LD breaks off in the middle."""

    def broken(_scope: Scope, answer: Answer) -> Answer:
        def halved(found: re.Match[str]) -> str:
            return found[1] + found[2][: len(found[2]) // 2] + found[3]

        return answer.with_text(_JSON_LD.sub(halved, answer.body.decode())) if answer.is_html else answer

    return changed(app, broken)


def wrong_charset(app: ASGIApp, name: str) -> ASGIApp:
    """UTF-8 that is said to be something else, in the header and in the page."""

    def misnamed(_scope: Scope, answer: Answer) -> Answer:
        if not answer.is_html:
            return answer
        text = answer.body.decode().replace(_CHARSET, f'<meta charset="{name}">')
        return answer.with_text(text).with_header("content-type", f"text/html; charset={name}")

    return changed(app, misnamed)


def missing_charset(app: ASGIApp) -> ASGIApp:
    """UTF-8 that nobody says is UTF-8."""

    def unnamed(_scope: Scope, answer: Answer) -> Answer:
        if not answer.is_html:
            return answer
        return answer.with_text(answer.body.decode().replace(_CHARSET, "")).with_header("content-type", "text/html")

    return changed(app, unnamed)


def repeated_pages(app: ASGIApp) -> ASGIApp:
    """Results that go on for ever and show the first page each time."""

    async def repeating(scope: Scope, receive: Receive, send: Send) -> None:
        first = await collected(app, asked_otherwise(scope, page="1"), receive)
        await say(_with_next(first, scope), send)

    return repeating


def endless_pages(app: ASGIApp) -> ASGIApp:
    """Results that go on for ever, each page with listings that no page had before."""

    async def going_on(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].startswith("/listing/"):
            # The listings that results show once more are the old ones, under another id.
            await app(asked_otherwise(scope, _AGAIN.sub("", scope["path"])), receive, send)
            return
        answer = await collected(app, scope, receive)
        if answer.status == 404:
            first = await collected(app, asked_otherwise(scope, page="1"), receive)
            answer = first.with_text(_LISTING_LINK.sub(rf'\1~again{_number(scope)}"', first.body.decode()))
        await say(_with_next(answer, scope), send)

    return going_on


def html_images(app: ASGIApp) -> ASGIApp:
    """Pages in place of pictures, with status 200."""

    def refused(_scope: Scope, _answer: Answer) -> Answer:
        return page("No hotlinking", "Pictures are shown on our own pages only.")

    return changed(app, refused)


def _with_next(answer: Answer, scope: Scope) -> Answer:
    following = urlencode({**query_of(scope), "page": _number(scope) + 1})
    paging = f'<nav class="pagination"><a rel="next" href="/search?{escape(following)}">Next</a></nav></main>'
    return answer.with_text(_PAGING.sub("", answer.body.decode()).replace("</main>", paging))


def _number(scope: Scope) -> int:
    number = query_of(scope).get("page", "1")
    return int(number) if number.isascii() and number.isdigit() else 1
