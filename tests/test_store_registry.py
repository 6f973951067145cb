from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from rows import NOON, at_once, claimed, count, new_owner, new_product, record

from counterfoil.exceptions import Conflict, InvalidInput, NotFound
from counterfoil.models import Fingerprint, PriceRange, RightKind
from counterfoil.store import Store
from counterfoil.store.brands import (
    add_brand,
    add_right,
    create_brand,
    get_brand,
    list_brands,
    list_rights,
    remove_brand,
    remove_right,
    restore_brand,
)
from counterfoil.store.images import add_fingerprints, add_image, add_unreadable
from counterfoil.store.owners import get_owner, list_owners, registry_revision
from counterfoil.store.products import (
    ProductEntry,
    add_product,
    add_reference_image,
    find_product,
    get_product,
    list_products,
    list_reference_images,
    remove_product,
    remove_reference_image,
    restore_product,
    restore_reference_image,
)
from counterfoil.store.rates import add_rates, latest_rates
from counterfoil.store.registry import load_registry, references_without_fingerprint
from counterfoil.store.sellers import authorise_seller, list_authorised_sellers, remove_authorised_seller
from counterfoil.store.tables import brands, owners, products, reassessments

PICTURE = "a" * 64
FULL = ProductEntry(
    brand_id=0,
    name="Trail 30",
    sku="T-30",
    keywords=("backpack", "背包"),
    aliases=("Trail thirty", "トレイル"),
    price_range=PriceRange(low=Decimal("80"), high=Decimal("120.50"), currency="EUR"),
    official_pages=("https://acme.example/trail-30",),
)
Change = Callable[[sa.Connection], Any]


@pytest.fixture
def owner_id(store: Store) -> int:
    return new_owner(store)


@pytest.fixture
def brand_id(store: Store, owner_id: int) -> int:
    with store.write() as connection:
        return add_brand(connection, owner_id, "Acme", ("ACMÉ", "艾克美"), NOON).id


def do(store: Store, change: Change) -> Any:
    with store.write() as connection:
        return change(connection)


def revision(store: Store, owner_id: int) -> int:
    with store.read() as connection:
        return registry_revision(connection, owner_id)


def right(brand_id: int, owner_id: int, number: str = "018", classes: tuple[int, ...] = (18, 25)) -> Change:
    return lambda connection: add_right(
        connection,
        owner_id,
        brand_id,
        kind=RightKind.TRADEMARK,
        number=number,
        jurisdiction="EU",
        classes=classes,
        now=NOON,
    )


def picture(store: Store, owner_id: int, product_id: int, sha256: str = PICTURE) -> bool:
    with store.write() as connection:
        add_image(connection, sha256, 100, NOON)
        return add_reference_image(connection, owner_id, product_id, sha256, "trail.jpg", NOON)


def fingerprint(sha256: str) -> Fingerprint:
    return Fingerprint(
        image_sha256=sha256,
        version="v1",
        width=640,
        height=480,
        phash=bytes(range(8)),
        dct256=bytes(range(32)),
        box256=bytes(range(32)),
        informative=True,
    )


# ------------------------------------------------------------------------------------------------------ owners


def test_an_owner_added_twice_is_one(store: Store) -> None:
    assert new_owner(store, "艾克美") == new_owner(store, "艾克美")
    assert count(store, owners) == 1


def test_owners_added_by_many_at_once_are_one(store: Store) -> None:
    assert len(set(at_once(6, lambda _: new_owner(store, "acme")))) == 1


def test_owners_are_listed_by_name(store: Store) -> None:
    for name in ("b", "c", "a"):
        new_owner(store, name)
    with store.read() as connection:
        assert [owner.name for owner in list_owners(connection)] == ["a", "b", "c"]


def test_an_unknown_owner_is_not_found_and_the_way_out_is_told(store: Store) -> None:
    with store.read() as connection, pytest.raises(NotFound, match="counterfoil owner add"):
        get_owner(connection, "nobody")


