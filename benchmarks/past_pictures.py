"""Search by picture among a million kept pictures, from the database to what is found; what each picture takes up.

    python -m benchmarks.past_pictures [--pictures 1000000] [--folder FOLDER]

An installation on SQLite that holds so many pictures' fingerprints, five pictures to a listing, all files deleted by
retention: what only hashes can say. Some are copies of the picture that is asked for, in any of 8 orientations. A named
folder is filled once and used again.
"""

import argparse
import itertools
import resource
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa

from benchmarks.installation import named_folder, settings_of
from benchmarks.photos import default_folder
from benchmarks.results import result
from benchmarks.split import split_clothing
from counterfoil.clock import now
from counterfoil.evidence import open_evidence
from counterfoil.fingerprints import FINGERPRINT_VERSION, Sketch, sketch
from counterfoil.models import MatchDecision
from counterfoil.store import Store, open_store, tables
from indexer.decoding import PictureDecoder
from indexer.known_pictures import KnownPictures
from indexer.picture_search import FoundPicture, find_by_picture

_IN_A_LISTING = 5
_COPIES = 40
# Of 256 bits, in a copy of the picture.
_BITS_APART = 20
_AT_ONCE = 50_000
_ROUNDS = 4

Row = dict[str, Any]


def main() -> None:
    """Fill, ask, and print a line for every figure."""
    arguments = _arguments()
    photo = split_clothing(arguments.photos).test[0]
    asked = sketch(photo.read_bytes())
    with named_folder(arguments.folder) as folder:
        settings = settings_of(folder)
        with closing(open_store(settings)) as store, PictureDecoder(settings) as decoder:
            _fill(store, asked, arguments.pictures)
            size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
            result("past_pictures_bytes_per_picture_and_its_listing", size / arguments.pictures)
            evidence = open_evidence(settings)
            known = KnownPictures(store)
            times = [_ask(lambda: find_by_picture(store, evidence, decoder, known, 1, asked)) for _ in range(_ROUNDS)]
    found = times[-1][2]
    unverified = [one for one in found if one.decision is MatchDecision.UNVERIFIED]
    result("past_pictures_found", len(unverified) / _COPIES, ">=1")
    result("past_pictures_others_found", len(found) - len(unverified))
    # The first search of a process reads the hashes, the later ones what was added since.
    for when, some in (("_at_first", times[:1]), ("", times[1:])):
        result(f"past_pictures_seconds{when}", min(seconds for seconds, _, _ in some), "<=10")
        result(f"past_pictures_processor_seconds{when}", min(seconds for _, seconds, _ in some))
    result("past_pictures_most_memory_megabytes", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def _ask(work: Any) -> tuple[float, float, list[FoundPicture]]:
    began, spent = time.perf_counter(), time.process_time()
    found = work()
    return time.perf_counter() - began, time.process_time() - spent, found


def _fill(store: Store, asked: Sketch, pictures: int) -> None:
    with store.read() as connection:
        found = connection.scalar(sa.select(sa.func.count()).select_from(tables.fingerprints))
    if found not in (0, pictures):
        raise SystemExit(f"The folder holds {found:,} pictures, not {pictures:,}: name another one.")
    if found:
        return
    for table, rows in _rows(asked, pictures):
        while batch := list(itertools.islice(rows, _AT_ONCE)):
            with store.write() as connection:
                connection.execute(table.insert(), batch)


def _rows(asked: Sketch, pictures: int) -> Iterator[tuple[sa.Table, Iterator[Row]]]:
    """Every table with its rows, those first that others refer to."""
    listings, when = range(1, -(-pictures // _IN_A_LISTING) + 1), now()
    yield tables.owners, iter([{"id": 1, "name": "brand", "created_at": when}])
    yield (
        tables.listings,
        (
            {
                "id": number,
                "marketplace": "market",
                "listing_key": str(number),
                "url": f"https://market.example/{number}",
                "latest_number": 1,
                "first_seen_at": when,
                "last_seen_at": when,
            }
            for number in listings
        ),
    )
    yield (
        tables.listing_versions,
        (
            {
                "id": number,
                "listing_id": number,
                "number": 1,
                "facts_sha256": f"{number:064x}",
                "url": f"https://market.example/{number}",
                "title": "A thing",
                "attributes": {},
                "captured_at": when,
            }
            for number in listings
        ),
    )
    yield (
        tables.images,
        (
            {"sha256": f"{number:064x}", "size": 60_000, "stored_at": when, "deleted_at": when}
            for number in range(pictures)
        ),
    )
    yield (
        tables.listing_images,
        (
            {
                "listing_version_id": number // _IN_A_LISTING + 1,
                "position": number % _IN_A_LISTING,
                "url": f"https://market.example/{number}.jpg",
                "image_sha256": f"{number:064x}",
            }
            for number in range(pictures)
        ),
    )
    yield tables.fingerprints, _fingerprints(asked, pictures)
    yield (
        tables.inspections,
        (
            {"owner_id": 1, "listing_id": number, "listing_version_id": number, "state": "done", "created_at": when}
            for number in listings
        ),
    )


def _fingerprints(asked: Sketch, pictures: int) -> Iterator[Row]:
    """Random ones, and among them some that are near to one of the asked picture's orientations."""
    dice = np.random.default_rng(1)
    own = asked.hashes.reshape(-1, asked.hashes.shape[-1])
    copies = {int(number): place for place, number in enumerate(dice.permutation(pictures)[:_COPIES])}
    for number in range(pictures):
        hashes = dice.integers(0, 256, (2, 32), dtype=np.uint8)
        if number in copies:
            flipped = np.zeros(256, np.uint8)
            flipped[dice.permutation(256)[:_BITS_APART]] = 1
            hashes[0] = own[copies[number] % len(own)] ^ np.packbits(flipped)
        yield {
            "image_sha256": f"{number:064x}",
            "version": FINGERPRINT_VERSION,
            "width": 800,
            "height": 800,
            "phash": f"{number:016x}",
            "dct256": hashes[0].tobytes(),
            "box256": hashes[1].tobytes(),
            "informative": True,
        }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, default=default_folder(), help="a folder of photos")
    parser.add_argument("--pictures", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="where the installation is, filled once and used again")
    arguments = parser.parse_args()
    if arguments.photos is None:
        parser.error("set COUNTERFOIL_TEST_DATA, or name a folder of photos")
    return arguments


if __name__ == "__main__":
    main()
