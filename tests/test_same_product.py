"""Products photographed anew: found by their print, told from their siblings, or named as one of these."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from counterfoil.edits import EDITS, Scenery
from counterfoil.edits.light import toned
from counterfoil.edits.shape import slanted, turned
from counterfoil.edits.step import chain
from counterfoil.fingerprints import Sketch, sketch_image
from counterfoil.matching import ReferenceBank
from counterfoil.matching.bank import Settings
from counterfoil.matching.prints import take_print
from counterfoil.matching.same_product import PrintBank, looked_for_by_print
from counterfoil.models import MatchDecision, MatchKind, Reference
from indexer.print_folder import PrintFolder

SCENERY = Scenery()


def package(product: int, *, colour: tuple[int, int, int] | None = None) -> Image.Image:
    """A carton before a white ground: the maker's logo on top, below it what is printed for this product alone."""
    rng = np.random.default_rng(product)
    image = Image.new("RGB", (500, 640), "white")
    pen = ImageDraw.Draw(image)
    ground = colour or tuple(int(value) for value in rng.integers(120, 255, 3))
    pen.rectangle((110, 30, 390, 610), fill=ground)
    pen.ellipse((150, 50, 350, 150), fill=(20, 40, 120))
    pen.text((250, 100), "Almdorf", fill="white", font=ImageFont.load_default(44), anchor="mm")
    for line in range(6):
        word = "".join(chr(97 + int(letter)) for letter in rng.integers(0, 26, 9))
        shade = tuple(int(value) for value in rng.integers(0, 90, 3))
        pen.text((250, 200 + 44 * line), word, fill=shade, font=ImageFont.load_default(38), anchor="mm")
    for _ in range(24):
        x, y, side = (int(value) for value in rng.integers((120, 460, 8), (360, 590, 30)))
        pen.ellipse((x, y, x + side, y + side), fill=tuple(int(value) for value in rng.integers(0, 256, 3)))
    return image


def own_photo(image: Image.Image, seed: int) -> Image.Image:
    """The package in somebody's kitchen: seen at an angle, in other light, before something else."""
    rng = np.random.default_rng(seed)
    carton = image.crop((110, 30, 390, 610))
    seen = chain(slanted(0.12), turned(8), toned(0.15))(carton, rng, SCENERY).image.resize((210, 435))
    kitchen = SCENERY.picture(np.random.default_rng(1_000 + seed), (600, 600))
    kitchen.paste(seen, (190, 90))
    return kitchen


def sketched(image: Image.Image, name: str) -> Sketch:
    return sketch_image(image, name)


def bank(pictures: dict[int, list[Image.Image]]) -> PrintBank:
    references, prints = [], {}
    for product_id, images in pictures.items():
        for number, image in enumerate(images):
            one = sketched(image, f"{product_id}-{number}")
            prints[one.fingerprint.image_sha256] = take_print(one)
            references.append(
                Reference(
                    reference_image_id=10 * product_id + number, product_id=product_id, fingerprint=one.fingerprint
                )
            )
    return PrintBank(references, prints)


@pytest.fixture(scope="module")
def siblings() -> PrintBank:
    return bank({product: [package(product), own_photo(package(product), product)] for product in (1, 2, 3)})


@pytest.mark.parametrize("product", [1, 2, 3])
def test_a_package_photographed_anew_is_found_before_its_siblings(siblings: PrintBank, product: int) -> None:
    matches = siblings.match(sketched(own_photo(package(product), 20 + product), "query"))
    assert matches[0].product_id == product
    assert matches[0].kind is MatchKind.SAME_PRODUCT
    assert matches[0].decision is MatchDecision.CONFIRMED
    assert matches[0].one_of == ()
    assert matches[0].transform is not None
    x, y = np.mean(matches[0].transform.quadrangle, axis=0)
    assert 190 < x < 400
    assert 90 < y < 525


def test_an_unknown_product_of_the_maker_is_not_confirmed(siblings: PrintBank) -> None:
    """Only the logo is the same: that is worth a look at most."""
    matches = siblings.match(sketched(own_photo(package(9), 31), "query"))
    assert all(match.decision is MatchDecision.REVIEW for match in matches)


@pytest.mark.parametrize("seed", [5, 6])
def test_an_unrelated_picture_is_nothing(siblings: PrintBank, seed: int) -> None:
    assert siblings.match(sketched(SCENERY.picture(np.random.default_rng(seed), (600, 500)), "query")) == ()


def test_products_that_cannot_be_told_apart_are_named_together() -> None:
    twins = bank({1: [package(1)], 2: [package(1)], 3: [package(3)]})
    matches = twins.match(sketched(own_photo(package(1), 40), "query"))
    assert {match.product_id: match.one_of for match in matches[:2]} == {1: (2,), 2: (1,)}
    assert all(match.decision is MatchDecision.REVIEW for match in matches[:2])


