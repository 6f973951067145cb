"""How a part of the service says that it is alive, and hears that it may not go on.

From a thread of its own it keeps its entry among the running parts fresh and the newest time that the database knows;
it ends the part when another version of the program has taken the database over, and notes a clock that leaps.
"""

import logging
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta

import sqlalchemy as sa

from counterfoil.clock import now
from counterfoil.clock_check import TOLERANCE, apart_from_server, refuse_wrong_clock, span
from counterfoil.exceptions import CounterfoilError, StoreError
from counterfoil.settings import Settings
from counterfoil.store import Store
from counterfoil.store.instance import ClockJump, note_clock_jump, raise_newest_time
from counterfoil.store.parts import LONGEST_LEASE, Registration, register_part, remove_part, renew_part
from counterfoil.version import VERSION

log = logging.getLogger(__name__)


@contextmanager
def present(store: Store, settings: Settings, role: str, stop: threading.Event) -> Iterator[None]:
    """Be one of the running parts until the block ends; `stop` is set when it may not go on.

    Raises ClockMismatch or VersionConflict when it may not start, and at the end whatever it was stopped for.
    """
    presence = Presence(store, timedelta(seconds=settings.lease_seconds), role, stop)
    presence.begin()
    try:
        yield
    finally:
        presence.end()
    if presence.error is not None:
        raise presence.error


class Presence:
    """One part's entry, and the thread that keeps it fresh."""

    def __init__(self, store: Store, lease: timedelta, role: str, stop: threading.Event) -> None:
        self.error: CounterfoilError | None = None
        self._store = store
        self._lease = min(lease, LONGEST_LEASE)
        self._who = Registration(role=role, version=VERSION, host=socket.gethostname()[:255], pid=os.getpid())
        self._stop = stop
        self._ended = threading.Event()
        self._clock = JumpDetector()
        self._thread = threading.Thread(target=self._beat_on, daemon=True, name="presence")

    def begin(self) -> None:
        """Register. Raises ClockMismatch or VersionConflict."""
        moment = now()
        with self._store.write() as connection:
            refuse_wrong_clock(connection, moment)
            self._part_id = register_part(connection, self._who, self._lease, moment)
            raise_newest_time(connection, moment)
        self._clock.leap(moment)
        self._thread.start()

    def end(self) -> None:
        """Take the entry away; where the database cannot be written, it lapses by itself."""
        self._ended.set()
        self._thread.join()
        with suppress(StoreError), self._store.write() as connection:
            remove_part(connection, self._part_id)

    def _beat_on(self) -> None:
        while not self._ended.wait(self._lease.total_seconds() / 3):
            try:
                self._beat()
            except CounterfoilError as error:
                if error.fatal:
                    self.error = error
                    self._stop.set()
                    return
                # The lease lasts for two more beats; a database that is back by then has noticed nothing.
                log.warning("%s: heartbeat failed: %s", self._who.role, error)

    def _beat(self) -> None:
        moment = now()
        leap = self._clock.leap(moment)
        if leap is not None:
            where = "ahead" if leap > timedelta(0) else "back"
            log.error("the clock leapt %s by %s: monitors may fire early or late, once each", where, span(abs(leap)))
        with self._store.write() as connection:
            if not renew_part(connection, self._part_id, self._lease, moment):
                remove_part(connection, self._part_id)
                self._part_id = register_part(connection, self._who, self._lease, moment)
            self._keep_time(connection, moment, leap)

    def _keep_time(self, connection: sa.Connection, moment: datetime, leap: timedelta | None) -> None:
        if leap is not None:
            note_clock_jump(connection, ClockJump(noticed_at=moment, by=leap))
        # One machine's wrong clock must not become the truth of all that share the server.
        if apart_from_server(connection, moment) is None:
            raise_newest_time(connection, moment)


class JumpDetector:
    """Tells by a clock that cannot be set when the other one was."""

    def __init__(self) -> None:
        self._last: tuple[datetime, float] | None = None

    def leap(self, moment: datetime) -> timedelta | None:
        """How far the clock has leapt since the last call, if by more than the tolerance."""
        steady = _steady_seconds()
        before, self._last = self._last, (moment, steady)
        if before is None:
            return None
        leap = (moment - before[0]) - timedelta(seconds=steady - before[1])
        return leap if abs(leap) > TOLERANCE else None


def _steady_seconds() -> float:
    # On Linux the one that goes on while the machine sleeps: waking up is no leap.
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)
