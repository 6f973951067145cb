"""The light on a photo: a grey picture to multiply it by. Made small and enlarged, because light is soft."""

from collections.abc import Callable
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from examples.marketplace.texture import Size

Light = Callable[[Random, Size], Image.Image]


def lamp(rng: Random, size: Size) -> Image.Image:
    """A pool of light somewhere, darker away from it."""
    width, height = size
    falloff = rng.uniform(0.25, 0.5)
    pool = Image.radial_gradient("L").point([round(255 - level * falloff) for level in range(256)])
    pool = pool.resize((width * 2, height * 2))
    left, top = rng.randrange(width), rng.randrange(height)
    return pool.crop((left, top, left + width, top + height))


def blinds(rng: Random, size: Size) -> Image.Image:
    """Slanted bars of shade, as behind a window with blinds."""
    width, height = size
    bars = Image.new("L", size, 255)
    draw = ImageDraw.Draw(bars)
    pitch = height * rng.uniform(0.1, 0.22)
    slant = rng.uniform(-0.8, 0.8) * height
    y = -abs(slant)
    while y < height + abs(slant):
        thick = pitch * rng.uniform(0.4, 0.6)
        draw.polygon([(0, y), (width, y + slant), (width, y + slant + thick), (0, y + thick)], rng.randint(150, 195))
        y += pitch
    return bars.filter(ImageFilter.GaussianBlur(1))


def foliage(rng: Random, size: Size) -> Image.Image:
    """The moving shade of a tree."""
    width, height = size
    shade = Image.new("L", size, 255)
    draw = ImageDraw.Draw(shade)
    for _ in range(rng.randint(14, 30)):
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        wide, high = rng.uniform(0.04, 0.16) * width, rng.uniform(0.03, 0.1) * height
        draw.ellipse((x - wide, y - high, x + wide, y + high), rng.randint(140, 195))
    return shade.filter(ImageFilter.GaussianBlur(2))


def sideways(rng: Random, size: Size) -> Image.Image:
    """Bright on one side, dim on the other."""
    ramp = Image.linear_gradient("L").point([165 + level * 90 // 255 for level in range(256)])
    return ramp.rotate(rng.choice([0, 90, 180, 270])).resize(size)


LIGHTS: tuple[Light, ...] = (lamp, lamp, blinds, foliage, sideways, sideways)


def light(rng: Random, size: Size) -> Image.Image:
    """One kind of light over another, at full size."""
    small = size[0] // 4, size[1] // 4
    first, second = rng.sample(LIGHTS, 2)
    both = ImageChops.multiply(first(rng, small), second(rng, small))
    return both.resize(size, Image.Resampling.BILINEAR)
