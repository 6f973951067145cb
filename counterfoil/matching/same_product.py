"""Whether a picture shows a product that was photographed anew: by print and logo, where no pixels are shared.

1. Every feature of the picture votes for the reference images with features like it; the best are looked at.
2. Features are paired with one reference image's, and one affine map has to fit them (RANSAC). Counted are those on the
   product: what an own photo shows around it, a shelf or a hand, is told by the reference before a plain ground.
3. Among products that are found, features that another found product's references have as well (a maker's logo) hardly
   count, and the colours of the product, laid over each other and freed of the light's, have to agree.
4. Products that are about equally likely after that are reported together: one of these.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterfoil.fingerprints import Sketch
from counterfoil.matching.placement import Homography, project, transform_of
from counterfoil.matching.prints import WIDTH, Print, take_print
from counterfoil.models import Match, MatchDecision, MatchKind, Reference

PRINT = "print"

# A feature's nearest in the reference image has to be nearer than this share of the second nearest (Lowe 2004).
_RATIO = 0.88
# How far, in pixels of 640, a feature may be from where the map puts it: packages are bent and have edges.
_REACH = 8.0
# A map that stretches or flattens more shows no package that a person would recognise.
_MOST_STRETCH, _LEAST_STRETCH, _MOST_FLATTENED = 5.0, 0.12, 3.5

# Features on the product that fit one map: fewer are chance; so many of no other product are no chance at all.
_FEWEST, _SURELY_OWN = 8, 9
# What they are worth: as many as there are where the colours agree, a share of that where they do not (prints are also
# photographed in bad light). From so much on it is for review, and sure. See docs/same-product.md.
_WORTH_WITHOUT_COLOUR = 0.25
_REVIEW, _CONFIRMED = 4.5, 8.0
# So many features place an own photo by the reference before a plain ground; from the second number on, surely.
_PLACED_BY, _SURELY_PLACED_BY = 8, 20
# From so many on, what two own photos have in common is the product, or a part of it that ends about there; more than
# that share of the picture is the shelf behind it, photographed twice.
_COMMON_FROM, _COMMON_GROWN, _COMMON_MOST = 15, 1.6, 0.25
# Where nothing is clear, the product is taken to be in the middle.
_MIDDLE = 0.31

_CANDIDATES = 12
# Of so many products that most of them show, other reference images are looked at too: votes seldom tell the side.
_LIKELY, _SIDES = 2, 6
_NEIGHBOURS = 6

# What a feature counts that another found product has as well.
_SHARED = 0.25
_FEWEST_SHARED = 7
# Differences of colour (CIELAB a and b; lightness) at which a product counts a third.
_COLOUR, _LIGHTNESS = 8.0, 40.0
_GRID = 28
# The worst of the places compared are under a hand or a sticker.
_UNCOVERED = 0.7
# Features count for so little when the colours do not agree that it is likely another product of the maker.
_LEAST_WEIGHT = 4.0
# Products whose weight is so near to the best one's cannot be told apart.
_ALIKE = 0.75


@dataclass(frozen=True, slots=True)
class _Fit:
    """Features of a picture (`here`) paired with a reference image's (`there`), and the map from there to here."""

    here: NDArray[np.intp]
    there: NDArray[np.intp]
    placement: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Sighting:
    """A reference image that was found in a picture, by so many features on the product."""

    number: int
    fit: _Fit
    count: int


@dataclass(frozen=True, slots=True)
class _Ranked:
    """A sighting beside the others.

    `worth` says how surely the product is there, `weight` how it ranks among the products found, `alone` how many of
    its features no other of them has.
    """

    sighting: _Sighting
    worth: float
    alone: int
    weight: float


