"""Two sets of local features -> where the reference may lie in the picture: the placement that most agree on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from counterfoil.fingerprints.features import Features
from counterfoil.matching.placement import Homography

# Two descriptors that differ in more of their 256 bits are of different things; a nearest one hardly nearer than the
# second is ambiguous.
_FARTHEST = 80
_RATIO = 0.92
# The best correspondences are enough, and fewer of them are enough to begin with.
_MOST = 250
_STARTS = 80
_FEWEST = 4

# How far (in the reference's pixels) a feature may lie from where a placement puts it: wide at first, because a
# similarity is only an approximation, then narrower.
_TOLERANCE = 16.0
_NARROWING = (14.0, 10.0, 8.0)
_TURN = 25.0
_OCTAVES = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Alignment:
    """A placement (reference's grey pixels to picture's), and what speaks for it: how many correspondences of how many.

    `residual` is the median distance in the reference's pixels, `spread` the share of the reference's area that the
    agreeing features span.
    """

    placement: Homography
    inliers: int
    correspondences: int
    residual: float
    spread: float


def correspond(reference: Features, picture: Features) -> NDArray[np.int64]:
    """Rows (reference feature, picture feature), the surest first."""
    import faiss

    if len(reference) == 0 or len(picture) < 2:
        return np.empty((0, 2), dtype=np.int64)
    distances, nearest = faiss.knn_hamming(reference.descriptors, picture.descriptors, 2)
    sure = (distances[:, 0] <= _FARTHEST) & (distances[:, 0] <= _RATIO * distances[:, 1])
    kept = np.flatnonzero(sure)
    best = kept[np.argsort(distances[kept, 0], kind="stable")[:_MOST]]
    return np.column_stack([best, nearest[best, 0]]).astype(np.int64)


def align(reference: Features, picture: Features, size: tuple[int, int]) -> Alignment | None:
    """The placement of a reference of this size (width, height) that most correspondences agree on; None where few do.

    Every sure correspondence proposes a similarity (its two positions, scales and angles); the one with most support is
    fitted to its supporters, as an affinity and at last as a homography.
    """
    pairs = correspond(reference, picture)
    if len(pairs) < _FEWEST:
        return None
    here, there = reference.points[pairs[:, 0]].astype(np.float64), picture.points[pairs[:, 1]].astype(np.float64)
    affinity = _fit_narrowing(here, there, _supporters_of_best(reference, picture, pairs, here, there))
    if affinity is None:
        return None
    placement = _fit_homography(affinity, here, there)
    errors = _errors(placement, here, there)
    supporters = np.flatnonzero(errors < _NARROWING[-1])
    if len(supporters) < _FEWEST:
        return None
    return Alignment(
        placement=placement,
        inliers=len(supporters),
        correspondences=len(pairs),
        residual=float(np.median(errors[supporters])),
        spread=_spread(here[supporters], size),
    )


def _supporters_of_best(
    reference: Features,
    picture: Features,
    pairs: NDArray[np.int64],
    here: NDArray[np.float64],
    there: NDArray[np.float64],
) -> NDArray[np.int64]:
    scale = (picture.scales[pairs[:, 1]] / reference.scales[pairs[:, 0]]).astype(np.float64)
    turn = np.radians(picture.angles[pairs[:, 1]] - reference.angles[pairs[:, 0]]).astype(np.float64)
    source, target = here[:, 0] + 1j * here[:, 1], there[:, 0] + 1j * there[:, 1]
    starts = slice(0, _STARTS)
    linear = scale[starts, None] * np.exp(1j * turn[starts, None])
    errors = np.abs(target[None] - target[starts, None] - linear * (source[None] - source[starts, None]))
    turned = np.abs(np.exp(1j * turn[None]) - np.exp(1j * turn[starts, None]))
    octaves = np.abs(np.log2(scale[None] / scale[starts, None]))
    near = errors < _TOLERANCE * scale[starts, None]
    support = near & (turned < 2 * np.sin(np.radians(_TURN) / 2)) & (octaves < _OCTAVES)
    return np.flatnonzero(support[np.argmax(support.sum(axis=1))])


def _fit_narrowing(
    here: NDArray[np.float64], there: NDArray[np.float64], supporters: NDArray[np.int64]
) -> Homography | None:
    """The affinity fitted to its supporters, which are chosen anew by it, more strictly each time."""
    affinity: Homography | None = None
    for tolerance in _NARROWING:
        if len(supporters) < _FEWEST:
            return None
        affinity = _fit_affinity(here[supporters], there[supporters])
        if affinity is None:
            return None
        supporters = np.flatnonzero(_errors(affinity, here, there) < tolerance)
    return affinity


def _fit_affinity(here: NDArray[np.float64], there: NDArray[np.float64]) -> Homography | None:
    """The least-squares affinity; None where the points lie on a line or collapse onto each other."""
    if len(here) < 3:
        return None
    ones = np.column_stack([here, np.ones(len(here))])
    solved, _, rank, _ = np.linalg.lstsq(ones, there, rcond=None)
    area = abs(np.linalg.det(solved[:2]))
    if rank < 3 or not 1e-4 < area < 1e4:
        return None
    return np.vstack([solved.T, [0.0, 0.0, 1.0]])


def _fit_homography(affinity: Homography, here: NDArray[np.float64], there: NDArray[np.float64]) -> Homography:
    """A homography where clearly more correspondences agree on one than on the affinity."""
    import cv2

    scale = np.sqrt(abs(np.linalg.det(affinity[:2, :2])))
    near = np.flatnonzero(_errors(affinity, here, there) < 3 * _NARROWING[0])
    if len(near) < 10:
        return affinity
    fitted, _ = cv2.findHomography(here[near], there[near], cv2.USAC_FAST, 4.0 * scale, maxIters=300)
    found = affinity if fitted is None else np.asarray(fitted, dtype=np.float64)
    if not is_plausible(found, here[near]):
        return affinity
    better = np.sum(_errors(found, here, there) < _NARROWING[-1])
    return found if better > 1.05 * np.sum(_errors(affinity, here, there) < _NARROWING[-1]) else affinity


def is_plausible(placement: Homography, points: NDArray[np.float64]) -> bool:
    """Whether a homography keeps these points before the camera and turns none of their surroundings inside out."""
    depth = points @ placement[2, :2] + placement[2, 2]
    if not np.isfinite(placement).all() or not (np.all(depth > 0.2) and np.all(depth < 5)):
        return False
    return bool(1e-4 < abs(np.linalg.det(placement)) < 1e4)


def _errors(placement: Homography, here: NDArray[np.float64], there: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far each correspondence is from where the placement puts it, in the reference's pixels."""
    moved = here @ placement[:, :2].T + placement[:, 2]
    scale = max(1e-6, float(np.sqrt(abs(np.linalg.det(placement[:2, :2])))))
    with np.errstate(divide="ignore", invalid="ignore"):
        errors = np.hypot(*(moved[:, :2] / moved[:, 2:] - there).T) / scale
    return np.where(np.isfinite(errors) & (moved[:, 2] > 0), errors, np.inf)


def _spread(points: NDArray[np.float64], size: tuple[int, int]) -> float:
    import cv2

    hull = cv2.convexHull(points.astype(np.float32))
    return float(cv2.contourArea(hull)) / (size[0] * size[1])
