"""What the installation remembers about the program that worked on it."""

from datetime import datetime

import sqlalchemy as sa

from counterfoil.store.conditional import changed_one, insert_new
from counterfoil.store.owners import list_owners
from counterfoil.store.reassessments import request_reassessment
from counterfoil.store.tables import instance

_JUDGE = "judge_version"


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
