from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from counterfoil.exceptions import InvalidSchedule
from counterfoil.models import Schedule, ScheduleKind
from scheduler.triggers import next_nominal, parse_interval

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC")
# The clocks of America/Santiago and Africa/Cairo are changed at midnight.
ALL_ZONES = (*ZONES, "America/Santiago", "Africa/Cairo")
SECOND = timedelta(seconds=1)
quickly = examples(max_examples=15, deadline=None)


def cron(line: str, zone: str = "UTC") -> Schedule:
    return Schedule(kind=ScheduleKind.CRON, expression=line, time_zone=zone)


def every(text: str, zone: str = "UTC") -> Schedule:
    return Schedule(kind=ScheduleKind.INTERVAL, expression=text, time_zone=zone)


def firings(schedule: Schedule, start: datetime, end: datetime) -> Iterator[datetime]:
    """Every firing from `start` on and before `end`, each asked for from the one before, as the scheduler does."""
    moment = next_nominal(schedule, start - SECOND)
    while moment < end:
        yield moment
        moment = next_nominal(schedule, moment)


def local_dates(schedule: Schedule, first: date, days: int) -> Counter[date]:
    """How often a schedule fires on each local date."""
    zone = ZoneInfo(schedule.time_zone)
    start, end = (datetime(day.year, day.month, day.day, tzinfo=zone) for day in (first, first + timedelta(days=days)))
    return Counter(moment.astimezone(zone).date() for moment in firings(schedule, start, end))


def days_of(first: date, days: int) -> list[date]:
    return [first + timedelta(days=number) for number in range(days)]


def nights_of_change(zone: str, year: int) -> list[datetime]:
    """Starts of the days of a year on which the clock is changed; the first of January where it never is."""
    days = [datetime(year, 1, 1, tzinfo=UTC) + timedelta(days=number) for number in range(365)]
    offsets = [day.astimezone(ZoneInfo(zone)).utcoffset() for day in days]
    return [day for day, (before, after) in zip(days, pairwise(offsets), strict=False) if before != after] or days[:1]


def weekdays(line: str) -> set[str]:
    """The names of the weekdays a line fires on within four weeks."""
    start = datetime(2026, 3, 1, tzinfo=UTC)
    return {moment.strftime("%a") for moment in firings(cron(line), start, start + timedelta(days=28))}


# --------------------------------------------------------------------------------------------- days and clocks


@given(st.sampled_from(ALL_ZONES), st.integers(0, 23), st.integers(0, 59), st.integers(2001, 2035))
@example("Europe/Berlin", 0, 0, 2024)
@example("Europe/Berlin", 2, 30, 2024)
@example("America/New_York", 1, 30, 2024)
@example("Australia/Lord_Howe", 1, 45, 2024)
@example("Australia/Lord_Howe", 2, 15, 2024)
@example("America/Santiago", 0, 0, 2024)
@example("Africa/Cairo", 0, 0, 2024)
@quickly
def test_a_daily_line_fires_once_on_every_date_of_a_year(zone: str, hour: int, minute: int, year: int) -> None:
    days = days_of(date(year, 1, 1), 366)
    assert local_dates(cron(f"{minute} {hour} * * *", zone), days[0], len(days)) == Counter(days)


@given(st.sampled_from(ZONES), st.integers(0, 59), st.integers(2001, 2035))
@quickly
def test_a_line_for_every_hour_fires_whenever_the_clock_shows_that_minute(zone: str, minute: int, year: int) -> None:
    for start in nights_of_change(zone, year):
        minutes = (start + timedelta(minutes=number) for number in range(2 * 1440))
        shown = [moment for moment in minutes if moment.astimezone(ZoneInfo(zone)).minute == minute]
        assert list(firings(cron(f"{minute} * * * *", zone), start, start + timedelta(days=2))) == shown


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kolkata"])
def test_a_line_for_every_hour_fires_every_sixty_minutes_all_year(zone: str) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    fired = list(firings(cron("0 * * * *", zone), start, start + timedelta(days=365)))
    assert {later - earlier for earlier, later in pairwise(fired)} == {timedelta(hours=1)}


def test_steps_of_minutes_go_on_through_the_repeated_hour() -> None:
    start = datetime(2026, 10, 25, 0, 0, tzinfo=UTC)
    fired = list(firings(cron("*/30 * * * *", "Europe/Berlin"), start, start + timedelta(hours=3)))
    assert fired == [start + timedelta(minutes=30 * number) for number in range(6)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("30 2 29 3 *", "2026-03-29T03:30:00+02:00"),
        ("30 2 25 10 *", "2026-10-25T02:30:00+02:00"),
    ],
)
def test_a_fixed_hour_on_the_night_of_the_change_fires_once_at_the_shifted_or_the_first_time(
    line: str, expected: str
) -> None:
    schedule = cron(line, "Europe/Berlin")
    start = datetime(2026, 1, 1, tzinfo=UTC)
    fired = list(firings(schedule, start, start + timedelta(days=365)))
    assert fired == [datetime.fromisoformat(expected)]