# ------------------------------------------------------------------------------------------- brands and rights


def test_a_brand_keeps_its_spellings(store: Store, owner_id: int, brand_id: int) -> None:
    with store.read() as connection:
        brand = get_brand(connection, owner_id, "Acme")
    assert (brand.id, brand.aliases) == (brand_id, ("ACMÉ", "艾克美"))


def test_a_brand_added_twice_changes_nothing(store: Store, owner_id: int, brand_id: int) -> None:
    before = revision(store, owner_id)
    for aliases in (("ACMÉ", "艾克美"), ()):
        assert do(store, lambda c, given=aliases: add_brand(c, owner_id, "Acme", given, NOON)).id == brand_id
    assert revision(store, owner_id) == before


def test_a_brand_added_with_other_spellings_takes_them(store: Store, owner_id: int, brand_id: int) -> None:
    before = revision(store, owner_id)
    assert do(store, lambda c: add_brand(c, owner_id, "Acme", ["Akme"], NOON)).aliases == ("Akme",)
    assert revision(store, owner_id) == before + 1


def test_a_brand_with_products_is_not_removed(store: Store, owner_id: int) -> None:
    product_id = new_product(store, owner_id)
    with pytest.raises(Conflict, match="1 product"):
        do(store, lambda c: remove_brand(c, owner_id, "Acme", NOON))
    do(store, lambda c: remove_product(c, owner_id, product_id, NOON))
    do(store, lambda c: remove_brand(c, owner_id, "Acme", NOON))
    with store.read() as connection:
        assert list_brands(connection, owner_id) == []


def test_a_removed_brand_can_be_added_again_with_its_rights(store: Store, owner_id: int, brand_id: int) -> None:
    do(store, right(brand_id, owner_id))
    do(store, lambda c: remove_brand(c, owner_id, "Acme", NOON))
    with store.read() as connection:
        assert list_rights(connection, owner_id) == []
    again = do(store, lambda c: add_brand(c, owner_id, "Acme", (), NOON))
    assert again.id != brand_id
    assert do(store, right(again.id, owner_id)).brand_id == again.id


def test_a_product_never_outlives_the_brand_it_is_added_to_at_the_same_moment(store: Store, owner_id: int) -> None:
    """The judge reads every product with its brand: one without would stop it."""

    def add_or_remove(index: int, brand: int, name: str) -> None:
        try:
            if index == 0:
                do(store, lambda c: remove_brand(c, owner_id, name, NOON))
            else:
                do(store, lambda c: add_product(c, owner_id, ProductEntry(brand_id=brand, name="x"), NOON))
        except (Conflict, NotFound):
            return

    for number in range(5):
        name = f"brand {number}"
        made = do(store, lambda c, named=name: add_brand(c, owner_id, named, (), NOON)).id
        at_once(2, lambda index, brand=made, named=name: add_or_remove(index, brand, named))
    with store.read() as connection:
        load_registry(connection, owner_id, "v1")


def test_a_right_keeps_what_was_registered(store: Store, owner_id: int, brand_id: int) -> None:
    made = do(store, right(brand_id, owner_id))
    assert (made.kind, made.number, made.jurisdiction, made.classes) == (RightKind.TRADEMARK, "018", "EU", (18, 25))


def test_a_right_added_twice_is_one_and_takes_the_new_classes(store: Store, owner_id: int, brand_id: int) -> None:
    first = do(store, right(brand_id, owner_id))
    assert do(store, right(brand_id, owner_id, classes=())) == first
    changed = do(store, right(brand_id, owner_id, classes=(9,)))
    with store.read() as connection:
        assert list_rights(connection, owner_id) == [changed]
    assert (changed.id, changed.classes) == (first.id, (9,))


def test_a_right_of_another_brand_is_not_taken_over(store: Store, owner_id: int, brand_id: int) -> None:
    do(store, right(brand_id, owner_id))
    other = do(store, lambda c: add_brand(c, owner_id, "Other", (), NOON))
    with pytest.raises(Conflict, match="another brand"):
        do(store, right(other.id, owner_id))


