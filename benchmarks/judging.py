"""How quickly pictures are judged: stage by stage, beside PIL + imagehash and PDQ alone, and at 100,000 references.

    COUNTERFOIL_TEST_DATA=FOLDER python -m benchmarks.judging [--photos FOLDER] [--references 2000] [--large 100000]

One process, one thread, processor time. Half of the judged pictures are edits of references, half are of nobody. There
are not so many photos: references beyond them are parts of photos, mirrored and cut by chance, and the large bank is
made of the small one's references with a quarter of all descriptor bits drawn anew: as many to search, and as unlike.
"""

import argparse
import hashlib
import io
import random
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import faiss
import imagehash
import numpy as np
import pdqhash
from numpy.typing import NDArray
from PIL import Image

from benchmarks.installation import named_folder
from benchmarks.photos import default_folder, draw
from benchmarks.results import result
from counterfoil.edits import EDITS, NoProductMask, Scenery
from counterfoil.fingerprints import sketch, sketch_image
from counterfoil.fingerprints.features import Features
from counterfoil.matching import ReferenceBank, Settings
from counterfoil.matching.candidates import propose
from counterfoil.matching.hashes import MAX_DISTANCE, nearest
from counterfoil.matching.segment import (
    HASHES,
    ReferenceSketch,
    Segment,
    build_segment,
    open_segment,
    reference_sketch,
    save_segment,
)
from counterfoil.models import Fingerprint, Reference
from counterfoil.pictures import decode

_LARGEST = 800
_AT_ONCE = 5_000
_HASHES = 1_000_000
_FACTOR_OF_FLAT = 1.2


@dataclass(frozen=True, slots=True)
class Question:
    """A picture's bytes, and which reference it is a copy of (None: of none)."""

    data: bytes
    reference: int | None
    edit: str


def main() -> None:
    """Measure, and print a line for every figure."""
    arguments = _arguments()
    cv2.setNumThreads(1)
    faiss.omp_set_num_threads(1)
    photos = draw(arguments.photos, arguments.references, arguments.pictures, arguments.seed)
    references = list(_references(photos.references, arguments.references, arguments.seed))
    questions = _questions(references, photos.negatives, arguments.pictures, arguments.seed)
    print(f"{len(references)} references, {len(questions)} pictures to be judged", file=sys.stderr)
    bank, segment, fingerprints = _prepare(references)
    rate = measure_judging(bank, questions)
    measure_stages(bank, segment, questions)
    measure_peers(references, questions)
    measure_curve(fingerprints, segment, questions)
    measure_hash_search()
    if arguments.large:
        with named_folder(arguments.folder) as folder:
            measure_large(segment, fingerprints, questions, arguments.large, folder, rate)


# ------------------------------------------------------------------------------------------------- what is judged


def _references(paths: Sequence[Path], number: int, seed: int) -> Iterator[Image.Image]:
    for path in paths[:number]:
        yield Image.open(path).convert("RGB")
    rng = random.Random(seed)
    for place in range(number - len(paths)):
        image = Image.open(paths[place % len(paths)]).convert("RGB")
        width, height = (round(side * rng.uniform(0.45, 0.7)) for side in image.size)
        left, top = rng.randint(0, image.width - width), rng.randint(0, image.height - height)
        part = image.crop((left, top, left + width, top + height))
        yield part.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else part


