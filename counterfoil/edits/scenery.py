"""What sellers put around, behind and over a picture: other pictures, rooms, colours, wordings, marks."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps

Colour = tuple[int, int, int]

_WORDINGS = (
    "SALE -50%",
    "FREE SHIPPING",
    "100% ORIGINAL",
    "NEW ARRIVAL 2026",
    "HOT DEAL",
    "BUY 2 GET 1 FREE",
    "Best price!",
    "IN STOCK",
    "€ 19,90",
    "$ 12.99",
    "@fashion_outlet_88",
    "www.outlet-shop.example",
    "TOP QUALITY 1:1",
    "LIMITED OFFER",
)
# Grounds and frames are mostly white, grey or black; banners and stickers mostly loud.
_QUIET: tuple[Colour, ...] = (
    (255, 255, 255),
    (255, 255, 255),
    (242, 242, 242),
    (0, 0, 0),
    (200, 190, 175),
    (225, 232, 240),
)
_LOUD: tuple[Colour, ...] = (
    (220, 30, 40),
    (250, 200, 0),
    (20, 90, 200),
    (10, 150, 80),
    (20, 20, 20),
    (255, 255, 255),
    (230, 60, 150),
)


@dataclass(frozen=True)
class Scenery:
    """The other pictures of a collage, the backgrounds of a cut-out; drawn ones where `pictures` is empty."""

    pictures: Sequence[Image.Image] = ()

    def picture(self, rng: np.random.Generator, size: tuple[int, int]) -> Image.Image:
        """Any other picture, cut to `size`, now and then mirrored."""
        if not self.pictures:
            return drawn_room(rng, size)
        chosen = self.pictures[int(rng.integers(len(self.pictures)))].convert("RGB")
        return ImageOps.fit(ImageOps.mirror(chosen) if rng.random() < 0.5 else chosen, size)


def drawn_room(rng: np.random.Generator, size: tuple[int, int]) -> Image.Image:
    """A made-up room: two blended colours, shapes with soft edges, grain."""
    width, height = size
    upper, lower = rng.integers(30, 256, 3), rng.integers(30, 256, 3)
    slope = np.linspace(0, 1, height)[:, None, None]
    wall = np.broadcast_to(upper * (1 - slope) + lower * slope, (height, width, 3))
    room = Image.fromarray(wall.astype(np.uint8))
    draw = ImageDraw.Draw(room)
    for _ in range(int(rng.integers(8, 25))):
        x, y = int(rng.integers(width)), int(rng.integers(height))
        w, h = int(rng.integers(width // 16 + 1, width // 3 + 2)), int(rng.integers(height // 16 + 1, height // 3 + 2))
        shape = draw.ellipse if rng.random() < 0.5 else draw.rectangle
        shape((x - w // 2, y - h // 2, x + w // 2, y + h // 2), fill=any_colour(rng))
    soft = room.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.5, 3))))
    return grained(soft, rng, float(rng.uniform(2, 9)))


def grained(image: Image.Image, rng: np.random.Generator, deviation: float) -> Image.Image:
    """A picture with normal noise of so many grey levels in every channel."""
    pixels = np.asarray(image, dtype=np.float32)
    noise = rng.standard_normal(pixels.shape, dtype=np.float32) * np.float32(deviation)
    return Image.fromarray(np.clip(pixels + noise, 0, 255).astype(np.uint8))


def any_colour(rng: np.random.Generator) -> Colour:
    """Any colour at all."""
    red, green, blue = (int(value) for value in rng.integers(0, 256, 3))
    return red, green, blue


def quiet_colour(rng: np.random.Generator) -> Colour:
    """A colour of page grounds and frames."""
    return _QUIET[int(rng.integers(len(_QUIET)))]


def loud_colour(rng: np.random.Generator) -> Colour:
    """A colour of banners and stickers."""
    return _LOUD[int(rng.integers(len(_LOUD)))]


def wording(rng: np.random.Generator) -> str:
    """What sellers write on pictures."""
    return _WORDINGS[int(rng.integers(len(_WORDINGS)))]


def written(text: str, size: tuple[int, int], colour: tuple[int, ...], ground: tuple[int, ...]) -> Image.Image:
    """A text as large as fits on a ground of `size`, in the middle; RGBA where the colours have four parts."""
    width, height = size
    board = Image.new("RGBA" if len(ground) == 4 else "RGB", size, ground)
    draw = ImageDraw.Draw(board)
    points = max(6.0, 0.7 * height)
    length = draw.textlength(text, font=ImageFont.load_default(points))
    points = max(6.0, points * min(1.0, 0.92 * width / max(1.0, length)))
    draw.text((width / 2, height / 2), text, fill=colour, font=ImageFont.load_default(points), anchor="mm")
    return board
