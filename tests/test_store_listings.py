from dataclasses import fields, replace
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from rows import FACTS, MINUTE, NOON, at_once, claimed, count, new_owner, pictures, record

from counterfoil.exceptions import NotFound
from counterfoil.models import (
    Crawl,
    Fingerprint,
    ImageSource,
    Listing,
    ListingFacts,
    ListingVersion,
    SellerFacts,
    Sighting,
)
from counterfoil.store import Store
from counterfoil.store.crawls import require_attempt
from counterfoil.store.images import (
    add_fingerprints,
    add_image,
    add_image_source,
    add_unreadable,
    get_fingerprints,
    get_image_source,
    hashes_after,
    pictures_seen,
)
from counterfoil.store.inspections import visible_to
from counterfoil.store.listings import (
    Change,
    Recorded,
    facts_digest,
    get_listing,
    get_listings,
    get_versions,
    list_version_ids,
    listing_key,
    listings_after,
    listings_seen,
    record_listing,
    record_query,
    record_seen,
    says_nothing_new,
)
from counterfoil.store.tables import inspections, listing_images, listing_versions, listings, sellers, sightings

A, B = "a" * 64, "b" * 64
ONE, TWO = "https://cdn.example/1.jpg", "https://cdn.example/2.jpg"
on_one_store = examples(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def crawl(store: Store) -> Crawl:
    """A claimed crawl; the pictures A and B are stored."""
    with store.write() as connection:
        for sha256 in (A, B):
            add_image(connection, sha256, 100, NOON)
    return claimed(store, new_owner(store))


def listing(store: Store, recorded: Recorded) -> Listing:
    with store.read() as connection:
        return get_listing(connection, recorded.listing_id)


def version(store: Store, recorded: Recorded) -> ListingVersion:
    with store.read() as connection:
        return get_versions(connection, [recorded.listing_version_id])[recorded.listing_version_id]


def numbers(store: Store, recorded: Recorded) -> list[int]:
    with store.read() as connection:
        ids = list_version_ids(connection, recorded.listing_id)
        found = get_versions(connection, ids)
    return [found[version_id].number for version_id in ids]


# ---------------------------------------------------------------------------------------------------- versions


def test_a_new_listing_comes_back_as_its_page_said(store: Store, crawl: Crawl) -> None:
    facts = replace(
        FACTS,
        price_max=Decimal("24.5"),
        availability="InStock",
        condition="used",
        seller=SellerFacts(key="s-1", name="Bob's bags", url="https://market.example/bob"),
        ships_from="CN",
        category="Bags > Backpacks",
        brand="Acme",
        sku="T-30",
        gtin="4006381333931",
        images=pictures((ONE, A), (TWO, None)),
        attributes={"rating": 4.5, "sold": 12, "tags": ["新", "new"], "nothing": None},
    )
    recorded = record(store, crawl, **{field.name: getattr(facts, field.name) for field in fields(facts)})
    kept = version(store, recorded)
    assert recorded.change is Change.NEW
    assert kept.facts == facts
    assert (kept.number, kept.captured_at, kept.listing_id) == (1, NOON, recorded.listing_id)


def test_a_listing_of_which_only_the_title_is_known_is_kept(store: Store, crawl: Crawl) -> None:
    bare = ListingFacts(url="https://market.example/item/1", title="?")
    recorded = record(store, crawl, **{field.name: getattr(bare, field.name) for field in fields(bare)})
    assert version(store, recorded).facts == bare


def test_the_same_page_twice_is_one_version_and_one_sighting(store: Store, crawl: Crawl) -> None:
    first = record(store, crawl)
    again = record(store, crawl, now=NOON + MINUTE)
    assert again == replace(first, change=Change.UNCHANGED)
    assert (count(store, listing_versions), count(store, sightings), count(store, inspections)) == (1, 1, 1)
    assert listing(store, first).first_seen_at == NOON
    assert listing(store, first).last_seen_at == NOON + MINUTE


def test_a_version_has_the_time_of_its_own_page_and_a_sighting_that_of_the_results(store: Store, crawl: Crawl) -> None:
    read_at = NOON + 60 * MINUTE
    recorded = record(store, crawl, seen_at=NOON, now=read_at)
    kept = listing(store, recorded)
    assert version(store, recorded).captured_at == read_at
    assert (kept.first_seen_at, kept.last_seen_at) == (NOON, read_at)
    assert count(store, sightings, sightings.c.seen_at == NOON) == 1


CHANGES: dict[str, Any] = {
    "url": "https://market.example/item/1?new",
    "title": "Trail 30 backpack, new",
    "description": None,
    "price": Decimal("19.91"),
    "price_max": Decimal("30"),
    "currency": "USD",
    "availability": "SoldOut",
    "condition": "new",
    "seller": SellerFacts(key="s-2"),
    "ships_from": "DE",
    "category": "Bags",
    "brand": "Acme",
    "sku": "1",
    "gtin": "2",
    "images": pictures((ONE, B)),
}


@pytest.mark.parametrize("name", sorted({field.name for field in fields(ListingFacts)} - {"attributes"}))
def test_whatever_else_the_page_says_makes_a_new_version_and_keeps_the_old(
    store: Store, crawl: Crawl, name: str
) -> None:
    first = record(store, crawl, images=pictures((ONE, A)))
    second = record(store, crawl, **{"images": pictures((ONE, A)), name: CHANGES[name]})
    assert second.change is Change.CHANGED
    assert numbers(store, first) == [1, 2]
    assert getattr(version(store, second).facts, name) == CHANGES[name]
    assert getattr(version(store, first).facts, name) == getattr(replace(FACTS, images=pictures((ONE, A))), name)


def test_a_page_that_says_again_what_it_said_earlier_is_a_third_version(store: Store, crawl: Crawl) -> None:
    for price in ("19.90", "25", "19.9"):
        last = record(store, crawl, price=Decimal(price))
    assert last.change is Change.CHANGED
    assert numbers(store, last) == [1, 2, 3]


def test_attributes_alone_make_no_version(store: Store, crawl: Crawl) -> None:
    first = record(store, crawl, attributes={"sold": 1})
    assert record(store, crawl, attributes={"sold": 2}).change is Change.UNCHANGED
    assert version(store, first).facts.attributes == {"sold": 1}


def test_a_price_written_otherwise_makes_no_version(store: Store, crawl: Crawl) -> None:
    record(store, crawl, price=Decimal("100"))
    for price in ("100.00", "1E+2", "100.000000"):
        assert record(store, crawl, price=Decimal(price)).change is Change.UNCHANGED


def test_a_sellers_new_name_makes_no_version(store: Store, crawl: Crawl) -> None:
    record(store, crawl)
    renamed = record(store, crawl, seller=SellerFacts(key="s-1", name="Bob & sons"))
    assert renamed.change is Change.UNCHANGED
    assert version(store, renamed).facts.seller == SellerFacts(key="s-1", name="Bob & sons")


def test_a_sellers_name_is_not_forgotten_where_a_page_leaves_it_out(store: Store, crawl: Crawl) -> None:
    record(store, crawl, seller=SellerFacts(key="s-1", name="Bob", url="https://market.example/bob"))
    record(store, crawl, key="2", seller=SellerFacts(key="s-1"), now=NOON + MINUTE)
    with store.read() as connection:
        (seller,) = connection.execute(sa.select(sellers)).all()
    assert (seller.name, seller.url) == ("Bob", "https://market.example/bob")
    assert (seller.first_seen_at, seller.last_seen_at) == (NOON, NOON + MINUTE)


# ---------------------------------------------------------------------------------------------------- pictures


def test_a_picture_that_failed_this_time_makes_no_version(store: Store, crawl: Crawl) -> None:
    first = record(store, crawl, images=pictures((ONE, A), (TWO, B)))
    again = record(store, crawl, images=pictures((ONE, None), (TWO, B)))
    assert again == replace(first, change=Change.UNCHANGED)
    assert version(store, again).facts.images == pictures((ONE, A), (TWO, B))


def test_a_picture_that_failed_keeps_its_content_in_a_version_that_another_change_makes(
    store: Store, crawl: Crawl
) -> None:
    record(store, crawl, images=pictures((ONE, A)))
    changed = record(store, crawl, images=pictures((ONE, None)), price=Decimal("5"))
    assert version(store, changed).facts.images == pictures((ONE, A))


def test_a_picture_that_came_at_last_makes_a_version_that_shows_it(store: Store, crawl: Crawl) -> None:
    first = record(store, crawl, images=pictures((ONE, None)))
    assert version(store, first).facts.images == pictures((ONE, None))
    assert record(store, crawl, images=pictures((ONE, None))).change is Change.UNCHANGED
    second = record(store, crawl, images=pictures((ONE, A)))
    assert second.change is Change.CHANGED
    assert version(store, second).facts.images == pictures((ONE, A))


def test_the_same_picture_at_another_address_makes_no_version(store: Store, crawl: Crawl) -> None:
    record(store, crawl, images=pictures((ONE, A)))
    assert record(store, crawl, images=pictures((f"{ONE}?token=2", A))).change is Change.UNCHANGED


def test_pictures_in_another_order_make_a_version(store: Store, crawl: Crawl) -> None:
    record(store, crawl, images=pictures((ONE, A), (TWO, B)))
    swapped = record(store, crawl, images=pictures((TWO, B), (ONE, A)))
    assert swapped.change is Change.CHANGED
    assert version(store, swapped).facts.images == pictures((TWO, B), (ONE, A))


def test_a_picture_may_be_shown_twice_on_a_page(store: Store, crawl: Crawl) -> None:
    shown = pictures((ONE, A), (ONE, A))
    assert version(store, record(store, crawl, images=shown)).facts.images == shown


def test_a_picture_that_is_not_stored_is_not_named(store: Store, crawl: Crawl) -> None:
    with pytest.raises(sa.exc.IntegrityError):
        record(store, crawl, images=pictures((ONE, "f" * 64)))
    assert count(store, listings) == 0
    assert count(store, listing_images) == 0


# -------------------------------------------------------------------------------------------------- identities


def test_a_listing_is_one_within_its_marketplace_and_another_elsewhere(store: Store, crawl: Crawl) -> None:
    here = record(store, crawl)
    elsewhere = record(store, replace(crawl, marketplace="other"))
    assert here.listing_id != elsewhere.listing_id
    assert count(store, sellers) == 2
    with store.read() as connection:
        found = get_listings(connection, [here.listing_id, elsewhere.listing_id])
    assert {one.marketplace for one in found.values()} == {"market", "other"}


def test_the_key_is_the_marketplaces_id_or_else_the_address() -> None:
    assert listing_key("42", "https://market.example/item/42") == "42"
    assert listing_key(None, "https://market.example/item/42") == "https://market.example/item/42"
    assert listing_key("", "https://market.example/item/42") == "https://market.example/item/42"


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=3000))
@on_one_store
def test_a_key_of_any_length_and_script_can_be_kept_and_found(store: Store, crawl: Crawl, text: str) -> None:
    key = listing_key(text, "")
    assert listing_key(text, "https://else.example") == key
    assert listing_key(text + "x", "") != key
    recorded = record(store, crawl, key=key)
    with store.read() as connection:
        assert listings_seen(connection, crawl.id)[key] == recorded.listing_id


