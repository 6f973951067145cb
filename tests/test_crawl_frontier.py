"""What a crawl fetches next: each listing once, whatever shows it, within the limits."""

from enum import StrEnum

from hypothesis import given
from hypothesis import strategies as st

from counterfoil.clock import now
from counterfoil.models import CrawlLimits, Sighting
from crawlers.frontier import Frontier, Next
from crawlers.observations import Observations


def frontier(stored: dict[str, int] | None = None, **limits: int) -> tuple[Frontier, Observations]:
    seen = Observations()
    return Frontier(CrawlLimits(**limits), stored or {}, seen), seen


def seen_as(query: str, rank: int) -> Sighting:
    return Sighting(query=query, rank=rank, seen_at=now())


def test_a_listing_is_fetched_once_and_every_sighting_is_kept() -> None:
    pages, _ = frontier()
    first, second, third, fourth = (seen_as(query, rank) for rank, query in enumerate("abcd", start=1))
    assert pages.see("7", first) is Next.FETCH
    assert pages.see("7", second) is Next.WAIT
    assert pages.collect("7") == [first, second]
    # Between handing it in and its commit another query shows it.
    assert pages.see("7", third) is Next.WAIT
    assert pages.store("7", "7", 70) == [third]
    assert pages.see("7", fourth) is Next.NOTE
    assert pages.listing_id("7") == 70


def test_what_an_earlier_attempt_stored_is_noted_and_not_fetched() -> None:
    pages, _ = frontier({"7": 70})
    assert pages.see("7", seen_as("a", 1)) is Next.NOTE
    assert pages.see("8", seen_as("a", 2)) is Next.FETCH


def test_a_query_that_shows_nothing_new_is_left() -> None:
    pages, seen = frontier(barren_pages=2)
    for number, keys in enumerate((["1", "2"], ["1"], ["3"], ["1", "2"]), start=1):
        pages.turn_page("a", keys)
        for key in keys:
            pages.see(key, seen_as("a", 1))
        assert pages.goes_on("a", number)
    pages.turn_page("a", ["3"])
    assert not pages.goes_on("a", 5)
    assert list(seen.limits) == ["barren_pages"]


def test_a_resumed_crawl_does_not_take_its_own_beginning_for_the_end() -> None:
    stored = {str(number): number for number in range(100)}
    pages, seen = frontier(stored, barren_pages=1)
    for number in range(10):
        keys = [str(number * 10 + place) for place in range(10)]
        pages.turn_page("a", keys)
        for key in keys:
            pages.see(key, seen_as("a", 1))
        assert pages.goes_on("a", number)
    assert seen.limits == {}


def test_pages_and_depth_are_limited_and_said() -> None:
    pages, seen = frontier(pages=3, depth=2)
    assert pages.spend_page()
    assert pages.goes_on("a", 1)
    assert not pages.goes_on("a", 2)
    assert pages.see("1", seen_as("a", 1)) is Next.FETCH
    assert pages.see("2", seen_as("a", 2)) is Next.SKIP
    assert not pages.spend_page()
    assert set(seen.limits) == {"pages", "depth"}


def test_a_listing_that_leads_to_another_keeps_its_sightings_and_leaves_the_other_its_own() -> None:
    pages, _ = frontier()
    first, own, late, later = (seen_as(query, rank) for rank, query in enumerate("abcd", start=1))
    assert pages.see("5", first) is Next.FETCH
    assert pages.see("6", own) is Next.FETCH
    assert pages.collect("5") == [first]
    assert pages.see("5", late) is Next.WAIT
    assert pages.store("5", "6", 60) == [late]
    assert pages.see("5", later) is pages.see("6", later) is Next.NOTE
    assert (pages.listing_id("5"), pages.listing_id("6")) == (60, 60)
    assert pages.collect("6") == [own]
    assert pages.store("6", "6", 60) == []


class Step(StrEnum):
    SHOWN = "shown"
    READ = "read"
    STORED = "stored"


@given(st.lists(st.tuples(st.sampled_from(Step), st.sampled_from("abcd"), st.sampled_from("abcd")), max_size=60))
def test_no_sighting_is_lost_or_doubled(steps: list[tuple[Step, str, str]]) -> None:
    """Any interleaving of sightings, pages and commits, under another key too: what was seen is written once."""
    pages, _ = frontier()
    written: list[Sighting] = []
    shown: list[Sighting] = []
    asked: set[str] = set()
    read: set[str] = set()

    def read_page(key: str) -> None:
        asked.remove(key)
        read.add(key)
        collected = pages.collect(key)
        # The sighting that a listing is recorded with: there always is one.
        assert collected
        written.extend(collected)

    def store(key: str, as_key: str) -> None:
        read.remove(key)
        written.extend(pages.store(key, as_key, 1))

    for rank, (step, key, other) in enumerate(steps):
        if step is Step.SHOWN:
            shown.append(seen_as("q", rank))
            match pages.see(key, shown[-1]):
                case Next.NOTE:
                    written.append(shown[-1])
                case Next.FETCH:
                    asked.add(key)
        elif step is Step.READ and key in asked:
            read_page(key)
        elif step is Step.STORED and key in read:
            store(key, other)
    for key in sorted(asked):
        read_page(key)
    for key in sorted(read):
        store(key, key)
    assert sorted(written, key=lambda one: one.rank or 0) == shown
