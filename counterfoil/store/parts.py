"""Parts: the running processes of the service, each under a lease that it keeps alive by heartbeat.

Two versions of the program never work on one database: a part registers only while no other version is alive, and a
migration waits for that too. One that crashed is forgotten when its lease has lapsed.
"""

import uuid
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from counterfoil.exceptions import VersionConflict
from counterfoil.store.conditional import changed_one
from counterfoil.store.tables import parts

# No part asks for more. A lease that ends later was written before the clock was set back: its holder is gone, or
# will beat again with the new clock in a moment.
LONGEST_LEASE = timedelta(seconds=60)
_FORGET_AFTER = timedelta(hours=1)
# Registering and migrating take turns on PostgreSQL: two versions that start at once must not both find nobody.
_LOCK = 0x706172


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A running process of the service; `role` is what it does, such as `schedule` or `work (crawl)`."""

    id: str
    role: str
    version: str
    host: str
    pid: int
    started_at: datetime
    lease_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """Who a part is when it registers."""

    role: str
    version: str
    host: str
    pid: int


def register_part(connection: sa.Connection, who: Registration, lease: timedelta, now: datetime) -> str:
    """Enter a part among those that run; its id. Raises VersionConflict while another version is alive."""
    refuse_other_versions(connection, who.version, now)
    connection.execute(parts.delete().where(parts.c.lease_until < now - _FORGET_AFTER))
    part = Part(id=uuid.uuid4().hex, **asdict(who), started_at=now, lease_until=now + lease)
    connection.execute(parts.insert().values(**asdict(part)))
    return part.id


def renew_part(connection: sa.Connection, part_id: str, lease: timedelta, now: datetime) -> bool:
    """Extend a part's lease; false if it has lapsed or is gone: then another version may have started."""
    mine = sa.and_(parts.c.id == part_id, _alive(now))
    return changed_one(connection, parts.update().where(mine).values(lease_until=now + lease))


def remove_part(connection: sa.Connection, part_id: str) -> None:
    """Forget a part, because it ends."""
    connection.execute(parts.delete().where(parts.c.id == part_id))


def living_parts(connection: sa.Connection, now: datetime) -> list[Part]:
    """The parts that have been heard of lately, in the order they were started."""
    rows = connection.execute(sa.select(parts).where(_alive(now)).order_by(parts.c.started_at, parts.c.id))
    return [_part(row) for row in rows]


def refuse_other_versions(connection: sa.Connection, version: str, now: datetime) -> None:
    """Raise VersionConflict, which names who runs, while a part of another version is alive.

    To the end of the transaction nobody else registers.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    others = [part for part in living_parts(connection, now) if part.version != version]
    if others:
        named = ", ".join(f"{part.role} (version {part.version}, pid {part.pid} on {part.host})" for part in others)
        raise VersionConflict(
            "Another version of Counterfoil is at work on this database: {named}. This one is {version}. Stop that "
            "one first; one that crashed is forgotten {lease} seconds after its last sign of life.",
            named=named,
            version=version,
            lease=LONGEST_LEASE.seconds,
        )


def _alive(now: datetime) -> sa.ColumnElement[bool]:
    return parts.c.lease_until.between(now, now + LONGEST_LEASE)


def _part(row: sa.Row[Any]) -> Part:
    return Part(**row._mapping)
