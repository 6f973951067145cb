"""The session's cookie: no script reads it, no other site sends it along, and over TLS nothing else can set it."""

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from console.public_address import uses_tls
from counterfoil.settings import Settings

_NAME = "counterfoil"
# A browser takes a cookie of such a name only over TLS, for the whole host, from the host itself (RFC 6265bis).
_TLS_NAME = f"__Host-{_NAME}"


def session_token(connection: HTTPConnection, settings: Settings) -> str | None:
    """The session token that a browser sent."""
    return connection.cookies.get(_name(settings))


def set_session_token(response: Response, settings: Settings, token: str) -> None:
    """Let the browser keep a session token until it is closed, or the session expires."""
    response.set_cookie(
        _name(settings),
        token,
        max_age=settings.session_hours * 3600,
        path="/",
        secure=uses_tls(settings),
        httponly=True,
        samesite="lax",
    )


def forget_session_token(response: Response, settings: Settings) -> None:
    """Let the browser forget its session token."""
    response.delete_cookie(_name(settings), path="/", secure=uses_tls(settings), httponly=True, samesite="lax")


def _name(settings: Settings) -> str:
    return _TLS_NAME if uses_tls(settings) else _NAME


class RenewedCookie:
    """Tells the browser its session's new token, where the session was given one while the request was answered."""

    def __init__(self, app: ASGIApp, *, settings: Settings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and add the cookie to its answer."""
        state = scope.setdefault("state", {})

        async def send_with_cookie(message: Message) -> None:
            token = state.get("new_token")
            if message["type"] == "http.response.start" and token is not None:
                cookie = Response()
                set_session_token(cookie, self._settings, token)
                MutableHeaders(scope=message).append("set-cookie", cookie.headers["set-cookie"])
            await send(message)

        await self._app(scope, receive, send_with_cookie)
