"""Why a crawl ended: facts in, one reason out; and what a page's failure says."""

import time
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest
from OpenSSL import SSL
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
)
from scrapy.http import Response
from scrapy.spidermiddlewares.httperror import HttpError
from twisted.python.failure import Failure
from twisted.web.client import ResponseFailed

from counterfoil.models import FinishReason
from crawlers.failures import (
    BodyBroken,
    BodyTooLarge,
    CrawlStopping,
    RequestRefused,
    RobotsDisallowed,
    SiteResting,
    explain,
    fate_of_error,
)
from crawlers.observations import Fate, Observations, Stop
from crawlers.outcome import Outcome, decide, early_stop

READ, EMPTY, GONE, LAYOUT = Fate.READ, Fate.EMPTY, Fate.GONE, Fate.LAYOUT
BLOCKED, LIMITED, ROBOTS, DOWN = Fate.BLOCKED, Fate.RATE_LIMITED, Fate.ROBOTS, Fate.UNREACHABLE


@pytest.mark.parametrize(
    ("queries", "listings", "reason"),
    [
        ([READ], {READ: 10}, "finished"),
        ([EMPTY], {}, "finished"),
        ([READ, EMPTY], {READ: 10, GONE: 50}, "finished"),
        ([READ], {GONE: 4}, "finished"),
        ([READ], {GONE: 5}, "layout"),
        ([READ], {GONE: 50, LAYOUT: 1}, "layout"),
        ([READ], {GONE: 50, BLOCKED: 1}, "blocked"),
        ([READ], {READ: 10, DOWN: 4, LAYOUT: 4}, "finished"),
        ([READ, DOWN], {READ: 10}, "finished"),
        ([READ, READ, LAYOUT], {READ: 10}, "finished"),
        ([DOWN], {}, "site_down"),
        ([DOWN], {READ: 100}, "site_down"),
        ([DOWN, DOWN, READ], {READ: 100}, "site_down"),
        ([BLOCKED, BLOCKED, DOWN], {}, "blocked"),
        ([LIMITED], {}, "rate_limited"),
        ([ROBOTS, ROBOTS], {}, "robots"),
        ([LAYOUT], {}, "layout"),
        ([READ], {ROBOTS: 20}, "robots"),
        ([READ], {BLOCKED: 3, READ: 2}, "blocked"),
        ([READ], {LAYOUT: 11, READ: 10, GONE: 99}, "layout"),
        ([READ], {LAYOUT: 5, DOWN: 6, READ: 10}, "site_down"),
        ([Fate.REFUSED], {}, "crashed"),
        ([Fate.CRASHED], {READ: 10}, "crashed"),
        ([READ], {Fate.CRASHED: 6, READ: 5}, "crashed"),
        ([READ], {Fate.CRASHED: 1, READ: 5}, "finished"),
        ([READ], {Fate.STOPPED: 9, READ: 5}, "finished"),
        ([], {}, "finished"),
    ],
)
def test_a_crawl_ends_with_the_reason_that_its_facts_say(
    queries: list[Fate], listings: dict[Fate, int], reason: str
) -> None:
    seen = Observations(queries={f"q{n}": fate for n, fate in enumerate(queries)}, listings=Counter(listings))
    outcome = decide(seen)
    assert outcome is not None
    assert outcome.reason == FinishReason(reason)
    assert bool(outcome.detail) is (
        reason != "finished" or bool({*queries, *listings} - {READ, EMPTY, GONE, Fate.STOPPED})
    )


def test_listings_that_are_gone_are_no_failure_when_earlier_attempts_have_stored_others() -> None:
    outcome = decide(Observations(queries={"a": READ}, listings=Counter({GONE: 50}), stored_before=1))
    assert outcome is not None
    assert outcome.reason is FinishReason.FINISHED


@pytest.mark.parametrize(("images", "errors", "said"), [(5, 5, False), (5, 6, True), (0, 1, True), (0, 0, False)])
def test_a_crawl_that_lacks_most_pictures_says_so(images: int, errors: int, said: bool) -> None:
    seen = Observations(queries={"a": READ}, listings=Counter({READ: 9}), images=images, image_errors=errors)
    for limits in ({}, {"pages": "the limit of 9 pages was reached"}):
        seen.limits = limits
        outcome = decide(seen)
        assert outcome is not None
        assert (f"{errors} of {images + errors} pictures" in (outcome.detail or "")) is said


def test_a_limit_is_the_reason_only_when_nothing_worse_happened() -> None:
    seen = Observations(queries={"a": READ})
    seen.note_limit("pages", "the limit of 5 pages was reached")
    seen.note_limit("pages", "again")
    seen.note_limit("depth", "too deep")
    outcome = decide(seen)
    assert outcome is not None
    assert (outcome.reason, outcome.detail) == (FinishReason.LIMIT, "the limit of 5 pages was reached; too deep")
    seen.queries["a"] = DOWN
    assert decide(seen).reason is FinishReason.SITE_DOWN  # type: ignore[union-attr]


