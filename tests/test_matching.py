"""Finding copies by their fingerprints."""

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageOps

from counterfoil.fingerprints import FINGERPRINT_VERSION, Sketch, fingerprint, sketch
from counterfoil.matching import ReferenceBank
from counterfoil.matching.hashes import MAX_DISTANCE, confidence, hash_matrix, nearest
from counterfoil.models import Fingerprint, MatchDecision, Reference

HASH = st.binary(min_size=32, max_size=32)


def scene(seed: int) -> Image.Image:
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", (400, 300), "white")
    draw = ImageDraw.Draw(image)
    for _ in range(40):
        x, y, w, h = rng.integers(0, 400), rng.integers(0, 300), rng.integers(20, 90), rng.integers(20, 90)
        draw.rectangle((x - w, y - h, x + w, y + h), fill=tuple(int(value) for value in rng.integers(0, 256, 3)))
    return image


def jpeg(image: Image.Image, quality: int = 90) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return file.getvalue()


def made(
    dct256: bytes, *, sha256: str = "a" * 64, informative: bool = True, version: str = FINGERPRINT_VERSION
) -> Fingerprint:
    return Fingerprint(
        image_sha256=sha256,
        version=version,
        width=100,
        height=100,
        phash=bytes(8),
        dct256=dct256,
        box256=dct256,
        informative=informative,
    )


def reference(number: int, kept: Fingerprint, *, product_id: int | None = None) -> Reference:
    return Reference(reference_image_id=number, product_id=product_id or number, fingerprint=kept)


def bank_of(*made: Sketch) -> ReferenceBank:
    """A bank of these pictures, numbered from 1."""
    references = [reference(number, one.fingerprint) for number, one in enumerate(made, start=1)]
    return ReferenceBank(references, {one.fingerprint.image_sha256: one for one in made})


def hashed(*references: Reference) -> ReferenceBank:
    """A bank of references of which only the hash matters: their pixels are plain."""
    return ReferenceBank(references, {one.fingerprint.image_sha256: plain(one.fingerprint) for one in references})


def plain(kept: Fingerprint) -> Sketch:
    """A sketch of this fingerprint, upright only, over pixels without any structure."""
    pixels = np.full((64, 64), 128, dtype=np.uint8)
    hashes = np.full((2, 8, 32), 0xA5, dtype=np.uint8)
    hashes[:, 0] = np.frombuffer(kept.dct256, dtype=np.uint8)
    return Sketch(fingerprint=kept, grey=pixels, colours=np.dstack([pixels] * 3), box=(0, 0, 1, 1), hashes=hashes)


def flipped(dct256: bytes, bits: int) -> bytes:
    return (int.from_bytes(dct256, "big") ^ ((1 << bits) - 1)).to_bytes(32, "big")


@pytest.fixture(scope="module")
def bank() -> ReferenceBank:
    return bank_of(*(sketch(jpeg(scene(seed))) for seed in range(1, 13)))


@pytest.mark.parametrize(
    "edit",
    [
        lambda image: jpeg(image.resize((200, 150))),
        lambda image: jpeg(image.resize((100, 75))),
        lambda image: jpeg(image.resize((800, 600))),
        lambda image: jpeg(image.resize((340, 300))),
        lambda image: jpeg(image, 30),
        lambda image: jpeg(image, 10),
        lambda image: jpeg(ImageOps.grayscale(image)),
        lambda image: jpeg(ImageOps.grayscale(image).resize((200, 150)), 30),
    ],
    ids=["half", "quarter", "double", "narrower", "quality 30", "quality 10", "grey", "grey, half, quality 30"],
)
def test_an_edited_copy_is_found_and_nothing_else(bank: ReferenceBank, edit: object) -> None:
    for seed in range(1, 13):
        matches = bank.match(sketch(edit(scene(seed))))  # type: ignore[operator]
        assert [match.reference_image_id for match in matches] == [seed]
        assert matches[0].stage == "hash"


def test_another_picture_is_never_confirmed_and_hardly_ever_for_review(bank: ReferenceBank) -> None:
    """Drawn alike on purpose: each is forty rectangles, so that corners pair up everywhere."""
    found = [match for seed in range(100, 140) for match in bank.match(sketch(jpeg(scene(seed))))]
    assert len(found) <= 1
    assert all(match.decision is MatchDecision.REVIEW for match in found)


def test_the_very_same_bytes_are_an_exact_match(bank: ReferenceBank) -> None:
    (match,) = bank.match(sketch(jpeg(scene(4))))
    assert (match.stage, match.distance, match.score, match.product_id) == ("exact", 0, 1.0, 4)


def test_sister_products_with_one_photo_are_both_found() -> None:
    kept = fingerprint(jpeg(scene(1)))
    bank = hashed(*[reference(1, kept, product_id=10), reference(2, kept, product_id=20)])
    assert {match.product_id for match in bank.match_kept(fingerprint(jpeg(scene(1), 30)))} == {10, 20}


ORIENTATIONS = [(mirrored, quarter) for mirrored in (False, True) for quarter in range(4)]


