"""Local features of a picture: ORB (Rublee et al., 2011) for all, RootSIFT (Arandjelovic, 2012) for the doubtful.

Positions are in pixels of the grey picture they were found in.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

ORB_BYTES = 32
# How many features of a reference are taken at which scale.
REFERENCE_SCALES = ((1.0, 350), (0.5, 250), (0.25, 120))

# A picture's features are chosen from so many times as many, in cells of a sixth of its sides.
_OFFERED, _CELLS = 3, 6
_STRONGEST = 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Features:
    """n features: descriptors (n x bytes), positions (n x 2), scales in pixels and angles in degrees (n each)."""

    descriptors: NDArray[Any]
    points: NDArray[np.float32]
    scales: NDArray[np.float32]
    angles: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.points)


def orb_features(grey: NDArray[np.uint8], most: int) -> Features:
    """At most so many ORB features, the strongest of each scale."""
    keypoints, descriptors = _orb(most).detectAndCompute(grey, None)
    return _features(keypoints, descriptors, np.uint8, ORB_BYTES)


def multiscale_orb_features(grey: NDArray[np.uint8]) -> Features:
    """The ORB features of a reference: of its whole size, and as many again of it made smaller.

    A copy in a collage or inset is small. ORB itself gives most features to the finest scale, which such a copy has
    lost: features of the right scale for small copies would be a handful.
    """
    import cv2

    found = []
    for scale, most in REFERENCE_SCALES:
        size = (max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale)))
        small = grey if scale == 1 else cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
        found.append(_enlarged(orb_features(np.asarray(small, dtype=np.uint8), most), 1 / scale))
    return Features(
        descriptors=np.concatenate([one.descriptors for one in found]),
        points=np.concatenate([one.points for one in found]),
        scales=np.concatenate([one.scales for one in found]),
        angles=np.concatenate([one.angles for one in found]),
    )


def _enlarged(features: Features, by: float) -> Features:
    return replace(features, points=features.points * np.float32(by), scales=features.scales * np.float32(by))


def mirrored_orb_features(grey: NDArray[np.uint8], most: int) -> tuple[Features, Features]:
    """The ORB features of a picture and of its mirror image, which has its corners at the mirrored places.

    So they are looked for once; only the descriptors are taken of both. They are spread over the picture: one tile of a
    collage with much pattern would else take nearly all of them, and a plain garment beside it would have none.
    """
    import cv2

    found = _orb(_OFFERED * most).detect(grey, None)
    chosen = [found[number] for number in _spread(found, grey.shape, most)]
    keypoints, descriptors = _orb(most).compute(grey, chosen)
    last = grey.shape[1] - 1
    turned = [
        cv2.KeyPoint(last - x, y, one.size, (180 - one.angle) % 360, one.response, one.octave)
        for one in keypoints
        for x, y in (one.pt,)
    ]
    kept, mirrored = _orb(most).compute(np.ascontiguousarray(grey[:, ::-1]), turned)
    upright = _features(keypoints, descriptors, np.uint8, ORB_BYTES)
    return upright, _features(kept, mirrored, np.uint8, ORB_BYTES)


def _spread(found: Sequence[Any], shape: tuple[int, ...], most: int) -> NDArray[np.intp]:
    """Which features are kept: of each scale the strongest of every cell, then the second strongest, and so on."""
    kept = np.array([(*one.pt, one.response, one.octave) for one in found], dtype=np.float32).reshape(-1, 4)
    columns, rows = (
        np.minimum(kept[:, place] * _CELLS // side, _CELLS - 1) for place, side in ((0, shape[1]), (1, shape[0]))
    )
    cell = (kept[:, 3] * _CELLS + rows) * _CELLS + columns
    order = np.lexsort((-kept[:, 2], cell))
    begins = np.flatnonzero(np.r_[True, np.diff(cell[order]) != 0]) if len(order) else np.empty(0, np.intp)
    rank = np.empty(len(order), np.intp)
    rank[order] = np.arange(len(order)) - np.repeat(begins, np.diff(np.r_[begins, len(order)]))
    share = most / max(most, len(found))
    chosen = []
    for octave in np.unique(kept[:, 3]):
        own = np.flatnonzero(kept[:, 3] == octave)
        wanted = round(share * len(own))
        strongest = own[np.argsort(-kept[own, 2], kind="stable")]
        first, rest = np.split(strongest, [round(_STRONGEST * wanted)])
        chosen += [first, rest[np.argsort(rank[rest], kind="stable")][: wanted - len(first)]]
    return np.concatenate(chosen) if chosen else np.empty(0, np.intp)


def _features(keypoints: Any, descriptors: Any, dtype: Any, width: int) -> Features:
    kept = np.array([(*one.pt, one.size, one.angle) for one in keypoints], dtype=np.float32).reshape(-1, 4)
    found = descriptors if descriptors is not None else np.empty((0, width), dtype=dtype)
    return Features(descriptors=found, points=kept[:, :2], scales=kept[:, 2], angles=kept[:, 3])


@cache
def _orb(most: int) -> Any:
    import cv2

    return cv2.ORB.create(nfeatures=most, scaleFactor=1.2, nlevels=8, edgeThreshold=16, fastThreshold=7)