def test_a_removed_right_is_gone_and_can_be_added_again(store: Store, owner_id: int, brand_id: int) -> None:
    first = do(store, right(brand_id, owner_id))
    do(store, lambda c: remove_right(c, owner_id, first.id, NOON))
    with pytest.raises(NotFound):
        do(store, lambda c: remove_right(c, owner_id, first.id, NOON))
    assert do(store, right(brand_id, owner_id)).id != first.id


# ---------------------------------------------------------------------------------------------------- products


def test_a_product_comes_back_as_it_was_registered(store: Store, owner_id: int, brand_id: int) -> None:
    made = do(store, lambda c: add_product(c, owner_id, replace(FULL, brand_id=brand_id), NOON))
    with store.read() as connection:
        kept = get_product(connection, owner_id, made.id)
    assert kept == made
    for name in ("name", "sku", "keywords", "aliases", "price_range", "official_pages"):
        assert getattr(kept, name) == getattr(FULL, name)


def test_a_product_added_twice_changes_nothing(store: Store, owner_id: int, brand_id: int) -> None:
    entry = replace(FULL, brand_id=brand_id)
    first = do(store, lambda c: add_product(c, owner_id, entry, NOON))
    before = revision(store, owner_id)
    same_price = PriceRange(low=Decimal("80.00"), high=Decimal("120.5"), currency="EUR")
    for again in (entry, replace(entry, price_range=same_price)):
        assert do(store, lambda c, given=again: add_product(c, owner_id, given, NOON)) == first
    assert revision(store, owner_id) == before


def test_a_product_added_with_other_facts_is_brought_up_to_date(store: Store, owner_id: int, brand_id: int) -> None:
    entry = replace(FULL, brand_id=brand_id)
    first = do(store, lambda c: add_product(c, owner_id, entry, NOON))
    before = revision(store, owner_id)
    changed = do(store, lambda c: add_product(c, owner_id, replace(entry, sku="T-31", keywords=()), NOON))
    assert (changed.id, changed.sku, changed.keywords) == (first.id, "T-31", ())
    assert revision(store, owner_id) == before + 1


def test_a_sku_belongs_to_one_product(store: Store, owner_id: int, brand_id: int) -> None:
    entry = replace(FULL, brand_id=brand_id)
    do(store, lambda c: add_product(c, owner_id, entry, NOON))
    do(store, lambda c: add_product(c, owner_id, replace(entry, name="Trail 40", sku="T-40"), NOON))
    for name in ("Trail 50", "Trail 40"):
        with pytest.raises(Conflict, match="T-30"):
            do(store, lambda c, called=name: add_product(c, owner_id, replace(entry, name=called), NOON))
    with store.read() as connection:
        assert [(one.name, one.sku) for one in list_products(connection, owner_id)] == [
            ("Trail 30", "T-30"),
            ("Trail 40", "T-40"),
        ]


def test_the_same_name_under_two_brands_is_two_products(store: Store, owner_id: int) -> None:
    assert new_product(store, owner_id, brand="A") != new_product(store, owner_id, brand="B")
    with store.read() as connection, pytest.raises(Conflict, match="Several products"):
        find_product(connection, owner_id, "Trail 30")


def test_a_product_added_by_many_at_once_is_one(store: Store, owner_id: int, brand_id: int) -> None:
    def add(_: int) -> int | None:
        try:
            return int(do(store, lambda c: add_product(c, owner_id, replace(FULL, brand_id=brand_id), NOON)).id)
        except Conflict:
            return None

    made = set(at_once(6, add))
    assert count(store, products) == 1
    assert len(made - {None}) == 1


