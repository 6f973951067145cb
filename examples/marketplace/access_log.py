"""Writes down every request, so that a test can count what a crawler asked for."""

import json
import time
from pathlib import Path

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class AccessLog:
    """Around an ASGI application: one JSON line a request (time, method, path, query, status, bytes, user agent).

    A line is on disk before the last byte of its answer leaves: who has read the answer finds the line. An answer that
    a fault has written past ASGI has status 0, and its line comes when the connection has ended.
    """

    def __init__(self, app: ASGIApp, path: Path) -> None:
        self._app = app
        self._file = path.open("a", encoding="utf-8", buffering=1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and note how it was answered."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        seen = {"status": 0, "bytes": 0}
        written = False

        async def noting(message: Message) -> None:
            nonlocal written
            if message["type"] == "http.response.start":
                seen["status"] = message["status"]
            elif message["type"] == "http.response.body":
                seen["bytes"] += len(message.get("body", b"")) if scope["method"] != "HEAD" else 0
                if not message.get("more_body"):
                    self._write(scope, **seen)
                    written = True
            await send(message)

        await self._app(scope, receive, noting)
        if not written:
            self._write(scope, **seen)

    def _write(self, scope: Scope, status: int, bytes: int) -> None:
        agent = next((value for name, value in scope["headers"] if name == b"user-agent"), b"")
        line = {
            "time": round(time.time(), 4),
            "method": scope["method"],
            "path": scope["path"],
            "query": scope["query_string"].decode("latin-1"),
            "status": status,
            "bytes": bytes,
            "user_agent": agent.decode("latin-1"),
        }
        self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
