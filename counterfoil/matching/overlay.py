"""A match as a picture that a person can look at: where the reference lies, and how the two compare."""

import numpy as np
from PIL import Image, ImageDraw

from counterfoil.matching.placement import homography_of
from counterfoil.models import Transform

_SIDE = 640
_LINE = "#e6194b"
_GAP = 8


def draw_overlay(picture: Image.Image, reference: Image.Image, transform: Transform) -> Image.Image:
    """Three panels: the picture with the reference's outline, its part there as the reference shows it, the reference.

    The middle panel is the picture's pixels brought into the reference's frame, so that the last two can be compared
    place by place. Both pictures are decoded and RGB; the panels are at most 640 pixels high.
    """
    panels = [_outlined(picture, transform), _aligned(picture, reference, transform), _fitted(reference)]
    height = max(panel.height for panel in panels)
    board = Image.new("RGB", (sum(panel.width for panel in panels) + _GAP * (len(panels) - 1), height), "white")
    left = 0
    for panel in panels:
        board.paste(panel, (left, (height - panel.height) // 2))
        left += panel.width + _GAP
    return board


def _outlined(picture: Image.Image, transform: Transform) -> Image.Image:
    scale = min(1.0, _SIDE / max(picture.size))
    shown = _fitted(picture)
    corners = [(x * scale, y * scale) for x, y in transform.quadrangle]
    draw = ImageDraw.Draw(shown)
    draw.line([*corners, corners[0]], _LINE, 4, joint="curve")
    # The reference's own upper left corner, so that mirroring and turning can be seen.
    x, y = corners[0]
    draw.ellipse((x - 7, y - 7, x + 7, y + 7), _LINE)
    return shown


def _aligned(picture: Image.Image, reference: Image.Image, transform: Transform) -> Image.Image:
    import cv2

    target = _fitted(reference)
    placement = homography_of(transform, target.size)
    flags = cv2.INTER_AREA | cv2.WARP_INVERSE_MAP
    pixels = cv2.warpPerspective(np.asarray(picture), placement, target.size, flags=flags, borderValue=(255, 255, 255))
    return Image.fromarray(np.asarray(pixels, dtype=np.uint8))


def _fitted(image: Image.Image) -> Image.Image:
    shown = image.copy()
    shown.thumbnail((_SIDE, _SIDE))
    return shown
