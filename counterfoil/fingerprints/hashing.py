"""Picture bytes -> Fingerprint: what is kept of a picture so that copies of it can be found later."""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from counterfoil.fingerprints.foreground import WHOLE, Box, foreground_box
from counterfoil.models import Fingerprint
from counterfoil.pictures import decode

# Changes whenever the same bytes would give another fingerprint: versions are not compared with one another.
FINGERPRINT_VERSION = "f3"

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
# Mirroring a picture changes the sign of every other coefficient.
_SIGNS = (-1.0) ** np.arange(16)
# The foreground box is looked for on about so many pixels.
_BOX_SIDE = 256


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reading:
    """A picture's fingerprint, its foreground box, and the lowest 16 x 16 DCT coefficients of the whole and the box."""

    fingerprint: Fingerprint
    box: Box
    coefficients: tuple[NDArray[np.float64], NDArray[np.float64]]


def fingerprint(data: bytes, sha256: str | None = None) -> Fingerprint:
    """Decode untrusted picture bytes and take their fingerprint; `sha256` saves hashing bytes whose name is known.

    `phash` and `dct256` are imagehash's `phash` of the upright, opaque picture with hash sizes 8 and 16, row by row, so
    `phash.hex()` is what `str(imagehash.phash(...))` prints; `box256` is the same of the foreground box. JPEG's scaled
    decoding is not used: it is faster and moves a bit or two, which would make `phash` another program's business to
    explain. Raises UnreadablePicture when the bytes cannot be decoded.
    """
    return read_picture(decode(data), sha256 or hashlib.sha256(data).hexdigest()).fingerprint


def read_picture(image: Image.Image, sha256: str) -> Reading:
    """Take the fingerprint of a decoded RGB picture, and what the orientations of its hashes are made from."""
    grey = image.convert("L")
    small = _small(grey)
    box = _foreground_box(image)
    boxed = small if box == WHOLE else _small(grey.crop(_pixels(box, grey.size)))
    low, low_of_box = _low(small), _low(boxed)
    made = Fingerprint(
        image_sha256=sha256,
        version=FINGERPRINT_VERSION,
        width=image.width,
        height=image.height,
        phash=_dct_hash(grey, side=8),
        dct256=_dct_hash(small, side=16),  # imagehash resizes to 64 x 64 itself; on such a picture that changes nothing
        box256=_bits(low_of_box),
        informative=min(image.size) >= _SMALLEST_SIDE and _has_structure(small),
    )
    return Reading(fingerprint=made, box=box, coefficients=(low, low_of_box))


def oriented_hashes(low: NDArray[np.float64]) -> NDArray[np.uint8]:
    """The 256-bit hashes (8 x 32 bytes) of a picture in its 8 orientations, from its lowest DCT coefficients.

    The first four are the picture turned by 0, 90, 180 and 270 degrees counter-clockwise, the others its mirror image
    turned so: turning a picture only transposes its coefficients and changes signs.
    """
    found = []
    for start in (low, low * _SIGNS):
        turned = start
        for _ in range(4):
            found.append(np.frombuffer(_bits(turned), dtype=np.uint8))
            turned = turned.T * _SIGNS[:, None]
    return np.stack(found)


def _bits(low: NDArray[np.float64]) -> bytes:
    return np.packbits(low > np.median(low)).tobytes()


def _small(grey: Image.Image) -> Image.Image:
    return grey.resize((64, 64), Image.Resampling.LANCZOS)


def _low(small: Image.Image) -> NDArray[np.float64]:
    pixels = np.asarray(small, dtype=np.float64)
    low: NDArray[np.float64] = _COSINES @ pixels @ _COSINES.T
    return low


def _foreground_box(image: Image.Image) -> Box:
    reduced = image if max(image.size) <= _BOX_SIDE else image.reduce(-(-max(image.size) // _BOX_SIDE))
    return foreground_box(np.asarray(reduced))


def _pixels(box: Box, size: tuple[int, int]) -> tuple[int, int, int, int]:
    left, top, right, bottom = box
    width, height = size
    return (
        int(left * width),
        int(top * height),
        max(int(left * width) + 1, round(right * width)),
        max(int(top * height) + 1, round(bottom * height)),
    )


def _dct_hash(grey: Image.Image, *, side: int) -> bytes:
    import imagehash  # it brings scipy, which takes longer to import than most commands take to run

    return bytes.fromhex(str(imagehash.phash(grey, hash_size=side)))


def _has_structure(small: Image.Image) -> bool:
    pixels = np.asarray(small, dtype=np.float64)
    return _steady_bits(_low(small)) >= _STEADY_BITS and _busy_pixels(pixels) >= _BUSY_PIXELS


def _steady_bits(low: NDArray[np.float64]) -> int:
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
