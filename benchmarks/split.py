"""Which photos the verifier may be trained on, and which only test it: the one place that says so.

The photos are those of COUNTERFOIL_TEST_DATA/photos. A sender (photographer) is in one part with all their photos, for
they share floors, hangers and light. Photos without a known sender may be anybody's: they are neither, and only stand
around the others, in collages and behind cut-outs. Of packages nothing is trained on. Any other folder is test alone.
"""

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path

# The share of senders whose photos the verifier is trained on.
_TRAINED_ON = 0.5


@dataclass(frozen=True, slots=True)
class Photos:
    """The photos of one folder by what they may be used for, each list in the order of the names."""

    training: tuple[Path, ...]
    test: tuple[Path, ...]
    scenery: tuple[Path, ...]


def is_trained_on(sender: str) -> bool:
    """Whether the photos of this sender (the column of clothing.tsv) belong to the training part."""
    first = int.from_bytes(hashlib.sha256(f"sender {sender}".encode()).digest()[:4], "big")
    return first / 2**32 < _TRAINED_ON


def split_clothing(folder: Path) -> Photos:
    """The photos of `folder`/clothing, divided by sender as `folder`/clothing.tsv gives them."""
    senders = read_senders(folder / "clothing.tsv")
    photos = sorted((folder / "clothing").glob("*.jpg"))
    known = [photo for photo in photos if photo.name in senders]
    return Photos(
        training=tuple(photo for photo in known if is_trained_on(senders[photo.name])),
        test=tuple(photo for photo in known if not is_trained_on(senders[photo.name])),
        scenery=tuple(photo for photo in photos if photo.name not in senders),
    )


def read_senders(table: Path) -> dict[str, str]:
    """The sender of each photo by the photo's file name."""
    with table.open(encoding="utf-8", newline="") as file:
        return {row["file"]: row["sender"] for row in csv.DictReader(file, delimiter="\t")}
