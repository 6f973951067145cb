"""Evidence in a bucket that speaks S3, through obstore.

A put is whole or not at all, and durable when it returns, by the contract of S3: nothing half-written is left behind.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Self

from counterfoil.evidence.files import StoredFile
from counterfoil.exceptions import EvidenceUnavailable

if TYPE_CHECKING:
    from obstore.store import ObjectStore


class BucketFiles:
    """The files below an address such as `s3://bucket/prefix`."""

    def __init__(self, address: str, connect: Callable[[], "ObjectStore"]) -> None:
        self._address = address
        self._connect = connect

    @cached_property
    def _store(self) -> "ObjectStore":
        return self._connect()

    def __reduce__(self) -> tuple[type[Self], tuple[str, Callable[[], "ObjectStore"]]]:
        # The library's own pickling panics on some settings; another process connects for itself.
        return type(self), (self._address, self._connect)

    def put(self, key: str, data: bytes) -> None:
        """Write the file, also over the one that is there: that makes it as new."""
        import obstore

        with self._our_errors():
            obstore.put(self._store, key, data, use_multipart=False)

    def get(self, key: str) -> bytes:
        """A file's bytes. Raises FileNotFoundError."""
        import obstore

        with self._our_errors():
            return bytes(obstore.get(self._store, key).bytes())

    def find(self, key: str) -> StoredFile | None:
        """A file without its bytes; None if it is not there."""
        import obstore

        try:
            with self._our_errors():
                found = obstore.head(self._store, key)
        except FileNotFoundError:
            return None
        return StoredFile(key=key, size=found["size"], modified_at=found["last_modified"])

    def walk(self, folder: str) -> Iterator[StoredFile]:
        """Every file below a folder."""
        import obstore

        with self._our_errors():
            for some in obstore.list(self._store, folder):
                for found in some:
                    yield StoredFile(key=found["path"], size=found["size"], modified_at=found["last_modified"])

    def delete(self, key: str, *, put_before: datetime) -> int | None:
        """Delete a file unless it was put since; the bytes freed (0: it was not there), None if it stays.

        S3 has no lock: a file that is put again in the moment between the look and the deletion is lost. The next
        crawl misses it and fetches it again; `counterfoil evidence verify` names it.
        """
        import obstore

        found = self.find(key)
        if found is None:
            return 0
        if found.modified_at >= put_before:
            return None
        with self._our_errors():
            obstore.delete(self._store, key)
        return found.size

    def remove_drafts(self, *, made_before: datetime) -> int:
        """Nothing: a bucket shows whole files only."""
        return 0

    def where(self, key: str) -> str:
        """The file's address."""
        return f"{self._address}/{key}"

    @contextmanager
    def _our_errors(self) -> Iterator[None]:
        from obstore.exceptions import BaseError

        try:
            yield
        except (BaseError, OSError) as error:
            # S3 answers 404 to both; that the whole bucket is missing must not look as if all files were deleted.
            if "NoSuchBucket" in str(error):
                raise self._unavailable("there is no such bucket") from error
            if isinstance(error, FileNotFoundError):
                raise
            # The library goes on for pages, with the request and the answer in it.
            raise self._unavailable(str(error).strip().splitlines()[0][:300]) from error

    def _unavailable(self, why: str) -> EvidenceUnavailable:
        return EvidenceUnavailable("The evidence at {address} cannot be reached: {why}", address=self._address, why=why)