def test_a_removed_product_frees_its_name_and_sku(store: Store, owner_id: int, brand_id: int) -> None:
    entry = replace(FULL, brand_id=brand_id)
    first = do(store, lambda c: add_product(c, owner_id, entry, NOON))
    picture(store, owner_id, first.id)
    before = revision(store, owner_id)
    do(store, lambda c: remove_product(c, owner_id, first.id, NOON))
    assert revision(store, owner_id) == before + 1
    with store.read() as connection, pytest.raises(NotFound):
        get_product(connection, owner_id, first.id)
    with pytest.raises(NotFound):
        do(store, lambda c: remove_product(c, owner_id, first.id, NOON))
    again = do(store, lambda c: add_product(c, owner_id, entry, NOON))
    assert again.id != first.id
    with store.read() as connection:
        assert list_reference_images(connection, owner_id, again.id) == []
    assert picture(store, owner_id, again.id)


def test_a_product_is_found_by_id_sku_or_name_and_the_id_comes_first(
    store: Store, owner_id: int, brand_id: int
) -> None:
    first = do(store, lambda c: add_product(c, owner_id, replace(FULL, brand_id=brand_id), NOON))
    tricky = ProductEntry(brand_id=brand_id, name="T-30", sku=str(first.id))
    second = do(store, lambda c: add_product(c, owner_id, tricky, NOON))
    with store.read() as connection:
        found = {text: find_product(connection, owner_id, text).id for text in (str(first.id), "T-30", "Trail 30")}
        assert found == {str(first.id): first.id, "T-30": first.id, "Trail 30": first.id}
        assert find_product(connection, owner_id, str(second.id)).id == second.id
        for text in ("", "x", "9" * 18, "9" * 30, "0", "' OR 1=1 --"):
            with pytest.raises(NotFound):
                find_product(connection, owner_id, text)


# -------------------------------------------------------------------------------------------- reference images


def test_a_reference_image_added_twice_is_one(store: Store, owner_id: int) -> None:
    product_id = new_product(store, owner_id)
    assert picture(store, owner_id, product_id)
    before = revision(store, owner_id)
    assert not picture(store, owner_id, product_id)
    assert revision(store, owner_id) == before


def test_one_picture_may_show_two_products(store: Store, owner_id: int) -> None:
    for name in ("Trail 30", "Trail 40"):
        assert picture(store, owner_id, new_product(store, owner_id, name))


def test_a_removed_reference_image_is_gone_and_can_be_added_again(store: Store, owner_id: int) -> None:
    product_id = new_product(store, owner_id)
    picture(store, owner_id, product_id)
    with store.read() as connection:
        (image,) = list_reference_images(connection, owner_id, product_id)
    assert (image.image_sha256, image.source) == (PICTURE, "trail.jpg")
    before = revision(store, owner_id)
    do(store, lambda c: remove_reference_image(c, owner_id, image.id, NOON))
    assert revision(store, owner_id) == before + 1
    with pytest.raises(NotFound):
        do(store, lambda c: remove_reference_image(c, owner_id, image.id, NOON))
    assert picture(store, owner_id, product_id)


def test_what_was_removed_comes_back_once_also_when_it_is_asked_for_twice_at_once(store: Store, owner_id: int) -> None:
    brand_id = do(store, lambda c: add_brand(c, owner_id, "Acme", (), NOON)).id
    do(store, right(brand_id, owner_id))
    entry = ProductEntry(brand_id=brand_id, name="Trail 30", sku="T-30")
    product_id = do(store, lambda c: add_product(c, owner_id, entry, NOON)).id
    picture(store, owner_id, product_id)
    with store.read() as connection:
        (image,) = list_reference_images(connection, owner_id, product_id)
    do(store, lambda c: remove_reference_image(c, owner_id, image.id, NOON))
    do(store, lambda c: remove_product(c, owner_id, product_id, NOON))
    do(store, lambda c: remove_brand(c, owner_id, "Acme", NOON))
    with pytest.raises(Conflict, match="was removed: restore it first"):
        do(store, lambda c: restore_product(c, owner_id, product_id, NOON))
    restores: tuple[Change, ...] = (
        lambda c: restore_brand(c, owner_id, brand_id, NOON),
        lambda c: restore_product(c, owner_id, product_id, NOON),
        lambda c: restore_reference_image(c, owner_id, product_id, image.id, NOON),
    )
    for restore in restores:
        first, second = at_once(2, lambda _, restore=restore: do(store, restore))
        assert first == second == do(store, restore)
    with store.read() as connection:
        assert len(list_rights(connection, owner_id)) == len(list_brands(connection, owner_id)) == 1
        assert list_reference_images(connection, owner_id, product_id) == [image]


