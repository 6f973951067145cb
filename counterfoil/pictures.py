"""Untrusted bytes -> a picture as a person would see it, or a clear refusal.

Sizes are read from the header and checked before a single pixel is decoded: a 21 KB PNG can ask for 860 MB.
"""

import io
import warnings

import numpy as np
from PIL import Image, UnidentifiedImageError, features

from counterfoil.exceptions import UnreadablePicture

# What marketplaces serve. AVIF is left out where this Pillow was built without it.
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP", *(["AVIF"] if features.check("avif") else []))
MAX_BYTES = 20_000_000
MAX_PIXELS = 40_000_000
MAX_SIDE = 20_000

# For the whole process, not around each call: switching filters back and forth is not safe between threads.
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)

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


def decode(data: bytes) -> Image.Image:
    """Decode the first frame to RGB: upright by its EXIF orientation, transparency laid on white, 16 bits scaled to 8.

    The format is told by the content, never by a name. Only `FORMATS` are tried, and MAX_BYTES, MAX_PIXELS and
    MAX_SIDE hold before decoding. Memory is bounded by about 10 bytes a pixel, time is not: decode untrusted bytes in a
    process with a deadline. Raises UnreadablePicture, saying what is wrong, for everything else, cut-off ones too.
    """
    if not data:
        raise UnreadablePicture("the file is empty")
    if len(data) > MAX_BYTES:
        raise UnreadablePicture(f"{len(data):,} bytes are more than the {MAX_BYTES:,} that are decoded")
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            _check_size(image)
            image.load()
            return _on_white(_upright(image))
    except UnreadablePicture:
        raise
    except UnidentifiedImageError as error:
        known = ", ".join(FORMATS)
        raise UnreadablePicture(f"no whole header of a format that is read ({known}) in {data[:12]!r}...") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UnreadablePicture(f"more than the {MAX_PIXELS:,} pixels that are decoded") from error
    except MemoryError as error:
        raise UnreadablePicture("decoding it needs more memory than this process may use") from error
    except Exception as error:  # whatever a decoder raises on bytes that somebody else made: this picture is unreadable
        raise UnreadablePicture(f"damaged or cut off: {error or type(error).__name__}") from error


def _check_size(image: Image.Image) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise UnreadablePicture(f"{width} x {height} is more than the {MAX_PIXELS:,} pixels that are decoded")
    if max(width, height) > MAX_SIDE:
        raise UnreadablePicture(f"{width} x {height}: a side is longer than {MAX_SIDE:,} pixels")
    if not width or not height:
        raise UnreadablePicture(f"{width} x {height}: there are no pixels")


def _upright(image: Image.Image) -> Image.Image:
    try:
        orientation = image.getexif().get(_ORIENTATION_TAG)
    except Exception:  # a broken EXIF block hides no picture: browsers show it as stored, so do we
        orientation = None
    method = _UPRIGHT.get(orientation) if isinstance(orientation, int) else None
    return image.transpose(method) if method is not None else image


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
