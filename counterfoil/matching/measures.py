"""What is measured of an aligned pair of reference and picture: the numbers that the verifier decides by."""

import cv2
import numpy as np
from numpy.typing import NDArray

from counterfoil.matching.alignment import Alignment
from counterfoil.matching.placement import project
from counterfoil.matching.verification import Comparison, Frame, contrast_of

_FAINT = 3.0
_STRONG = 10.0
# From here on a block's pixels vary in both directions: it agrees in one place only, not all along an edge.
_STRUCTURED = 2.0
_AGREES = 0.65
_AGREES_WELL = 0.85
# A block that had to be shifted by less agrees in place as well.
_IN_PLACE = 1.5

NAMES = (
    "inliers",
    "inlier_share",
    "residual",
    "spread",
    "visible_product",
    "mean_product",
    "agreeing_product",
    "agreeing_well_product",
    "agreeing_in_place_product",
    "mean_around",
    "agreeing_around",
    "agreeing_blocks",
    "agreeing_well_blocks",
    "compared_blocks",
    "largest_region",
    "largest_region_share",
    "largest_region_product",
    "mean_strong",
    "agreeing_strong",
    "shift_spread",
    "whole_correlation",
    "gradient_agreement",
    "scale",
    "stretch",
    "bend",
    "reference_contrast",
    "textured_share",
    "lower_quartile",
    "structured_blocks",
    "mean_structured",
    "agreeing_structured",
    "agreeing_structured_blocks",
    "structured_product",
    "fine_correlation",
    "level_agreement",
    "level_correlation",
    "gain_spread",
)


def measure(
    frame: Frame, compared: Comparison, alignment: Alignment | None, size: tuple[int, int]
) -> NDArray[np.float64]:
    """The numbers, in the order of NAMES: of a reference of `size` pixels, width first, of which `frame` was made.

    `alignment` is None where a hash proposed the placement.
    """
    textured = frame.contrast >= _FAINT
    used = textured & compared.visible
    ncc = np.clip(compared.correlation, -1, 1)
    product = frame.product * textured
    seen = product * used
    around = (1 - frame.product) * used
    agrees = used & (ncc >= _AGREES)
    well = used & (ncc >= _AGREES_WELL)
    in_place = agrees & (np.abs(compared.shifts).max(axis=2) <= _IN_PLACE)
    strong = used & (frame.contrast >= _STRONG)
    region = _largest_region(agrees)
    structured = used & (frame.structure >= _STRUCTURED)
    scale, stretch, bend = _shape(frame, compared, size)
    return np.array(
        [
            np.log1p(alignment.inliers if alignment else 0),
            alignment.inliers / alignment.correspondences if alignment else 0,
            alignment.residual if alignment else 0,
            alignment.spread if alignment else 0,
            _share(seen.sum(), product.sum()),
            _share((ncc * seen).sum(), seen.sum()),
            _share((seen * agrees).sum(), seen.sum()),
            _share((seen * well).sum(), seen.sum()),
            _share((seen * in_place).sum(), seen.sum()),
            _share((ncc * around).sum(), around.sum()),
            _share((around * agrees).sum(), around.sum()),
            np.log1p(agrees.sum()),
            np.log1p(well.sum()),
            np.log1p(used.sum()),
            np.log1p(region.sum()),
            _share(region.sum(), used.sum()),
            _share((region * product).sum(), product.sum()),
            _share(ncc[strong].sum(), strong.sum()),
            _share((strong & agrees).sum(), strong.sum()),
            _shift_spread(compared, agrees),
            _whole_correlation(frame, compared, used),
            _gradient_agreement(frame, compared, used),
            np.log2(max(1e-3, scale)),
            stretch,
            bend,
            np.log1p(np.median(frame.contrast)),
            textured.mean(),
            float(np.quantile(ncc[used], 0.25)) if used.any() else 0,
            np.log1p(structured.sum()),
            _share(ncc[structured].sum(), structured.sum()),
            _share((structured & agrees).sum(), structured.sum()),
            np.log1p((structured & agrees).sum()),
            _share((frame.product * (structured & agrees)).sum(), (frame.product * structured).sum()),
            _fine_correlation(frame, compared, agrees),
            _level_agreement(frame, compared, used),
            *_light(frame, compared, agrees),
        ],
        dtype=np.float64,
    )


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole > 0 else 0.0


def _largest_region(agrees: NDArray[np.bool_]) -> NDArray[np.bool_]:
    count, labels, stats, _ = cv2.connectedComponentsWithStats(agrees.astype(np.uint8), connectivity=8)
    if count < 2:
        return np.zeros_like(agrees)
    largest: NDArray[np.bool_] = labels == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    return largest


def _shift_spread(compared: Comparison, agrees: NDArray[np.bool_]) -> float:
    shifts = compared.shifts[agrees]
    return float(np.abs(shifts - np.median(shifts, axis=0)).mean()) if len(shifts) else 3.0


