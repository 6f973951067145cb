"""How much may be sent: counted as it comes in, before anything is parsed."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from console.guards.problems import problem_answer
from counterfoil.exceptions import TooLarge

_MEGABYTE = 1_000_000
_LARGEST = 1 * _MEGABYTE
# One picture of the largest size that is decoded, and what a form puts around it.
_LARGEST_UPLOAD = 21 * _MEGABYTE


class BodyLimit:
    """Answers 413 as soon as a body turns out longer than its route reads.

    Whatever is answered before a body was read to its end, the connection is closed, and the rest of it never read.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on while its body is short enough."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = _Body(_largest(scope), _is_announced(scope), receive, send)
        if _announced_size(scope) > body.largest:
            await problem_answer(scope, body.refusal)(scope, receive, body.pass_on)
            return
        try:
            await self._app(scope, body.receive, body.send)
        except TooLarge:
            # Raised below while the body was read; whatever was made of it there is not what is answered.
            if body.answered:
                raise
        if body.too_large and not body.answered:
            await problem_answer(scope, body.refusal)(scope, receive, body.pass_on)


class _Body:
    """One request's body, counted; an answer that was made of half a body is held back."""

    def __init__(self, largest: int, unread: bool, receive: Receive, send: Send) -> None:
        self.largest = largest
        self.refusal = TooLarge(
            "The request is larger than {largest} MB, which is the most that is read.", largest=largest // _MEGABYTE
        )
        self.too_large = False
        self.answered = False
        self._read = 0
        self._unread = unread
        self._receive = receive
        self._send = send

    async def receive(self) -> Message:
        """The next piece. Raises TooLarge."""
        message = await self._receive()
        self._read += len(message.get("body", b""))
        self._unread = message.get("more_body", False)
        if self._read > self.largest:
            self.too_large = True
            raise self.refusal
        return message

    async def send(self, message: Message) -> None:
        """Pass an answer on, unless it is one to a body that was cut."""
        if not self.too_large:
            self.answered = True
            await self.pass_on(message)

    async def pass_on(self, message: Message) -> None:
        """Send an answer, and with it the end of a connection that has more to read than anybody will."""
        if message["type"] == "http.response.start" and self._unread:
            MutableHeaders(scope=message)["Connection"] = "close"
        await self._send(message)


def _largest(scope: Scope) -> int:
    content_type = Headers(scope=scope).get("content-type", "")
    return _LARGEST_UPLOAD if content_type.startswith("multipart/form-data") else _LARGEST


def _is_announced(scope: Scope) -> bool:
    return _announced_size(scope) > 0 or "transfer-encoding" in Headers(scope=scope)


def _announced_size(scope: Scope) -> int:
    text = Headers(scope=scope).get("content-length", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
