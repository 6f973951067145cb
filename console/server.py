"""Runs the HTTP interface until it is asked to stop."""

import gc
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from console.app import create_app
from console.installation import Installation
from console.public_address import uses_tls
from counterfoil.exceptions import InvalidSetting, StoreError
from counterfoil.settings import Settings

log = logging.getLogger(__name__)

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def run_server(installation: Installation, host: str, port: int, stop: threading.Event) -> None:
    """Serve on host and port until `stop` is set.

    Raises InvalidSetting for an address that other machines reach in the clear, unless that is asked for; for a
    certificate that cannot be used; and when the port is taken.
    """
    settings = installation.settings
    _require_tls(settings, host)
    _require_both(settings)
    proxies = list(settings.http_trusted_proxies)
    config = uvicorn.Config(
        create_app(installation, stop),
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=proxies,
        ssl_certfile=settings.http_tls_certificate,
        ssl_keyfile=settings.http_tls_key,
    )
    _load_certificate(config)
    server = _Server(config)
    _spare_what_stays()
    threading.Thread(target=_read_pictures, args=(installation,), daemon=True, name="pictures").start()
    threading.Thread(target=_stop_with, args=(stop, server), daemon=True, name="stop").start()
    try:
        server.run()
    except SystemExit as error:
        raise InvalidSetting(f"COUNTERFOIL_HTTP_PORT={port}: {host}:{port} cannot be used, is it taken?") from error


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """The process has its own: `stop` is what they set, and what is told live ends by it."""
        yield


def _spare_what_stays() -> None:
    """Leave all that the program consists of out of the collecting of garbage.

    Going through it takes a tenth of a second, every few dozen requests, in the middle of one of them.
    """
    gc.collect()
    gc.freeze()


def _require_tls(settings: Settings, host: str) -> None:
    if host in _LOOPBACK or uses_tls(settings) or settings.http_without_tls:
        return
    raise InvalidSetting(
        f"COUNTERFOIL_HTTP_HOST={host}: other machines would send passwords in the clear. Set "
        "COUNTERFOIL_HTTP_TLS_CERTIFICATE and COUNTERFOIL_HTTP_TLS_KEY; or, behind a proxy that speaks TLS, "
        "COUNTERFOIL_HTTP_URL=https://...; or, on a network that you trust, COUNTERFOIL_HTTP_WITHOUT_TLS=true."
    )


def _require_both(settings: Settings) -> None:
    if (settings.http_tls_certificate is None) != (settings.http_tls_key is None):
        raise InvalidSetting("COUNTERFOIL_HTTP_TLS_CERTIFICATE and COUNTERFOIL_HTTP_TLS_KEY go together: set both.")


def _load_certificate(config: uvicorn.Config) -> None:
    try:
        config.load()
    except OSError as error:
        # ssl.SSLError is one, too.
        raise InvalidSetting(
            f"COUNTERFOIL_HTTP_TLS_CERTIFICATE={config.ssl_certfile}: it cannot be used with "
            f"COUNTERFOIL_HTTP_TLS_KEY={config.ssl_keyfile}: {error}."
        ) from error


def _read_pictures(installation: Installation) -> None:
    """The first search by picture would read for seconds where a million are known."""
    try:
        installation.known_pictures.read()
    except StoreError as error:
        log.warning("crawled pictures are read by the first search for one: %s", error)


def _stop_with(stop: threading.Event, server: uvicorn.Server) -> None:
    stop.wait()
    server.should_exit = True
