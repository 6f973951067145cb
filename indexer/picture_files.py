"""Matches picture files against reference files, without a database: decoded under limits, on all cores."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from counterfoil.exceptions import InvalidInput, UnreadablePicture
from counterfoil.fingerprints import Sketch
from counterfoil.matching import ReferenceBank
from counterfoil.matching.prints import Print
from counterfoil.matching.same_product import looked_for_by_print
from counterfoil.matching.segment import ReferenceSketch, build_segment, reference_sketch
from counterfoil.models import Fingerprint, Match, Reference
from counterfoil.pictures import MAX_BYTES
from indexer.decoding import PictureDecoder

T = TypeVar("T")

# In a folder only files with these endings, and with none, are taken for pictures; a file that is named always is.
_ENDINGS = frozenset({"", ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".webp", ".bmp", ".avif"})
# So many files for each process are under way: enough to keep all at work, few enough for the memory.
_AHEAD = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureFile:
    """A file, and what was made of it: its fingerprint and matches, or why it is unreadable."""

    path: Path
    fingerprint: Fingerprint | None = None
    matches: tuple[Match, ...] = ()
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceFiles:
    """Reference files ready to be matched against; `refused` says which could not be read, and why.

    A `reference_image_id` counts the `paths` from 1. Pictures in one folder below the one that was named show one
    product, as with `product import`; any other picture is a product of its own.
    """

    paths: tuple[Path, ...]
    bank: ReferenceBank
    refused: tuple[PictureFile, ...]

    def path(self, match: Match) -> Path:
        """The file that a match is with."""
        return self.paths[match.reference_image_id - 1]


def find_pictures(places: Iterable[Path]) -> list[Path]:
    """The picture files among files and folders (whatever is below them), each folder in the order of the names.

    Raises InvalidInput for a place that is not there.
    """
    found: list[Path] = []
    for place in places:
        if not place.exists():
            raise InvalidInput("there is no file or folder {place}", place=place)
        found.extend(_below(place) if place.is_dir() else [place])
    return found


def _below(folder: Path) -> list[Path]:
    inside = sorted(path for path in folder.rglob("*") if path.is_file())
    return [path for path in inside if path.suffix.lower() in _ENDINGS and not path.name.startswith(".")]


def prepare_references(decoder: PictureDecoder, root: Path) -> ReferenceFiles:
    """Read the reference files below a folder, or the one file. Raises InvalidInput when none can be read."""
    paths = find_pictures([root])
    made = list(_in_order(decoder, paths, lambda path: _prepared(decoder, path)))
    usable = {path: answer for path, answer in zip(paths, made, strict=True) if not isinstance(answer, str)}
    if not usable:
        raise InvalidInput("no picture can be read in {root}", root=root)
    products = {_product(path, root): number for number, path in enumerate(usable, start=1)}
    references = [
        Reference(reference_image_id=number, product_id=products[_product(path, root)], fingerprint=fingerprint)
        for number, (path, (fingerprint, _)) in enumerate(usable.items(), start=1)
    ]
    kept = {fingerprint.image_sha256: prepared for fingerprint, prepared in usable.values()}
    refused = [PictureFile(path=path, error=one) for path, one in zip(paths, made, strict=True) if isinstance(one, str)]
    bank = ReferenceBank(
        references, segments=[build_segment(list(kept.values()))], prints=_prints(decoder, tuple(usable), references)
    )
    return ReferenceFiles(paths=tuple(usable), bank=bank, refused=tuple(refused))


def _prints(decoder: PictureDecoder, paths: Sequence[Path], references: Sequence[Reference]) -> dict[str, Print]:
    wanted = looked_for_by_print(references)
    chosen = {
        reference.fingerprint.image_sha256: path
        for path, reference in zip(paths, references, strict=True)
        if reference.fingerprint.image_sha256 in wanted
    }
    made = _in_order(decoder, list(chosen.values()), lambda path: decoder.print(_read(path)))
    return dict(zip(chosen, made, strict=True))


def match_files(decoder: PictureDecoder, references: ReferenceFiles, paths: Sequence[Path]) -> Iterator[PictureFile]:
    """Match each file, in the order of `paths`; what cannot be read is answered with the reason."""

    def matched(path: Path) -> PictureFile:
        sketch = _sketched(decoder, path)
        if isinstance(sketch, str):
            return PictureFile(path=path, error=sketch)
        return PictureFile(path=path, fingerprint=sketch.fingerprint, matches=references.bank.match(sketch))

    return _in_order(decoder, paths, matched)


def fingerprint_files(decoder: PictureDecoder, paths: Sequence[Path]) -> Iterator[PictureFile]:
    """Take the fingerprint of each file, in the order of `paths`."""

    def taken(path: Path) -> PictureFile:
        try:
            return PictureFile(path=path, fingerprint=decoder.fingerprint(_read(path)))
        except UnreadablePicture as error:
            return PictureFile(path=path, error=str(error))

    return _in_order(decoder, paths, taken)


def _in_order(decoder: PictureDecoder, paths: Sequence[Path], make: Callable[[Path], T]) -> Iterator[T]:
    """What is made of each path, a few under way at a time: any number of files takes the memory of a few."""
    with ThreadPoolExecutor(decoder.processes) as threads:
        under_way: deque[Future[T]] = deque()
        try:
            for path in paths:
                under_way.append(threads.submit(make, path))
                if len(under_way) > _AHEAD * decoder.processes:
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()
        finally:
            threads.shutdown(wait=False, cancel_futures=True)


def _prepared(decoder: PictureDecoder, path: Path) -> tuple[Fingerprint, ReferenceSketch] | str:
    sketch = _sketched(decoder, path)
    return sketch if isinstance(sketch, str) else (sketch.fingerprint, reference_sketch(sketch))


def _sketched(decoder: PictureDecoder, path: Path) -> Sketch | str:
    try:
        return decoder.sketch(_read(path))
    except UnreadablePicture as error:
        return str(error)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            # One byte more than is decoded: the decoder says so, and a disk image costs no memory.
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UnreadablePicture("it cannot be read: {reason}", reason=error.strerror) from error


def _product(path: Path, root: Path) -> Path:
    return path if path.parent in (root, root.parent) else path.parent
