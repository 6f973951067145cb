"""The recorder: another process writes, and this one learns what came of it."""

import asyncio
import os
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from crawling import Bench
from market import Market
from pydantic import SecretStr

from counterfoil.clock import now
from counterfoil.evidence import EvidenceStore
from counterfoil.exceptions import NotFound, StoreError, Superseded
from counterfoil.settings import Settings
from counterfoil.store import Store
from counterfoil.store.owners import add_owner, list_owners
from crawlers.desk import open_desk
from crawlers.disk_full import is_disk_full, is_fatal
from crawlers.recorder import RecordedCrawl, Recorder


@pytest.fixture
def bench(settings: Settings, store: Store) -> Bench:
    return Bench(settings, store, Market(port=1))


@pytest.fixture
def recorder(bench: Bench, evidence: EvidenceStore) -> Iterator[Recorder]:
    crawl = bench.claim("lamp")
    recorded = RecordedCrawl(crawl_id=crawl.id, attempt=crawl.attempt, marketplace=crawl.marketplace, evidence=evidence)
    # A connection must not be in two processes.
    bench.store.close()
    address = bench.store.engine.url.render_as_string(hide_password=False)
    settings = bench.settings.model_copy(update={"database_url": SecretStr(address)})
    made = Recorder(recorded, partial(open_desk, settings, crawl.id, crawl.attempt))
    yield made
    made._pair.close()


def ran(recorder: Recorder, work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """What came of some work with a recorder, which is stopped after it."""

    async def and_stop() -> Any:
        try:
            return await asyncio.wait_for(work(), 30)
        finally:
            await recorder.stop()

    return asyncio.run(and_stop())


async def asked(recorder: Recorder, count: int) -> None:
    """Wait until so many errands are on their way."""
    while len(recorder._asked) < count:
        await asyncio.sleep(0)


def add(connection: sa.Connection, name: str) -> int:
    add_owner(connection, name, now())
    return os.getpid()


def names(connection: sa.Connection) -> set[str]:
    return {owner.name for owner in list_owners(connection)}


def refuse(connection: sa.Connection) -> None:
    connection.execute(sa.text("INSERT INTO owners (id) VALUES (NULL)"))


def fill(_connection: sa.Connection) -> None:
    full = sqlite3.OperationalError("database or disk is full")
    full.sqlite_errorcode = sqlite3.SQLITE_FULL
    raise StoreError("The database cannot be written.") from full


def raise_what_cannot_be_sent(_connection: sa.Connection) -> None:
    error = NotFound("Nothing is there.")
    error.lock = threading.Lock()  # type: ignore[attr-defined]
    raise error


def answer_what_cannot_be_sent(_connection: sa.Connection) -> Any:
    return threading.Lock()


def end_at_once(_connection: sa.Connection) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def read_after(connection: sa.Connection, seconds: float) -> set[str]:
    time.sleep(seconds)
    return names(connection)


def test_another_process_writes_and_answers(recorder: Recorder, bench: Bench) -> None:
    async def work() -> Any:
        written = await recorder.write(partial(add, name="Acme"))
        sha256 = await recorder.do(partial(recorder.crawl.evidence.put_image, b"x" * 5_000_000))
        return written, sha256, await recorder.read(names)

    process_id, sha256, found = ran(recorder, work)
    assert process_id not in (os.getpid(), 0)
    assert "Acme" in found
    assert len(recorder.crawl.evidence.get_image(sha256)) == 5_000_000
    with bench.store.read() as connection:
        assert "Acme" in names(connection)


def test_an_error_comes_back_with_its_cause_and_where_it_was_raised(recorder: Recorder) -> None:
    async def work() -> Any:
        return await asyncio.gather(
            *(recorder.write(change) for change in (fill, refuse, raise_what_cannot_be_sent)), return_exceptions=True
        )

    full, refused, odd = ran(recorder, work)
    assert isinstance(full, StoreError)
    assert is_disk_full(full)
    assert "in fill" in "".join(full.__notes__)
    # The first of them ends the transaction of all.
    assert isinstance(refused, StoreError | sa.exc.IntegrityError)
    assert isinstance(odd, StoreError | RuntimeError)


def test_one_error_of_many_changes_is_told_to_each_in_as_many_words(recorder: Recorder) -> None:
    async def work() -> Any:
        return await asyncio.gather(*(recorder.write(fill) for _ in range(40)), return_exceptions=True)

    told = ran(recorder, work)
    assert all(is_disk_full(error) for error in told)
    assert len({len("".join(error.__notes__)) for error in told}) <= 3, "it grows from one to the next"


@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        (refuse, sa.exc.IntegrityError, "owners"),
        (raise_what_cannot_be_sent, RuntimeError, "NotFound: Nothing"),
        (answer_what_cannot_be_sent, TypeError, "cannot pickle"),
    ],
)
def test_an_error_of_one_change_is_that_of_the_library(
    recorder: Recorder, change: Any, kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words):
        ran(recorder, lambda: recorder.write(change))


