"""Trains the verifier of the matching engine and writes its model file and its card.

    COUNTERFOIL_TEST_DATA=FOLDER python -m tools.train_verifier [--queries N] [--seed N]

Photos and senders are kept apart by `benchmarks.split`: on the training part the trees are grown and the thresholds
chosen (out of fold, folds by sender), on the test part the figures of the card are measured. Every photo of a part is a
reference. A query is an edit of one of them: its own reference must be found, and every other one is a false alarm, as
if its own were not registered. Whole kinds of edit are held out of training; the card reports them apart.
"""

import json
import multiprocessing
import os
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from benchmarks.split import read_senders, split_clothing
from counterfoil.edits import EDITS, FURTHER_EDITS, Kind, NoProductMask, Scenery, random_edit
from counterfoil.edits.light import as_jpeg
from counterfoil.fingerprints import Sketch, sketch, sketch_image
from counterfoil.matching.bank import Examined, ReferenceBank, Settings
from counterfoil.matching.hashes import MAX_DISTANCE
from counterfoil.matching.measures import NAMES
from counterfoil.matching.verifier import FORMAT, Verifier, checksum, load_verifier
from counterfoil.models import Reference
from tools.retaking import retaken

_FOLDER = Path(__file__).parent.parent / "counterfoil" / "matching"
MODEL, CARD = _FOLDER / "verifier.json", Path(__file__).parent.parent / "docs" / "verifier.md"

# Not a copy, though most of the product agrees: photographed anew (see `tools.retaking`).
RETAKEN = "retaken"
HELD_OUT = frozenset({Kind.WATERMARK, Kind.LOGO})
_KINDS = [kind for kind in Kind if kind not in HELD_OUT]
# What hashes cannot find is drawn twice as often: there the trees alone decide.
_HARD = {Kind.CROP, Kind.BACKGROUND, Kind.COLLAGE, Kind.INSET, Kind.PERSPECTIVE, Kind.SCREEN, Kind.COMBINATION}
_WEIGHTS = np.array([2.0 if kind in _HARD else 1.0 for kind in _KINDS])
# One more than the engine looks at: the query's own reference takes one place.
_CANDIDATES = Settings().candidates + 1
_LARGEST = 800
# So often each photo of the training part is taken anew.
_ANEW = 3
_FOLDS = 5
# Of unrelated queries, and of photos taken anew, so many at most may be taken for copies.
_SHARES = {"confirmed": 0.003, "review": 0.010}
_SHARES_ANEW = {"confirmed": 0.01, "review": 0.02}
_HASH_DECIDED = 2.0

# More agreement never makes a copy less likely: so the trees must not either, whatever chance put into the photos.
_INCREASING = (
    "inliers",
    "spread",
    "visible_product",
    "mean_product",
    "agreeing_product",
    "agreeing_well_product",
    "agreeing_in_place_product",
    "agreeing_blocks",
    "agreeing_well_blocks",
    "largest_region",
    "largest_region_product",
    "mean_strong",
    "agreeing_strong",
    "whole_correlation",
    "gradient_agreement",
    "lower_quartile",
    "mean_structured",
    "agreeing_structured",
    "agreeing_structured_blocks",
    "structured_product",
    "fine_correlation",
    "level_agreement",
    "level_correlation",
)


@dataclass(frozen=True, slots=True, eq=False)
class Edited:
    """A picture made of a photo, by which edit and of what kind."""

    edit: str
    kind: str
    image: Image.Image


Editing = Callable[[Image.Image, int, int, Scenery], Iterator[Edited]]


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """A reference compared with a query: whether the query is a copy of it, and what was measured."""

    own: bool
    name: str
    measures: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Query:
    """An edited photo against all references: `by_hash` says whether a hash found its own, or (wrongly) another."""

    photo: str
    edit: str
    kind: str
    found_by_hash: bool
    alarm_by_hash: bool
    rows: tuple[Row, ...]


