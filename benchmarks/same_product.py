"""Own photos of the same product: no shared pixels, but print and logo. Real packages, three own photos registered.

`python -m benchmarks.same_product [FOLDER]` takes `packages/<product>/` of COUNTERFOIL_TEST_DATA/photos: an official
picture and people's shelf photos of each. In every draw some makers are left out and their shelf photos are negatives,
with photos of clothes; of every other product three shelf photos, drawn by lot, are registered beside the official
picture, and the rest are looked up. What is found is what scores above 1 % of the negatives.
"""

import argparse
import hashlib
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.photos import default_folder, maker
from benchmarks.recall import Share, limit_at, share
from benchmarks.results import result
from benchmarks.split import split_clothing
from counterfoil.fingerprints import Sketch, sketch
from counterfoil.matching.prints import Print, take_print
from counterfoil.matching.same_product import PrintBank
from counterfoil.models import Match, MatchDecision, Reference

_RATE = 0.01
# Photos in which another maker's product is to be seen as well, told by eye: there a match with it is no false alarm.
_SHOWS_TOO = {
    "shelf_Alpro-Vanilla-Soyghurt_011.jpg": "Oatly",
    "shelf_Alpro-Vanilla-Soyghurt_013.jpg": "Oatly",
    "shelf_Alpro-Vanilla-Soyghurt_014.jpg": "Oatly",
    "shelf_Arla-Medium-Fat-Milk_003.jpg": "Garant",
    "shelf_Arla-Medium-Fat-Milk_009.jpg": "Garant",
    "shelf_Arla-Medium-Fat-Milk_022.jpg": "Garant",
    "shelf_Bravo-Apple-Juice_012.jpg": "God",
    "shelf_Bravo-Apple-Juice_021.jpg": "God",
    "shelf_Oatly-Oat-Milk_004.jpg": "Alpro",
    "shelf_Oatly-Oat-Milk_009.jpg": "Alpro",
}


