"""Refuses changes that another site makes a browser ask for: the half of the defence that needs no session."""

from collections.abc import Collection

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from console.guards.problems import problem_answer
from counterfoil.exceptions import Forbidden

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class OwnOrigin:
    """Lets a state-changing request through only from our own pages, or from a program with an API key."""

    def __init__(self, app: ASGIApp, *, origins: Collection[str]) -> None:
        self._app = app
        self._origins = frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 403."""
        if scope["type"] == "http" and scope["method"] not in SAFE_METHODS and not self._is_ours(scope):
            refusal = Forbidden("This request does not come from Counterfoil's own pages: open them, and try there.")
            await problem_answer(scope, refusal)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _is_ours(self, scope: Scope) -> bool:
        headers = Headers(scope=scope)
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        if site is not None and site != "same-origin":
            return False
        if origin is not None:
            return origin in self._origins or origin == f"{scope['scheme']}://{headers.get('host', '')}"
        # Every browser sends one of the two with a form; a program sends neither, and no cookie speaks for it.
        return site is not None or "authorization" in headers
