"""References kept ready in files, and pictures matched once against the same references."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw
from rows import NOON, new_owner
from test_matching import jpeg

from counterfoil.evidence import EvidenceStore
from counterfoil.fingerprints import sketch
from counterfoil.matching import ReferenceBank
from counterfoil.models import MatchDecision, Reference
from counterfoil.settings import Settings
from counterfoil.store import Store
from counterfoil.store.images import add_image, get_fingerprints
from counterfoil.store.tables import images
from indexer.decoding import PictureDecoder
from indexer.matching import PictureMatching
from indexer.references import ReferenceFolder


def drawing(seed: int) -> Image.Image:
    """A picture with something of every size in it."""
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", (420, 420), tuple(int(value) for value in rng.integers(150, 255, 3)))
    draw = ImageDraw.Draw(image)
    for _ in range(160):
        x, y, size = rng.integers(0, 420), rng.integers(0, 420), int(rng.exponential(22)) + 4
        colour = tuple(int(value) for value in rng.integers(0, 256, 3))
        draw.regular_polygon((int(x), int(y), size), int(rng.integers(3, 8)), int(rng.integers(0, 90)), fill=colour)
    return image


@pytest.fixture
def decoder(settings: Settings) -> Iterator[PictureDecoder]:
    with PictureDecoder(settings.model_copy(update={"judge_processes": 1})) as made:
        yield made


def stored(evidence: EvidenceStore, *pictures: Image.Image) -> list[str]:
    return [evidence.put_image(jpeg(picture)) for picture in pictures]


def test_a_new_reference_makes_a_small_segment_and_segments_grow_together(
    tmp_path: Path, evidence: EvidenceStore, decoder: PictureDecoder
) -> None:
    names = stored(evidence, *map(drawing, range(6)))
    folder = ReferenceFolder(tmp_path / "references", evidence, decoder)
    sizes = []
    for number in (4, 5, 6):
        segments = folder.segments(names[:number])
        assert sorted(name for one in segments for name in one.names) == sorted(names[:number])
        sizes.append(sorted(map(len, segments)))
    assert sizes == [[4], [1, 4], [6]]


def test_what_is_ready_is_not_made_again_and_what_is_damaged_is(
    tmp_path: Path, evidence: EvidenceStore, decoder: PictureDecoder
) -> None:
    names = stored(evidence, drawing(1), drawing(2))
    folder = tmp_path / "references"
    ReferenceFolder(folder, evidence, decoder).segments(names)
    for name in names:
        evidence.image_path(name).rename(tmp_path / name)
    (ready,) = ReferenceFolder(folder, evidence, decoder).segments(names)
    assert sorted(ready.names) == sorted(names)
    (damaged,) = (path for path in folder.iterdir() if path.is_dir())
    (damaged / "pixels.npy").write_bytes(b"")
    assert ReferenceFolder(folder, evidence, decoder).segments(names) == []
    for name in names:
        (tmp_path / name).rename(evidence.image_path(name))
    (again,) = ReferenceFolder(folder, evidence, decoder).segments(names)
    assert sorted(again.names) == sorted(names)


def test_a_picture_is_matched_once_against_the_same_references(
    sqlite_store: Store, evidence: EvidenceStore, decoder: PictureDecoder
) -> None:
    owner_id = new_owner(sqlite_store)
    own, rotated, other = stored(evidence, drawing(1), drawing(1).rotate(9, expand=True), drawing(2))
    with sqlite_store.write() as connection:
        for name in (own, rotated, other):
            add_image(connection, name, 1, NOON)
    bank = bank_of(evidence, own)
    shown = {owner_id: {rotated, other}}
    matching = PictureMatching(sqlite_store, evidence, decoder)
    first = matching.matches_of({owner_id: bank}, shown)
    assert [match.decision for match in first[owner_id, rotated]] == [MatchDecision.CONFIRMED]
    assert first[owner_id, other] == ()
    # Not from the pictures, for they are no longer there.
    for name in (rotated, other):
        evidence.image_path(name).unlink()
    assert matching.matches_of({owner_id: bank}, shown) == first
    # Against other references they would have to be matched anew: now only their hashes are there.
    wider = bank_of(evidence, own, stored(evidence, drawing(3))[0])
    assert matching.matches_of({owner_id: wider}, shown) == {(owner_id, rotated): (), (owner_id, other): ()}


def test_of_a_picture_that_retention_deleted_the_kept_hashes_speak_unverified(
    sqlite_store: Store, evidence: EvidenceStore, decoder: PictureDecoder
) -> None:
    owner_id = new_owner(sqlite_store)
    small = drawing(1).resize((210, 210))
    own, copy = stored(evidence, drawing(1), small)
    with sqlite_store.write() as connection:
        for name in (own, copy):
            add_image(connection, name, 1, NOON)
    matching = PictureMatching(sqlite_store, evidence, decoder)
    nothing = ReferenceBank([])
    matching.matches_of({owner_id: nothing}, {owner_id: {copy}})
    with sqlite_store.read() as connection:
        assert get_fingerprints(connection, [copy], sketch(jpeg(small)).fingerprint.version)[copy] is not None
    evidence.image_path(copy).unlink()
    with sqlite_store.write() as connection:
        connection.execute(images.update().where(images.c.sha256 == copy).values(deleted_at=NOON))
    found = matching.matches_of({owner_id: bank_of(evidence, own)}, {owner_id: {copy}})
    (match,) = found[owner_id, copy]
    assert (match.decision, match.transform) == (MatchDecision.UNVERIFIED, None)


def bank_of(evidence: EvidenceStore, *names: str) -> ReferenceBank:
    sketches = {name: sketch(evidence.get_image(name), name) for name in names}
    references = [
        Reference(reference_image_id=number, product_id=number, fingerprint=one.fingerprint)
        for number, one in enumerate(sketches.values(), start=1)
    ]
    return ReferenceBank(references, sketches)
