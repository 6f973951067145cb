"""Search by picture: a person's picture against what is kept of every picture that the owner's crawls have shown."""

from dataclasses import dataclass

import sqlalchemy as sa

from counterfoil.fingerprints import FINGERPRINT_VERSION
from counterfoil.matching.hashes import MAX_DISTANCE, hash_matrix, nearest
from counterfoil.models import Fingerprint
from counterfoil.store.images import iterate_hashes
from counterfoil.store.suspects import suspects_with_images


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPicture:
    """A crawled picture that looks like the person's: how many of 256 bits differ, and the suspects that show it."""

    sha256: str
    distance: int
    suspect_ids: tuple[int, ...]


def find_by_picture(
    connection: sa.Connection, owner_id: int, fingerprint: Fingerprint, max_distance: int = MAX_DISTANCE
) -> list[FoundPicture]:
    """Crawled pictures like this one, best first, whether or not their listings are suspects."""
    kept = list(iterate_hashes(connection, FINGERPRINT_VERSION, owner_id))
    hashes = hash_matrix(dct256 for _, dct256 in kept)
    found = nearest(fingerprint.dct256, hashes, max_distance) if kept and fingerprint.informative else ()
    distances = {kept[row][0]: distance for row, distance in found}
    suspects = suspects_with_images(connection, owner_id, distances)
    showing: dict[str, list[int]] = {}
    for suspect_id, sha256s in suspects.items():
        for sha256 in sha256s:
            showing.setdefault(sha256, []).append(suspect_id)
    return [
        FoundPicture(sha256=sha256, distance=distance, suspect_ids=tuple(sorted(showing.get(sha256, ()))))
        for sha256, distance in distances.items()
    ]
