"""Product photos, drawn: a model of some kind, turned some way, before some scenery, in some light.

A `Photo` says what to draw; drawing it twice gives the same pixels. Photos are rich on purpose (patterns, things lying
about, uneven light), as sellers' photos are: plain ones would all look alike to a perceptual hash.
"""

import io
from dataclasses import dataclass
from random import Random

from PIL import Image, ImageChops, ImageFilter

from examples.marketplace.kinds import KINDS
from examples.marketplace.lighting import light
from examples.marketplace.pen import Pen, View, materials
from examples.marketplace.scenery import SCENERIES, scattered_things
from examples.marketplace.texture import Size, grain


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One product as it is made: what kind, the seed of its form and materials, and the name printed on it."""

    kind: str
    seed: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    """One photo of a model: the seed of how it stands (`pose`) and of what is around it (`setting`), in pixels."""

    model: Model
    pose: str
    setting: str
    width: int = 480
    height: int = 480


def draw(photo: Photo) -> Image.Image:
    """The photo's pixels, RGB."""
    rng = Random(f"setting {photo.setting}")
    size = photo.width, photo.height
    # What is behind is out of focus: drawn at half the size.
    behind = rng.choice(SCENERIES)(rng, (photo.width // 2, photo.height // 2))
    scattered_things(rng, behind)
    picture = behind.resize(size, Image.Resampling.BILINEAR)
    _stand(photo, picture)
    picture = ImageChops.multiply(picture, light(rng, size).convert("RGB"))
    return ImageChops.soft_light(picture, grain(rng, size))


def encoded(picture: Image.Image, file_format: str = "JPEG", quality: int = 86) -> bytes:
    """The bytes of a picture file: JPEG, PNG or WEBP (quality means nothing to PNG)."""
    file = io.BytesIO()
    if file_format == "PNG":
        picture.save(file, "PNG", compress_level=3)
    elif file_format == "WEBP":
        picture.save(file, "WEBP", quality=quality, method=1)
    else:
        picture.save(file, "JPEG", quality=quality)
    return file.getvalue()


def _stand(photo: Photo, picture: Image.Image) -> None:
    """Put the model into the scene, with its shadow."""
    rng = Random(f"pose {photo.pose}")
    side = round(min(picture.size) * rng.uniform(0.66, 0.86))
    view = View(
        turn=rng.uniform(-14, 14),
        shear=rng.uniform(-0.18, 0.18),
        squeeze=rng.uniform(0.85, 1.0),
        mirrored=rng.random() < 0.3,
    )
    product = _product(photo.model, side, view)
    left = round((picture.width - side) * rng.uniform(0.2, 0.8))
    top = round((picture.height - side) * rng.uniform(0.2, 0.8))
    _cast_shadow(rng, picture, product, (left, top))
    picture.paste(product, (left, top), product)


def _product(model: Model, side: int, view: View) -> Image.Image:
    rng = Random(f"model {model.seed}")
    pen = Pen(side, view, materials(rng, side))
    KINDS[model.kind](pen, rng, model.name)
    return _rounded(pen.drawn())


def _rounded(product: Image.Image) -> Image.Image:
    """Darken towards the edges and the bottom, so that flat shapes look solid."""
    size: Size = product.size
    alpha = product.getchannel("A")
    depth = _soft(alpha, 160).point([90 + level * 165 // 255 for level in range(256)])
    falling = Image.linear_gradient("L").resize(depth.size).point([255 - level * 70 // 255 for level in range(256)])
    shading = ImageChops.multiply(depth, falling).resize(size, Image.Resampling.BILINEAR)
    lit = ImageChops.multiply(product.convert("RGB"), Image.merge("RGB", (shading, shading, shading)))
    lit.putalpha(alpha)
    return lit


def _cast_shadow(rng: Random, picture: Image.Image, product: Image.Image, at: tuple[int, int]) -> None:
    side = product.width
    soft = _soft(product.getchannel("A"), 240).point([level * 150 // 255 for level in range(256)])
    shift = round(side * rng.uniform(-0.06, 0.06)), round(side * rng.uniform(0.02, 0.06))
    shadow = soft.resize(product.size, Image.Resampling.BILINEAR)
    picture.paste((10, 10, 14), (at[0] + shift[0], at[1] + shift[1]), shadow)


def _soft(alpha: Image.Image, share: float) -> Image.Image:
    """An eighth of the size, blurred by its side's `share`-th part (in pixels of the small one)."""
    return alpha.reduce(8).filter(ImageFilter.GaussianBlur(alpha.width / share))
