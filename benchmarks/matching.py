"""Finding copies: the engine beside imagehash, PDQ and PDQ in 8 orientations, on photos that nothing was trained on.

`python -m benchmarks.matching [FOLDER]` draws references, edits and negatives from a folder of photos (by default those
of COUNTERFOIL_TEST_DATA), leaves out negatives that are none, and prints recall per edit at the engine's own decisions
and where 1 % and 0.3 % of the negative queries match anything. One process, one configuration for quality and speed.
"""

import argparse
import io
import math
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import cycle, product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from benchmarks.duplicates import find_duplicates
from benchmarks.engine import Engine
from benchmarks.goals import GROUPS, POOLED, goal_of
from benchmarks.peers import Peer, all_peers
from benchmarks.photos import Drawn, default_folder, draw, without
from benchmarks.recall import limit_at, share
from benchmarks.results import result
from counterfoil.edits import EDITS, FURTHER_EDITS, Edit, NoProductMask, Scenery
from counterfoil.models import Match, MatchDecision, MatchKind

# What marketplaces show: sellers' pictures come at most so large, and compressed once more.
_SIDE, _QUALITY = 800, 85
_RATES = (0.01, 0.003)
_ENGINE = "engine"
_DECISIONS = ("confirmed", "review")
_ALARMS = {"confirmed": "<= 0.003", "review": "<= 0.010"}


@dataclass(frozen=True, slots=True)
class Query:
    """A picture to look up; `own` is the number of the reference that it is a copy of."""

    data: bytes
    edit: str
    own: int | None
    source: Path


@dataclass(slots=True)
class Answers:
    """What one peer said of the queries, in their order."""

    own: list[float] = field(default_factory=list)
    nearest: list[float] = field(default_factory=list)
    first: list[int | None] = field(default_factory=list)
    decided: list[frozenset[str]] = field(default_factory=list)
    seconds: float = 0.0

    def note(self, own: float, nearest: float, first: int | None, decided: Iterable[str] = ()) -> None:
        """Keep one answer: the distances of the own and of the nearest reference, which that was, what was decided."""
        self.own.append(own)
        self.nearest.append(nearest)
        self.first.append(first)
        self.decided.append(frozenset(decided))


def main() -> None:
    """Draw, audit, measure, and print a line for every figure."""
    arguments = _arguments()
    drawn = audited(draw(arguments.folder, arguments.references, arguments.negatives, arguments.seed))
    edits = {"goals": EDITS, "further": FURTHER_EDITS, "all": {**EDITS, **FURTHER_EDITS}}[arguments.edits]
    attacked = min(arguments.attacked, len(drawn.references))
    print(f"{len(drawn.references)} references, {attacked} of them edited in {len(edits)} ways")
    print(f"{len(drawn.negatives)} negatives, each as it is and edited once")
    files = [_saved(_opened(photo)) for photo in drawn.references]
    positives = list(positive_queries(drawn, attacked, edits.values(), arguments.seed))
    negatives = list(negative_queries(drawn, edits.values(), arguments.seed))
    answers = {name: Answers() for name in (_ENGINE, *all_peers())}
    run(files, [*positives, *negatives], answers)
    report(positives, negatives, answers)


def audited(drawn: Drawn) -> Drawn:
    """The drawn photos without negatives that are truly like a reference, each of which is named."""
    pairs = find_duplicates(drawn)
    for pair in pairs:
        print(f"left out {pair.other.name}: {pair.why} as {pair.reference.name}")
    return without(drawn, [pair.other for pair in pairs])


def positive_queries(drawn: Drawn, attacked: int, edits: Iterable[Edit], seed: int) -> Iterator[Query]:
    """Every edit of every attacked reference. Those are spread over the kinds of references."""
    scenery = _scenery(drawn)
    chosen = [round(place) for place in np.linspace(0, len(drawn.references) - 1, attacked)]
    for own in chosen:
        original = _opened(drawn.references[own])
        for edit in edits:
            edited = _edited(edit, original, seed + own, scenery)
            if edited is not None:
                yield Query(edited, edit.name, own, drawn.references[own])