def test_an_attempt_that_is_over_is_told(bench: Bench, recorder: Recorder) -> None:
    with bench.store.write() as connection:
        connection.execute(sa.text("UPDATE crawls SET attempt = attempt + 1"))
    with pytest.raises(Superseded):
        ran(recorder, lambda: recorder.write(partial(add, name="late")))


def test_what_was_handed_in_is_written_before_the_end(recorder: Recorder, bench: Bench) -> None:
    async def work() -> Any:
        pending = [asyncio.ensure_future(recorder.write(partial(add, name=f"late {number}"))) for number in range(5)]
        await asked(recorder, 5)
        await recorder.stop()
        return await asyncio.gather(*pending)

    ran(recorder, work)
    with bench.store.read() as connection:
        assert len(names(connection)) == 6


def test_what_cannot_be_sent_harms_nobody_else(recorder: Recorder) -> None:
    async def work() -> Any:
        with pytest.raises((AttributeError, TypeError)):
            await recorder.write(lambda _connection: None)
        return await recorder.read(names)

    assert ran(recorder, work)


def test_the_end_of_the_other_process_is_told_to_all_who_wait_and_to_all_who_come(recorder: Recorder) -> None:
    async def work() -> Any:
        waiting = asyncio.ensure_future(recorder.read(partial(read_after, seconds=20)))
        await asked(recorder, 1)
        return await asyncio.gather(waiting, recorder.write(end_at_once), return_exceptions=True), await asyncio.gather(
            recorder.read(names), return_exceptions=True
        )

    together, later = ran(recorder, work)
    for error in (*together, *later):
        assert isinstance(error, StoreError)
        assert is_fatal(error)


def test_it_minds_no_signal_to_stop(recorder: Recorder) -> None:
    async def work() -> Any:
        await recorder.write(partial(add, name="before"))
        os.kill(recorder._process_id, signal.SIGTERM)
        os.kill(recorder._process_id, signal.SIGINT)
        return await recorder.read(names)

    assert "before" in ran(recorder, work)


def test_a_desk_that_hangs_is_not_waited_for_longer_than_said(
    recorder: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    async def work() -> Any:
        hanging = asyncio.ensure_future(recorder.read(partial(read_after, seconds=60)))
        await asked(recorder, 1)
        await recorder.stop(seconds=0.1)
        return await asyncio.gather(hanging, return_exceptions=True)

    (error,) = ran(recorder, work)
    assert isinstance(error, StoreError)
    assert "has not written everything in 0.1 seconds" in caplog.text


def test_when_its_maker_dies_it_writes_what_has_arrived_and_goes(recorder: Recorder, bench: Bench) -> None:
    async def work() -> None:
        task = asyncio.ensure_future(recorder.write(partial(add, name="last")))
        await asked(recorder, 1)
        # As the kernel does it for a process that is killed.
        (await recorder._open()).transport.abort()
        task.cancel()

    asyncio.run(work())
    _, status = os.waitpid(recorder._process_id, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    with bench.store.read() as connection:
        assert "last" in names(connection)


def test_a_desk_that_cannot_be_opened_says_why(settings: Settings, evidence: EvidenceStore) -> None:
    crawl = RecordedCrawl(crawl_id=1, attempt=1, marketplace="example", evidence=evidence)
    recorder = Recorder(crawl, cannot_open)
    with pytest.raises(StoreError, match="no such disk"):
        ran(recorder, lambda: recorder.read(names))


def cannot_open() -> Any:
    raise StoreError("There is no such disk.")
