"""What the installation remembers about itself: its name, the program that worked on it, and the newest time seen."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from counterfoil.store.conditional import changed_one, insert_new, upsert
from counterfoil.store.owners import list_owners
from counterfoil.store.reassessments import request_reassessment
from counterfoil.store.tables import instance

_JUDGE = "judge_version"
_INSTALLATION = "installation"
_NEWEST = "newest_time"
_JUMP = "clock_jump"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockJump:
    """A running part saw the clock leap: when it was noticed (by the new clock), and how far; negative is back."""

    noticed_at: datetime
    by: timedelta


def note_judge_version(connection: sa.Connection, version: str, now: datetime) -> bool:
    """Remember which judge is at work; true if it differs from the last, and all past listings are judged again.

    Of several processes that note the same new version, one asks for the reassessment.
    """
    if insert_new(connection, instance, {"key": _JUDGE, "value": version}) is not None:
        return False
    differs = sa.and_(instance.c.key == _JUDGE, instance.c.value != version)
    if not changed_one(connection, instance.update().where(differs).values(value=version)):
        return False
    for owner in list_owners(connection):
        request_reassessment(connection, owner.id, None, f"judge {version}", now)
    return True


def installation_name(connection: sa.Connection) -> str | None:
    """The random name that tells this installation from every other; kept by backups. None in an old schema."""
    return _get(connection, _INSTALLATION) if sa.inspect(connection).has_table(instance.name) else None


def newest_time(connection: sa.Connection) -> datetime | None:
    """The newest time at which the service was at work on this database; None before its first start."""
    kept = _get(connection, _NEWEST)
    return datetime.fromisoformat(kept) if kept else None


def raise_newest_time(connection: sa.Connection, now: datetime) -> None:
    """Remember that it has been this late; an earlier time changes nothing."""
    # Texts of one length and zone, so that their order is that of the times.
    text = now.isoformat(timespec="microseconds")
    if insert_new(connection, instance, {"key": _NEWEST, "value": text}) is None:
        earlier = sa.and_(instance.c.key == _NEWEST, instance.c.value < text)
        connection.execute(instance.update().where(earlier).values(value=text))


def accept_time(connection: sa.Connection, now: datetime) -> None:
    """Take this time for the newest, although later ones were seen: that clock was wrong."""
    text = now.isoformat(timespec="microseconds")
    upsert(connection, instance, {"key": _NEWEST, "value": text}, key=["key"])


def note_clock_jump(connection: sa.Connection, jump: ClockJump) -> None:
    """Remember the last leap of the clock, for the doctor."""
    value = json.dumps({"noticed_at": jump.noticed_at.isoformat(), "seconds": jump.by.total_seconds()})
    upsert(connection, instance, {"key": _JUMP, "value": value}, key=["key"])


def last_clock_jump(connection: sa.Connection) -> ClockJump | None:
    """The last leap of the clock that a running part has noticed."""
    kept = _get(connection, _JUMP)
    if kept is None:
        return None
    values = json.loads(kept)
    noticed = datetime.fromisoformat(values["noticed_at"])
    return ClockJump(noticed_at=noticed, by=timedelta(seconds=values["seconds"]))


def _get(connection: sa.Connection, key: str) -> str | None:
    return connection.scalar(sa.select(instance.c.value).where(instance.c.key == key))
