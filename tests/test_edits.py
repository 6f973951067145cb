"""The library of picture edits: repeatable, true to their names, and honest about where the original went."""

import math

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageOps

from counterfoil.edits import (
    EDITS,
    FURTHER_EDITS,
    Edit,
    Edited,
    Kind,
    NoProductMask,
    Scenery,
    product_mask,
    random_edit,
)

ALL = {**EDITS, **FURTHER_EDITS}


def packshot(width: int = 300, height: int = 400) -> Image.Image:
    """A product with a pattern on an even ground that is not quite white."""
    rng = np.random.default_rng(4)
    image = Image.new("RGB", (width, height), (246, 246, 246))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((60, 70, width - 60, height - 70), 20, fill=(30, 70, 120))
    for _ in range(60):
        x, y = int(rng.integers(70, width - 90)), int(rng.integers(80, height - 100))
        colour = tuple(int(value) for value in rng.integers(0, 256, 3))
        draw.rectangle((x, y, x + int(rng.integers(4, 24)), y + int(rng.integers(4, 24))), fill=colour)
    return image


def room(seed: int) -> Image.Image:
    return Scenery().picture(np.random.default_rng(seed), (420, 420))


SCENERY = Scenery(tuple(room(seed) for seed in range(4)))


def pixels(image: Image.Image) -> NDArray[np.float32]:
    return np.asarray(image, dtype=np.float32)


def carried_back(edited: Edited, size: tuple[int, int]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """The edited picture seen in the original's frame, and which of that frame's pixels it has at all."""
    to_centres = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    matrix = np.linalg.inv(to_centres) @ edited.placement @ to_centres
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    seen = cv2.warpPerspective(pixels(edited.image), matrix, size, flags=flags)
    whole = np.ones((edited.image.height, edited.image.width), np.float32)
    there = cv2.warpPerspective(whole, matrix, size, flags=flags) > 0.99
    return seen, there


def difference(edited: Edited, original: Image.Image) -> float:
    """The median over the pixels that are left, of how far each strays from the original (grey levels)."""
    seen, there = carried_back(edited, original.size)
    return float(np.median(np.abs(seen - pixels(original)).max(axis=2)[there]))


@pytest.mark.parametrize("edit", ALL.values(), ids=ALL.keys())
def test_the_same_seed_gives_the_same_pixels(edit: Edit) -> None:
    first, again = (edit.apply(packshot(), 7, SCENERY) for _ in range(2))
    assert first.image.tobytes() == again.image.tobytes()
    assert np.array_equal(first.placement, again.placement)


@pytest.mark.parametrize("edit", ALL.values(), ids=ALL.keys())
def test_an_edit_changes_the_picture_and_leaves_the_one_it_was_given(edit: Edit) -> None:
    original = packshot()
    edited = edit.apply(original, 3, SCENERY)
    assert edited.image.mode == "RGB"
    assert (edited.image.size, edited.image.tobytes()) != (original.size, original.tobytes())
    assert original.tobytes() == packshot().tobytes()


@pytest.mark.parametrize("edit", ALL.values(), ids=ALL.keys())
def test_the_original_is_where_the_edit_says(edit: Edit) -> None:
    """Carried back, half of the pixels or more are about what they were; carried back mirrored, they are not."""
    original = packshot()
    edited = edit.apply(original, 11, SCENERY)
    # Grey and hue change every level of this colourful product; where it is shows in the contrast to elsewhere.
    elsewhere = Edited(edited.image, edited.placement @ np.array([[-1, 0, original.width], [0, 1, 0], [0, 0, 1.0]]))
    product = (slice(80, -80), slice(70, -70))
    right, wrong = (
        float(
            np.corrcoef(
                grey(carried_back(one, original.size)[0])[product].ravel(), grey(pixels(original))[product].ravel()
            )[0, 1]
        )
        for one in (edited, elsewhere)
    )
    assert right > 0.3
    assert right > wrong + 0.2


def grey(image: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(image.mean(axis=2))


@pytest.mark.parametrize("name", ["mirror", "rotate-90", "rotate-180", "crop-25", "padding", "padding-wide", "flip"])
def test_edits_of_the_frame_alone_lose_no_pixel_they_keep(name: str) -> None:
    assert difference(ALL[name].apply(packshot(), 5, SCENERY), packshot()) == 0


@pytest.mark.parametrize(
    ("name", "width", "height"), [("resize-50", 150, 200), ("resize-25", 75, 100), ("aspect-80", 240, 400)]
)
def test_a_resized_picture_has_the_size_that_its_name_says(name: str, width: int, height: int) -> None:
    assert EDITS[name].apply(packshot(), 1).image.size == (width, height)


@pytest.mark.parametrize(
    ("name", "removed"), [("crop-10", 0.1), ("crop-25", 0.25), ("crop-50", 0.5), ("crop-75", 0.75)]
)
def test_a_crop_removes_the_area_that_its_name_says(name: str, removed: float) -> None:
    width, height = EDITS[name].apply(packshot(), 1).image.size
    assert width * height / (300 * 400) == pytest.approx(1 - removed, abs=0.01)


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("banner-12", 0.11, 0.13),
        ("banner-25", 0.23, 0.26),
        ("sticker-10", 0.06, 0.11),
        ("sticker-20", 0.13, 0.21),
        ("logo", 0.001, 0.05),
    ],
)
def test_an_overlay_covers_the_area_that_its_name_says(name: str, least: float, most: float) -> None:
    shares = []
    for seed in range(12):
        noise = Image.fromarray(np.random.default_rng(seed).integers(0, 256, (400, 300, 3), dtype=np.uint8))
        edited = EDITS[name].apply(noise, seed).image
        shares.append(float((pixels(edited) != pixels(noise)).any(axis=2).mean()))
    assert least <= float(np.mean(shares)) <= most


