"""The evidence store: bytes in, their SHA-256 out; what comes back is verified against it.

Pictures and the files of captured pages are kept as they came, response bodies compressed.
"""

import gzip
import hashlib
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from counterfoil.evidence.files import Files, StoredFile
from counterfoil.evidence.folder import FolderFiles
from counterfoil.exceptions import EvidenceDamaged, NotFound

# A stored body may inflate to this much and no more: ours never do, a damaged or planted file might.
_LARGEST_BODY = 512 * 1024 * 1024


class Kind(StrEnum):
    """What is kept, and the folder that it is kept in."""

    IMAGE = "images"
    BODY = "bodies"
    CAPTURE = "captures"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvidence:
    """A file of the store: what it is named by (None: by nothing of ours), where it is, its size, when it was put."""

    sha256: str | None
    where: str
    size: int
    modified_at: datetime


class EvidenceStore:
    """Files named by content; any number of processes may write at once. It can be pickled."""

    def __init__(self, files: Files) -> None:
        self._files = files

    def put_image(self, data: bytes) -> str:
        """Keep a picture's bytes; their SHA-256. Raises OSError when the disk is full, or EvidenceUnavailable."""
        name = hashlib.sha256(data).hexdigest()
        self._files.put(_key(Kind.IMAGE, name), data)
        return name

    def get_image(self, sha256: str) -> bytes:
        """A picture's bytes, verified. Raises NotFound, EvidenceDamaged or EvidenceUnavailable."""
        return self.get(Kind.IMAGE, sha256)

    def has_image(self, sha256: str) -> bool:
        """Whether a picture is there. Raises EvidenceUnavailable."""
        return self.find(Kind.IMAGE, sha256) is not None

    def put_body(self, data: bytes) -> str:
        """Keep a response body, compressed; the SHA-256 of the body itself. Raises as `put_image` does."""
        name = hashlib.sha256(data).hexdigest()
        # Without a time inside, the same body is the same file.
        self._files.put(_key(Kind.BODY, name), gzip.compress(data, compresslevel=6, mtime=0))
        return name

    def get_body(self, sha256: str) -> bytes:
        """A response body, verified. Raises as `get_image` does."""
        return self.get(Kind.BODY, sha256)

    def put_capture(self, data: bytes) -> str:
        """Keep a file of a captured page as it is; its SHA-256. Raises as `put_image` does."""
        name = hashlib.sha256(data).hexdigest()
        self._files.put(_key(Kind.CAPTURE, name), data)
        return name

    def get_capture(self, sha256: str) -> bytes:
        """A file of a captured page, verified. Raises as `get_image` does."""
        return self.get(Kind.CAPTURE, sha256)

    def get(self, kind: Kind, sha256: str) -> bytes:
        """What is stored under a name, verified. Raises NotFound, EvidenceDamaged or EvidenceUnavailable."""
        try:
            data = self._files.get(_key(kind, sha256))
        except FileNotFoundError as error:
            raise NotFound("Nothing is stored under {sha256} any more.", sha256=sha256) from error
        return _verified(_inflate(data, sha256) if kind is Kind.BODY else data, sha256)

    def find(self, kind: Kind, sha256: str) -> StoredEvidence | None:
        """A file without its bytes; None if it is not there."""
        found = self._files.find(_key(kind, sha256))
        return self._evidence(found) if found is not None else None

    def walk(self, kind: Kind) -> Iterator[StoredEvidence]:
        """Every file of a kind, in no order, those with names that are not ours too."""
        return (self._evidence(found) for found in self._files.walk(kind))

    def delete(self, kind: Kind, sha256: str, *, put_before: datetime) -> int | None:
        """Delete a file unless it was put since; the bytes freed (0: it was not there), None if it stays.

        Putting what is there already counts: a crawl that relies on a file keeps it.
        """
        return self._files.delete(_key(kind, sha256), put_before=put_before)

    def remove_drafts(self, *, made_before: datetime) -> int:
        """Delete what killed writers have left half-written; how many."""
        return self._files.remove_drafts(made_before=made_before)

    @property
    def folder(self) -> Path:
        """The folder that everything is in. Raises NotFound where evidence is kept in a bucket."""
        if not isinstance(self._files, FolderFiles):
            raise NotFound("{where} is no folder of this machine.", where=self._files.where(""))
        return self._files.folder

    def image_path(self, sha256: str) -> Path:
        """Where a picture's file is (or would be) on this machine, for programs that read it themselves.

        Raises NotFound where evidence is kept in a bucket.
        """
        return self.folder / _key(Kind.IMAGE, sha256)

    def where(self, kind: Kind, sha256: str) -> str:
        """Where a person finds a file: its path or its address."""
        return self._files.where(_key(kind, sha256))

    def _evidence(self, found: StoredFile) -> StoredEvidence:
        name = found.key.rpartition("/")[2]
        ours = _is_name(name) and found.key.endswith(f"/{name[:2]}/{name[2:4]}/{name}")
        where = self._files.where(found.key)
        return StoredEvidence(
            sha256=name if ours else None, where=where, size=found.size, modified_at=found.modified_at
        )


def _key(kind: Kind, name: str) -> str:
    if not _is_name(name):
        raise NotFound("{name!r} is not the SHA-256 of anything stored.", name=name[:80])
    return f"{kind}/{name[:2]}/{name[2:4]}/{name}"


def _is_name(name: str) -> bool:
    return len(name) == 64 and set(name) <= set("0123456789abcdef")


def _verified(data: bytes, sha256: str) -> bytes:
    if hashlib.sha256(data).hexdigest() != sha256:
        raise EvidenceDamaged(
            "The file stored under {sha256} is not what its name says: the disk has damaged it.", sha256=sha256
        )
    return data


def _inflate(data: bytes, sha256: str) -> bytes:
    try:
        with gzip.open(io.BytesIO(data)) as file:
            body = file.read(_LARGEST_BODY + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise EvidenceDamaged(
            "The body stored under {sha256} cannot be unpacked: {error}.", sha256=sha256, error=error
        ) from error
    if len(body) > _LARGEST_BODY:
        raise EvidenceDamaged("The body stored under {sha256} unpacks to more than was ever stored.", sha256=sha256)
    return body
