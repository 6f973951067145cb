"""The named edits, and random ones of every kind."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

import numpy as np
from PIL import Image

from counterfoil.edits import light, overlays, scenes, shape
from counterfoil.edits.scenery import Scenery
from counterfoil.edits.step import Edited, Step, chain


class Kind(StrEnum):
    """What sort of edit it is. Training leaves out whole kinds to see how the verifier fares with new ones."""

    PHOTOMETRIC = "photometric"
    MIRROR = "mirror"
    ROTATION = "rotation"
    CROP = "crop"
    PADDING = "padding"
    WATERMARK = "watermark"
    BANNER = "banner"
    STICKER = "sticker"
    LOGO = "logo"
    BACKGROUND = "background"
    COLLAGE = "collage"
    INSET = "inset"
    PERSPECTIVE = "perspective"
    SCREEN = "screen"
    COMBINATION = "combination"


@dataclass(frozen=True, slots=True)
class Edit:
    """One named edit. `described` completes "a copy that was ..."."""

    name: str
    kind: Kind
    described: str
    step: Step

    def apply(self, image: Image.Image, seed: int, scenery: Scenery = Scenery()) -> Edited:  # noqa: B008 - frozen
        """Edit an RGB picture; the same picture, seed and scenery give the same pixels. Raises NoProductMask."""
        return self.step(image, _generator(self.name, seed), scenery)


def _generator(name: str, seed: int) -> np.random.Generator:
    # Of its own for every edit: one more edit in the list changes none of the others.
    return np.random.default_rng([seed, *name.encode()])


_NAMED: tuple[tuple[str, Kind, str, Step], ...] = (
    ("resize-50", Kind.PHOTOMETRIC, "made half as large", light.resized(0.5, 0.5)),
    ("resize-25", Kind.PHOTOMETRIC, "made a quarter as large", light.resized(0.25, 0.25)),
    ("aspect-80", Kind.PHOTOMETRIC, "squeezed to 80 % of its width", light.resized(0.8, 1.0)),
    ("jpeg-30", Kind.PHOTOMETRIC, "compressed hard (JPEG 30)", light.recompressed(30)),
    ("jpeg-10", Kind.PHOTOMETRIC, "compressed very hard (JPEG 10)", light.recompressed(10)),
    ("tone", Kind.PHOTOMETRIC, "changed in brightness, contrast and saturation", light.toned(0.35)),
    ("hue", Kind.PHOTOMETRIC, "changed in hue", light.hued(0.12)),
    ("grey", Kind.PHOTOMETRIC, "made grey", light.grey()),
    ("blur-2", Kind.PHOTOMETRIC, "blurred a little", light.blurred(2)),
    ("blur-4", Kind.PHOTOMETRIC, "blurred", light.blurred(4)),
    ("noise", Kind.PHOTOMETRIC, "made grainy", light.noisy(18)),
    ("mirror", Kind.MIRROR, "mirrored", shape.mirrored),
    ("rotate-3", Kind.ROTATION, "turned by 3°", shape.turned(3)),
    ("rotate-5", Kind.ROTATION, "turned by 5°", shape.turned(5)),
    ("rotate-10", Kind.ROTATION, "turned by 10°", shape.turned(10)),
    ("rotate-90", Kind.ROTATION, "turned by 90°", shape.turned(90)),
    ("rotate-180", Kind.ROTATION, "turned upside down", shape.turned(180)),
    ("crop-10", Kind.CROP, "cropped by 10 % of its area", shape.cropped(0.10)),
    ("crop-25", Kind.CROP, "cropped by 25 % of its area", shape.cropped(0.25)),
    ("crop-50", Kind.CROP, "cropped by half of its area", shape.cropped(0.50)),
    ("crop-75", Kind.CROP, "cropped by 75 % of its area", shape.cropped(0.75)),
    ("padding", Kind.PADDING, "put in a plain border", shape.bordered(0.12)),
    ("padding-wide", Kind.PADDING, "put on a plain ground of another shape", shape.letterboxed(1.25)),
    ("watermark", Kind.WATERMARK, "watermarked all over", overlays.watermarked(0.3)),
    ("banner-12", Kind.BANNER, "covered by a banner of 12 % of its height", overlays.bannered(0.12)),
    ("banner-25", Kind.BANNER, "covered by a banner of 25 % of its height", overlays.bannered(0.25)),
    ("sticker-10", Kind.STICKER, "covered by a sticker of 10 % of its area", overlays.stickered(0.10)),
    ("sticker-20", Kind.STICKER, "covered by a sticker of 20 % of its area", overlays.stickered(0.20)),
    ("stickers-3x30", Kind.STICKER, "covered by three stickers, 30 % of its area", overlays.stickered(0.30, 3)),
    ("logo", Kind.LOGO, "marked with a seller's logo", overlays.labelled(0.2)),
    ("background", Kind.BACKGROUND, "put on another background", scenes.other_background),
    ("collage-2x2", Kind.COLLAGE, "put in a 2x2 collage", scenes.collage(2, 2)),
    ("collage-3x3", Kind.COLLAGE, "put in a 3x3 collage", scenes.collage(3, 3)),
    ("side-by-side", Kind.COLLAGE, "put beside another picture", scenes.collage(2, 1)),
    ("picture-in-picture-60", Kind.INSET, "put into a larger picture (60 % of its side)", scenes.inset(0.60)),
    ("picture-in-picture-40", Kind.INSET, "put into a larger picture (40 % of its side)", scenes.inset(0.40)),
    ("picture-in-picture-25", Kind.INSET, "put into a larger picture (25 % of its side)", scenes.inset(0.25)),
    ("perspective", Kind.PERSPECTIVE, "seen at an angle", shape.slanted(0.15)),
    ("perspective-hard", Kind.PERSPECTIVE, "seen at a sharp angle", shape.slanted(0.4, surrounded=True)),
    ("screen-photo", Kind.SCREEN, "photographed off a screen", scenes.screen_photo),
    (
        "mirror+crop-25+jpeg-40",
        Kind.COMBINATION,
        "mirrored, cropped and compressed",
        chain(shape.mirrored, shape.cropped(0.25), light.recompressed(40)),
    ),
    (
        "padding+banner-12+tone",
        Kind.COMBINATION,
        "put in a border, with a banner and other tones",
        chain(shape.bordered(0.12), overlays.bannered(0.12), light.toned(0.25)),
    ),
    (
        "rotate-5+watermark+crop-10",
        Kind.COMBINATION,
        "turned, watermarked and cropped",
        chain(shape.turned(5), overlays.watermarked(0.3), shape.cropped(0.10)),
    ),
    (
        "collage-2x2+mirror+jpeg-40",
        Kind.COMBINATION,
        "mirrored in a compressed 2x2 collage",
        chain(shape.mirrored, scenes.collage(2, 2), light.recompressed(40)),
    ),
    (
        "screen-photo+mirror+resize-50",
        Kind.COMBINATION,
        "mirrored, photographed off a screen, made half as large",
        chain(shape.mirrored, scenes.screen_photo, light.resized(0.5, 0.5)),
    ),
    (
        "picture-in-picture-40+mirror",
        Kind.COMBINATION,
        "mirrored in a larger picture",
        chain(shape.mirrored, scenes.inset(0.40)),
    ),
    (
        "perspective+sticker-10",
        Kind.COMBINATION,
        "seen at an angle, with a sticker",
        chain(shape.slanted(0.15), overlays.stickered(0.10)),
    ),
    (
        "background+mirror+rotate-5",
        Kind.COMBINATION,
        "mirrored and turned on another background",
        chain(scenes.other_background, shape.mirrored, shape.turned(5)),
    ),
)

# Not in the list that goals were set for: what else sellers do, to see how far a figure carries.
_FURTHER: tuple[tuple[str, Kind, str, Step], ...] = (
    ("sharpen", Kind.PHOTOMETRIC, "sharpened", light.sharpened(180)),
    ("gamma", Kind.PHOTOMETRIC, "changed in gamma", light.gamma(0.6)),
    ("white-balance", Kind.PHOTOMETRIC, "given another white balance", light.warmed(0.2)),
    ("palette", Kind.PHOTOMETRIC, "reduced to 32 colours", light.reduced(32)),
    ("vignette", Kind.PHOTOMETRIC, "darkened towards the corners", light.shaded(0.7)),
    ("flip", Kind.MIRROR, "flipped top to bottom", shape.flipped),
    ("rotate-20", Kind.ROTATION, "turned by 20°", shape.turned(20)),
    ("rotate-45", Kind.ROTATION, "turned by 45°", shape.turned(45)),
    ("caption", Kind.BANNER, "written over", overlays.captioned(0.35)),
    ("stickers-6x25", Kind.STICKER, "covered by six stickers, 25 % of its area", overlays.stickered(0.25, 6)),
    ("collage-3x1", Kind.COLLAGE, "put in a row of three", scenes.collage(3, 1)),
    ("screenshot", Kind.SCREEN, "taken as a phone's screenshot", scenes.screenshot),
    (
        "screenshot+crop-25",
        Kind.COMBINATION,
        "cropped and taken as a phone's screenshot",
        chain(shape.cropped(0.25), scenes.screenshot),
    ),
    (
        "aspect-125+caption+jpeg-30",
        Kind.COMBINATION,
        "stretched, written over and compressed",
        chain(light.resized(1.25, 1.0), overlays.captioned(0.25), light.recompressed(30)),
    ),
)

EDITS: Mapping[str, Edit] = {named[0]: Edit(*named) for named in _NAMED}
FURTHER_EDITS: Mapping[str, Edit] = {named[0]: Edit(*named) for named in _FURTHER}

# What random edits of a kind are drawn from: a step by its strength, and from where to where the strength goes.
_RANGES: Mapping[Kind, tuple[tuple[Callable[[float], Step], float, float], ...]] = {
    Kind.PHOTOMETRIC: (
        (lambda by: light.resized(by, by), 0.2, 0.9),
        (lambda by: light.resized(by, 1.0), 0.7, 1.3),
        (light.recompressed, 8, 70),
        (light.toned, 0.1, 0.45),
        (light.hued, 0.02, 0.5),
        (light.warmed, 0.05, 0.3),
        (light.gamma, 0.1, 0.9),
        (lambda by: light.grey(), 0, 1),
        (light.blurred, 0.5, 4.5),
        (light.sharpened, 50, 250),
        (light.noisy, 3, 25),
        (light.reduced, 16, 128),
        (light.shaded, 0.2, 0.8),
    ),
    Kind.MIRROR: ((lambda by: shape.mirrored if by < 0.8 else shape.flipped, 0, 1),),
    Kind.ROTATION: (
        (shape.turned, 1, 15),
        (shape.turned, 10, 60),
        (lambda by: shape.turned(90 * round(by)), 0.51, 2.49),
    ),
    Kind.CROP: ((shape.cropped, 0.05, 0.4), (shape.cropped, 0.3, 0.8)),
    Kind.PADDING: ((shape.bordered, 0.03, 0.25), (shape.letterboxed, 1.0, 1.8)),
    Kind.WATERMARK: ((overlays.watermarked, 0.15, 0.55),),
    Kind.BANNER: ((overlays.bannered, 0.08, 0.33), (overlays.captioned, 0.15, 0.5)),
    Kind.STICKER: (
        (overlays.stickered, 0.04, 0.3),
        (partial(overlays.stickered, number=3), 0.1, 0.4),
        (partial(overlays.stickered, number=6), 0.1, 0.4),
    ),
    Kind.LOGO: ((overlays.labelled, 0.1, 0.35),),
    Kind.BACKGROUND: ((lambda by: scenes.other_background, 0, 1),),
    Kind.COLLAGE: (
        (lambda by: scenes.collage(round(by), round(by)), 1.51, 3.49),
        (lambda by: scenes.collage(round(by), 1), 1.51, 3.49),
        (lambda by: scenes.collage(1, round(by)), 1.51, 3.49),
    ),
    Kind.INSET: ((scenes.inset, 0.22, 0.75),),
    Kind.PERSPECTIVE: (
        (shape.slanted, 0.05, 0.3),
        (partial(shape.slanted, surrounded=True), 0.2, 0.45),
    ),
    Kind.SCREEN: ((lambda by: scenes.screen_photo if by < 0.7 else scenes.screenshot, 0, 1),),
}
# Of these a combination has at most one: each makes a new frame around the picture.
_FRAMING = frozenset({Kind.COLLAGE, Kind.INSET, Kind.SCREEN})


def random_edit(kind: Kind, rng: np.random.Generator, without: frozenset[Kind] = frozenset()) -> Step:
    """A step of that kind with a random strength; a combination chains two or three of other kinds, none of `without`.

    The strengths go beyond those of the named edits on both sides.
    """
    if kind is not Kind.COMBINATION:
        make, least, most = _RANGES[kind][int(rng.integers(len(_RANGES[kind])))]
        return make(float(rng.uniform(least, most)))
    free = [one for one in _RANGES if one not in without]
    chosen = rng.choice(len(free), size=int(rng.integers(2, 4)), replace=False)
    kinds = [free[int(index)] for index in chosen]
    framing = [one for one in kinds if one in _FRAMING][:1]
    return chain(*(random_edit(one, rng) for one in [*(one for one in kinds if one not in _FRAMING), *framing]))
