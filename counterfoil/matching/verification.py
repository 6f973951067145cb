"""Whether a reference is really there: the picture is warped into the reference's frame and compared block by block.

Features agree wherever the same floor, hanger or pose is in both; a copy agrees over the product. So what counts is how
much of the product's textured area agrees (normalised cross-correlation of small blocks, each of which may be shifted
by a little), not how many features do.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from counterfoil.matching.alignment import is_plausible
from counterfoil.matching.placement import Homography, project, scaling

# The longer side of the frame in which a picture and a reference are compared, and the blocks in it.
FRAME = 168
BLOCK = 12
_REACH = 3
_SHIFTS = 2 * _REACH + 1
_REFINEMENTS = 2
# A block with less contrast (standard deviation in grey levels) has nothing to compare.
_FAINT = 3.0
# Blocks correlated better than this agree.
_AGREES = 0.65


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """A reference as pictures are compared with it: its grey pixels, and of each block what there is to compare.

    `product` is its share in the product (0..1), `contrast` the standard deviation of its pixels, `structure` the
    weaker of its two main gradients: along a straight edge, such as an outline, there is none.
    """

    grey: NDArray[np.uint8]
    product: NDArray[np.float32]
    contrast: NDArray[np.float32]
    structure: NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Comparison:
    """Per block of the frame: its correlation (-1..1), whether it is in the picture, its shift; the final placement.

    `placement` leads from the frame's pixels to the picture's.
    """

    placement: Homography
    correlation: NDArray[np.float32]
    visible: NDArray[np.bool_]
    shifts: NDArray[np.float32]
    warped: NDArray[np.uint8]


def make_frame(grey: NDArray[np.uint8], product: NDArray[np.uint8]) -> Frame:
    """The frame of a reference from its grey pixels and the map of its product (any size, 0..255)."""
    import cv2

    scale = FRAME / max(grey.shape)
    rows, columns = (max(2, round(side * scale / BLOCK)) for side in grey.shape)
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = np.asarray(cv2.resize(grey, (columns * BLOCK, rows * BLOCK), interpolation=interpolation), dtype=np.uint8)
    share = np.asarray(cv2.resize(product, (columns, rows), interpolation=cv2.INTER_AREA), dtype=np.float32) / 255
    return Frame(grey=small, product=share.astype(np.float32), contrast=contrast_of(small), structure=_structure(small))


def compare(frame: Frame, grey: NDArray[np.uint8], placement: Homography) -> Comparison | None:
    """Warp a picture into a reference's frame, correct the placement by what blocks say, and compare.

    `placement` leads from the frame's pixels to those of `grey`. None where it turns the frame inside out.
    """
    current = placement
    for _ in range(_REFINEMENTS):
        if not _is_possible(current, frame):
            return None
        compared = _compare_blocks(frame, grey, current)
        correction = _correction(frame, compared)
        if correction is None:
            return compared
        current = current @ correction
    return _compare_blocks(frame, grey, current) if _is_possible(current, frame) else compared


def _is_possible(placement: Homography, frame: Frame) -> bool:
    height, width = frame.grey.shape
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float64)
    return is_plausible(placement, corners)


def _compare_blocks(frame: Frame, grey: NDArray[np.uint8], placement: Homography) -> Comparison:
    warped = _warp(frame, grey, placement, _REACH)
    visible = _visible(frame, grey, placement)
    correlation = np.zeros(frame.contrast.shape, dtype=np.float32)
    shifts = np.zeros((*frame.contrast.shape, 2), dtype=np.float32)
    rows, columns = np.nonzero(visible & (frame.contrast >= _FAINT))
    if len(rows):
        correlation[rows, columns], shifts[rows, columns] = _best_shifts(frame.grey, warped, rows, columns)
    inner = warped[_REACH:-_REACH, _REACH:-_REACH]
    return Comparison(placement=placement, correlation=correlation, visible=visible, shifts=shifts, warped=inner)


def _best_shifts(
    grey: NDArray[np.uint8], warped: NDArray[np.uint8], rows: NDArray[np.int64], columns: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """For each of n blocks its best normalised correlation (n) with what lies around it, and at which shift (n x 2)."""
    import cv2

    top, left = rows * BLOCK, columns * BLOCK
    blocks = grey.reshape(grey.shape[0] // BLOCK, BLOCK, -1, BLOCK).swapaxes(1, 2)[rows, columns].astype(np.float32)
    blocks -= blocks.mean(axis=(1, 2), keepdims=True)
    around = _windows(warped, BLOCK + 2 * _REACH)[top, left].astype(np.float32)
    products = np.empty((len(rows), _SHIFTS, _SHIFTS), dtype=np.float32)
    turned = np.ascontiguousarray(blocks.transpose(0, 2, 1))
    for across in range(_SHIFTS):
        # Every row of the block with every row of what lies around; shifted rows meet on the diagonals.
        rows_with_rows = np.matmul(around[:, :, across : across + BLOCK], turned)
        for down in range(_SHIFTS):
            products[:, down, across] = np.einsum("nii->n", rows_with_rows[:, down : down + BLOCK])
    totals, squares = (_windows(_box_sums(one), _SHIFTS)[top, left] for one in cv2.integral2(warped))
    own = np.einsum("nij,nij->n", blocks, blocks)[:, None, None]
    theirs = np.maximum(squares - totals * totals / BLOCK**2, 1e-3)
    scores = (products / np.sqrt(own * theirs)).reshape(len(rows), -1)
    best = scores.argmax(axis=1)
    shifts = np.column_stack([best % _SHIFTS - _REACH, best // _SHIFTS - _REACH]).astype(np.float32)
    return scores[np.arange(len(rows)), best].astype(np.float32), shifts


def _windows(values: NDArray[Any], side: int) -> NDArray[Any]:
    return sliding_window_view(values, (side, side))


def _box_sums(integral: Any) -> NDArray[np.float64]:
    """The sums over all boxes of a block's size, from an integral image."""
    whole = np.asarray(integral, dtype=np.float64)
    sums: NDArray[np.float64] = (
        whole[BLOCK:, BLOCK:] - whole[:-BLOCK, BLOCK:] - whole[BLOCK:, :-BLOCK] + whole[:-BLOCK, :-BLOCK]
    )
    return sums


