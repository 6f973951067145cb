"""Edits that put a picture among others: collages, insets, another background, the photo of a screen."""

from itertools import product

import numpy as np
from PIL import Image, ImageFilter, ImageOps

from counterfoil.edits.cutout import product_mask
from counterfoil.edits.light import as_jpeg
from counterfoil.edits.scenery import Scenery, grained, quiet_colour
from counterfoil.edits.shape import homography
from counterfoil.edits.step import Edited, Matrix, Step, outline, scaling, shift, warped

# The longer side of what sellers upload: what marketplaces show is about as large.
_CANVAS = 800


class NoProductMask(Exception):
    """The edit needs to know which pixels are the product's, and the picture does not tell."""


def collage(columns: int, rows: int) -> Step:
    """One of the tiles of a collage; the others show other pictures. Tiles show a picture whole or cut to fill them."""

    def step(image: Image.Image, rng: np.random.Generator, scenery: Scenery) -> Edited:
        side = _CANVAS // max(columns, rows)
        tile = (side, round(side * (1 if columns == rows else 4 / 3)))
        gap = int(rng.integers(0, 12))
        board = Image.new("RGB", (columns * (tile[0] + gap), rows * (tile[1] + gap)), quiet_colour(rng))
        places = [
            (column * (tile[0] + gap), row * (tile[1] + gap)) for row, column in product(range(rows), range(columns))
        ]
        own = int(rng.integers(len(places)))
        for number, place in enumerate(places):
            if number != own:
                board.paste(scenery.picture(rng, tile), place)
        return _pasted(board, image, (*places[own], *tile), cut=rng.random() < 0.5)

    return step


def inset(share: float) -> Step:
    """A small picture in a large other one; its longer side is `share` of the large one's."""

    def step(image: Image.Image, rng: np.random.Generator, scenery: Scenery) -> Edited:
        ratio = float(rng.uniform(0.75, 1))
        size = (_CANVAS, round(_CANVAS * ratio)) if rng.random() < 0.5 else (round(_CANVAS * ratio), _CANVAS)
        scale = min(share * _CANVAS / max(image.size), size[0] / image.width, size[1] / image.height)
        width, height = max(16, round(image.width * scale)), max(16, round(image.height * scale))
        left, top = int(rng.integers(0, size[0] - width + 1)), int(rng.integers(0, size[1] - height + 1))
        return _pasted(scenery.picture(rng, size), image, (left, top, width, height), cut=False)

    return step


def other_background(image: Image.Image, rng: np.random.Generator, scenery: Scenery) -> Edited:
    """The product cut out and laid on another picture. Raises NoProductMask."""
    mask = product_mask(image)
    if mask is None:
        raise NoProductMask("the product cannot be told from what is behind it")
    soft = mask.filter(ImageFilter.GaussianBlur(max(image.size) / 500))
    return Edited(Image.composite(image, scenery.picture(rng, image.size), soft))


def screen_photo(image: Image.Image, rng: np.random.Generator, scenery: Scenery) -> Edited:
    """A phone's photo of the picture on a screen: a bezel, an angle, moiré, a reflection, blur, grain, compression."""
    size = (round(_CANVAS * image.width / max(image.size)), round(_CANVAS * image.height / max(image.size)))
    shown = ImageOps.expand(image, max(2, round(0.02 * max(image.size))), (12, 12, 14))
    border = (shown.width - image.width) // 2
    placement = _held_at_an_angle(shown.size, size, rng)
    desk = scenery.picture(rng, size).point([round(level * 0.45) for level in range(256)] * 3)
    seen = warped(_sized_down(shown, size), placement @ _sizing(shown.size, size), size, desk)
    lit = _lit(np.asarray(seen, dtype=np.float32), rng)
    photo = Image.fromarray(np.clip(lit, 0, 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(0.8))
    return Edited(as_jpeg(grained(photo, rng, 4), 70), placement @ shift(border, border))


def screenshot(image: Image.Image, rng: np.random.Generator, scenery: Scenery) -> Edited:
    """A phone's screenshot: the picture across the screen, bars above and lines of text below."""
    width, height = 540, 1110
    dark = rng.random() < 0.5
    page = Image.new("RGB", (width, height), (18, 18, 18) if dark else (250, 250, 250))
    ink = (225, 225, 225) if dark else (40, 40, 40)
    page.paste((60, 60, 60) if dark else (225, 225, 230), (0, 0, width, 70))
    top = int(rng.integers(80, 160))
    scale = min(1.0, (height - top - 200) / (width * image.height / image.width))
    size = round(width * scale), round(width * scale * image.height / image.width)
    left = (width - size[0]) // 2
    for line in range(6):
        y = top + size[1] + 24 + 30 * line
        page.paste(ink, (24, y, int(rng.integers(140, width - 24)), y + 9))
    return _pasted(page, image, (left, top, *size), cut=False)


def _pasted(board: Image.Image, image: Image.Image, box: tuple[int, int, int, int], *, cut: bool) -> Edited:
    """The picture in a box (left, top, width, height): whole and in the middle, or cut so that it fills the box."""
    left, top, width, height = box
    scale = (max if cut else min)(width / image.width, height / image.height)
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    across, down = round((width - size[0]) / 2), round((height - size[1]) / 2)
    tile = image.resize(size, Image.Resampling.LANCZOS)
    if cut:
        tile = tile.crop((-across, -down, width - across, height - down))
    board.paste(tile, (left + max(0, across), top + max(0, down)))
    placement = shift(left + across, top + down) @ scaling(size[0] / image.width, size[1] / image.height)
    return Edited(board, placement)


def _held_at_an_angle(shown: tuple[int, int], size: tuple[int, int], rng: np.random.Generator) -> Matrix:
    """The screen fills most of the photo: its corners are 2 to 10 % away from the photo's."""
    inward = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]]) * rng.uniform(0.02, 0.1, (4, 2)) * size
    return homography(outline(shown), outline(size) + inward)


def _sized_down(shown: Image.Image, size: tuple[int, int]) -> Image.Image:
    """A large picture made as small as the photo first: warping alone would leave out pixels."""
    return shown.resize(size, Image.Resampling.LANCZOS) if shown.width > size[0] else shown


def _sizing(shown: tuple[int, int], size: tuple[int, int]) -> Matrix:
    return scaling(shown[0] / size[0], shown[1] / size[1]) if shown[0] > size[0] else np.eye(3)


def _lit(pixels: Matrix, rng: np.random.Generator) -> Matrix:
    height, width = pixels.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    angle, period = float(rng.uniform(-0.3, 0.3)), float(rng.uniform(2.2, 7))
    moire = 1 + 0.07 * np.sin(2 * np.pi * (x * np.cos(angle) + y * np.sin(angle)) / period)
    moire *= 1 + 0.05 * np.sin(2 * np.pi * y / float(rng.uniform(2.2, 9)))
    cast = np.array([rng.uniform(0.85, 1), rng.uniform(0.92, 1), rng.uniform(0.95, 1.1)], dtype=np.float32)
    glare = 90 * np.exp(
        -((x - rng.uniform(0, width)) ** 2 + (y - rng.uniform(0, height)) ** 2) / (2 * (0.18 * width) ** 2)
    )
    toned = 255 * (pixels / 255) ** float(rng.uniform(0.8, 1.2))
    return np.asarray(toned * moire[:, :, None] * cast + glare[:, :, None])
