"""Which pixels of a brand's photo show the product: from an even ground, else by GrabCut.

GrabCut: Rother, Kolmogorov, Blake, "GrabCut: interactive foreground extraction using iterated graph cuts", 2004.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_SIDE = 180
_ROUNDS = 3
# A ground whose rim strays by less than this many grey levels is even; what is so far from it is not ground.
_EVEN = 10.0
_AWAY = 20.0
# Usable: a product of 10 to 80 % of the picture, and no more than 40 % of the rim.
_SMALLEST, _LARGEST, _RIM = 0.10, 0.80, 0.40


def product_mask(image: Image.Image) -> Image.Image | None:
    """A mask (L, 255 is the product) as large as the picture; None where none is usable."""
    small = image.copy()
    small.thumbnail((_SIDE, _SIDE))
    pixels = np.asarray(small)
    mask = _largest_part(_against_even_ground(pixels) if _is_even(pixels) else _grab(pixels))
    if not _is_usable(mask):
        return None
    return Image.fromarray(mask * np.uint8(255)).resize(image.size, Image.Resampling.BILINEAR)


def _is_even(pixels: NDArray[np.uint8]) -> bool:
    return float(_rim(pixels).std(axis=0).max()) < _EVEN


def _against_even_ground(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    ground = np.median(_rim(pixels), axis=0)
    return np.asarray(np.abs(pixels - ground).max(axis=2) > _AWAY, dtype=np.uint8)


def _grab(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    import cv2

    height, width = pixels.shape[:2]
    mask = np.zeros((height, width), np.uint8)
    rectangle = (width // 12, height // 12, width - width // 6, height - height // 6)
    cv2.setRNGSeed(1)  # its mixtures of colours start from random means
    cv2.grabCut(pixels, mask, rectangle, np.zeros((1, 65)), np.zeros((1, 65)), _ROUNDS, cv2.GC_INIT_WITH_RECT)
    return np.asarray((mask == cv2.GC_FGD) | (mask == cv2.GC_PR_FGD), dtype=np.uint8)


def _largest_part(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Its largest piece, with holes filled."""
    import cv2

    closed = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    outlines, _ = cv2.findContours(closed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = np.zeros_like(mask)
    if outlines:
        cv2.drawContours(filled, [max(outlines, key=cv2.contourArea)], -1, 1, cv2.FILLED)
    return filled


def _is_usable(mask: NDArray[np.uint8]) -> bool:
    return _SMALLEST <= float(mask.mean()) <= _LARGEST and float(_rim(mask).mean()) <= _RIM


def _rim(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The outermost pixels, in a row."""
    return np.concatenate([pixels[0], pixels[-1], pixels[1:-1, 0], pixels[1:-1, -1]])
