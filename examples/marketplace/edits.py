"""What sellers of fakes do to the brand's photos before they post them, by name.

The first three leave the picture as a whole as it was; the others move, cover or surround it.
"""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont, ImageOps

from examples.marketplace.warp import seen_through

Elsewhere = Callable[[], Image.Image]


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """A brand's photo, and what an edit may put beside or behind it.

    `elsewhere` draws the same product, standing the same way, before something else; `strangers` draw other products.
    """

    picture: Image.Image
    elsewhere: Elsewhere
    strangers: tuple[Elsewhere, ...]


Edit = Callable[[Original, Random], Image.Image]


def resized(original: Original, rng: Random) -> Image.Image:
    """Made smaller."""
    picture = original.picture
    share = rng.uniform(0.35, 0.7)
    return picture.resize((round(picture.width * share), round(picture.height * share)), Image.Resampling.LANCZOS)


def recompressed(original: Original, rng: Random) -> Image.Image:
    """Saved as a poor JPEG once more."""
    return _poor_jpeg(original.picture, rng.randint(20, 40))


def grey(original: Original, rng: Random) -> Image.Image:
    """Without its colours, a little brighter or darker."""
    return ImageEnhance.Brightness(original.picture.convert("L").convert("RGB")).enhance(rng.uniform(0.92, 1.08))


def cropped(original: Original, rng: Random) -> Image.Image:
    """A tenth to a quarter of each side cut off."""
    picture = original.picture
    share = rng.uniform(0.75, 0.9)
    wide, high = round(picture.width * share), round(picture.height * share)
    left, top = rng.randint(0, picture.width - wide), rng.randint(0, picture.height - high)
    return picture.crop((left, top, left + wide, top + high))


def watermarked(original: Original, rng: Random) -> Image.Image:
    """A seller's name written all over it, half transparent."""
    picture = original.picture
    sheet = Image.new("L", (picture.width * 2, picture.height * 2))
    draw = ImageDraw.Draw(sheet)
    words = rng.choice(["TOP-OUTLET", "MEGA STORE", "SHOP 8866", "BEST DEALS"])
    for row in range(0, sheet.height, 90):
        for column in range(-(row % 180), sheet.width, 330):
            draw.text((column, row), words, 150, ImageFont.load_default(44))
    turned = ImageOps.fit(sheet.rotate(30, expand=False), picture.size, centering=(0.5, 0.5))
    return Image.composite(Image.new("RGB", picture.size, "white"), picture, turned)


def mirrored(original: Original, rng: Random) -> Image.Image:
    """Left and right swapped."""
    return ImageOps.mirror(original.picture)


def bordered(original: Original, rng: Random) -> Image.Image:
    """A broad frame around it."""
    border = round(original.picture.width * rng.uniform(0.08, 0.16))
    return ImageOps.expand(original.picture, border, rng.choice(["white", "#d33", "black", "#f0c030"]))


def rotated(original: Original, rng: Random) -> Image.Image:
    """Turned by a few degrees or by a quarter."""
    angle = rng.choice([90.0, 270.0, rng.uniform(6, 18), -rng.uniform(6, 18)])
    return original.picture.rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor="white")


def banner(original: Original, rng: Random) -> Image.Image:
    """A coloured bar with an offer across top or bottom."""
    picture = original.picture.copy()
    high = round(picture.height * rng.uniform(0.14, 0.2))
    top = rng.choice([0, picture.height - high])
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, top, picture.width, top + high), rng.choice(["#c00", "#06c", "#f80"]))
    text = rng.choice(["FREE SHIPPING", "50% OFF TODAY", "TOP QUALITY 1:1"])
    draw.text((picture.width * 0.06, top + high * 0.2), text, "white", ImageFont.load_default(high * 0.55))
    return picture


def sticker(original: Original, rng: Random) -> Image.Image:
    """A round badge over a part of it."""
    picture = original.picture.copy()
    radius = picture.width * rng.uniform(0.16, 0.22)
    x, y = rng.uniform(0.25, 0.75) * picture.width, rng.uniform(0.25, 0.75) * picture.height
    draw = ImageDraw.Draw(picture)
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), rng.choice(["#e22", "#191", "#fd0"]), "white", 6)
    draw.text((x - radius * 0.62, y - radius * 0.35), "SALE", "white", ImageFont.load_default(radius * 0.55))
    return picture