def test_the_longest_keys_of_rare_letters_can_be_indexed(store: Store, crawl: Crawl) -> None:
    key = listing_key("".join(chr(0x4E00 + number * 7 % 20_000) for number in range(1_000)), "")
    assert record(store, crawl, key=key).change is Change.NEW


def test_an_unknown_listing_is_not_found(store: Store) -> None:
    with store.read() as connection:
        with pytest.raises(NotFound):
            get_listing(connection, 1)
        assert get_versions(connection, [1, 2]) == {}
        assert get_versions(connection, []) == {}
        assert list_version_ids(connection, 1) == []


def test_what_says_nothing_new_is_known_beforehand(store: Store, crawl: Crawl) -> None:
    def nothing_new(facts: ListingFacts, marketplace: str = "market", key: str = "1") -> bool:
        with store.read() as connection:
            return says_nothing_new(connection, marketplace, key, facts)

    shown = replace(FACTS, images=pictures((ONE, A)))
    assert not nothing_new(shown)
    record(store, crawl, images=shown.images)
    assert nothing_new(shown)
    assert nothing_new(replace(FACTS, images=pictures((ONE, None))))
    assert not nothing_new(replace(shown, title="Something else"))
    assert not nothing_new(shown, marketplace="other")
    assert not nothing_new(shown, key="2")


