"""Takes fingerprints of untrusted pictures in processes of their own, with limits on memory and time.

A picture that breaks its process, or keeps it too long, costs that one picture; the process is replaced.
"""

import logging
from collections.abc import Callable, Collection
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from types import TracebackType
from typing import Self

from counterfoil.evidence import EvidenceStore
from counterfoil.exceptions import EvidenceDamaged, NotFound, UnreadablePicture
from counterfoil.models import Fingerprint
from counterfoil.settings import Settings
from indexer.decoding_process import DecodingProcess, ProcessLost

log = logging.getLogger(__name__)

_SECONDS = 20
# A clock that jumps, a machine that slept or another process that took all memory is not the picture's fault.
_TRIES = 2


class PictureDecoder:
    """Decoding processes, started when first used. Use it as a context manager; any thread may ask.

    A picture may take so many `seconds` before its process is ended.
    """

    def __init__(self, settings: Settings, seconds: int = _SECONDS) -> None:
        self._seconds = seconds
        self._processes = [DecodingProcess() for _ in range(settings.judge_processes)]
        self._idle: SimpleQueue[DecodingProcess] = SimpleQueue()
        for process in self._processes:
            self._idle.put(process)
        self._threads = ThreadPoolExecutor(len(self._processes), thread_name_prefix="decoder")

    def fingerprint(self, data: bytes) -> Fingerprint:
        """The fingerprint of a picture's bytes. Raises UnreadablePicture."""
        return self._schedule(_fingerprint, data, None).result()

    def fingerprint_stored(
        self, evidence: EvidenceStore, sha256s: Collection[str]
    ) -> dict[str, Fingerprint | UnreadablePicture]:
        """The fingerprints of stored pictures by their SHA-256, or why their bytes give none.

        One whose file is missing or damaged is left out: the file may come back. Raises OSError or
        EvidenceUnavailable when disk or bucket fail.
        """
        futures = {sha256: self._threads.submit(self._decode_stored, evidence, sha256) for sha256 in sha256s}
        answers = {sha256: _answer_or_why(future) for sha256, future in futures.items()}
        return {sha256: answer for sha256, answer in answers.items() if answer is not None}

    def close(self) -> None:
        """End the processes once they have answered."""
        self._threads.shutdown(cancel_futures=True)
        for process in self._processes:
            process.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _decode_stored(self, evidence: EvidenceStore, sha256: str) -> Fingerprint | None:
        # Read here and not in the process: a missing file or a failing disk is no fault of the picture.
        try:
            data = evidence.get_image(sha256)
        except (NotFound, EvidenceDamaged) as error:
            log.warning("picture %s has no fingerprint for now, its stored file cannot be read: %s", sha256, error)
            return None
        return self._ask(_fingerprint, data, sha256)

    def _schedule(self, function: Callable[..., Fingerprint], *args: object) -> Future[Fingerprint]:
        return self._threads.submit(self._ask, function, *args)

    def _ask(self, function: Callable[..., Fingerprint], *args: object) -> Fingerprint:
        process = self._idle.get()
        try:
            for _ in range(_TRIES):
                try:
                    return process.ask(function, *args, seconds=self._seconds)
                except TimeoutError:
                    why = f"decoding it took more than {self._seconds} seconds"
                except ProcessLost as error:
                    why = f"it broke the process that decoded it ({error})"
            raise UnreadablePicture(why)
        finally:
            self._idle.put(process)


def _answer_or_why(future: Future[Fingerprint | None]) -> Fingerprint | UnreadablePicture | None:
    try:
        return future.result()
    except UnreadablePicture as error:
        return error


def _fingerprint(data: bytes, sha256: str | None) -> Fingerprint:
    from counterfoil.fingerprints import fingerprint

    try:
        return fingerprint(data, sha256)
    except MemoryError as error:
        raise UnreadablePicture("taking its fingerprint needs more memory than this process may use") from error
