"""A match as a picture that a person can look at: where the reference lies, and how the two compare."""

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageOps

from counterfoil.matching.placement import homography_of
from counterfoil.models import Transform

_SIDE = 640
_LINE = "#e6194b"
_GAP = 8
_UNSEEN = 200


def draw_overlay(picture: Image.Image, reference: Image.Image, transform: Transform) -> Image.Image:
    """Three panels: the picture with the reference's outline, its part there as the reference shows it, the reference.

    The middle panel is the picture's pixels brought into the reference's frame, so that the last two can be compared
    place by place. Both pictures are decoded and RGB; the panels are at most 640 pixels high.
    """
    panels = [_outlined(picture, transform), draw_aligned(picture, reference, transform), _fitted(reference)]
    height = max(panel.height for panel in panels)
    board = Image.new("RGB", (sum(panel.width for panel in panels) + _GAP * (len(panels) - 1), height), "white")
    left = 0
    for panel in panels:
        board.paste(panel, (left, (height - panel.height) // 2))
        left += panel.width + _GAP
    return board


def draw_aligned(picture: Image.Image, reference: Image.Image, transform: Transform) -> Image.Image:
    """The picture's pixels in the reference's frame, in the size in which `reference` is shown beside it.

    Both pictures are decoded and RGB. What the picture does not show is white.
    """
    import cv2

    target = _fitted(reference)
    placement = homography_of(transform, target.size)
    flags = cv2.INTER_AREA | cv2.WARP_INVERSE_MAP
    pixels = cv2.warpPerspective(np.asarray(picture), placement, target.size, flags=flags, borderValue=(255, 255, 255))
    return Image.fromarray(np.asarray(pixels, dtype=np.uint8))


def draw_difference(picture: Image.Image, reference: Image.Image, transform: Transform) -> Image.Image:
    """Where the two differ in the reference's frame: white where they agree, the darker the more they do not.

    What the picture does not show is grey.
    """
    aligned, target = draw_aligned(picture, reference, transform), _fitted(reference)
    differing = ImageOps.invert(ImageChops.difference(aligned, target).convert("L"))
    seen = draw_aligned(Image.new("RGB", picture.size, "black"), reference, transform).convert("L")
    differing.paste(_UNSEEN, mask=seen)
    return differing


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


def _fitted(image: Image.Image) -> Image.Image:
    shown = image.copy()
    shown.thumbnail((_SIDE, _SIDE))
    return shown
