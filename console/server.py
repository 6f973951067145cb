"""Runs the HTTP interface until it is asked to stop."""

import threading

import uvicorn

from console.app import create_app
from console.session import Session
from counterfoil.exceptions import InvalidSetting

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def run_server(session: Session, host: str, port: int, stop: threading.Event) -> None:
    """Serve on host and port until `stop` is set.

    Raises InvalidSetting for an address that other machines reach: there are no accounts yet, whoever reaches the pages
    may read them. It also does when the port is taken.
    """
    if host not in _LOOPBACK:
        raise InvalidSetting(
            f"COUNTERFOIL_HTTP_HOST={host}: without accounts the pages are served on this machine only (127.0.0.1). "
            "To reach them from elsewhere, put a proxy with a log-in in front."
        )
    config = uvicorn.Config(create_app(session), host=host, port=port, log_config=None, access_log=False)
    server = _Server(config)
    threading.Thread(target=_stop_with, args=(stop, server), daemon=True, name="stop").start()
    try:
        server.run()
    except SystemExit as error:
        raise InvalidSetting(f"COUNTERFOIL_HTTP_PORT={port}: {host}:{port} cannot be used, is it taken?") from error


class _Server(uvicorn.Server):
    def install_signal_handlers(self) -> None:
        """The process has its own: `stop` is what they set."""


def _stop_with(stop: threading.Event, server: uvicorn.Server) -> None:
    stop.wait()
    server.should_exit = True
