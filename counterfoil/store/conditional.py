"""Writes that say themselves whether they took effect: the base of everything that may run twice."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite


def insert_new(
    connection: sa.Connection, table: sa.Table, values: Mapping[str, Any], *returning: sa.Column[Any]
) -> Any:
    """Insert unless a row with the same unique values is there; the returned columns (or one), or None if it was."""
    # Asked for a row, not for a row count: with psycopg SQLAlchemy does not know the count of an insert.
    columns: Sequence[sa.ColumnElement[Any]] = returning or (sa.literal_column("1"),)
    statement = _insert(connection, table).values(**values).on_conflict_do_nothing().returning(*columns)
    row = connection.execute(statement).one_or_none()
    return row[0] if row is not None and len(columns) == 1 else row


def insert_all_new(connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert those rows that are not there yet."""
    if rows:
        connection.execute(_insert(connection, table).on_conflict_do_nothing(), list(rows))


def upsert(
    connection: sa.Connection,
    table: sa.Table,
    values: Mapping[str, Any],
    *,
    key: Sequence[str],
    keep: Sequence[str] = (),
) -> None:
    """Insert, or overwrite the row with the same key except its `keep` columns."""
    statement = _insert(connection, table).values(**values)
    changed = {name: statement.excluded[name] for name in values if name not in key and name not in keep}
    connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=changed))


def changed_one(connection: sa.Connection, statement: sa.Update | sa.Delete) -> bool:
    """Run a conditional update; true if exactly one row met the condition."""
    return connection.execute(statement).rowcount == 1


def changed(connection: sa.Connection, statement: sa.Update | sa.Delete) -> int:
    """Run an update; how many rows met its condition."""
    return connection.execute(statement).rowcount


def _insert(connection: sa.Connection, table: sa.Table) -> Any:
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    return dialect.insert(table)
