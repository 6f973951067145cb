"""`counterfoil match` and `counterfoil fingerprint`: files in, one line for each out, without a database."""

import hashlib
import json
from pathlib import Path
from typing import Any

import imagehash
import pytest
from click.testing import CliRunner, Result
from garments import printed
from PIL import Image

from console.cli import cli
from counterfoil.edits import EDITS


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two references, and pictures to look up: copies, something else, a plain one and a damaged one."""
    folder = tmp_path_factory.mktemp("pictures")
    references, images = folder / "references", folder / "images"
    (images / "below").mkdir(parents=True)
    references.mkdir()
    for seed in (1, 2):
        printed(seed).save(references / f"shirt-{seed}.jpg", quality=90)
    (references / "notes.txt").write_text("no picture, and not taken for one")
    EDITS["jpeg-30"].apply(printed(1), 1).image.save(images / "a-copy.jpg")
    EDITS["mirror"].apply(printed(2), 1).image.save(images / "below" / "b-mirrored.png")
    (images / "c-same.jpg").write_bytes((references / "shirt-1.jpg").read_bytes())
    printed(9).save(images / "d-other.jpg")
    Image.new("RGB", (200, 200), "white").save(images / "e-plain.png")
    (images / "f-damaged.jpg").write_bytes((references / "shirt-1.jpg").read_bytes()[:900])
    return folder


def ran(pictures: Path, *arguments: str, home: Path) -> Result:
    environment = {"COUNTERFOIL_DATA": str(home / "data"), "COUNTERFOIL_JUDGE_PROCESSES": "1"}
    filled = [argument.replace("@", f"{pictures}/") for argument in arguments]
    return CliRunner().invoke(cli, filled, env=environment, catch_exceptions=False)


def lines(ended: Result) -> list[dict[str, Any]]:
    assert ended.exit_code == 0, ended.stderr
    return [json.loads(line) for line in ended.stdout.splitlines()]


def test_every_image_is_one_line_with_its_matches(pictures: Path, tmp_path: Path) -> None:
    ended = ran(pictures, "match", "@references", "@images", "--jsonl", home=tmp_path)
    by_name = {Path(line["image"]).name: line for line in lines(ended)}
    assert list(by_name) == [
        "a-copy.jpg",
        "b-mirrored.png",
        "c-same.jpg",
        "d-other.jpg",
        "e-plain.png",
        "f-damaged.jpg",
    ]
    assert all(line.keys() == {"image", "informative", "error", "matches"} for line in by_name.values())
    best = {name: line["matches"][0] for name, line in by_name.items() if line["matches"]}
    assert {name: Path(match["reference"]).name for name, match in best.items()} == {
        "a-copy.jpg": "shirt-1.jpg",
        "b-mirrored.png": "shirt-2.jpg",
        "c-same.jpg": "shirt-1.jpg",
    }
    keys = {"reference", "score", "decision", "kind", "stage", "transform"}
    assert all(match.keys() == keys and match["kind"] == "copy" for match in best.values())
    assert all(match["decision"] == "confirmed" and 0 < match["score"] <= 1 for match in best.values())
    assert best["b-mirrored.png"]["transform"]["mirrored"]
    assert not best["a-copy.jpg"]["transform"]["mirrored"]
    as_it_is = {"mirrored": False, "rotation": 0.0, "scale": 1.0}
    assert best["c-same.jpg"]["stage"] == "exact"
    assert best["c-same.jpg"]["transform"].items() >= as_it_is.items()
    assert not (tmp_path / "data").exists(), "no database is made"


def test_a_damaged_image_is_one_line_with_its_error(pictures: Path, tmp_path: Path) -> None:
    ended = ran(
        pictures, "match", "@references", "@images/f-damaged.jpg", "@images/d-other.jpg", "--jsonl", home=tmp_path
    )
    damaged, other = lines(ended)
    assert "damaged or cut off" in damaged["error"]
    assert (damaged["informative"], damaged["matches"]) == (False, [])
    assert (other["error"], other["matches"]) == (None, [])
    assert "1 of 2 images could not be read" in ended.stderr


def test_a_plain_image_is_said_to_be_plain(pictures: Path, tmp_path: Path) -> None:
    ended = ran(pictures, "match", "@references", "@images/e-plain.png", home=tmp_path)
    assert "too plain" in ended.stdout
    (line,) = lines(ran(pictures, "match", "@references", "@images/e-plain.png", "--jsonl", home=tmp_path))
    assert line["informative"] is False


def test_no_more_matches_than_asked_for(pictures: Path, tmp_path: Path) -> None:
    twice = tmp_path / "twice"
    twice.mkdir()
    for name in ("one.jpg", "two.jpg"):
        (twice / name).write_bytes((pictures / "references" / "shirt-1.jpg").read_bytes())
    all_, first = (
        lines(ran(pictures, "match", str(twice), "@images/a-copy.jpg", "--jsonl", *limit, home=tmp_path))
        for limit in ((), ("--limit", "1"))
    )
    assert [len(found[0]["matches"]) for found in (all_, first)] == [2, 1]


def test_overlays_are_drawn_where_they_are_asked_for(pictures: Path, tmp_path: Path) -> None:
    folder = tmp_path / "overlays"
    ended = ran(pictures, "match", "@references", "@images/below", "--overlay", str(folder), home=tmp_path)
    assert ended.exit_code == 0, ended.stderr
    (overlay,) = folder.iterdir()
    assert "b-mirrored" in overlay.name
    assert min(Image.open(overlay).size) > 100


def test_references_of_which_none_can_be_read_are_refused(pictures: Path, tmp_path: Path) -> None:
    ended = ran(pictures, "match", "@images/f-damaged.jpg", "@images", home=tmp_path)
    assert ended.exit_code == 2
    assert "no picture can be read" in ended.stderr


def test_a_fingerprint_shows_what_is_kept(pictures: Path, tmp_path: Path) -> None:
    ended = ran(pictures, "fingerprint", "@references/shirt-1.jpg", "@images/f-damaged.jpg", "--jsonl", home=tmp_path)
    kept, damaged = lines(ended)
    data = (pictures / "references" / "shirt-1.jpg").read_bytes()
    assert kept["sha256"] == hashlib.sha256(data).hexdigest()
    assert kept["phash"] == str(imagehash.phash(Image.open(pictures / "references" / "shirt-1.jpg")))
    assert (kept["width"], kept["height"], kept["informative"]) == (400, 500, True)
    assert "damaged or cut off" in damaged["error"]
