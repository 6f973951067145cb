"""Small files that unpack to enormous ones."""

import functools
import gzip
import struct
import zlib

from starlette.types import ASGIApp

from examples.marketplace.faults.answers import Answer, instead

_MEGABYTE = 1024 * 1024
_MEMBER_MEGABYTES = 16


def gzip_bomb(megabytes: int) -> ASGIApp:
    """A page that unpacks to this much, and is a thousandth of it on the way."""
    headers = {"content-type": "text/html; charset=utf-8", "content-encoding": "gzip"}
    return instead(lambda _scope: Answer(body=_zeros_in_gzip(megabytes), headers=headers))


def png_bomb(side: int) -> ASGIApp:
    """A whole and valid PNG of side x side grey pixels."""
    return instead(lambda _scope: Answer(body=grey_png(side), headers={"content-type": "image/png"}))


@functools.lru_cache(maxsize=2)
def _zeros_in_gzip(megabytes: int) -> bytes:
    # A gzip file may have any number of members, one after the other (RFC 1952, 2.2).
    member = gzip.compress(b"\0" * (_MEMBER_MEGABYTES * _MEGABYTE), mtime=0)
    return member * max(1, megabytes // _MEMBER_MEGABYTES)


@functools.lru_cache(maxsize=2)
def grey_png(side: int) -> bytes:
    """A PNG of side x side pixels of one colour, made without drawing them."""
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", _zeros(side * (side + 1))) + _chunk(b"IEND")


def _chunk(kind: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _zeros(count: int) -> bytes:
    """A zlib stream of so many zero bytes, from one piece that is repeated."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    # After a full flush a piece needs nothing of the one before it, so it may stand there again and again.
    piece = packer.compress(b"\0" * _MEGABYTE) + packer.flush(zlib.Z_FULL_FLUSH)
    pieces, rest = divmod(count, _MEGABYTE)
    last = zlib.compressobj(9, zlib.DEFLATED, -15)
    # Of zeros only, Adler-32 is 1 and the count (RFC 1950, 8.2).
    checksum = struct.pack(">HH", count % 65_521, 1)
    return b"\x78\xda" + piece * pieces + last.compress(b"\0" * rest) + last.flush() + checksum