def negative_queries(drawn: Drawn, edits: Iterable[Edit], seed: int) -> Iterator[Query]:
    """Every negative as it is and edited once, the edits in turn."""
    scenery = _scenery(drawn)
    for number, (photo, edit) in enumerate(zip(drawn.negatives, cycle(edits), strict=False)):
        original = _opened(photo)
        yield Query(_saved(original), "as it is", None, photo)
        edited = _edited(edit, original, seed + number, scenery)
        if edited is not None:
            yield Query(edited, edit.name, None, photo)


def run(references: Sequence[bytes], queries: Sequence[Query], answers: Mapping[str, Answers]) -> None:
    """Ask every peer every query, one after the other, so that what else the machine does befalls all alike."""
    engine, peers = Engine(references), all_peers()
    for peer in peers.values():
        peer.register(references)
    print(f"{len(engine.left_out)} references are too plain for the engine and count as never found")
    for number, query in enumerate(queries):
        _ask_engine(engine, query, answers[_ENGINE])
        for name, peer in peers.items():
            _ask_peer(peer, query, answers[name])
        if number % 500 == 499:
            print(f"{number + 1} of {len(queries)} queries", flush=True)


def _ask_engine(engine: Engine, query: Query, answers: Answers) -> None:
    began = time.perf_counter()
    matches = engine.matches(query.data)
    answers.seconds += time.perf_counter() - began
    # The same product photographed anew is another question: benchmarks/same_product.py.
    copies = [match for match in matches if match.kind is MatchKind.COPY]
    asked = [match for match in copies if query.own is None or match.reference_image_id == query.own + 1]
    answers.note(
        own=min((1 - match.score for match in asked), default=math.inf),
        nearest=min((1 - match.score for match in copies), default=math.inf),
        first=copies[0].reference_image_id - 1 if copies else None,
        decided=[level for match in asked for level in _reached(match)],
    )


def _reached(match: Match) -> tuple[str, ...]:
    """What is confirmed would have been reviewed as well."""
    return _DECISIONS if match.decision is MatchDecision.CONFIRMED else _DECISIONS[1:]


def _ask_peer(peer: Peer, query: Query, answers: Answers) -> None:
    began = time.perf_counter()
    distances = peer.distances(query.data)
    answers.seconds += time.perf_counter() - began
    nearest = int(distances.argmin())
    answers.note(float(distances[query.own if query.own is not None else nearest]), float(distances[nearest]), nearest)


def report(positives: Sequence[Query], negatives: Sequence[Query], answers: Mapping[str, Answers]) -> None:
    """The tables, and the lines."""
    count = len(positives)
    edits = np.array([query.edit for query in positives])
    found = {
        name: {
            rate: np.array(kept.own[:count]) < limit_at(np.array(kept.nearest[count:], np.float32), rate)
            for rate in _RATES
        }
        for name, kept in answers.items()
    }
    decided = {level: np.array([level in one for one in answers[_ENGINE].decided[:count]]) for level in _DECISIONS}
    _table(edits, found, decided)
    _false_alarms(negatives, answers[_ENGINE], count)
    _others_first(positives, answers[_ENGINE])
    with_goals = np.isin(edits, list(EDITS))
    for level in _DECISIONS:
        alarms = share([level in one for one in answers[_ENGINE].decided[count:]])
        reached = share(decided[level][with_goals])
        print(f"{level}: recall {reached}, false alarms {alarms} of {alarms.of} negative queries")
        result(f"matching_{level}_recall", reached.value)
        result(f"matching_{level}_false_alarms", alarms.value, _ALARMS[level])
    for name, rate in product(answers, _RATES):
        goal = POOLED[rate] if name == _ENGINE else "none"
        result(f"matching_{name}_recall_at_{rate:.1%}", share(found[name][rate][with_goals]).value, goal)
        if not with_goals.all():
            result(f"matching_{name}_further_recall_at_{rate:.1%}", share(found[name][rate][~with_goals]).value)
    for group in GROUPS:
        reached = share(found[_ENGINE][0.003][np.isin(edits, group.edits)])
        if reached.of:
            result(f"matching_group_{group.name}_at_0.3%", reached.value, f">= {group.least} (goal {group.goal})")
    for name, asked in answers.items():
        result(f"matching_{name}_milliseconds_per_query", 1_000 * asked.seconds / (count + len(negatives)))