@given(st.decimals("0", "1e12", places=3), st.integers(0, 3))
def test_the_digest_does_not_depend_on_how_a_number_is_written(price: Decimal, zeros: int) -> None:
    written = Decimal(f"{price}{'0' * zeros}")
    assert facts_digest(replace(FACTS, price=written)) == facts_digest(replace(FACTS, price=price))
    assert facts_digest(replace(FACTS, price=price + 1)) != facts_digest(replace(FACTS, price=price))


# --------------------------------------------------------------------------------------------------- sightings


def test_a_listing_seen_for_several_queries_has_a_sighting_for_each(store: Store, crawl: Crawl) -> None:
    recorded = record(store, crawl, query="bag")
    for query in ("sack", "bag", "sack"):
        with store.write() as connection:
            record_query(connection, crawl.id, recorded.listing_id, Sighting(query=query, rank=7, seen_at=NOON))
    with store.read() as connection:
        rows = connection.execute(sa.select(sightings.c.query, sightings.c.rank).order_by(sightings.c.id)).all()
    assert [tuple(row) for row in rows] == [("bag", 1), ("sack", 7)]


def test_a_query_for_a_listing_the_crawl_has_not_stored_is_not_noted(store: Store, crawl: Crawl) -> None:
    with store.write() as connection:
        record_query(connection, crawl.id, 99, Sighting(query="bag", rank=1, seen_at=NOON))
    assert count(store, sightings) == 0


