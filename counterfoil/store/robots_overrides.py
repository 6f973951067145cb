"""Owners' decisions to go against the robots.txt of a marketplace, each with its reason."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from counterfoil.exceptions import Conflict, InvalidInput, NotFound
from counterfoil.models import RobotsOverride
from counterfoil.store.conditional import changed_one, insert_new
from counterfoil.store.tables import robots_overrides
from counterfoil.text import squash, tokens

# Of a script without spaces a token is one character or two.
_FEWEST_WORDS = 4
_FEWEST_LETTERS = 10
_LONGEST = 2_000

_columns = robots_overrides.c


def override_robots(
    connection: sa.Connection, owner_id: int, marketplace: str, reason: str, decided_by: str, now: datetime
) -> RobotsOverride:
    """Go against a marketplace's robots.txt in the owner's crawls from now on.

    Raises InvalidInput for a reason that says nothing, Conflict where it is overridden already.
    """
    said = " ".join(reason.split())
    if len(said) > _LONGEST or len(squash(said)) < _FEWEST_LETTERS or len(set(tokens(said))) < _FEWEST_WORDS:
        raise InvalidInput(
            "Say in a sentence why the marketplace's robots.txt may be overridden: by whose permission, or on "
            "which ground (at least {fewest_words} words, at most {longest:,} characters). It is kept in the audit "
            "log.",
            fewest_words=_FEWEST_WORDS,
            longest=_LONGEST,
        )
    made = RobotsOverride(marketplace=marketplace, reason=said, decided_by=decided_by[:200], decided_at=now)
    if insert_new(connection, robots_overrides, {"owner_id": owner_id, **asdict(made)}, _columns.id) is None:
        raise Conflict(
            "robots.txt of {marketplace!r} is overridden already: obey it first, then give the new reason.",
            marketplace=marketplace,
        )
    return made


def obey_robots(connection: sa.Connection, owner_id: int, marketplace: str, now: datetime) -> RobotsOverride:
    """Obey a marketplace's robots.txt again; the override that ends. Raises NotFound where there is none."""
    found = find_robots_override(connection, owner_id, marketplace)
    ended = robots_overrides.update().where(_live(owner_id), _columns.marketplace == marketplace)
    if found is None or not changed_one(connection, ended.values(removed_at=now)):
        raise NotFound(
            "robots.txt of {marketplace!r} is obeyed: there is no override to take back.", marketplace=marketplace
        )
    return found


def find_robots_override(connection: sa.Connection, owner_id: int, marketplace: str) -> RobotsOverride | None:
    """The override of a marketplace's robots.txt; None where it is obeyed."""
    wanted = sa.select(robots_overrides).where(_live(owner_id), _columns.marketplace == marketplace)
    row = connection.execute(wanted).one_or_none()
    return _override(row) if row is not None else None


def robots_overrides_of(connection: sa.Connection, owner_id: int) -> dict[str, RobotsOverride]:
    """All overrides of an owner that are in force, by marketplace."""
    rows = connection.execute(sa.select(robots_overrides).where(_live(owner_id)))
    return {row.marketplace: _override(row) for row in rows}


def _live(owner_id: int) -> sa.ColumnElement[bool]:
    return sa.and_(_columns.owner_id == owner_id, _columns.removed_at.is_(None))


def _override(row: sa.Row[Any]) -> RobotsOverride:
    return RobotsOverride(
        marketplace=row.marketplace, reason=row.reason, decided_by=row.decided_by, decided_at=row.decided_at
    )
