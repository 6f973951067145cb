"""Colours, noise and cloth-like patterns: what the drawn products and their surroundings are painted with.

Everything is a function of a `random.Random`, so that the same seed paints the same picture.
"""

import colorsys
import functools
import math
from collections.abc import Callable, Sequence
from random import Random

import numpy as np
from PIL import Image, ImageDraw, ImageOps

Colour = tuple[int, int, int]
Size = tuple[int, int]
Pattern = Callable[[Random, Size, Sequence[Colour]], Image.Image]


def colour(hue: float, saturation: float, value: float) -> Colour:
    """An RGB colour from hue, saturation and value, each 0..1 (the hue wraps around)."""
    red, green, blue = colorsys.hsv_to_rgb(hue % 1.0, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)


def shade(base: Colour, factor: float) -> Colour:
    """The colour made lighter (factor over 1) or darker (under 1)."""
    red, green, blue = (min(255, max(0, round(channel * factor))) for channel in base)
    return red, green, blue


def palette(rng: Random) -> list[Colour]:
    """Four colours that go together: main, second, trim, dark."""
    hue = rng.random()
    apart = rng.choice([0.08, 0.33, 0.5, 0.62])
    return [
        colour(hue, rng.uniform(0.35, 0.95), rng.uniform(0.45, 0.95)),
        colour(hue + apart, rng.uniform(0.3, 0.9), rng.uniform(0.35, 0.95)),
        colour(hue + rng.choice([0.02, 0.5]), rng.uniform(0.05, 0.3), rng.uniform(0.8, 0.98)),
        colour(hue + apart, rng.uniform(0.2, 0.5), rng.uniform(0.12, 0.25)),
    ]


def muted(rng: Random) -> list[Colour]:
    """Four quiet colours for what stands behind a product."""
    hue = rng.random()
    apart = rng.choice([0.05, 0.12, 0.5])
    return [
        colour(hue, rng.uniform(0.05, 0.5), rng.uniform(0.55, 0.95)),
        colour(hue + apart, rng.uniform(0.05, 0.45), rng.uniform(0.4, 0.9)),
        colour(hue, rng.uniform(0.0, 0.15), rng.uniform(0.85, 1.0)),
        colour(hue + apart, rng.uniform(0.1, 0.5), rng.uniform(0.2, 0.45)),
    ]


def noise(rng: Random, size: Size, coarse: int = 3, octaves: int = 4, aspect: float = 1.0) -> Image.Image:
    """Cloudy grey noise; `coarse` cells across in the first octave, twice as many in each further one.

    `aspect` stretches the cells: over 1 they are wider than high (wood grain, brushed metal).
    """
    generator = np.random.default_rng(rng.getrandbits(64))
    finest = coarse * 2 ** (octaves - 1)
    # Clouds are soft: they are laid over each other small, and enlarged once.
    small = min(size[0], max(48, 2 * finest)), min(size[1], max(48, 2 * finest))
    clouds = Image.new("L", small, 128)
    for octave in range(octaves):
        cells = coarse * 2**octave
        grid = generator.integers(0, 256, (max(2, round(cells * aspect)), max(2, cells)), dtype=np.uint8)
        layer = Image.fromarray(grid).resize(small, Image.Resampling.BILINEAR)
        clouds = Image.blend(clouds, layer, 0.6 if octave == 0 else 0.38)
    return ImageOps.autocontrast(clouds).resize(size, Image.Resampling.BILINEAR)


@functools.lru_cache(maxsize=4)
def _grain_tile(side: int) -> Image.Image:
    generator = np.random.default_rng(side)
    return Image.fromarray(generator.integers(150, 186, (side, side), dtype=np.uint8)).convert("RGB")


def grain(rng: Random, size: Size) -> Image.Image:
    """Sensor noise for a soft-light blend, lighter than mid grey: it gives back what the light's shadows took.

    Cut at a random place from one larger tile.
    """
    tile = _grain_tile(1600)
    left, top = rng.randrange(1600 - size[0]), rng.randrange(1600 - size[1])
    return tile.crop((left, top, left + size[0], top + size[1]))


def tinted(grey: Image.Image, dark: Colour, light: Colour) -> Image.Image:
    """A grey picture in two colours."""
    return ImageOps.colorize(grey, dark, light)


