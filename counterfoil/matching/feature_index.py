"""An inverted index over binary descriptors: which reference features are near to a picture's.

Descriptors are filed under the nearest of many words (see `vocabulary`); a picture's descriptor is compared with those
under its nearest two.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterfoil.matching.vocabulary import BITS, choose_words, word_index

# Descriptors to a word, and the most words. Finding the words of a picture's descriptors costs as much as comparing.
_PER_WORD = 250
_MOST_WORDS = 65_536
# Descriptors that are filed at a time: they may be mapped from a file larger than the memory that is free.
_PIECE = 1_000_000
_READ_AHEAD = 1 << 20
# How many words a descriptor is looked for under, and how many neighbours are compared for being outstanding.
_PROBES = 2
NEIGHBOURS = 8


@dataclass(frozen=True, slots=True, eq=False)
class FeatureIndex:
    """A faiss index (IndexBinaryIVF) of m descriptors, numbered as they were given."""

    ivf: Any

    def search(self, descriptors: NDArray[np.uint8]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """The NEIGHBOURS nearest that were found of each descriptor: distances and numbers (-1 for none)."""
        distances, numbers = self.ivf.search(np.ascontiguousarray(descriptors), NEIGHBOURS)
        return distances, numbers


def build_index(descriptors: NDArray[np.uint8]) -> FeatureIndex:
    """Index descriptors (m x 32 bytes)."""
    import faiss

    # One word there must be, also where there is nothing to be filed under it.
    number = max(1, min(_MOST_WORDS, len(descriptors) // _PER_WORD))
    words = choose_words(descriptors, number) if len(descriptors) else np.zeros((1, BITS // 8), dtype=np.uint8)
    ivf = faiss.IndexBinaryIVF(word_index(words), BITS, number)
    ivf.is_trained = True
    for begin in range(0, len(descriptors), _PIECE):
        ivf.add(np.ascontiguousarray(descriptors[begin : begin + _PIECE]))
    return _ready(ivf)


def save_index(index: FeatureIndex, path: Path) -> None:
    """Write the index to a file."""
    import faiss

    faiss.write_index_binary(index.ivf, str(path))


def open_index(path: Path) -> FeatureIndex:
    """Map an index that was saved: its lists are shared, and read ahead where memory is free."""
    import faiss

    _read_ahead(path)
    return _ready(faiss.read_index_binary(str(path), faiss.IO_FLAG_MMAP_IFC))


def _read_ahead(path: Path) -> None:
    """Ask for the pages of a file, piece by piece: asked for all at once the kernel reads next to none.

    Lists are searched in no order: otherwise every picture waits for thousands of them at first. 2.4 GB take 2 s from
    the disk, 0.1 s where they are in memory already.
    """
    if not hasattr(os, "posix_fadvise"):  # macOS
        return
    with path.open("rb") as file:
        for begin in range(0, path.stat().st_size, _READ_AHEAD):
            os.posix_fadvise(file.fileno(), begin, _READ_AHEAD, os.POSIX_FADV_WILLNEED)


def _ready(ivf: Any) -> FeatureIndex:
    ivf.nprobe = _PROBES
    return FeatureIndex(ivf)
