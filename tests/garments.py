"""Drawn photos of garments: enough structure for local features, and no two alike."""

import numpy as np
from PIL import Image, ImageDraw


def printed(seed: int) -> Image.Image:
    """A garment with a print of its own, on a floor."""
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", (400, 500), tuple(int(value) for value in rng.integers(150, 250, 3)))
    pen = ImageDraw.Draw(image)
    pen.rectangle((50, 60, 350, 440), fill=tuple(int(value) for value in rng.integers(20, 120, 3)))
    for _ in range(150):
        x, y, side = (int(value) for value in rng.integers((60, 70, 5), (320, 410, 28)))
        pen.rectangle((x, y, x + side, y + side), fill=tuple(int(value) for value in rng.integers(0, 256, 3)))
    return image