@click.command()
@click.option("--queries", default=12, help="Random edits of each photo of the training part.")
@click.option("--seed", default=20, help="Seed of edits, folds and trees.")
@click.option("--processes", default=os.cpu_count(), help="How many work side by side; the model is the same.")
def train(queries: int, seed: int, processes: int) -> None:
    """Train, choose thresholds, test, and write the model and its card."""
    folder = Path(os.environ["COUNTERFOIL_TEST_DATA"]) / "photos"
    photos, senders = split_clothing(folder), read_senders(folder / "clothing.tsv")
    training = _queries(photos.training, photos.scenery, partial(_edited_for_training, number=queries), seed, processes)
    test = _queries(photos.test, photos.scenery, _edited_for_test, seed, processes)
    model, chosen = fit(training, senders, seed)
    MODEL.write_text(json.dumps({"sha256": checksum(model), "model": model}), encoding="utf-8")
    CARD.write_text(card(load_verifier(MODEL), test, {**chosen, "seed": seed}), encoding="utf-8")


def _edited_for_training(image: Image.Image, place: int, seed: int, scenery: Scenery, number: int) -> Iterator[Edited]:
    """The photo as it is, so many random edits of it, and some that somebody else took."""
    rng = np.random.default_rng([seed, place])
    yield Edited("plain", "plain", image)
    for kind in rng.choice(_KINDS, number, p=_WEIGHTS / _WEIGHTS.sum()):
        edit = random_edit(Kind(kind), rng, without=HELD_OUT)
        with suppress(NoProductMask):
            yield Edited(f"random {kind}", str(kind), edit(image, rng, scenery).image)
    for _ in range(_ANEW):
        yield from _taken_anew(image, rng, scenery)


def _edited_for_test(image: Image.Image, place: int, seed: int, scenery: Scenery) -> Iterator[Edited]:
    """Every photo as it is, every second one as somebody else took it, and every named edit of every fourth."""
    yield Edited("plain", "plain", image)
    if place % 2 == 0:
        yield from _taken_anew(image, np.random.default_rng([seed, place]), scenery)
    for edit in {**EDITS, **FURTHER_EDITS}.values() if place % 4 == 0 else ():
        with suppress(NoProductMask):
            yield Edited(edit.name, edit.kind.value, edit.apply(image, seed + place, scenery).image)


def _taken_anew(image: Image.Image, rng: np.random.Generator, scenery: Scenery) -> Iterator[Edited]:
    anew = retaken(image, rng, scenery)
    if anew is not None:
        yield Edited(RETAKEN, RETAKEN, anew)


def _queries(paths: Sequence[Path], around: Sequence[Path], editing: Editing, seed: int, processes: int) -> list[Query]:
    """Every edit of every photo against all of them, in the order of the photos however many processes do it."""
    # In pieces that follow each other: of the test part only every fourth photo is edited.
    shares = [some.tolist() for some in np.array_split(np.arange(len(paths)), processes)]
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        done = pool.map(partial(_share_of_queries, paths, around, editing, seed), shares)
        by_place = {place: some for share in done for place, some in share.items()}
    return [query for place in range(len(paths)) for query in by_place[place]]


def _share_of_queries(
    paths: Sequence[Path], around: Sequence[Path], editing: Editing, seed: int, places: Sequence[int]
) -> dict[int, list[Query]]:
    """The queries of the photos at those places."""
    import cv2

    cv2.setNumThreads(1)
    bank, own = _bank(paths)
    scenery = Scenery([Image.open(path).convert("RGB") for path in around])
    done = {}
    for place in places:
        image = Image.open(paths[place]).convert("RGB")
        edited = editing(image, place, seed, scenery)
        done[place] = [_query(bank, own, paths[place], one, [seed, place, nth]) for nth, one in enumerate(edited)]
        _progress(len(done), len(places))
    return done


def _bank(paths: Sequence[Path]) -> tuple[ReferenceBank, dict[Path, Sketch]]:
    own = {path: sketch(path.read_bytes()) for path in paths}
    references = [
        Reference(reference_image_id=number, product_id=number, fingerprint=one.fingerprint)
        for number, one in enumerate(own.values(), start=1)
    ]
    sketches = {one.fingerprint.image_sha256: one for one in own.values()}
    return ReferenceBank(references, sketches, settings=Settings(candidates=_CANDIDATES)), own


def _query(bank: ReferenceBank, own: dict[Path, Sketch], path: Path, edited: Edited, seed: Sequence[int]) -> Query:
    image, quality = edited.image, int(np.random.default_rng(seed).integers(70, 95))
    if max(image.size) > _LARGEST:
        image = ImageOps.contain(image, (_LARGEST, _LARGEST))
    queried = sketch_image(as_jpeg(image, quality), f"{path.name} {edited.edit}")
    name = own[path].fingerprint.image_sha256
    near = bank.near(queried, MAX_DISTANCE)
    return Query(
        photo=path.name,
        edit=edited.edit,
        kind=edited.kind,
        found_by_hash=name in near,
        alarm_by_hash=bool(near - {name}),
        rows=tuple(_row(one, name, edited.kind != RETAKEN) for one in bank.examine(queried)),
    )