def test_a_stop_on_the_way_is_the_reason_and_an_interruption_is_none() -> None:
    seen = Observations(queries={"a": DOWN}, stop=Stop(FinishReason.TIMEOUT, "10 seconds"))
    outcome = decide(seen)
    assert outcome is not None
    assert (outcome.reason, outcome.detail) == (FinishReason.TIMEOUT, "10 seconds")
    seen.stop = Stop(None, "told to stop")
    assert decide(seen) is None


@pytest.mark.parametrize(("fate", "patience"), [(BLOCKED, 5), (LIMITED, 3), (DOWN, 5)])
def test_several_like_failures_in_a_row_end_a_crawl_early(fate: Fate, patience: int) -> None:
    seen = Observations()
    for _ in range(patience - 1):
        seen.note_listing(fate, "http://x/1: answered 4xx")
    assert early_stop(seen) is None
    seen.note_listing(READ)
    for _ in range(patience - 1):
        seen.note_listing(fate)
    # A listing that is gone is neither here nor there.
    seen.note_listing(GONE)
    assert early_stop(seen) is None
    seen.note_listing(fate, "http://x/2: answered 4xx")
    stop = early_stop(seen)
    assert stop is not None
    assert str(patience) in stop.detail
    assert "http://x/2" in stop.detail


def test_pages_that_cannot_be_read_do_not_end_a_crawl_early() -> None:
    seen = Observations()
    for _ in range(100):
        seen.note_listing(LAYOUT)
        assert early_stop(seen) is None


def test_pages_that_are_tried_again_and_come_last_are_no_streak() -> None:
    seen = Observations()
    seen.note_listing(READ)
    for _ in range(20):
        seen.note_listing(DOWN, "http://x/1: broke off", tried_at=0)
    assert early_stop(seen) is None
    # Nothing was read any more after these had been tried for the first time.
    for _ in range(5):
        seen.note_listing(DOWN, "http://x/2: broke off", tried_at=time.monotonic())
    assert early_stop(seen) is not None


def test_listings_that_are_all_gone_are_another_layout_and_some_are_none() -> None:
    gone = Observations(queries={"a": READ})
    for _ in range(5):
        gone.note_listing(GONE, "http://x/1: is no listing")
    outcome = decide(gone)
    assert outcome is not None
    assert (outcome.reason, "none of the 5 listings" in (outcome.detail or "")) == (FinishReason.LAYOUT, True)
    gone.stored_before = 1
    assert decide(gone) == Outcome(FinishReason.FINISHED)
    gone.stored_before = 0
    gone.note_listing(READ)
    assert decide(gone) == Outcome(FinishReason.FINISHED)


def test_what_went_wrong_without_being_the_reason_is_told() -> None:
    seen = Observations(queries={"a": READ, "b": READ, "c": READ})
    seen.note_results("c", BLOCKED, "http://x/c: shows a riddle")
    seen.note_listing(READ)
    seen.note_listing(READ)
    seen.note_listing(LAYOUT, "http://x/1: shows no price")
    seen.note_picture("http://x/1.jpg: answered 404")
    outcome = decide(seen)
    assert outcome is not None
    assert (outcome.reason, outcome.detail) == (
        FinishReason.FINISHED,
        "1 of 3 queries were not read to their end (http://x/c: shows a riddle); "
        "1 of 3 listing pages could not be read in full (http://x/1: shows no price); "
        "1 of 1 pictures could not be had (http://x/1.jpg: answered 404)",
    )
    seen.note_picture(None)
    assert "pictures" not in (decide(seen).detail or "")  # type: ignore[union-attr]


def test_a_query_that_is_not_believed_is_never_a_success_but_gives_way_to_what_is_worse() -> None:
    seen = Observations(queries={"a": READ, "b": READ, "c": READ}, listings=Counter({READ: 99}))
    seen.note_limit("pages", "the limit of 99 pages was reached")
    seen.note_results("c", LAYOUT, "c has 0 results")
    seen.disbelieved["c"] = "c has 0 results"
    assert decide(seen) == Outcome(FinishReason.LAYOUT, "c has 0 results")
    seen.listings[BLOCKED] = 100
    assert decide(seen).reason is FinishReason.BLOCKED  # type: ignore[union-attr]


