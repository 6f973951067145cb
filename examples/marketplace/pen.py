"""A pen that draws one product on a transparent square, seen from an angle, in the materials it is made of."""

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from PIL import Image, ImageDraw, ImageFont

from examples.marketplace.curves import Point, closed_curve, open_curve
from examples.marketplace.texture import PATTERNS, Colour, palette, shade

Window = tuple[int, int, int, int]
Cut = tuple[Window, Image.Image]
Trace = Callable[[ImageDraw.ImageDraw, list[Point]], None]

MAIN, SECOND, TRIM, DARK = "main", "second", "trim", "dark"
_EDGE = "edge"
_FINER = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """How a product is turned in front of the camera: degrees, shear, and whether left and right are swapped."""

    turn: float = 0.0
    shear: float = 0.0
    squeeze: float = 1.0
    mirrored: bool = False

    def place(self, point: Point) -> Point:
        """Where a point of the product's own square (0..1) is seen."""
        x, y = point[0] - 0.5, point[1] - 0.5
        x, y = (-x if self.mirrored else x) * self.squeeze + y * self.shear, y
        turn = math.radians(self.turn)
        return 0.5 + x * math.cos(turn) - y * math.sin(turn), 0.5 + x * math.sin(turn) + y * math.cos(turn)


@dataclass(frozen=True, slots=True, kw_only=True)
class Materials:
    """What a product is made of: a picture or a colour for each of its paints (and for the outlines)."""

    paints: Mapping[str, Image.Image | Colour]


def materials(rng: Random, side: int) -> Materials:
    """Choose colours and patterns; `side` is the pen's square in pixels."""
    colours = palette(rng)
    main, second, trim, dark = colours
    paints: dict[str, Image.Image | Colour] = {
        MAIN: rng.choice(PATTERNS)(rng, (side, side), [main, second, trim]),
        SECOND: rng.choice(PATTERNS)(rng, (side, side), [second, shade(second, 0.75), main]),
        TRIM: trim,
        DARK: dark,
        _EDGE: shade(dark, 0.7),
    }
    return Materials(paints=paints)