@dataclass(frozen=True, slots=True)
class Draw:
    """One draw: the pictures registered for each product, and what is looked up."""

    registered: Mapping[Path, tuple[Path, ...]]
    queries: tuple[tuple[Path, Path], ...]
    negatives: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one query came to."""

    found: bool
    first: bool
    sibling_first: bool
    other_first: bool
    one_of_these: bool
    beside_registered: bool


def main() -> None:
    """Draw, look up, and print a line for every figure."""
    arguments = _arguments()
    sketches = Sketches()
    goals = {0: ("none", "none", "none"), 3: (">= 0.95", ">= 0.88", "<= 0.06")}
    for own in arguments.own:
        outcomes: list[Outcome] = []
        alarms: list[str] = []
        for seed in range(arguments.first, arguments.first + arguments.draws):
            one = draw(arguments.folder, own, arguments.negatives, seed)
            outcomes.extend(evaluate(one, sketches, alarms))
        found, first, sibling = goals.get(own, ("none",) * 3)
        _tell(own, outcomes, arguments.draws)
        result(f"same_product_{own}_found", share([one.found for one in outcomes]).value, found)
        result(f"same_product_{own}_first", share([one.first for one in outcomes]).value, first)
        result(f"same_product_{own}_sibling_first", share([one.sibling_first for one in outcomes]).value, sibling)
        result(f"same_product_{own}_one_of_these", share([one.one_of_these for one in outcomes]).value)
        apart = [one for one in outcomes if not one.beside_registered]
        result(f"same_product_{own}_found_apart_in_the_series", share([one.found for one in apart]).value)
        for decision in (MatchDecision.CONFIRMED, MatchDecision.REVIEW):
            kept = [
                alarm == MatchDecision.CONFIRMED.value or (decision is MatchDecision.REVIEW and alarm != "")
                for alarm in alarms
            ]
            result(f"same_product_{own}_{decision.value}_false_alarms", share(kept).value)
    for references in arguments.cost:
        cost(arguments.folder, sketches, references)


class Sketches:
    """The sketches of files, each taken once, and the prints of those that are registered."""

    def __init__(self) -> None:
        self._sketches: dict[Path, Sketch] = {}
        self._prints: dict[str, Print] = {}

    def of(self, photo: Path) -> Sketch:
        """The sketch of a file."""
        if photo not in self._sketches:
            self._sketches[photo] = sketch(photo.read_bytes())
        return self._sketches[photo]

    def prints(self, photos: Sequence[Path]) -> dict[str, Print]:
        """The prints of files by SHA-256."""
        for photo in photos:
            one = self.of(photo)
            if one.fingerprint.image_sha256 not in self._prints:
                self._prints[one.fingerprint.image_sha256] = take_print(one)
        return {
            self.of(photo).fingerprint.image_sha256: self._prints[self.of(photo).fingerprint.image_sha256]
            for photo in photos
        }


def draw(folder: Path, own: int, negatives: int, seed: int) -> Draw:
    """Leave out the products of a quarter of the makers; register an official picture and so many own photos each."""
    rng = random.Random(f"same product {seed}")
    products = sorted(path for path in (folder / "packages").iterdir() if path.is_dir())
    makers = sorted({maker(product) for product in products})
    left_out = set(rng.sample(makers, max(1, len(makers) // 4)))
    registered: dict[Path, tuple[Path, ...]] = {}
    queries: list[tuple[Path, Path]] = []
    for product in products:
        shelf = sorted(product.glob("shelf_*.jpg"))
        if maker(product) not in left_out:
            chosen = rng.sample(shelf, own)
            registered[product] = (product / "official.jpg", *chosen)
            queries.extend((product, photo) for photo in shelf if photo not in chosen)
    others = [
        photo for product in products if maker(product) in left_out for photo in sorted(product.glob("shelf_*.jpg"))
    ]
    clothes = split_clothing(folder).test
    return Draw(registered, tuple(queries), (*others, *rng.sample(clothes, min(negatives, len(clothes)))))


def evaluate(one: Draw, sketches: Sketches, alarms: list[str]) -> list[Outcome]:
    """Look everything up in one bank. `alarms` takes the decision of each negative, empty where there is none."""
    products = list(one.registered)
    bank = _bank(one.registered, sketches)
    worst = []
    for photo in one.negatives:
        shown = _SHOWS_TOO.get(photo.name, "none")
        found = [match for match in bank.match(sketches.of(photo)) if maker(products[match.product_id - 1]) != shown]
        best = max(found, key=lambda match: match.score, default=None)
        worst.append(1 - best.score if best else np.inf)
        alarms.append("" if best is None else str(best.decision.value))
    limit = limit_at(np.array(worst, np.float32), _RATE)
    return [
        _outcome(one, products, product, photo, bank.match(sketches.of(photo)), limit) for product, photo in one.queries
    ]


def _outcome(
    one: Draw, products: Sequence[Path], product: Path, photo: Path, matches: Sequence[Match], limit: float
) -> Outcome:
    kept = [match for match in matches if np.float32(1 - match.score) < limit]
    shown = [products[match.product_id - 1] for match in kept]
    best = shown[0] if shown else None
    grouped = bool(kept) and bool(kept[0].one_of)
    wrong = best is not None and best != product and not grouped
    return Outcome(
        found=product in shown,
        first=best == product and not grouped,
        sibling_first=wrong and best is not None and maker(best) == maker(product),
        other_first=wrong and best is not None and maker(best) != maker(product),
        one_of_these=grouped,
        beside_registered=any(_number(photo) - _number(other) in (-1, 1) for other in one.registered[product][1:]),
    )


def _number(photo: Path) -> int:
    return int(photo.stem.rsplit("_", 1)[1])


def _bank(registered: Mapping[Path, Sequence[Path]], sketches: Sketches) -> PrintBank:
    pairs = [(number, photo) for number, photos in enumerate(registered.values(), start=1) for photo in photos]
    references = [
        Reference(reference_image_id=place, product_id=number, fingerprint=sketches.of(photo).fingerprint)
        for place, (number, photo) in enumerate(pairs, start=1)
    ]
    return PrintBank(references, sketches.prints([photo for _, photo in pairs]))


def _tell(own: int, outcomes: Sequence[Outcome], draws: int) -> None:
    def of(name: str) -> Share:
        return share([getattr(one, name) for one in outcomes])

    print(f"\n{own} own photos beside the official picture, {draws} draws, {len(outcomes)} shelf photos looked up")
    print(f"  the right product found {of('found')}, first {of('first')}")
    print(f"  a sibling first {of('sibling_first')}, another product first {of('other_first')}")
    print(f"  one of these {of('one_of_these')}")


def cost(folder: Path, sketches: Sketches, references: int) -> None:
    """Milliseconds a picture, with so many reference images registered (clothes fill up), and bytes a reference."""
    packages = sorted((folder / "packages").rglob("*.jpg"))
    photos = [*packages, *sorted((folder / "clothing").glob("*.jpg"))]
    rng = random.Random(1)
    asked = rng.sample(photos, 40)
    kept = [photo for photo in photos if photo not in asked]
    chosen = (kept * (references // len(kept) + 1))[:references]
    prints = sketches.prints(chosen)
    bank = PrintBank([_reference(number, photo, sketches) for number, photo in enumerate(chosen, start=1)], prints)
    ready = [sketches.of(photo) for photo in asked]
    bank.match(ready[0])
    began = time.perf_counter()
    for one in ready:
        bank.match(one)
    taken = time.perf_counter() - began
    began = time.perf_counter()
    for one in ready:
        take_print(one)
    result(f"same_product_milliseconds_at_{references}_references", 1_000 * taken / len(ready))
    result(
        f"same_product_milliseconds_of_it_for_features_at_{references}",
        1_000 * (time.perf_counter() - began) / len(ready),
    )
    size = sum(one.descriptors.nbytes + one.points.nbytes + one.colours.nbytes for one in prints.values())
    result("same_product_bytes_per_reference", size / len(prints))


def _reference(number: int, photo: Path, sketches: Sketches) -> Reference:
    product = (
        int(hashlib.sha256(photo.parent.name.encode()).hexdigest()[:6], 16)
        if photo.parent.name != "clothing"
        else number
    )
    return Reference(reference_image_id=number, product_id=product, fingerprint=sketches.of(photo).fingerprint)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=default_folder(), help="photos with packages/")
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--first", type=int, default=0, help="the first draw: thresholds were chosen on draws 0 to 2")
    parser.add_argument("--own", type=int, nargs="*", default=[0, 3], help="own photos registered for each product")
    parser.add_argument("--negatives", type=int, default=150, help="photos of clothes in each draw")
    parser.add_argument("--cost", type=int, nargs="*", default=[31, 2_000], help="references to measure the cost with")
    arguments = parser.parse_args()
    if arguments.folder is None:
        parser.error("name a FOLDER, or set COUNTERFOIL_TEST_DATA")
    return arguments


if __name__ == "__main__":
    main()
