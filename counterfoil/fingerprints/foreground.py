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
# How far (CIELAB) from the border's colours is surely something else; how far the middle reaches, in half sides.
_UNLIKE = 20.0
_MIDDLE = 0.6
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


def product_map(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """How likely each pixel belongs to the product (0..255): unlike what stands along the border, and near the middle.

    `pixels` is height x width x RGB, best at most 96 pixels wide. The border's colours are grouped into three: a
    floor, a wall, a shadow.
    """
    import cv2

    lab = cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB).astype(np.float32)
    rim = max(1, min(lab.shape[:2]) // 12)
    border = np.concatenate([part.reshape(-1, 3) for part in (lab[:rim], lab[-rim:], lab[:, :rim], lab[:, -rim:])])
    groups = min(3, len(border))
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 8, 1.0)
    cv2.setRNGSeed(1)
    _, _, colours = cv2.kmeans(border, groups, None, stop, 1, cv2.KMEANS_PP_CENTERS)  # type: ignore[call-overload]
    unlike = np.min([np.linalg.norm(lab - colour, axis=2) for colour in colours], axis=0)
    likely = (1 - np.exp(-unlike / _UNLIKE)) * 0.8 + 0.2
    likely = cv2.GaussianBlur(likely, (0, 0), max(1.0, min(lab.shape[:2]) / 24)) * _near_middle(*lab.shape[:2])
    return np.asarray(likely * (255 / max(1e-6, float(likely.max()))), dtype=np.uint8)


def _near_middle(height: int, width: int) -> NDArray[np.float64]:
    y, x = np.ogrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    near: NDArray[np.float64] = np.exp(-(x**2 + y**2) / (2 * _MIDDLE**2))
    return near


def _extent(shares: NDArray[np.float64]) -> tuple[float, float]:
    busy = np.flatnonzero(shares > _SHARE)
    return (float(busy[0]) / len(shares), float(busy[-1] + 1) / len(shares)) if len(busy) else (0.0, 1.0)