def test_a_query_longer_than_the_column_is_cut_alike_on_both_engines(store: Store, crawl: Crawl) -> None:
    for _ in range(2):
        record(store, crawl, query="x" * 500)
    with store.read() as connection:
        assert connection.scalars(sa.select(sightings.c.query)).all() == ["x" * 300]


def test_what_a_crawl_has_stored_so_far_is_known_to_its_next_attempt(store: Store, crawl: Crawl) -> None:
    stored = {key: record(store, crawl, key=key).listing_id for key in ("1", "2")}
    other = claimed(store, crawl.owner_id, "another monitor")
    record(store, other, key="3")
    with store.read() as connection:
        assert listings_seen(connection, crawl.id) == stored


def test_crawls_of_two_owners_share_the_listing_and_each_has_its_own_sighting_and_inspection(
    store: Store, crawl: Crawl
) -> None:
    stranger = new_owner(store, "stranger")
    theirs = claimed(store, stranger, "theirs")
    mine = record(store, crawl)
    with store.read() as connection:
        assert visible_to(connection, crawl.owner_id, mine.listing_id)
        assert not visible_to(connection, stranger, mine.listing_id)
    assert record(store, theirs) == replace(mine, change=Change.UNCHANGED)
    assert (count(store, listings), count(store, listing_versions)) == (1, 1)
    for table in (sightings, inspections):
        with store.read() as connection:
            assert sorted(connection.scalars(sa.select(table.c.owner_id))) == [crawl.owner_id, stranger]


# ------------------------------------------------------------------------------------------------- concurrency


def test_crawls_that_record_one_new_listing_at_once_make_one_version(store: Store) -> None:
    crawls = [claimed(store, new_owner(store, f"owner {number}")) for number in range(4)]
    made = at_once(4, lambda index: record(store, crawls[index]))
    assert len({one.listing_version_id for one in made}) == 1
    assert sorted(one.change for one in made) == [Change.NEW, *[Change.UNCHANGED] * 3]
    assert count(store, sightings) == 4


