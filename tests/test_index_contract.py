"""What every suspect index must do. A second one adds a parameter to the fixture, and nothing else."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from index_documents import (
    BAG,
    LAMP,
    SHOE,
    START,
    STATES,
    VERDICTS,
    counted_naively,
    counted_over_time,
    document,
    found_naively,
)

from counterfoil.exceptions import Conflict, IndexUnavailable, InvalidCursor, InvalidInput
from counterfoil.models import SuspectState, Triage, VerdictKind
from indexer.base import IndexState, PutStatus, SuspectIndex
from indexer.document import SuspectDocument, SuspectSeller
from indexer.elastic.index import ElasticIndex
from indexer.embedded import EmbeddedIndex
from indexer.query import TODO, UNJUDGED, Count, Facet, FacetCount, Histogram, Interval, Sort, SuspectQuery


@pytest.fixture(params=["embedded", pytest.param("elasticsearch", marks=pytest.mark.xdist_group("elasticsearch"))])
def bare_index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SuspectIndex]:
    """An index that was never made."""
    index: SuspectIndex
    if request.param == "embedded":
        index = EmbeddedIndex(tmp_path / "index")
    else:
        index = ElasticIndex(request.getfixturevalue("elastic_settings"), at_once=True)
    yield index
    index.close()


@pytest.fixture
def index(bare_index: SuspectIndex) -> SuspectIndex:
    """An empty index."""
    bare_index.begin_generation().publish()
    return bare_index


def ids(index: SuspectIndex, query: SuspectQuery) -> list[int]:
    return [one.id for one in index.search(query).suspects]


def find(index: SuspectIndex, words: str) -> list[int]:
    return ids(index, SuspectQuery(owner_id=1, words=words))


def all_pages(index: SuspectIndex, query: SuspectQuery) -> list[int]:
    """Every suspect of every page, and that no page is larger than asked for or empty between others."""
    page = index.search(query)
    found = [one.id for one in page.suspects]
    order = index.order(query)
    assert order.suspect_ids == tuple(found) and (order.next_cursor is None) is (page.next_cursor is None)
    while page.next_cursor:
        page = index.search(replace(query, cursor=page.next_cursor))
        assert 1 <= len(page.suspects) <= query.limit
        found.extend(one.id for one in page.suspects)
    return found


# ---------------------------------------------------------------------------------------------------- documents


def test_a_document_comes_back_as_it_was_put(index: SuspectIndex) -> None:
    one = document(1, verdict=VerdictKind.UNSURE, products=(BAG, LAMP), price=Decimal("1234.56"))
    bare = document(
        2, description=None, price=None, currency=None, seller=None, products=(), reasons=(), image=None, score=0.0
    )
    index.put([one, bare])
    assert index.search(SuspectQuery(owner_id=1)).suspects == (one, bare)


def test_a_newer_revision_replaces_the_older(index: SuspectIndex) -> None:
    index.put([document(1, title="red sneaker", score=0.9)])
    index.put([document(1, title="blue boot", score=0.6, revision=2)])
    assert find(index, "sneaker") == []
    assert find(index, "boot") == [1]
    assert index.search(SuspectQuery(owner_id=1)).total == Count(value=1)


def test_an_older_revision_never_overwrites_a_newer_one(index: SuspectIndex) -> None:
    index.put([document(1, title="blue boot", revision=2)])
    outcome = index.put([document(1, title="red sneaker", revision=1)])[0]
    assert (outcome.status, outcome.suspect_id) == (PutStatus.STALE, 1)
    assert find(index, "boot") == [1]
    assert find(index, "sneaker") == []


def test_the_same_revision_again_is_stored_again(index: SuspectIndex) -> None:
    index.put([document(1, title="red sneaker")])
    assert index.put([document(1, title="blue boot")])[0].status is PutStatus.STORED
    assert find(index, "boot") == [1]
    assert find(index, "sneaker") == []


def test_a_refused_document_says_why_and_keeps_no_other_from_being_stored(index: SuspectIndex) -> None:
    outcomes = index.put([document(1), document(2, title="\ud800 half a letter"), document(3, score=7.0), document(4)])
    assert [outcome.status for outcome in outcomes] == [
        PutStatus.STORED,
        PutStatus.REFUSED,
        PutStatus.REFUSED,
        PutStatus.STORED,
    ]
    assert "UTF-8" in str(outcomes[1].reason) and "score" in str(outcomes[2].reason)
    assert find(index, "leather") == [1, 4]


def test_a_reason_that_cannot_be_sent_keeps_no_other_document_out(index: SuspectIndex) -> None:
    broken = replace(document(2).reasons[0], evidence={"brand": "half a letter \ud800"})
    outcomes = index.put([document(1), document(2, reasons=(broken,)), document(3)])
    assert [outcome.status for outcome in outcomes] == [PutStatus.STORED, PutStatus.REFUSED, PutStatus.STORED]
    assert outcomes[1].reason
    assert find(index, "leather") == [1, 3]


def test_revisions_names_every_document_of_every_owner_by_id(index: SuspectIndex) -> None:
    index.put([document(3, revision=4), document(1), document(2, owner_id=9, revision=7)])
    assert list(index.revisions()) == [(1, 1), (2, 7), (3, 4)]


def test_many_changes_leave_nothing_of_the_old_words_behind(index: SuspectIndex) -> None:
    for revision in range(1, 30):
        index.put([document(1, title=f"word{revision}", score=revision / 100, revision=revision)])
    assert [revision for revision in range(1, 30) if find(index, f"word{revision}")] == [29]
    index.check()


# -------------------------------------------------------------------------------------------------------- words


@pytest.mark.parametrize(
    "words", ["机", "手机", "手机壳", "透明手机壳", "壳 手机", "スニーカー", "スニ", "나이키", "กระเป๋า"]
)
def test_words_of_unspaced_scripts_are_found_at_any_length(index: SuspectIndex, words: str) -> None:
    index.put(
        [
            document(1, title="全新透明手机壳 现货"),
            document(2, title="限定スニーカー新品"),
            document(3, title="정품나이키신발", description="ขายกระเป๋าแบรนด์"),
            document(4, title="手 机 somewhere else entirely"),
        ]
    )
    expected = {"ス": [2], "나": [3], "ก": [3]}.get(words[0], [1, 4] if words == "机" else [1])
    assert find(index, words) == expected


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("Café Noir handbag", "cafe"),
        ("cafe noir handbag", "CAFÉ"),
        ("ＡＣＭＥ　ｂａｇ", "acme"),
        ("Straße Edition", "strasse"),
        ("Lou\u00adis zero\u200bwidth", "louis zerowidth"),
        ("Acme™ bag", "acme"),
        ("size 42,5", '"42,5"'),
    ],
)
def test_spellings_that_a_person_takes_for_the_same_are_found(index: SuspectIndex, title: str, words: str) -> None:
    index.put([document(1, title=title, products=()), document(2, title="something else", products=())])
    assert find(index, words) == [1]


def test_every_word_must_be_found_but_each_may_stand_elsewhere(index: SuspectIndex) -> None:
    index.put(
        [
            document(1, title="red shoe", description="of leather", seller=SuspectSeller(key="x", name="Kiosk")),
            document(2, title="red shoe", description="of cloth"),
        ]
    )
    assert find(index, "leather red") == [1]
    assert find(index, "kiosk shoe") == [1]
    assert find(index, "red") == [1, 2]
    assert find(index, "red rubber") == []


def test_names_of_products_and_brands_are_found(index: SuspectIndex) -> None:
    index.put([document(1, title="nice thing", products=(BAG, LAMP)), document(2, title="thing", products=(SHOE,))])
    assert find(index, "nordlys") == [1]
    assert find(index, "acme thing") == [1, 2]
    assert find(index, '"road shoe"') == [2]


def test_a_phrase_stands_in_one_text_and_never_reaches_into_the_next(index: SuspectIndex) -> None:
    index.put([document(1, title="blue city", description="bag of leather", products=(BAG, SHOE))])
    assert find(index, '"blue city"') == [1]
    assert find(index, '"city blue"') == []
    assert find(index, '"bag road"') == []
    assert find(index, '"blue bag"') == []


@pytest.mark.parametrize(
    "words",
    [
        '"',
        '"" ""',
        "*",
        "bag*",
        "title:bag",
        "bag OR shoe",
        "NOT bag",
        "bag NEAR shoe",
        "^bag",
        "bag -shoe",
        "{title others}: bag",
        "(bag",
        "bag)",
        "a' OR 1=1 --",
        "\\",
        "1wbag",
        "1a",
        "\x00bag",
        "bag\x00",
        "%",
        "_",
        "a+b",
        "😀",
    ],
)
def test_no_character_of_a_persons_words_has_a_meaning_of_its_own(index: SuspectIndex, words: str) -> None:
    kept = [document(1, title="one bag"), document(2, title="title bag or shoe: near a 1 b"), document(3, title="shoe")]
    index.put(kept)
    query = SuspectQuery(owner_id=1, words=words)
    assert ids(index, query) == [one.id for one in found_naively(kept, query)]


def test_words_that_cannot_be_searched_for_find_nothing_rather_than_everything(index: SuspectIndex) -> None:
    index.put([document(1)])
    assert find(index, "!!! ***") == []
    assert find(index, "   ") == [1]


# ------------------------------------------------------------------------------------------------------ filters


def test_owners_never_see_each_others_suspects(index: SuspectIndex) -> None:
    index.put([document(1), document(2, owner_id=2), document(3, owner_id=11), document(4, owner_id=21)])
    for owner_id, mine in ((1, [1]), (2, [2]), (11, [3]), (21, [4]), (3, [])):
        for sort in Sort:
            query = SuspectQuery(owner_id=owner_id, words="leather", sort=sort, facets=tuple(Facet))
            page = index.search(query)
            assert [one.id for one in page.suspects] == mine
            assert page.total.value == len(mine)
            assert all(sum(one.count for one in counts.values) == len(mine) for counts in page.facets.values())
    assert ids(index, SuspectQuery(owner_id=1, suspect_ids=(1, 2, 3))) == [1]


def test_filters_are_met_together_and_their_values_each_for_itself(index: SuspectIndex) -> None:
    kept = [
        document(1, products=(BAG, LAMP)),
        document(
            2,
            products=(SHOE,),
            marketplace="souk",
            verdict=VerdictKind.COUNTERFEIT,
            triage=Triage.SNOOZED,
            snoozed_until=START,
        ),
        document(3, products=(LAMP,), seller=SuspectSeller(key="s2"), marketplace="souk", triage=Triage.CHANGED),
        document(4, products=(), seller=None, state=SuspectState.WITHDRAWN, score=0.1),
    ]
    index.put(kept)
    cases: list[tuple[dict[str, object], list[int]]] = [
        ({"brand_ids": (1,)}, [1, 2]),
        ({"brand_ids": (1, 2)}, [1, 2, 3]),
        ({"product_ids": (21,)}, [1, 3]),
        ({"product_ids": (21,), "marketplaces": ("souk",)}, [3]),
        ({"marketplaces": ("nowhere",)}, []),
        ({"sellers": ("s1",)}, [1, 2]),
        ({"sellers": ("souk/s1",)}, [2]),
        ({"sellers": ("souk/s1", "s2")}, [2, 3]),
        ({"verdicts": (UNJUDGED,)}, [1, 3]),
        ({"verdicts": ("counterfeit", UNJUDGED)}, [1, 2, 3]),
        ({"triage": TODO}, [1, 3]),
        ({"triage": (Triage.SNOOZED,)}, [2]),
        ({"triage": (Triage.DECIDED,)}, []),
        ({"state": None}, [1, 2, 3, 4]),
        ({"state": SuspectState.WITHDRAWN}, [4]),
        ({"min_score": 0.8}, [1, 2, 3]),
        ({"min_score": 0.8001}, []),
        ({"suspect_ids": (3, 2, 77)}, [2, 3]),
        ({"suspect_ids": ()}, []),
    ]
    for filters, expected in cases:
        assert ids(index, SuspectQuery(owner_id=1, **filters)) == expected, filters  # type: ignore[arg-type]
    assert index.search(SuspectQuery(owner_id=1, triage=(Triage.SNOOZED,))).suspects == (kept[1],)


def test_times_are_filtered_to_the_microsecond(index: SuspectIndex) -> None:
    first, second = START, START + timedelta(microseconds=1)
    index.put([document(1, first_suspected_at=first), document(2, first_suspected_at=second)])
    assert ids(index, SuspectQuery(owner_id=1, since=second)) == [2]
    assert ids(index, SuspectQuery(owner_id=1, until=second)) == [1]
    assert ids(index, SuspectQuery(owner_id=1, since=first, until=first)) == []


def test_prices_are_filtered_exactly_and_within_one_currency(index: SuspectIndex) -> None:
    index.put(
        [
            document(1, price=Decimal("0.1")),
            document(2, price=Decimal("0.100001")),
            document(3, price=Decimal("0.1"), currency="USD"),
            document(4, price=None),
            document(5, price=Decimal("123456789.99")),
        ]
    )
    euros = SuspectQuery(owner_id=1, currency="EUR")
    assert ids(index, replace(euros, price_to=Decimal("0.1"))) == [1]
    assert ids(index, replace(euros, price_from=Decimal("0.1"))) == [1, 2, 5]
    assert ids(index, replace(euros, price_from=Decimal("0.100001"), price_to=Decimal(9))) == [2]
    assert ids(index, euros) == [1, 2, 4, 5]


@pytest.mark.parametrize(
    "wrong",
    [
        {"limit": 0},
        {"limit": 201},
        {"min_score": 1.1},
        {"words": "x" * 501},
        {"words": " ".join(map(str, range(31)))},
        {"verdicts": ("fake",)},
        {"price_from": Decimal(1)},
        {"price_from": Decimal("NaN"), "currency": "EUR"},
        {"since": START.replace(tzinfo=None)},
    ],
)
def test_a_query_that_cannot_be_meant_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        SuspectQuery(owner_id=1, **wrong)  # type: ignore[arg-type]


# ------------------------------------------------------------------------------------------------------- facets


def test_facets_count_all_that_is_found_with_the_names_that_people_use(index: SuspectIndex) -> None:
    index.put(
        [
            document(1, products=(BAG, SHOE)),
            document(2, products=(LAMP,), verdict=VerdictKind.LOOKALIKE, marketplace="souk"),
            document(3, products=(BAG,), title="not this one"),
        ]
    )
    page = index.search(SuspectQuery(owner_id=1, words="leather", limit=1, facets=tuple(Facet)))
    assert {facet: counts.values for facet, counts in page.facets.items()} == {
        Facet.BRAND: (FacetCount(value="1", label="Acme", count=1), FacetCount(value="2", label="Norðlys", count=1)),
        Facet.PRODUCT: (
            FacetCount(value="11", label="City Bag", count=1),
            FacetCount(value="12", label="Road Shoe", count=1),
            FacetCount(value="21", label="Desk Lamp", count=1),
        ),
        Facet.MARKETPLACE: (
            FacetCount(value="bazaar", label="bazaar", count=1),
            FacetCount(value="souk", label="souk", count=1),
        ),
        Facet.SELLER: (
            FacetCount(value="bazaar/s1", label="Best Shop", count=1),
            FacetCount(value="souk/s1", label="Best Shop", count=1),
        ),
        Facet.VERDICT: (
            FacetCount(value="lookalike", label="lookalike", count=1),
            FacetCount(value="none", label="none", count=1),
        ),
    }
    assert all(counts.exact for counts in page.facets.values())
    assert page.total == Count(value=2)


def test_a_facets_label_follows_the_newest_document(index: SuspectIndex) -> None:
    index.put([document(1, seller=SuspectSeller(key="s1", name="Old Name"))])
    index.put([document(2, seller=SuspectSeller(key="s1", name="New Name"))])
    index.put([document(1, seller=SuspectSeller(key="s1", name="New Name"), score=0.5, revision=2)])
    page = index.search(SuspectQuery(owner_id=1, facets=(Facet.SELLER,)))
    assert page.facets[Facet.SELLER].values == (FacetCount(value="bazaar/s1", label="New Name", count=2),)


def test_facets_that_were_not_asked_for_are_not_counted(index: SuspectIndex) -> None:
    index.put([document(1)])
    assert index.search(SuspectQuery(owner_id=1)).facets == {}
    nothing = index.search(SuspectQuery(owner_id=1, words="absent", facets=(Facet.BRAND,)))
    assert nothing.facets[Facet.BRAND].values == ()


@pytest.mark.parametrize("interval", list(Interval))
def test_suspects_are_counted_by_when_they_were_first_suspected(index: SuspectIndex, interval: Interval) -> None:
    moments = [datetime(2026, 2, 28, 23, 59, tzinfo=UTC), START, datetime(2026, 3, 2, tzinfo=UTC)]
    moments += [datetime(2026, 12, 31, 12, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)]
    kept = [document(number, first_suspected_at=moment) for number, moment in enumerate(moments, 1)]
    index.put([*kept, document(9, owner_id=2), document(10, title="another", description=None)])
    page = index.search(SuspectQuery(owner_id=1, words="leather", limit=1, histogram=interval))
    assert page.histogram == Histogram(steps=counted_over_time(kept, interval))
    nothing = index.search(SuspectQuery(owner_id=1, words="absent", histogram=interval))
    assert nothing.histogram == Histogram(steps=())
    assert index.search(SuspectQuery(owner_id=1)).histogram is None


# -------------------------------------------------------------------------------------------- order and paging


@pytest.mark.parametrize("sort", list(Sort))
@pytest.mark.parametrize("limit", [1, 2, 3, 200])
def test_every_order_pages_through_each_suspect_once_with_ties_by_id(
    index: SuspectIndex, sort: Sort, limit: int
) -> None:
    kept = [
        document(
            number,
            score=[0.5, 0.9, 0.5][number % 3],
            first_suspected_at=START + timedelta(hours=number % 4),
            price=[None, Decimal(5), Decimal("5.01"), Decimal("0.5")][number % 4],
            title=["leather bag", "bag"][number % 2],
        )
        for number in range(1, 15)
    ]
    index.put(kept[::-1])
    query = SuspectQuery(owner_id=1, words="bag", sort=sort, limit=limit)
    expected = [one.id for one in found_naively(kept, query)]
    assert all_pages(index, query) == expected
    words = replace(query, words="leather", state=None)
    assert all_pages(index, words) == [one.id for one in found_naively(kept, words)]


@pytest.mark.parametrize("sort", list(Sort))
def test_paging_visits_each_once_even_while_documents_are_added(index: SuspectIndex, sort: Sort) -> None:
    def some(first: int) -> list[SuspectDocument]:
        return [
            document(
                number,
                score=number % 7 / 10,
                price=Decimal(number % 5),
                first_suspected_at=START + timedelta(hours=number * 5 % 11),
            )
            for number in range(first, first + 20)
        ]

    index.put(some(1))
    query = SuspectQuery(owner_id=1, words="leather", sort=sort, limit=3)
    page, found, added = index.search(query), [], 100
    while True:
        found.extend(one.id for one in page.suspects)
        if not page.next_cursor:
            break
        if added < 140:
            index.put(some(added))
            added += 20
        page = index.search(replace(query, cursor=page.next_cursor))
    assert len(found) == len(set(found))
    assert set(range(1, 21)) <= set(found)


def test_relevance_puts_words_in_the_title_first(index: SuspectIndex) -> None:
    index.put(
        [
            document(1, title="cup", description="leather bag", score=0.9),
            document(2, title="bag of leather", score=0.4),
            document(3, title="leather", description="a bag", score=0.95),
        ]
    )
    assert ids(index, SuspectQuery(owner_id=1, words="leather bag", sort=Sort.RELEVANCE)) == [2, 3, 1]
    assert ids(index, SuspectQuery(owner_id=1, words="leather bag")) == [3, 1, 2]


def test_a_cursor_of_another_search_or_another_making_is_refused(index: SuspectIndex) -> None:
    index.put([document(number) for number in range(1, 6)])
    query = SuspectQuery(owner_id=1, limit=2)
    cursor = index.search(query).next_cursor
    assert cursor is not None
    following = replace(query, cursor=cursor)
    assert ids(index, following) == [3, 4]
    assert ids(index, replace(following, limit=1)) == [3]
    for other in (
        replace(following, owner_id=2),
        replace(following, words="leather"),
        replace(following, sort=Sort.NEWEST),
        replace(following, cursor=cursor[:-2] + ("AA" if cursor[-2:] != "AA" else "BB")),
        replace(following, cursor=cursor[4:]),
        replace(following, cursor=""),
        replace(following, cursor="ü"),
        replace(following, cursor="W10"),
    ):
        with pytest.raises(InvalidCursor):
            index.search(other)


# -------------------------------------------------------------------------------------------------- generations


def test_an_index_that_was_never_made_says_so(bare_index: SuspectIndex) -> None:
    assert bare_index.state() is IndexState.MISSING
    assert bare_index.health().state is IndexState.MISSING
    for use in (lambda: bare_index.search(SuspectQuery(owner_id=1)), lambda: bare_index.put([document(1)])):
        with pytest.raises(IndexUnavailable, match="counterfoil index rebuild"):
            use()


def test_a_new_generation_is_searched_only_once_it_is_published(index: SuspectIndex) -> None:
    index.put([document(1)])
    generation = index.begin_generation()
    generation.put([document(2)])
    assert find(index, "leather") == [1]
    generation.publish()
    assert find(index, "leather") == [2]
    assert index.health().documents == 1


def test_what_is_put_while_a_generation_is_filled_is_in_both(index: SuspectIndex) -> None:
    generation = index.begin_generation()
    index.put([document(1, title="new words", revision=2)])
    assert find(index, "words") == [1]
    assert generation.put([document(1, title="old tale", revision=1)])[0].status is PutStatus.STALE
    generation.publish()
    assert find(index, "words") == [1]
    assert find(index, "tale") == []


def test_an_abandoned_generation_leaves_the_index_as_it_was(index: SuspectIndex) -> None:
    index.put([document(1)])
    generation = index.begin_generation()
    generation.put([document(2)])
    generation.abandon()
    assert find(index, "leather") == [1]
    index.put([document(3)])
    index.begin_generation().publish()
    assert find(index, "leather") == []


def test_two_generations_are_never_filled_at_once(index: SuspectIndex) -> None:
    generation = index.begin_generation()
    with pytest.raises(Conflict, match="being rebuilt"):
        index.begin_generation()
    generation.publish()
    index.begin_generation().abandon()


# ------------------------------------------------------------------------------------------------- all together

WORDS = ("bag", "shoe", "手机壳", "机壳", "café", "acme", "best shop", "new", "red")


@st.composite
def documents(draw: st.DrawFn) -> list[SuspectDocument]:
    made = []
    for number in range(1, draw(st.integers(0, 25)) + 1):
        made.append(
            document(
                number,
                owner_id=draw(st.sampled_from([1, 1, 1, 2])),
                title=" ".join(draw(st.lists(st.sampled_from(WORDS), max_size=4))),
                description=draw(st.none() | st.sampled_from(WORDS)),
                marketplace=draw(st.sampled_from(["bazaar", "souk"])),
                seller=draw(st.none() | st.builds(SuspectSeller, key=st.sampled_from("ab"), name=st.just("Best Shop"))),
                products=tuple(draw(st.lists(st.sampled_from([BAG, SHOE, LAMP]), unique=True, max_size=3))),
                score=draw(st.integers(0, 10_000)) / 10_000,
                verdict=draw(st.sampled_from(VERDICTS)),
                state=draw(st.sampled_from(STATES)),
                price=draw(st.none() | st.decimals(0, 500, places=2)),
                currency=draw(st.sampled_from(["EUR", "USD"])),
                first_suspected_at=START + timedelta(minutes=draw(st.integers(0, 5_000))),
            )
        )
    return made


@st.composite
def queries(draw: st.DrawFn) -> SuspectQuery:
    def some(values: Sequence[object]) -> tuple[object, ...]:
        return tuple(draw(st.lists(st.sampled_from(values), unique=True, max_size=2) | st.just([])))

    price = draw(st.none() | st.decimals(0, 500, places=2))
    return SuspectQuery(
        owner_id=1,
        words=" ".join(draw(st.lists(st.sampled_from([*WORDS, '"acme bag"']), max_size=2))),
        brand_ids=some([1, 2, 3]),  # type: ignore[arg-type]
        product_ids=some([11, 12, 21]),  # type: ignore[arg-type]
        marketplaces=some(["bazaar", "souk"]),  # type: ignore[arg-type]
        sellers=some(["a", "bazaar/a", "souk/b"]),  # type: ignore[arg-type]
        verdicts=some([UNJUDGED, *VerdictKind]),  # type: ignore[arg-type]
        state=draw(st.sampled_from([None, *STATES])),
        min_score=draw(st.just(0.0) | st.floats(0, 1)),
        since=draw(st.none() | st.integers(0, 5_000).map(lambda minutes: START + timedelta(minutes=minutes))),
        until=draw(st.none() | st.integers(0, 5_000).map(lambda minutes: START + timedelta(minutes=minutes))),
        currency="EUR" if price is not None else draw(st.sampled_from([None, "EUR"])),
        price_from=price,
        suspect_ids=draw(st.none() | st.lists(st.integers(1, 25), max_size=20).map(tuple)),
        sort=draw(st.sampled_from(list(Sort))),
        limit=draw(st.integers(1, 10)),
        facets=tuple(Facet),
        histogram=draw(st.none() | st.sampled_from(list(Interval))),
    )


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(kept=documents(), asked=st.lists(queries(), min_size=1, max_size=8))
def test_any_search_answers_as_going_through_all_documents_would(
    bare_index: SuspectIndex, kept: list[SuspectDocument], asked: list[SuspectQuery]
) -> None:
    bare_index.begin_generation().publish()
    bare_index.put(kept)
    for query in asked:
        expected = found_naively(kept, query)
        page = bare_index.search(query)
        assert all_pages(bare_index, query) == [one.id for one in expected]
        assert page.total == Count(value=len(expected))
        if query.histogram and page.histogram:
            assert page.histogram.steps == counted_over_time(expected, query.histogram)
        for facet, counts in page.facets.items():
            assert {one.value: one.count for one in counts.values} == counted_naively(expected, facet)
