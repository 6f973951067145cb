"""Sees to it that stored pictures have their fingerprints."""

from collections.abc import Collection, Mapping

from counterfoil.evidence import EvidenceStore
from counterfoil.fingerprints import FINGERPRINT_VERSION
from counterfoil.models import Fingerprint
from counterfoil.store import Store
from counterfoil.store.images import add_fingerprints, add_unreadable, get_fingerprints
from indexer.decoding import PictureDecoder


def fingerprints_of(
    store: Store, evidence: EvidenceStore, decoder: PictureDecoder, sha256s: Collection[str]
) -> dict[str, Fingerprint]:
    """The fingerprints of stored pictures, made where they are missing; those that have none are left out."""
    with store.read() as connection:
        known = get_fingerprints(connection, sha256s, FINGERPRINT_VERSION)
    made = make_fingerprints(store, evidence, decoder, [sha256 for sha256 in sha256s if sha256 not in known])
    return {sha256: one for sha256, one in {**known, **made}.items() if one is not None}


def make_fingerprints(
    store: Store, evidence: EvidenceStore, decoder: PictureDecoder, sha256s: Collection[str]
) -> Mapping[str, Fingerprint | None]:
    """Take and keep the fingerprints of stored pictures; None for one that is unreadable, whose reason is kept.

    One whose file cannot be read now is left out and tried again when it is next asked for. Raises OSError.
    """
    if not sha256s:
        return {}
    taken = decoder.fingerprint_stored(evidence, sha256s)
    made = {sha256: one for sha256, one in taken.items() if isinstance(one, Fingerprint)}
    # In the order of the names: two judges that write the same pictures then wait for each other, and never in a ring.
    with store.write() as connection:
        add_fingerprints(connection, [made[sha256] for sha256 in sorted(made)])
        for sha256 in sorted(taken.keys() - made.keys()):
            add_unreadable(connection, sha256, FINGERPRINT_VERSION, str(taken[sha256]))
    return {sha256: made.get(sha256) for sha256 in taken}