def test_what_comes_back_while_its_name_is_given_away_is_there_once(store: Store, owner_id: int) -> None:
    def restore_or_add(index: int, brand_id: int, name: str) -> bool:
        try:
            if index == 0:
                do(store, lambda c: restore_brand(c, owner_id, brand_id, NOON))
            else:
                do(store, lambda c: create_brand(c, owner_id, name, (), NOON))
        except Conflict:
            return False
        return True

    for number in range(5):
        name = f"brand {number}"
        made = do(store, lambda c, named=name: add_brand(c, owner_id, named, (), NOON)).id
        do(store, lambda c, named=name: remove_brand(c, owner_id, named, NOON))
        done = at_once(2, lambda index, brand=made, named=name: restore_or_add(index, brand, named))
        assert sorted(done) == [False, True]


# ----------------------------------------------------------------------------------------------------- sellers


def test_a_seller_authorised_twice_is_one(store: Store, owner_id: int) -> None:
    assert do(store, lambda c: authorise_seller(c, owner_id, "market", "s-1", "Acme store", NOON))
    before = revision(store, owner_id)
    assert not do(store, lambda c: authorise_seller(c, owner_id, "market", "s-1", None, NOON))
    assert revision(store, owner_id) == before
    with store.read() as connection:
        (seller,) = list_authorised_sellers(connection, owner_id)
    assert (seller.marketplace, seller.seller_key, seller.name) == ("market", "s-1", "Acme store")


def test_the_same_seller_id_on_two_marketplaces_is_two_sellers(store: Store, owner_id: int) -> None:
    for marketplace in ("one", "two"):
        assert do(store, lambda c, name=marketplace: authorise_seller(c, owner_id, name, "s-1", None, NOON))
    do(store, lambda c: remove_authorised_seller(c, owner_id, "one", "s-1", NOON))
    with store.read() as connection:
        assert [seller.marketplace for seller in list_authorised_sellers(connection, owner_id)] == ["two"]


def test_a_seller_no_longer_trusted_can_be_trusted_again(store: Store, owner_id: int) -> None:
    do(store, lambda c: authorise_seller(c, owner_id, "market", "s-1", None, NOON))
    before = revision(store, owner_id)
    do(store, lambda c: remove_authorised_seller(c, owner_id, "market", "s-1", NOON))
    assert revision(store, owner_id) == before + 1
    with pytest.raises(NotFound, match="counterfoil seller list"):
        do(store, lambda c: remove_authorised_seller(c, owner_id, "market", "s-1", NOON))
    assert do(store, lambda c: authorise_seller(c, owner_id, "market", "s-1", None, NOON))


# ---------------------------------------------------------------------------------------------------- registry


