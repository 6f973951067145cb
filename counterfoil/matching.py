"""Fingerprints x references -> Matches: which pictures are copies of which.

Two 256-bit DCT hashes are compared by the number of bits in which they differ. Unrelated photos differ in about 128.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from counterfoil.fingerprints import FINGERPRINT_VERSION
from counterfoil.models import Fingerprint, Match, Reference

# Changes whenever the same fingerprints would match otherwise.
MATCHING_VERSION = "m1"

BITS = 256
EXACT = "exact"

# Measured on 1,410 photos, 116 of them references: copies resized to 25-200 %, of JPEG quality 10-30, grey, brighter
# or stretched stay within 26 bits (made grey by averaging the channels: 54 at worst, 1 in 100 over 40). The nearest
# of 1,294 other photos is 74 away; studio pictures of two sister products that differ only in print are 44 apart.
MAX_DISTANCE = 40

# Up to here a copy is beyond doubt; from here to MAX_DISTANCE the confidence falls to _LEAST_SCORE.
_CERTAIN_DISTANCE = 20
_LEAST_SCORE = 0.8

# 64 Ki rows of 32 bytes and their XOR stay within a processor's second-level cache.
_CHUNK_ROWS = 65_536

HashMatrix = NDArray[np.uint64]


def hash_matrix(hashes: Iterable[bytes]) -> HashMatrix:
    """Put 256-bit hashes (32 bytes each) into rows of four 64-bit words, as `nearest` compares them.

    Raises ValueError when one has another length.
    """
    kept = list(hashes)
    wrong = next((kept_hash for kept_hash in kept if len(kept_hash) * 8 != BITS), None)
    if wrong is not None:
        raise ValueError(f"a hash has {len(wrong) * 8} bits, not {BITS}")
    return np.frombuffer(b"".join(kept), dtype=np.uint64).reshape(-1, BITS // 64)


def nearest(
    fingerprint: Fingerprint, hashes: HashMatrix, max_distance: int = MAX_DISTANCE
) -> tuple[tuple[int, int], ...]:
    """Find the rows of `hashes` (n x 4 words) within `max_distance` bits of a fingerprint: (row, distance), best first.

    This is search by picture, and how a new reference finds pictures of the past. The rows must come from informative
    fingerprints of the same version; an uninformative one finds nothing.
    """
    if not fingerprint.informative:
        return ()
    distances = _distances(hash_matrix([fingerprint.dct256])[0], hashes)
    rows = np.flatnonzero(distances <= max_distance)
    ordered = rows[np.argsort(distances[rows], kind="stable")]
    return tuple((int(row), int(distances[row])) for row in ordered)


def _distances(one: NDArray[np.uint64], hashes: HashMatrix) -> NDArray[np.uint16]:
    distances = np.empty(len(hashes), dtype=np.uint16)
    for start in range(0, len(hashes), _CHUNK_ROWS):
        chunk = hashes[start : start + _CHUNK_ROWS]
        np.sum(np.bitwise_count(chunk ^ one), axis=1, dtype=np.uint16, out=distances[start : start + len(chunk)])
    return distances


def confidence(distance: int) -> float:
    """How sure a distance in bits makes us that one picture is a copy of the other: 0..1, at least 0.8 in a Match."""
    doubt = max(0, distance - _CERTAIN_DISTANCE) / (MAX_DISTANCE - _CERTAIN_DISTANCE)
    return max(0.0, 1.0 - (1.0 - _LEAST_SCORE) * doubt)


class ReferenceBank:
    """The reference images that pictures are matched against. Immutable; build a new one when a reference is added.

    References that are too plain are left out: they would match everything plain. Raises ValueError when references or
    pictures have fingerprints of another version than `version`: their bits mean something else.
    """

    def __init__(self, references: Sequence[Reference], version: str = FINGERPRINT_VERSION) -> None:
        self._version = version
        for reference in references:
            self._check(reference.fingerprint)
        self._references = tuple(reference for reference in references if reference.fingerprint.informative)
        self._hashes = hash_matrix(reference.fingerprint.dct256 for reference in self._references)

    def __len__(self) -> int:
        return len(self._references)

    def match(self, fingerprint: Fingerprint) -> tuple[Match, ...]:
        """Every reference image that this picture is a copy of, best first; none for a picture that is too plain.

        Sister products that share a photo are each matched. `stage` is "exact" for the very same bytes, else "dct256".
        """
        self._check(fingerprint)
        found = nearest(fingerprint, self._hashes)
        matches = [_match(fingerprint, self._references[row], distance) for row, distance in found]
        return tuple(sorted(matches, key=lambda match: (match.distance, match.stage != EXACT)))

    def _check(self, fingerprint: Fingerprint) -> None:
        if fingerprint.version != self._version:
            raise ValueError(
                f"picture {fingerprint.image_sha256} has a fingerprint of version {fingerprint.version}, not "
                f"{self._version}: take it again before matching"
            )


def _match(fingerprint: Fingerprint, reference: Reference, distance: int) -> Match:
    exact = fingerprint.image_sha256 == reference.fingerprint.image_sha256
    return Match(
        image_sha256=fingerprint.image_sha256,
        reference_image_id=reference.reference_image_id,
        product_id=reference.product_id,
        distance=0 if exact else distance,
        score=1.0 if exact else confidence(distance),
        stage=EXACT if exact else "dct256",
    )
