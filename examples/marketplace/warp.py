"""Pictures seen obliquely."""

import numpy as np
from PIL import Image


def seen_through(picture: Image.Image, corners: list[tuple[float, float]], around: str) -> Image.Image:
    """The picture seen obliquely: its corners, from top left clockwise, moved inwards by shares of width and height."""
    width, height = picture.size
    inwards = ((1, 1), (-1, 1), (-1, -1), (1, -1))
    flat = [(0, 0), (width, 0), (width, height), (0, height)]
    seen = [
        (x + right * share_x * width, y + down * share_y * height)
        for (x, y), (right, down), (share_x, share_y) in zip(flat, inwards, corners, strict=True)
    ]
    plane = picture.transform(
        picture.size, Image.Transform.PERSPECTIVE, _homography(seen, flat), Image.Resampling.BICUBIC, fillcolor=around
    )
    return plane


def _homography(seen: list[tuple[float, float]], flat: list[tuple[int, int]]) -> list[float]:
    """The eight numbers by which Pillow finds, for each place that is seen, the place in the flat picture."""
    rows, values = [], []
    for (x, y), (u, v) in zip(seen, flat, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    return [float(number) for number in np.linalg.solve(np.array(rows, float), np.array(values, float))]
