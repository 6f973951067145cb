"""Makes the photo that somebody else takes of the same thing: a copy to features, and no copy.

The product is cut out, held at another angle, lit by another lamp, and laid on another ground. Flat prints and packages
look so when they are photographed anew: their print agrees pixel by pixel, their light does not.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from counterfoil.edits import Scenery, product_mask
from counterfoil.edits.light import as_jpeg

_CANVAS = 600


def retaken(image: Image.Image, rng: np.random.Generator, scenery: Scenery) -> Image.Image | None:
    """Another photo of the product of this one; None where the product cannot be told from its ground."""
    mask = product_mask(image)
    if mask is None:
        return None
    import cv2

    lit = np.asarray(image, dtype=np.float32) * _lamp(rng, image.size)[..., None]
    layer = np.dstack([np.clip(lit, 0, 255).astype(np.uint8), np.asarray(mask.resize(image.size))])
    size = (_CANVAS, round(_CANVAS * rng.uniform(0.75, 1.33)))
    held = cv2.warpPerspective(layer, _angle(rng, image.size, size), size, flags=cv2.INTER_AREA)
    ground = scenery.picture(rng, size)
    alpha = Image.fromarray(held[..., 3]).filter(ImageFilter.GaussianBlur(0.8))
    taken = Image.composite(Image.fromarray(np.ascontiguousarray(held[..., :3])), ground, alpha)
    grainy = np.asarray(taken, dtype=np.float32) + rng.normal(0, rng.uniform(1, 6), (size[1], size[0], 1))
    return as_jpeg(Image.fromarray(np.clip(grainy, 0, 255).astype(np.uint8)), int(rng.integers(70, 92)))


def _lamp(rng: np.random.Generator, size: tuple[int, int]) -> NDArray[np.float32]:
    """How bright each pixel is made: brighter towards one side, with a spot, and often with the stripes of a shadow.

    From the even light of a cloudy day, which changes next to nothing, to a hard lamp.
    """
    width, height = size
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j].astype(np.float32)
    turn, hardness = rng.uniform(0, 2 * np.pi), rng.uniform(0.05, 1)
    along = (x - 0.5) * np.cos(turn) + (y - 0.5) * np.sin(turn)
    light = 1 + hardness * rng.uniform(0.2, 0.9) * along
    middle = rng.uniform(0.1, 0.9, 2)
    spot = np.exp(-((x - middle[0]) ** 2 + (y - middle[1]) ** 2) / rng.uniform(0.02, 0.2))
    light += hardness * rng.uniform(0, 0.6) * spot
    if rng.random() < 0.6:
        waves = np.sin(2 * np.pi * (along * rng.uniform(2, 9) + rng.random()))
        light *= 1 - hardness * rng.uniform(0.1, 0.5) * np.clip(waves * 3, 0, 1)
    return np.asarray(light * rng.uniform(0.7, 1.2), dtype=np.float32)


def _angle(rng: np.random.Generator, size: tuple[int, int], canvas: tuple[int, int]) -> NDArray[np.float64]:
    """The homography of a hand-held camera: the picture's corners on the canvas, turned, smaller and slanted."""
    import cv2

    corners = np.array([[0, 0], [size[0], 0], [size[0], size[1]], [0, size[1]]], dtype=np.float32)
    middle, scale = np.array(size) / 2, rng.uniform(0.6, 1.2) * min(canvas) / max(size)
    turn = np.radians(rng.normal(0, 12))
    matrix = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    shift = np.array(canvas) / 2 + rng.uniform(-0.1, 0.1, 2) * canvas
    slant = rng.normal(0, rng.uniform(0.01, 0.07), (4, 2)) * min(canvas)
    targets = ((corners - middle) @ matrix.T + shift + slant).astype(np.float32)
    return np.asarray(cv2.getPerspectiveTransform(corners, targets), dtype=np.float64)
