"""Every request is answered in a language that its browser asks for, where there is a catalogue for it."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from console.translation import accepted_languages, choose_languages


class Language:
    """Chooses the language before anything is rendered."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Choose, and pass the request on."""
        if scope["type"] == "http":
            choose_languages(accepted_languages(Headers(scope=scope).get("accept-language", "")))
        await self._app(scope, receive, send)
