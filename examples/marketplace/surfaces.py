"""What a product may lie on or hang against: wood, tiles, cloth, stone, brick, grass."""

import math
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from examples.marketplace.texture import (
    Colour,
    Size,
    camouflage,
    checks,
    colour,
    facets,
    muted,
    noise,
    shade,
    stripes,
    tinted,
)


def planks(rng: Random, size: Size) -> Image.Image:
    """Floorboards, each of another tone, with joints; lying or standing."""
    width, height = size
    wood = colour(rng.uniform(0.05, 0.11), rng.uniform(0.25, 0.6), rng.uniform(0.5, 0.85))
    picture = tinted(noise(rng, size, 4, 4, aspect=0.15), shade(wood, 0.55), shade(wood, 1.2))
    tones = Image.new("L", size, 255)
    draw = ImageDraw.Draw(tones)
    board = height / rng.randint(4, 9)
    for row in range(math.ceil(height / board)):
        x = -rng.random() * width
        while x < width:
            long = rng.uniform(0.3, 0.9) * width
            box = (x, row * board, x + long, (row + 1) * board)
            draw.rectangle(box, fill=rng.randint(120, 255), outline=50, width=1)
            x += long
    boards = ImageChops.multiply(picture, tones.convert("RGB"))
    return boards.transpose(Image.Transpose.TRANSPOSE).resize(size) if rng.random() < 0.5 else boards


def tiles(rng: Random, size: Size) -> Image.Image:
    """Kitchen or bathroom tiles with light grout, in two tones."""
    width, height = size
    tone, other = muted(rng)[:2]
    picture = Image.new("RGB", size, (225, 222, 215))
    draw = ImageDraw.Draw(picture)
    side = width / rng.randint(4, 9)
    flat = side * rng.choice([0.5, 1.0, 1.0])
    for row in range(math.ceil(height / flat)):
        shift = side / 2 if flat < side and row % 2 else 0.0
        for column in range(-1, math.ceil(width / side) + 1):
            left, top = column * side + shift, row * flat
            tint = shade(rng.choice([tone, tone, other]), rng.uniform(0.75, 1.2))
            draw.rectangle((left + 1, top + 1, left + side - 2, top + flat - 2), tint)
    return ImageChops.soft_light(picture, noise(rng, size, 6, 3).convert("RGB"))


def tablecloth(rng: Random, size: Size) -> Image.Image:
    """A checked cloth with creases."""
    return _creased(rng, checks(rng, size, [shade(tone, 1.15) for tone in muted(rng)]))


def blanket(rng: Random, size: Size) -> Image.Image:
    """A rumpled blanket or bed sheet in one colour."""
    tone = colour(rng.random(), rng.uniform(0.05, 0.5), rng.uniform(0.5, 0.95))
    return _creased(rng, _creased(rng, tinted(noise(rng, size, 20, 2), shade(tone, 0.9), tone)))


def _creased(rng: Random, cloth: Image.Image) -> Image.Image:
    folds = noise(rng, cloth.size, rng.randint(3, 6), 3, aspect=rng.choice([0.4, 1.0, 2.2]))
    folds = folds.filter(ImageFilter.Kernel((3, 3), (-2, -1, 0, -1, 1, 1, 0, 1, 2), 1, 0)).filter(
        ImageFilter.GaussianBlur(2)
    )
    return ImageChops.overlay(cloth, ImageChops.multiply(folds, Image.new("L", cloth.size, 235)).convert("RGB"))


def marble(rng: Random, size: Size) -> Image.Image:
    """Stone with veins."""
    tone = colour(rng.random(), rng.uniform(0.0, 0.25), rng.choice([0.3, 0.9]))
    vein = shade(tone, 1.9 if max(tone) < 120 else 0.5)
    clouds = noise(rng, size, rng.randint(3, 5), 5)
    lines = clouds.point([255 if abs(level % 48 - 24) < 3 else round(level * 0.5) for level in range(256)])
    return tinted(lines.filter(ImageFilter.GaussianBlur(1)), tone, vein)


def bricks(rng: Random, size: Size) -> Image.Image:
    """A brick wall."""
    width, height = size
    clay = colour(rng.choice([0.02, 0.05, 0.6, 0.1]), rng.uniform(0.1, 0.6), rng.uniform(0.5, 0.85))
    picture = Image.new("RGB", size, shade(clay, rng.choice([0.5, 1.5])))
    draw = ImageDraw.Draw(picture)
    course = height / rng.randint(7, 14)
    long = course * rng.uniform(2.0, 3.2)
    for row in range(math.ceil(height / course)):
        for column in range(-1, math.ceil(width / long) + 1):
            left = column * long + (long / 2 if row % 2 else 0)
            box = (left + 1, row * course + 1, left + long - 2, (row + 1) * course - 2)
            draw.rectangle(box, shade(clay, rng.uniform(0.6, 1.3)))
    return ImageChops.soft_light(picture, noise(rng, size, 9, 4).convert("RGB"))


def terrazzo(rng: Random, size: Size) -> Image.Image:
    """Chips of stone in cement."""
    tones = muted(rng)
    picture = tinted(noise(rng, size, 4, 3), shade(tones[2], 0.8), tones[2])
    draw = ImageDraw.Draw(picture)
    largest = size[0] * rng.uniform(0.03, 0.08)
    for _ in range(rng.randint(90, 180)):
        x, y = rng.uniform(0, size[0]), rng.uniform(0, size[1])
        corners = sorted(rng.uniform(0, math.tau) for _ in range(rng.randint(4, 6)))
        radius = rng.uniform(0.25, 1.0) * largest
        chip = [(x + radius * math.cos(turn), y + radius * math.sin(turn)) for turn in corners]
        draw.polygon(chip, shade(rng.choice(tones), rng.uniform(0.7, 1.2)))
    return picture


def rug(rng: Random, size: Size) -> Image.Image:
    """A patterned rug."""
    tones = muted(rng)
    woven = rng.choice([facets, camouflage, stripes])(rng, size, [tones[0], tones[1], tones[2]])
    return ImageChops.overlay(woven, noise(rng, size, 40, 2).convert("RGB"))


def lawn(rng: Random, size: Size) -> Image.Image:
    """Grass, seen from above, with leaves on it."""
    green = colour(rng.uniform(0.2, 0.36), rng.uniform(0.4, 0.8), rng.uniform(0.4, 0.75))
    picture = tinted(noise(rng, size, 5, 5, aspect=3.0), shade(green, 0.3), shade(green, 1.3))
    draw = ImageDraw.Draw(picture)
    autumn = colour(rng.uniform(0.02, 0.2), 0.7, 0.85)
    for _ in range(rng.randint(25, 60)):
        x, y = rng.uniform(0, size[0]), rng.uniform(0, size[1])
        leaf(draw, rng, (x, y), size[0] * rng.uniform(0.02, 0.06), shade(autumn, rng.uniform(0.5, 1.2)))
    return picture


def leaf(draw: ImageDraw.ImageDraw, rng: Random, at: tuple[float, float], radius: float, tone: Colour) -> None:
    """Draw a pointed leaf, turned at random."""
    turn = rng.uniform(0, math.tau)
    outline = []
    for step in range(16):
        angle = step / 16 * math.tau
        x, y = radius * math.cos(angle), radius * 0.45 * math.sin(angle) * abs(math.cos(angle / 2))
        outline.append(
            (at[0] + x * math.cos(turn) - y * math.sin(turn), at[1] + x * math.sin(turn) + y * math.cos(turn))
        )
    draw.polygon(outline, tone)