def _block_mask(used: NDArray[np.bool_], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    size = shape[0] // used.shape[0]
    return np.repeat(np.repeat(used, size, axis=0), size, axis=1)


def _whole_correlation(frame: Frame, compared: Comparison, used: NDArray[np.bool_]) -> float:
    if used.sum() < 2:
        return 0.0
    mask = _block_mask(used, frame.grey.shape)
    ours = frame.grey[mask].astype(np.float32)
    theirs = compared.warped[mask].astype(np.float32)
    ours -= ours.mean()
    theirs -= theirs.mean()
    return float((ours @ theirs) / np.sqrt(max(1e-6, float((ours @ ours) * (theirs @ theirs)))))


def _fine_correlation(frame: Frame, compared: Comparison, agrees: NDArray[np.bool_]) -> float:
    """The correlation of what the coarse shapes leave, where blocks agree: folds and threads, not outlines."""
    if agrees.sum() < 2:
        return 0.0
    mask = _block_mask(agrees, frame.grey.shape)
    ours, theirs = _fine(frame.grey)[mask], _fine(compared.warped)[mask]
    return float((ours @ theirs) / np.sqrt(max(1e-6, float((ours @ ours) * (theirs @ theirs)))))


def _fine(grey: NDArray[np.uint8]) -> NDArray[np.float32]:
    near = cv2.GaussianBlur(grey, (0, 0), 1.0).astype(np.float32)
    # Edges are cut: a few strong ones would outweigh all else.
    fine: NDArray[np.float32] = np.clip(near - cv2.GaussianBlur(grey, (0, 0), 3.0), -12, 12)
    return fine


def _level_agreement(frame: Frame, compared: Comparison, used: NDArray[np.bool_]) -> float:
    """How well the mean levels of neighbouring blocks follow each other: another garment has other shades."""
    both = used[:, 1:] & used[:, :-1]
    if both.sum() < 4:
        return 0.0
    ours, theirs = (np.diff(_levels(one, used.shape), axis=1)[both] for one in (frame.grey, compared.warped))
    return float((ours @ theirs) / np.sqrt(max(1e-6, float((ours @ ours) * (theirs @ theirs)))))


def _light(frame: Frame, compared: Comparison, agrees: NDArray[np.bool_]) -> tuple[float, float]:
    """Whether the light is the same: how the levels of agreeing blocks follow each other, and how their gains spread.

    Editing changes tone and contrast everywhere alike. Who photographs the thing anew has another lamp.
    """
    if agrees.sum() < 6:
        return 0.0, 1.0
    ours, theirs = (_levels(one, agrees.shape)[agrees] for one in (frame.grey, compared.warped))
    ours, theirs = ours - ours.mean(), theirs - theirs.mean()
    follows = float((ours @ theirs) / np.sqrt(max(1e-6, float((ours @ ours) * (theirs @ theirs)))))
    gains = np.log(np.maximum(contrast_of(compared.warped)[agrees], 0.5) / frame.contrast[agrees])
    low, high = np.quantile(gains, (0.25, 0.75))
    return follows, float(high - low)


def _levels(grey: NDArray[np.uint8], shape: tuple[int, ...]) -> NDArray[np.float32]:
    size = (shape[1], shape[0])
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), dtype=np.float32)


def _gradient_agreement(frame: Frame, compared: Comparison, used: NDArray[np.bool_]) -> float:
    """The mean cosine between the gradients of both, weighted by the reference's: robust to light and tone."""
    if not used.any():
        return 0.0
    mask = _block_mask(used, frame.grey.shape)
    ax, ay = _gradients(frame.grey)
    bx, by = _gradients(compared.warped)
    a, b = np.hypot(ax, ay), np.hypot(bx, by)
    weight = np.minimum(a, 30.0) * mask * (a > 4)
    cosine = (ax * bx + ay * by) / np.maximum(a * b, 1e-3)
    return _share(float((weight * cosine).sum()), float(weight.sum()))


def _gradients(grey: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    smooth = cv2.GaussianBlur(grey, (0, 0), 1.2)
    across = cv2.Sobel(smooth, cv2.CV_32F, 1, 0, scale=0.125)
    down = cv2.Sobel(smooth, cv2.CV_32F, 0, 1, scale=0.125)
    return np.asarray(across, dtype=np.float32), np.asarray(down, dtype=np.float32)


def _shape(frame: Frame, compared: Comparison, size: tuple[int, int]) -> tuple[float, float, float]:
    """How much the placement enlarges, how unevenly it stretches, and how much it bends parallels.

    The frame's sides are whole blocks, so what is uneven is told by the reference's own.
    """
    height, width = frame.grey.shape
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=float)
    a, b, c, d = project(compared.placement, corners)
    top, right, bottom, left = np.maximum(np.hypot(*np.array([b - a, c - b, d - c, a - d]).T), 1e-3)
    across, down = (top + bottom) / (2 * width), (left + right) / (2 * height)
    stretch = abs(np.log((top + bottom) * size[1] / ((left + right) * size[0])))
    bend = max(abs(np.log(top / bottom)), abs(np.log(left / right)))
    return float(np.sqrt(across * down)), float(stretch), float(bend)
