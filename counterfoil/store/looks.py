"""When people looked at the first page: what came since the occasion before is new to them."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from counterfoil.store.conditional import changed_one
from counterfoil.store.tables import accounts

# Whoever comes back sooner is still looking: what was new a moment ago is new until then.
OCCASION = timedelta(minutes=30)
# Writing down every look would make a reader a writer.
_NOTED_EVERY = timedelta(minutes=1)


def note_look(connection: sa.Connection, account_id: int, now: datetime) -> bool:
    """An account looks at the first page; whether anything had to be written down.

    On a new occasion, the time of the last look becomes the one since when things are new. Two pages at once, or twice
    in a moment, change it once.
    """
    mine = accounts.c.id == account_id
    long_ago = sa.or_(accounts.c.looked_at.is_(None), accounts.c.looked_at <= now - OCCASION)
    again = accounts.update().where(mine, long_ago).values(new_since=accounts.c.looked_at, looked_at=now)
    if changed_one(connection, again):
        return True
    a_while_ago = sa.and_(mine, accounts.c.looked_at <= now - _NOTED_EVERY)
    return changed_one(connection, accounts.update().where(a_while_ago).values(looked_at=now))


def needs_noting(connection: sa.Connection, account_id: int, now: datetime) -> bool:
    """Whether a look now would have to be written down."""
    noted = connection.scalar(sa.select(accounts.c.looked_at).where(accounts.c.id == account_id))
    return noted is None or noted <= now - _NOTED_EVERY


def new_since(connection: sa.Connection, account_id: int) -> datetime | None:
    """Since when things are new to an account; None for one that has never looked before: everything is."""
    moment: datetime | None = connection.scalar(sa.select(accounts.c.new_since).where(accounts.c.id == account_id))
    return moment


def mark_all_seen(connection: sa.Connection, account_id: int, now: datetime) -> None:
    """From now on only what comes later is new to an account."""
    later = sa.or_(accounts.c.new_since.is_(None), accounts.c.new_since < now)
    connection.execute(accounts.update().where(accounts.c.id == account_id, later).values(new_since=now, looked_at=now))