def test_a_failure_is_told_with_the_words_of_its_own_kind() -> None:
    seen = Observations()
    seen.note_results("a", LAYOUT, '"a" has 0 results')
    seen.note_listing(DOWN, "http://x/1: answered 503")
    outcome = decide(seen)
    assert outcome is not None
    assert outcome.detail == '1 of 1 queries: the page is not what the declaration describes ("a" has 0 results)'


@pytest.mark.parametrize(("fate", "rests"), [(LIMITED, True), (DOWN, True), (BLOCKED, False), (LAYOUT, False)])
def test_the_time_that_a_site_names_is_kept_where_the_reason_is_about_it(fate: Fate, rests: bool) -> None:
    later = datetime(2026, 9, 1, tzinfo=UTC)
    seen = Observations(queries={"a": fate}, not_before=later)
    outcome = decide(seen)
    assert outcome is not None
    assert outcome.not_before == (later if rests else None)
    seen.stop = Stop(FinishReason.TIMEOUT, "10 seconds")
    assert decide(seen) == Outcome(FinishReason.TIMEOUT, "10 seconds")


def test_counters_count_each_thing_once() -> None:
    seen = Observations(requests=9, images=3, image_errors=1, bytes=1_000)
    seen.note_results("a", READ)
    seen.note_results("b", EMPTY)
    seen.note_listing(READ)
    seen.note_listing(GONE)
    seen.note_listing(Fate.REFUSED)
    seen.note_listing(Fate.STOPPED)
    seen.refused = 2
    counters = seen.counters()
    # Two pages, and two pictures or robots.txt that the guard has refused.
    assert (counters.pages, counters.errors, counters.images, counters.image_errors) == (3, 2 + 2, 3, 1)


@pytest.mark.parametrize("noted", [READ, LAYOUT])
def test_a_page_whose_listing_is_lost_counts_once(noted: Fate) -> None:
    seen = Observations(queries={"a": READ})
    for _ in range(2):
        seen.note_listing(noted)
        seen.note_lost(noted, Fate.CRASHED, "http://x/1: cannot be stored")
    assert (seen.counters().pages, seen.counters().errors, seen.listings[noted]) == (0, 2, 0)
    outcome = decide(seen)
    assert outcome is not None
    assert outcome.reason is FinishReason.CRASHED
    assert "2 of 2 listing pages" in (outcome.detail or "")


def status(code: int) -> HttpError:
    return HttpError(Response("http://x.example/", status=code), "ignored")


@pytest.mark.parametrize(
    ("error", "fate"),
    [
        *((status(401), BLOCKED), (status(403), BLOCKED), (status(429), LIMITED), (status(404), GONE)),
        *((status(410), GONE), (status(500), DOWN), (status(503), DOWN), (status(400), LAYOUT), (status(302), LAYOUT)),
        *((CannotResolveHostError(""), DOWN), (DownloadConnectionRefusedError(""), DOWN)),
        *((DownloadTimeoutError(""), DOWN), (DownloadFailedError(""), DOWN), (ResponseDataLossError(""), DOWN)),
        *((OSError("broken gzip"), DOWN), (DownloadCancelledError("too large"), LAYOUT)),
        *((IgnoreRequest("max redirections reached"), LAYOUT), (RobotsDisallowed(""), ROBOTS)),
        *((RequestRefused(""), Fate.REFUSED), (CrawlStopping(""), Fate.STOPPED)),
        *((SiteResting(""), LIMITED), (BodyBroken(""), DOWN), (BodyTooLarge(""), LAYOUT)),
        *((ZeroDivisionError(), Fate.CRASHED), (None, Fate.CRASHED)),
    ],
)
def test_every_failure_says_something(error: Any, fate: Fate) -> None:
    assert fate_of_error(error) is fate
    assert explain(error)


def failed(reason: Exception) -> DownloadFailedError:
    """A failure as Scrapy and Twisted wrap it."""
    error = DownloadFailedError("[<twisted.python.failure.Failure ...>]")
    error.__cause__ = ResponseFailed([Failure(reason)])  # type: ignore[no-untyped-call]
    return error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (failed(SSL.Error([("SSL routines", "", "certificate verify failed")])), "TLS: certificate verify failed"),
        (failed(ConnectionResetError(104, "Connection reset by peer")), "[Errno 104] Connection reset by peer"),
        (DownloadFailedError("[<twisted...>]"), "the connection broke, or what came is no HTTP"),
        (DownloadTimeoutError("it took longer than 30 seconds"), "no whole answer came in time"),
        (ResponseDataLossError(), "the answer broke off before its end"),
        (IgnoreRequest("max redirections reached"), "redirects without end"),
        (status(503), "answered 503"),
        (ZeroDivisionError(), "ZeroDivisionError"),
    ],
)
def test_a_failure_is_told_in_words_without_its_wrapping(error: Exception, words: str) -> None:
    assert explain(error) == words
