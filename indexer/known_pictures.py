"""The hashes of every picture that was ever crawled, held ready by a process that searches more than once."""

import threading
from dataclasses import dataclass
from typing import Any

from counterfoil.fingerprints import FINGERPRINT_VERSION, Sketch
from counterfoil.matching.hashes import BITS, WORTH_A_LOOK
from counterfoil.store import Store
from counterfoil.store.images import hashes_after

_NAME_BYTES = 32
# On PostgreSQL a number may be seen before a lower one, whose transaction ends later: so many are read once more.
_READ_AGAIN = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class NearPicture:
    """A picture and the least number of bits (of 256) in which its hashes differ from the searched one's."""

    sha256: str
    distance: int


class KnownPictures:
    """Pictures by their hashes, of all owners: who may see one is for the caller to ask.

    Each search first reads what was added since the last. A million pictures take 100 MB, and some seconds at first.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._hashes: Any = None
        self._names = bytearray()
        self._last = 0
        self._newest: set[int] = set()

    def read(self) -> None:
        """Read what was added since the last time, ahead of a search. Raises StoreUnavailable."""
        with self._lock:
            self._read_new()

    def near(self, sketch: Sketch) -> list[NearPicture]:
        """Pictures with a hash, of the whole or the foreground, near to one of this one's in any orientation.

        The nearest first. Raises StoreUnavailable.
        """
        with self._lock:
            self._read_new()
            found = self._hashes.range_search(sketch.hashes.reshape(-1, BITS // 8), WORTH_A_LOOK + 1)
        best: dict[str, int] = {}
        for distance, row in zip(found[1].tolist(), found[2].tolist(), strict=True):
            name = self._name(row // 2)
            best[name] = min(int(distance), best.get(name, BITS))
        near = [NearPicture(sha256=sha256, distance=distance) for sha256, distance in best.items()]
        return sorted(near, key=lambda one: (one.distance, one.sha256))

    def _name(self, place: int) -> str:
        return self._names[place * _NAME_BYTES : (place + 1) * _NAME_BYTES].hex()

    def _read_new(self) -> None:
        import faiss  # heavy, and needed by those who search by picture only
        import numpy as np

        if self._hashes is None:
            self._hashes = faiss.IndexBinaryFlat(BITS)
            # In this process: threads that wait for one another cost twice the CPU, and more time where others work.
            faiss.omp_set_num_threads(1)
        with self._store.read() as connection:
            for rows in hashes_after(connection, FINGERPRINT_VERSION, self._last - _READ_AGAIN):
                new = [row for row in rows if row.id not in self._newest]
                hashes = b"".join(one for row in new for one in (row.dct256, row.box256))
                self._hashes.add(np.frombuffer(hashes, dtype=np.uint8).reshape(-1, BITS // 8))
                self._names += bytes.fromhex("".join(row.image_sha256 for row in new))
                self._newest.update(row.id for row in new)
                self._last = max(self._last, rows[-1].id)
                self._newest = {one for one in self._newest if one > self._last - _READ_AGAIN}
