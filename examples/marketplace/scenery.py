"""What stands behind a product: surfaces, rooms, streets at night, studio sets, and things lying about."""

from collections.abc import Callable
from random import Random

from PIL import Image, ImageDraw, ImageFilter

from examples.marketplace.surfaces import blanket, bricks, lawn, leaf, marble, planks, rug, tablecloth, terrazzo, tiles
from examples.marketplace.texture import Size, colour, muted, noise, shade, stripes, tinted

Scenery = Callable[[Random, Size], Image.Image]


def lights(rng: Random, size: Size) -> Image.Image:
    """An evening street out of focus: soft discs of light."""
    width, height = size
    picture = tinted(noise(rng, size, 3, 2), (12, 14, 30), colour(rng.random(), 0.5, 0.45))
    for _ in range(rng.randint(14, 34)):
        disc = Image.new("L", size, 0)
        radius = rng.uniform(0.03, 0.12) * width
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        box = (x - radius, y - radius, x + radius, y + radius)
        ImageDraw.Draw(disc).ellipse(box, fill=rng.randint(60, 150), outline=190, width=2)
        picture.paste(colour(rng.random(), rng.uniform(0.2, 0.8), 1.0), (0, 0), disc)
    return picture.filter(ImageFilter.GaussianBlur(1))


def room(rng: Random, size: Size) -> Image.Image:
    """A corner of a home: wallpaper, window or pictures on the wall, skirting, floor."""
    width, height = size
    tones = muted(rng)
    horizon = round(height * rng.uniform(0.5, 0.75))
    wall = stripes(rng, size, [tones[2], shade(tones[2], 0.9), shade(tones[0], 1.2)])
    picture = wall if rng.random() < 0.5 else tinted(noise(rng, size, 3, 3), shade(tones[1], 0.8), shade(tones[1], 1.1))
    draw = ImageDraw.Draw(picture)
    for _ in range(rng.randint(2, 4)):
        left, top = rng.uniform(-0.1, 0.8) * width, rng.uniform(-0.1, 0.3) * height
        right, bottom = left + rng.uniform(0.15, 0.4) * width, top + rng.uniform(0.15, 0.35) * height
        frame = shade(rng.choice(tones), 0.8)
        draw.rectangle((left, top, right, bottom), shade(rng.choice(tones), 1.2), frame, 4)
        draw.line(((left + right) / 2, top, (left + right) / 2, bottom), frame, 3)
        middle = (left + right) / 2, (top * 0.4 + bottom * 0.6)
        radius = 0.05 * width
        round_box = middle[0] - radius, middle[1] - radius, middle[0] + radius, middle[1] + radius
        draw.ellipse(round_box, shade(rng.choice(tones), 0.9))
    floor = planks(rng, (width, height - horizon))
    picture.paste(floor, (0, horizon))
    draw.rectangle((0, horizon - height * 0.03, width, horizon), shade(tones[2], 1.1))
    return picture


def plants(rng: Random, size: Size) -> Image.Image:
    """Large leaves in front of a wall."""
    tones = muted(rng)
    picture = tinted(noise(rng, size, 3, 4), shade(tones[2], 0.7), tones[2])
    draw = ImageDraw.Draw(picture)
    green = colour(rng.uniform(0.22, 0.48), rng.uniform(0.3, 0.8), rng.uniform(0.35, 0.7))
    for _ in range(rng.randint(18, 34)):
        at = rng.uniform(0, size[0]), rng.uniform(0, size[1])
        leaf(draw, rng, at, size[0] * rng.uniform(0.1, 0.24), shade(green, rng.uniform(0.5, 1.5)))
    return picture


