"""What one edit takes and gives: a picture in, the edited picture and where the original's pixels went out."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from counterfoil.edits.scenery import Scenery

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Edited:
    """An edited picture, RGB, and the homography (3 x 3) from the original's pixels to its own.

    A pixel's place is that of its upper left corner, so (0, 0) and (width, height) span a picture.
    """

    image: Image.Image
    placement: Matrix = field(default_factory=lambda: np.eye(3))

    def corners(self, size: tuple[int, int]) -> Matrix:
        """Where the corners of an original of `size` went: 4 x 2, clockwise from its upper left."""
        return moved(outline(size), self.placement)


Step = Callable[[Image.Image, np.random.Generator, Scenery], Edited]


def outline(size: tuple[int, int]) -> Matrix:
    """The corners of a picture of `size` (width, height): 4 x 2, clockwise from the upper left."""
    width, height = size
    return np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float64)


def moved(points: Matrix, matrix: Matrix) -> Matrix:
    """Points (n x 2) carried by a homography."""
    carried = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    return np.asarray(carried[:, :2] / carried[:, 2:])


def chain(*steps: Step) -> Step:
    """One step that does several, one after the other."""

    def together(image: Image.Image, rng: np.random.Generator, scenery: Scenery) -> Edited:
        placement = np.eye(3)
        for step in steps:
            edited = step(image, rng, scenery)
            image, placement = edited.image, edited.placement @ placement
        return Edited(image, placement)

    return together


def scaling(across: float, down: float) -> Matrix:
    """The matrix that stretches."""
    return np.diag([across, down, 1.0])


def shift(right: float, down: float) -> Matrix:
    """The matrix that moves."""
    return np.array([[1.0, 0.0, right], [0.0, 1.0, down], [0.0, 0.0, 1.0]])


def warped(
    image: Image.Image, matrix: Matrix, size: tuple[int, int], ground: Image.Image | tuple[int, int, int]
) -> Image.Image:
    """The picture carried by a homography onto a `ground` (a picture of `size`, or a colour)."""
    import cv2

    # OpenCV counts from the centres of the pixels.
    to_centres = shift(-0.5, -0.5) @ matrix @ shift(0.5, 0.5)
    lower = ground if isinstance(ground, Image.Image) else Image.new("RGB", size, ground)
    pixels = cv2.warpPerspective(np.asarray(image), to_centres, size, flags=cv2.INTER_LINEAR)
    covered = np.full((image.height, image.width), 255, np.uint8)
    mask = cv2.warpPerspective(covered, to_centres, size, flags=cv2.INTER_LINEAR)
    return Image.composite(Image.fromarray(pixels), lower, Image.fromarray(mask))
