"""The past listings that probably show what was registered anew: they are judged before the others.

Judging all pictures of the past takes hours where there are a million; comparing their kept hashes takes seconds.
"""

from counterfoil.evidence import EvidenceStore
from counterfoil.exceptions import UnreadablePicture
from counterfoil.fingerprints import Sketch
from counterfoil.store import Store
from counterfoil.store.reassessments import Reassessment, new_references, versions_showing
from indexer.decoding import PictureDecoder
from indexer.known_pictures import KnownPictures, NearPicture

# Each takes a third of a second among a million pictures. The listings of a larger import are found on the walk.
_MOST_REFERENCES = 50
_MOST_LISTINGS = 200


class LikelyListings:
    """Finds them by kept hashes, as a search by picture does; whether they match is for the judge to say."""

    def __init__(self, store: Store, evidence: EvidenceStore, decoder: PictureDecoder) -> None:
        self._store = store
        self._evidence = evidence
        self._decoder = decoder
        self._known = KnownPictures(store)

    def of(self, claim: Reassessment) -> tuple[tuple[int, int], ...]:
        """(listing id, listing version id) pairs ahead of the walk, the nearest first."""
        with self._store.read() as connection:
            references = new_references(connection, claim, _MOST_REFERENCES)
        if not references:
            return ()
        answers = self._decoder.map_stored(self._evidence, references, self._near)
        near = [one for found in answers.values() if not isinstance(found, UnreadablePicture) for one in found]
        sha256s = list(dict.fromkeys(one.sha256 for one in sorted(near, key=lambda one: (one.distance, one.sha256))))
        with self._store.read() as connection:
            return versions_showing(connection, claim, sha256s[:_MOST_LISTINGS], _MOST_LISTINGS)

    def _near(self, sketch: Sketch) -> list[NearPicture]:
        return self._known.near(sketch) if sketch.fingerprint.informative else []
