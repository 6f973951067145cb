"""Copies that no hash finds: local features, the comparison of pixels, and the verifier that decides."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from counterfoil.edits import EDITS, NoProductMask, Scenery
from counterfoil.exceptions import DamagedModel
from counterfoil.fingerprints import Sketch, sketch, sketch_image
from counterfoil.matching import ReferenceBank
from counterfoil.matching.overlay import draw_overlay
from counterfoil.matching.segment import build_segment, open_segment, reference_sketch, save_segment
from counterfoil.matching.verifier import checksum, load_verifier, shipped_verifier
from counterfoil.models import MatchDecision, MatchKind, Reference
from examples.marketplace.brand import brand
from examples.marketplace.honest import official_pictures
from examples.marketplace.pictures import cooked

SEED = 3


@pytest.fixture(scope="module")
def photos() -> list[Image.Image]:
    """The example brand's drawn product photos: one of each product."""
    made = [cooked(official_pictures(product, SEED)[0]) for product in brand().products]
    return [Image.open(io.BytesIO(data)).convert("RGB") for data in made]


@pytest.fixture(scope="module")
def sketches(photos: list[Image.Image]) -> list[Sketch]:
    return [sketch_image(photo, f"{number:064d}") for number, photo in enumerate(photos)]


def references(sketches: list[Sketch]) -> list[Reference]:
    return [
        Reference(reference_image_id=number, product_id=number, fingerprint=one.fingerprint)
        for number, one in enumerate(sketches)
    ]


@pytest.fixture(scope="module")
def bank(sketches: list[Sketch]) -> ReferenceBank:
    return ReferenceBank(references(sketches), {one.fingerprint.image_sha256: one for one in sketches})


def framed(photo: Image.Image) -> tuple[Image.Image, np.ndarray]:
    """The photo cropped, turned by 12 degrees and mirrored on a busy page; and where its corners went."""
    rng = np.random.default_rng(1)
    page = Image.effect_noise((900, 900), 90).convert("RGB")
    placed = EDITS["rotate-10"].apply(ImageOps.mirror(photo).resize((420, 420)), seed=1)
    left, top = (int(value) for value in rng.integers(100, 300, 2))
    page.paste(placed.image, (left, top))
    corners = placed.corners((420, 420))[[1, 0, 3, 2]] + (left, top)
    return page, corners


def test_a_turned_mirrored_copy_within_another_picture_is_found_where_it_lies(
    bank: ReferenceBank, photos: list[Image.Image]
) -> None:
    page, corners = framed(photos[0])
    match = bank.match(sketch_image(page, "f" * 64))[0]
    assert (match.reference_image_id, match.stage, match.distance) == (0, "features", None)
    assert (match.kind, match.decision) == (MatchKind.COPY, MatchDecision.CONFIRMED)
    assert match.transform is not None
    assert match.transform.mirrored
    assert np.abs(np.array(match.transform.quadrangle) - corners).max() < 12
    assert match.agreement is not None
    assert 0.6 < match.agreement <= 1


def test_an_overlay_shows_the_copy_as_the_reference_shows_it(bank: ReferenceBank, photos: list[Image.Image]) -> None:
    page, _ = framed(photos[0])
    transform = bank.match(sketch_image(page, "f" * 64))[0].transform
    assert transform is not None
    board = draw_overlay(page, photos[0], transform)
    shown = photos[0].copy()
    shown.thumbnail((640, 640))
    width, height = shown.size
    middle = (board.height - height) // 2
    right = board.crop((board.width - width, middle, board.width, middle + height)).convert("L")
    between = board.crop((board.width - 2 * width - 8, middle, board.width - width - 8, middle + height)).convert("L")
    one, other = (np.asarray(part.resize((64, 64)), dtype=float).ravel() for part in (right, between))
    assert np.corrcoef(one, other)[0, 1] > 0.9


def test_two_references_in_one_picture_are_both_found(bank: ReferenceBank, photos: list[Image.Image]) -> None:
    page = Image.new("RGB", (820, 400), "white")
    for place, number in enumerate((1, 2)):
        page.paste(photos[number].resize((400, 400)), (place * 420, 0))
    found = bank.match(sketch_image(page, "e" * 64))
    assert {match.reference_image_id for match in found if match.decision is MatchDecision.CONFIRMED} == {1, 2}


