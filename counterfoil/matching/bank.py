"""The reference images that pictures are matched against, stage by stage."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from counterfoil.fingerprints import FINGERPRINT_VERSION, Sketch
from counterfoil.fingerprints.foreground import WHOLE, Box
from counterfoil.matching.hashes import confidence, hash_matrix, nearest
from counterfoil.matching.placement import box_placement, transform_of
from counterfoil.models import Fingerprint, Match, MatchDecision, Reference, Transform

EXACT = "exact"
HASH = "hash"

_UNVERIFIED = MatchDecision.UNVERIFIED


class ReferenceBank:
    """The reference images that pictures are matched against. Immutable; build a new one when a reference is added.

    `sketches` are those of the references by SHA-256; without its sketch a reference is found upright only. References
    that are too plain are left out: they would match everything plain. Raises ValueError when references or pictures
    have fingerprints of another version than `version`: their bits mean something else.
    """

    def __init__(
        self, references: Sequence[Reference], sketches: Mapping[str, Sketch], version: str = FINGERPRINT_VERSION
    ) -> None:
        self._version = version
        for reference in references:
            self._check(reference.fingerprint)
        self._references = tuple(reference for reference in references if reference.fingerprint.informative)
        self._sketches = [sketches.get(one.fingerprint.image_sha256) for one in self._references]
        blocks = [_hashes(one.fingerprint, made) for one, made in zip(self._references, self._sketches, strict=True)]
        self._hashes = np.concatenate([hash_matrix([]), *(block.reshape(-1, 32) for block in blocks)])
        # Which reference, which of whole and box, and which orientation a row of `_hashes` is of.
        self._rows = [(number, *place) for number, block in enumerate(blocks) for place in np.ndindex(block.shape[:2])]

    def __len__(self) -> int:
        return len(self._references)

    def match(self, sketch: Sketch) -> tuple[Match, ...]:
        """Every reference image that this picture is a copy of, best first; none for a picture that is too plain.

        Sister products that share a photo are each matched.
        """
        self._check(sketch.fingerprint)
        found = self._nearest(sketch.fingerprint)
        matches = [self._match(sketch.fingerprint, row, distance) for row, distance, _ in found]
        placed = [
            replace(match, transform=self._transform(sketch, row, view))
            for match, (row, _, view) in zip(matches, found, strict=True)
        ]
        return _ordered(placed)

    def match_kept(self, picture: Fingerprint) -> tuple[Match, ...]:
        """The same from a fingerprint alone, where the pixels are gone: what only hashes say is `unverified`."""
        self._check(picture)
        matches = [self._match(picture, row, distance) for row, distance, _ in self._nearest(picture)]
        return _ordered([one if one.stage == EXACT else replace(one, decision=_UNVERIFIED) for one in matches])

    def _nearest(self, picture: Fingerprint) -> list[tuple[int, int, int]]:
        """Of each reference within reach its nearest row, the distance, and which of the picture's views that was."""
        if not picture.informative or not self._references:
            return []
        best: dict[int, tuple[int, int, int]] = {}
        for view, kept_hash in enumerate((picture.dct256, picture.box256)):
            for row, distance in nearest(kept_hash, self._hashes):
                number = self._rows[row][0]
                if number not in best or distance < best[number][1]:
                    best[number] = (row, distance, view)
        return list(best.values())

    def _match(self, picture: Fingerprint, row: int, distance: int) -> Match:
        reference = self._references[self._rows[row][0]]
        exact = picture.image_sha256 == reference.fingerprint.image_sha256
        return Match(
            image_sha256=picture.image_sha256,
            reference_image_id=reference.reference_image_id,
            product_id=reference.product_id,
            score=1.0 if exact else confidence(distance),
            stage=EXACT if exact else HASH,
            distance=0 if exact else distance,
        )

    def _transform(self, sketch: Sketch, row: int, view: int) -> Transform:
        number, own_view, orientation = self._rows[row]
        own = self._references[number].fingerprint
        own_box = _box(self._sketches[number], own_view)
        size, picture_size = (own.width, own.height), (sketch.fingerprint.width, sketch.fingerprint.height)
        placement = box_placement(orientation, own_box, size, _box(sketch, view), picture_size)
        return transform_of(placement, size)

    def _check(self, fingerprint: Fingerprint) -> None:
        if fingerprint.version != self._version:
            raise ValueError(
                f"picture {fingerprint.image_sha256} has a fingerprint of version {fingerprint.version}, not "
                f"{self._version}: take it again before matching"
            )


def _hashes(fingerprint: Fingerprint, sketch: Sketch | None) -> NDArray[np.uint8]:
    """The hashes of whole and box in 8 orientations (2 x 8 x 32 bytes), or upright only (2 x 1 x 32)."""
    return hash_matrix([fingerprint.dct256, fingerprint.box256])[:, None] if sketch is None else sketch.hashes


def _box(sketch: Sketch | None, view: int) -> Box:
    return sketch.box if sketch is not None and view else WHOLE


def _ordered(matches: Sequence[Match]) -> tuple[Match, ...]:
    return tuple(sorted(matches, key=lambda match: (-match.score, match.stage != EXACT)))
