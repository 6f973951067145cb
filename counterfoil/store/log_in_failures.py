"""Back-off: how long after so many wrong passwords the next one is looked at.

An attempt is counted before the password is checked and taken back when it was right, so that any number of attempts at
the same moment count one after the other. Counted are names, also those that nobody has, and addresses.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from counterfoil.store.conditional import changed_one, insert_new
from counterfoil.store.tables import log_in_failures

_LONGEST_SECONDS = 900
_FORGOTTEN_AFTER = timedelta(days=1)
_columns = log_in_failures.c


@dataclass(frozen=True, slots=True)
class Subject:
    """What attempts are counted for, and how many may fail before it has to wait."""

    key: str
    free: int

    @property
    def sha256(self) -> str:
        """By which it is stored."""
        return hashlib.sha256(self.key.encode("utf-8", "surrogatepass")).hexdigest()


def delay_after(failures: int, free: int) -> timedelta:
    """How long to wait after so many failures: nothing at first, then twice as long each time, at most 15 minutes."""
    if failures < free:
        return timedelta()
    return timedelta(seconds=min(2 ** min(failures - free, 20), _LONGEST_SECONDS))


def count_attempt(connection: sa.Connection, subjects: Iterable[Subject], now: datetime) -> timedelta | None:
    """Count an attempt as failed for each subject, or, counting nothing, say how long it still has to wait."""
    rows = {subject: _row(connection, subject, now) for subject in sorted(subjects, key=lambda one: one.sha256)}
    waiting = [blocked_until - now for _, blocked_until in rows.values() if blocked_until > now]
    if waiting:
        return max(waiting)
    for subject, (failures, _) in rows.items():
        values = {"failures": failures + 1, "failed_at": now}
        blocked_until = now + delay_after(failures + 1, subject.free)
        connection.execute(log_in_failures.update().where(_is(subject)).values(**values, blocked_until=blocked_until))
    return None


def forget_failures(connection: sa.Connection, subject: Subject) -> None:
    """Start counting anew: the password was right, or was changed."""
    connection.execute(log_in_failures.delete().where(_is(subject)))


def take_back_attempt(connection: sa.Connection, subject: Subject, now: datetime) -> None:
    """An attempt that was counted did not fail: what failed before it still counts."""
    fewer = sa.and_(_is(subject), _columns.failures > 0)
    values = {"failures": _columns.failures - 1, "blocked_until": now}
    changed_one(connection, log_in_failures.update().where(fewer).values(**values))


def drop_old_failures(connection: sa.Connection, now: datetime) -> None:
    """Forget what nobody has tried for a day."""
    connection.execute(log_in_failures.delete().where(_columns.failed_at < now - _FORGOTTEN_AFTER))


def _row(connection: sa.Connection, subject: Subject, now: datetime) -> tuple[int, datetime]:
    """(failures, blocked until) of a subject, held until the transaction ends."""
    nothing = {"subject_sha256": subject.sha256, "failures": 0, "failed_at": now, "blocked_until": now}
    insert_new(connection, log_in_failures, nothing)
    row = connection.execute(sa.select(log_in_failures).where(_is(subject)).with_for_update()).one()
    old = row.failed_at < now - _FORGOTTEN_AFTER
    return (0 if old else row.failures), row.blocked_until


def _is(subject: Subject) -> sa.ColumnElement[bool]:
    return _columns.subject_sha256 == subject.sha256
