"""Retry-After: how long a site asks to be left alone, in whatever way it says so."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy.http import Response

from crawlers.retry_after import LONGEST_REST, asked_wait

NOON = datetime(2026, 9, 1, 12, tzinfo=UTC)
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


def wait(said: str, **headers: str) -> timedelta | None:
    named = {"Retry-After": said, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return asked_wait(Response("http://shop.example/", status=429, headers=named), NOON)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        *(("120", 120 * SECOND), (" 3600 ", HOUR), ("0", SECOND), ("00060", 60 * SECOND)),
        *(("86400", LONGEST_REST), ("86401", LONGEST_REST), ("9" * 400, LONGEST_REST)),
        ("Tue, 01 Sep 2026 13:00:00 GMT", HOUR),
        ("Tue, 01 Sep 2026 13:00:00 -0000", HOUR),
        ("Tue, 01 Sep 2026 13:00:00", HOUR),
        ("Tue, 01 Sep 2026 15:00:00 +0200", HOUR),
        # The two older ways to write a date (RFC 9110, 5.6.7).
        ("Tuesday, 01-Sep-26 13:00:00 GMT", HOUR),
        ("Tue, 01 Sep 2026 11:00:00 GMT", SECOND),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_REST),
        *(
            ("", None),
            ("soon", None),
            ("-5", None),
            ("1.5h", None),
            ("٣", None),
            ("Tue, 99 Sep 2026 13:00:00 GMT", None),
        ),
    ],
)
def test_a_wait_is_read_from_seconds_and_dates_and_never_longer_than_a_day(
    said: str, expected: timedelta | None
) -> None:
    assert wait(said) == expected


def test_a_date_is_counted_from_the_sites_own_clock() -> None:
    fast = NOON + 3 * HOUR
    assert wait(format_datetime(fast + HOUR, usegmt=True), Date=format_datetime(fast, usegmt=True)) == HOUR
    assert wait(format_datetime(NOON + HOUR, usegmt=True), Date="no date") == HOUR


def test_nothing_is_read_where_nothing_is_said() -> None:
    assert asked_wait(Response("http://shop.example/", status=429), NOON) is None


@given(st.text(alphabet=st.characters(max_codepoint=255), max_size=60), st.text(max_size=40))
def test_whatever_is_said_a_wait_is_a_second_to_a_day_or_none(said: str, date: str) -> None:
    header = {"Retry-After": said.encode("latin-1"), "Date": date.encode("utf-8", "replace")}
    found = asked_wait(Response("http://shop.example/", status=429, headers=header), NOON)
    assert found is None or SECOND <= found <= LONGEST_REST


@given(st.integers(0, 10**12))
def test_any_number_of_seconds_is_that_many_within_the_bounds(seconds: int) -> None:
    found = wait(str(seconds))
    assert found is not None
    assert found.total_seconds() == min(max(seconds, 1), 86_400)