def _questions(references: Sequence[Image.Image], negatives: Sequence[Path], number: int, seed: int) -> list[Question]:
    rng, edits = random.Random(seed), list(EDITS.values())
    scenery = Scenery([Image.open(path).convert("RGB") for path in negatives[:20]])
    made = [Question(path.read_bytes(), None, "none") for path in negatives[: number // 2]]
    while len(made) < number:
        reference, edit = rng.randrange(min(len(references), 600)), rng.choice(edits)
        try:
            edited = edit.apply(references[reference], seed + len(made), scenery).image
        except NoProductMask:
            continue
        edited.thumbnail((_LARGEST, _LARGEST))
        file = io.BytesIO()
        edited.save(file, "JPEG", quality=85)
        made.append(Question(file.getvalue(), reference, edit.name))
    rng.shuffle(made)
    return made


def _prepare(references: Sequence[Image.Image]) -> tuple[ReferenceBank, Segment, list[Fingerprint]]:
    started = time.process_time()
    sketches = [sketch_image(image, f"{number:064d}") for number, image in enumerate(references)]
    segment = build_segment([reference_sketch(one) for one in sketches])
    result("judging_ms_to_prepare_a_reference", (time.process_time() - started) * 1_000 / len(references))
    fingerprints = [one.fingerprint for one in sketches]
    return ReferenceBank(_registered(fingerprints), segments=[segment]), segment, fingerprints


def _registered(fingerprints: Sequence[Fingerprint]) -> list[Reference]:
    return [
        Reference(reference_image_id=number + 1, product_id=number + 1, fingerprint=one)
        for number, one in enumerate(fingerprints)
    ]


# ------------------------------------------------------------------------------------------------------- measures


def measure_judging(bank: ReferenceBank, questions: Sequence[Question]) -> float:
    """Full judgements a second, from the file's bytes to the decision."""
    taken = _times(questions, lambda one: bank.match(sketch(one.data)))
    rate = 1 / float(np.mean(taken))
    result("judging_images_per_second_per_core", rate, ">=20")
    for what, chosen in (("copies", True), ("others", False)):
        some = [seconds for seconds, one in zip(taken, questions, strict=True) if (one.reference is not None) is chosen]
        result(f"judging_ms_{what}", float(np.mean(some)) * 1_000)
    return rate


def measure_stages(bank: ReferenceBank, segment: Segment, questions: Sequence[Question]) -> None:
    """Milliseconds of each stage for the pictures that no hash decides, and how many a hash decides."""
    spent: dict[str, list[float]] = {}
    by_hash, most = 0, Settings().candidates
    for one in questions:
        image = _timed(spent, "decode", decode, one.data)
        made = _timed(spent, "hashes_and_pixels", sketch_image, image, hashlib.sha256(one.data).hexdigest())
        found = _timed(spent, "hash_search", bank.near, made, MAX_DISTANCE)
        by_hash += bool(found)
        if not found:
            _timed(spent, "local_features", made.with_features)
            _timed(spent, "candidates", propose, [segment], made.features, made.mirrored, most)
            _timed(spent, "candidates_alignment_verification", bank.match, made)
    result("judging_share_decided_by_hash", by_hash / len(questions))
    for name, seconds in spent.items():
        result(f"judging_ms_{name}", float(np.mean(seconds)) * 1_000)


def measure_peers(references: Sequence[Image.Image], questions: Sequence[Question]) -> None:
    """Images a second of what others do: one hash from PIL, or PDQ, compared with those of all references."""
    hashes = np.stack([imagehash.phash(image).hash.ravel() for image in references])

    def by_phash(one: Question) -> int:
        own = imagehash.phash(Image.open(io.BytesIO(one.data)).convert("RGB")).hash.ravel()
        return int(np.count_nonzero(hashes != own, axis=1).min())

    result("judging_peer_imagehash_images_per_second", 1 / float(np.mean(_times(questions, by_phash))))
    vectors = np.stack([pdqhash.compute(np.asarray(image))[0] for image in references])

    def by_pdq(one: Question) -> int:
        own = pdqhash.compute(np.asarray(Image.open(io.BytesIO(one.data)).convert("RGB")))[0]
        return int(np.count_nonzero(vectors != own, axis=1).min())

    result("judging_peer_pdq_images_per_second", 1 / float(np.mean(_times(questions, by_pdq))))


def measure_curve(fingerprints: Sequence[Fingerprint], segment: Segment, questions: Sequence[Question]) -> None:
    """Recall among the edits and images a second of several settings; the second is what the product uses."""
    for candidates in (1, Settings().candidates, 8):
        settings = Settings(candidates=candidates)
        bank = ReferenceBank(_registered(fingerprints), segments=[segment], settings=settings)
        started = time.process_time()
        recall = _recall(bank, questions)
        seconds = (time.process_time() - started) / len(questions)
        result(f"judging_recall_with_{candidates}_candidates", recall)
        result(f"judging_images_per_second_with_{candidates}_candidates", 1 / seconds)


def _recall(bank: ReferenceBank, questions: Sequence[Question]) -> float:
    """The share of the edits whose own reference is found, of all questions that are asked."""
    matched = [{match.reference_image_id for match in bank.match(sketch(one.data))} for one in questions]
    edits = [
        (one.reference + 1, some) for one, some in zip(questions, matched, strict=True) if one.reference is not None
    ]
    return sum(own in some for own, some in edits) / max(1, len(edits))


def measure_hash_search() -> None:
    """Exact search among a million 256-bit hashes, beside a flat index of faiss: the best of many, in turn."""
    hashes = np.random.default_rng(1).integers(0, 256, (_HASHES, 32)).astype(np.uint8)
    flat = faiss.IndexBinaryFlat(256)
    flat.add(hashes)
    queries = hashes[:20] ^ np.uint8(1)
    ours, theirs = [], []
    for query in queries:
        ours.append(_seconds(lambda: nearest(query.tobytes(), hashes)))  # noqa: B023 - called at once
        theirs.append(_seconds(lambda: flat.search(query[None], 16)))  # noqa: B023
    result("judging_ms_exact_search_1m", min(ours) * 1_000)
    result("judging_exact_search_1m_beside_faiss_flat", min(ours) / min(theirs), f"<={_FACTOR_OF_FLAT}")


def measure_large(
    small: Segment,
    fingerprints: Sequence[Fingerprint],
    questions: Sequence[Question],
    number: int,
    folder: Path,
    rate: float,
) -> None:
    """The same pictures against many references, mapped from files: start-up, memory, refresh, judgements a second."""
    if not (folder / "large").exists():
        started = time.process_time()
        _save_enlarged(small, number, folder)
        result("judging_minutes_to_build_the_large_bank", (time.process_time() - started) / 60)
    size = sum(path.stat().st_size for path in (folder / "large").iterdir())
    result("judging_bytes_on_disk_per_reference", size / number)
    before = _resident()
    started = time.perf_counter()
    segment = open_segment(folder / "large")
    named = {name: fingerprints[row % len(fingerprints)] for row, name in enumerate(segment.names)}
    references = _registered([replace(one, image_sha256=name) for name, one in named.items()])
    bank = ReferenceBank(references, segments=[segment])
    result("judging_seconds_to_start_with_the_large_bank", time.perf_counter() - started, "<=10")
    result("judging_private_bytes_per_reference_at_start", (_resident()["RssAnon"] - before["RssAnon"]) / number)
    # At first the pages of the index are mapped as they are touched, or read from the disk.
    for when in ("_at_first", ""):
        taken = _times(questions, lambda one: bank.match(sketch(one.data)))
        result(f"judging_images_per_second_at_large{when}", 1 / float(np.mean(taken)))
    result("judging_large_share_of_small", 1 / float(np.mean(taken)) / rate, ">=0.5")
    result("judging_recall_at_large", _recall(bank, questions))
    after = _resident()
    result("judging_private_bytes_per_reference", (after["RssAnon"] - before["RssAnon"]) / number)
    result("judging_shared_bytes_per_reference", (after["RssFile"] - before["RssFile"]) / number)
    shutil.rmtree(folder / "added", ignore_errors=True)
    started = time.perf_counter()
    save_segment([build_segment(_taken_apart(small)[:1])], folder / "added")
    ReferenceBank(references, segments=[segment, open_segment(folder / "added")])
    result("judging_seconds_until_an_added_reference_is_matched", time.perf_counter() - started, "<=5")


def _save_enlarged(small: Segment, number: int, folder: Path) -> None:
    """Save a segment of so many references, as `large`: the small one's first, then variants of them, part by part."""
    rng = np.random.default_rng(7)
    known, parts = _taken_apart(small), []
    for begin in range(0, number, _AT_ONCE):
        rows = range(begin, min(number, begin + _AT_ONCE))
        made = [_variant(known[row % len(known)], row, rng, row < len(known)) for row in rows]
        parts.append(folder / f"part-{begin}")
        save_segment([build_segment(made)], parts[-1])
    save_segment([open_segment(part) for part in parts], folder / "large")
    for part in parts:
        shutil.rmtree(part)


def _taken_apart(segment: Segment) -> list[ReferenceSketch]:
    return [
        ReferenceSketch(
            name=name,
            hashes=segment.hashes[number * HASHES : (number + 1) * HASHES],
            box=segment.box(number),
            size=segment.size(number),
            grey_size=segment.grey_size(number),
            features=segment.features(number),
            frame=segment.frame(number),
        )
        for number, name in enumerate(segment.names)
    ]


def _variant(one: ReferenceSketch, row: int, rng: np.random.Generator, unchanged: bool) -> ReferenceSketch:
    if unchanged:
        return one
    features: Features = replace(one.features, descriptors=_redrawn(one.features.descriptors, rng))
    hashes = _redrawn(one.hashes, rng)
    return replace(one, name=f"{row:064d}", features=features, hashes=hashes)


def _redrawn(bits: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """With a quarter of the bits drawn anew by lot, of which half stay as they were."""
    chosen = rng.integers(0, 256, (2, *bits.shape), dtype=np.uint8)
    return bits ^ (chosen[0] & chosen[1] & rng.integers(0, 256, bits.shape, dtype=np.uint8))


def _times(questions: Sequence[Question], judge: Callable[[Question], object]) -> list[float]:
    for one in questions[:3]:
        judge(one)
    return [_seconds(lambda: judge(one)) for one in questions]  # noqa: B023 - called at once


def _seconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def _timed(spent: dict[str, list[float]], name: str, work: Callable[..., Any], *arguments: object) -> Any:
    started = time.process_time()
    made = work(*arguments)
    spent.setdefault(name, []).append(time.process_time() - started)
    return made


def _resident() -> dict[str, int]:
    """Bytes of this process's memory: its own, and what it shares as mapped files."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    found = (line.split() for line in lines if line.startswith(("RssAnon", "RssFile")))
    return {name.rstrip(":"): int(kilobytes) * 1024 for name, kilobytes, _ in found}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, default=default_folder(), help="a folder of photos")
    parser.add_argument("--references", type=int, default=2_000)
    parser.add_argument("--pictures", type=int, default=300, help="pictures to be judged")
    parser.add_argument("--large", type=int, default=0, help="measure a bank of so many references too, e.g. 100000")
    parser.add_argument("--folder", type=Path, help="where the large bank is made once and used again")
    parser.add_argument("--seed", type=int, default=20)
    arguments = parser.parse_args()
    if arguments.photos is None:
        parser.error("set COUNTERFOIL_TEST_DATA, or name a folder of photos")
    return arguments


if __name__ == "__main__":
    main()
