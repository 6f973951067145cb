"""The words that binary descriptors are filed under: as many and such that their lists are about equally long.

Words drawn by lot are not: a few lie near to everything, and the longest of 65,536 lists held 160 times as many
descriptors as the mean one. So they are moved for a few rounds to the majority of what is filed under them (Lloyd's
algorithm, bit by bit), and those with little under them are given to the longest lists.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

BITS = 256
_SEED = 20
# So many descriptors for each word, spread over all there are, say where the words go.
_SAMPLED = 30
_ROUNDS = 3
# Lists of more than so many times the mean are divided, into lists of so many times the mean; by so many words at most.
_LONG, _DIVIDED = 3.0, 1.5
_MOVED = 1 / 8
# Rows whose bits are unpacked at a time: 32 times the bytes.
_PIECE = 65_536

# From so many words on, the words themselves are found through words.
_FLAT_WORDS = 1_024
_PROBES = 8


def choose_words(descriptors: NDArray[np.uint8], number: int) -> NDArray[np.uint8]:
    """So many words (number x 32 bytes) for descriptors (m x 32, at least as many)."""
    rng = np.random.default_rng(_SEED)
    sample = descriptors[_spread(len(descriptors), min(len(descriptors), number * _SAMPLED), rng)]
    words = sample[_spread(len(sample), number, rng)]
    for _ in range(_ROUNDS):
        filed = word_index(words).search(np.ascontiguousarray(sample), 1)[1][:, 0]
        words = _divided(_majorities(words, sample, filed), sample, filed, rng)
    return words


def word_index(words: NDArray[np.uint8]) -> Any:
    """A faiss index that finds the nearest words: exactly where they are few, through groups of them where many."""
    import faiss

    if len(words) <= _FLAT_WORDS:
        flat = faiss.IndexBinaryFlat(BITS)
        flat.add(np.ascontiguousarray(words))
        return flat
    groups = faiss.IndexBinaryFlat(BITS)
    # Comparing with all groups then costs about half as much as comparing with the words of those that are near.
    groups.add(np.ascontiguousarray(words[:: round(len(words) ** 0.5 / 2)]))
    grouped = faiss.IndexBinaryIVF(groups, BITS, groups.ntotal)
    grouped.is_trained = True
    grouped.nprobe = _PROBES
    grouped.add(np.ascontiguousarray(words))
    return grouped


def _spread(of: int, number: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """So many different rows of so many, one by lot out of each of as many equal parts."""
    return ((np.arange(number) + rng.random(number)) * (of / max(1, number))).astype(np.int64).clip(0, max(0, of - 1))


def _majorities(words: NDArray[np.uint8], sample: NDArray[np.uint8], filed: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Each word with the bits that most of what is filed under it have; those with nothing under them stay."""
    counts = np.bincount(filed, minlength=len(words))
    sums = np.zeros((len(words), BITS), dtype=np.int32)
    for rows in _pieces(np.argsort(filed, kind="stable")):
        begins = np.flatnonzero(np.r_[True, np.diff(filed[rows]) != 0])
        bits = np.unpackbits(sample[rows], axis=1)
        sums[filed[rows[begins]]] += np.add.reduceat(bits, begins, axis=0, dtype=np.int32)
    return np.where(counts[:, None] > 0, np.packbits(2 * sums > counts[:, None], axis=1), words)


def _pieces(rows: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    for begin in range(0, len(rows), _PIECE):
        yield rows[begin : begin + _PIECE]


def _divided(
    words: NDArray[np.uint8], sample: NDArray[np.uint8], filed: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.uint8]:
    """The words that have least under them become descriptors drawn from the longest lists."""
    counts = np.bincount(filed, minlength=len(words))
    long = np.flatnonzero(counts > _LONG * counts.mean())
    sources = rng.permutation(np.repeat(long, (counts[long] / (_DIVIDED * counts.mean())).astype(np.int64)))
    sources = sources[: int(_MOVED * len(words))]
    begins = np.cumsum(counts) - counts
    members = begins[sources] + (rng.random(len(sources)) * counts[sources]).astype(np.int64)
    moved = words.copy()
    moved[np.argsort(counts, kind="stable")[: len(sources)]] = sample[np.argsort(filed, kind="stable")[members]]
    return moved
