"""Edits of the frame: mirrored, turned, cropped, padded, seen at an angle."""

import math

import numpy as np
from PIL import Image, ImageOps

from counterfoil.edits.scenery import Scenery, quiet_colour
from counterfoil.edits.step import Edited, Matrix, Step, outline, scaling, shift, warped


def mirrored(image: Image.Image, rng: np.random.Generator, scenery: Scenery) -> Edited:
    """Left and right changed over."""
    return Edited(ImageOps.mirror(image), shift(image.width, 0) @ scaling(-1, 1))


def flipped(image: Image.Image, rng: np.random.Generator, scenery: Scenery) -> Edited:
    """Top and bottom changed over."""
    return Edited(ImageOps.flip(image), shift(0, image.height) @ scaling(1, -1))


def turned(degrees: float) -> Step:
    """Turned to either side about the middle; the frame keeps its size, what it cuts off is lost.

    The corners that come free are filled with a quiet colour. Quarter turns lose nothing.
    """

    def step(image: Image.Image, rng: np.random.Generator, scenery: Scenery) -> Edited:
        width, height = image.size
        side = 1 if rng.random() < 0.5 else -1
        size = (height, width) if degrees == 90 else (width, height)
        placement = shift(size[0] / 2, size[1] / 2) @ _turn(side * degrees) @ shift(-width / 2, -height / 2)
        if degrees % 90 == 0:
            return Edited(image.rotate(-side * degrees, expand=True), placement)
        return Edited(warped(image, placement, size, quiet_colour(rng)), placement)

    return step


def cropped(removed: float) -> Step:
    """A window of the same shape anywhere in the picture, that leaves out so much of its area (0..1)."""

    def step(image: Image.Image, rng: np.random.Generator, scenery: Scenery) -> Edited:
        share = math.sqrt(1 - removed)
        width, height = max(16, round(image.width * share)), max(16, round(image.height * share))
        left = int(rng.integers(0, max(1, image.width - width + 1)))
        top = int(rng.integers(0, max(1, image.height - height + 1)))
        return Edited(image.crop((left, top, left + width, top + height)), shift(-left, -top))

    return step


def bordered(share: float) -> Step:
    """An even border of one colour, so wide on every side as a share of the longer side."""

    def step(image: Image.Image, rng: np.random.Generator, scenery: Scenery) -> Edited:
        border = max(1, round(share * max(image.size)))
        return Edited(ImageOps.expand(image, border, quiet_colour(rng)), shift(border, border))

    return step


def letterboxed(ratio: float) -> Step:
    """Put on a ground of `ratio` (its longer side across the picture's shorter one), not always in the middle."""

    def step(image: Image.Image, rng: np.random.Generator, scenery: Scenery) -> Edited:
        width, height = image.size
        size = (round(height * ratio), height) if width <= height else (width, round(width * ratio))
        size = max(size[0], width), max(size[1], height)
        place = float(rng.uniform(0.2, 0.8))
        left, top = round((size[0] - width) * place), round((size[1] - height) * place)
        ground = Image.new("RGB", size, quiet_colour(rng))
        ground.paste(image, (left, top))
        return Edited(ground, shift(left, top))

    return step


def slanted(strength: float, *, surrounded: bool = False) -> Step:
    """Seen at an angle: one side shrinks by up to `strength`, every corner strays by up to a third of that.

    What comes free is a quiet colour, or other pictures (`surrounded`).
    """

    def step(image: Image.Image, rng: np.random.Generator, scenery: Scenery) -> Edited:
        placement = homography(outline(image.size), _slanted_corners(image.size, strength, rng))
        ground = scenery.picture(rng, image.size) if surrounded else quiet_colour(rng)
        return Edited(warped(image, placement, image.size, ground), placement)

    return step


def homography(origins: Matrix, targets: Matrix) -> Matrix:
    """The homography that carries four points to four others."""
    import cv2

    return np.asarray(cv2.getPerspectiveTransform(origins.astype(np.float32), targets.astype(np.float32)))


def _slanted_corners(size: tuple[int, int], strength: float, rng: np.random.Generator) -> Matrix:
    width, height = size
    inward = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]], dtype=np.float64)
    depth = rng.uniform(0, strength / 3, (4, 2))
    # A side moved away from the eye is shorter, and the sides beside it are foreshortened.
    far, along = int(rng.integers(4)), float(rng.uniform(0.7, 1.0)) * strength
    for corner in (far, (far + 1) % 4):
        depth[corner] += (along / 2, along) if far % 2 == 0 else (along, along / 2)
    return outline(size) + inward * depth * (width, height)


def _turn(degrees: float) -> Matrix:
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])
