"""The marketplace as a page of scripts: its pages come empty, and their content is fetched and put in by a browser."""

from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Receive, Scope, Send

CONTENT = "/-/content"
_WHOLE = ("/robots.txt", "/sitemap.xml", "/healthz", "/image/", "/static/", "/-/")
_SHELL = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Loading</title></head>
<body><noscript>This marketplace needs scripts.</noscript><script src="/static/scripted.js"></script></body>
</html>
"""


class ScriptedPages:
    """Around the marketplace: every page is the same empty shell, whose script asks for the content below `/-/content`.

    As with most such shops, the shell's status is 200 whatever the content's is.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the shell, the content, or what is no page."""
        path = scope.get("path", "")
        if scope["type"] == "http" and path.startswith(CONTENT):
            inner = {name: value for name, value in scope.items() if name != "raw_path"}
            await self._app({**inner, "path": path.removeprefix(CONTENT)}, receive, send)
        elif scope["type"] == "http" and not path.startswith(_WHOLE):
            await HTMLResponse(_SHELL)(scope, receive, send)
        else:
            await self._app(scope, receive, send)
