"""The held hashes of all pictures: what is near is found, what is added is found by the next search, once."""

import random
from dataclasses import dataclass

import numpy as np
import pytest
from rows import NOON

from counterfoil.fingerprints import FINGERPRINT_VERSION
from counterfoil.models import Fingerprint
from counterfoil.store import Store
from counterfoil.store.images import add_fingerprints, add_image
from indexer.known_pictures import KnownPictures, NearPicture

DICE = random.Random(5)


@dataclass(frozen=True)
class Searched:
    """What is asked for: two hashes, as a sketch has them for each orientation."""

    hashes: np.ndarray


def searched(*hashes: bytes) -> Searched:
    return Searched(np.frombuffer(b"".join(hashes), dtype=np.uint8).reshape(len(hashes), 1, 32))


def differing(one: bytes, bits: int) -> bytes:
    """The hash with so many bits turned over."""
    turned = int.from_bytes(one, "big")
    for place in DICE.sample(range(256), bits):
        turned ^= 1 << place
    return turned.to_bytes(32, "big")


def add(store: Store, *made: tuple[str, bytes, bytes]) -> None:
    with store.write() as connection:
        for sha256, whole, foreground in made:
            add_image(connection, sha256, 1, NOON)
            one = Fingerprint(
                image_sha256=sha256,
                version=FINGERPRINT_VERSION,
                width=1,
                height=1,
                phash=bytes(8),
                dct256=whole,
                box256=foreground,
                informative=True,
            )
            add_fingerprints(connection, [one])


def test_what_is_near_is_found_nearest_first_each_picture_once_and_what_is_added_by_the_next_search(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    known, own, other = KnownPictures(sqlite_store), DICE.randbytes(32), DICE.randbytes(32)
    assert known.near(searched(own, other)) == []
    add(
        sqlite_store,
        ("a" * 64, differing(own, 72), differing(own, 30)),
        ("b" * 64, differing(own, 73), DICE.randbytes(32)),
        ("c" * 64, DICE.randbytes(32), differing(other, 72)),
    )
    found = [NearPicture(sha256="a" * 64, distance=30), NearPicture(sha256="c" * 64, distance=72)]
    assert known.near(searched(own, other)) == known.near(searched(own, other)) == found
    add(sqlite_store, ("d" * 64, own, own))
    assert known.near(searched(own, other)) == [NearPicture(sha256="d" * 64, distance=0), *found]
    # However few are read once more, and however many pieces it takes to read them.
    monkeypatch.setattr("indexer.known_pictures._READ_AGAIN", 0)
    monkeypatch.setattr("counterfoil.store.images._ROWS_AT_ONCE", 1)
    again = KnownPictures(sqlite_store)
    assert again.near(searched(own, other)) == [NearPicture(sha256="d" * 64, distance=0), *found]
    add(sqlite_store, ("e" * 64, differing(own, 1), own), ("f" * 64, own, own))
    assert [one.sha256[0] for one in again.near(searched(own, other))] == ["d", "e", "f", "a", "c"]
