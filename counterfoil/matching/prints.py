"""What is taken of a picture to tell a product by its print and logo: RootSIFT features and the colours around them.

SIFT: Lowe 2004; RootSIFT: Arandjelovic and Zisserman 2012.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterfoil.fingerprints import Sketch
from counterfoil.fingerprints.foreground import WHOLE

# Small print needs pixels: smaller pictures are enlarged so that its strokes fill SIFT's smallest window.
_SIDE = 640
_FEATURES = 600
_CONTRAST = 0.02
# RootSIFT components are below 0.5 but for flat patches; a byte holds them in steps of 1/512.
_BYTE = 512.0
_COLOUR_SIDE = 96

WIDTH = 128

# Changes whenever the same picture would give another print.
PRINT_VERSION = "p1"


@dataclass(frozen=True, kw_only=True, eq=False)
class Print:
    """n features of a picture, places in pixels of the picture enlarged or reduced to a longer side of 640.

    `descriptors` n x 128 bytes (RootSIFT times 512), `points` n x 2, `colours` h x w x 3 (CIELAB, coarse), `size` the
    width and height that places are in, `on_plain` whether the product stands before a ground of one colour.
    """

    descriptors: NDArray[np.uint8]
    points: NDArray[np.float32]
    colours: NDArray[np.uint8]
    size: tuple[int, int]
    on_plain: bool

    def __len__(self) -> int:
        return len(self.points)

    def vectors(self) -> NDArray[np.float32]:
        """The descriptors with length 1, so that their product is the cosine."""
        plain = self.descriptors.astype(np.float32)
        return np.asarray(plain / np.maximum(1e-6, np.linalg.norm(plain, axis=1, keepdims=True)))

    def colours_at(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """CIELAB at places, k x 3; those outside are taken from the nearest edge."""
        height, width = self.colours.shape[:2]
        columns = (points[:, 0] * width / self.size[0]).astype(int).clip(0, width - 1)
        rows = (points[:, 1] * height / self.size[1]).astype(int).clip(0, height - 1)
        return np.asarray(self.colours[rows, columns], dtype=np.float32)


def take_print(sketch: Sketch) -> Print:
    """Take the print of a sketched picture."""
    import cv2

    height, width = sketch.grey.shape
    scale = _SIDE / max(height, width)
    size = max(8, round(width * scale)), max(8, round(height * scale))
    grey = cv2.resize(sketch.grey, size, interpolation=cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA)
    places, descriptors = cv2.SIFT.create(nfeatures=_FEATURES, contrastThreshold=_CONTRAST).detectAndCompute(grey, None)
    colours = cv2.cvtColor(cv2.GaussianBlur(sketch.colours, (0, 0), 0.8), cv2.COLOR_RGB2LAB)
    return Print(
        descriptors=_rooted(descriptors)[:_FEATURES],
        points=np.array([place.pt for place in places], dtype=np.float32).reshape(-1, 2)[:_FEATURES],
        colours=np.asarray(colours, dtype=np.uint8),
        size=size,
        on_plain=sketch.box != WHOLE,
    )


def _rooted(descriptors: NDArray[Any] | None) -> NDArray[np.uint8]:
    if descriptors is None:
        return np.empty((0, WIDTH), np.uint8)
    shares = descriptors / np.maximum(1e-6, descriptors.sum(axis=1, keepdims=True))
    return np.asarray(np.clip(np.sqrt(shares) * _BYTE, 0, 255), dtype=np.uint8)
