"""Exact search among 256-bit DCT hashes by the number of bits in which they differ; unrelated photos differ in 128."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

BITS = 256

# Measured on 1,410 photos, 116 of them references: copies resized to 25-200 %, of JPEG quality 10-30, grey, brighter
# or stretched stay within 26 bits (made grey by averaging the channels: 54 at worst, 1 in 100 over 40). The nearest
# of 1,294 other photos is 74 away; studio pictures of two sister products that differ only in print are 44 apart.
MAX_DISTANCE = 40

# A hash this near only proposes a reference, to be looked at pixel by pixel.
WORTH_A_LOOK = 72

# Up to here a copy is beyond doubt; from here to MAX_DISTANCE the confidence falls to _LEAST_SCORE.
_CERTAIN_DISTANCE = 20
_LEAST_SCORE = 0.8

# How many of the nearest are asked for at first; more only when all of these are within the limit.
_AT_FIRST = 16

HashMatrix = NDArray[np.uint8]


def hash_matrix(hashes: Iterable[bytes]) -> HashMatrix:
    """Put 256-bit hashes (32 bytes each) into the rows that `nearest` compares.

    Raises ValueError when one has another length.
    """
    kept = list(hashes)
    wrong = next((kept_hash for kept_hash in kept if len(kept_hash) * 8 != BITS), None)
    if wrong is not None:
        raise ValueError(f"a hash has {len(wrong) * 8} bits, not {BITS}")
    return np.frombuffer(b"".join(kept), dtype=np.uint8).reshape(-1, BITS // 8)


def nearest(one: bytes, hashes: HashMatrix, max_distance: int = MAX_DISTANCE) -> tuple[tuple[int, int], ...]:
    """Find the rows of `hashes` (n x 32 bytes) within `max_distance` bits of a hash: (row, distance), best first.

    The rows may be memory-mapped: they are read where they lie. Of equal distances the lower row comes first.
    """
    import faiss

    query = np.frombuffer(one, dtype=np.uint8).reshape(1, -1)
    wanted = _AT_FIRST
    while True:
        distances, rows = faiss.knn_hamming(query, hashes, min(wanted, len(hashes)))
        if wanted >= len(hashes) or distances[0, -1] > max_distance:
            break
        wanted *= 8
    within = distances[0] <= max_distance
    found = zip(rows[0][within].tolist(), distances[0][within].tolist(), strict=True)
    return tuple(sorted(found, key=lambda pair: (pair[1], pair[0])))


def confidence(distance: int) -> float:
    """How sure a distance in bits makes us that one picture is a copy of the other: 0..1, at least 0.8 in a Match."""
    doubt = max(0, distance - _CERTAIN_DISTANCE) / (MAX_DISTANCE - _CERTAIN_DISTANCE)
    return max(0.0, 1.0 - (1.0 - _LEAST_SCORE) * doubt)
