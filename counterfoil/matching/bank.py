"""The reference images that pictures are matched against, stage by stage: each is skipped when one before has decided.

1. `exact`: the very same bytes.
2. `hash`: the 256-bit DCT hash of the whole or of the foreground box, in 8 orientations, is near to a reference's.
3. `features`: local features propose references; the picture's pixels are compared with them in the reference's frame,
   and a trained verifier decides. Hashes that are near but not near enough propose references too.
4. `print`: where none of these was sure, products photographed anew are looked for by print and logo.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from counterfoil.fingerprints import FINGERPRINT_VERSION, Sketch
from counterfoil.fingerprints.foreground import WHOLE, Box
from counterfoil.matching.alignment import Alignment, align
from counterfoil.matching.candidates import Candidate, propose
from counterfoil.matching.hashes import MAX_DISTANCE, WORTH_A_LOOK, confidence, nearest
from counterfoil.matching.measures import NAMES, measure
from counterfoil.matching.placement import Homography, box_placement, flipping, scaling, transform_of
from counterfoil.matching.prints import Print
from counterfoil.matching.same_product import PrintBank
from counterfoil.matching.segment import HASHES, Segment, build_segment, reference_sketch
from counterfoil.matching.verification import Comparison, compare
from counterfoil.matching.verifier import Verifier, shipped_verifier
from counterfoil.models import Fingerprint, Match, MatchDecision, Reference

# Changes whenever the same pictures would match otherwise.
MATCHING_VERSION = "m6"

EXACT = "exact"
HASH = "hash"
FEATURES = "features"

_ORIENTATIONS = HASHES // 2
_AGREEMENT = NAMES.index("agreeing_product")

_MOST_BY_HASH = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How much work is done: fewer candidates are quicker and miss more."""

    candidates: int = 4
    fewest_votes: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Examined:
    """A reference that was compared with a picture pixel by pixel: where it would lie, and what was measured.

    `placement` leads from the pixels of the reference to those of the picture, both as they were given.
    """

    segment: int
    number: int
    name: str
    placement: Homography
    measures: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class _ByHash:
    segment: int
    number: int
    distance: int
    own_view: int
    orientation: int
    view: int


