"""Several schedulers and workers on one data folder: none is a leader, and nothing happens twice."""

from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from installation import Installation, wait_until

from counterfoil.clock import now
from counterfoil.models import Schedule, ScheduleKind
from counterfoil.store import Store
from counterfoil.store.monitors import MonitorEntry, add_monitor
from counterfoil.store.owners import add_owner

pytestmark = pytest.mark.xdist_group("processes")

DUE = 200


def test_two_schedulers_and_two_workers_make_200_due_runs_exactly_once(tmp_path: Path) -> None:
    # The marketplace of these monitors is not declared any more: a worker closes such a crawl itself, truthfully, and
    # what is counted here is claiming and firing, not 200 starts of Scrapy.
    place = Installation(tmp_path, "http://127.0.0.1:9")
    store = place.store()
    _add_due_monitors(store, DUE)
    with ExitStack() as stack:
        for command in ("schedule", "schedule"):
            stack.enter_context(place.service(command))
        for _ in range(2):
            stack.enter_context(place.service("work", "--role", "crawl"))
        wait_until(lambda: _count(store, "SELECT count(*) FROM runs WHERE state = 'finished'") == DUE, 120, place.log())
    assert _count(store, "SELECT count(*) FROM runs") == DUE
    assert _count(store, "SELECT count(DISTINCT monitor_id) FROM runs") == DUE
    assert _count(store, "SELECT count(*) FROM crawls WHERE attempt = 1 AND state = 'finished'") == DUE
    assert _count(store, "SELECT count(*) FROM crawl_events WHERE event = 'claimed'") == DUE
    assert _count(store, "SELECT count(*) FROM monitors WHERE next_due_at > CURRENT_TIMESTAMP") == DUE


def _add_due_monitors(store: Store, count: int) -> None:
    moment = now() - timedelta(minutes=1)
    with store.write() as connection:
        owner = add_owner(connection, "default", moment)
        for number in range(count):
            entry = MonitorEntry(
                name=f"m{number}",
                schedule=Schedule(kind=ScheduleKind.INTERVAL, expression="1d"),
                product_ids=(),
                marketplaces=("gone",),
                queries=("lamp",),
            )
            add_monitor(connection, owner.id, entry, next_nominal_at=moment, next_due_at=moment, now=moment)


def _count(store: Store, query: str) -> int:
    with store.read() as connection:
        return int(connection.exec_driver_sql(query).scalar_one())
