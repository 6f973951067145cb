"""Sessions: who is logged in in which browser. Of a session's token only the hash is stored."""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from counterfoil.models import AccountSession
from counterfoil.store.conditional import changed_one
from counterfoil.store.tables import account_sessions, accounts

_columns = account_sessions.c


def begin_session(
    connection: sa.Connection,
    *,
    owner_id: int,
    account_id: int,
    token_sha256: str,
    csrf_token: str,
    expires_at: datetime,
    now: datetime,
) -> AccountSession:
    """Somebody has logged in."""
    row = connection.execute(
        account_sessions.insert()
        .values(
            owner_id=owner_id,
            account_id=account_id,
            token_sha256=token_sha256,
            csrf_token=csrf_token,
            created_at=now,
            rotated_at=now,
            last_seen_at=now,
            expires_at=expires_at,
        )
        .returning(*_columns)
    ).one()
    return _session(row)


def find_session(
    connection: sa.Connection, token_sha256: str, now: datetime, *, idle: timedelta, grace: timedelta
) -> AccountSession | None:
    """The session of this token, unless it has ended, expired or idled longer than `idle`, or its account is gone.

    The token before the last change still counts for `grace`: requests were under way with it.
    """
    was_changed_just_now = sa.and_(_columns.previous_sha256 == token_sha256, _columns.rotated_at > now - grace)
    wanted = (
        sa.select(account_sessions)
        .join(accounts, accounts.c.id == _columns.account_id)
        .where(
            sa.or_(_columns.token_sha256 == token_sha256, was_changed_just_now),
            _columns.ended_at.is_(None),
            _columns.expires_at > now,
            _columns.last_seen_at > now - idle,
            accounts.c.removed_at.is_(None),
        )
    )
    row = connection.execute(wanted).one_or_none()
    return _session(row) if row is not None else None


def rotate_session(connection: sa.Connection, session_id: int, old_sha256: str, new_sha256: str, now: datetime) -> bool:
    """Give a session another token; false if somebody else has done so already."""
    unchanged = sa.and_(_columns.id == session_id, _columns.token_sha256 == old_sha256, _columns.ended_at.is_(None))
    values = {"token_sha256": new_sha256, "previous_sha256": old_sha256, "rotated_at": now, "last_seen_at": now}
    return changed_one(connection, account_sessions.update().where(unchanged).values(**values))


def see_session(connection: sa.Connection, session_id: int, now: datetime) -> None:
    """Note that a session was used, so that it does not idle out."""
    connection.execute(account_sessions.update().where(_columns.id == session_id).values(last_seen_at=now))


def end_session(connection: sa.Connection, token_sha256: str, now: datetime) -> None:
    """End the session of this token; one that has ended stays so."""
    mine = sa.and_(_columns.token_sha256 == token_sha256, _columns.ended_at.is_(None))
    connection.execute(account_sessions.update().where(mine).values(ended_at=now))


def end_sessions(connection: sa.Connection, account_id: int, now: datetime, *, keep: int | None = None) -> None:
    """End all sessions of an account, but the one to keep."""
    open_ones = sa.and_(_columns.account_id == account_id, _columns.ended_at.is_(None))
    if keep is not None:
        open_ones = sa.and_(open_ones, _columns.id != keep)
    connection.execute(account_sessions.update().where(open_ones).values(ended_at=now))


def drop_dead_sessions(connection: sa.Connection, now: datetime) -> None:
    """Forget sessions that nobody can use any more."""
    connection.execute(account_sessions.delete().where(sa.or_(_columns.ended_at < now, _columns.expires_at < now)))


def _session(row: sa.Row[Any]) -> AccountSession:
    return AccountSession(
        id=row.id,
        owner_id=row.owner_id,
        account_id=row.account_id,
        csrf_token=row.csrf_token,
        created_at=row.created_at,
        rotated_at=row.rotated_at,
        last_seen_at=row.last_seen_at,
        expires_at=row.expires_at,
    )