def _row(examined: Examined, own: str, copied: bool) -> Row:
    return Row(own=copied and examined.name == own, name=examined.name, measures=examined.measures)


# ---------------------------------------------------------------------------------------------------- the model


def fit(queries: Sequence[Query], senders: dict[str, str], seed: int) -> tuple[dict[str, Any], dict[str, float]]:
    """The model as it is written, and what the thresholds were chosen by."""
    from sklearn.model_selection import GroupKFold

    rows = [(query, row) for query in queries for row in query.rows]
    measures = np.stack([row.measures for _, row in rows])
    labels = np.array([row.own for _, row in rows])
    groups = np.array([senders[query.photo] for query, _ in rows])
    scores = np.zeros(len(rows))
    for fitted, tested in GroupKFold(_FOLDS).split(measures, labels, groups):
        grown = _grow(measures[fitted], labels[fitted], seed)
        scores[tested] = grown.predict_proba(measures[tested])[:, 1]
    by_row = dict(zip(map(id, (row for _, row in rows)), scores.tolist(), strict=True))
    unrelated, anew = (
        _alarm_scores([one for one in queries if (one.kind == RETAKEN) is is_anew], by_row) for is_anew in (False, True)
    )
    thresholds = {
        level: max(_threshold(unrelated, share), _threshold(anew, _SHARES_ANEW[level]))
        for level, share in _SHARES.items()
    }
    return _model(_grow(measures, labels, seed), thresholds), {**thresholds, "queries": len(queries), "rows": len(rows)}


