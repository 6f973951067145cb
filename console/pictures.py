"""Reads the pictures that a person registers or searches by: files, or addresses fetched through the egress guard."""

from dataclasses import dataclass
from pathlib import Path

from counterfoil.egress import guard_from
from counterfoil.exceptions import InvalidInput
from counterfoil.fetching import fetch
from counterfoil.settings import Settings
from counterfoil.version import user_agent

_LARGEST = 20_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture's bytes and where they came from."""

    source: str
    data: bytes


def read_picture(source: str, folder: Path, settings: Settings) -> Picture:
    """A picture by its address, or by its path relative to `folder`.

    Raises InvalidInput for a file that is not there or too large, FetchFailed or AddressRefused for an address.
    """
    if source.lower().startswith(("http://", "https://")):
        agent, proxy = user_agent(settings), settings.proxy_address
        data = fetch(source, guard_from(settings), largest=_LARGEST, user_agent=agent, proxy=proxy)
        return Picture(source=source, data=data)
    path = folder / source
    return Picture(source=str(path), data=_read_file(path))


def _read_file(path: Path) -> bytes:
    try:
        if path.stat().st_size > _LARGEST:
            raise InvalidInput(f"{path} is larger than {_LARGEST:,} bytes.")
        return path.read_bytes()
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror or error}.") from error
