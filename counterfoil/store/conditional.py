"""Writes that say themselves whether they took effect: the base of everything that may run twice."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from counterfoil.exceptions import Conflict


def insert_new(
    connection: sa.Connection, table: sa.Table, values: Mapping[str, Any], *returning: sa.Column[Any]
) -> Any:
    """Insert unless a row with the same unique values is there; the returned columns (or one), or None if it was."""
    row = connection.execute(_insert_new(connection.dialect.name, table, returning), dict(values)).one_or_none()
    return row[0] if row is not None and len(returning) <= 1 else row


def update_unless_taken(connection: sa.Connection, statement: sa.Update) -> None:
    """Change values of which no two rows may have the same. Raises Conflict where somebody takes them at that moment.

    Whoever asks before sees only what is committed: on PostgreSQL others may be about to.
    """
    try:
        connection.execute(statement)
    except sa.exc.IntegrityError as error:
        raise Conflict("Somebody else has registered the same at the same moment: look, and try again.") from error


def insert_all_new(connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert those rows that are not there yet."""
    if rows:
        connection.execute(_insert(connection.dialect.name, table).on_conflict_do_nothing(), list(rows))


def upsert(
    connection: sa.Connection,
    table: sa.Table,
    values: Mapping[str, Any],
    *,
    key: Sequence[str],
    keep: Sequence[str] = (),
) -> None:
    """Insert, or overwrite the row with the same key except its `keep` columns."""
    overwritten = tuple(name for name in values if name not in key and name not in keep)
    connection.execute(_upsert(connection.dialect.name, table, tuple(key), overwritten), dict(values))


def changed_one(connection: sa.Connection, statement: sa.Update | sa.Delete) -> bool:
    """Run a conditional update; true if exactly one row met the condition."""
    return connection.execute(statement).rowcount == 1


def changed(connection: sa.Connection, statement: sa.Update | sa.Delete) -> int:
    """Run an update; how many rows met its condition."""
    return connection.execute(statement).rowcount


# Made once: SQLAlchemy takes longer to make one of these statements than SQLite takes to run it.


@cache
def _insert_new(dialect: str, table: sa.Table, returning: tuple[sa.Column[Any], ...]) -> Any:
    # Asked for a row, not for a row count: with psycopg SQLAlchemy does not know the count of an insert.
    columns: Sequence[sa.ColumnElement[Any]] = returning or (sa.literal_column("1"),)
    return _insert(dialect, table).on_conflict_do_nothing().returning(*columns)


@cache
def _upsert(dialect: str, table: sa.Table, key: tuple[str, ...], overwritten: tuple[str, ...]) -> Any:
    statement = _insert(dialect, table)
    changed = {name: statement.excluded[name] for name in overwritten}
    return statement.on_conflict_do_update(index_elements=list(key), set_=changed)


def _insert(dialect: str, table: sa.Table) -> Any:
    return (sqlite if dialect == "sqlite" else postgresql).insert(table)
