"""Check of the clock: against the database's times, its server, the file system and the time service."""

import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from console.doctor.findings import Finding, NotLookedAt, hint, together, wrong
from console.doctor.place import Place, ago
from counterfoil.clock import now
from counterfoil.clock_check import TOLERANCE, apart_from_server, behind_database, span
from counterfoil.store.instance import last_clock_jump
from counterfoil.store.tables import crawl_events, listing_versions, runs

_REMEMBERED = timedelta(days=1)
_NTP_SECONDS = 5
_SET = "set the clock: timedatectl set-ntp true"


def check_clock(place: Place) -> Finding:
    """The clock agrees with all that knows the time."""
    moment = now()
    problems = [*_against_files(place.settings.data, moment)]
    try:
        with place.tables() as connection:
            problems += [*_against_database(connection, moment)]
    except NotLookedAt:
        # The rest of the machine can tell all the same.
        pass
    problems += [*_against_time_service()]
    return together(problems, moment.strftime("%Y-%m-%d %H:%M:%S UTC"))


def _against_database(connection: sa.Connection, moment: datetime) -> Iterator[Finding]:
    behind = behind_database(connection, moment)
    if behind is not None:
        yield wrong(behind)
    else:
        newest = _newest_row(connection)
        if newest is not None and newest > moment + TOLERANCE:
            text = f"the database has rows from the future ({span(newest - moment)} ahead): the clock was set back"
            yield hint(text, "nothing to do if the clock is right now")
    apart = apart_from_server(connection, moment)
    if apart is not None:
        yield wrong(apart)
    jump = last_clock_jump(connection)
    if jump is not None and moment - jump.noticed_at < _REMEMBERED:
        where = "ahead" if jump.by > timedelta(0) else "back"
        text = f"the clock leapt {where} by {span(abs(jump.by))}, {ago(jump.noticed_at, moment)} ago"
        yield hint(text, f"if it is wrong now, {_SET}")


def _against_files(data: Path, moment: datetime) -> Iterator[Finding]:
    ours = [data, *data.glob("counterfoil.sqlite*"), *(data / name for name in ("evidence", "logs", "index"))]
    times = [path.stat().st_mtime for path in ours if path.exists()]
    newest = datetime.fromtimestamp(max(times), UTC) if times else moment
    if newest > moment + TOLERANCE:
        yield wrong(f"files were changed {span(newest - moment)} in the future: the clock is behind", _SET)


def _against_time_service() -> Iterator[Finding]:
    program = shutil.which("timedatectl")
    if program is None:
        return
    command = [program, "show", "--property=NTPSynchronized", "--value"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_NTP_SECONDS)  # noqa: S603 - fixed words
    except (OSError, subprocess.TimeoutExpired):
        return
    # Anything else is a machine without systemd, such as a container: its host keeps the time.
    if done.returncode == 0 and done.stdout.strip() == "no":
        yield hint("no time service keeps the clock right", "timedatectl set-ntp true")


def _newest_row(connection: sa.Connection) -> datetime | None:
    """The newest of the last rows of tables that grow all the time, found by their ids."""
    last = [
        sa.select(column).order_by(column.table.c.id.desc()).limit(1)
        for column in (crawl_events.c.at, runs.c.created_at, listing_versions.c.captured_at)
    ]
    return max(filter(None, (connection.scalar(one) for one in last)), default=None)