@pytest.mark.parametrize(
    ("name", "share"), [("picture-in-picture-60", 0.6), ("picture-in-picture-40", 0.4), ("picture-in-picture-25", 0.25)]
)
def test_an_inset_has_the_side_that_its_name_says(name: str, share: float) -> None:
    edited = EDITS[name].apply(packshot(), 2, SCENERY)
    corners = edited.corners((300, 400))
    assert (corners[3, 1] - corners[0, 1]) / max(edited.image.size) == pytest.approx(share, abs=0.01)
    assert (corners >= -0.01).all() and (corners <= np.array(edited.image.size) + 0.01).all()


@pytest.mark.parametrize(
    ("name", "degrees"), [("rotate-3", 3), ("rotate-5", 5), ("rotate-10", 10), ("rotate-90", 90), ("rotate-180", 180)]
)
def test_a_turned_picture_is_turned_by_the_degrees_of_its_name(name: str, degrees: float) -> None:
    for seed in range(6):
        corners = EDITS[name].apply(packshot(), seed).corners((300, 400))
        across = corners[1] - corners[0]
        assert abs(math.degrees(math.atan2(across[1], across[0]))) == pytest.approx(degrees, abs=0.01)


@pytest.mark.parametrize(("name", "tiles"), [("collage-2x2", 4), ("collage-3x3", 9), ("side-by-side", 2)])
def test_a_collage_shows_the_picture_in_one_tile(name: str, tiles: int) -> None:
    for seed in range(6):
        edited = EDITS[name].apply(packshot(), seed, SCENERY)
        corners = edited.corners((300, 400))
        shown = np.clip(corners, 0, edited.image.size)
        width, height = shown[2] - shown[0]
        assert width * height <= edited.image.width * edited.image.height / tiles * 1.5
        seen = {
            edited.image.getpixel((x, y))
            for x in range(0, edited.image.width, 9)
            for y in range(0, edited.image.height, 9)
        }
        assert len(seen) > 100  # there is something in the other tiles


def test_the_background_is_replaced_and_the_product_is_not() -> None:
    original = packshot()
    edited = EDITS["background"].apply(original, 1, SCENERY).image
    changed = (pixels(edited) != pixels(original)).any(axis=2)
    assert changed[:40].mean() > 0.95
    assert changed[100:300, 80:220].mean() < 0.02


def test_no_background_is_replaced_where_the_product_cannot_be_told() -> None:
    flat = Image.new("RGB", (300, 400), (128, 128, 128))
    assert product_mask(flat) is None
    with pytest.raises(NoProductMask, match="cannot be told"):
        EDITS["background"].apply(flat, 1, SCENERY)


def test_the_mask_of_a_packshot_is_the_product() -> None:
    mask = product_mask(packshot())
    assert mask is not None
    kept = np.asarray(mask) > 127
    assert kept[75:325, 70:230].mean() > 0.95
    assert kept[:60].mean() < 0.02


def test_without_other_pictures_the_scenery_is_drawn() -> None:
    edited = EDITS["collage-3x3"].apply(packshot(), 1)
    assert len(edited.image.resize((80, 80)).getcolors(6400) or []) > 400


def test_edits_of_every_kind_have_names_of_their_own() -> None:
    assert {edit.kind for edit in EDITS.values()} == set(Kind)
    assert len({edit.described for edit in ALL.values()}) == len(ALL) == len(EDITS) + len(FURTHER_EDITS)
    assert len(EDITS) == 48


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(list(Kind)),
    seed=st.integers(0, 2**32 - 1),
    width=st.integers(16, 500),
    height=st.integers(16, 500),
)
def test_random_edits_of_every_kind_work_on_pictures_of_any_size(
    kind: Kind, seed: int, width: int, height: int
) -> None:
    picture = ImageOps.fit(packshot(), (width, height))
    drawn = [random_edit(kind, np.random.default_rng(seed)) for _ in range(2)]
    try:
        first, again = (step(picture, np.random.default_rng(seed), SCENERY) for step in drawn)
    except NoProductMask:
        assert kind in {Kind.BACKGROUND, Kind.COMBINATION}
        return
    assert first.image.tobytes() == again.image.tobytes()
    assert np.isfinite(first.corners(picture.size)).all()


@pytest.mark.parametrize("kind", [Kind.COLLAGE, Kind.STICKER])
def test_a_combination_leaves_out_the_kinds_it_is_told_to(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    from counterfoil.edits import catalogue

    drawn: list[Kind] = []
    plain = catalogue.random_edit

    def noted(one: Kind, rng: np.random.Generator, without: frozenset[Kind] = frozenset()) -> object:
        drawn.append(one)
        return plain(one, rng, without)

    monkeypatch.setattr(catalogue, "random_edit", noted)
    for seed in range(80):
        plain(Kind.COMBINATION, np.random.default_rng(seed), frozenset({kind}))
    assert len(set(drawn)) > 8
    assert kind not in drawn
