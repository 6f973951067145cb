"""Thousands of pictures that somebody else made, or that are broken: no crash, no hang; worst memory and time printed.

The first thousand are those that Pillow tests itself with, among them every file that ever crashed it (tools/
pillow-pictures fetches them); the rest are good pictures of all formats with bytes changed.
"""

import os
import random
import struct
import time
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import PIL
import psutil
import pytest
from conftest import skip
from PIL import Image
from test_fingerprints import encoded, scene

from counterfoil.exceptions import UnreadablePicture
from counterfoil.pictures import FORMATS
from counterfoil.settings import Settings
from indexer.decoding import PictureDecoder

pytestmark = pytest.mark.xdist_group("processes")

SEED = 20_260_301
VARIANTS = 3_000
SIZE = (120, 80)


@dataclass
class Outcome:
    """What became of many pictures."""

    read: int = 0
    reasons: Counter = field(default_factory=Counter)
    slowest: tuple[float, str] = (0.0, "")
    largest: tuple[int, str] = (0, "")
    lost: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        seconds, slow = self.slowest
        size, large = self.largest
        refused = sum(self.reasons.values())
        return (
            f"{self.read} read, {refused} refused; slowest {seconds:.2f} s ({slow}); "
            f"most memory of a decoding process {size // 2**20} MB (after {large}); "
            f"reasons: {dict(self.reasons.most_common(6))}"
        )


def decode_all(decoder: PictureDecoder, pictures: Iterable[tuple[str, bytes]]) -> Outcome:
    """Take the fingerprint of each, one after the other, in the decoder's real processes."""
    outcome = Outcome()
    for name, data in pictures:
        begun = time.monotonic()
        try:
            made = decoder.fingerprint(data)
            assert len(made.dct256) == 32
            outcome.read += 1
        except UnreadablePicture as error:
            reason = str(error)
            outcome.reasons[" ".join(reason.split()[:4])] += 1
            if "broke the process" in reason or "took more than" in reason:
                outcome.lost.append(f"{name}: {reason}")
        outcome.slowest = max(outcome.slowest, (time.monotonic() - begun, name))
        outcome.largest = max(outcome.largest, (_peak(), name))
    return outcome


@pytest.fixture(scope="module")
def decoder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PictureDecoder]:
    settings = Settings(data=tmp_path_factory.mktemp("data"), judge_processes=1)
    with PictureDecoder(settings) as one:
        yield one


