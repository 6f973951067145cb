"""Reads the pictures that a person registers or searches by: files, or addresses fetched through the egress guard."""

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from counterfoil.egress import guard_from
from counterfoil.exceptions import InvalidInput, TooLarge
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
    if is_address(source):
        return read_picture_at(source, settings)
    path = folder / source
    return Picture(source=str(path), data=_read_file(path))


def read_picture_at(address: str, settings: Settings) -> Picture:
    """A picture by its address. Raises FetchFailed or AddressRefused."""
    agent, proxy = user_agent(settings), settings.proxy_address
    data = fetch(address, guard_from(settings), largest=_LARGEST, user_agent=agent, proxy=proxy)
    return Picture(source=address, data=data)


def is_address(source: str) -> bool:
    """Whether a picture is named by an address, and not by a path."""
    return source.lower().startswith(("http://", "https://"))


def read_upload(name: str | None, file: BinaryIO) -> Picture:
    """A picture that a browser or a program has sent, named by its file's name. Raises TooLarge, or InvalidInput."""
    data = file.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise TooLarge("The picture is larger than {largest:,} bytes.", largest=_LARGEST)
    if not data:
        raise InvalidInput("The picture is empty (0 bytes).")
    printable = "".join(character for character in (name or "")[-200:] if character.isprintable())
    return Picture(source=printable or "upload", data=data)


def _read_file(path: Path) -> bytes:
    try:
        if path.stat().st_size > _LARGEST:
            raise InvalidInput("{path} is larger than {largest:,} bytes.", path=path, largest=_LARGEST)
        return path.read_bytes()
    except OSError as error:
        raise InvalidInput("{path} cannot be read: {reason}.", path=path, reason=error.strerror or error) from error
