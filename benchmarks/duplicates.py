"""Finds negatives that are no negatives: the same picture as a reference, or the same article photographed again.

Run before anything is scored, and by other means than the engine's own score: PDQ in 8 orientations for the same
picture; for the same article, features that fit one affine map and lie on the product in both pictures. A floor, a
hanger or a pose that two photos share is no reason: those are the hard negatives that the engine has to tell apart.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import faiss
import numpy as np
import pdqhash
from numpy.typing import NDArray
from PIL import Image

from benchmarks.photos import Drawn
from counterfoil.edits import product_mask

_SIDE = 512
_FEATURES = 500
_RATIO = 0.8
_CANDIDATES = 6
# The same picture, by the rule that PDQ is published with. Looked at: at 52 bits it was another shirt laid out alike.
_PDQ_BITS = 31
# The same article: so many features on the product of both pictures that fit one map. One photographer's photos share
# light, lens and floor, so that less is needed there.
_INLIERS, _INLIERS_OF_ONE_SENDER = 30, 15
# A map that flattens or shrinks more than this carries stripes onto a point, and nothing onto an article.
_MOST_STRETCH = 4.0


@dataclass(frozen=True, slots=True)
class Pair:
    """A reference, a photo that is left out, and why."""

    reference: Path
    other: Path
    why: str


@dataclass(frozen=True, slots=True)
class _Seen:
    points: NDArray[np.float32]
    descriptors: NDArray[np.float32]
    on_product: NDArray[np.bool_]
    pdq: NDArray[np.uint8]
    """Packed, one row for each of the 8 orientations."""


def find_duplicates(drawn: Drawn) -> tuple[Pair, ...]:
    """The negatives and scenery photos that a reference truly is like."""
    faiss.omp_set_num_threads(1)
    cv2.setNumThreads(1)
    references = [_see(photo) for photo in drawn.references]
    index, owner = _index(references)
    hashes = np.stack([seen.pdq[0] for seen in references])
    pairs: list[Pair] = []
    for photo in (*drawn.negatives, *drawn.scenery):
        seen = _see(photo)
        bits = np.bitwise_count(seen.pdq[:, None, :] ^ hashes[None, :, :]).sum(axis=2).min(axis=0)
        nearest = int(bits.argmin())
        if bits[nearest] <= _PDQ_BITS:
            pairs.append(Pair(drawn.references[nearest], photo, f"same picture: {bits[nearest]} bits of PDQ"))
            continue
        found = [(_shared(seen, references[number]), number) for number in _candidates(seen, index, owner)]
        shared, number = max(found, default=(0, 0))
        of_one = drawn.senders.get(photo, "") == drawn.senders.get(drawn.references[number], None)
        if shared >= (_INLIERS_OF_ONE_SENDER if of_one else _INLIERS):
            whose = "one sender, " if of_one else ""
            pairs.append(
                Pair(drawn.references[number], photo, f"same article: {whose}{shared} features on the product")
            )
    return tuple(pairs)


def _see(photo: Path) -> _Seen:
    image = Image.open(photo).convert("RGB")
    image.thumbnail((_SIDE, _SIDE))
    pixels = np.asarray(image)
    points, descriptors = cv2.SIFT_create(_FEATURES).detectAndCompute(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), None)
    places = np.array([point.pt for point in points], dtype=np.float32).reshape(-1, 2)
    root = np.sqrt(descriptors / np.maximum(1e-6, descriptors.sum(axis=1, keepdims=True))) if len(places) else None
    vectors, _ = pdqhash.compute_dihedral(pixels)
    return _Seen(
        points=places,
        descriptors=np.zeros((0, 128), np.float32) if root is None else root.astype(np.float32),
        on_product=_on_product(image, places),
        pdq=np.stack([np.packbits(vector) for vector in vectors]),
    )


def _on_product(image: Image.Image, places: NDArray[np.float32]) -> NDArray[np.bool_]:
    mask = product_mask(image)
    if mask is None or not len(places):
        # The middle of the picture stands for a product that cannot be told apart.
        inside = np.abs(places / np.array(image.size) - 0.5) < 0.25
        return np.asarray(inside.all(axis=1))
    levels = np.asarray(mask)
    columns, rows = places.astype(int).T
    return np.asarray(levels[rows.clip(0, image.height - 1), columns.clip(0, image.width - 1)] > 127)


def _index(references: Sequence[_Seen]) -> tuple[faiss.Index, NDArray[np.int64]]:
    vectors = np.concatenate([seen.descriptors for seen in references])
    owner = np.concatenate([np.full(len(seen.descriptors), number) for number, seen in enumerate(references)])
    index = faiss.index_factory(128, f"IVF{max(1, min(512, len(vectors) // 40))},Flat")
    index.train(vectors)
    index.add(vectors)
    index.nprobe = 4
    return index, owner


def _candidates(seen: _Seen, index: faiss.Index, owner: NDArray[np.int64]) -> list[int]:
    if not len(seen.descriptors):
        return []
    _, rows = index.search(seen.descriptors, 3)
    return [number for number, _ in Counter(owner[rows[rows >= 0]].tolist()).most_common(_CANDIDATES)]


def _shared(one: _Seen, other: _Seen) -> int:
    """How many features on the products of both fit one affine map."""
    if len(one.points) < 4 or len(other.points) < 4:
        return 0
    near = cv2.BFMatcher().knnMatch(one.descriptors, other.descriptors, k=2)
    kept = [
        first
        for first, second in (pair for pair in near if len(pair) == 2)
        if first.distance < _RATIO * second.distance
    ]
    if len(kept) < 4:
        return 0
    here, there = np.array([match.queryIdx for match in kept]), np.array([match.trainIdx for match in kept])
    cv2.setRNGSeed(1)
    fitted, inliers = cv2.estimateAffine2D(one.points[here], other.points[there], ransacReprojThreshold=8.0)
    if fitted is None or not _is_sane(fitted):
        return 0
    kept_there = inliers.ravel().astype(bool) & one.on_product[here] & other.on_product[there]
    # Of a repeated pattern many features fall on one.
    return len(np.unique(there[kept_there]))


def _is_sane(fitted: NDArray[np.float64]) -> bool:
    stretches = np.linalg.svd(fitted[:, :2], compute_uv=False)
    return bool(stretches.max() < _MOST_STRETCH and stretches.min() > 1 / _MOST_STRETCH)