def test_crawls_that_record_different_pages_of_one_listing_at_once_number_them_in_a_row(store: Store) -> None:
    crawls = [claimed(store, new_owner(store, f"owner {number}")) for number in range(4)]

    def record_five(index: int) -> Recorded:
        for price in range(5):
            last = record(store, crawls[index], price=Decimal(1 + index * 10 + price))
        return last

    made = at_once(4, record_five)
    assert numbers(store, made[0]) == list(range(1, 21))
    with store.read() as connection:
        assert connection.scalars(sa.select(listings.c.latest_number)).all() == [20]


def test_crawls_that_write_the_same_pages_in_different_orders_do_not_wait_for_each_other_in_vain(store: Store) -> None:
    crawls = [claimed(store, new_owner(store, f"owner {number}")) for number in range(2)]
    keys = [str(key) for key in range(30)]

    def record_all(index: int) -> None:
        with store.write() as connection:
            require_attempt(connection, crawls[index].id, crawls[index].attempt)
            for key in keys if index else reversed(keys):
                add_image(connection, f"{key:0>64}", 1, NOON)
                record_listing(
                    connection,
                    crawl_id=crawls[index].id,
                    marketplace="market",
                    key=key,
                    facts=replace(FACTS, seller=SellerFacts(key=key)),
                    body_sha256=None,
                    captured_at=NOON,
                    sighting=Sighting(query="bag", rank=1, seen_at=NOON),
                )

    at_once(2, record_all)
    assert (count(store, listings), count(store, listing_versions), count(store, sightings)) == (30, 30, 60)


# ------------------------------------------------------------------------------------ stored pictures, sources


def fingerprint(sha256: str, **changes: Any) -> Fingerprint:
    made = Fingerprint(
        image_sha256=sha256,
        version="v1",
        width=640,
        height=480,
        phash=bytes(range(8)),
        dct256=bytes(range(224, 256)),
        box256=bytes(range(32)),
        informative=True,
    )
    return replace(made, **changes)


def test_a_picture_stored_twice_is_one(store: Store) -> None:
    def add(_: int) -> None:
        with store.write() as connection:
            add_image(connection, A, 100, NOON)

    at_once(4, add)
    assert count(store, sa.table("images")) == 1


def test_what_an_address_answered_last_is_known(store: Store, crawl: Crawl) -> None:
    address = "https://cdn.example/" + "ü" * 3000
    first = ImageSource(url=address, image_sha256=A, etag='"1"', last_modified="Sun, 01 Mar 2026 12:00:00 GMT")
    for source in (first, ImageSource(url=address, image_sha256=B)):
        with store.write() as connection:
            add_image_source(connection, source, NOON)
            assert get_image_source(connection, address) == source
            assert get_image_source(connection, ONE) is None


def test_fingerprints_come_back_and_the_first_one_stays(store: Store, crawl: Crawl) -> None:
    with store.write() as connection:
        add_fingerprints(connection, [fingerprint(A), fingerprint(A, version="v2", informative=False)])
        add_fingerprints(connection, [fingerprint(A, width=1)])
        add_unreadable(connection, B, "v1", "x" * 900)
        add_fingerprints(connection, [])
    with store.read() as connection:
        assert get_fingerprints(connection, [A, B, "c" * 64], "v1") == {A: fingerprint(A), B: None}
        assert get_fingerprints(connection, [A, B], "v2") == {A: fingerprint(A, version="v2", informative=False)}
        assert get_fingerprints(connection, [], "v1") == {}


def test_more_fingerprints_are_asked_for_than_a_statement_takes(store: Store, crawl: Crawl) -> None:
    with store.write() as connection:
        add_fingerprints(connection, [fingerprint(A)])
    unknown = [f"{number:064x}" for number in range(40_000)]
    with store.read() as connection:
        assert list(get_fingerprints(connection, [*unknown, A], "v1")) == [A]


