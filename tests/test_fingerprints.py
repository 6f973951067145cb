"""Decoding untrusted bytes, and what is kept of a picture."""

import hashlib
import io
import struct
import zlib
from pathlib import Path

import imagehash
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps

from counterfoil.exceptions import UnreadablePicture
from counterfoil.fingerprints import FINGERPRINT_VERSION, fingerprint
from counterfoil.pictures import FORMATS, MAX_BYTES, decode

WIDTH, HEIGHT = 300, 200


def scene(seed: int = 1, size: tuple[int, int] = (WIDTH, HEIGHT)) -> Image.Image:
    """A drawn picture with enough going on in it."""
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)
    for _ in range(40):
        x, y = rng.integers(0, size[0]), rng.integers(0, size[1])
        w, h = rng.integers(size[0] // 12, size[0] // 3), rng.integers(size[1] // 12, size[1] // 3)
        draw.ellipse((x - w, y - h, x + w, y + h), fill=tuple(int(value) for value in rng.integers(0, 256, 3)))
    return image


def encoded(image: Image.Image, file_format: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()


def png_claiming(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


@pytest.mark.parametrize("file_format", FORMATS)
def test_every_format_of_the_list_is_read(file_format: str) -> None:
    image = decode(encoded(scene(), file_format))
    assert image.mode == "RGB"
    assert image.size == (WIDTH, HEIGHT)


@pytest.mark.parametrize("file_format", ["TIFF", "ICO", "PPM", "TGA", "PCX", "PDF"])
def test_other_formats_are_refused_though_pillow_knows_them(file_format: str) -> None:
    with pytest.raises(UnreadablePicture, match="format that is read"):
        decode(encoded(scene(), file_format))


@pytest.mark.parametrize("data", [b"<html>not found</html>", b"\xff\xd8\xff\xe0", b"GIF89a", b"\x00" * 100])
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadablePicture):
        decode(data)


def test_an_empty_file_is_refused_by_that_name() -> None:
    with pytest.raises(UnreadablePicture, match="empty"):
        decode(b"")


@pytest.mark.parametrize("file_format", FORMATS)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_cut_off_file_is_refused(file_format: str, share: float) -> None:
    data = encoded(scene(), file_format)
    with pytest.raises(UnreadablePicture):
        decode(data[: int(len(data) * share)])


@pytest.mark.parametrize(
    ("width", "height", "said"),
    [(8_000, 8_000, "pixels"), (50_000, 50_000, "pixels"), (20_001, 10, "side"), (10, 20_001, "side")],
)
def test_a_bomb_is_refused_by_what_its_header_claims(width: int, height: int, said: str) -> None:
    with pytest.raises(UnreadablePicture, match=said):
        decode(png_claiming(width, height))


def test_too_many_bytes_are_refused_before_anything_is_read() -> None:
    with pytest.raises(UnreadablePicture, match="bytes"):
        decode(encoded(scene(), "PNG") + b"\0" * MAX_BYTES)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(scene(), "PNG", exif=exif)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    assert decode(data).tobytes() == upright.tobytes()
    assert decode(data).size == ((HEIGHT, WIDTH) if orientation >= 5 else (WIDTH, HEIGHT))


def test_a_broken_exif_block_hides_no_picture() -> None:
    data = encoded(scene(), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff garbage")
    assert decode(data).size == (WIDTH, HEIGHT)


def test_transparency_is_laid_on_white() -> None:
    layer = Image.new("RGBA", (40, 40), (200, 0, 0, 0))
    layer.paste((0, 0, 200, 255), (0, 0, 20, 40))
    image = decode(encoded(layer, "PNG"))
    assert image.getpixel((5, 5)) == (0, 0, 200)
    assert image.getpixel((30, 5)) == (255, 255, 255)


def test_a_transparent_palette_colour_is_laid_on_white() -> None:
    palette = Image.new("P", (40, 40), 1)
    palette.putpalette([10, 20, 30, 200, 0, 0])
    palette.paste(0, (0, 0, 20, 40))
    image = decode(encoded(palette, "GIF", transparency=1))
    assert image.getpixel((5, 5)) == (10, 20, 30)
    assert image.getpixel((30, 5)) == (255, 255, 255)


def test_sixteen_bits_are_scaled_and_not_clipped() -> None:
    values = np.linspace(0, 65_535, 64 * 64).astype(np.uint16).reshape(64, 64)
    grey = np.asarray(decode(encoded(Image.fromarray(values), "PNG")).convert("L"))
    assert grey[0, 0] == 0
    assert grey[-1, -1] == 255
    assert abs(int(grey[32, 0]) - 127) <= 2


def test_one_bit_and_cmyk_pictures_are_read() -> None:
    assert set(decode(encoded(scene().convert("1"), "PNG")).convert("L").tobytes()) == {0, 255}
    pixel = decode(encoded(Image.new("CMYK", (40, 40), (0, 255, 255, 0)), "JPEG")).getpixel((20, 20))
    assert pixel[0] > 200
    assert max(pixel[1:]) < 60


def test_only_the_first_frame_counts() -> None:
    first, second = scene(1), scene(2)
    moving = encoded(first, "GIF", save_all=True, append_images=[second])
    assert fingerprint(moving).dct256 == fingerprint(encoded(first, "GIF")).dct256


def test_the_hashes_are_those_of_imagehash() -> None:
    image = scene(3)
    kept = fingerprint(encoded(image, "PNG"))
    assert kept.phash.hex() == str(imagehash.phash(image))
    assert kept.dct256.hex() == str(imagehash.phash(image, hash_size=16))
    assert (len(kept.phash), len(kept.dct256)) == (8, 32)


def test_a_fingerprint_names_its_picture_size_and_version() -> None:
    kept = fingerprint(encoded(scene(), "JPEG"), sha256="ab" * 32)
    assert (kept.image_sha256, kept.width, kept.height) == ("ab" * 32, WIDTH, HEIGHT)
    assert kept.version == FINGERPRINT_VERSION
    assert kept.informative


def test_the_name_is_the_sha256_of_the_bytes() -> None:
    data = encoded(scene(), "PNG")
    assert fingerprint(data).image_sha256 == hashlib.sha256(data).hexdigest()


def plain_pictures() -> dict[str, Image.Image]:
    size = (480, 640)
    down, across = np.mgrid[0 : size[1], 0 : size[0]]
    x, y = across / size[0], down / size[1]
    noise = np.random.default_rng(5).normal(0, 4, x.shape)
    grey = {
        "black": x * 0,
        "white": x * 0 + 255,
        "grey with noise": 180 + noise,
        "gradient": x * 255,
        "upright gradient with noise": y * 255 + noise,
        "slanting gradient": (x + y) * 127,
        "round gradient": 255 - 300 * np.hypot(x - 0.5, y - 0.5),
        "two halves": np.where(x < 0.5, 30, 220),
        "two halves, uneven": np.where(y < 0.6, 110, 250) + noise,
        "two tones, slanting": np.where(x + 0.3 * y < 0.6, 30, 220),
        "three stripes": np.select([x < 1 / 3, x < 2 / 3], [20, 250], 130),
        "quarters": np.where((x < 0.5) ^ (y < 0.5), 30, 220),
        "narrow stripes": np.where((across // 40) % 2, 30, 220),
    }
    made = {name: Image.fromarray(np.clip(values, 0, 255).astype(np.uint8)) for name, values in grey.items()}
    for name, line in {
        "level": (0, 300, 480, 300),
        "slanting": (0, 0, 480, 640),
        "short": (100, 300, 300, 420),
    }.items():
        made[f"a {name} line"] = Image.new("L", size, 255)
        ImageDraw.Draw(made[f"a {name} line"]).line(line, fill=0, width=3)
    made["a dot"] = Image.new("L", size, 255)
    ImageDraw.Draw(made["a dot"]).ellipse((230, 310, 250, 330), fill=0)
    return made


@pytest.mark.parametrize("name", plain_pictures())
@pytest.mark.parametrize("file_format", ["PNG", "JPEG"])
def test_a_plain_picture_is_not_informative(name: str, file_format: str) -> None:
    options = {"quality": 30} if file_format == "JPEG" else {}
    assert not fingerprint(encoded(plain_pictures()[name], file_format, **options)).informative


def test_a_tiny_picture_is_not_informative() -> None:
    assert fingerprint(encoded(scene(size=(64, 64)), "PNG")).informative
    assert not fingerprint(encoded(scene(size=(31, 64)), "PNG")).informative


def test_hardly_any_real_photo_is_called_plain(test_data: Path) -> None:
    photos = sorted((test_data / "photos").rglob("*.jpg"))[::5]
    assert len(photos) >= 100
    plain = [photo.name for photo in photos if not fingerprint(photo.read_bytes()).informative]
    assert len(plain) <= len(photos) // 200, plain