def test_the_registry_holds_all_that_is_registered_and_nothing_that_was_removed(store: Store, owner_id: int) -> None:
    kept, removed = (new_product(store, owner_id, name) for name in ("Trail 30", "Trail 40"))
    for sha256, product_id in ((PICTURE, kept), ("b" * 64, kept), ("c" * 64, removed)):
        picture(store, owner_id, product_id, sha256)
        do(store, lambda c, name=sha256: add_fingerprints(c, [fingerprint(name)]))
    for seller in ("s-1", "s-2"):
        do(store, lambda c, key=seller: authorise_seller(c, owner_id, "market", key, None, NOON))
    with store.read() as connection:
        second = list_reference_images(connection, owner_id, kept)[1]
    do(store, lambda c: remove_product(c, owner_id, removed, NOON))
    do(store, lambda c: remove_reference_image(c, owner_id, second.id, NOON))
    do(store, lambda c: remove_authorised_seller(c, owner_id, "market", "s-2", NOON))
    with store.read() as connection:
        registry = load_registry(connection, owner_id, "v1")
        assert registry.revision == registry_revision(connection, owner_id)
    (registered,) = registry.products
    assert (registered.product.id, registered.brand.name) == (kept, "Acme")
    assert [reference.fingerprint for reference in registered.references] == [fingerprint(PICTURE)]
    assert registry.authorised_sellers == {("market", "s-1")}


def test_reference_images_without_a_fingerprint_of_this_version_are_known(store: Store, owner_id: int) -> None:
    product_id = new_product(store, owner_id)
    for sha256 in ("a" * 64, "b" * 64, "c" * 64):
        picture(store, owner_id, product_id, sha256)
    do(store, lambda c: add_fingerprints(c, [fingerprint("a" * 64)]))
    do(store, lambda c: add_unreadable(c, "b" * 64, "v1", "too large"))
    with store.read() as connection:
        assert references_without_fingerprint(connection, owner_id, "v1") == ["c" * 64]
        assert references_without_fingerprint(connection, owner_id, "v2") == ["a" * 64, "b" * 64, "c" * 64]
        (registered,) = load_registry(connection, owner_id, "v1").products
    assert [reference.fingerprint.image_sha256 for reference in registered.references] == ["a" * 64]


# ------------------------------------------------------------------------------------------------ reassessment


def causes(store: Store) -> list[tuple[int, int | None, str]]:
    columns = reassessments.c
    with store.write() as connection:
        found = connection.execute(sa.select(columns.owner_id, columns.product_id, columns.cause).order_by(columns.id))
        rows = [tuple(row) for row in found]
        connection.execute(reassessments.delete())
    return rows


def test_what_changes_the_judgement_has_past_listings_judged_again(store: Store, owner_id: int) -> None:
    product_id = new_product(store, owner_id)
    assert causes(store) == [], "there is nothing to judge again yet"
    record(store, claimed(store, owner_id))
    steps: list[tuple[Change, int | None]] = [
        (lambda c: add_product(c, owner_id, entry, NOON), product_id),
        (lambda c: add_brand(c, owner_id, "Acme", ["Akme"], NOON), None),
        (lambda c: authorise_seller(c, owner_id, "market", "s-1", None, NOON), None),
        (lambda c: remove_authorised_seller(c, owner_id, "market", "s-1", NOON), None),
    ]
    with store.read() as connection:
        entry = replace(FULL, brand_id=get_brand(connection, owner_id, "Acme").id)
    for change, expected in steps:
        do(store, change)
        assert [(owner, product) for owner, product, _ in causes(store)] == [(owner_id, expected)]
        do(store, change) if expected else None
        assert causes(store) == []
    picture(store, owner_id, product_id)
    assert [product for _, product, _ in causes(store)] == [product_id]
    with store.read() as connection:
        (image,) = list_reference_images(connection, owner_id, product_id)
    do(store, lambda c: remove_reference_image(c, owner_id, image.id, NOON))
    assert [product for _, product, _ in causes(store)] == [product_id]
    do(store, lambda c: remove_product(c, owner_id, product_id, NOON))
    assert [product for _, product, _ in causes(store)] == [product_id]


def test_a_change_asks_for_nothing_of_other_owners(store: Store, owner_id: int) -> None:
    other = new_owner(store, "other")
    for owner in (owner_id, other):
        record(store, claimed(store, owner, f"monitor {owner}"), key=str(owner))
    new_product(store, owner_id)
    assert {owner for owner, _, _ in causes(store)} == {owner_id}
    assert revision(store, other) == 0


# --------------------------------------------------------------------------------------------------- isolation


