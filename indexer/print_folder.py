"""Keeps the prints of reference images ready, one file for each picture, shared by all owners and judges of a machine.

Derived from the stored pictures and made where they are missing: the folder may be deleted at any time.
"""

import logging
import os
import zipfile
from collections.abc import Collection
from pathlib import Path

import numpy as np

from counterfoil.evidence import EvidenceStore
from counterfoil.matching.prints import PRINT_VERSION, Print
from indexer.decoding import PictureDecoder

log = logging.getLogger(__name__)


class PrintFolder:
    """The prints of stored pictures by their SHA-256."""

    def __init__(self, folder: Path, evidence: EvidenceStore, decoder: PictureDecoder) -> None:
        self._folder = folder / PRINT_VERSION
        self._evidence = evidence
        self._decoder = decoder

    def prints(self, sha256s: Collection[str]) -> dict[str, Print]:
        """The prints of these pictures; one that cannot be read now is left out. Raises OSError when the disk fails."""
        if not sha256s:
            return {}
        self._folder.mkdir(parents=True, exist_ok=True)
        found = {sha256: one for sha256 in sha256s if (one := _opened(self._path(sha256))) is not None}
        answers = self._decoder.print_stored(self._evidence, [name for name in sha256s if name not in found])
        for sha256, made in answers.items():
            if isinstance(made, Print):
                _save(made, self._path(sha256))
                found[sha256] = made
        return found

    def _path(self, sha256: str) -> Path:
        return self._folder / f"{sha256}.npz"


def _opened(path: Path) -> Print | None:
    try:
        with np.load(path, allow_pickle=False) as kept:
            width, height = kept["size"].tolist()
            return Print(
                descriptors=kept["descriptors"],
                points=kept["points"],
                colours=kept["colours"],
                size=(width, height),
                on_plain=bool(kept["on_plain"]),
            )
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        log.info("the print in %s is taken anew: %s", path, error)
        return None


def _save(made: Print, path: Path) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    with draft.open("wb") as file:
        np.savez(
            file,
            descriptors=made.descriptors,
            points=made.points,
            colours=made.colours,
            size=np.array(made.size),
            on_plain=np.array(made.on_plain),
        )
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
