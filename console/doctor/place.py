"""What the checks look at: the settings, and the database for reading only."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from console.doctor.findings import NotLookedAt
from counterfoil.clock_check import span
from counterfoil.exceptions import InvalidInput, StoreError
from counterfoil.settings import Settings
from counterfoil.store.looking import open_to_look
from counterfoil.store.schema import current_revision, head_revision

# Of the time that a check has, what one question to the database may take: the rest is for saying so.
_SHARE = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An installation under examination: each check has so many seconds; so many files of evidence are read."""

    settings: Settings
    seconds: float = 30.0
    files: int = 20

    @contextmanager
    def look(self) -> Iterator[sa.Connection]:
        """The database, whatever its state. Raises StoreError or InvalidInput."""
        with closing(open_to_look(self.settings, self.seconds * _SHARE)) as store, store.read() as connection:
            yield connection

    @contextmanager
    def tables(self) -> Iterator[sa.Connection]:
        """The database if it can be opened and is of this version's schema. Raises NotLookedAt if not."""
        if self._revision() != head_revision():
            raise NotLookedAt("not looked at: the database has another version's schema")
        with self.look() as connection:
            yield connection

    def _revision(self) -> str | None:
        try:
            with self.look() as connection:
                return current_revision(connection)
        except (StoreError, InvalidInput) as error:
            raise NotLookedAt("not looked at: the database cannot be used") from error


def ago(since: datetime | None, now: datetime) -> str:
    """How long something has lasted, for people."""
    return span(max(timedelta(0), now - since)) if since else "no time"