def test_no_owner_sees_or_touches_what_another_registered(store: Store, owner_id: int, brand_id: int) -> None:
    product_id = new_product(store, owner_id)
    picture(store, owner_id, product_id)
    registered = do(store, right(brand_id, owner_id))
    do(store, lambda c: authorise_seller(c, owner_id, "market", "s-1", None, NOON))
    with store.read() as connection:
        (image,) = list_reference_images(connection, owner_id, product_id)
    stranger = new_owner(store, "stranger")
    refused: list[Change] = [
        lambda c: get_brand(c, stranger, "Acme"),
        lambda c: remove_brand(c, stranger, "Acme", NOON),
        right(brand_id, stranger),
        lambda c: remove_right(c, stranger, registered.id, NOON),
        lambda c: add_product(c, stranger, ProductEntry(brand_id=brand_id, name="Mine now"), NOON),
        lambda c: get_product(c, stranger, product_id),
        lambda c: find_product(c, stranger, str(product_id)),
        lambda c: find_product(c, stranger, "Trail 30"),
        lambda c: remove_product(c, stranger, product_id, NOON),
        lambda c: add_reference_image(c, stranger, product_id, PICTURE, "mine.jpg", NOON),
        lambda c: remove_reference_image(c, stranger, image.id, NOON),
        lambda c: remove_authorised_seller(c, stranger, "market", "s-1", NOON),
    ]
    before = revision(store, owner_id)
    for change in refused:
        with pytest.raises(NotFound):
            do(store, change)
    with store.read() as connection:
        for listed in (list_brands, list_rights, list_products, list_authorised_sellers):
            assert listed(connection, stranger) == []
        assert list_reference_images(connection, stranger, product_id) == []
        registry = load_registry(connection, stranger, "v1")
    assert (registry.products, registry.authorised_sellers) == ((), frozenset())
    assert revision(store, owner_id) == before


def test_two_owners_may_register_the_same_things(store: Store) -> None:
    for name in ("one", "two"):
        owner = new_owner(store, name)
        product_id = new_product(store, owner)
        assert picture(store, owner, product_id)
        assert do(store, lambda c, mine=owner: authorise_seller(c, mine, "market", "s-1", None, NOON))
        with store.read() as connection:
            brand = get_brand(connection, owner, "Acme").id
        do(store, right(brand, owner))
    assert count(store, brands) == 2


# ------------------------------------------------------------------------------------------------------- rates


def test_without_rates_there_are_none(store: Store) -> None:
    with store.read() as connection:
        assert latest_rates(connection) is None


def test_the_rates_of_the_newest_date_hold_whatever_the_order_of_import(store: Store) -> None:
    for day, dollar in ((2, "1.0832"), (3, "1.09"), (1, "1.5")):
        do(store, lambda c, d=day, r=dollar: add_rates(c, date(2026, 3, d), "EUR", {"USD": Decimal(r)}))
    with store.read() as connection:
        assert latest_rates(connection) == (date(2026, 3, 3), "EUR", {"USD": Decimal("1.09")})


def test_rates_imported_again_replace_those_of_the_same_date(store: Store) -> None:
    rates = {"USD": Decimal("1.0832"), "IDR": Decimal("17654.123456")}
    for given in (rates, rates, {"USD": Decimal("1.1")}):
        do(store, lambda c, values=given: add_rates(c, date(2026, 3, 1), "EUR", values))
    with store.read() as connection:
        assert latest_rates(connection) == (date(2026, 3, 1), "EUR", {**rates, "USD": Decimal("1.1")})


def test_a_rate_that_would_be_rounded_is_refused_and_nothing_is_kept(store: Store) -> None:
    rates = {"USD": Decimal("0.00004"), "EUR": Decimal("0.0000344")}
    with pytest.raises(InvalidInput, match="EUR"):
        do(store, lambda c: add_rates(c, date(2026, 3, 1), "VND", rates))
    with store.read() as connection:
        assert latest_rates(connection) is None
