"""Which references a picture may show: those whose local features it has, turned and scaled alike."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from counterfoil.fingerprints.features import Features
from counterfoil.matching.segment import Segment

# A neighbour counts when it differs in few of 256 bits, and in clearly fewer than the last of the neighbours does.
_FARTHEST = 70
_OUTSTANDING = 0.8

# A copy's features are all turned and enlarged alike: votes count together within 30 degrees and an octave.
_TURNS = 12
_OCTAVES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A reference (its segment's and its own number) that a picture or its mirror image may show."""

    segment: int
    number: int
    mirrored: bool
    votes: float


def propose(segments: Sequence[Segment], features: Features, mirrored: Features, most: int) -> tuple[Candidate, ...]:
    """At most so many candidates, those with most votes first; each reference once."""
    best: dict[tuple[int, int], Candidate] = {}
    for place, segment in enumerate(segments):
        for turned, one in ((False, features), (True, mirrored)):
            numbers, votes = _votes(segment, one)
            for row in np.argsort(-votes, kind="stable")[:most].tolist():
                key, found = (place, int(numbers[row])), float(votes[row])
                if key not in best or found > best[key].votes:
                    best[key] = Candidate(segment=place, number=key[1], mirrored=turned, votes=found)
    return tuple(sorted(best.values(), key=lambda candidate: -candidate.votes)[:most])


def _votes(segment: Segment, features: Features) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The references that have something in common with a picture, and the votes for each."""
    if len(features) == 0:
        return np.empty(0, dtype=np.int64), np.empty(0)
    distances, numbers = segment.index.search(features.descriptors)
    limit = np.where(numbers[:, -1:] < 0, _FARTHEST, np.minimum(_FARTHEST, _OUTSTANDING * distances[:, -1:]))
    row, place = np.nonzero((numbers >= 0) & (distances < limit))
    theirs = numbers[row, place]
    weights = 1.0 - distances[row, place] / 100.0
    geometry = segment.geometry[theirs]
    turn = (features.angles[row] - geometry[:, 3]) % 360 / (360 / _TURNS)
    octave = np.clip(np.floor(np.log2(features.scales[row] / geometry[:, 2]) + 5), 0, _OCTAVES - 1)
    reference = np.searchsorted(segment.starts, theirs, side="right") - 1
    # Half of what lies near a border between two bins is on its other side: bins are counted twice, half a bin apart.
    votes = [_most_alike(reference, np.floor(turn + shift) % _TURNS, octave, weights) for shift in (0.0, 0.5)]
    return votes[0][0], np.maximum(votes[0][1], votes[1][1])


def _most_alike(
    reference: NDArray[np.int64], turn: NDArray[np.float64], octave: NDArray[np.float64], weights: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    keys = (reference * _TURNS + turn.astype(np.int64)) * _OCTAVES + octave.astype(np.int64)
    bins, inverse = np.unique(keys, return_inverse=True)
    sums = np.bincount(inverse, weights=weights, minlength=len(bins))
    owners = bins // (_TURNS * _OCTAVES)
    references, first = np.unique(owners, return_index=True)
    return references, np.maximum.reduceat(sums, first) if len(first) else np.empty(0)
