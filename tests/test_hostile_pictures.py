"""Pictures that are made to hurt, to hide, or are merely odd: each has one defined outcome (docs/evidence.md)."""

import io
import signal
import struct
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image, ImageCms
from test_fingerprints import encoded, scene

from counterfoil.exceptions import UnreadablePicture
from counterfoil.fingerprints import fingerprint
from counterfoil.pictures import FORMATS, decode
from counterfoil.settings import Settings
from crawlers.picture_bytes import picture_problem
from indexer.decoding import PictureDecoder

RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(kind: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, depth: int, colour: int, rows: bytes, *before: bytes) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return PNG_SIGNATURE + header + b"".join(before) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND")


def with_chunks(*chunks: bytes) -> bytes:
    """A good PNG with more chunks after its header."""
    data = encoded(scene(), "PNG")
    return data[:33] + b"".join(chunks) + data[33:]


def flat(colour: tuple[int, ...], mode: str = "RGB") -> Image.Image:
    return Image.new(mode, (64, 64), colour)


def with_scans(count: int) -> bytes:
    """A progressive JPEG whose last scan is there so many times."""
    data = encoded(scene(), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * count + data[-2:]


def bmp_claiming(width: int, height: int) -> bytes:
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + header


def gif_claiming(width: int, height: int) -> bytes:
    frame = b"," + struct.pack("<HHHH", 0, 0, 1, 1) + b"\0\2\2D\1\0"
    return b"GIF89a" + struct.pack("<HH", width, height) + b"\0\0\0" + frame + b";"


def webp_claiming(width: int, height: int) -> bytes:
    """A WebP whose header says so, with a frame of one pixel in it."""
    small = encoded(Image.new("RGB", (1, 1)), "WEBP", lossless=True)[12:]
    canvas = struct.pack("<I", 2) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    place = b"\0" * 6 + b"\0" * 6 + b"\0" * 4
    extra = b"VP8X" + struct.pack("<I", 10) + canvas + b"ANIM" + struct.pack("<I", 6) + b"\0" * 6
    frame = b"ANMF" + struct.pack("<I", len(place) + len(small)) + place + small
    body = b"WEBP" + extra + frame
    return b"RIFF" + struct.pack("<I", len(body)) + body


INFLATED = zlib.compress(b"\0" * 100_000_000, 9)
BOX = struct.pack(">I", 24) + b"ftyp"


# ------------------------------------------------------------------------------------------------------- refused


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "no bytes": (lambda: b"", "empty"),
    "pixels: PNG": (lambda: png(30_000, 30_000, 8, 2, b"\0"), "pixels"),
    "pixels: JPEG": (lambda: _jpeg_claiming(65_000, 65_000), "pixels"),
    "pixels: GIF": (lambda: gif_claiming(65_535, 65_535), "pixels"),
    "pixels: WebP": (lambda: webp_claiming(16_383, 16_383), "pixels"),
    "pixels: BMP": (lambda: bmp_claiming(20_000, 20_000), "pixels"),
    "one pixel wide and 65,000 high": (lambda: encoded(Image.new("L", (1, 65_000)), "JPEG"), "side"),
    "no pixels": (lambda: png(0, 10, 8, 2, b"\0"), "."),
    "more rows than there is data": (lambda: png(6_000, 6_000, 8, 2, b"\0" * 10), "damaged|cut off"),
    "scans": (lambda: with_scans(600), "500 scans"),
    "bytes": (lambda: encoded(scene(), "JPEG") + b"\0" * 20_000_000, "bytes"),
    "cut off in the header": (lambda: encoded(scene(), "JPEG")[:100], "header|cut off"),
    "cut off midway": (lambda: encoded(scene(), "JPEG")[:4_000], "cut off"),
    "progressive, cut off midway": (lambda: encoded(scene(), "JPEG", progressive=True)[:4_000], "cut off"),
    "interlaced, cut off midway": (lambda: _interlaced()[:-800], "cut off"),
    "SVG": (lambda: b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "format"),
    "SVG with a declaration": (lambda: b"<?xml version='1.0'?><svg/>", "format"),
    "PDF called .jpg": (lambda: encoded(scene(), "PDF"), "format"),
    "TIFF called .jpg": (lambda: encoded(scene(), "TIFF"), "format"),
    "HEIC": (lambda: BOX + b"heic\0\0\0\0mif1heic" + b"\0" * 500, "format"),
    "HEIF of no kind": (lambda: BOX + b"mif1\0\0\0\0mif1heic" + b"\0" * 500, "format"),
    "HTML": (lambda: b"<!doctype html><title>Not found</title>", "format"),
    "JavaScript that begins as a GIF": (lambda: b"GIF89a/*" + b" " * 100 + b"*/=1;alert(document.domain)", "format"),
    "ZIP": (lambda: b"PK\3\4" + b"\0" * 100, "format"),
    "a JPEG behind a ZIP": (lambda: b"PK\3\4" + encoded(scene(), "JPEG"), "format"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_and_the_reason_named(name: str) -> None:
    make, words = REFUSED[name]
    with pytest.raises(UnreadablePicture, match=words):
        decode(make())


@pytest.mark.parametrize(
    "name", ["SVG", "SVG with a declaration", "PDF called .jpg", "HEIC", "HTML", "ZIP", "no bytes"]
)
def test_what_no_format_of_the_list_begins_like_is_not_even_stored(name: str) -> None:
    assert picture_problem(REFUSED[name][0]())


# ---------------------------------------------------------------------------------- read, whatever else is in it


READ: dict[str, Callable[[], bytes]] = {
    "colour profile that inflates to 100 MB": lambda: with_chunks(chunk(b"iCCP", b"p\0\0" + INFLATED)),
    "compressed text that inflates to 100 MB": lambda: with_chunks(chunk(b"zTXt", b"t\0\0" + INFLATED)),
    "international text that inflates to 100 MB": lambda: with_chunks(chunk(b"iTXt", b"t\0\1\0\0\0" + INFLATED)),
    "a hundred texts of 900 KB": lambda: with_chunks(
        *[chunk(b"iTXt", b"t\0\1\0\0\0" + zlib.compress(b"a" * 900_000))] * 100
    ),
    "a plain text of 5 MB": lambda: with_chunks(chunk(b"tEXt", b"t\0" + b"a" * 5_000_000)),
    "300,000 empty chunks": lambda: with_chunks(chunk(b"abCd") * 300_000),
    "a broken profile": lambda: with_chunks(chunk(b"iCCP", b"p\0\0no zlib")),
    "a chunk with a wrong checksum": lambda: with_chunks(chunk(b"tEXt", b"t\0x")[:-4] + b"\0\0\0\0"),
    "an EXIF block of 5 MB": lambda: with_chunks(chunk(b"eXIf", b"MM\0*\0\0\0\x08\xff\xff" + b"\0" * 5_000_000)),
    "a ZIP behind it": lambda: encoded(scene(), "PNG") + b"PK\3\4" + b"\0" * 1_000,
    "JavaScript behind it": lambda: encoded(scene(), "PNG") + b"*/=1;alert(1)",
}


@pytest.mark.parametrize("name", READ)
def test_nothing_beside_the_pixels_keeps_a_png_from_being_read(name: str) -> None:
    assert decode(READ[name]()).tobytes() == scene().tobytes()


@pytest.mark.parametrize("tail", [b"PK\3\4" + b"\0" * 5_000, b"<script>alert(1)</script>", b"\xff\xd8\xff\xe0"])
@pytest.mark.parametrize("file_format", ["JPEG", "GIF", "WEBP"])
def test_what_follows_a_picture_changes_nothing(file_format: str, tail: bytes) -> None:
    data = encoded(scene(), file_format)
    assert decode(data + tail).tobytes() == decode(data).tobytes()


@pytest.mark.parametrize("file_format", FORMATS)
def test_a_wrong_name_or_type_changes_nothing(file_format: str) -> None:
    """Neither `decode` nor what stores a picture is told a name: the content says what it is."""
    data = encoded(scene(), file_format)
    assert picture_problem(data) is None
    assert decode(data).size == (300, 200)


def test_a_profile_is_not_applied() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    for options in ({"icc_profile": profile}, {"icc_profile": b"no profile at all"}):
        assert decode(encoded(scene(), "PNG", **options)).tobytes() == scene().tobytes()
        plain = decode(encoded(scene(), "JPEG")).tobytes()
        assert decode(encoded(scene(), "JPEG", **options)).tobytes() == plain


# ------------------------------------------------------------------------------------------------ kinds of pixels


def test_cmyk_is_read_as_printers_and_adobe_write_it() -> None:
    """Both store it inverted, and so do browsers read it; an Adobe marker, or none, makes no difference."""
    for ink, seen in (
        ((0, 255, 255, 0), RED),
        ((255, 255, 0, 0), BLUE),
        ((0, 0, 0, 0), WHITE),
        ((0, 0, 0, 255), (0,) * 3),
    ):
        data = encoded(flat(ink, "CMYK"), "JPEG", quality=95)
        assert b"Adobe" in data
        for one in (data, _without_adobe_marker(data)):
            assert np.abs(np.array(decode(one).getpixel((9, 9))) - seen).max() <= 6


@pytest.mark.parametrize("options", [{}, {"icc_profile": b"a press profile"}, {"progressive": True}])
def test_a_cmyk_picture_is_still_a_copy_of_the_rgb_one(options: dict[str, object]) -> None:
    ours = fingerprint(encoded(scene(4), "PNG"))
    printed = fingerprint(encoded(scene(4).convert("CMYK"), "JPEG", **options))
    assert distance(ours.dct256, printed.dct256) <= 10


def test_sixteen_bits_a_channel_are_cut_to_eight() -> None:
    grey = png(2, 1, 16, 0, b"\0" + b"\xff\xff" + b"\x80\x12")
    assert pixels(grey) == [WHITE, (128, 128, 128)]
    rgb = png(2, 1, 16, 2, b"\0" + b"\xff\xff\0\0\x80\x12" + b"\0" * 6)
    assert pixels(rgb) == [(255, 0, 128), (0, 0, 0)]
    rgba = png(2, 1, 16, 6, b"\0" + b"\0" * 6 + b"\0\0" + b"\0" * 6 + b"\xff\xff")
    assert pixels(rgba) == [WHITE, (0, 0, 0)]
    grey_alpha = png(2, 1, 16, 4, b"\0" + b"\0\0\0\0" + b"\x80\0\xff\xff")
    assert pixels(grey_alpha) == [WHITE, (128, 128, 128)]


@pytest.mark.parametrize(
    ("depth", "colour", "row", "transparent"),
    [
        (1, 0, b"\x80", b"\0\1"),
        (2, 0, b"\x40", b"\0\1"),
        (4, 0, b"\x50", b"\0\5"),
        (8, 0, b"\x05\0", b"\0\5"),
        (16, 0, b"\x12\x34\0\0", b"\x12\x34"),
        (8, 2, b"\1\2\3\0\0\0", b"\0\1\0\2\0\3"),
        (16, 2, b"\x11\x22\x33\x44\x55\x66" + b"\0" * 6, b"\x11\x22\x33\x44\x55\x66"),
    ],
)
def test_the_colour_that_a_png_calls_transparent_is_laid_on_white(
    depth: int, colour: int, row: bytes, transparent: bytes
) -> None:
    data = png(2, 1, depth, colour, b"\0" + row, chunk(b"tRNS", transparent))
    assert pixels(data) == [WHITE, (0, 0, 0)]


def test_palettes_with_transparency_are_laid_on_white() -> None:
    colours = chunk(b"PLTE", bytes([*RED, *BLUE, 0, 0, 0]))
    data = png(3, 1, 8, 3, b"\0\0\1\2", colours, chunk(b"tRNS", bytes([0, 255, 128])))
    assert pixels(data) == [WHITE, BLUE, (127, 127, 127)]
    assert pixels(png(3, 1, 8, 3, b"\0\0\1\2", colours, chunk(b"tRNS", b"\0"))) == [WHITE, BLUE, (0, 0, 0)]
    assert pixels(png(3, 1, 8, 3, b"\0\0\1\x7f", colours))[:2] == [RED, BLUE], "a colour that is not in the palette"


@pytest.mark.parametrize("file_format", ["PNG", "WEBP", *(["AVIF"] if "AVIF" in FORMATS else [])])
@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_alpha_is_laid_on_white(file_format: str, mode: str) -> None:
    image = flat((0, 0) if mode == "LA" else (9, 9, 9, 0), mode)
    image.paste((0, 255) if mode == "LA" else (0, 0, 0, 255), (0, 0, 32, 64))
    options = {} if file_format == "PNG" else {"lossless": True} if file_format == "WEBP" else {"quality": 100}
    read = decode(encoded(image if file_format == "PNG" else image.convert("RGBA"), file_format, **options))
    assert max(read.getpixel((5, 5))) <= 3
    assert min(read.getpixel((60, 5))) >= 252


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", *(["AVIF"] if "AVIF" in FORMATS else [])])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_applied_in_every_format_that_has_it(file_format: str, orientation: int) -> None:
    turned = {
        1: (),
        2: (Image.Transpose.FLIP_LEFT_RIGHT,),
        3: (Image.Transpose.ROTATE_180,),
        4: (Image.Transpose.FLIP_TOP_BOTTOM,),
        5: (Image.Transpose.TRANSPOSE,),
        6: (Image.Transpose.ROTATE_90,),
        7: (Image.Transpose.TRANSVERSE,),
        8: (Image.Transpose.ROTATE_270,),
    }
    image = scene(7)
    for how in turned[orientation]:
        image = image.transpose(how)
    exif = Image.Exif()
    exif[0x0112] = orientation
    read = fingerprint(encoded(image, file_format, exif=exif, quality=90))
    assert (read.width, read.height) == (300, 200)
    assert distance(read.dct256, fingerprint(encoded(scene(7), "PNG")).dct256) <= 12


@pytest.mark.parametrize("value", [0, 9, 77, -1])
def test_an_orientation_that_there_is_not_is_none(value: int) -> None:
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\1" + struct.pack(">HHIhH", 0x0112, 3, 1, value, 0) + b"\0" * 4
    assert decode(encoded(scene(), "JPEG", exif=exif)).size == (300, 200)


def test_an_orientation_that_only_xmp_has_is_not_applied() -> None:
    """No browser does: a seller could turn the picture for us and for nobody else."""
    xmp = b'<x:xmpmeta><rdf:Description tiff:Orientation="3"/></x:xmpmeta>'
    assert decode(encoded(scene(), "JPEG", xmp=xmp)).tobytes() == decode(encoded(scene(), "JPEG")).tobytes()
    assert decode(encoded(scene(), "WEBP", xmp=xmp)).tobytes() == decode(encoded(scene(), "WEBP")).tobytes()
    text = chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp)
    assert decode(with_chunks(text)).tobytes() == scene().tobytes()


# ------------------------------------------------------------------------------------------------------ frames


@pytest.mark.parametrize("file_format", ["GIF", "PNG", "WEBP", *(["AVIF"] if "AVIF" in FORMATS else [])])
def test_of_an_animation_the_first_frame_counts(file_format: str) -> None:
    data = encoded(scene(1), file_format, save_all=True, append_images=[scene(2), scene(3)], duration=40)
    assert distance(fingerprint(data).dct256, fingerprint(encoded(scene(1), file_format)).dct256) <= 6
    assert distance(fingerprint(data).dct256, fingerprint(encoded(scene(2), file_format)).dct256) > 60


def test_the_picture_before_an_animation_which_nobody_sees_does_not_count() -> None:
    data = encoded(flat(RED), "PNG", save_all=True, default_image=True, append_images=[flat(BLUE), flat(WHITE)])
    assert pixels(data)[0] == BLUE


def test_of_a_broken_animation_the_picture_before_it_counts() -> None:
    data = encoded(flat(RED), "PNG", save_all=True, default_image=True, append_images=[flat(BLUE), flat(WHITE)])
    frame = data.index(b"fdAT") - 4
    broken = data[:frame] + chunk(b"fdAT", b"\0\0\0\1no zlib") + data[frame:]
    assert pixels(broken)[0] == RED


def test_thousands_of_frames_cost_no_more_than_one() -> None:
    """Only the first is decoded, so that no cap on their number is needed."""
    first = encoded(scene(), "GIF")
    palette = 3 << (first[10] & 7) + 1
    many = first[:-1] + first[13 + palette : -1] * 3_000 + b";"
    with Image.open(io.BytesIO(many)) as image:
        assert image.n_frames == 3_001
    assert decode(many).tobytes() == decode(first).tobytes()


def test_a_frame_that_is_larger_than_its_screen_or_beside_it_is_refused_or_cut() -> None:
    for place in (struct.pack("<HHHH", 0, 0, 60_000, 60_000), struct.pack("<HHHH", 60_000, 60_000, 9, 9)):
        data = b"GIF89a" + struct.pack("<HH", 8, 8) + b"\0\0\0," + place + b"\0\2\2D\1\0;"
        try:
            assert max(decode(data).size) <= 20_000
        except UnreadablePicture as error:
            assert str(error)


# ------------------------------------------------------------------------------------------------------- sizes


def test_one_pixel_is_read_and_matches_nothing() -> None:
    for file_format in FORMATS:
        made = fingerprint(encoded(Image.new("RGB", (1, 1), RED), file_format))
        assert (made.width, made.height, made.informative) == (1, 1, False)


def test_a_long_strip_within_the_limits_is_read_and_matches_nothing() -> None:
    made = fingerprint(encoded(Image.new("L", (1, 20_000)), "PNG"))
    assert (made.width, made.height, made.informative) == (1, 20_000, False)


# ---------------------------------------------------------------------------------------- in the real processes


def test_every_hostile_picture_goes_through_the_decoding_processes_and_costs_only_itself(settings: Settings) -> None:
    with PictureDecoder(settings.model_copy(update={"judge_processes": 2})) as decoder:
        for make, words in REFUSED.values():
            with pytest.raises(UnreadablePicture, match=words):
                decoder.fingerprint(make())
        for make in READ.values():
            assert decoder.fingerprint(make()).informative
        assert decoder.fingerprint(encoded(scene(), "JPEG")).informative


def test_a_picture_that_keeps_its_decoder_busy_is_ended_by_the_deadline(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The largest picture with the most scans that are let through: libjpeg goes over 36 million pixels 500 times."""
    busy = _many_scans_over(6_000, 6_000, 490)
    assert len(busy) < 5_000_000
    with PictureDecoder(settings.model_copy(update={"judge_processes": 1}), seconds=4) as decoder:
        with pytest.raises(UnreadablePicture, match="more than 4 seconds"):
            decoder.fingerprint(busy)
        assert decoder.fingerprint(encoded(scene(2), "JPEG", quality=50)).width == 300


def test_a_signal_while_it_closes_takes_no_process_from_the_picture_that_it_works_on(settings: Settings) -> None:
    decoder = PictureDecoder(settings.model_copy(update={"judge_processes": 1}), seconds=60)
    assert decoder.fingerprint(encoded(scene(), "JPEG")).informative
    with ThreadPoolExecutor(1) as asking:
        answer = asking.submit(decoder.fingerprint, _many_scans_over(2_000, 2_000, 150))
        handler = signal.signal(signal.SIGALRM, signal.default_int_handler)
        try:
            with pytest.raises(KeyboardInterrupt):
                signal.setitimer(signal.ITIMER_REAL, 0.2)
                decoder.close()
        finally:
            signal.signal(signal.SIGALRM, handler)
        decoder.close()
        assert answer.result(timeout=60).width == 2_000
    decoder.close()


def distance(one: bytes, other: bytes) -> int:
    """In how many bits two hashes differ."""
    return (int.from_bytes(one) ^ int.from_bytes(other)).bit_count()


def pixels(data: bytes) -> list[tuple[int, ...]]:
    """The first row of a picture."""
    image = decode(data)
    return [image.getpixel((across, 0)) for across in range(image.width)]


def _interlaced() -> bytes:
    return encoded(scene(), "GIF", interlace=1)


def _jpeg_claiming(width: int, height: int) -> bytes:
    data = bytearray(encoded(scene(), "JPEG"))
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def _without_adobe_marker(data: bytes) -> bytes:
    at = data.index(b"\xff\xee")
    return data[:at] + data[at + 2 + struct.unpack_from(">H", data, at + 2)[0] :]


def _many_scans_over(width: int, height: int, count: int) -> bytes:
    file = io.BytesIO()
    Image.new("L", (width, height), 128).save(file, "JPEG", progressive=True, quality=20)
    data = file.getvalue()
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * count + data[-2:]
