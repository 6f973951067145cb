"""What there is to know at a glance: what is new, what waits for a verdict, and how it went over time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import sqlalchemy as sa

from console.session import RequestSession
from counterfoil.clock import now
from counterfoil.exceptions import Conflict
from counterfoil.models import VerdictKind
from counterfoil.store.looks import mark_all_seen, new_since
from counterfoil.store.overview import (
    first_suspected,
    suspects_over_time,
    undecided,
    verdicts_over_time,
    verdicts_since,
)
from counterfoil.store.run_findings import suspects_since

MOST_COUNTED = 10_000
# Of a program, or where nobody has looked before, the last day's is what is new.
_A_DAY = timedelta(days=1)
_DAYS, _WEEKS = 30, 26


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many suspects are new since a moment and how many verdicts were given, and what waits for one: exact up to
    the most that are counted.
    """

    since: datetime
    new: int
    decided: int
    undecided: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeStep:
    """A day or a week: the suspects that were found in it, and the verdicts that were given."""

    begin: datetime
    end: datetime
    suspects: int
    verdicts: Mapping[VerdictKind, int]


def looked_at(connection: sa.Connection, session: RequestSession) -> datetime | None:
    """Since when things are new to whoever asks; None for a program, and for who has never looked before."""
    return new_since(connection, session.account_id) if session.account_id is not None else None


def counts_of(connection: sa.Connection, session: RequestSession, since: datetime | None) -> Counts:
    """The counts since a moment; without one those of the last day."""
    owner_id = session.owner.id
    begin = since or now() - _A_DAY
    return Counts(
        since=begin,
        new=suspects_since(connection, owner_id, begin, MOST_COUNTED),
        decided=verdicts_since(connection, owner_id, begin, MOST_COUNTED),
        undecided=undecided(connection, owner_id, MOST_COUNTED),
    )


def over_time(connection: sa.Connection, owner_id: int, moment: datetime) -> list[TimeStep]:
    """Suspects and verdicts over time: by days for a month, by weeks where there is more to tell."""
    first = first_suspected(connection, owner_id)
    by_week = first is not None and first < moment - timedelta(days=_DAYS)
    edges = _edges(moment, timedelta(weeks=1), _WEEKS) if by_week else _edges(moment, timedelta(days=1), _DAYS)
    found = suspects_over_time(connection, owner_id, edges)
    given = verdicts_over_time(connection, owner_id, edges)
    return [
        TimeStep(begin=begin, end=end, suspects=many, verdicts=kinds)
        for (begin, end), many, kinds in zip(pairwise(edges), found, given, strict=True)
    ]


def are_weeks(steps: Sequence[TimeStep]) -> bool:
    """Whether these steps are weeks and not days."""
    return steps[0].end - steps[0].begin > _A_DAY


def mark_seen(session: RequestSession) -> None:
    """Nothing that is there now is new any more to the account that asks. Raises Conflict for a program's key."""
    if session.account_id is None:
        raise Conflict("An API key remembers nothing that was seen: say since when, where you ask what is new.")
    with session.write() as connection:
        mark_all_seen(connection, session.account_id, now())


def _edges(moment: datetime, step: timedelta, steps: int) -> list[datetime]:
    """The days (UTC) at which the steps begin, and the one at which the last ends; weeks begin on Monday."""
    today = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    begin = today - timedelta(days=today.weekday()) if step.days == 7 else today
    return [begin - step * (steps - 1 - place) for place in range(steps + 1)]
