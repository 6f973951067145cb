"""Untrusted bytes -> a picture as a person would see it, or a clear refusal.

Sizes are read from the header and checked before a single pixel is decoded: a 21 KB PNG can ask for 860 MB.
"""

import io
import warnings

import numpy as np
from PIL import Image, ImageFile, UnidentifiedImageError, features

from counterfoil.exceptions import UnreadablePicture
from counterfoil.png import is_png, without_metadata

# What marketplaces serve. AVIF is left out where this Pillow was built without it.
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP", *(["AVIF"] if features.check("avif") else []))
MAX_BYTES = 20_000_000
MAX_PIXELS = 40_000_000
MAX_SIDE = 20_000

# For the whole process, not around each call: switching filters back and forth is not safe between threads. What else
# Pillow has to say about broken pictures is no news: strangers' pictures must not fill our logs.
warnings.filterwarnings("ignore", module=r"PIL\.")
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)

# libjpeg goes over the whole picture once for each scan, and a scan can be ten bytes: photographs have about ten.
_MOST_SCANS = 500
_SCAN = b"\xff\xda"

_ORIENTATION_TAG = 0x0112  # EXIF 2.32, 4.6.4
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# What Pillow does to the pixels of these PNGs, and not to the one colour in them that is called transparent.
_TRANSPARENT_GREY = {"L;2": 85, "L;4": 17}


def decode(data: bytes) -> Image.Image:
    """Decode what a browser shows first to RGB: upright by its EXIF orientation, transparency laid on white.

    The format is told by the content, never by a name. Only `FORMATS` are tried, and MAX_BYTES, MAX_PIXELS and
    MAX_SIDE hold before decoding. 16 bits are cut to 8; colour profiles are not applied; of an animation only the first
    frame is decoded. Memory is bounded by about 10 bytes a pixel, time is not: decode untrusted bytes in a process with
    a deadline. Raises UnreadablePicture, saying what is wrong, for everything else, cut-off ones too.
    """
    if not data:
        raise UnreadablePicture("the file is empty")
    if len(data) > MAX_BYTES:
        raise UnreadablePicture(
            "{number:,} bytes are more than the {max_bytes:,} that are decoded", number=len(data), max_bytes=MAX_BYTES
        )
    if data.startswith(b"\xff\xd8") and data.count(_SCAN) > _MOST_SCANS:
        raise UnreadablePicture(
            "a JPEG of more than {most_scans} scans is made to keep its decoder busy", most_scans=_MOST_SCANS
        )
    try:
        return _decode_png(data) if is_png(data) else _decode(data)
    except UnreadablePicture:
        raise
    except UnidentifiedImageError as error:
        known = ", ".join(FORMATS)
        raise UnreadablePicture(
            "no whole header of a format that is read ({known}) in {data!r}...", known=known, data=data[:12]
        ) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UnreadablePicture(
            "more than the {max_pixels:,} pixels that are decoded", max_pixels=MAX_PIXELS
        ) from error
    except MemoryError as error:
        raise UnreadablePicture("decoding it needs more memory than this process may use") from error
    except Exception as error:  # whatever a decoder raises on bytes that somebody else made: this picture is unreadable
        raise UnreadablePicture("damaged or cut off: {error}", error=error or type(error).__name__) from error


def _decode(data: bytes, frame: int = 0) -> Image.Image:
    with Image.open(io.BytesIO(data), formats=FORMATS) as image:
        _check_size(image)
        transparent = _transparent_colour(image)
        if frame:
            image.seek(frame)
        image.load()
        if transparent is not None:
            image.info["transparency"] = transparent
        return _on_white(_upright(image))


def _decode_png(data: bytes) -> Image.Image:
    animated = without_metadata(data, animation=True)
    if b"acTL" not in animated or not _hides_its_default(animated):
        return _decode(animated)
    try:
        return _decode(animated, frame=1)
    except (EOFError, SyntaxError, ValueError, OSError):
        # Of a broken animation browsers show the picture before it.
        return _decode(without_metadata(data, animation=False))


def _hides_its_default(data: bytes) -> bool:
    """Whether a PNG begins with a picture that is no part of its animation, and is shown by old programs only."""
    with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
        return bool(getattr(image, "default_image", False))


def _check_size(image: Image.Image) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise UnreadablePicture(
            "{width} x {height} is more than the {max_pixels:,} pixels that are decoded",
            width=width,
            height=height,
            max_pixels=MAX_PIXELS,
        )
    if max(width, height) > MAX_SIDE:
        raise UnreadablePicture(
            "{width} x {height}: a side is longer than {max_side:,} pixels",
            width=width,
            height=height,
            max_side=MAX_SIDE,
        )
    if not width or not height:
        raise UnreadablePicture("{width} x {height}: there are no pixels", width=width, height=height)


def _upright(image: Image.Image) -> Image.Image:
    try:
        # Not image.getexif(): that takes it from XMP as well, which no browser does.
        exif = Image.Exif()
        exif.load(image.info.get("exif", b""))
        orientation = exif.get(_ORIENTATION_TAG)
    except Exception:  # a broken EXIF block hides no picture: browsers show it as stored, so do we
        orientation = None
    method = _UPRIGHT.get(orientation) if isinstance(orientation, int) else None
    return image.transpose(method) if method is not None else image


def _transparent_colour(image: ImageFile.ImageFile) -> int | tuple[int, ...] | None:
    """The colour that a PNG calls transparent, as its pixels will be after decoding; None where Pillow has it right."""
    said = image.info.get("transparency")
    raw = image.tile[0].args if image.format == "PNG" and image.tile else None
    if raw == "RGB;16B" and isinstance(said, tuple):
        return tuple(value >> 8 for value in said)
    return said * _TRANSPARENT_GREY[raw] if raw in _TRANSPARENT_GREY and isinstance(said, int) else None


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16"):
        return _from_16_bits(image)
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    page = Image.new("RGB", layer.size, "white")
    page.paste(layer, mask=layer.getchannel("A"))
    return page


def _from_16_bits(image: Image.Image) -> Image.Image:
    # Pillow's own convert() clips at 255 instead of scaling: everything but black would turn white.
    values = np.asarray(image, dtype=np.uint16)
    grey = (values >> 8).astype(np.uint8)
    transparent = image.info.get("transparency")
    if isinstance(transparent, int):
        grey[values == transparent] = 255
    return Image.fromarray(grey).convert("RGB")