class PrintBank:
    """The reference images of products that are also looked for by their print. Immutable.

    `prints` are by the SHA-256 of the pictures; references without one are left out.
    """

    def __init__(self, references: Sequence[Reference], prints: Mapping[str, Print]) -> None:
        kept = [one for one in references if len(prints.get(one.fingerprint.image_sha256, ())) > 0]
        self._references = tuple(kept)
        self._prints = tuple(prints[one.fingerprint.image_sha256] for one in kept)
        self._vectors = [one.vectors() for one in self._prints]
        self._owner = np.repeat(np.arange(len(kept)), [len(one) for one in self._prints])
        self._showing: dict[int, list[int]] = defaultdict(list)
        for number, reference in enumerate(kept):
            self._showing[reference.product_id].append(number)
        self._index = _index(self._vectors) if kept else None
        self._on_product = lru_cache(maxsize=None)(self._find_product)
        self._common = lru_cache(maxsize=100_000)(self._find_common)

    def __len__(self) -> int:
        return len(self._references)

    def match(self, sketch: Sketch) -> tuple[Match, ...]:
        """The products that a picture shows, each by its best reference image, best first.

        Where the best cannot be told from others, each of them is for review and names the others in `one_of`.
        """
        if not self._references:
            return ()
        picture = take_print(sketch)
        found = self._sightings(picture)
        best: dict[int, _Ranked] = {}
        for one in found:
            product_id = self._references[one.number].product_id
            ranked = self._ranked(picture, one, found)
            if ranked.worth < _REVIEW:
                continue
            if product_id not in best or ranked.weight > best[product_id].weight:
                best[product_id] = ranked
        ordered = sorted(best.values(), key=lambda one: -one.weight)
        alike = [one for one in ordered if one.weight >= _ALIKE * ordered[0].weight]
        group = tuple(self._references[one.sighting.number].product_id for one in alike) if len(alike) > 1 else ()
        return tuple(self._match(sketch, picture, one, group) for one in ordered)

    # --------------------------------------------------------------------------------------------- finding

    def _sightings(self, picture: Print) -> list[_Sighting]:
        vectors = picture.vectors()
        found: list[_Sighting] = []
        for number in self._candidates(vectors):
            fit = self._fit_product(picture, vectors, number)
            if fit is None:
                continue
            count = min(len(np.unique(fit.here)), len(np.unique(fit.there)))
            if count >= _FEWEST:
                found.append(_Sighting(number, fit, count))
        return found

    def _fit_product(self, picture: Print, vectors: NDArray[np.float32], number: int) -> _Fit | None:
        """How what is on the product in a reference image lies in a picture, whatever is to be seen around it."""
        rows = np.flatnonzero(self._on_product(number))
        fit = _fit(picture.points, vectors, self._prints[number].points[rows], self._vectors[number][rows])
        return fit and replace(fit, there=rows[fit.there])

    def _candidates(self, vectors: NDArray[np.float32]) -> list[int]:
        if not len(vectors) or self._index is None:
            return []
        cosines, rows = self._index.search(vectors, _NEIGHBOURS)
        # A neighbour counts by how much nearer it is than the last of them: print that is everywhere tells nothing.
        nearer = np.where(rows >= 0, cosines - np.maximum(cosines[:, -1:], 0), 0)
        votes = np.bincount(self._owner[rows].ravel(), nearer.ravel(), len(self._prints))
        best = np.argsort(-votes, kind="stable")[:_CANDIDATES].tolist()
        chosen = {number: float(votes[number]) for number in best if votes[number] > 0}
        products: dict[int, float] = defaultdict(float)
        for number, count in chosen.items():
            products[self._references[number].product_id] += count
        first = sorted(products, key=lambda one: -products[one])[:_LIKELY]
        likely = [number for product in first for number in self._showing[product][:_SIDES]]
        return list(dict.fromkeys([*chosen, *likely]))

    def _find_product(self, number: int) -> NDArray[np.bool_]:
        """Which features of a reference image are on the product."""
        points = self._prints[number].points
        inside = [_inside(outline, points) for outline in self._outlines(number)]
        return np.asarray(np.logical_or.reduce(inside))

    def _outlines(self, number: int) -> list[NDArray[np.float32]]:
        """Where the product is in a reference image, in its pixels: what any of these outlines holds.

        An own photo's product is told by the reference before a plain ground, laid over it; where few features say so,
        by what it has in common with the other own photos; and where nothing is clear, it is taken to be in the middle.
        """
        own, product_id = self._prints[number], self._references[number].product_id
        if own.on_plain:
            return [_hull(own.points)]
        laid: list[tuple[int, NDArray[np.float32]]] = []
        common: list[NDArray[np.float32]] = []
        for other in self._showing[product_id]:
            if other == number:
                continue
            fit = _fit(own.points, self._vectors[number], self._prints[other].points, self._vectors[other])
            if fit is None:
                continue
            count = len(np.unique(fit.there))
            if self._prints[other].on_plain:
                laid.append((count, _mapped(fit.placement, _hull(self._prints[other].points))))
            elif count >= _COMMON_FROM and _share(found := own.points[fit.here], own.size) <= _COMMON_MOST:
                common.append(_hull(found, _COMMON_GROWN))
        count, outline = max(laid, key=lambda one: one[0], default=(0, own.points))
        if count >= _SURELY_PLACED_BY or (count >= _PLACED_BY and not common):
            return [outline]
        return common or [_middle(own.size)]

    # --------------------------------------------------------------------------------------------- ranking

    def _ranked(self, picture: Print, one: _Sighting, found: Sequence[_Sighting]) -> _Ranked:
        own = self._references[one.number].product_id
        features = np.unique(one.fit.there)
        shared = np.zeros(len(self._prints[one.number]), dtype=np.bool_)
        for other in found:
            if self._references[other.number].product_id != own:
                shared |= self._common(one.number, other.number)
        alone = int(np.count_nonzero(~shared[features]))
        colours = self._colours_agree(picture, one)
        return _Ranked(
            sighting=one,
            worth=one.count * (_WORTH_WITHOUT_COLOUR + (1 - _WORTH_WITHOUT_COLOUR) * colours),
            alone=alone,
            weight=(alone + _SHARED * (len(features) - alone)) * colours,
        )

    def _find_common(self, number: int, other: int) -> NDArray[np.bool_]:
        """Which features of one reference image another has too."""
        common = np.zeros(len(self._prints[number]), dtype=np.bool_)
        mine, theirs = ((self._prints[one].points, self._vectors[one]) for one in (number, other))
        there, back = _fit(*mine, *theirs), _fit(*theirs, *mine)
        if there is not None and len(there.here) >= _FEWEST_SHARED:
            common[there.here] = True
        if back is not None and len(back.here) >= _FEWEST_SHARED:
            common[back.there] = True
        return common

    def _colours_agree(self, picture: Print, one: _Sighting) -> float:
        """How well the product's colours agree, 0..1, after the light that the paired features show is taken out."""
        own, fit = self._prints[one.number], one.fit
        light = np.median(picture.colours_at(picture.points[fit.here]) - own.colours_at(own.points[fit.there]), axis=0)
        light = np.clip(light, (-80, -15, -15), (80, 15, 15))
        grid = self._grid(one.number)
        seen = _mapped(fit.placement, grid)
        inside = ((seen > 0) & (seen < picture.size)).all(axis=1)
        if np.count_nonzero(inside) < 8:
            return 0.3
        apart = picture.colours_at(seen[inside]) - own.colours_at(grid[inside]) - light
        colour, lightness = _least(np.linalg.norm(apart[:, 1:], axis=1)), _least(np.abs(apart[:, 0]))
        return float(np.exp(-((colour / _COLOUR) ** 2) - (lightness / _LIGHTNESS) ** 2))

    def _grid(self, number: int) -> NDArray[np.float32]:
        width, height = self._prints[number].size
        columns, rows = np.meshgrid(np.arange(16, width, _GRID), np.arange(16, height, _GRID))
        places = np.stack([columns.ravel(), rows.ravel()], axis=1).astype(np.float32)
        return places[_inside(self._polygon_of(number), places)]

    def _polygon_of(self, number: int) -> NDArray[np.float32]:
        points = self._prints[number].points[self._on_product(number)]
        return _hull(points) if len(points) >= 3 else _middle(self._prints[number].size)

    # ------------------------------------------------------------------------------------------- reporting

    def _match(self, sketch: Sketch, picture: Print, ranked: _Ranked, group: tuple[int, ...]) -> Match:
        one = ranked.sighting
        reference, own = self._references[one.number], self._prints[one.number]
        size = reference.fingerprint.width, reference.fingerprint.height
        given = sketch.fingerprint.width / picture.size[0], sketch.fingerprint.height / picture.size[1]
        taken = own.size[0] / size[0], own.size[1] / size[1]
        placement: Homography = np.diag([*given, 1.0]) @ one.fit.placement @ np.diag([*taken, 1.0])
        alike = tuple(product_id for product_id in group if product_id != reference.product_id)
        # What is found by its maker's logo alone may be a product that is not registered.
        sure = ranked.worth >= _CONFIRMED and ranked.alone >= _SURELY_OWN and ranked.weight >= _LEAST_WEIGHT
        return Match(
            image_sha256=sketch.fingerprint.image_sha256,
            reference_image_id=reference.reference_image_id,
            product_id=reference.product_id,
            score=round(ranked.worth / (ranked.worth + _REVIEW), 4),
            stage=PRINT,
            kind=MatchKind.SAME_PRODUCT,
            decision=(MatchDecision.CONFIRMED if sure and reference.product_id not in group else MatchDecision.REVIEW),
            transform=transform_of(placement, size),
            one_of=alike if reference.product_id in group else (),
        )