@pytest.fixture(scope="module")
def pillow_pictures() -> list[Path]:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "counterfoil" / f"pillow-{PIL.__version__}"
    if not folder.is_dir():
        skip(f"the pictures of Pillow's own tests are not in {folder} (make services)")
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_the_pictures_that_pillow_tests_itself_with_crash_and_hang_nothing(
    decoder: PictureDecoder, pillow_pictures: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert len(pillow_pictures) > 1_000
    decoder.fingerprint(encoded(scene(), "JPEG"))  # starts the process, whose time is no picture's
    outcome = decode_all(decoder, ((path.name, path.read_bytes()) for path in pillow_pictures))
    with capsys.disabled():
        print(f"\nPillow's {len(pillow_pictures)} pictures: {outcome}")
    assert outcome.lost == []
    # More than half are of formats that are read, and most of those are sound.
    assert outcome.read > 400
    assert outcome.largest[0] < 2**30
    assert decoder.fingerprint(encoded(scene(), "JPEG")).informative


def test_thousands_of_broken_variants_of_good_pictures_crash_and_hang_nothing(
    decoder: PictureDecoder, capsys: pytest.CaptureFixture[str]
) -> None:
    good = good_pictures()
    assert {name.split()[0] for name in good} == set(FORMATS)
    for name, data in good.items():
        assert decoder.fingerprint(data).width in SIZE, name
    outcome = decode_all(decoder, variants(good))
    with capsys.disabled():
        print(f"\n{VARIANTS} broken variants of {len(good)} pictures: {outcome}")
    assert outcome.lost == []
    # Both happen, so that neither the decoders nor the refusals went untested.
    assert outcome.read > VARIANTS / 20
    assert sum(outcome.reasons.values()) > VARIANTS / 4
    assert outcome.largest[0] < 2**30
    assert decoder.fingerprint(encoded(scene(), "JPEG")).informative


def good_pictures() -> dict[str, bytes]:
    """Some twenty pictures: every format, its main ways of storing pixels, and animations."""
    image = scene(3, SIZE)
    more = [scene(number, SIZE) for number in (4, 5)]
    exif = Image.Exif()
    exif[0x0112] = 6
    made = {
        "JPEG": encoded(image, "JPEG"),
        "JPEG progressive": encoded(image, "JPEG", progressive=True),
        "JPEG grey": encoded(image.convert("L"), "JPEG"),
        "JPEG CMYK": encoded(image.convert("CMYK"), "JPEG"),
        "JPEG with EXIF": encoded(image, "JPEG", exif=exif),
        "JPEG with restart markers": encoded(image, "JPEG", restart_marker_blocks=4),
        "PNG": encoded(image, "PNG"),
        "PNG palette": encoded(image.quantize(64), "PNG"),
        "PNG grey with alpha": encoded(image.convert("LA"), "PNG"),
        "PNG one bit": encoded(image.convert("1"), "PNG"),
        "PNG 16 bit": encoded(image.convert("L").convert("I;16"), "PNG"),
        "PNG animated": encoded(image, "PNG", save_all=True, append_images=more),
        "PNG animated, default": encoded(image, "PNG", save_all=True, append_images=more, default_image=True),
        "GIF": encoded(image, "GIF"),
        "GIF animated": encoded(image, "GIF", save_all=True, append_images=more),
        "WEBP": encoded(image, "WEBP"),
        "WEBP lossless": encoded(image, "WEBP", lossless=True),
        "WEBP with alpha": encoded(image.convert("RGBA"), "WEBP", exif=exif),
        "WEBP animated": encoded(image, "WEBP", save_all=True, append_images=more),
        "BMP": encoded(image, "BMP"),
        "BMP palette": encoded(image.quantize(16), "BMP"),
    }
    if "AVIF" in FORMATS:
        made["AVIF"] = encoded(image, "AVIF")
        made["AVIF animated"] = encoded(image, "AVIF", save_all=True, append_images=more)
    return made


def variants(good: dict[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """So many of them, each with something else done to it; always the same ones."""
    dice = random.Random(SEED)
    names = sorted(good)
    for number in range(VARIANTS):
        name = names[number % len(names)]
        data = _broken(dice, good[name])
        # Else a PNG is refused for its checksums before anything in it is looked at.
        if name.startswith("PNG") and dice.random() < 0.8:
            data = _with_right_checksums(data)
        yield f"variant {number} of {name}", data


def _broken(dice: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    kind = dice.random()
    if kind < 0.15:
        return bytes(changed[: dice.randrange(len(changed))])
    if kind < 0.3:
        start = dice.randrange(len(changed))
        piece = changed[start : start + dice.randrange(1, 200)]
        at = dice.randrange(len(changed))
        changed[at : at + dice.choice((0, len(piece)))] = piece
        return bytes(changed)
    # Headers are small and matter most: half of the changes are made there.
    reach = len(changed) if dice.random() < 0.5 else min(len(changed), 120)
    for _ in range(dice.choice((1, 1, 2, 4, 16))):
        changed[dice.randrange(reach)] = dice.choice((0, 0xFF, 0x7F, 0x80, dice.randrange(256)))
    return bytes(changed)


def _with_right_checksums(data: bytes) -> bytes:
    mended, position = bytearray(data), 8
    while position + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, position)
        end = position + 8 + length
        if end + 4 > len(data):
            break
        mended[end : end + 4] = struct.pack(">I", zlib.crc32(data[position + 4 : end]))
        position = end + 4
    return bytes(mended)


def _peak() -> int:
    """The most memory that any decoding process alive has had at once, in bytes."""
    ours = psutil.Process().children(recursive=True)
    servers = [one for one in ours if any("forkserver" in word for word in one.cmdline())]
    pids = {one.pid for one in servers}
    return max((_high_water(one.pid) for one in servers if one.ppid() in pids), default=0)


def _high_water(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM")), 0)