def _table(
    edits: NDArray[np.str_],
    found: Mapping[str, Mapping[float, NDArray[np.bool_]]],
    decided: Mapping[str, NDArray[np.bool_]],
) -> None:
    peers = [name for name in found if name != _ENGINE]
    print(
        f"\n{'edit':32}{'n':>5}  {'at 0.3 %, 95 % interval':22}{'1 %':>7}{'conf.':>7}{'review':>7}  {'  '.join(peers)}"
    )
    for edit in [*dict.fromkeys(edits.tolist()), "all with goals"]:
        kept = np.isin(edits, list(EDITS)) if edit == "all with goals" else edits == edit
        engine = found[_ENGINE]
        goal = goal_of(edit)
        strict = share(engine[0.003][kept])
        short = "" if goal is None or strict.value >= goal else f"  < {goal}"
        others = "  ".join(f"{share(found[name][0.003][kept]).value:5.3f}" for name in peers)
        levels = "".join(f"{share(decided[level][kept]).value:7.3f}" for level in _DECISIONS)
        print(f"{edit:32}{strict.of:5}  {strict!s:22}{share(engine[0.01][kept]).value:6.3f}{levels}  {others}{short}")
    print()


def _false_alarms(negatives: Sequence[Query], answers: Answers, count: int) -> None:
    """The engine's worst, to be looked at: some may be true duplicates that the audit did not see."""
    worst = sorted(range(len(negatives)), key=lambda number: answers.nearest[count + number])
    for number in worst[:12]:
        distance = answers.nearest[count + number]
        if math.isfinite(distance):
            query, other = negatives[number], answers.first[count + number]
            print(f"negative at {1 - distance:.4f}: {query.source.name} ({query.edit}) as reference {other}")


def _others_first(positives: Sequence[Query], answers: Answers) -> None:
    others = [first is not None and first != query.own for query, first in zip(positives, answers.first, strict=False)]
    print(f"another reference first: {share(others)} of the edited pictures")


def _scenery(drawn: Drawn) -> Scenery:
    return Scenery(tuple(_opened(photo) for photo in drawn.scenery))


def _opened(photo: Path) -> Image.Image:
    return ImageOps.exif_transpose(Image.open(photo)).convert("RGB")


def _edited(edit: Edit, original: Image.Image, seed: int, scenery: Scenery) -> bytes | None:
    try:
        return _saved(edit.apply(original, seed, scenery).image)
    except NoProductMask:
        return None


def _saved(image: Image.Image) -> bytes:
    file = io.BytesIO()
    kept = image.copy()
    kept.thumbnail((_SIDE, _SIDE))
    kept.save(file, "JPEG", quality=_QUALITY)
    return file.getvalue()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=default_folder(), help="photos to draw from")
    parser.add_argument("--references", type=int, default=300, help="how many are registered")
    parser.add_argument("--attacked", type=int, default=100, help="how many of them are edited")
    parser.add_argument("--negatives", type=int, default=1_000, help="how many photos of other things are looked up")
    parser.add_argument("--edits", choices=("goals", "further", "all"), default="all")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    if arguments.folder is None:
        parser.error("name a FOLDER, or set COUNTERFOIL_TEST_DATA")
    return arguments


if __name__ == "__main__":
    main()
