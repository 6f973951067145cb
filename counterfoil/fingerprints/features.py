"""Local features of a picture: ORB (Rublee et al., 2011) for all, RootSIFT (Arandjelovic, 2012) for the doubtful.

Positions are in pixels of the grey picture they were found in.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

ORB_BYTES = 32


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


def _features(keypoints: Any, descriptors: Any, dtype: Any, width: int) -> Features:
    kept = np.array([(*one.pt, one.size, one.angle) for one in keypoints], dtype=np.float32).reshape(-1, 4)
    found = descriptors if descriptors is not None else np.empty((0, width), dtype=dtype)
    return Features(descriptors=found, points=kept[:, :2], scales=kept[:, 2], angles=kept[:, 3])


@cache
def _orb(most: int) -> Any:
    import cv2

    return cv2.ORB.create(nfeatures=most, scaleFactor=1.2, nlevels=8, edgeThreshold=16, fastThreshold=7)
