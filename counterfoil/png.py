"""Takes out of a PNG what is not its pixels, so that nothing else in it can keep the picture from being read.

Browsers pass over a broken or bomb-like colour profile or comment and show the picture; Pillow refuses the whole file.
"""

import struct

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Length, type and checksum around each chunk's data (PNG, third edition, 5.3).
_FRAME = 12
_PICTURE = frozenset({b"IHDR", b"PLTE", b"tRNS", b"eXIf", b"IDAT", b"IEND"})
_ANIMATION = frozenset({b"acTL", b"fcTL", b"fdAT"})


def is_png(data: bytes) -> bool:
    """Whether the bytes begin as a PNG does."""
    return data.startswith(_SIGNATURE)


def without_metadata(data: bytes, *, animation: bool) -> bytes:
    """The PNG with only what its pixels, its orientation and (if asked for) its animation are made of.

    A chunk that runs past the end stays cut off as it is; what follows the end of the picture goes.
    """
    wanted = _PICTURE | _ANIMATION if animation else _PICTURE
    kept = [_SIGNATURE]
    position = len(_SIGNATURE)
    while position + _FRAME <= len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        end = position + _FRAME + length
        if kind in wanted:
            kept.append(data[position:end])
        if kind == b"IEND":
            break
        position = end
    return b"".join(kept)
