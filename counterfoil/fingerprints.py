"""Picture bytes -> Fingerprint: what is kept of a picture so that copies of it can be found later."""

import hashlib

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from counterfoil.models import Fingerprint
from counterfoil.pictures import decode

# Changes whenever the same bytes would give another fingerprint: versions are not compared with one another.
FINGERPRINT_VERSION = "f2"

# The three limits of "too plain", measured on 1,410 real photos and some 2,300 drawn plain pictures. Every photo stays
# clear of them (fewest: 215 steady bits, 920 busy pixels); flat, graded, two-tone, striped and nearly blank ones do not
# reach at least one. A product that fills less than about 40 % of the side of a white page counts as too plain as well.
_SMALLEST_SIDE = 32
_STEADY_BITS = 192
_BUSY_PIXELS = 500

# A coefficient this near to the median can change sides, and so its bit, through noise or recompression alone: half a
# grey level of noise in each of 64 x 64 pixels moves a DCT coefficient (in this scaling) by about 60.
_STEADY_MARGIN = 200.0
_BUSY_CONTRAST = 8

# The 16 lowest rows of the DCT-II of 64 points, scaled as scipy (and so imagehash) does.
_COSINES = 2 * np.cos(np.pi * np.outer(np.arange(16), 2 * np.arange(64) + 1) / 128)


def fingerprint(data: bytes, sha256: str | None = None) -> Fingerprint:
    """Decode untrusted picture bytes and take their fingerprint; `sha256` saves hashing bytes whose name is known.

    `phash` and `dct256` are imagehash's `phash` of the upright, opaque picture with hash sizes 8 and 16, row by row, so
    `phash.hex()` is what `str(imagehash.phash(...))` prints. JPEG's scaled decoding is not used: it is faster and moves
    a bit or two, which would make `phash` another program's business to explain.
    Raises UnreadablePicture when the bytes cannot be decoded.
    """
    image = decode(data)
    grey = image.convert("L")
    small = grey.resize((64, 64), Image.Resampling.LANCZOS)
    return Fingerprint(
        image_sha256=sha256 or hashlib.sha256(data).hexdigest(),
        version=FINGERPRINT_VERSION,
        width=image.width,
        height=image.height,
        phash=_dct_hash(grey, side=8),
        dct256=_dct_hash(small, side=16),  # imagehash resizes to 64 x 64 itself; on such a picture that changes nothing
        informative=min(image.size) >= _SMALLEST_SIDE and _has_structure(small),
    )


def _dct_hash(grey: Image.Image, *, side: int) -> bytes:
    import imagehash  # it brings scipy, which takes longer to import than most commands take to run

    return bytes.fromhex(str(imagehash.phash(grey, hash_size=side)))


def _has_structure(small: Image.Image) -> bool:
    pixels = np.asarray(small, dtype=np.float64)
    return _steady_bits(pixels) >= _STEADY_BITS and _busy_pixels(pixels) >= _BUSY_PIXELS


def _steady_bits(pixels: NDArray[np.float64]) -> int:
    low = _COSINES @ pixels @ _COSINES.T
    return int(np.count_nonzero(np.abs(low - np.median(low)) > _STEADY_MARGIN))


def _busy_pixels(pixels: NDArray[np.float64]) -> int:
    """How many pixels of the 64 x 64 have an edge in their 3 x 3 neighbourhood."""
    padded = np.pad(pixels, 1, mode="edge")
    highest = _over_three(np.maximum, padded)
    lowest = _over_three(np.minimum, padded)
    return int(np.count_nonzero(highest - lowest > _BUSY_CONTRAST))


def _over_three(extreme: np.ufunc, pixels: NDArray[np.float64]) -> NDArray[np.float64]:
    rows = extreme(extreme(pixels[:-2], pixels[1:-1]), pixels[2:])
    columns: NDArray[np.float64] = extreme(extreme(rows[:, :-2], rows[:, 1:-1]), rows[:, 2:])
    return columns