class ReferenceBank:
    """The reference images that pictures are matched against. Immutable; build a new one when a reference is added.

    Products of which there are `prints` (by SHA-256) are looked for by their print as well. What else is needed of the
    references comes from `sketches` (by SHA-256) or lies ready in `segments`; references of which neither
    has the picture are found by the very same bytes only. The hashes of those that are too plain are left out: they
    would match everything plain. Raises ValueError when references
    or pictures have fingerprints of another version: their bits mean something else.
    """

    def __init__(
        self,
        references: Iterable[Reference],
        sketches: Mapping[str, Sketch] | None = None,
        *,
        segments: Sequence[Segment] = (),
        prints: Mapping[str, Print] | None = None,
        verifier: Verifier | None = None,
        settings: Settings = Settings(),
    ) -> None:
        made = [reference_sketch(one) for one in (sketches or {}).values()]
        self._segments = (*segments, build_segment(made)) if made else tuple(segments)
        self._verifier = verifier
        self._settings = settings
        self._showing: dict[str, list[Reference]] = defaultdict(list)
        for reference in references:
            _check(reference.fingerprint)
            self._showing[reference.fingerprint.image_sha256].append(reference)
        self._prints = frozenset(prints or ())
        self._products = PrintBank([one for some in self._showing.values() for one in some], prints or {})
        self._usable = tuple(self._rows(segment, lambda _: True) for segment in self._segments)
        self._hashable = tuple(self._rows(segment, lambda one: one.informative) for segment in self._segments)

    @property
    def identity(self) -> str:
        """Names what is matched against and how: what was found against a bank of the same identity holds for this."""
        every = sorted(
            (one.reference_image_id, one.product_id, name) for name, some in self._showing.items() for one in some
        )
        there = {name for segment in self._segments for name in segment.names}
        known = [(*one, one[2] in there, one[2] in self._prints) for one in every]
        return hashlib.sha256(json.dumps([MATCHING_VERSION, known]).encode()).hexdigest()

    def __len__(self) -> int:
        return sum(map(len, self._showing.values()))

    def match(self, sketch: Sketch) -> tuple[Match, ...]:
        """Every reference image that this picture is a copy of, best first.

        Sister products that share a photo are each matched.
        """
        _check(sketch.fingerprint)
        exact = self._exact(sketch.fingerprint)
        if exact:
            as_it_is = transform_of(np.eye(3), (sketch.fingerprint.width, sketch.fingerprint.height))
            return tuple(replace(match, transform=as_it_is) for match in exact)
        near = self._by_hash(sketch.fingerprint, WORTH_A_LOOK)
        decided = [one for one in near if one.distance <= MAX_DISTANCE]
        if decided:
            return _ordered(match for one in decided for match in self._hash_matches(sketch, one))
        copies = self._decide(sketch, self._examine(sketch, near))
        return copies if any(map(_is_confirmed, copies)) else (*copies, *self._by_print(sketch, copies))

    def _by_print(self, sketch: Sketch, copies: Sequence[Match]) -> list[Match]:
        """The products that a picture shows otherwise than by a copy."""
        known = {match.product_id for match in copies}
        return [match for match in self._products.match(sketch) if match.product_id not in known]

    def match_kept(self, picture: Fingerprint) -> tuple[Match, ...]:
        """The same from a fingerprint alone, where the pixels are gone: what only hashes say is `unverified`."""
        _check(picture)
        exact = self._exact(picture)
        if exact:
            return exact
        near = self._by_hash(picture, MAX_DISTANCE)
        made = (self._hash_match(picture, reference, one) for one in near for reference in self._references(one))
        return _ordered(replace(match, decision=MatchDecision.UNVERIFIED) for match in made)

    def examine(self, sketch: Sketch) -> tuple[Examined, ...]:
        """The references that a picture is compared with pixel by pixel, whatever the verifier would say of them."""
        return self._examine(sketch, self._by_hash(sketch.fingerprint, WORTH_A_LOOK))

    def near(self, sketch: Sketch, limit: int) -> set[str]:
        """The references (by SHA-256) that a hash brings within so many bits of a picture."""
        found = self._by_hash(sketch.fingerprint, limit)
        return {self._segments[one.segment].names[one.number] for one in found}

    # ------------------------------------------------------------------------------------------------- hashes

    def _exact(self, picture: Fingerprint) -> tuple[Match, ...]:
        if not picture.informative:
            return ()
        return tuple(
            _match(picture, reference, score=1.0, stage=EXACT, distance=0)
            for reference in self._showing.get(picture.image_sha256, ())
            if reference.fingerprint.informative
        )

    def _by_hash(self, picture: Fingerprint, limit: int) -> list[_ByHash]:
        """Each reference within reach once, by its nearest hash; the nearest first."""
        if not picture.informative:
            return []
        best: dict[tuple[int, int], _ByHash] = {}
        for place, (segment, usable) in enumerate(zip(self._segments, self._hashable, strict=True)):
            for view, kept_hash in enumerate((picture.dct256, picture.box256)):
                for row, distance in nearest(kept_hash, segment.hashes, limit):
                    key = (place, row // HASHES)
                    if usable[key[1]] and (key not in best or distance < best[key].distance):
                        own_view, orientation = divmod(row % HASHES, _ORIENTATIONS)
                        best[key] = _ByHash(
                            segment=place,
                            number=key[1],
                            distance=distance,
                            own_view=own_view,
                            orientation=orientation,
                            view=view,
                        )
        return sorted(best.values(), key=lambda one: one.distance)

    def _hash_matches(self, sketch: Sketch, found: _ByHash) -> list[Match]:
        size = self._segments[found.segment].size(found.number)
        transform = transform_of(self._hash_placement(sketch, found), size)
        return [
            replace(self._hash_match(sketch.fingerprint, reference, found), transform=transform)
            for reference in self._references(found)
        ]

    def _hash_match(self, picture: Fingerprint, reference: Reference, found: _ByHash) -> Match:
        return _match(picture, reference, score=confidence(found.distance), stage=HASH, distance=found.distance)

    def _hash_placement(self, sketch: Sketch, found: _ByHash) -> Homography:
        segment, picture = self._segments[found.segment], sketch.fingerprint
        own_box: Box = segment.box(found.number) if found.own_view else WHOLE
        box: Box = sketch.box if found.view else WHOLE
        size = segment.size(found.number)
        return box_placement(found.orientation, own_box, size, box, (picture.width, picture.height))

    # ------------------------------------------------------------------------------------------------- pixels

    def _examine(self, sketch: Sketch, near: Sequence[_ByHash]) -> tuple[Examined, ...]:
        examined = [
            self._compare(sketch, one.segment, one.number, self._hash_placement(sketch, one), None)
            for one in near[:_MOST_BY_HASH]
        ]
        proposed = propose(self._segments, sketch.features, sketch.mirrored, self._settings.candidates)
        for candidate in proposed:
            if candidate.votes >= self._settings.fewest_votes and self._usable[candidate.segment][candidate.number]:
                examined.append(self._align(sketch, candidate))
        return tuple(one for one in examined if one is not None)

    def _align(self, sketch: Sketch, candidate: Candidate) -> Examined | None:
        segment = self._segments[candidate.segment]
        features = sketch.mirrored if candidate.mirrored else sketch.features
        grey_size = segment.grey_size(candidate.number)
        alignment = align(segment.features(candidate.number), features, grey_size)
        if alignment is None:
            return None
        (width, height), picture = segment.size(candidate.number), sketch.fingerprint
        to_grey = scaling(grey_size[0] / width, grey_size[1] / height)
        flip = flipping(sketch.grey.shape[1]) if candidate.mirrored else np.eye(3)
        from_grey = scaling(picture.width / sketch.grey.shape[1], picture.height / sketch.grey.shape[0])
        placement = from_grey @ flip @ alignment.placement @ to_grey
        return self._compare(sketch, candidate.segment, candidate.number, placement, alignment)

    def _compare(
        self, sketch: Sketch, place: int, number: int, placement: Homography, alignment: Alignment | None
    ) -> Examined | None:
        segment, picture = self._segments[place], sketch.fingerprint
        frame, (width, height) = segment.frame(number), segment.size(number)
        from_frame = scaling(width / frame.grey.shape[1], height / frame.grey.shape[0])
        to_grey = scaling(sketch.grey.shape[1] / picture.width, sketch.grey.shape[0] / picture.height)
        compared: Comparison | None = compare(frame, sketch.grey, to_grey @ placement @ from_frame)
        if compared is None:
            return None
        found = np.linalg.inv(to_grey) @ compared.placement @ np.linalg.inv(from_frame)
        return Examined(
            segment=place,
            number=number,
            name=segment.names[number],
            placement=found,
            measures=measure(frame, compared, alignment, (width, height)),
        )

    def _decide(self, sketch: Sketch, examined: Sequence[Examined]) -> tuple[Match, ...]:
        if not examined:
            return ()
        verifier = self._verifier or shipped_verifier()
        scores = verifier.scores(np.stack([one.measures for one in examined]))
        best: dict[str, tuple[float, Examined]] = {}
        for score, one in zip(scores.tolist(), examined, strict=True):
            if score >= verifier.review and score > best.get(one.name, (0.0, one))[0]:
                best[one.name] = (score, one)
        return _ordered(
            _match(
                sketch.fingerprint,
                reference,
                score=score,
                stage=FEATURES,
                decision=MatchDecision.CONFIRMED if score >= verifier.confirmed else MatchDecision.REVIEW,
                transform=transform_of(one.placement, self._segments[one.segment].size(one.number)),
                agreement=round(float(one.measures[_AGREEMENT]), 4),
            )
            for score, one in best.values()
            for reference in self._showing[one.name]
        )

    # -------------------------------------------------------------------------------------------- references

    def _references(self, found: _ByHash) -> list[Reference]:
        return self._showing[self._segments[found.segment].names[found.number]]

    def _rows(self, segment: Segment, suits: Callable[[Fingerprint], bool]) -> NDArray[np.bool_]:
        """Which pictures of a segment are references here, and suit."""
        shown = (self._showing.get(name, ()) for name in segment.names)
        return np.array([any(suits(one.fingerprint) for one in some) for some in shown], dtype=np.bool_)


def _is_confirmed(match: Match) -> bool:
    return match.decision is MatchDecision.CONFIRMED


def _check(fingerprint: Fingerprint) -> None:
    if fingerprint.version != FINGERPRINT_VERSION:
        raise ValueError(
            f"picture {fingerprint.image_sha256} has a fingerprint of version {fingerprint.version}, not "
            f"{FINGERPRINT_VERSION}: take it again before matching"
        )


def _match(picture: Fingerprint, reference: Reference, *, score: float, stage: str, **evidence: object) -> Match:
    return Match(
        image_sha256=picture.image_sha256,
        reference_image_id=reference.reference_image_id,
        product_id=reference.product_id,
        score=score,
        stage=stage,
        **evidence,  # type: ignore[arg-type]
    )


def _ordered(matches: Iterable[Match]) -> tuple[Match, ...]:
    return tuple(sorted(matches, key=lambda match: -match.score))
