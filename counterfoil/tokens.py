"""Secrets that we hand out and then only recognise: session tokens, API keys, set-up links."""

import hashlib
import hmac
import secrets

# 256 bits: nothing to guess, so that a plain hash of it is enough where a password needs a slow one.
_BYTES = 32


def new_token() -> str:
    """A fresh secret, safe in addresses, cookies and headers."""
    return secrets.token_urlsafe(_BYTES)


def token_digest(token: str) -> str:
    """What is stored of a secret: its SHA-256, in hexadecimal."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def same_secret(one: str, other: str) -> bool:
    """Whether two secrets are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass"))
