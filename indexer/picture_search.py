"""Search by picture: a person's picture against what is kept of every picture that the owner's crawls have shown.

The same path as a new reference takes to the pictures of the past: kept hashes propose, and where the bytes are still
stored their pixels decide.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from counterfoil.evidence import EvidenceStore
from counterfoil.exceptions import UnreadablePicture
from counterfoil.fingerprints import Sketch
from counterfoil.matching import ReferenceBank
from counterfoil.matching.hashes import MAX_DISTANCE
from counterfoil.models import Match, MatchDecision, Reference
from counterfoil.store import Store
from counterfoil.store.images import deleted_images, pictures_seen
from counterfoil.store.suspects import suspects_with_images
from indexer.decoding import PictureDecoder
from indexer.known_pictures import KnownPictures, NearPicture

# Pixels of so many candidates are compared, the nearest first; the others are unverified.
_MOST_VERIFIED = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPicture:
    """A crawled picture that shows what the person's does, how surely, and the suspects that show it.

    `distance` is the least in which their hashes differ (of 256 bits), in any of 8 orientations.
    """

    sha256: str
    distance: int
    decision: MatchDecision
    score: float
    suspect_ids: tuple[int, ...]


def find_by_picture(
    store: Store,
    evidence: EvidenceStore,
    decoder: PictureDecoder,
    known: KnownPictures,
    owner_id: int,
    sketch: Sketch,
) -> list[FoundPicture]:
    """Crawled pictures that show this one, best first, whether or not their listings are suspects."""
    near = _near(store, known, owner_id, sketch)
    with store.read() as connection:
        gone = deleted_images(connection, [one.sha256 for one in near])
    # The very file needs no look at its pixels.
    there = [one for one in near if one.sha256 not in {*gone, sketch.fingerprint.image_sha256}]
    decided = _look_at(evidence, decoder, sketch, there[:_MOST_VERIFIED])
    found = [(one, _decision(one, decided, sketch.fingerprint.image_sha256)) for one in near]
    kept = [(one, match) for one, match in found if match is not None]
    with store.read() as connection:
        suspects = suspects_with_images(connection, owner_id, [one.sha256 for one, _ in kept])
    showing: dict[str, list[int]] = {}
    for suspect_id, sha256s in suspects.items():
        for sha256 in sha256s:
            showing.setdefault(sha256, []).append(suspect_id)
    pictures = [
        FoundPicture(
            sha256=one.sha256,
            distance=one.distance,
            decision=decision,
            score=score,
            suspect_ids=tuple(sorted(showing.get(one.sha256, ()))),
        )
        for one, (decision, score) in kept
    ]
    return sorted(pictures, key=lambda one: (-one.score, one.distance))


def _near(store: Store, known: KnownPictures, owner_id: int, sketch: Sketch) -> list[NearPicture]:
    """The pictures worth a look among those that the owner has come to see, nearest first."""
    if not sketch.fingerprint.informative:
        return []
    near = known.near(sketch)
    with store.read() as connection:
        seen = pictures_seen(connection, owner_id, [one.sha256 for one in near])
    return [one for one in near if one.sha256 in seen]


def _look_at(
    evidence: EvidenceStore, decoder: PictureDecoder, sketch: Sketch, near: Sequence[NearPicture]
) -> dict[str, Match | None]:
    """What the engine says of those whose bytes are stored; those whose are gone are absent."""
    own = Reference(reference_image_id=0, product_id=0, fingerprint=sketch.fingerprint)
    bank = ReferenceBank([own], {sketch.fingerprint.image_sha256: sketch})
    answers = decoder.map_stored(evidence, [one.sha256 for one in near], lambda other: bank.match(other))
    return {
        sha256: next(iter(matches), None)
        for sha256, matches in answers.items()
        if not isinstance(matches, UnreadablePicture)
    }


def _decision(one: NearPicture, decided: dict[str, Match | None], own: str) -> tuple[MatchDecision, float] | None:
    if one.sha256 == own:
        return MatchDecision.CONFIRMED, 1.0
    if one.sha256 in decided:
        match = decided[one.sha256]
        return None if match is None else (match.decision, match.score)
    if one.distance > MAX_DISTANCE:
        return None
    return MatchDecision.UNVERIFIED, float(np.interp(one.distance, [0, MAX_DISTANCE], [0.8, 0.5]))
