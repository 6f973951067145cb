"""When a schedule fires next: cron lines and intervals, read the way people mean them.

APScheduler does the calendar arithmetic, on a calendar whose clock never changes; what clock changes mean is decided
here, as Vixie cron does: a line with a fixed hour fires once on the night when the clock goes back, and at the shifted
time when its hour is left out; a line for every hour follows the clock. Weekday numbers count from Sunday (crontab(5);
APScheduler counts from Monday), and a line that restricts day and weekday fires on either (crontab(5)).
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from apscheduler.triggers.combining import OrTrigger
from apscheduler.triggers.cron import CronTrigger

from counterfoil.exceptions import InvalidSchedule
from counterfoil.models import Schedule, ScheduleKind

_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_LEAST_INTERVAL = 60
_LONGEST_INTERVAL = 3_660 * 86_400
# As wide as the column that keeps it.
_LONGEST_LINE = 200
# A century holds every calendar that comes round at all: a line without a date in it never fires.
_FAR = timedelta(days=36_525)
_EXAMPLE = "for example '30 2 * * *' for half past two every night"


def next_nominal(schedule: Schedule, after: datetime, anchor: datetime | None = None) -> datetime:
    """The first time the schedule fires after `after`, in UTC and without jitter.

    `anchor` is a time an interval counts from (its last nominal time). Raises InvalidSchedule for a malformed schedule
    and for one that never fires.
    """
    zone = _zone(schedule.time_zone)
    if schedule.kind is ScheduleKind.INTERVAL:
        return _next_interval(parse_interval(schedule.expression), after, anchor)
    found = _next_cron(schedule.expression, zone, after)
    if found is None:
        raise InvalidSchedule(f"The cron line {schedule.expression!r} never fires: no calendar has such a day.")
    return found


def parse_interval(text: str) -> int:
    """Seconds of an interval such as `90m`, `6h` or `1d`. Raises InvalidSchedule."""
    match = re.fullmatch(r"\s*([0-9]{1,6})\s*([smhdw])\s*", text)
    if match is None:
        raise InvalidSchedule(f"{text!r} is no interval: expected a number and s, m, h, d or w, such as '6h'.")
    seconds = int(match[1]) * _UNITS[match[2]]
    if seconds < _LEAST_INTERVAL:
        raise InvalidSchedule(f"The interval {text!r} is too short: at least {_LEAST_INTERVAL} seconds.")
    if seconds > _LONGEST_INTERVAL:
        raise InvalidSchedule(f"The interval {text!r} is too long: at most {_LONGEST_INTERVAL // 86_400} days.")
    return seconds


def _next_interval(seconds: int, after: datetime, anchor: datetime | None) -> datetime:
    if anchor is None:
        return after + timedelta(seconds=seconds)
    step = timedelta(seconds=seconds)
    return anchor + step * (max(-1, (after - anchor) // step) + 1)


def _next_cron(expression: str, zone: ZoneInfo, after: datetime) -> datetime | None:
    fields = _fields(expression)
    start = _wall_time(after, zone) - _shift(after, zone)
    trigger = _trigger(fields, expression, start + _FAR)
    found: datetime | None = None
    horizon = start
    for wall in _wall_times(trigger, start):
        # Where the clock changes, a later wall time can come first.
        if found is not None and wall > horizon:
            break
        for instant in _instants(wall, zone, every_hour=fields[1].startswith("*")):
            if instant > after and (found is None or instant < found):
                found, horizon = instant, wall + _shift(instant, zone)
    return found


def _wall_times(trigger: CronTrigger | OrTrigger, start: datetime) -> Iterator[datetime]:
    wall: datetime | None = start
    # APScheduler answers with the time given, if that fires: step past it.
    while (wall := trigger.get_next_fire_time(None, wall)) is not None:
        yield wall
        wall += timedelta(seconds=1)


def _instants(wall: datetime, zone: ZoneInfo, *, every_hour: bool) -> list[datetime]:
    """When the clock on the wall shows a time: once as a rule, twice or never on the nights when it is changed."""
    first, second = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if _wall_time(first, zone) != wall:
        # It is left out. Read with the old offset it is the time that much later: the day has its firing.
        return [] if every_hour else [first]
    return [first, second] if every_hour and second > first else [first]


def _wall_time(instant: datetime, zone: ZoneInfo) -> datetime:
    """What the clock on the wall shows, written as if the zone were UTC."""
    return instant.astimezone(zone).replace(tzinfo=UTC, fold=0)


def _shift(instant: datetime, zone: ZoneInfo) -> timedelta:
    """By how much the clock is changed around a time; nearly always nothing."""
    day = timedelta(days=1)
    return abs((_wall_time(instant + day, zone) - _wall_time(instant - day, zone)) - 2 * day)


def _fields(expression: str) -> list[str]:
    fields = expression.lower().split()
    if len(expression) > _LONGEST_LINE or len(fields) != 5:
        raise InvalidSchedule(
            f"{expression!r} is no cron line: expected five fields (minute hour day month weekday), {_EXAMPLE}."
        )
    return fields


def _trigger(fields: list[str], expression: str, end: datetime) -> CronTrigger | OrTrigger:
    minute, hour, day, month, weekday = fields
    common = {"minute": minute, "hour": hour, "month": month, "timezone": UTC, "end_date": end}
    try:
        both = CronTrigger(**common, day=day, day_of_week=_weekdays(weekday))
        if day.startswith("*") or weekday.startswith("*"):
            return both
        on_weekday = CronTrigger(**common, day="*", day_of_week=_weekdays(weekday))
        return OrTrigger([CronTrigger(**common, day=day), on_weekday])
    except ValueError as error:
        raise InvalidSchedule(f"The cron line {expression!r} is malformed: {error}.") from error


def _weekdays(field: str) -> str:
    """A crontab weekday field in names: `0` and `7` are Sunday, ranges may wrap round the week."""
    if field == "*":
        return "*"
    return ",".join(dict.fromkeys(name for part in field.split(",") for name in _weekdays_of(part)))


def _weekdays_of(part: str) -> list[str]:
    match = re.fullmatch(r"(?P<first>\*|[a-z]{3}|[0-7])(-(?P<last>[a-z]{3}|[0-7]))?(/(?P<step>[1-7]))?", part)
    if match is None or (match["first"] == "*" and match["last"]):
        raise ValueError(f"unrecognised weekday {part!r}")
    low = 0 if match["first"] == "*" else _weekday(match["first"])
    if match["last"]:
        span = 6 if (low, match["last"]) == (0, "7") else (_weekday(match["last"]) - low) % 7
    else:
        # "1/2" is every second day from Monday on, as it is in the other fields.
        span = 6 - low if match["step"] or match["first"] == "*" else 0
    return [_WEEKDAYS[(low + offset) % 7] for offset in range(0, span + 1, int(match["step"] or 1))]


def _weekday(text: str) -> int:
    if text in _WEEKDAYS:
        return _WEEKDAYS.index(text)
    if text.isdecimal():
        return int(text) % 7
    raise ValueError(f"unrecognised weekday {text!r}")


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidSchedule(f"{name!r} is no time zone: expected an IANA name, such as Europe/Berlin.") from error
