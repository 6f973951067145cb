"""Tells whole pictures from what servers answer in their place, by the bytes alone and without decoding any.

Whether the pixels can be decoded is the judges' question. What is refused here is fetched again by the next crawl; what
is kept would be taken for the picture for as long as the server says that nothing has changed.
"""

import re
import struct
from collections.abc import Iterator

# More pixels than any photograph has; some formats can promise four thousand times as many in a hundred bytes.
_MOST_PIXELS = 500_000_000
# The first bytes of the formats that marketplaces serve, and where they stand.
_MAGIC = (
    (b"\xff\xd8\xff", 0, "jpeg"),
    (b"\x89PNG\r\n\x1a\n", 0, "png"),
    (b"GIF87a", 0, "gif"),
    (b"GIF89a", 0, "gif"),
    (b"BM", 0, "bmp"),
    (b"WEBP", 8, "webp"),
    (b"ftypavif", 4, "avif"),
    (b"ftypavis", 4, "avif"),
)
_PNG_END = b"IEND\xaeB`\x82"
_JPEG_END = b"\xff\xd9"
_JPEG_SCAN = 0xDA
# Decoders pass over what stands between two segments, and over the FF that a marker may be filled up with.
_JPEG_MARKER = re.compile(rb"\xff([^\x00\xff])", re.DOTALL)
# Segments or boxes that are looked at: a file of nothing else would keep the crawl busy for seconds.
_MOST_PARTS = 1_000
# Markers without a length of their own (ITU T.81, table B.1): TEM, and RST0 to EOI.
_JPEG_BARE = {0x01, *range(0xD0, 0xDA)}
# The frame headers among the markers C0 to CF; the other three are tables.
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def picture_problem(data: bytes, content_type: str = "") -> str | None:
    """Why these bytes are not kept as a picture, in words for the operator; None if they are one."""
    kind = _kind(data)
    if kind is None:
        said = f"the site answered {content_type.partition(';')[0].strip()[:60]}" if content_type else "no type is said"
        return f"is no picture: {said}, and it starts with {data[:16]!r}"
    try:
        width, height = _size(kind, data)
        whole = _is_whole(kind, data)
    except struct.error:
        return f"is cut short: the {kind} breaks off in its header"
    if width * height > _MOST_PIXELS:
        return f"is no photograph: it promises {width:,} x {height:,} pixels"
    return None if whole else f"is cut short: the {kind} has no end"


def _kind(data: bytes) -> str | None:
    return next((kind for magic, at, kind in _MAGIC if data[at : at + len(magic)] == magic), None)


def _size(kind: str, data: bytes) -> tuple[int, int]:
    """Width and height where the header of the format has them at hand, else zeros."""
    if kind == "png":
        return struct.unpack_from(">II", data, 16)
    if kind == "gif":
        return struct.unpack_from("<HH", data, 6)
    if kind == "bmp":
        width, height = struct.unpack_from("<ii", data, 18)
        return abs(width), abs(height)
    if kind == "jpeg":
        frame = next((at for marker, at in _jpeg_segments(data) if marker in _JPEG_FRAMES), None)
        height, width = struct.unpack_from(">HH", data, frame + 5) if frame is not None else (0, 0)
        return width, height
    return 0, 0


def _is_whole(kind: str, data: bytes) -> bool:
    """Whether the end is there; of GIF and BMP it cannot be told by looking for it."""
    if kind == "png":
        return _PNG_END in data
    if kind == "jpeg":
        # Not any end: a thumbnail in the header has one of its own.
        scan = next((at for marker, at in _jpeg_segments(data) if marker == _JPEG_SCAN), None)
        return scan is not None and data.find(_JPEG_END, scan) >= 0
    if kind == "webp":
        return int(struct.unpack_from("<I", data, 4)[0]) + 8 <= len(data)
    if kind == "avif":
        return _boxes_are_whole(data)
    return True


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, int]]:
    """The markers up to the first scan: (marker, where it stands). Raises struct.error where one breaks off."""
    at = 2
    for _ in range(_MOST_PARTS):
        found = _JPEG_MARKER.search(data, at)
        if found is None:
            return
        at, marker = found.end() - 2, found[1][0]
        yield marker, at
        if marker == _JPEG_SCAN:
            return
        at += 2 if marker in _JPEG_BARE else 2 + struct.unpack_from(">H", data, at + 2)[0]


def _boxes_are_whole(data: bytes) -> bool:
    """Whether all boxes end where they say, and one has pixels in it (ISO/IEC 14496-12, 4.2 and 8.11)."""
    at, pixels = 0, b"idat" in data
    for _ in range(_MOST_PARTS):
        if at + 8 > len(data):
            break
        size, kind = struct.unpack_from(">I4s", data, at)
        pixels = pixels or kind == b"mdat"
        if size == 1:
            size = struct.unpack_from(">Q", data, at + 8)[0]
        if size < 8:
            # Zero: to the end of the file. Less is nonsense, and for the judges to refuse.
            return pixels
        at += size
    return pixels and at <= len(data)