class Pen:
    """Draws shapes given in the product's own square (0..1, y down), as `view` shows them."""

    def __init__(self, side: int, view: View, look: Materials) -> None:
        self.side = side
        self._colours = Image.new("RGB", (side, side))
        self._cover = Image.new("L", (side, side))
        self._view = view
        self._look = look

    def drawn(self) -> Image.Image:
        """What was drawn so far, RGBA, transparent around it."""
        picture = self._colours.convert("RGBA")
        picture.putalpha(self._cover)
        return picture

    def shape(self, points: Sequence[Point], paint: str, *, smooth: bool = False) -> None:
        """Fill a closed outline; `smooth` rounds it (a closed Catmull-Rom curve through the points)."""
        outline = closed_curve(points) if smooth else list(points)
        self._fill([self._pixel(point) for point in outline], paint)

    def oval(self, x: float, y: float, wide: float, high: float, paint: str) -> None:
        """Fill an ellipse around (x, y) with these half axes."""
        turns = [step / 48 * math.tau for step in range(48)]
        self._fill([self._pixel((x + wide * math.cos(t), y + high * math.sin(t))) for t in turns], paint)

    def box(self, left: float, top: float, right: float, bottom: float, paint: str, *, round_by: float = 0.0) -> None:
        """Fill a rectangle, its corners cut off by `round_by`."""
        cut = round_by
        corners = [(left + cut, top), (right - cut, top), (right, top + cut), (right, bottom - cut)]
        corners += [(right - cut, bottom), (left + cut, bottom), (left, bottom - cut), (left, top + cut)]
        self.shape(corners, paint)

    def line(self, points: Sequence[Point], width: float, paint: str, *, smooth: bool = False) -> None:
        """Draw a stroke of this width (a share of the square)."""
        course = open_curve(points) if smooth else list(points)
        pixels = [self._pixel(point) for point in course]
        thick = width * self.side
        self._lay(paint, self._stencil(pixels, thick, lambda draw, at: _stroke(draw, at, round(thick * _FINER))))

    def word(self, text: str, x: float, y: float, height: float, paint: str) -> None:
        """Print a word around (x, y), turned as the product is."""
        letters = _lettering(text)
        centre, (a, b, d, e) = self._pixel((x, y)), self._unturned(letters.height / height / self.side)
        half = math.hypot(letters.width, letters.height) * height / letters.height * self.side / 2
        window = self._window([(centre[0] - half, centre[1] - half), (centre[0] + half, centre[1] + half)])
        if window is None:
            return
        u, v = centre[0] - window[0], centre[1] - window[1]
        across, down = letters.width / 2 - a * u - b * v, letters.height / 2 - d * u - e * v
        size = window[2] - window[0], window[3] - window[1]
        affine = (a, b, across, d, e, down)
        self._lay(paint, (window, letters.transform(size, Image.Transform.AFFINE, affine, Image.Resampling.BILINEAR)))

    def _unturned(self, scale: float) -> tuple[float, float, float, float]:
        """What takes a step on the picture back to a step on the product, `scale` times as long."""
        (x, y), (x1, y1), (x2, y2) = (self._view.place(point) for point in ((0, 0), (1, 0), (0, 1)))
        a, b, c, d = x1 - x, x2 - x, y1 - y, y2 - y
        if self._view.mirrored:  # print is read from left to right, however the product is turned
            a, c = -a, -c
        share = scale / (a * d - b * c)
        return d * share, -b * share, -c * share, a * share

    def _pixel(self, point: Point) -> Point:
        x, y = self._view.place(point)
        return x * self.side, y * self.side

    def _fill(self, pixels: list[Point], paint: str) -> None:
        self._lay(paint, self._stencil(pixels, 1, lambda draw, at: draw.polygon(at, 255)))
        thick = max(1, self.side // 180) * _FINER
        self._lay(_EDGE, self._stencil(pixels, thick, lambda draw, at: draw.line([*at, at[0]], 255, thick)))

    def _stencil(self, pixels: list[Point], margin: float, trace: Trace) -> Cut | None:
        """A window of the square, and a mask of it that `trace` drew finer than the pixels are, for smooth edges."""
        window = self._window(pixels, margin)
        if window is None:
            return None
        left, top, right, bottom = window
        mask = Image.new("L", ((right - left) * _FINER, (bottom - top) * _FINER))
        trace(ImageDraw.Draw(mask), [((x - left) * _FINER, (y - top) * _FINER) for x, y in pixels])
        return window, mask.reduce(_FINER)

    def _lay(self, paint: str, cut: Cut | None) -> None:
        if cut is None:
            return
        window, mask = cut
        colours = self._look.paints[paint]
        self._colours.paste(colours.crop(window) if isinstance(colours, Image.Image) else colours, window, mask)
        self._cover.paste(255, window, mask)

    def _window(self, pixels: Sequence[Point], margin: float = 0) -> Window | None:
        """The part of the square that these points cover; None where they lie outside it."""
        xs, ys = [x for x, _ in pixels], [y for _, y in pixels]
        left, top = max(0, math.floor(min(xs) - margin)), max(0, math.floor(min(ys) - margin))
        right = min(self.side, math.ceil(max(xs) + margin) + 1)
        bottom = min(self.side, math.ceil(max(ys) + margin) + 1)
        return (left, top, right, bottom) if left < right and top < bottom else None


def _stroke(draw: ImageDraw.ImageDraw, points: Sequence[Point], thick: int) -> None:
    draw.line(list(points), 255, max(1, thick), joint="curve")
    for x, y in (points[0], points[-1]):
        draw.ellipse((x - thick / 2, y - thick / 2, x + thick / 2, y + thick / 2), 255)


@functools.lru_cache(maxsize=64)
def _lettering(text: str) -> Image.Image:
    # Pillow's own font: the same letters on every machine.
    font = ImageFont.load_default(64)
    left, top, right, bottom = font.getbbox(text)
    letters = Image.new("L", (math.ceil(right - left) + 4, math.ceil(bottom - top) + 4))
    ImageDraw.Draw(letters).text((2 - left, 2 - top), text, 255, font)
    return letters