def looked_for_by_print(references: Sequence[Reference]) -> set[str]:
    """The pictures (SHA-256) of products with several reference images: these are looked for by their print as well.

    Registering a second picture, best a photo of one's own, is how an owner asks for it: it costs every undecided
    picture some time, and of products without print it finds nothing.
    """
    by_product: dict[int, set[str]] = defaultdict(set)
    for reference in references:
        by_product[reference.product_id].add(reference.fingerprint.image_sha256)
    return {name for names in by_product.values() if len(names) > 1 for name in names}


def _index(vectors: Sequence[NDArray[np.float32]]) -> Any:
    import faiss

    every = np.concatenate(vectors)
    lists = int(np.clip(len(every) // 200, 1, 1_024))
    index: Any = faiss.index_factory(WIDTH, f"IVF{lists},SQ8", faiss.METRIC_INNER_PRODUCT)
    index.train(every)
    index.add(every)
    index.nprobe = max(1, min(8, lists))
    return index


def _fit(
    points: NDArray[np.float32],
    vectors: NDArray[np.float32],
    reference_points: NDArray[np.float32],
    reference_vectors: NDArray[np.float32],
) -> _Fit | None:
    """Pair the features of a picture with a reference image's, as far as one affine map explains them."""
    import cv2

    if len(vectors) < 4 or len(reference_vectors) < 4:
        return None
    here, there = _paired(vectors @ reference_vectors.T)
    if len(here) < 5:
        return None
    cv2.setRNGSeed(1)
    fitted, inliers = cv2.estimateAffine2D(
        reference_points[there], points[here], ransacReprojThreshold=_REACH, maxIters=1_000
    )
    if fitted is None or not _is_sane(np.asarray(fitted, dtype=np.float64)):
        return None
    kept = inliers.ravel() > 0
    return _Fit(here[kept], there[kept], np.vstack([fitted, [0.0, 0.0, 1.0]]))


def _paired(cosines: NDArray[np.float32]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    rows = np.arange(len(cosines))
    nearest = cosines.argmax(axis=1)
    first = cosines[rows, nearest]
    cosines[rows, nearest] = -1
    second = cosines.max(axis=1)
    near = np.sqrt(np.maximum(0, 2 - 2 * first)) < _RATIO * np.sqrt(np.maximum(1e-9, 2 - 2 * second))
    return np.flatnonzero(near), nearest[near]


def _is_sane(fitted: NDArray[np.float64]) -> bool:
    largest, smallest = np.linalg.svd(fitted[:, :2], compute_uv=False)
    return bool(largest < _MOST_STRETCH and smallest > _LEAST_STRETCH and largest < _MOST_FLATTENED * smallest)


def _mapped(placement: NDArray[np.float64], points: NDArray[np.float32]) -> NDArray[np.float32]:
    return project(placement, points.astype(np.float64)).astype(np.float32)


def _hull(points: NDArray[np.float32], grown: float = 1.08) -> NDArray[np.float32]:
    """The convex hull of points, a little enlarged: features keep away from a product's edge."""
    import cv2

    corners = cv2.convexHull(points).reshape(-1, 2)
    middle = corners.mean(axis=0)
    return np.asarray(middle + (corners - middle) * grown, dtype=np.float32)


def _share(points: NDArray[np.float32], size: tuple[int, int]) -> float:
    """How much of a picture the convex hull of points covers."""
    import cv2

    return float(cv2.contourArea(cv2.convexHull(points)) / (size[0] * size[1]))


def _middle(size: tuple[int, int]) -> NDArray[np.float32]:
    """An ellipse in the middle of a picture, as a polygon."""
    turns = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    return np.stack(
        [(0.5 + _MIDDLE * np.cos(turns)) * size[0], (0.5 + _MIDDLE * np.sin(turns)) * size[1]], axis=1
    ).astype(np.float32)


def _inside(polygon: NDArray[np.float32], points: NDArray[np.float32]) -> NDArray[np.bool_]:
    import cv2

    outline = polygon.reshape(-1, 1, 2)
    return np.array(
        [cv2.pointPolygonTest(outline, (float(x), float(y)), False) >= 0 for x, y in points], dtype=np.bool_
    )


def _least(differences: NDArray[np.float32]) -> float:
    kept = max(4, int(_UNCOVERED * len(differences)))
    return float(np.sort(differences)[:kept].mean())