def steps(rng: Random, size: Size) -> Image.Image:
    """A studio set of coloured blocks and round podiums."""
    width, height = size
    tones = muted(rng)
    picture = tinted(noise(rng, size, 2, 2), shade(tones[0], 0.85), shade(tones[0], 1.15))
    draw = ImageDraw.Draw(picture)
    for _ in range(rng.randint(7, 12)):
        left, top = rng.uniform(-0.2, 0.9) * width, rng.uniform(0.0, 0.95) * height
        wide, high = rng.uniform(0.12, 0.4) * width, rng.uniform(0.1, 0.5) * height
        tone = shade(rng.choice(tones), rng.uniform(0.6, 1.2))
        lid = wide * 0.22
        if rng.random() < 0.5:
            draw.rectangle((left, top, left + wide, top + high), tone)
            roof = [(left, top), (left + lid, top - lid), (left + wide + lid, top - lid), (left + wide, top)]
            draw.polygon(roof, shade(tone, 1.3))
        else:
            draw.rectangle((left, top, left + wide, top + high), shade(tone, 0.85))
            draw.ellipse((left, top - lid, left + wide, top + lid), shade(tone, 1.25))
    return picture


def rays(rng: Random, size: Size) -> Image.Image:
    """A poster-like backdrop of rays or rings."""
    width, height = size
    tones = muted(rng)
    picture = Image.new("RGB", size, tones[0])
    draw = ImageDraw.Draw(picture)
    x, y = rng.uniform(0.1, 0.9) * width, rng.uniform(0.1, 0.9) * height
    if rng.random() < 0.5:
        count = rng.randint(9, 17)
        start = rng.uniform(0, 360)
        for index in range(count):
            angle = start + 360 * index / count
            box = (x - 2 * width, y - 2 * width, x + 2 * width, y + 2 * width)
            draw.pieslice(
                box, angle, angle + 360 / count * rng.uniform(0.4, 0.7), shade(tones[1], rng.uniform(0.8, 1.2))
            )
    else:
        step = width * rng.uniform(0.05, 0.09)
        for index in range(26, 0, -1):
            radius = step * index
            draw.ellipse(
                (x - radius, y - radius, x + radius, y + radius), shade(tones[index % 3], rng.uniform(0.7, 1.2))
            )
    return picture


SCENERIES: tuple[Scenery, ...] = (
    planks,
    tiles,
    tablecloth,
    blanket,
    marble,
    bricks,
    terrazzo,
    lights,
    room,
    lawn,
    plants,
    rug,
    steps,
    rays,
)


def scattered_things(rng: Random, picture: Image.Image) -> None:
    """Lay a few small things about: boxes, balls, coins, sticks; they make each photo its own."""
    width, height = picture.size
    draw = ImageDraw.Draw(picture)
    for _ in range(rng.randint(4, 9)):
        x, y = rng.uniform(-0.05, 0.95) * width, rng.uniform(-0.05, 0.95) * height
        wide = rng.uniform(0.06, 0.22) * width
        tone = colour(rng.random(), rng.uniform(0.1, 0.9), rng.uniform(0.15, 1.0))
        form = rng.randrange(4)
        shadow = shade(tone, 0.25)
        if form == 0:
            high = wide * rng.uniform(0.4, 1.5)
            draw.rectangle((x + 4, y + 5, x + wide + 4, y + high + 5), shadow)
            draw.rectangle((x, y, x + wide, y + high), tone, shade(tone, 0.7), 2)
            draw.rectangle((x + wide * 0.2, y + high * 0.25, x + wide * 0.8, y + high * 0.45), shade(tone, 1.5))
        elif form == 1:
            draw.ellipse((x + 4, y + 5, x + wide + 4, y + wide + 5), shadow)
            draw.ellipse((x, y, x + wide, y + wide), tone, shade(tone, 0.6), 2)
            draw.ellipse((x + wide * 0.2, y + wide * 0.15, x + wide * 0.5, y + wide * 0.4), shade(tone, 1.5))
        elif form == 2:
            end = x + rng.uniform(-2, 2) * wide, y + rng.uniform(-2, 2) * wide
            draw.line((x + 3, y + 4, end[0] + 3, end[1] + 4), shadow, round(wide * 0.16))
            draw.line((x, y, *end), tone, round(wide * 0.16))
        else:
            leaf(draw, rng, (x, y), wide * 0.9, tone)
