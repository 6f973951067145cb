"""Takes fingerprints of untrusted pictures in processes of their own, with limits on memory and time.

A picture that breaks its process, or keeps it too long, costs that one picture; the process is replaced.
"""

import multiprocessing
import resource
from collections.abc import Callable, Collection
from concurrent.futures import TimeoutError as DeadlinePassed
from types import TracebackType
from typing import Self

from pebble import ProcessExpired, ProcessFuture, ProcessPool

from counterfoil.evidence import EvidenceStore
from counterfoil.exceptions import EvidenceDamaged, NotFound, UnreadablePicture
from counterfoil.models import Fingerprint
from counterfoil.settings import Settings

_SECONDS = 20
# Decoding 40 million pixels takes about 400 MB; the rest is address space that the libraries reserve and never use.
_MEMORY = 4 * 1024**3
# Replaced now and then, so that what a decoder leaks never adds up.
_PICTURES_PER_PROCESS = 2_000
# A clock that jumps, a machine that slept or another process that took all memory is not the picture's fault.
_TRIES = 2


class PictureDecoder:
    """A pool of decoding processes, started when first used. Use it as a context manager.

    A picture may take so many `seconds` before its process is ended.
    """

    def __init__(self, settings: Settings, seconds: int = _SECONDS) -> None:
        self._seconds = seconds
        context = multiprocessing.get_context("forkserver")
        # Imported once, in the process that the others are forked from: replacing one takes milliseconds.
        context.set_forkserver_preload(["counterfoil.fingerprints", "imagehash"])
        self._pool = ProcessPool(
            max_workers=settings.judge_processes,
            max_tasks=_PICTURES_PER_PROCESS,
            initializer=_limit,
            context=context,
        )

    def fingerprint(self, data: bytes) -> Fingerprint:
        """The fingerprint of a picture's bytes. Raises UnreadablePicture."""
        return self._outcome(self._schedule(_from_bytes, data), _from_bytes, data)

    def fingerprint_stored(
        self, evidence: EvidenceStore, sha256s: Collection[str]
    ) -> dict[str, Fingerprint | UnreadablePicture]:
        """The fingerprints of stored pictures by their SHA-256, or why there is none."""
        futures = {sha256: self._schedule(_from_evidence, evidence, sha256) for sha256 in sha256s}
        found: dict[str, Fingerprint | UnreadablePicture] = {}
        for sha256, future in futures.items():
            try:
                found[sha256] = self._outcome(future, _from_evidence, evidence, sha256)
            except UnreadablePicture as error:
                found[sha256] = error
        return found

    def close(self) -> None:
        """End the processes once they have nothing to do."""
        # Not stop(), which kills processes that are just being started, and makes the fork server complain of it.
        self._pool.close()  # type: ignore[no-untyped-call]
        self._pool.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _schedule(self, function: Callable[..., Fingerprint], *args: object) -> ProcessFuture[Fingerprint]:
        return self._pool.schedule(function, args=args, timeout=self._seconds)

    def _outcome(
        self, future: ProcessFuture[Fingerprint], function: Callable[..., Fingerprint], *args: object
    ) -> Fingerprint:
        for _ in range(_TRIES - 1):
            try:
                return future.result()
            except (DeadlinePassed, ProcessExpired):
                future = self._schedule(function, *args)
        try:
            return future.result()
        except DeadlinePassed as error:
            raise UnreadablePicture(f"decoding it took more than {self._seconds} seconds") from error
        except ProcessExpired as error:
            raise UnreadablePicture(f"it broke the process that decoded it (exit code {error.exitcode})") from error


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _from_bytes(data: bytes) -> Fingerprint:
    from counterfoil.fingerprints import fingerprint

    _limit_time()
    return fingerprint(data)


def _from_evidence(evidence: EvidenceStore, sha256: str) -> Fingerprint:
    from counterfoil.fingerprints import fingerprint

    _limit_time()
    try:
        data = evidence.get_image(sha256)
    except (NotFound, EvidenceDamaged) as error:
        raise UnreadablePicture(f"its stored file cannot be read: {error}") from error
    return fingerprint(data, sha256)


def _limit_time() -> None:
    # The deadline is kept from outside; this one also ends a decoder whose parent is gone.
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + _SECONDS + 1, most))
