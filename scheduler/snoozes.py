"""Lets suspects that were put off wait for a person again once their time has come."""

from counterfoil.clock import now
from counterfoil.store import Store
from counterfoil.store.snoozes import has_due, wake_due

_AT_ONCE = 200


def wake_snoozed(store: Store) -> int:
    """Wake all that are due, some at a time; how many. Any number of schedulers may do it."""
    woken = 0
    while True:
        moment = now()
        with store.read() as connection:
            if not has_due(connection, moment):
                return woken
        with store.write() as connection:
            done = wake_due(connection, moment, _AT_ONCE)
        if not done:
            return woken
        woken += done