def collage2x2(original: Original, rng: Random) -> Image.Image:
    """One of four pictures in a square."""
    return _collage(original, rng, 2)


def collage3x3(original: Original, rng: Random) -> Image.Image:
    """One of nine pictures in a square."""
    return _collage(original, rng, 3)


def side_by_side(original: Original, rng: Random) -> Image.Image:
    """Beside another product's photo."""
    picture = original.picture
    pair = [picture, rng.choice(original.strangers)().resize(picture.size)]
    rng.shuffle(pair)
    sheet = Image.new("RGB", (picture.width * 2 + 8, picture.height), "white")
    for index, half in enumerate(pair):
        sheet.paste(half, (index * (picture.width + 8), 0))
    return sheet.resize((sheet.width * 2 // 3, sheet.height * 2 // 3))


def picture_in_picture(original: Original, rng: Random) -> Image.Image:
    """Small, inside another product's photo."""
    around = rng.choice(original.strangers)().resize((640, 640))
    side = round(640 * rng.uniform(0.4, 0.6))
    inset = ImageOps.expand(original.picture.resize((side, side)), 6, "white")
    around.paste(inset, (rng.randint(0, 640 - inset.width), rng.randint(0, 640 - inset.height)))
    return around


def perspective(original: Original, rng: Random) -> Image.Image:
    """As if the print lay on a table: the corners moved inwards, each by another amount."""
    picture = original.picture
    return seen_through(picture, [(rng.uniform(0.03, 0.14), rng.uniform(0.03, 0.14)) for _ in range(4)], "#999")


def screen_photo(original: Original, rng: Random) -> Image.Image:
    """Photographed off a screen: a moire of lines, a tilt, a glare, and a poor camera."""
    picture = original.picture.copy()
    lines = Image.new("L", picture.size, 0)
    draw = ImageDraw.Draw(lines)
    for y in range(0, picture.height, 3):
        draw.line((0, y, picture.width, y + rng.randint(0, 2)), 46)
    picture.paste((0, 0, 0), (0, 0), lines)
    glare = Image.radial_gradient("L").resize(picture.size).point([max(0, 90 - level) for level in range(256)])
    picture.paste((255, 255, 255), (round(picture.width * rng.uniform(-0.3, 0.3)), 0), glare)
    tilted = seen_through(picture, [(rng.uniform(0.02, 0.07), rng.uniform(0.02, 0.07)) for _ in range(4)], "#151515")
    return _poor_jpeg(tilted.filter(ImageFilter.GaussianBlur(0.8)), 60)


def background(original: Original, rng: Random) -> Image.Image:
    """The product cut out and put before something else."""
    return original.elsewhere()


EASY_EDITS: Mapping[str, Edit] = {edit.__name__: edit for edit in (resized, recompressed, grey)}
HARD_EDITS: Mapping[str, Edit] = {
    edit.__name__: edit
    for edit in (
        cropped,
        watermarked,
        mirrored,
        bordered,
        rotated,
        banner,
        sticker,
        collage2x2,
        collage3x3,
        side_by_side,
        picture_in_picture,
        perspective,
        screen_photo,
        background,
    )
}
EDITS: Mapping[str, Edit] = {**EASY_EDITS, **HARD_EDITS}


def _poor_jpeg(picture: Image.Image, quality: int) -> Image.Image:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return Image.open(io.BytesIO(file.getvalue())).convert("RGB")


def _collage(original: Original, rng: Random, across: int) -> Image.Image:
    cell = 720 // across
    place = rng.randrange(across * across)
    sheet = Image.new("RGB", (720, 720), "white")
    for index in range(across * across):
        picture = original.picture if index == place else original.strangers[index % len(original.strangers)]()
        at = index % across * cell + 3, index // across * cell + 3
        sheet.paste(picture.resize((cell - 6, cell - 6), Image.Resampling.LANCZOS), at)
    return sheet
