"""The recorder: changes are committed together, fail alone, and stop when another attempt has taken over."""

import asyncio
import errno
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from crawling import Bench
from market import Market

from counterfoil.clock import now
from counterfoil.evidence import EvidenceStore
from counterfoil.exceptions import StoreError, Superseded
from counterfoil.settings import Settings
from counterfoil.store import Store
from counterfoil.store.owners import add_owner, list_owners
from crawlers.assignment import Assignment, assigned
from crawlers.recorder import Recorder, is_disk_full


@pytest.fixture
def bench(settings: Settings, store: Store) -> Bench:
    return Bench(settings, store, Market(port=1))


@pytest.fixture
def recorder(bench: Bench, evidence: EvidenceStore) -> Iterator[Recorder]:
    crawl = bench.claim("lamp")
    made = Recorder(bench.store, evidence, assigned(bench.settings, bench.store, crawl.id, crawl.attempt))
    yield made
    made.stop()


def add(name: str) -> Any:
    return lambda connection: add_owner(connection, name, now())


def refuse(connection: sa.Connection) -> None:
    connection.execute(sa.text("INSERT INTO owners (id) VALUES (NULL)"))


async def all_of(recorder: Recorder, *changes: Any) -> list[Any]:
    return await asyncio.gather(*(recorder.write(change) for change in changes), return_exceptions=True)


def owners(store: Store) -> set[str]:
    with store.read() as connection:
        return {owner.name for owner in list_owners(connection)}


def test_changes_that_come_together_are_one_transaction(recorder: Recorder) -> None:
    committed = []
    sa.event.listen(recorder.store.engine, "commit", committed.append)

    async def hand_in() -> None:
        busy, handed_in = threading.Event(), threading.Event()

        def wait(_connection: sa.Connection) -> None:
            busy.set()
            handed_in.wait()

        first = asyncio.ensure_future(recorder.write(wait))
        await asyncio.to_thread(busy.wait)
        others = [asyncio.ensure_future(recorder.write(add(f"owner {number}"))) for number in range(50)]
        await asyncio.sleep(0)
        handed_in.set()
        await asyncio.gather(first, *others)

    asyncio.run(hand_in())
    assert len(committed) == 2
    assert len(owners(recorder.store)) == 51


def test_a_change_that_is_refused_takes_nobody_with_it(recorder: Recorder) -> None:
    answers = asyncio.run(all_of(recorder, add("one"), refuse, add("two")))
    assert isinstance(answers[1], sa.exc.IntegrityError)
    assert owners(recorder.store) >= {"one", "two"}


def test_an_attempt_that_is_over_writes_nothing_any_more(bench: Bench, recorder: Recorder) -> None:
    asyncio.run(all_of(recorder, add("before")))
    with bench.store.write() as connection:
        connection.execute(sa.text("UPDATE crawls SET attempt = attempt + 1"))
    answers = asyncio.run(all_of(recorder, add("after"), add("after too")))
    assert all(isinstance(answer, Superseded) for answer in answers)
    assert not {"after", "after too"} & owners(bench.store)


def test_what_was_handed_in_is_written_before_the_end(recorder: Recorder) -> None:
    async def hand_in() -> None:
        pending = [asyncio.ensure_future(recorder.write(add(f"late {number}"))) for number in range(5)]
        await asyncio.sleep(0)
        recorder.stop()
        await asyncio.gather(*pending)

    asyncio.run(hand_in())
    assert len(owners(recorder.store)) == 6


def test_only_a_claimed_crawl_is_recorded(bench: Bench, evidence: EvidenceStore) -> None:
    crawl = bench.claim("lamp")
    assignment = assigned(bench.settings, bench.store, crawl.id, crawl.attempt)
    with pytest.raises(ValueError, match="claimed"):
        Recorder(bench.store, evidence, Assignment(marketplace=assignment.marketplace, queries=("lamp",)))
    with pytest.raises(Superseded):
        assigned(bench.settings, bench.store, crawl.id, crawl.attempt + 1)


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
