"""Pages of a table: the rows after an id, so that what is added meanwhile neither shifts nor repeats any."""

from typing import Any

import sqlalchemy as sa


def rows_after(statement: sa.Select[Any], column: sa.Column[Any], after: int, limit: int) -> sa.Select[Any]:
    """The next rows of a statement, by this column, beginning after a value of it."""
    return statement.where(column > after).order_by(None).order_by(column).limit(limit)


def rows_before(statement: sa.Select[Any], column: sa.Column[Any], before: int | None, limit: int) -> sa.Select[Any]:
    """The same from the newest to the oldest, beginning before a value; None begins with the newest."""
    wanted = statement if before is None else statement.where(column < before)
    return wanted.order_by(None).order_by(column.desc()).limit(limit)
