"""Edits of tone and resolution: every pixel stays where it is, but for the scale."""

import io
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from counterfoil.edits.scenery import Scenery, grained
from counterfoil.edits.step import Edited, Step, scaling

_Change = Callable[[Image.Image, np.random.Generator], Image.Image]


def resized(across: float, down: float) -> Step:
    """Scaled by two factors."""

    def step(image: Image.Image, rng: np.random.Generator, scenery: Scenery) -> Edited:
        size = max(16, round(image.width * across)), max(16, round(image.height * down))
        smaller = image.resize(size, Image.Resampling.LANCZOS)
        return Edited(smaller, scaling(size[0] / image.width, size[1] / image.height))

    return step


def recompressed(quality: float) -> Step:
    """Through a JPEG of that quality."""
    return _of_pixels(lambda image, rng: as_jpeg(image, round(quality)))


def as_jpeg(image: Image.Image, quality: int) -> Image.Image:
    """What a JPEG of that quality leaves of a picture."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(file).convert("RGB")


def toned(strength: float) -> Step:
    """Brightness, contrast and saturation each changed by up to `strength`, none by less than half of it."""

    def change(image: Image.Image, rng: np.random.Generator) -> Image.Image:
        for enhance in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
            by = float(rng.uniform(strength / 2, strength)) * (1 if rng.random() < 0.5 else -1)
            image = enhance(image).enhance(1 + by)
        return image

    return _of_pixels(change)


def hued(share: float) -> Step:
    """Hues turned by a share of the colour circle, to either side."""

    def change(image: Image.Image, rng: np.random.Generator) -> Image.Image:
        hue, saturation, value = image.convert("HSV").split()
        by = round(256 * share) * (1 if rng.random() < 0.5 else -1)
        turned = hue.point([(level + by) % 256 for level in range(256)])
        return Image.merge("HSV", (turned, saturation, value)).convert("RGB")

    return _of_pixels(change)


def warmed(strength: float) -> Step:
    """Another white: red and blue drawn apart, as lamps and filters do."""

    def change(image: Image.Image, rng: np.random.Generator) -> Image.Image:
        by = strength * (1 if rng.random() < 0.5 else -1)
        gains = np.array([1 + by, 1.0, 1 - by], dtype=np.float32)
        return Image.fromarray(np.clip(np.asarray(image) * gains, 0, 255).astype(np.uint8))

    return _of_pixels(change)


def gamma(strength: float) -> Step:
    """Shadows lifted or deepened: an exponent of up to 1 + strength, or its inverse."""

    def change(image: Image.Image, rng: np.random.Generator) -> Image.Image:
        exponent = (1 + strength) ** (1 if rng.random() < 0.5 else -1)
        return image.point([round(255 * (level / 255) ** exponent) for level in range(256)] * 3)

    return _of_pixels(change)


def grey() -> Step:
    """Without colour."""
    return _of_pixels(lambda image, rng: ImageOps.grayscale(image).convert("RGB"))


def blurred(radius: float) -> Step:
    """Gaussian blur, the radius (sigma) in pixels of a picture of 800."""
    return _of_pixels(lambda image, rng: image.filter(ImageFilter.GaussianBlur(radius * max(image.size) / 800)))


def sharpened(percent: float) -> Step:
    """Unsharp mask of that strength."""
    return _of_pixels(lambda image, rng: image.filter(ImageFilter.UnsharpMask(2, round(percent), 2)))


def noisy(deviation: float) -> Step:
    """Grain of so many grey levels."""
    return _of_pixels(lambda image, rng: grained(image, rng, deviation))


def reduced(colours: float) -> Step:
    """A palette of so many colours, dithered, as a GIF has."""
    return _of_pixels(lambda image, rng: image.quantize(round(colours)).convert("RGB"))


def shaded(strength: float) -> Step:
    """Darker towards the corners."""

    def change(image: Image.Image, rng: np.random.Generator) -> Image.Image:
        x = np.linspace(-1, 1, image.width)[None, :]
        y = np.linspace(-1, 1, image.height)[:, None]
        light = 1 - strength * np.clip(x * x + y * y, 0, 2) / 2
        return Image.fromarray((np.asarray(image) * light[:, :, None]).astype(np.uint8))

    return _of_pixels(change)


def _of_pixels(change: _Change) -> Step:
    return lambda image, rng, scenery: Edited(change(image, rng))