def _grow(measures: NDArray[np.float64], labels: NDArray[np.bool_], seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    rising = [1 if name in _INCREASING else 0 for name in NAMES]
    return HistGradientBoostingClassifier(
        max_iter=160,
        max_leaf_nodes=8,
        learning_rate=0.08,
        min_samples_leaf=20,
        l2_regularization=1.0,
        monotonic_cst=rising,
        random_state=seed,
        early_stopping=False,
    ).fit(measures, labels)


def _alarm_scores(queries: Sequence[Query], scores: dict[int, float]) -> NDArray[np.float64]:
    """The best score that any other reference got, query by query."""
    worst = [max((scores[id(row)] for row in query.rows if not row.own), default=0.0) for query in queries]
    hashed = [_HASH_DECIDED if query.alarm_by_hash else 0.0 for query in queries]
    return np.maximum(worst, hashed)


def _threshold(alarms: NDArray[np.float64], share: float) -> float:
    """The score that at most this share of the queries exceed by a false alarm; 0 where there are none."""
    if not len(alarms):
        return 0.0
    ordered = np.sort(alarms)[::-1]
    return round(float(np.nextafter(ordered[int(share * len(ordered))], 1.0)) + 1e-4, 4)


def _model(grown: Any, thresholds: dict[str, float]) -> dict[str, Any]:
    trees: dict[str, list[Any]] = {name: [] for name in ("feature", "threshold", "left", "right", "value", "roots")}
    depth = 0
    for (predictor,) in grown._predictors:
        nodes, offset = predictor.nodes, len(trees["feature"])
        depth = max(depth, int(nodes["depth"].max()))
        trees["roots"].append(offset)
        for number, node in enumerate(nodes):
            leaf = bool(node["is_leaf"])
            trees["feature"].append(0 if leaf else int(node["feature_idx"]))
            trees["threshold"].append(0.0 if leaf else float(node["num_threshold"]))
            trees["left"].append(offset + (number if leaf else int(node["left"])))
            trees["right"].append(offset + (number if leaf else int(node["right"])))
            trees["value"].append(float(node["value"]) if leaf else 0.0)
    return {
        "format": FORMAT,
        "measures": list(NAMES),
        "start": float(np.ravel(grown._baseline_prediction)[0]),
        "depth": depth,
        "thresholds": thresholds,
        "trees": trees,
    }


# ------------------------------------------------------------------------------------------------------ its card


@dataclass(frozen=True, slots=True)
class Answer:
    """What a verifier made of a query: the score of its own reference, and the best of any other."""

    query: Query
    own: float
    alarm: float


def answers(verifier: Verifier, queries: Sequence[Query]) -> list[Answer]:
    """Score all queries; what a hash decided counts as beyond doubt."""
    rows = [row for query in queries for row in query.rows]
    scores = dict(zip(map(id, rows), verifier.scores(np.stack([row.measures for row in rows])).tolist(), strict=True))
    alarms = _alarm_scores(queries, scores)
    own = [
        _HASH_DECIDED if query.found_by_hash else max((scores[id(row)] for row in query.rows if row.own), default=0.0)
        for query in queries
    ]
    return [Answer(*one) for one in zip(queries, own, alarms.tolist(), strict=True)]


def card(verifier: Verifier, test: Sequence[Query], chosen: dict[str, float]) -> str:
    """The model card, as Markdown."""
    answered = answers(verifier, [query for query in test if query.kind != RETAKEN])
    anew = answers(verifier, [query for query in test if query.kind == RETAKEN])
    edited = [one for one in answered if one.query.edit != "plain"]
    groups: dict[str, list[Answer]] = {
        "all named edits": [one for one in edited if one.query.edit in EDITS],
        "further edits": [one for one in edited if one.query.edit in FURTHER_EDITS],
        "kinds held out of training": [one for one in edited if one.query.kind in HELD_OUT],
        "kinds trained on": [one for one in edited if one.query.kind not in HELD_OUT],
    }
    by_edit: dict[str, list[Answer]] = defaultdict(list)
    for one in edited:
        by_edit[one.query.edit].append(one)
    lines = [
        "# The verifier's card",
        "",
        "Written by `python -m tools.train_verifier`; do not edit. What it is for: [matching.md](matching.md).",
        "",
        f"- **Data**: photos of clothes, divided by sender (`benchmarks/split.py`). Trained on {chosen['queries']:,}",
        f"  queries ({chosen['rows']:,} compared pairs), seed {chosen['seed']}. Kinds of edit held out of training:",
        f"  {', '.join(sorted(HELD_OUT))}.",
        f"- **Thresholds** (chosen out of fold on the training part, so that of unrelated queries {_percents(_SHARES)}",
        f"  and of photos taken anew {_percents(_SHARES_ANEW)} at most are confirmed or for review): confirmed from",
        f"  {verifier.confirmed}, review from {verifier.review}.",
        f"- **Test**: {len(test):,} queries, edits of photos of other senders and those photos as they are; every",
        "  photo of the part is a reference, and its own is left out when false alarms are counted.",
        f"- **False alarms** among the test queries: confirmed {_rate(answered, verifier.confirmed)}, review",
        f"  {_rate(answered, verifier.review)}. Pairs of photos of the same item are not taken out.",
        "- **Photographed anew** (made: cut out, at another angle, in another light, on another ground; no copies):",
        f"  taken for copies: confirmed {_rate(anew, verifier.confirmed)}, review {_rate(anew, verifier.review)}.",
        "",
        "Recall with 95 % confidence intervals (Wilson):",
        "",
        "| edits | queries | confirmed | confirmed or review |",
        "| --- | --- | --- | --- |",
        *(_line(name, some, verifier) for name, some in [*groups.items(), *by_edit.items()]),
    ]
    return "\n".join(lines) + "\n"


def _percents(shares: dict[str, float]) -> str:
    return " and ".join(f"{share:.1%}" for share in shares.values())


def _rate(answered: Sequence[Answer], threshold: float) -> str:
    return _interval(sum(one.alarm >= threshold for one in answered), len(answered), 2)


def _line(name: str, some: Sequence[Answer], verifier: Verifier) -> str:
    found = [sum(one.own >= threshold for one in some) for threshold in (verifier.confirmed, verifier.review)]
    return f"| {name} | {len(some)} | {' | '.join(_interval(number, len(some), 1) for number in found)} |"


def _interval(number: int, of: int, decimals: int) -> str:
    """A share in percent with its Wilson interval (95 %)."""
    if not of:
        return "-"
    z, share = 1.96, number / of
    middle, spread = share + z * z / (2 * of), z * np.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    low, high = ((middle + sign * spread) / (1 + z * z / of) * 100 for sign in (-1, 1))
    return f"{share * 100:.{decimals}f} % ({low:.{decimals}f} to {high:.{decimals}f})"


def _progress(done: int, of: int) -> None:
    if done % 25 == 0:
        print(f"{done} of {of} photos", file=sys.stderr, flush=True)


if __name__ == "__main__":
    train()
