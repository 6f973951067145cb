"""Draws references and negatives from a folder of photos.

A folder laid out as COUNTERFOIL_TEST_DATA/photos (clothing with its table of senders, packages) gives only photos that
the verifier was not trained on; of packages a maker is either among the references or among the negatives. Any other
folder gives all its pictures, drawn at random.
"""

import os
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.split import read_senders, split_clothing

_PICTURES = frozenset({".jpg", ".jpeg", ".png", ".webp"})


@dataclass(frozen=True, slots=True)
class Drawn:
    """What one run is made of. `senders` names the photographer of a photo where that is known."""

    references: tuple[Path, ...]
    negatives: tuple[Path, ...]
    scenery: tuple[Path, ...]
    senders: dict[Path, str]


def default_folder() -> Path | None:
    """The photos of COUNTERFOIL_TEST_DATA, where that is set."""
    data = os.environ.get("COUNTERFOIL_TEST_DATA")
    return Path(data) / "photos" if data else None


def draw(folder: Path, references: int, negatives: int, seed: int) -> Drawn:
    """Draw up to so many references and negatives. Raises ValueError when there are too few photos for both."""
    rng = random.Random(seed)
    drawn = (
        _draw_known(folder, references, rng)
        if (folder / "clothing.tsv").is_file()
        else _draw_any(folder, references, rng)
    )
    if not drawn.references or not drawn.negatives:
        raise ValueError(f"{folder} has too few pictures to draw {references} references and negatives from")
    return Drawn(
        drawn.references,
        tuple(rng.sample(drawn.negatives, min(negatives, len(drawn.negatives)))),
        drawn.scenery,
        drawn.senders,
    )


def _draw_known(folder: Path, references: int, rng: random.Random) -> Drawn:
    photos = split_clothing(folder)
    by_name = read_senders(folder / "clothing.tsv")
    official, shelf = _draw_packages(folder / "packages", rng)
    clothing = rng.sample(photos.test, len(photos.test))
    kept = max(0, references - len(official))
    return Drawn(
        references=(*official[:references], *clothing[:kept]),
        negatives=(*clothing[kept:], *shelf),
        scenery=photos.scenery,
        senders={photo: by_name[photo.name] for photo in photos.test},
    )


def _draw_packages(folder: Path, rng: random.Random) -> tuple[list[Path], list[Path]]:
    """Official pictures of about half the makers, and shelf photos of the others' products."""
    products = sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    makers = sorted({maker(product) for product in products})
    ours = set(rng.sample(makers, len(makers) // 2))
    official = [product / "official.jpg" for product in products if maker(product) in ours]
    shelf = [
        photo for product in products if maker(product) not in ours for photo in sorted(product.glob("shelf_*.jpg"))
    ]
    return [photo for photo in official if photo.is_file()], shelf


def maker(product: Path) -> str:
    """The first word of a package's name."""
    return product.name.split("-")[0]


def _draw_any(folder: Path, references: int, rng: random.Random) -> Drawn:
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _PICTURES)
    photos = rng.sample(found, len(found))
    # One photo in twelve only stands around the others: it must be neither reference nor negative.
    around = max(1, len(photos) // 12)
    kept = min(references, (len(photos) - around) // 2)
    return Drawn(tuple(photos[around : around + kept]), tuple(photos[around + kept :]), tuple(photos[:around]), {})


def without(drawn: Drawn, left_out: Sequence[Path]) -> Drawn:
    """The same without some of its negatives and scenery."""
    gone = set(left_out)
    return Drawn(
        references=drawn.references,
        negatives=tuple(photo for photo in drawn.negatives if photo not in gone),
        scenery=tuple(photo for photo in drawn.scenery if photo not in gone),
        senders=drawn.senders,
    )
