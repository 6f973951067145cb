"""The named peers that find copies: imagehash's phash and dhash, PDQ, and PDQ in 8 orientations.

Each takes the files as they come and answers with a distance to every reference; smaller is more alike.
"""

import io
from collections.abc import Mapping, Sequence
from typing import Protocol

import imagehash
import numpy as np
import pdqhash
from numpy.typing import NDArray
from PIL import Image

Distances = NDArray[np.float32]


class Peer(Protocol):
    """Something that finds copies."""

    def register(self, references: Sequence[bytes]) -> None:
        """Take the reference files; they are numbered as they stand."""

    def distances(self, query: bytes) -> Distances:
        """How far a picture is from every reference; infinite where it is no candidate."""


class Imagehash:
    """One of imagehash's 64-bit hashes, compared as its documentation does."""

    def __init__(self, name: str) -> None:
        self._hash = {"phash": imagehash.phash, "dhash": imagehash.dhash}[name]
        self._rows = np.zeros((0, 8), np.uint8)

    def register(self, references: Sequence[bytes]) -> None:
        self._rows = np.stack([self._row(data) for data in references])

    def distances(self, query: bytes) -> Distances:
        return _bits(self._rows, self._row(query))

    def _row(self, data: bytes) -> NDArray[np.uint8]:
        return np.packbits(self._hash(_decoded(data)).hash.ravel())


class Pdq:
    """PDQ's 256-bit hash; in 8 orientations the picture is turned and mirrored, and the nearest counts."""

    def __init__(self, orientations: int) -> None:
        self._orientations = orientations
        self._rows = np.zeros((0, 32), np.uint8)

    def register(self, references: Sequence[bytes]) -> None:
        self._rows = np.stack([np.packbits(pdqhash.compute(_pixels(data))[0]) for data in references])

    def distances(self, query: bytes) -> Distances:
        pixels = _pixels(query)
        vectors = [pdqhash.compute(pixels)[0]] if self._orientations == 1 else pdqhash.compute_dihedral(pixels)[0]
        return np.min([_bits(self._rows, np.packbits(vector)) for vector in vectors], axis=0)


def all_peers() -> Mapping[str, Peer]:
    """The peers by the name that the tables give them."""
    return {"phash": Imagehash("phash"), "dhash": Imagehash("dhash"), "pdq": Pdq(1), "pdq-8": Pdq(8)}


def _bits(rows: NDArray[np.uint8], row: NDArray[np.uint8]) -> Distances:
    return np.bitwise_count(rows ^ row).sum(axis=1).astype(np.float32)


def _decoded(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


def _pixels(data: bytes) -> NDArray[np.uint8]:
    return np.asarray(_decoded(data))