def test_two_lines_of_minutes_around_a_left_out_half_hour_both_fire() -> None:
    """On Lord Howe the clock goes from 2:00 to 2:30: 2:20 is left out, 2:40 is not."""
    zone = ZoneInfo("Australia/Lord_Howe")
    start = datetime(2026, 10, 4, tzinfo=zone)
    fired = list(firings(cron("20,40 2 * * *", "Australia/Lord_Howe"), start, start + timedelta(hours=12)))
    assert [f"{moment.astimezone(zone):%H:%M}" for moment in fired] == ["02:40", "02:50"]


@given(
    st.sampled_from(ALL_ZONES),
    st.sampled_from(["30 2 * * *", "*/20 * * * *", "0 0 1 * *", "15 1-3 * * 0", "0 12 29 2 *"]),
    st.datetimes(datetime(2001, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
@examples(max_examples=100, deadline=None)
def test_the_next_time_is_later_whole_and_the_first(zone: str, line: str, after: datetime) -> None:
    schedule = cron(line, zone)
    found = next_nominal(schedule, after)
    assert found > after
    assert found.tzinfo is UTC
    assert (found.second, found.microsecond) == (0, 0)
    assert next_nominal(schedule, found - SECOND) == found
    assert next_nominal(schedule, after + (found - after) / 2) == found


def test_a_time_in_another_zone_means_the_same_instant() -> None:
    schedule = cron("30 2 * * *", "Europe/Berlin")
    moment = datetime(2026, 3, 29, 12, tzinfo=UTC)
    assert next_nominal(schedule, moment) == next_nominal(schedule, moment.astimezone(ZoneInfo("Asia/Kolkata")))


# ---------------------------------------------------------------------------------------------- days of a line


@pytest.mark.parametrize(
    ("field", "days"),
    [
        ("0", {"Sun"}),
        ("7", {"Sun"}),
        ("sun", {"Sun"}),
        ("1", {"Mon"}),
        ("6", {"Sat"}),
        ("1-5", {"Mon", "Tue", "Wed", "Thu", "Fri"}),
        ("mon-fri", {"Mon", "Tue", "Wed", "Thu", "Fri"}),
        ("MON,Wed", {"Mon", "Wed"}),
        ("5-7", {"Fri", "Sat", "Sun"}),
        ("fri-mon", {"Fri", "Sat", "Sun", "Mon"}),
        ("6-1", {"Sat", "Sun", "Mon"}),
        ("0-7", {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"}),
        ("*/2", {"Sun", "Tue", "Thu", "Sat"}),
        ("1-5/2", {"Mon", "Wed", "Fri"}),
        ("1/2", {"Mon", "Wed", "Fri"}),
        ("0,3,6", {"Sun", "Wed", "Sat"}),
    ],
)
def test_weekdays_count_from_sunday(field: str, days: set[str]) -> None:
    assert weekdays(f"0 0 * * {field}") == days


def test_a_line_with_day_and_weekday_fires_on_either() -> None:
    start = datetime(2026, 3, 1, tzinfo=UTC)
    fired = {moment.day for moment in firings(cron("0 0 13 * 5"), start, start + timedelta(days=31))}
    assert fired == {6, 13, 20, 27}
    fired = {moment.day for moment in firings(cron("0 0 10 * 5"), start, start + timedelta(days=31))}
    assert fired == {6, 10, 13, 20, 27}


@pytest.mark.parametrize(("line", "days"), [("0 0 */10 * 0", {1}), ("0 0 1-7 * */6", {1, 7}), ("0 0 */2 * *", None)])
def test_a_day_or_weekday_that_begins_with_a_star_restricts_the_other(line: str, days: set[int] | None) -> None:
    start = datetime(2026, 3, 1, tzinfo=UTC)
    fired = {moment.day for moment in firings(cron(line), start, start + timedelta(days=31))}
    assert fired == (days or set(range(1, 32, 2)))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("*/15 9-10 * * *", ["09:00", "09:15", "09:30", "09:45", "10:00", "10:15", "10:30", "10:45"]),
        ("5,10 4 * * *", ["04:05", "04:10"]),
        ("50/5 23 * * *", ["23:50", "23:55"]),
        ("  0   7  *  *  * ", ["07:00"]),
        ("0 7 * mar,apr *", ["07:00"]),
    ],
)
def test_lists_ranges_steps_and_names_are_understood(line: str, expected: list[str]) -> None:
    start = datetime(2026, 3, 2, tzinfo=UTC)
    assert [f"{moment:%H:%M}" for moment in firings(cron(line), start, start + timedelta(days=1))] == expected


def test_the_29th_of_february_comes_round() -> None:
    assert next_nominal(cron("0 0 29 2 *"), datetime(2096, 3, 1, tzinfo=UTC)) == datetime(2104, 2, 29, tzinfo=UTC)


# ---------------------------------------------------------------------------------------------------- refusals


@pytest.mark.timeout(20)
@pytest.mark.parametrize("line", ["0 0 30 2 *", "0 0 31 2,4,6,9,11 *", "* * 31 2 *", "*/5 3 30-31 2 *"])
@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin"])
def test_a_line_that_never_fires_is_refused(line: str, zone: str) -> None:
    with pytest.raises(InvalidSchedule, match="never fires"):
        next_nominal(cron(line, zone), datetime(2026, 3, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    "line",
    [
        *("", "* * * *", "* * * * * *", "@daily", "a * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *"),
        *("* * * 13 *", "* * * * 8", "* * * * mon-", "* * * * -5", "* * * * 1,,2", "* * * * 1/", "* * * * 1/0"),
        *("* * * * */8", "* * * * foo", "* * * * *-3", "* * * * 1-3-5", "*/0 * * * *", "5-1 * * * *", "1.5 * * * *"),
        *("* * * foo *", "-1 * * * *", "0 0 * * 1;drop", "0 0 * * ١", ",".join(["1"] * 150) + " * * * *"),
    ],
)
def test_a_malformed_line_is_refused(line: str) -> None:
    with pytest.raises(InvalidSchedule, match="cron line"):
        next_nominal(cron(line), datetime(2026, 3, 1, tzinfo=UTC))


@pytest.mark.parametrize("zone", ["Europe/Nowhere", "", "../../etc/passwd", "/etc/passwd", "nul\0", "Europe", "CET+9x"])
@pytest.mark.parametrize("schedule", [cron("0 0 * * *"), every("1d")])
def test_an_unknown_zone_is_refused(schedule: Schedule, zone: str) -> None:
    wrong = Schedule(kind=schedule.kind, expression=schedule.expression, time_zone=zone)
    with pytest.raises(InvalidSchedule, match="no time zone"):
        next_nominal(wrong, datetime(2026, 3, 1, tzinfo=UTC))


@pytest.mark.parametrize("text", ["", "h", "6", "6 hours", "-6h", "1.5h", "6H", "0h", "59s", "999999w", "4000d", "١h"])
def test_a_malformed_interval_is_refused(text: str) -> None:
    with pytest.raises(InvalidSchedule, match="interval"):
        parse_interval(text)


@given(st.text(max_size=30))
def test_whatever_a_person_types_is_an_interval_or_refused(text: str) -> None:
    with suppress(InvalidSchedule):
        assert 60 <= parse_interval(text) <= 3_660 * 86_400


@given(st.lists(st.text("0123456789*,-/ monsuafri", max_size=6), min_size=5, max_size=5).map(" ".join))
@examples(max_examples=150, deadline=None)
def test_whatever_a_person_types_is_a_line_or_refused(line: str) -> None:
    after = datetime(2026, 3, 1, tzinfo=UTC)
    with suppress(InvalidSchedule):
        assert next_nominal(cron(line), after) > after


# --------------------------------------------------------------------------------------------------- intervals


@pytest.mark.parametrize(
    ("text", "seconds"), [("90m", 5400), ("6h", 21600), ("1d", 86400), ("2w", 1209600), (" 60 s ", 60)]
)
def test_an_interval_is_a_number_and_a_unit(text: str, seconds: int) -> None:
    assert parse_interval(text) == seconds


def test_the_first_interval_counts_from_now() -> None:
    moment = datetime(2026, 3, 1, 12, 0, 0, 123, tzinfo=UTC)
    assert next_nominal(every("6h"), moment) == moment + timedelta(hours=6)


@given(
    anchor=st.datetimes(datetime(1990, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    passed=st.timedeltas(timedelta(0), timedelta(days=20_000)),
    minutes=st.integers(1, 60 * 24 * 400),
)
@example(anchor=datetime(1990, 1, 1, tzinfo=UTC), passed=timedelta(days=20_000) - SECOND / 10**6, minutes=1)
def test_an_interval_keeps_its_grid_however_late_it_is_asked(anchor: datetime, passed: timedelta, minutes: int) -> None:
    step = timedelta(minutes=minutes)
    found = next_nominal(every(f"{minutes}m"), anchor + passed, anchor)
    assert (found - anchor) % step == timedelta(0)
    assert anchor + passed < found <= anchor + passed + step


def test_an_interval_asked_before_its_time_waits_for_it() -> None:
    anchor = datetime(2026, 3, 1, tzinfo=UTC)
    assert next_nominal(every("1d"), anchor - timedelta(days=9), anchor) == anchor
