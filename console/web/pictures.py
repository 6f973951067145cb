"""Stored pictures as pages show them."""

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from console.output import deleted_words
from counterfoil.store.images import deleted_images


@dataclass(frozen=True, slots=True)
class ShownPicture:
    """A stored picture to be shown; what stands in its place once retention has deleted it."""

    sha256: str
    deleted: str | None


def pictures_of(connection: sa.Connection, sha256s: Collection[str]) -> dict[str, ShownPicture]:
    """Pictures by their SHA-256."""
    deleted = deleted_images(connection, sha256s)
    words = {sha256: deleted_words(moment) for sha256, moment in deleted.items()}
    return {sha256: ShownPicture(sha256, words.get(sha256)) for sha256 in sha256s}