@pytest.mark.parametrize(("mirrored", "quarter"), ORIENTATIONS)
@pytest.mark.parametrize("border", [0, 40], ids=["whole", "framed"])
def test_a_turned_mirrored_framed_copy_is_found_and_where_it_lies(
    bank: ReferenceBank, mirrored: bool, quarter: int, border: int
) -> None:
    picture = (ImageOps.mirror(scene(5)) if mirrored else scene(5)).resize((600, 450))
    picture = ImageOps.expand(picture.rotate(90 * quarter, expand=True), border, "#d33")
    (match,) = bank.match(sketch(jpeg(picture)))
    assert (match.reference_image_id, match.decision, match.stage) == (5, MatchDecision.CONFIRMED, "hash")
    assert match.transform is not None
    assert (match.transform.mirrored, match.transform.rotation) == (mirrored, 90 * quarter)
    size = (600, 450) if quarter % 2 == 0 else (450, 600)
    corners = {(x, y) for x in (0, size[0]) for y in (0, size[1])}
    assert {(round(x - border, -1), round(y - border, -1)) for x, y in match.transform.quadrangle} == corners


def test_what_only_a_hash_says_of_a_picture_that_is_gone_is_unverified(bank: ReferenceBank) -> None:
    (copy,) = bank.match_kept(fingerprint(jpeg(scene(5), 30)))
    (same,) = bank.match_kept(fingerprint(jpeg(scene(5))))
    assert (copy.decision, copy.transform) == (MatchDecision.UNVERIFIED, None)
    assert same.decision is MatchDecision.CONFIRMED


def test_the_nearest_reference_comes_first() -> None:
    near, far = flipped(bytes(32), 4), flipped(bytes(32), 30)
    bank = hashed(*[reference(1, made(far, sha256="b" * 64)), reference(2, made(near, sha256="c" * 64))])
    matches = bank.match_kept(made(bytes(32)))
    assert [(match.reference_image_id, match.distance) for match in matches] == [(2, 4), (1, 30)]
    assert matches[0].score > matches[1].score


@pytest.mark.parametrize(("bits", "found"), [(0, True), (MAX_DISTANCE, True), (MAX_DISTANCE + 1, False)])
def test_the_limit_of_distance_is_included(bits: int, found: bool) -> None:
    bank = hashed(*[reference(1, made(flipped(bytes(32), bits), sha256="b" * 64))])
    assert bool(bank.match_kept(made(bytes(32)))) is found


def test_a_plain_picture_matches_nothing_even_itself() -> None:
    kept = made(bytes(32), informative=False)
    assert hashed(reference(1, kept)).match_kept(made(bytes(32))) == ()
    assert hashed(reference(1, made(bytes(32)))).match_kept(kept) == ()


def test_an_empty_bank_matches_nothing() -> None:
    assert hashed().match_kept(made(bytes(32))) == ()


def test_fingerprints_of_another_version_are_not_compared() -> None:
    with pytest.raises(ValueError, match="version f0"):
        hashed(reference(1, made(bytes(32), version="f0")))
    with pytest.raises(ValueError, match="version f0"):
        hashed(reference(1, made(bytes(32)))).match_kept(made(bytes(32), version="f0"))


def test_confidence_falls_with_the_distance() -> None:
    scores = [confidence(distance) for distance in range(MAX_DISTANCE + 1)]
    assert scores[0] == 1.0
    assert scores == sorted(scores, reverse=True)
    assert scores[-1] == pytest.approx(0.8)


@settings(deadline=None)
@given(st.lists(HASH, min_size=1, max_size=20), HASH, st.integers(0, 256))
def test_nearest_finds_what_counting_bits_one_by_one_finds(kept: list[bytes], one: bytes, limit: int) -> None:
    counted = [(int.from_bytes(other, "big") ^ int.from_bytes(one, "big")).bit_count() for other in kept]
    expected = sorted((distance, row) for row, distance in enumerate(counted) if distance <= limit)
    assert [(distance, row) for row, distance in nearest(one, hash_matrix(kept), limit)] == expected


def test_the_rows_are_searched_beyond_one_chunk() -> None:
    hashes = np.random.default_rng(1).integers(0, 256, (150_000, 32)).astype(np.uint8)
    assert nearest(hashes[140_001].tobytes(), hashes) == ((140_001, 0),)


def test_a_hash_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="64 bits"):
        hash_matrix([bytes(32), bytes(8)])


def test_copies_of_real_photos_are_found_without_false_alarms(test_data: Path) -> None:
    photos = sorted((test_data / "photos" / "clothing").glob("*.jpg"))
    officials = sorted((test_data / "photos" / "packages").glob("*/official.jpg"))
    assert len(photos) >= 400
    assert officials
    registered = [*photos[::20], *officials]
    bank = hashed(*[reference(number, fingerprint(path.read_bytes())) for number, path in enumerate(registered)])
    for number, path in enumerate(registered):
        image = Image.open(path).convert("RGB")
        half = image.resize((image.width // 2, image.height // 2))
        for data in (jpeg(half), jpeg(image, 30), jpeg(image, 10), jpeg(ImageOps.grayscale(image))):
            assert number in {match.reference_image_id for match in bank.match_kept(fingerprint(data))}, path.name
    others = [path for path in photos[1::4] if path not in registered]
    alarms = [path.name for path in others if bank.match_kept(fingerprint(path.read_bytes()))]
    assert len(alarms) <= 1, alarms
