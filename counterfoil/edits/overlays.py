"""Edits that put something over a picture: watermarks, banners, stickers, logos."""

import math

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from counterfoil.edits.scenery import Scenery, any_colour, loud_colour, wording, written
from counterfoil.edits.step import Edited, Step


def watermarked(opacity: float) -> Step:
    """One wording over the whole picture again and again, slanting, half transparent."""

    def step(image: Image.Image, rng: np.random.Generator, scenery: Scenery) -> Edited:
        side = int(1.5 * max(image.size))
        sheet = Image.new("RGBA", (side, side))
        draw = ImageDraw.Draw(sheet)
        shade = 255 if rng.random() < 0.7 else 0
        points = max(8.0, float(rng.uniform(0.05, 0.09)) * max(image.size))
        font = ImageFont.load_default(points)
        text = wording(rng)
        across, down = draw.textlength(text, font=font) * 1.25, points * 2.6
        for row in range(math.ceil(side / down)):
            for column in range(-1, math.ceil(side / across)):
                at = (column + row % 2 / 2) * across, row * down
                draw.text(at, text, font=font, fill=(shade, shade, shade, round(255 * opacity)))
        slanted = sheet.rotate(float(rng.uniform(15, 45)), Image.Resampling.BILINEAR)
        left, top = (side - image.width) // 2, (side - image.height) // 2
        return Edited(_over(image, slanted.crop((left, top, left + image.width, top + image.height)), (0, 0)))

    return step


def bannered(share: float) -> Step:
    """A bar of one colour with a wording at the top or the bottom, so much of the height."""

    def step(image: Image.Image, rng: np.random.Generator, scenery: Scenery) -> Edited:
        height = max(2, round(share * image.height))
        bar = _board(rng, (image.width, height))
        top = 0 if rng.random() < 0.5 else image.height - height
        return Edited(_over(image, bar, (0, top)))

    return step


def stickered(share: float, number: int = 1) -> Step:
    """Stickers anywhere on the picture, that together are as large as `share` of it (they may overlap)."""

    def step(image: Image.Image, rng: np.random.Generator, scenery: Scenery) -> Edited:
        for _ in range(number):
            image = _with_sticker(image, rng, share / number * image.width * image.height)
        return Edited(image)

    return step


def labelled(share: float) -> Step:
    """A seller's logo in a corner: a mark and a name on nothing, so much of the width."""

    def step(image: Image.Image, rng: np.random.Generator, scenery: Scenery) -> Edited:
        width = max(12, round(share * image.width))
        mark = _logo(rng, (width, max(6, width // 2)))
        margin = round(0.03 * image.width)
        left = margin if rng.random() < 0.5 else image.width - mark.width - margin
        top = margin if rng.random() < 0.5 else image.height - mark.height - margin
        return Edited(_over(image, mark, (left, top)))

    return step


def captioned(share: float) -> Step:
    """Lines of text straight on the picture, as high as `share` of it."""

    def step(image: Image.Image, rng: np.random.Generator, scenery: Scenery) -> Edited:
        lines = int(rng.integers(2, 5))
        height = max(8, round(share * image.height / lines))
        colour = (*loud_colour(rng), 255)
        top = int(rng.integers(0, max(1, image.height - lines * height)))
        for line in range(lines):
            width = round(image.width * float(rng.uniform(0.5, 0.95)))
            text = written(wording(rng), (width, height), colour, (0, 0, 0, 0))
            image = _over(image, text, (round(0.03 * image.width), top + line * height))
        return Edited(image)

    return step


def _with_sticker(image: Image.Image, rng: np.random.Generator, area: float) -> Image.Image:
    shape = ("ellipse", "box", "star")[int(rng.integers(3))]
    filled = {"ellipse": math.pi / 4, "box": 1.0, "star": 0.6}[shape]
    ratio = float(rng.uniform(0.75, 1.4))
    width = min(image.width, round(math.sqrt(area / filled * ratio)))
    height = min(image.height, round(area / filled / max(1, width)))
    sticker = _board(rng, (max(8, width), max(8, height))).convert("RGBA")
    sticker.putalpha(_sticker_mask(sticker.size, shape))
    left = int(rng.integers(0, max(1, image.width - sticker.width + 1)))
    top = int(rng.integers(0, max(1, image.height - sticker.height + 1)))
    return _over(image, sticker, (left, top))


def _sticker_mask(size: tuple[int, int], shape: str) -> Image.Image:
    width, height = size
    mask = Image.new("L", size)
    draw = ImageDraw.Draw(mask)
    if shape == "ellipse":
        draw.ellipse((0, 0, width - 1, height - 1), fill=255)
    elif shape == "box":
        draw.rounded_rectangle((0, 0, width - 1, height - 1), min(size) / 8, fill=255)
    else:
        turns = [(math.tau * point / 24, 1.0 if point % 2 == 0 else 0.78) for point in range(24)]
        draw.polygon(
            [(width / 2 * (1 + far * math.sin(turn)), height / 2 * (1 - far * math.cos(turn))) for turn, far in turns],
            fill=255,
        )
    return mask


def _logo(rng: np.random.Generator, size: tuple[int, int]) -> Image.Image:
    width, height = size
    colour = (*any_colour(rng), 255)
    logo = Image.new("RGBA", size)
    draw = ImageDraw.Draw(logo)
    draw.ellipse((0.3 * width, 0, 0.7 * width, 0.6 * height), outline=colour, width=max(2, height // 10))
    draw.polygon([(0.5 * width, 0.1 * height), (0.6 * width, 0.45 * height), (0.4 * width, 0.45 * height)], fill=colour)
    logo.alpha_composite(
        written(wording(rng), (width, max(6, round(0.35 * height))), colour, (0, 0, 0, 0)), (0, round(0.63 * height))
    )
    return logo


def _board(rng: np.random.Generator, size: tuple[int, int]) -> Image.Image:
    ground = loud_colour(rng)
    ink = (255, 255, 255) if sum(ground) < 420 else (20, 20, 20)
    return written(wording(rng), size, ink, ground)


def _over(image: Image.Image, layer: Image.Image, at: tuple[int, int]) -> Image.Image:
    lower = image.copy()
    lower.paste(layer, at, layer if layer.mode == "RGBA" else None)
    return lower
