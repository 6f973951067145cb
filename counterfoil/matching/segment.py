"""References made ready for matching, as arrays that lie in memory or are mapped from files.

A segment is immutable and knows pictures only by their SHA-256: which product shows them is the bank's to know.
"""

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterfoil.fingerprints import FINGERPRINT_VERSION, Sketch
from counterfoil.fingerprints.features import Features, multiscale_orb_features
from counterfoil.fingerprints.foreground import Box, product_map
from counterfoil.matching.feature_index import FeatureIndex, build_index, open_index, save_index
from counterfoil.matching.placement import Size
from counterfoil.matching.verification import Frame, make_frame

# Changes whenever the files of a segment mean something else.
SEGMENT_VERSION = f"{FINGERPRINT_VERSION}-1"

_META = "segment.json"
_INDEX = "features.index"

# Per reference: the whole and the foreground box in 8 orientations each.
HASHES = 16


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Segment:
    """n references with m local features in all.

    `hashes` is (n * 16) x 32, `boxes` n x 4 (shares), `sizes` n x 4 (picture's width and height, then those of the grey
    pixels that features are placed in). `starts` (n + 1) says where in `descriptors` (m x 32) and `geometry` (m x 4: x,
    y, scale, angle) a reference's features begin, `frame_starts` and `block_starts` the same for `pixels`, and for
    `product`, `contrast` and `structure`; `frame_shapes` n x 2 (rows and columns of blocks).
    """

    names: tuple[str, ...]
    hashes: NDArray[np.uint8]
    boxes: NDArray[np.float64]
    sizes: NDArray[np.int32]
    starts: NDArray[np.int64]
    descriptors: NDArray[np.uint8]
    geometry: NDArray[np.float32]
    frame_starts: NDArray[np.int64]
    block_starts: NDArray[np.int64]
    frame_shapes: NDArray[np.int32]
    pixels: NDArray[np.uint8]
    product: NDArray[np.float32]
    contrast: NDArray[np.float32]
    structure: NDArray[np.float32]
    index: FeatureIndex

    def __len__(self) -> int:
        return len(self.names)

    def features(self, number: int) -> Features:
        """The local features of a reference."""
        rows = slice(int(self.starts[number]), int(self.starts[number + 1]))
        kept = self.geometry[rows]
        return Features(descriptors=self.descriptors[rows], points=kept[:, :2], scales=kept[:, 2], angles=kept[:, 3])

    def frame(self, number: int) -> Frame:
        """The frame in which pictures are compared with a reference."""
        shape = tuple(self.frame_shapes[number])
        blocks = slice(int(self.block_starts[number]), int(self.block_starts[number + 1]))
        pixels = self.pixels[int(self.frame_starts[number]) : int(self.frame_starts[number + 1])]
        side = round((len(pixels) / (shape[0] * shape[1])) ** 0.5)
        return Frame(
            grey=pixels.reshape(shape[0] * side, shape[1] * side),
            product=self.product[blocks].reshape(shape),
            contrast=self.contrast[blocks].reshape(shape),
            structure=self.structure[blocks].reshape(shape),
        )

    def box(self, number: int) -> Box:
        """The foreground box of a reference."""
        left, top, right, bottom = self.boxes[number].tolist()
        return (left, top, right, bottom)

    def size(self, number: int) -> Size:
        """Width and height of the reference's picture."""
        return int(self.sizes[number, 0]), int(self.sizes[number, 1])

    def grey_size(self, number: int) -> Size:
        """Width and height of the grey pixels that its features are placed in."""
        return int(self.sizes[number, 2]), int(self.sizes[number, 3])


_ARRAYS = (
    "hashes",
    "boxes",
    "sizes",
    "starts",
    "descriptors",
    "geometry",
    "frame_starts",
    "block_starts",
    "frame_shapes",
    "pixels",
    "product",
    "contrast",
    "structure",
)
# Those that say where something begins, with one entry more than there are references.
_STARTS = ("starts", "frame_starts", "block_starts")
# Rows that are copied at a time.
_PIECE = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReferenceSketch:
    """What a segment keeps of one reference."""

    name: str
    hashes: NDArray[np.uint8]
    box: Box
    size: Size
    grey_size: Size
    features: Features
    frame: Frame


def reference_sketch(sketch: Sketch) -> ReferenceSketch:
    """Make a reference ready: its features in several scales, and the frame that pictures are compared in."""
    height, width = sketch.grey.shape
    return ReferenceSketch(
        name=sketch.fingerprint.image_sha256,
        hashes=sketch.hashes.reshape(HASHES, -1),
        box=sketch.box,
        size=(sketch.fingerprint.width, sketch.fingerprint.height),
        grey_size=(width, height),
        features=multiscale_orb_features(sketch.grey),
        frame=make_frame(sketch.grey, product_map(sketch.colours)),
    )


