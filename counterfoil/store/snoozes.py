"""Suspects that are put off: until a time, or until their listing changes."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from counterfoil.exceptions import Conflict, InvalidInput
from counterfoil.models import Suspect
from counterfoil.store.suspects import NOT_SNOOZED, change_suspect, get_suspect, get_suspects, require_revision
from counterfoil.store.tables import suspects

# What is put off for longer is forgotten, not put off.
_LONGEST = timedelta(days=366)


def snooze(
    connection: sa.Connection,
    owner_id: int,
    suspect_id: int,
    until: datetime | None,
    *,
    expected_revision: int | None = None,
    now: datetime,
) -> Suspect:
    """Put a suspect off until a time, or (None) until its listing changes; a change always ends it.

    Raises NotFound, InvalidInput for a time that is not ahead, Outdated when it has changed since `expected_revision`.
    """
    if until is not None and not now < until <= now + _LONGEST:
        raise InvalidInput("A suspect is put off until a time ahead, at most a year.")
    suspect = get_suspect(connection, owner_id, suspect_id, lock=True)
    require_revision(suspect, expected_revision)
    change_suspect(connection, suspect, {"snoozed_at": now, "snoozed_until": until}, now)
    return get_suspect(connection, owner_id, suspect_id)


def wake(
    connection: sa.Connection,
    owner_id: int,
    suspect_id: int,
    *,
    expected_revision: int | None = None,
    now: datetime,
) -> Suspect:
    """Let a suspect that was put off wait for a decision again.

    Raises NotFound, Conflict where it is not put off, Outdated when it has changed since `expected_revision`.
    """
    suspect = get_suspect(connection, owner_id, suspect_id, lock=True)
    require_revision(suspect, expected_revision)
    if suspect.snoozed_at is None:
        raise Conflict("Suspect {suspect_id} is not put off.", suspect_id=suspect_id)
    change_suspect(connection, suspect, NOT_SNOOZED, now)
    return get_suspect(connection, owner_id, suspect_id)


def wake_due(connection: sa.Connection, now: datetime, limit: int) -> int:
    """Let those suspects, of all owners, wait again whose time has come; how many."""
    due = sa.select(suspects.c.id).where(suspects.c.snoozed_until <= now).order_by(suspects.c.snoozed_until)
    ids = list(connection.scalars(due.limit(limit).with_for_update(skip_locked=True)))
    for suspect in get_suspects(connection, ids):
        change_suspect(connection, suspect, NOT_SNOOZED, now)
    return len(ids)


def has_due(connection: sa.Connection, now: datetime) -> bool:
    """Whether there is such a suspect."""
    due = sa.select(suspects.c.id).where(suspects.c.snoozed_until <= now).limit(1)
    return connection.execute(due).first() is not None
