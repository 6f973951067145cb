"""Whether this machine's clock can be believed: against what the database has seen, and against its server's clock.

A clock that is wrong by an hour plans runs for the wrong night, dates evidence wrongly and breaks leases; at a start it
has not done so yet.
"""

from datetime import datetime, timedelta

import sqlalchemy as sa

from counterfoil.exceptions import ClockMismatch
from counterfoil.store.instance import newest_time

# More than clocks drift and time servers correct, less than the hour of a time zone mistaken for UTC.
TOLERANCE = timedelta(minutes=10)


def refuse_wrong_clock(connection: sa.Connection, now: datetime) -> None:
    """Raise ClockMismatch where the clock is behind what the database has seen, or far from its server's."""
    problem = behind_database(connection, now)
    if problem is not None:
        raise ClockMismatch(problem)
    refuse_apart_from_server(connection, now)


def refuse_apart_from_server(connection: sa.Connection, now: datetime) -> None:
    """Raise ClockMismatch where the clock is far from its PostgreSQL server's."""
    problem = apart_from_server(connection, now)
    if problem is not None:
        raise ClockMismatch(problem)


def behind_database(connection: sa.Connection, now: datetime) -> str | None:
    """What is wrong if the clock is behind the newest time at which this database was worked on, and the remedy."""
    newest = newest_time(connection)
    if newest is None or now >= newest - TOLERANCE:
        return None
    return (
        f"This machine's clock says {_shown(now)}, but the service was at work on this database at {_shown(newest)}: "
        f"the clock is {span(newest - now)} behind. Set the clock; if it is right and the earlier time was wrong: "
        "counterfoil clock accept"
    )


def apart_from_server(connection: sa.Connection, now: datetime) -> str | None:
    """What is wrong if the clock differs from the PostgreSQL server's, and the remedy; None on SQLite."""
    server = server_time(connection)
    if server is None or abs(now - server) <= TOLERANCE:
        return None
    return (
        f"This machine's clock says {_shown(now)}, the PostgreSQL server's {_shown(server)}: they are "
        f"{span(abs(now - server))} apart. Set the one that is wrong."
    )


def server_time(connection: sa.Connection) -> datetime | None:
    """What the PostgreSQL server's clock says; None on SQLite, which has only ours."""
    if connection.dialect.name != "postgresql":
        return None
    moment: datetime = connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
    return moment


def span(duration: timedelta) -> str:
    """A duration for people, in its two largest units: `1 h 0 min`."""
    seconds = int(duration.total_seconds())
    sizes = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
    first = next((place for place, (_, size) in enumerate(sizes) if seconds >= size), 3)
    rest, words = seconds, []
    for name, size in sizes[first : first + 2]:
        count, rest = divmod(rest, size)
        words.append(f"{count} {name}")
    return " ".join(words)


def _shown(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")