def test_segments_that_were_saved_and_put_together_match_as_the_one_in_memory(
    tmp_path: Path, bank: ReferenceBank, sketches: list[Sketch], photos: list[Image.Image]
) -> None:
    made = [reference_sketch(one) for one in sketches]
    save_segment([build_segment(made)], tmp_path / "all")
    for place, half in enumerate((made[:3], made[3:])):
        save_segment([build_segment(half)], tmp_path / f"half-{place}")
    halves = [open_segment(tmp_path / f"half-{place}") for place in range(2)]
    save_segment(halves, tmp_path / "joined")
    mapped, joined = (
        ReferenceBank(references(sketches), segments=[open_segment(tmp_path / name)]) for name in ("all", "joined")
    )
    parted = ReferenceBank(references(sketches), segments=halves)
    page, _ = framed(photos[0])
    queries = [sketch_image(page, "f" * 64), sketch_image(photos[4].resize((300, 300)), "d" * 64)]
    for query in queries:
        assert mapped.match(query) == joined.match(query) == bank.match(query)
        assert parted.match(query)[0].reference_image_id == bank.match(query)[0].reference_image_id
    assert mapped.identity == bank.identity == parted.identity
    files = [{path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("all", "joined")]
    assert files[0] == files[1]


def test_a_reference_that_was_removed_is_found_no_more(sketches: list[Sketch], photos: list[Image.Image]) -> None:
    everything = build_segment([reference_sketch(one) for one in sketches])
    without = ReferenceBank(references(sketches)[1:], segments=[everything])
    page, _ = framed(photos[0])
    assert 0 not in {match.reference_image_id for match in without.match(sketch_image(page, "f" * 64))}


@pytest.mark.parametrize("name", ["descriptors.npy", "features.index", "segment.json"])
def test_a_segment_that_is_not_whole_is_refused(tmp_path: Path, sketches: list[Sketch], name: str) -> None:
    save_segment([build_segment([reference_sketch(sketches[0])])], tmp_path / "one")
    file = tmp_path / "one" / name
    file.write_bytes(file.read_bytes()[:-10])
    with pytest.raises(ValueError, match=r"cut off or changed|Unterminated|Expecting"):
        open_segment(tmp_path / "one")


def test_a_picture_without_anything_in_it_matches_nothing(bank: ReferenceBank) -> None:
    for colour in ("white", "#7a3"):
        assert bank.match(sketch_image(Image.new("RGB", (500, 400), colour), "c" * 64)) == ()


def test_a_changed_verifier_is_refused(tmp_path: Path) -> None:
    shipped = Path(load_verifier.__code__.co_filename).with_name("verifier.json")
    content = json.loads(shipped.read_text(encoding="utf-8"))
    file = tmp_path / "verifier.json"
    file.write_text(shipped.read_text(encoding="utf-8"), encoding="utf-8")
    assert load_verifier(file).confirmed == shipped_verifier().confirmed
    content["model"]["thresholds"]["confirmed"] = 0.0
    file.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(DamagedModel, match="changed or damaged"):
        load_verifier(file)
    content["model"]["measures"] = ["inliers"]
    file.write_text(json.dumps({"model": content["model"], "sha256": checksum(content["model"])}), encoding="utf-8")
    with pytest.raises(DamagedModel, match="another version"):
        load_verifier(file)
    file.write_text(shipped.read_text(encoding="utf-8")[:5_000], encoding="utf-8")
    with pytest.raises(DamagedModel, match="cannot be read"):
        load_verifier(file)


# Nothing was trained on these photos; the goals and the whole list of edits are benchmarks/matching.py's.
_EDITS = (
    "jpeg-10",
    "mirror",
    "rotate-10",
    "crop-25",
    "crop-50",
    "padding",
    "banner-25",
    "sticker-20",
    "watermark",
    "collage-2x2",
    "side-by-side",
    "picture-in-picture-60",
    "perspective",
    "screen-photo",
)


def test_edited_photos_of_people_are_found_and_others_are_not(test_data: Path) -> None:
    from benchmarks.split import split_clothing

    split = split_clothing(test_data / "photos")
    kept, others = split.test[::15], split.test[7::15]
    made = {path: sketch(path.read_bytes()) for path in kept}
    registered = references(list(made.values()))
    bank = ReferenceBank(registered, {one.fingerprint.image_sha256: one for one in made.values()})
    scenery = Scenery([Image.open(path).convert("RGB") for path in split.scenery[:12]])
    missed = []
    for number, path in enumerate(kept[:8]):
        for name in _EDITS[number % 2 :: 2]:
            try:
                edited = EDITS[name].apply(Image.open(path).convert("RGB"), number, scenery).image
            except NoProductMask:
                continue
            found = bank.match(sketch_image(edited, "b" * 64))
            if not any(match.reference_image_id == number for match in found):
                missed.append((path.name, name))
    assert len(missed) <= 3, missed
    alarms = [path.name for path in others if bank.match(sketch(path.read_bytes()))]
    assert len(alarms) <= 1, alarms
