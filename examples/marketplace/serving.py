"""Runs the marketplace: says where once it can be reached, and goes when it is asked to."""

import asyncio
import signal
import socket
import sys
from types import FrameType

import uvicorn
from starlette.types import ASGIApp


class _Announcing(uvicorn.Server):
    """Prints one line when connections are accepted, not before."""

    def __init__(self, config: uvicorn.Config, announcement: str) -> None:
        super().__init__(config)
        self._announcement = announcement

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        address = self.servers[0].sockets[0].getsockname()
        host = f"[{address[0]}]" if ":" in address[0] else address[0]
        print(self._announcement.format(url=f"http://{host}:{address[1]}/"), flush=True)


def run(app: ASGIApp, host: str, port: int, announcement: str, protocol: type[asyncio.Protocol] | None = None) -> None:
    """Serve until SIGTERM or SIGINT; `announcement` has a `{url}`. A port of 0 picks a free one."""
    leave_quietly()
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=protocol or "auto",
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=3,
        lifespan="off",
    )
    _Announcing(config, announcement).run()


def leave_quietly() -> None:
    """SIGTERM and SIGINT end this process with status 0: uvicorn raises them once more after it has stopped."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)


def _leave(number: int, frame: FrameType | None) -> None:
    sys.exit(0)
