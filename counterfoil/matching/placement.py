"""Where a reference lies in a picture: homographies from the reference's pixels to the picture's."""

import math

import numpy as np
from numpy.typing import NDArray

from counterfoil.fingerprints.foreground import Box
from counterfoil.models import Transform

# 3 x 3, for column vectors (x, y, 1).
Homography = NDArray[np.float64]
Size = tuple[int, int]

# Turning by 0, 90, 180, 270 degrees counter-clockwise what fills the unit square (y grows downwards).
_QUARTERS = (
    np.eye(3),
    np.array([[0.0, 1, 0], [-1, 0, 1], [0, 0, 1]]),
    np.array([[-1.0, 0, 1], [0, -1, 1], [0, 0, 1]]),
    np.array([[0.0, -1, 1], [1, 0, 0], [0, 0, 1]]),
)
_MIRROR = np.array([[-1.0, 0, 1], [0, 1, 0], [0, 0, 1]])


def scaling(x: float, y: float) -> Homography:
    """Enlarges by so much in both directions."""
    return np.diag([x, y, 1.0])


def box_placement(
    orientation: int, reference_box: Box, reference_size: Size, picture_box: Box, picture_size: Size
) -> Homography:
    """The placement that lays a box of the reference, in one of the 8 orientations, on a box of the picture."""
    onto_unit = np.linalg.inv(_from_unit(reference_box, reference_size))
    mirrored = _MIRROR if orientation >= 4 else np.eye(3)
    placed: Homography = _from_unit(picture_box, picture_size) @ _QUARTERS[orientation % 4] @ mirrored @ onto_unit
    return placed


def _from_unit(box: Box, size: Size) -> Homography:
    left, top, right, bottom = box
    width, height = size
    return np.array(
        [[(right - left) * width, 0, left * width], [0, (bottom - top) * height, top * height], [0, 0, 1.0]]
    )


def transform_of(placement: Homography, reference_size: Size) -> Transform:
    """What a placement of a reference of this size (width, height) does to it, in plain terms."""
    width, height = reference_size
    corners = project(placement, np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=float))
    at = np.array([[width / 2, height / 2], [width / 2 + 1, height / 2], [width / 2, height / 2 + 1]])
    middle, right, down = project(placement, at)
    (a, c), (b, d) = right - middle, down - middle
    area = a * d - b * c
    mirrored = bool(area < 0)
    # A mirrored picture's own left points right: the turning is measured after the mirroring.
    turned = math.degrees(math.atan2(c, -a) if mirrored else math.atan2(-c, a))
    return Transform(
        mirrored=mirrored,
        rotation=round(turned, 1) % 360,
        scale=round(math.sqrt(abs(area)), 4),
        quadrangle=tuple((round(float(x), 1), round(float(y), 1)) for x, y in corners),
    )


def project(placement: Homography, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where points (n x 2) of the reference lie in the picture."""
    moved = np.column_stack([points, np.ones(len(points))]) @ placement.T
    projected: NDArray[np.float64] = moved[:, :2] / moved[:, 2:]
    return projected


def flipping(width: float) -> Homography:
    """Mirrors left and right what is so wide."""
    return np.array([[-1.0, 0, width], [0, 1, 0], [0, 0, 1]])


def homography_of(transform: Transform, size: Size) -> Homography:
    """The placement that lays a reference of this size (in whatever pixels it is shown) on a transform's quadrangle."""
    import cv2

    width, height = size
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    found = cv2.getPerspectiveTransform(corners, np.array(transform.quadrangle, dtype=np.float32))
    return np.asarray(found, dtype=np.float64)
