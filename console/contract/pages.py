"""Pages of a list: how many, after which cursor, and what is answered."""

import base64
import json
from collections.abc import Callable, Sequence
from typing import Annotated, Generic, Protocol, TypeVar

from fastapi import Query
from pydantic import BaseModel, Field

from counterfoil.exceptions import InvalidCursor

S = TypeVar("S", bound=BaseModel)

Limit = Annotated[int, Query(ge=1, le=200, description="Most items on the page.")]
Cursor = Annotated[
    str | None, Query(max_length=1_000, description="`next_cursor` of the page before; without it, the first page.")
]


class _HasId(Protocol):
    @property
    def id(self) -> int: ...


class Page(BaseModel, Generic[S]):
    """One page of a list; `next_cursor` is null on the last one."""

    items: list[S]
    next_cursor: str | None = Field(examples=["WyJicmFuZHMiLDQyXQ"])


def page_of(
    name: str, cursor: str | None, limit: int, read: Callable[[int, int], Sequence[_HasId]], shown: type[S]
) -> Page[S]:
    """The page after a cursor; `read` gives so many rows after an id (0 is the beginning).

    Raises InvalidCursor for a cursor of another list, or none of ours.
    """
    return _page(name, limit, read(position_of(name, cursor) or 0, limit + 1), shown)


def newest_page_of(
    name: str, cursor: str | None, limit: int, read: Callable[[int | None, int], Sequence[_HasId]], shown: type[S]
) -> Page[S]:
    """The same, newest first; `read` gives so many rows before an id (None: from the newest on)."""
    return _page(name, limit, read(position_of(name, cursor), limit + 1), shown)


def _page(name: str, limit: int, rows: Sequence[_HasId], shown: type[S]) -> Page[S]:
    on_page = rows[:limit]
    following = cursor_of(name, on_page[-1].id) if len(rows) > limit else None
    return Page(items=[shown.model_validate(row) for row in on_page], next_cursor=following)


def cursor_of(name: str, position: int) -> str:
    """The cursor of a list that stands for an id."""
    said = json.dumps([name, position], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(said).decode().rstrip("=")


def position_of(name: str, cursor: str | None) -> int | None:
    """The id that a cursor of this list stands for; None for the beginning. Raises InvalidCursor."""
    if cursor is None:
        return None
    try:
        said = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (ValueError, RecursionError) as error:
        raise _invalid() from error
    match said:
        case [str(found), int(position)] if found == name and 0 <= position < 2**63:
            return position
    raise _invalid()


def _invalid() -> InvalidCursor:
    return InvalidCursor("This page cursor is not one of ours, or belongs to another list: start at the first page.")
