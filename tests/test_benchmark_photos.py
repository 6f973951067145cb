"""What the matching benchmark draws, leaves out and counts."""

import math
from pathlib import Path

import numpy as np
import pytest
from garments import printed
from PIL import Image, ImageOps

from benchmarks.duplicates import find_duplicates
from benchmarks.photos import Drawn, draw, maker
from benchmarks.recall import Share, limit_at, share
from benchmarks.split import is_trained_on, read_senders, split_clothing
from counterfoil.edits import Scenery


def folder_of_rooms(folder: Path, number: int) -> Path:
    folder.mkdir(exist_ok=True)
    for seed in range(number):
        Scenery().picture(np.random.default_rng(seed), (320, 240)).save(folder / f"{seed:03}.png")
    return folder


def test_references_negatives_and_scenery_share_no_photo(tmp_path: Path) -> None:
    drawn = draw(folder_of_rooms(tmp_path, 24), references=8, negatives=10, seed=3)
    parts = [set(drawn.references), set(drawn.negatives), set(drawn.scenery)]
    assert [len(part) for part in parts] == [8, 10, 2]
    assert len(set.union(*parts)) == 20
    assert drawn == draw(tmp_path, references=8, negatives=10, seed=3)
    assert drawn != draw(tmp_path, references=8, negatives=10, seed=4)


def test_a_folder_with_too_few_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="too few pictures"):
        draw(folder_of_rooms(tmp_path, 1), references=5, negatives=5, seed=1)


def test_photos_that_were_trained_on_are_never_drawn(test_data: Path) -> None:
    photos = test_data / "photos"
    senders = read_senders(photos / "clothing.tsv")
    drawn = draw(photos, references=300, negatives=1_000, seed=1)
    used = {photo.name for photo in (*drawn.references, *drawn.negatives, *drawn.scenery)}
    assert not used & {name for name, sender in senders.items() if is_trained_on(sender)}
    official = {maker(photo.parent) for photo in drawn.references if photo.name == "official.jpg"}
    shelf = {maker(photo.parent) for photo in drawn.negatives if photo.name.startswith("shelf")}
    assert official
    assert shelf
    assert not official & shelf


def test_a_sender_is_in_one_part_with_all_photos(test_data: Path) -> None:
    senders = read_senders(test_data / "photos" / "clothing.tsv")
    parts = split_clothing(test_data / "photos")
    trained, tested = ({senders[photo.name] for photo in part} for part in (parts.training, parts.test))
    assert not trained & tested
    assert min(len(parts.training), len(parts.test)) > 400
    assert not {photo.name for photo in parts.scenery} & senders.keys()


def test_negatives_that_are_truly_alike_are_left_out_with_the_reason(tmp_path: Path) -> None:
    photos = [tmp_path / f"{seed}.png" for seed in range(6)]
    for seed, photo in enumerate(photos):
        printed(seed).save(photo)
    again, crop = tmp_path / "again.jpg", tmp_path / "crop.png"
    ImageOps.mirror(Image.open(photos[0])).save(again, quality=40)
    printed(1).crop((60, 90, 340, 330)).save(crop)
    drawn = Drawn(tuple(photos[:3]), (*photos[3:5], again, crop), (photos[5],), {})
    left_out = {pair.other: pair for pair in find_duplicates(drawn)}
    assert left_out.keys() == {again, crop}
    assert left_out[again].reference == photos[0]
    assert "same picture" in left_out[again].why
    assert left_out[crop].reference == photos[1]
    assert "same article" in left_out[crop].why


def test_wilsons_interval_is_that_of_the_books() -> None:
    low, high = Share(9, 10).interval
    assert (low, high) == pytest.approx((0.596, 0.982), abs=0.001)
    assert Share(10, 10).interval == pytest.approx((0.722, 1.0), abs=0.001)
    assert math.isnan(Share(0, 0).value)


@pytest.mark.parametrize(("rate", "allowed"), [(0.01, 2), (0.003, 0), (0.5, 100)])
def test_no_more_negatives_than_the_rate_allows_are_below_the_limit(rate: float, allowed: int) -> None:
    distances = np.random.default_rng(1).random(200).astype(np.float32)
    assert int((distances < limit_at(distances, rate)).sum()) == allowed


def test_where_no_negative_matches_anything_every_match_counts() -> None:
    limit = limit_at(np.full(100, np.inf, np.float32), 0.01)
    assert share(np.array([0.2, math.inf]) < limit).found == 1
