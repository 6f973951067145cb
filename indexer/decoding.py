"""Decodes untrusted pictures in processes of their own, with limits on memory and time: fingerprints and sketches.

A picture that breaks its process, or keeps it too long, costs that one picture; the process is replaced.
"""

import io
import logging
import threading
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from types import TracebackType
from typing import Self, TypeVar

from PIL import Image

from counterfoil.evidence import EvidenceStore
from counterfoil.exceptions import EvidenceDamaged, NotFound, UnreadablePicture
from counterfoil.fingerprints import Sketch
from counterfoil.matching.prints import Print
from counterfoil.matching.segment import ReferenceSketch
from counterfoil.models import Fingerprint, Transform
from counterfoil.settings import Settings
from indexer.decoding_process import DecodingProcess, ProcessLost

T = TypeVar("T")

log = logging.getLogger(__name__)

_SECONDS = 20
# A clock that jumps, a machine that slept or another process that took all memory is not the picture's fault.
_TRIES = 2
# What marketplaces make of the pictures that sellers upload.
_UPLOADED_SIDE, _UPLOADED_QUALITY = 800, 85
# What pages show: sharp at 7 rem on a screen of two pixels for one, and some 10 kB.
_THUMBNAIL_SIDE, _SHOWN_QUALITY = 256, 80


class PictureDecoder:
    """Decoding processes, started when first used. Use it as a context manager; any thread may ask.

    A picture may take so many `seconds` before its process is ended.
    """

    def __init__(self, settings: Settings, seconds: int = _SECONDS) -> None:
        _use_one_core_each()
        self._seconds = seconds
        self._processes = [DecodingProcess() for _ in range(settings.judge_processes)]
        self._idle: SimpleQueue[DecodingProcess] = SimpleQueue()
        for process in self._processes:
            self._idle.put(process)
        self._threads = ThreadPoolExecutor(len(self._processes), thread_name_prefix="decoder")
        self._closing = threading.Lock()

    @property
    def processes(self) -> int:
        """How many pictures are worked on side by side."""
        return len(self._processes)

    def fingerprint(self, data: bytes) -> Fingerprint:
        """The fingerprint of a picture's bytes. Raises UnreadablePicture."""
        return self._threads.submit(self._ask, _fingerprint, data, None).result()

    def sketch(self, data: bytes) -> Sketch:
        """All that the matching engine needs of a picture's bytes. Raises UnreadablePicture."""
        return self._threads.submit(self._ask, _sketch, data, None).result()

    def sketch_edited(self, data: bytes, edit: str, seed: int, scenery: Sequence[bytes]) -> Sketch | None:
        """The sketch of a picture after a named edit, compressed as sellers do; None where it cannot be made of it.

        `scenery` are other pictures' bytes, for collages and backgrounds. Raises UnreadablePicture.
        """
        return self._threads.submit(self._ask, _sketch_edited, data, edit, seed, tuple(scenery)).result()

    def thumbnail(self, data: bytes) -> bytes:
        """A picture as a small JPEG, at most 256 pixels wide and high. Raises UnreadablePicture."""
        return self._threads.submit(self._ask, _thumbnail, data, None).result()

    def thumbnail_stored(
        self, evidence: EvidenceStore, sha256s: Collection[str]
    ) -> dict[str, bytes | UnreadablePicture]:
        """The same of stored pictures, side by side; as `map_stored` does."""
        return self._all(lambda sha256: self._decode_stored(_thumbnail, evidence, sha256), sha256s)

    def compare(self, picture: bytes, reference: bytes, transform: Transform, *, difference: bool) -> bytes:
        """A picture brought into the frame of the reference that lies so in it, or how the two differ there: a JPEG.

        Raises UnreadablePicture.
        """
        return self._threads.submit(self._ask, _compare, picture, reference, transform, difference).result()

    def edited(self, data: bytes, edit: str, seed: int, side: int) -> bytes | None:
        """A picture after a named edit, to be looked at: JPEG, at most `side` pixels; None where it cannot be made.

        The same seed makes the same edit as `sketch_edited` tries, but for other pictures beside it, which are drawn.
        Raises UnreadablePicture.
        """
        return self._threads.submit(self._ask, _edited, data, edit, seed, side).result()

    def print(self, data: bytes) -> Print:
        """The print of a picture's bytes: what tells a product photographed anew. Raises UnreadablePicture."""
        return self._threads.submit(self._ask, _print, data, None).result()

    def print_stored(self, evidence: EvidenceStore, sha256s: Collection[str]) -> dict[str, Print | UnreadablePicture]:
        """The prints of stored pictures; as `map_stored` does."""
        return self._all(lambda sha256: self._decode_stored(_print, evidence, sha256), sha256s)

    def map_stored(
        self, evidence: EvidenceStore, sha256s: Collection[str], function: Callable[[Sketch], T]
    ) -> dict[str, T | UnreadablePicture]:
        """What `function` makes of the sketches of stored pictures, by their SHA-256, or why their bytes give none.

        It is called in the threads that wait for the decoding processes, and a sketch is dropped with it: many pictures
        take no more memory than few. One whose file is missing or damaged is left out: the file may come back. Raises
        OSError or EvidenceUnavailable when disk or bucket fail.
        """

        def made(sha256: str) -> T | None:
            sketch = self._decode_stored(_sketch, evidence, sha256)
            return None if sketch is None else function(sketch)

        return self._all(made, sha256s)

    def prepare_stored(
        self, evidence: EvidenceStore, sha256s: Collection[str]
    ) -> dict[str, ReferenceSketch | UnreadablePicture]:
        """What the engine keeps of stored pictures that are references; as `map_stored` does."""
        return self._all(lambda sha256: self._decode_stored(_prepare, evidence, sha256), sha256s)

    def fingerprint_stored(
        self, evidence: EvidenceStore, sha256s: Collection[str]
    ) -> dict[str, Fingerprint | UnreadablePicture]:
        """The fingerprints of stored pictures; as `map_stored` does."""
        return self._all(lambda sha256: self._decode_stored(_fingerprint, evidence, sha256), sha256s)

    def close(self) -> None:
        """End the processes once they have answered; twice, or from two threads at once, is the same as once."""
        self._threads.shutdown(cancel_futures=True)
        with self._closing:
            # Each is waited for once more: a signal while threads are waited for makes Python think that they have
            # ended (python/cpython#90882), and a process must not be ended beside the thread that is asking it.
            idle = [self._idle.get() for _ in self._processes]
            try:
                for process in idle:
                    process.end()
            finally:
                for process in idle:
                    self._idle.put(process)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _all(self, make: Callable[[str], T | None], sha256s: Collection[str]) -> dict[str, T | UnreadablePicture]:
        futures = {sha256: self._threads.submit(make, sha256) for sha256 in sha256s}
        answers: dict[str, T | UnreadablePicture] = {}
        for sha256, future in futures.items():
            try:
                answer = future.result()
            except UnreadablePicture as error:
                answers[sha256] = error
            else:
                if answer is not None:
                    answers[sha256] = answer
        return answers

    def _decode_stored(self, function: Callable[[bytes, str], T], evidence: EvidenceStore, sha256: str) -> T | None:
        # Read here and not in the process: a missing file or a failing disk is no fault of the picture.
        try:
            data = evidence.get_image(sha256)
        except (NotFound, EvidenceDamaged) as error:
            log.warning("picture %s is left out for now, its stored file cannot be read: %s", sha256, error)
            return None
        return self._ask(function, data, sha256)

    def _ask(self, function: Callable[..., T], *args: object) -> T:
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


