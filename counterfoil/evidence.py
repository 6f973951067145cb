"""Files kept as evidence: content-addressed, written once, named by the SHA-256 of their bytes.

Pictures are kept as they came, response bodies compressed. A file appears under its name only when it is whole and on
disk (temporary file, fsync, rename), so that a name that exists can be trusted; reading verifies it all the same.
"""

import gzip
import hashlib
import io
import os
import tempfile
import zlib
from contextlib import suppress
from pathlib import Path

from counterfoil.exceptions import EvidenceDamaged, NotFound
from counterfoil.settings import Settings

# A stored body may inflate to this much and no more: ours never do, a damaged or planted file might.
_LARGEST_BODY = 512 * 1024 * 1024


class EvidenceStore:
    """A folder of files named by content; any number of processes may write to it at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put_image(self, data: bytes) -> str:
        """Keep a picture's bytes; their SHA-256. Raises OSError when the disk is full."""
        name = hashlib.sha256(data).hexdigest()
        self._write(self._path("images", name), data)
        return name

    def get_image(self, sha256: str) -> bytes:
        """A picture's bytes, verified. Raises NotFound, or EvidenceDamaged."""
        return _verified(self._read("images", sha256), sha256)

    def put_body(self, data: bytes) -> str:
        """Keep a response body, compressed; the SHA-256 of the body itself."""
        name = hashlib.sha256(data).hexdigest()
        path = self._path("bodies", name)
        if not path.exists():
            # Without a time inside, the same body is the same file.
            self._write(path, gzip.compress(data, compresslevel=6, mtime=0))
        return name

    def get_body(self, sha256: str) -> bytes:
        """A response body, verified. Raises NotFound, or EvidenceDamaged."""
        return _verified(_inflate(self._read("bodies", sha256), sha256), sha256)

    def image_path(self, sha256: str) -> Path:
        """Where a picture's file is (or would be), for programs that read it themselves."""
        return self._path("images", sha256)

    def _path(self, kind: str, name: str) -> Path:
        if len(name) != 64 or not set(name) <= set("0123456789abcdef"):
            raise NotFound(f"{name[:80]!r} is not the SHA-256 of anything stored.")
        return self.folder / kind / name[:2] / name[2:4] / name

    def _read(self, kind: str, name: str) -> bytes:
        try:
            return self._path(kind, name).read_bytes()
        except FileNotFoundError as error:
            raise NotFound(f"Nothing is stored under {name} any more.") from error

    def _write(self, path: Path, data: bytes) -> None:
        if path.exists():
            return
        _make_folder(path.parent)
        handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".draft-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(draft).replace(path)
        except BaseException:
            with suppress(FileNotFoundError):
                Path(draft).unlink()
            raise
        _sync_folder(path.parent)


def open_evidence(settings: Settings) -> EvidenceStore:
    """The evidence store in the data folder."""
    return EvidenceStore(settings.data / "evidence")


def _verified(data: bytes, sha256: str) -> bytes:
    if hashlib.sha256(data).hexdigest() != sha256:
        raise EvidenceDamaged(f"The file stored under {sha256} is not what its name says: the disk has damaged it.")
    return data


def _inflate(data: bytes, sha256: str) -> bytes:
    try:
        with gzip.open(io.BytesIO(data)) as file:
            body = file.read(_LARGEST_BODY + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise EvidenceDamaged(f"The body stored under {sha256} cannot be unpacked: {error}.") from error
    if len(body) > _LARGEST_BODY:
        raise EvidenceDamaged(f"The body stored under {sha256} unpacks to more than was ever stored.")
    return body


def _make_folder(folder: Path) -> None:
    if folder.exists():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    # A folder that a power cut takes away takes its files with it.
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    # The rename itself is only on disk once the folder is.
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
