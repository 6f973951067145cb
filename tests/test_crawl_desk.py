"""The writing desk of a crawl: changes are committed together, fail alone, and stop when another attempt took over."""

import errno
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import pytest
import sqlalchemy as sa
from crawling import Bench
from market import Market

from counterfoil.clock import now
from counterfoil.exceptions import StoreError, Superseded
from counterfoil.settings import Settings
from counterfoil.store import Store
from counterfoil.store.owners import add_owner, list_owners
from crawlers.desk import Desk
from crawlers.disk_full import is_disk_full


@pytest.fixture
def bench(settings: Settings, store: Store) -> Bench:
    return Bench(settings, store, Market(port=1))


@pytest.fixture
def desk(bench: Bench) -> Iterator[Desk]:
    crawl = bench.claim("lamp")
    made = Desk(bench.store, crawl.id, crawl.attempt)
    yield made
    made.close()


def add(name: str) -> Any:
    return lambda connection: add_owner(connection, name, now())


def refuse(connection: sa.Connection) -> None:
    connection.execute(sa.text("INSERT INTO owners (id) VALUES (NULL)"))


def outcomes(*asked: Future[Any]) -> list[Any]:
    return [one.exception() or one.result() for one in asked]


def owners(store: Store) -> set[str]:
    with store.read() as connection:
        return {owner.name for owner in list_owners(connection)}


def test_changes_that_come_together_are_one_transaction(bench: Bench, desk: Desk) -> None:
    committed: list[Any] = []
    sa.event.listen(bench.store.engine, "commit", committed.append)
    busy, handed_in = threading.Event(), threading.Event()

    def wait(_connection: sa.Connection) -> None:
        busy.set()
        handed_in.wait()

    first = desk.write(wait)
    busy.wait()
    others = [desk.write(add(f"owner {number}")) for number in range(50)]
    handed_in.set()
    outcomes(first, *others)
    assert len(committed) == 2
    assert len(owners(bench.store)) == 51


def test_a_change_that_is_refused_takes_nobody_with_it(bench: Bench, desk: Desk) -> None:
    answers = outcomes(*map(desk.write, (add("one"), refuse, add("two"))))
    assert isinstance(answers[1], sa.exc.IntegrityError)
    assert owners(bench.store) >= {"one", "two"}


def test_an_attempt_that_is_over_writes_nothing_any_more(bench: Bench, desk: Desk) -> None:
    outcomes(desk.write(add("before")))
    with bench.store.write() as connection:
        connection.execute(sa.text("UPDATE crawls SET attempt = attempt + 1"))
    answers = outcomes(desk.write(add("after")), desk.write(add("after too")))
    assert all(isinstance(answer, Superseded) for answer in answers)
    assert not {"after", "after too"} & owners(bench.store)


def test_what_was_handed_in_is_written_before_the_end(bench: Bench, desk: Desk) -> None:
    pending = [desk.write(add(f"late {number}")) for number in range(5)]
    desk.close()
    assert all(one.done() for one in pending)
    assert len(owners(bench.store)) == 6


def test_it_reads_beside_what_it_writes(desk: Desk) -> None:
    busy, read = threading.Event(), threading.Event()

    def wait(_connection: sa.Connection) -> None:
        busy.set()
        read.wait(10)

    writing = desk.write(wait)
    busy.wait()
    assert len(desk.read(list_owners).result(10)) == 1
    assert desk.do(lambda: 7).result(10) == 7
    read.set()
    writing.result()


def test_a_full_database_is_known_as_a_full_disk(sqlite_store: Store) -> None:
    def fill() -> None:
        with sqlite_store.write() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")
            for number in range(10_000):
                add_owner(connection, f"{number} " * 20, now())

    with pytest.raises(StoreError) as full:
        fill()
    assert is_disk_full(full.value)


def test_other_errors_are_no_full_disk() -> None:
    assert is_disk_full(OSError(errno.ENOSPC, "No space left on device"))
    assert is_disk_full(OSError(errno.EDQUOT, "Disk quota exceeded"))
    assert not is_disk_full(OSError(errno.EACCES, "Permission denied"))
    assert not is_disk_full(StoreError("The database is locked."))
