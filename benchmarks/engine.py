"""The matching engine as the product calls it: files in, matches out, with nothing set for the benchmark."""

import hashlib
from collections.abc import Mapping, Sequence

from counterfoil.fingerprints import Sketch, sketch
from counterfoil.matching import ReferenceBank
from counterfoil.models import Match, Reference


def sketched(files: Sequence[bytes]) -> dict[str, Sketch]:
    """The sketches of files by the SHA-256 of their bytes."""
    return {one.fingerprint.image_sha256: one for one in map(sketch, files)}


class Engine:
    """One bank of references; the references are numbered as they stand, products too unless `products` says else."""

    def __init__(self, references: Sequence[bytes], products: Sequence[int] | None = None) -> None:
        sketches = sketched(references)
        names = [hashlib.sha256(data).hexdigest() for data in references]
        self.left_out = [number for number, name in enumerate(names) if not sketches[name].fingerprint.informative]
        self._bank = ReferenceBank(_references(names, sketches, products), sketches)

    def matches(self, query: bytes) -> tuple[Match, ...]:
        """What the engine says of a file."""
        return self._bank.match(sketch(query))


def _references(
    names: Sequence[str], sketches: Mapping[str, Sketch], products: Sequence[int] | None
) -> list[Reference]:
    # Numbers of rows begin with 1.
    return [
        Reference(
            reference_image_id=number + 1,
            product_id=(products[number] if products else number) + 1,
            fingerprint=sketches[name].fingerprint,
        )
        for number, name in enumerate(names)
    ]
