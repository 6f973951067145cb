"""What stands before a plain background: the box around it, and how likely each part belongs to the product."""

import numpy as np
from numpy.typing import NDArray

# Left, top, right, bottom as shares of width and height.
Box = tuple[float, float, float, float]
WHOLE: Box = (0.0, 0.0, 1.0, 1.0)

# How far a pixel may be from the colour of the border, in grey levels, and still be background.
_CONTRAST = 24
# A row or column is foreground when at least this share of its pixels is: specks and JPEG noise are not.
_SHARE = 0.02
# A border that is no single colour is no frame or page: so many of its pixels must be of that colour.
_UNIFORM = 0.7
# A box smaller than this share of a side is more likely a speck than the product.
_SMALLEST = 0.1


def foreground_box(pixels: NDArray[np.uint8]) -> Box:
    """The box that is left when a border of one colour is trimmed off; the whole where the border is not of one colour.

    `pixels` is height x width x channels, best at most 256 pixels wide.
    """
    values = pixels.astype(np.int16)
    border = np.concatenate([values[0], values[-1], values[:, 0], values[:, -1]])
    colour = np.median(border, axis=0)
    if np.mean(np.abs(border - colour).max(axis=1) <= _CONTRAST) < _UNIFORM:
        return WHOLE
    different = np.abs(values - colour).max(axis=2) > _CONTRAST
    top, bottom = _extent(different.mean(axis=1))
    left, right = _extent(different.mean(axis=0))
    if right - left < _SMALLEST or bottom - top < _SMALLEST:
        return WHOLE
    return (left, top, right, bottom)


def _extent(shares: NDArray[np.float64]) -> tuple[float, float]:
    busy = np.flatnonzero(shares > _SHARE)
    return (float(busy[0]) / len(shares), float(busy[-1] + 1) / len(shares)) if len(busy) else (0.0, 1.0)
