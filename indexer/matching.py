"""Matches the pictures of listings against owners' references: each picture once against the same references."""

from collections import defaultdict
from collections.abc import Collection, Mapping

from counterfoil.evidence import EvidenceStore
from counterfoil.exceptions import UnreadablePicture
from counterfoil.fingerprints import FINGERPRINT_VERSION, Sketch
from counterfoil.matching import ReferenceBank
from counterfoil.models import Fingerprint, Match
from counterfoil.store import Store
from counterfoil.store.images import add_fingerprints, add_unreadable, deleted_images, get_fingerprints
from counterfoil.store.matches import get_matches, keep_matches
from indexer.decoding import PictureDecoder

# By owner and picture.
Found = dict[tuple[int, str], tuple[Match, ...]]


class PictureMatching:
    """Says what pictures match; decodes and matches those of which it is not known yet."""

    def __init__(self, store: Store, evidence: EvidenceStore, decoder: PictureDecoder) -> None:
        self._store = store
        self._evidence = evidence
        self._decoder = decoder

    def matches_of(self, banks: Mapping[int, ReferenceBank], shown: Mapping[int, Collection[str]]) -> Found:
        """What the pictures shown to each owner match in that owner's bank; absent where there is no picture to match.

        A picture whose bytes are gone is matched by its kept hashes. One that cannot be read now is as well, and tried
        again when it is next asked for. Raises OSError or EvidenceUnavailable when disk or bucket fail.
        """
        every = {sha256 for some in shown.values() for sha256 in some}
        with self._store.read() as connection:
            found: Found = {
                (owner_id, sha256): matches
                for owner_id, some in shown.items()
                for sha256, matches in get_matches(connection, owner_id, banks[owner_id].identity, some).items()
            }
            known = get_fingerprints(connection, every, FINGERPRINT_VERSION)
            deleted = deleted_images(connection, every)
        asking: dict[str, list[int]] = defaultdict(list)
        for owner_id, some in shown.items():
            for sha256 in some:
                unreadable = sha256 in known and known[sha256] is None
                if (owner_id, sha256) not in found and not unreadable:
                    asking[sha256].append(owner_id)
        made = self._match_stored(banks, {sha256: asking[sha256] for sha256 in asking if sha256 not in deleted})
        found.update(made)
        found.update(_by_hashes(banks, asking, known, found))
        return found

    def _match_stored(self, banks: Mapping[int, ReferenceBank], asking: Mapping[str, Collection[int]]) -> Found:
        def match(sketch: Sketch) -> tuple[Fingerprint, dict[int, tuple[Match, ...]]]:
            picture = sketch.fingerprint
            return picture, {owner_id: banks[owner_id].match(sketch) for owner_id in asking[picture.image_sha256]}

        answers = self._decoder.map_stored(self._evidence, list(asking), match)
        matched = {sha256: one for sha256, one in answers.items() if not isinstance(one, UnreadablePicture)}
        by_owner: dict[int, dict[str, tuple[Match, ...]]] = defaultdict(dict)
        for sha256, (_, matches) in matched.items():
            for owner_id, some in matches.items():
                by_owner[owner_id][sha256] = some
        if answers:
            with self._store.write() as connection:
                add_fingerprints(connection, [matched[sha256][0] for sha256 in sorted(matched)])
                for sha256 in sorted(answers.keys() - matched.keys()):
                    add_unreadable(connection, sha256, FINGERPRINT_VERSION, str(answers[sha256]))
                for owner_id in sorted(by_owner):
                    keep_matches(connection, owner_id, banks[owner_id].identity, by_owner[owner_id])
        return {(owner_id, sha256): some for owner_id, one in by_owner.items() for sha256, some in one.items()}


def _by_hashes(
    banks: Mapping[int, ReferenceBank],
    asking: Mapping[str, Collection[int]],
    known: Mapping[str, Fingerprint | None],
    found: Found,
) -> Found:
    """What can be said of pictures of which only the hashes are there."""
    made: Found = {}
    for sha256, owner_ids in asking.items():
        picture = known.get(sha256)
        if picture is not None:
            made.update(
                ((owner_id, sha256), banks[owner_id].match_kept(picture))
                for owner_id in owner_ids
                if (owner_id, sha256) not in found
            )
    return made
