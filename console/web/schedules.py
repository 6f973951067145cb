"""Schedules as people choose them in a form, and in words."""

import re
from dataclasses import dataclass
from enum import StrEnum

from console.translation import gettext as _
from console.translation import ngettext
from counterfoil.exceptions import InvalidInput
from counterfoil.models import Schedule, ScheduleKind
from scheduler.triggers import parse_interval


class Rhythm(StrEnum):
    """The ways to say when: at a time of every day, of one day of the week, after so long, or by a cron line."""

    DAILY = "daily"
    WEEKLY = "weekly"
    INTERVAL = "interval"
    CRON = "cron"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """When, as the fields of a form: `at` is hh:mm, `weekday` counts from Sunday (0), `unit` is m, h, d or w."""

    rhythm: str = Rhythm.DAILY
    at: str = "02:30"
    weekday: str = "1"
    number: str = "6"
    unit: str = "h"
    cron: str = "30 2 * * *"
    time_zone: str = "UTC"
    jitter: str = "0"


_EVERY_DAY = re.compile(r"([0-5]?[0-9]) ([01]?[0-9]|2[0-3]) \* \* \*")
_EVERY_WEEK = re.compile(r"([0-5]?[0-9]) ([01]?[0-9]|2[0-3]) \* \* ([0-6])")
_AT = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
_INTERVAL = re.compile(r"([0-9]{1,6})([mhdw])")


def schedule_of(choice: Choice, jitter_seconds: int) -> Schedule:
    """The schedule that a form asks for. Raises InvalidInput, which says in what field something is wrong."""
    if choice.rhythm == Rhythm.INTERVAL:
        expression = f"{choice.number.strip()}{choice.unit}"
        parse_interval(expression)
        kind = ScheduleKind.INTERVAL
    else:
        expression, kind = _line(choice), ScheduleKind.CRON
    zone = choice.time_zone.strip() or "UTC"
    return Schedule(kind=kind, expression=expression, time_zone=zone, jitter_seconds=jitter_seconds)


def choice_of(schedule: Schedule) -> Choice:
    """A schedule as a form shows it."""
    kept = {"time_zone": schedule.time_zone, "jitter": str(schedule.jitter_seconds)}
    interval = _INTERVAL.fullmatch(schedule.expression.replace(" ", ""))
    if schedule.kind is ScheduleKind.INTERVAL:
        if interval is None:
            seconds = parse_interval(schedule.expression)
            return Choice(rhythm=Rhythm.INTERVAL, number=str(max(1, seconds // 60)), unit="m", **kept)
        return Choice(rhythm=Rhythm.INTERVAL, number=interval[1], unit=interval[2], **kept)
    line = " ".join(schedule.expression.split())
    if daily := _EVERY_DAY.fullmatch(line):
        return Choice(rhythm=Rhythm.DAILY, at=_clock(daily), cron=line, **kept)
    if weekly := _EVERY_WEEK.fullmatch(line):
        return Choice(rhythm=Rhythm.WEEKLY, at=_clock(weekly), weekday=weekly[3], cron=line, **kept)
    return Choice(rhythm=Rhythm.CRON, cron=schedule.expression, **kept)


def schedule_words(schedule: Schedule) -> str:
    """When, in words."""
    choice = choice_of(schedule)
    told = {"at": choice.at, "zone": schedule.time_zone}
    if choice.rhythm == Rhythm.DAILY:
        return _("every day at %(at)s (%(zone)s)") % told
    if choice.rhythm == Rhythm.WEEKLY:
        return _("every %(day)s at %(at)s (%(zone)s)") % {**told, "day": weekdays()[int(choice.weekday)]}
    if choice.rhythm == Rhythm.INTERVAL:
        return _interval_words(int(choice.number), choice.unit)
    return _("by the cron line %(line)s (%(zone)s)") % {**told, "line": schedule.expression}


def weekdays() -> tuple[str, ...]:
    """Their names, from Sunday on."""
    return (_("Sunday"), _("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"))


def units() -> dict[str, str]:
    """What an interval is counted in."""
    return {"m": _("minutes"), "h": _("hours"), "d": _("days"), "w": _("weeks")}


def _interval_words(number: int, unit: str) -> str:
    words = {
        "m": ngettext("every minute", "every %(num)d minutes", number),
        "h": ngettext("every hour", "every %(num)d hours", number),
        "d": ngettext("every day", "every %(num)d days", number),
        "w": ngettext("every week", "every %(num)d weeks", number),
    }[unit]
    return words % {"num": number}


def _line(choice: Choice) -> str:
    if choice.rhythm == Rhythm.CRON:
        return choice.cron.strip()
    at = _AT.fullmatch(choice.at.strip())
    if at is None:
        raise InvalidInput(_("The time of day is missing: give it as hours and minutes, such as 02:30."))
    day = "*"
    if choice.rhythm == Rhythm.WEEKLY:
        if choice.weekday not in {"0", "1", "2", "3", "4", "5", "6"}:
            raise InvalidInput(_("Choose a day of the week."))
        day = choice.weekday
    return f"{int(at[2])} {int(at[1])} * * {day}"


def _clock(line: re.Match[str]) -> str:
    return f"{int(line[2]):02}:{int(line[1]):02}"
