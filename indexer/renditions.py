"""Pictures that pages show in a stored one's place, made once by the decoding processes and kept in the data folder.

A thumbnail; what a calibration has tried; and of a match the listing's picture brought into the reference's frame, or
how the two differ there.
"""

import hashlib
import json
import os
from collections.abc import Collection
from contextlib import suppress
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path

from counterfoil.evidence import EvidenceStore
from counterfoil.exceptions import UnreadablePicture
from counterfoil.models import Transform
from counterfoil.renditions import rendition_folder
from indexer.decoding import PictureDecoder

# Raised when they are made otherwise.
_VERSION = "1"
_EDITED_SIDE = 320


class Comparison(StrEnum):
    """How a listing's picture is shown where the reference lies in it."""

    ALIGNED = "aligned"
    DIFFERENCE = "difference"


class Renditions:
    """What is made of stored pictures for pages: JPEG files, each made when it is first asked for, or ahead of that."""

    def __init__(self, data: Path, evidence: EvidenceStore, decoder: PictureDecoder) -> None:
        self._data = data
        self._evidence = evidence
        self._decoder = decoder

    def thumbnail(self, sha256: str) -> bytes | None:
        """A picture at most 256 pixels wide and high; None for one that cannot be read.

        Raises NotFound, EvidenceDamaged or EvidenceUnavailable.
        """
        path = self._thumbnail_path(sha256)
        kept = _kept(path)
        if kept is None:
            kept = self._thumbnail(sha256)
            _keep(path, kept)
        # An empty file says that it cannot be read, so that it is not tried again and again.
        return kept or None

    def make_thumbnails(self, sha256s: Collection[str]) -> None:
        """Make those thumbnails that are not there, side by side; a picture whose file is missing has none.

        Raises OSError or EvidenceUnavailable when disk or bucket fail.
        """
        missing = [sha256 for sha256 in sha256s if not self._thumbnail_path(sha256).exists()]
        for sha256, made in self._decoder.thumbnail_stored(self._evidence, missing).items():
            _keep(self._thumbnail_path(sha256), b"" if isinstance(made, UnreadablePicture) else made)

    def compare(self, picture: str, reference: str, transform: Transform, kind: Comparison) -> bytes:
        """A listing's picture in the frame of a reference that matched it so, at most 640 pixels wide and high.

        Raises UnreadablePicture, NotFound, EvidenceDamaged or EvidenceUnavailable.
        """
        said = json.dumps([reference, asdict(transform)], sort_keys=True)
        name = f"{kind}-{_VERSION}-{hashlib.sha256(said.encode()).hexdigest()[:32]}.jpg"
        path = rendition_folder(self._data, picture) / name
        kept = _kept(path)
        if kept is None:
            both = (self._evidence.get_image(picture), self._evidence.get_image(reference))
            kept = self._decoder.compare(*both, transform, difference=kind is Comparison.DIFFERENCE)
            _keep(path, kept)
        return kept

    def edited(self, sha256: str, edit: str, seed: int) -> bytes | None:
        """A picture after a named edit, at most 320 pixels wide and high; None where the edit cannot be made of it.

        Raises UnreadablePicture, NotFound, EvidenceDamaged or EvidenceUnavailable.
        """
        path = rendition_folder(self._data, sha256) / f"edit-{edit}-{seed}-{_VERSION}.jpg"
        kept = _kept(path)
        if kept is None:
            kept = self._decoder.edited(self._evidence.get_image(sha256), edit, seed, _EDITED_SIDE) or b""
            _keep(path, kept)
        return kept or None

    def _thumbnail_path(self, sha256: str) -> Path:
        return rendition_folder(self._data, sha256) / f"thumbnail-{_VERSION}.jpg"

    def _thumbnail(self, sha256: str) -> bytes:
        try:
            return self._decoder.thumbnail(self._evidence.get_image(sha256))
        except UnreadablePicture:
            return b""


def _kept(path: Path) -> bytes | None:
    with suppress(FileNotFoundError):
        return path.read_bytes()
    return None


def _keep(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}.part")
    with draft.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