def test_hashes_are_those_of_informative_pictures_and_are_read_from_where_one_stopped(store: Store) -> None:
    plain = "d" * 64
    with store.write() as connection:
        for sha256 in (A, B, plain):
            add_image(connection, sha256, 1, NOON)
        add_fingerprints(
            connection, [fingerprint(A), fingerprint(plain, informative=False), fingerprint(A, version="v2")]
        )

    def hashes(number: int) -> list[tuple[str, bytes, bytes]]:
        with store.read() as connection:
            rows = [row for some in hashes_after(connection, "v1", number) for row in some]
            # The connection is as it was: what is asked next does not come in pieces.
            assert connection.get_execution_options().get("yield_per") is None
        return [(row.image_sha256, row.dct256, row.box256) for row in rows]

    both = (bytes(range(224, 256)), bytes(range(32)))
    assert hashes(0) == [(A, *both)]
    with store.write() as connection:
        add_fingerprints(connection, [fingerprint(A), fingerprint(B)])
    assert hashes(1) == [(B, *both)] and hashes(0) == [(A, *both), (B, *both)]


def test_a_picture_is_seen_by_those_whose_crawls_have_shown_it(store: Store, crawl: Crawl) -> None:
    with store.write() as connection:
        for sha256 in (A, B):
            add_image(connection, sha256, 1, NOON)
    record(store, crawl, images=pictures((ONE, A)))
    stranger = claimed(store, new_owner(store, "stranger"), "theirs")
    record(store, stranger, key="2", images=pictures((TWO, B)))
    with store.read() as connection:
        assert pictures_seen(connection, crawl.owner_id, [A, B]) == {A}
        assert pictures_seen(connection, stranger.owner_id, [A, B]) == {B}
        assert pictures_seen(connection, crawl.owner_id, []) == set()


def test_a_page_older_than_what_is_known_is_seen_and_changes_nothing(store: Store, crawl: Crawl) -> None:
    newest = record(store, crawl, now=NOON + MINUTE)
    older = record(store, crawl, now=NOON, title="last year's", url="https://x.example/old")
    assert (older.change, older.listing_version_id) == (Change.UNCHANGED, newest.listing_version_id)
    known = listing(store, newest)
    assert (known.url, known.last_seen_at) == (FACTS.url, NOON + MINUTE)
    assert version(store, newest).facts.title == FACTS.title


def test_a_listing_that_a_page_only_shows_is_seen_in_its_newest_version(store: Store, crawl: Crawl) -> None:
    sighting = Sighting(query="", rank=3, seen_at=NOON + MINUTE)

    def see(key: str) -> int | None:
        with store.write() as connection:
            return record_seen(connection, crawl_id=crawl.id, marketplace=crawl.marketplace, key=key, sighting=sighting)

    assert see("1") is None
    recorded = record(store, crawl, now=NOON)
    assert see("1") == see("1") == recorded.listing_id
    assert (listing(store, recorded).last_seen_at, numbers(store, recorded)) == (NOON + MINUTE, [1])


def test_listings_are_read_page_by_page_of_a_seller_and_a_marketplace(store: Store, crawl: Crawl) -> None:
    first = record(store, crawl, key="1", seller=SellerFacts(key="s-1")).listing_id
    second = record(store, crawl, key="2", seller=SellerFacts(key="s-2")).listing_id
    with store.read() as connection:
        one = get_listing(connection, first)
        assert one.seller_id is not None

        def found(after: int = 0, **only: Any) -> list[int]:
            return [listing.id for listing in listings_after(connection, crawl.owner_id, after, 10, **only)]

        assert found() == found(marketplace=one.marketplace) == [first, second] and found(after=first) == [second]
        assert found(seller_id=one.seller_id) == found(seller_id=one.seller_id, marketplace=one.marketplace) == [first]
        assert found(seller_id=one.seller_id, marketplace="elsewhere") == found(marketplace="elsewhere") == []