def plain(rng: Random, size: Size, colours: Sequence[Colour]) -> Image.Image:
    """Nearly one colour, with a cloudy variation."""
    return tinted(noise(rng, size, 3, 2), shade(colours[0], 0.85), shade(colours[0], 1.1))


def stripes(rng: Random, size: Size, colours: Sequence[Colour]) -> Image.Image:
    """Slanted stripes of uneven widths."""
    picture = Image.new("RGB", size, colours[0])
    draw = ImageDraw.Draw(picture)
    width, height = size
    slant = rng.uniform(-1.2, 1.2) * height
    x = -abs(slant)
    while x < width + abs(slant):
        band = rng.uniform(0.03, 0.11) * width
        draw.polygon([(x, 0), (x + band, 0), (x + band + slant, height), (x + slant, height)], rng.choice(colours[1:]))
        x += band + rng.uniform(0.04, 0.14) * width
    return picture


def checks(rng: Random, size: Size, colours: Sequence[Colour]) -> Image.Image:
    """Woven checks: bands across bands, the crossings darker."""
    picture = Image.new("RGB", size, colours[0])
    across, down = Image.new("RGB", size, colours[0]), Image.new("RGB", size, colours[0])
    cell = size[0] / rng.randint(5, 10)
    for draw, vertical in ((ImageDraw.Draw(across), True), (ImageDraw.Draw(down), False)):
        for index in range(math.ceil(max(size) / cell)):
            start, end = index * cell, index * cell + cell * rng.choice([0.2, 0.45])
            box = (start, 0, end, size[1]) if vertical else (0, start, size[0], end)
            draw.rectangle(box, rng.choice(colours[1:3]))
    return Image.blend(Image.blend(picture, across, 0.5), down, 0.5)


def dots(rng: Random, size: Size, colours: Sequence[Colour]) -> Image.Image:
    """Dots in offset rows."""
    picture = Image.new("RGB", size, colours[0])
    draw = ImageDraw.Draw(picture)
    step = size[0] / rng.randint(6, 13)
    radius = step * rng.uniform(0.2, 0.4)
    for row in range(math.ceil(size[1] / step) + 1):
        for column in range(-1, math.ceil(size[0] / step) + 1):
            x, y = (column + 0.5 * (row % 2)) * step, row * step
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), rng.choice(colours[1:3]))
    return picture


def camouflage(rng: Random, size: Size, colours: Sequence[Colour]) -> Image.Image:
    """Blotches in three colours."""
    picture = Image.new("RGB", size, colours[0])
    for tone in colours[1:3]:
        mask = noise(rng, size, 5, 3).point(lambda level: 255 if level > 150 else 0)
        picture.paste(tone, (0, 0), mask)
    return picture


def zigzag(rng: Random, size: Size, colours: Sequence[Colour]) -> Image.Image:
    """Rows of zigzag, like knitting."""
    picture = Image.new("RGB", size, colours[0])
    draw = ImageDraw.Draw(picture)
    rows = rng.randint(5, 10)
    step = size[1] / rows
    teeth = rng.randint(5, 9)
    for row in range(-1, rows + 1):
        points = [
            (index * size[0] / teeth / 2, (row + 0.5 + (index % 2) * 0.7) * step) for index in range(2 * teeth + 1)
        ]
        draw.line(points, rng.choice(colours[1:3]), round(step * rng.uniform(0.25, 0.5)))
    return picture


def facets(rng: Random, size: Size, colours: Sequence[Colour]) -> Image.Image:
    """A mosaic of triangles in shades of the colours."""
    picture = Image.new("RGB", size, colours[0])
    draw = ImageDraw.Draw(picture)
    cells = rng.randint(4, 8)
    wide, high = size[0] / cells, size[1] / cells
    for row in range(cells):
        for column in range(cells):
            left, top = column * wide, row * high
            corners = [(left, top), (left + wide, top), (left + wide, top + high), (left, top + high)]
            turn = rng.randrange(4)
            corners = corners[turn:] + corners[:turn]
            draw.polygon(corners[:3], shade(rng.choice(colours[:3]), rng.uniform(0.7, 1.15)))
            draw.polygon([corners[2], corners[3], corners[0]], shade(rng.choice(colours[:3]), rng.uniform(0.7, 1.15)))
    return picture


PATTERNS: tuple[Pattern, ...] = (plain, stripes, checks, dots, camouflage, zigzag, facets)
