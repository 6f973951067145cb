"""Where browsers reach the pages, and whether over TLS: from us, or from a proxy in front."""

from counterfoil.settings import Settings


def uses_tls(settings: Settings) -> bool:
    """Whether browsers reach the pages over TLS."""
    return settings.http_tls_certificate is not None or (settings.http_url or "").startswith("https://")


def address(settings: Settings) -> str:
    """The address that browsers reach the pages by, with a slash at the end."""
    if settings.http_url:
        return settings.http_url.rstrip("/") + "/"
    host = f"[{settings.http_host}]" if ":" in settings.http_host else settings.http_host
    return f"{'https' if uses_tls(settings) else 'http'}://{host}:{settings.http_port}/"