def build_segment(references: Sequence[ReferenceSketch]) -> Segment:
    """Put references together and index their features. Raises ValueError for none."""
    if not references:
        raise ValueError("a segment has at least one reference")
    features = [one.features for one in references]
    descriptors = np.concatenate([one.descriptors for one in features])
    starts = _starts([len(one) for one in features])
    return Segment(
        names=tuple(one.name for one in references),
        hashes=np.concatenate([one.hashes for one in references]),
        boxes=np.array([one.box for one in references], dtype=np.float64),
        sizes=np.array([(*one.size, *one.grey_size) for one in references], dtype=np.int32),
        starts=starts,
        descriptors=descriptors,
        geometry=np.concatenate(
            [np.column_stack([one.points, one.scales, one.angles]).astype(np.float32) for one in features]
        ),
        frame_starts=_starts([one.frame.grey.size for one in references]),
        block_starts=_starts([one.frame.product.size for one in references]),
        frame_shapes=np.array([one.frame.product.shape for one in references], dtype=np.int32),
        pixels=np.concatenate([one.frame.grey.ravel() for one in references]),
        product=np.concatenate([one.frame.product.ravel() for one in references]),
        contrast=np.concatenate([one.frame.contrast.ravel() for one in references]),
        structure=np.concatenate([one.frame.structure.ravel() for one in references]),
        index=build_index(descriptors),
    )


def save_segment(segments: Sequence[Segment], folder: Path) -> None:
    """Write one or more segments as one, in a folder of its own, which appears whole or not at all.

    One that is there already stays. What is mapped is copied piece by piece: memory is taken only for the index of what
    is put together, 40 bytes a feature. Raises ValueError for none.
    """
    if not segments:
        raise ValueError("a segment has at least one reference")
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    try:
        for name in _ARRAYS:
            _write_joined([getattr(segment, name) for segment in segments], draft / f"{name}.npy", name in _STARTS)
        save_index(_joined_index(segments, draft), draft / _INDEX)
        names = [name for segment in segments for name in segment.names]
        meta = {"version": SEGMENT_VERSION, "names": names, "bytes": _sizes(draft)}
        (draft / _META).write_text(json.dumps(meta), encoding="ascii")
        for path in [*draft.iterdir(), draft]:
            _sync(path)
        if not (folder / _META).exists():
            draft.rename(folder)
            _sync(folder.parent)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _write_joined(parts: Sequence[NDArray[Any]], path: Path, are_starts: bool) -> None:
    """One array after the other in a file; places where something begins go on where those of the array before end."""
    length = sum(map(len, parts)) - (len(parts) - 1 if are_starts else 0)
    joined = np.lib.format.open_memmap(path, mode="w+", dtype=parts[0].dtype, shape=(length, *parts[0].shape[1:]))
    at, first = 0, 0
    for number, part in enumerate(parts):
        rows = part[1:] if are_starts and number else part
        for begin in range(0, len(rows), _PIECE):
            piece = rows[begin : begin + _PIECE]
            joined[at : at + len(piece)] = piece + first if are_starts else piece
            at += len(piece)
        first += int(part[-1]) if are_starts else 0
    joined.flush()


def _joined_index(segments: Sequence[Segment], draft: Path) -> FeatureIndex:
    if len(segments) == 1:
        return segments[0].index
    return build_index(np.load(draft / "descriptors.npy", mmap_mode="r"))


def open_segment(folder: Path) -> Segment:
    """Map a saved segment: nothing is read before it is used, and processes share what is.

    Raises ValueError where it is not whole or of another version, OSError where it cannot be read.
    """
    meta = json.loads((folder / _META).read_text(encoding="ascii"))
    if meta["version"] != SEGMENT_VERSION:
        raise ValueError(f"{folder} is of version {meta['version']}, not {SEGMENT_VERSION}")
    wrong = [name for name, size in meta["bytes"].items() if (folder / name).stat().st_size != size]
    if wrong:
        raise ValueError(f"{folder / wrong[0]} is cut off or changed")
    arrays: dict[str, Any] = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in _ARRAYS}
    return Segment(names=tuple(meta["names"]), index=open_index(folder / _INDEX), **arrays)


def _starts(lengths: Sequence[int]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def _sizes(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_size for path in sorted(folder.iterdir())}


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