def _use_one_core_each() -> None:
    """Sketches are matched in as many threads as there are processes; in each, OpenCV's own would be in the way."""
    import cv2

    cv2.setNumThreads(1)


def _fingerprint(data: bytes, sha256: str | None) -> Fingerprint:
    from counterfoil.fingerprints import fingerprint

    return _within_memory(lambda: fingerprint(data, sha256))


def _sketch(data: bytes, sha256: str | None) -> Sketch:
    from counterfoil.fingerprints import sketch

    # Taken here, in as many processes as there are, and not by the one that matches.
    return _within_memory(lambda: sketch(data, sha256).with_features())


def _thumbnail(data: bytes, _sha256: str | None) -> bytes:
    from counterfoil.pictures import decode

    def make() -> bytes:
        picture = decode(data)
        picture.thumbnail((_THUMBNAIL_SIDE, _THUMBNAIL_SIDE))
        return _jpeg(picture)

    return _within_memory(make)


def _compare(data: bytes, reference: bytes, transform: Transform, difference: bool) -> bytes:
    from counterfoil.matching.overlay import draw_aligned, draw_difference
    from counterfoil.pictures import decode

    draw = draw_difference if difference else draw_aligned
    return _within_memory(lambda: _jpeg(draw(decode(data), decode(reference), transform)))


def _jpeg(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=_SHOWN_QUALITY, optimize=True)
    return file.getvalue()


def _print(data: bytes, sha256: str | None) -> Print:
    from counterfoil.fingerprints import sketch
    from counterfoil.matching.prints import take_print

    return _within_memory(lambda: take_print(sketch(data, sha256)))


def _sketch_edited(data: bytes, edit: str, seed: int, scenery: tuple[bytes, ...]) -> Sketch | None:
    from counterfoil.fingerprints import sketch_image

    def make() -> Sketch | None:
        edited = _after(data, edit, seed, scenery)
        return sketch_image(edited, f"{edit} {seed}").with_features() if edited is not None else None

    return _within_memory(make)


def _edited(data: bytes, edit: str, seed: int, side: int) -> bytes | None:
    def make() -> bytes | None:
        edited = _after(data, edit, seed, ())
        if edited is None:
            return None
        edited.thumbnail((side, side))
        file = io.BytesIO()
        edited.convert("RGB").save(file, "JPEG", quality=_UPLOADED_QUALITY)
        return file.getvalue()

    return _within_memory(make)


def _after(data: bytes, edit: str, seed: int, scenery: tuple[bytes, ...]) -> Image.Image | None:
    """The picture after the edit, compressed as sellers do; None where the edit cannot be made of it."""
    from counterfoil.edits import EDITS, NoProductMask, Scenery
    from counterfoil.edits.light import as_jpeg
    from counterfoil.pictures import decode

    others = Scenery(tuple(map(decode, scenery)))
    try:
        edited = EDITS[edit].apply(_as_uploaded(decode(data)), seed, others).image
    except NoProductMask:
        return None
    return as_jpeg(_as_uploaded(edited), _UPLOADED_QUALITY)


def _as_uploaded(image: Image.Image) -> Image.Image:
    smaller = image.copy()
    smaller.thumbnail((_UPLOADED_SIDE, _UPLOADED_SIDE))
    return smaller


def _prepare(data: bytes, sha256: str) -> ReferenceSketch:
    from counterfoil.fingerprints import sketch
    from counterfoil.matching.segment import reference_sketch

    return _within_memory(lambda: reference_sketch(sketch(data, sha256)))


def _within_memory(make: Callable[[], T]) -> T:
    try:
        return make()
    except MemoryError as error:
        raise UnreadablePicture("working on it needs more memory than this process may use") from error