def _warp(frame: Frame, grey: NDArray[np.uint8], placement: Homography, margin: int) -> NDArray[np.uint8]:
    """The part of the picture under the frame, in the frame's pixels with a margin, without aliasing."""
    import cv2

    height, width = frame.grey.shape
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float64)
    there = project(placement, corners)
    scale = np.sqrt(max(1e-6, abs(_area(there)) / (width * height)))
    outer = np.array([[1, 0, -margin], [0, 1, -margin], [0, 0, 1.0]])
    matrix = placement @ outer
    if scale > 1.4:
        size = (max(1, round(grey.shape[1] / scale)), max(1, round(grey.shape[0] / scale)))
        matrix = scaling(size[0] / grey.shape[1], size[1] / grey.shape[0]) @ matrix
        grey = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    # OpenCV counts from the centres of the pixels.
    centred = _shifted(-0.5) @ matrix @ _shifted(0.5)
    size = (width + 2 * margin, height + 2 * margin)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    warped = cv2.warpPerspective(grey, centred, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(warped, dtype=np.uint8)


def _shifted(by: float) -> Homography:
    return np.array([[1, 0, by], [0, 1, by], [0, 0, 1.0]])


def _area(corners: NDArray[np.float64]) -> float:
    x, y = corners.T
    return 0.5 * float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))


def _visible(frame: Frame, grey: NDArray[np.uint8], placement: Homography) -> NDArray[np.bool_]:
    """Which blocks lie in the picture with all their corners."""
    rows, columns = frame.contrast.shape
    grid = np.stack(np.meshgrid(np.arange(columns + 1), np.arange(rows + 1)), axis=-1).reshape(-1, 2) * float(BLOCK)
    there = project(placement, grid)
    slack = 1.0
    inside = np.all((there >= -slack) & (there <= np.array([grey.shape[1], grey.shape[0]]) + slack), axis=1)
    inside = inside.reshape(rows + 1, columns + 1)
    whole: NDArray[np.bool_] = inside[:-1, :-1] & inside[1:, :-1] & inside[:-1, 1:] & inside[1:, 1:]
    return whole


def _correction(frame: Frame, compared: Comparison) -> Homography | None:
    """What moves the frame so that agreeing blocks need no shift; None where nothing is to be corrected."""
    agreeing = compared.correlation >= _AGREES
    if agreeing.sum() < 8:
        return None
    middles = (np.argwhere(agreeing)[:, ::-1] * BLOCK + BLOCK / 2).astype(np.float64)
    shifted = middles + compared.shifts[agreeing]
    if np.abs(shifted - middles).mean() < 0.25:
        return None
    found = _fit(middles, shifted)
    return found if found is not None and _is_possible(found, frame) else None


def _fit(here: NDArray[np.float64], there: NDArray[np.float64]) -> Homography | None:
    """A similarity, or a homography where clearly more blocks agree on one.

    A homography fitted to the few blocks of a small product bends the rest of the frame to what agrees by chance.
    """
    import cv2

    similarity, with_similarity = cv2.estimateAffinePartial2D(
        here, there, method=cv2.RANSAC, ransacReprojThreshold=1.5, maxIters=200
    )
    homography, with_homography = cv2.findHomography(here, there, cv2.USAC_FAST, 1.5, maxIters=200)
    plain = 0 if similarity is None else int(np.sum(with_similarity))
    bent = 0 if homography is None else int(np.sum(with_homography))
    if max(plain, bent) < 8:
        return None
    return np.asarray(homography if bent > 1.1 * plain else np.vstack([similarity, [0, 0, 1]]), dtype=np.float64)


def contrast_of(grey: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The standard deviation of the pixels of each block."""
    rows, columns = grey.shape[0] // BLOCK, grey.shape[1] // BLOCK
    blocks = grey.reshape(rows, BLOCK, columns, BLOCK).astype(np.float32)
    contrast: NDArray[np.float32] = blocks.std(axis=(1, 3))
    return contrast


def _structure(grey: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The square root of the smaller eigenvalue of each block's structure tensor, in grey levels per pixel."""
    import cv2

    smooth = cv2.GaussianBlur(grey, (0, 0), 1.0)
    across = cv2.Sobel(smooth, cv2.CV_32F, 1, 0, scale=0.125)
    down = cv2.Sobel(smooth, cv2.CV_32F, 0, 1, scale=0.125)
    xx, yy, xy = (_block_means(one) for one in (across * across, down * down, across * down))
    smaller = (xx + yy) / 2 - np.sqrt(((xx - yy) / 2) ** 2 + xy**2)
    return np.sqrt(np.maximum(smaller, 0)).astype(np.float32)


def _block_means(values: Any) -> NDArray[np.float32]:
    rows, columns = values.shape[0] // BLOCK, values.shape[1] // BLOCK
    means: NDArray[np.float32] = values.reshape(rows, BLOCK, columns, BLOCK).mean(axis=(1, 3))
    return means
