"""Prints for people and for programs: tables on a terminal, JSON Lines on request; talk goes to standard error."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from console.translation import gettext as _
from counterfoil.models import Absence, Capture, CaptureMeans, CaptureState, RobotsOverride


def say(text: str) -> None:
    """A remark for the person, apart from the data on standard output."""
    click.echo(text, err=True)


def json_line(value: Any) -> str:
    """One value as one line of JSON: exact decimals as strings, times in RFC 3339."""
    return json.dumps(plain(value), ensure_ascii=False)


def print_lines(values: Iterable[Any]) -> None:
    """One line of JSON for each value."""
    for value in values:
        click.echo(json_line(value))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, empty: str) -> None:
    """A table on standard output, or the remark `empty` when there are no rows."""
    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*(escape(_shown(value)) for value in row))
    if not table.row_count:
        say(empty)
        return
    _console().print(table)


def print_fields(values: Mapping[str, Any]) -> None:
    """One thing as lines of name and value; what is not there is left out."""
    width = max(map(len, values), default=0) + 2
    for name, value in values.items():
        if value not in (None, "", (), []):
            click.echo(f"{name + ':':<{width}}{_shown(value)}")


def when(moment: datetime | None) -> str:
    """A time for people: UTC to the second."""
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC") if moment else ""


def absence_words(absence: Absence) -> str:
    """What a listing's own address says of it, in a line."""
    if absence.gone_at is None:
        return f"was not there on {when(absence.first_at)} ({absence.why}); a second look decides"
    return f"gone: its address said so on {when(absence.first_at)} and again on {when(absence.gone_at)} ({absence.why})"


def robots_words(override: RobotsOverride | None) -> str:
    """Whether your crawls obey a marketplace's robots.txt, in a line."""
    if override is None:
        return "obeyed"
    return f"OVERRIDDEN since {when(override.decided_at)} by {override.decided_by}: {override.reason}"


def capture_words(capture: Capture) -> str:
    """What became of a capture, in a line."""
    if capture.state is CaptureState.WAITING:
        return f"waits to be captured since {when(capture.requested_at)}"
    if capture.state is CaptureState.FAILED or capture.captured_at is None:
        return "could not be captured"
    means = "by a browser" if capture.means is CaptureMeans.BROWSER else "without a browser"
    return f"captured {when(capture.captured_at)} {means}, answered {capture.status}"


def deleted_words(moment: datetime) -> str:
    """What stands in the place of a picture or body that retention has deleted."""
    return _("deleted by retention on %(day)s") % {"day": f"{moment:%Y-%m-%d}"}


def size(number: int) -> str:
    """Bytes for people, in the unit that leaves few digits: `12 MB`."""
    units = ("bytes", "kB", "MB", "GB", "TB")
    power = min(len(units) - 1, (len(str(number)) - 1) // 3)
    value = number / 1_000**power
    return f"{value:.{int(power > 0 and value < 10)}f} {units[power]}"


def _console() -> Console:
    # A file or a pipe has no width: lines are never cut there.
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=400)


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return when(value)
    if isinstance(value, (tuple, list)):
        return ", ".join(map(_shown, value))
    # Crawled text may hold terminal control sequences: nothing unprintable reaches the screen.
    return "".join(character if character.isprintable() else " " for character in str(value))


def plain(value: Any) -> Any:
    """A value of ours as JSON values."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, (tuple, list, frozenset, set)):
        return [plain(inner) for inner in value]
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, bytes):
        return value.hex()
    return value.isoformat() if isinstance(value, (datetime, date)) else value