def test_products_of_one_print_are_told_apart_by_their_colour() -> None:
    """Print in the same place and words, on another ground: the logo shows what the light did to the colours."""
    green, blue = (150, 220, 150), (150, 180, 240)
    kinds = bank({1: [package(1, colour=green)], 2: [package(1, colour=blue)]})
    for product, colour in ((1, green), (2, blue)):
        first = kinds.match(sketched(own_photo(package(1, colour=colour), 50), "query"))[0]
        assert (first.product_id, first.one_of) == (product, ())


def test_what_stands_around_the_product_in_an_own_photo_does_not_count() -> None:
    """The kitchen of an own photo, without the product: the picture before a plain ground tells which part that is."""
    kitchen = SCENERY.picture(np.random.default_rng(3), (600, 600))
    for seed in range(8):
        kitchen.paste(package(50 + seed).crop((110, 170, 390, 610)).resize((90, 190)), (75 * (seed % 8), 400))
    with_product = kitchen.copy()
    with_product.paste(package(1).crop((110, 30, 390, 610)).resize((180, 372)), (200, 10))
    known = bank({1: [package(1), with_product]})
    assert known.match(sketched(kitchen, "query")) == ()
    assert known.match(sketched(with_product, "query again"))[0].product_id == 1


def test_a_product_that_was_moved_before_the_same_shelf_is_found() -> None:
    """The shelf has more features in common than the product: they must not say where the product is."""
    shelf = SCENERY.picture(np.random.default_rng(3), (600, 600))
    for seed in range(12):
        other = package(50 + seed).crop((110, 170, 390, 610)).resize((95, 190))
        shelf.paste(other, (100 * (seed % 6), 200 * (seed // 6)))
    carton = package(1).crop((110, 30, 390, 610)).resize((150, 310))
    registered, moved = shelf.copy(), shelf.copy()
    registered.paste(carton, (100, 20))
    moved.paste(carton.rotate(8, expand=True), (350, 270))
    known = bank({1: [package(1).resize((200, 256)), registered]})
    (found,) = known.match(sketched(moved, "query"))
    # The small official picture is found as well; the own photo shows more.
    assert (found.reference_image_id, found.decision) == (11, MatchDecision.CONFIRMED)
    assert found.transform is not None
    assert 4 < found.transform.rotation < 12


def test_prints_are_asked_for_by_registering_a_second_picture() -> None:
    one = sketched(package(1), "a").fingerprint
    other = sketched(package(2), "b").fingerprint
    references = [
        Reference(reference_image_id=1, product_id=1, fingerprint=one),
        Reference(reference_image_id=2, product_id=2, fingerprint=one),
        Reference(reference_image_id=3, product_id=2, fingerprint=other),
    ]
    assert looked_for_by_print(references[:2]) == set()
    assert looked_for_by_print(references) == {"a", "b"}


def test_the_bank_looks_for_products_only_where_no_copy_is_sure() -> None:
    pictures = [sketched(package(1), "a"), sketched(own_photo(package(1), 1), "b")]
    references = [
        Reference(reference_image_id=number, product_id=7, fingerprint=one.fingerprint)
        for number, one in enumerate(pictures, start=1)
    ]
    sketches = {one.fingerprint.image_sha256: one for one in pictures}
    prints = {name: take_print(one) for name, one in sketches.items()}
    # No local features proposed: for the engine the drawn "photo" is a copy seen at an angle, and rightly so.
    known = ReferenceBank(references, sketches, prints=prints, settings=Settings(candidates=0))
    copy = known.match(sketched(EDITS["jpeg-30"].apply(package(1), 1).image, "copy"))
    assert {match.kind for match in copy} == {MatchKind.COPY}
    anew = known.match(sketched(own_photo(package(1), 60), "anew"))
    assert {match.kind for match in anew if match.decision is MatchDecision.CONFIRMED} == {MatchKind.SAME_PRODUCT}
    assert ReferenceBank(references, sketches).identity != known.identity


def test_kept_prints_are_taken_once_and_again_when_damaged(tmp_path: Path) -> None:
    made = take_print(sketched(package(1), "a"))
    asked: list[list[str]] = []

    class Decoder:
        def print_stored(self, evidence: object, names: list[str]) -> dict[str, object]:
            asked.append(names)
            return dict.fromkeys(names, made)

    folder = PrintFolder(tmp_path, None, Decoder())  # type: ignore[arg-type]
    first = folder.prints(["a"])["a"]
    again = folder.prints(["a"])["a"]
    (kept,) = tmp_path.rglob("*.npz")
    kept.write_bytes(kept.read_bytes()[:200])
    folder.prints(["a"])
    assert asked == [["a"], [], ["a"]]
    for one in (first, again):
        assert np.array_equal(one.descriptors, made.descriptors)
        assert (one.size, one.on_plain) == (made.size, made.on_plain)
