import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
import sqlalchemy as sa
import yaml
from installation import wait_until
from processes import is_gone, running
from rows import count, monitor_entry, new_monitor, new_owner, new_run, row_of

from counterfoil.clock import now
from counterfoil.lifeline import stop_event
from counterfoil.models import Crawl, CrawlLimits, CrawlState, FinishReason, RunState
from counterfoil.settings import Settings, load_settings
from counterfoil.store import Store, open_store
from counterfoil.store.crawls import cancel_crawls, get_crawl, list_crawl_events
from counterfoil.store.monitors import add_monitor
from counterfoil.store.runs import get_run
from counterfoil.store.tables import crawl_events, crawls, monitors, runs
from scheduler.launcher import Program, scrapy_command
from scheduler.service import run_scheduler
from scheduler.worker import run_worker, work_once

pytestmark = pytest.mark.xdist_group("processes")

SCRIPT = Path(__file__).with_name("crawl_program.py")
MARKET = {
    "name": "market",
    "title": "A market",
    "url": "http://127.0.0.1:9/",
    "exercised": "never",
    "search": {"url": "http://127.0.0.1:9/?q={query}", "card": "li", "link": "a"},
    "listing": {"url": "/item/(?P<id>[0-9]+)"},
    "politeness": {"crawls": 8},
}


@dataclass
class Bench:
    """A data folder with a crawl to make in it, and workers to make it."""

    settings: Settings
    store: Store
    stop: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.declare(MARKET)
        self.owner_id = new_owner(self.store)

    def declare(self, declared: dict[str, object]) -> None:
        """Declare the market."""
        file = self.settings.marketplaces_folder / "market" / "marketplace.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(yaml.safe_dump(declared))

    def new_crawl(self, name: str = "daily", **limits: int) -> Crawl:
        """A crawl that waits for a worker."""
        monitor = new_monitor(self.store, self.owner_id, name)
        run_id = new_run(self.store, monitor, limits=CrawlLimits(**limits), now=now())
        with self.store.read() as connection:
            return get_crawl(
                connection, connection.execute(sa.select(crawls.c.id).where(crawls.c.run_id == run_id)).scalar_one()
            )

    def program(self, plan: str, grace: float = 30, stop: float = 15) -> Program:
        """The test's crawl process, doing what the plan says."""

        def command(crawl: Crawl) -> list[str]:
            return [sys.executable, str(SCRIPT), plan, str(self.settings.data), str(crawl.id), str(crawl.attempt)]

        return Program(command=command, grace_seconds=grace, stop_seconds=stop)

    def work(self, plan: str, grace: float = 30, stop: float = 15) -> bool:
        """Let a worker make one crawl."""
        return work_once(self.store, self.settings, self.stop, self.program(plan, grace, stop))

    def hurry(self) -> None:
        """Let what waits after a death be due now."""
        with self.store.write() as connection:
            connection.execute(crawls.update().values(not_before=now()))

    @contextmanager
    def working(self, plan: str, stop: float = 15) -> Iterator[threading.Thread]:
        """A worker that goes on in a thread."""
        program = self.program(plan, stop=stop)
        thread = threading.Thread(target=run_worker, args=(self.store, self.settings, self.stop, program))
        thread.start()
        try:
            yield thread
        finally:
            self.stop.set()
            thread.join()
            self.stop.clear()

    def note(self, name: str) -> str:
        """What the crawl process has left for us, once it has."""
        file = self.settings.data / name
        wait_until(file.exists, 20, name)
        return file.read_text()

    def pid(self, crawl: Crawl, attempt: int = 1) -> int:
        """The process of an attempt, once it runs."""
        return int(self.note(f"pid-{crawl.id}-{attempt}"))

    def events(self, crawl: Crawl) -> list[str]:
        """What has happened to the crawl."""
        with self.store.read() as connection:
            return [event for _, _, event, _ in list_crawl_events(connection, self.owner_id, crawl.id)]

    def run_state(self, crawl: Crawl) -> RunState:
        """The state of the crawl's run."""
        with self.store.read() as connection:
            return get_run(connection, self.owner_id, crawl.run_id).state


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A short lease, so that its end can be waited for."""
    return load_settings(
        {
            "COUNTERFOIL_DATA": str(tmp_path / "data"),
            "COUNTERFOIL_LEASE_SECONDS": "1",
            "COUNTERFOIL_TICK_SECONDS": "0.1",
            "COUNTERFOIL_CRAWL_SLOTS": "2",
        }
    )


@pytest.fixture
def bench(settings: Settings, sqlite_store: Store) -> Bench:
    return Bench(settings, sqlite_store)


# ---------------------------------------------------------------------------------------------- ends of a crawl


def test_a_crawl_that_closes_itself_is_left_as_it_closed_itself(bench: Bench) -> None:
    crawl = bench.new_crawl()
    assert bench.work("close")
    closed = row_of(bench.store, crawl)
    assert (closed.state, closed.reason, closed.attempt) == (CrawlState.FINISHED, FinishReason.FINISHED, 1)
    assert bench.events(crawl) == ["claimed", "finished"]
    assert bench.run_state(crawl) is RunState.FINISHED
    assert not bench.work("close")


def test_a_crawl_whose_process_is_killed_is_tried_again_and_in_the_end_closed_as_crashed(bench: Bench) -> None:
    crawl = bench.new_crawl()
    for failures in (1, 2):
        assert bench.work("die")
        waiting = row_of(bench.store, crawl)
        assert (waiting.state, waiting.failures) == (CrawlState.WAITING, failures)
        assert not bench.work("close"), "it waits for a moment first"
        bench.hurry()
    assert bench.work("die")
    closed = row_of(bench.store, crawl)
    assert (closed.state, closed.reason, closed.attempt) == (CrawlState.FINISHED, FinishReason.CRASHED, 3)
    assert closed.detail == "the crawl process ended with exit code -9: first | second | about to   read page 7"
    assert bench.events(crawl) == ["claimed", "died", "claimed", "died", "claimed", "crashed"]
    assert bench.run_state(crawl) is RunState.FINISHED


def test_a_crawl_that_died_once_can_still_finish(bench: Bench) -> None:
    crawl = bench.new_crawl()
    bench.work("die,close_quickly")
    bench.hurry()
    bench.work("die,close_quickly")
    assert row_of(bench.store, crawl).reason is FinishReason.FINISHED


def test_what_a_dead_crawl_process_has_started_is_ended_with_it(bench: Bench) -> None:
    bench.new_crawl()
    bench.work("die")
    wait_until(lambda: is_gone(int(bench.note("child"))), 5, "the child is gone, too")


@pytest.mark.parametrize(("code", "told"), [("0", "no word"), ("1", "exit code 1"), ("2", "exit code 2")])
def test_a_process_that_ends_without_closing_its_crawl_is_a_death(bench: Bench, code: str, told: str) -> None:
    crawl = bench.new_crawl()
    bench.work(code)
    waiting = row_of(bench.store, crawl)
    assert (waiting.state, waiting.failures) == (CrawlState.WAITING, 1)
    assert waiting.detail == f"the crawl process ended with {told}: ending with {code}"


def test_a_process_that_was_asked_to_stop_is_nobodys_failure(bench: Bench) -> None:
    crawl = bench.new_crawl()
    bench.work("4")
    assert bench.events(crawl) == ["claimed", "released"]
    assert row_of(bench.store, crawl).failures == 0


def test_a_process_that_says_it_was_superseded_leaves_the_crawl_to_its_successor(bench: Bench) -> None:
    crawl = bench.new_crawl()
    bench.work("3")
    assert bench.events(crawl) == ["claimed"]
    wait_until(lambda: bench.work("close_quickly"), 10, "the lease lapses and the crawl is taken over")
    assert row_of(bench.store, crawl).attempt == 2


def test_a_crawl_that_does_not_end_in_time_is_closed_with_timeout(bench: Bench) -> None:
    crawl = bench.new_crawl(seconds=1)
    bench.work("hang", grace=0)
    closed = row_of(bench.store, crawl)
    assert (closed.state, closed.reason) == (CrawlState.FINISHED, FinishReason.TIMEOUT)
    assert closed.detail == "stopped after 1 seconds"
    assert is_gone(bench.pid(crawl))


def test_a_crawl_longer_than_its_lease_is_kept_by_heartbeats(bench: Bench) -> None:
    crawl = bench.new_crawl()
    with bench.working("hang"):
        wait_until(lambda: row_of(bench.store, crawl).lease_until, 10, "it is claimed")
        lease = row_of(bench.store, crawl).lease_until
        assert lease is not None
        wait_until(lambda: now() > lease + timedelta(seconds=0.5), 10, "its first lease is over")
        assert not bench.work("close_quickly")
        assert row_of(bench.store, crawl).attempt == 1


def test_a_process_that_has_closed_its_crawl_is_left_to_end_by_itself(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    crawl = bench.new_crawl()
    bench.work("close_and_linger")
    assert bench.note("lingered") == ""
    assert row_of(bench.store, crawl).reason is FinishReason.FINISHED
    assert [record.message for record in caplog.records if record.levelname == "WARNING"] == []


def test_one_that_does_not_end_although_it_has_closed_its_crawl_is_ended(bench: Bench) -> None:
    crawl = bench.new_crawl()
    bench.work("close_and_hang", grace=0.5)
    assert is_gone(bench.pid(crawl))
    assert row_of(bench.store, crawl).reason is FinishReason.FINISHED


# ----------------------------------------------------------------------------------------------- being stopped


def test_a_stopped_worker_gives_back_its_crawl_and_the_next_worker_takes_it_at_once(bench: Bench) -> None:
    crawl = bench.new_crawl()
    with bench.working("obey"):
        bench.note("obeying")
    assert is_gone(bench.pid(crawl))
    released = row_of(bench.store, crawl)
    assert (released.state, released.failures) == (CrawlState.WAITING, 0)
    assert bench.work("close_quickly")
    assert bench.events(crawl)[:3] == ["claimed", "released", "claimed"]
    assert row_of(bench.store, crawl).reason is FinishReason.FINISHED


def test_a_process_that_ignores_being_asked_is_ended(bench: Bench) -> None:
    crawl = bench.new_crawl()
    with bench.working("ignore", stop=0.3):
        bench.note("ignoring")
    assert is_gone(bench.pid(crawl))
    assert row_of(bench.store, crawl).state is CrawlState.WAITING


def test_a_cancelled_crawl_is_stopped_and_stays_cancelled(bench: Bench) -> None:
    crawl = bench.new_crawl()
    with bench.working("obey"):
        bench.note("obeying")
        with bench.store.write() as connection:
            assert cancel_crawls(connection, bench.owner_id, crawl.run_id, now()) == 1
        wait_until(lambda: is_gone(bench.pid(crawl)), 20, "the process is stopped")
    assert row_of(bench.store, crawl).reason is FinishReason.CANCELLED
    assert bench.events(crawl) == ["claimed", "cancelled"]


# -------------------------------------------------------------------------------------------- what goes wrong


def test_a_crawl_of_a_marketplace_that_is_no_longer_declared_is_closed_with_the_reason(bench: Bench) -> None:
    crawl = bench.new_crawl()
    bench.declare({**MARKET, "name": "renamed"})
    assert bench.work("close")
    closed = row_of(bench.store, crawl)
    assert closed.reason is FinishReason.CRASHED
    assert closed.detail == "the marketplace 'market' is no longer declared"


def test_a_crawl_process_that_cannot_be_started_is_a_death(bench: Bench) -> None:
    crawl = bench.new_crawl()
    nothing = Program(command=lambda _: ["/nowhere/there-is-no-such-program"])
    work_once(bench.store, bench.settings, bench.stop, nothing)
    waiting = row_of(bench.store, crawl)
    assert (waiting.state, waiting.failures) == (CrawlState.WAITING, 1)
    assert "could not be started" in (waiting.detail or "")


def test_a_worker_goes_on_after_a_declaration_it_cannot_read(bench: Bench) -> None:
    crawl = bench.new_crawl()
    bench.declare({"name": "market"})
    with bench.working("close_quickly"):
        bench.declare(MARKET)
        wait_until(lambda: row_of(bench.store, crawl).state is CrawlState.FINISHED, 20, "the crawl is made")


def test_a_fault_in_one_slot_ends_the_worker_which_gives_back_the_rest(bench: Bench) -> None:
    good, bad = bench.new_crawl("good"), bench.new_crawl("bad")
    program = bench.program("obey")

    def command(crawl: Crawl) -> list[str]:
        if crawl.id == bad.id:
            bench.note("obeying")
            raise RuntimeError("a fault of ours")
        return list(program.command(crawl))

    with pytest.raises(RuntimeError, match="a fault of ours"):
        run_worker(bench.store, bench.settings, bench.stop, Program(command=command))
    assert row_of(bench.store, good).state is CrawlState.WAITING
    assert is_gone(bench.pid(good))


def test_the_crawl_process_stays_in_the_workers_folder_so_that_relative_settings_mean_the_same(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    bench.new_crawl()
    bench.work("where")
    assert bench.note("where") == str(tmp_path)


def test_the_command_of_a_crawl_names_the_crawl_and_the_attempt(bench: Bench) -> None:
    command = scrapy_command(bench.new_crawl())
    assert command[1:6] == ["-P", "-m", "scrapy", "crawl", "search"]
    assert command[6:] == ["-a", "crawl_id=1", "-a", "attempt=0", "-a", "watch_stdin=1"]


# ------------------------------------------------------------------------------------------- several processes


def work_until_stopped(settings: Settings, program: Program) -> None:
    run_worker(open_store(settings), settings, stop_event(), program)


def schedule_until_stopped(settings: Settings) -> None:
    run_scheduler(open_store(settings), settings, stop_event())


def test_a_crawl_notices_that_its_worker_was_killed_and_another_worker_makes_it(bench: Bench) -> None:
    crawl = bench.new_crawl()
    with running(work_until_stopped, bench.settings, bench.program("follow,close_quickly")) as worker:
        bench.note("following")
        worker.kill()
        bench.note("followed")
        wait_until(lambda: is_gone(bench.pid(crawl)), 20, "the orphan ends")
    wait_until(lambda: bench.work("follow,close_quickly"), 20, "the lease lapses and the crawl is taken over")
    closed = row_of(bench.store, crawl)
    assert (closed.reason, closed.attempt, closed.failures) == (FinishReason.FINISHED, 2, 1)


def test_a_worker_that_was_frozen_finds_its_crawl_taken_over_and_stops_its_own_process(bench: Bench) -> None:
    crawl = bench.new_crawl()
    with running(work_until_stopped, bench.settings, bench.program("hang")) as worker:
        pid = bench.pid(crawl)
        psutil.Process(worker.pid).suspend()
        wait_until(lambda: bench.work("hang,close_quickly"), 20, "the lease lapses and the crawl is taken over")
        assert not is_gone(pid)
        psutil.Process(worker.pid).resume()
        wait_until(lambda: is_gone(pid), 20, "the frozen worker stops its process")
    closed = row_of(bench.store, crawl)
    assert (closed.reason, closed.attempt) == (FinishReason.FINISHED, 2)
    assert bench.events(crawl) == ["claimed", "died", "claimed", "closed"]


def test_two_schedulers_and_two_workers_make_200_due_runs_each_exactly_once(tmp_path: Path) -> None:
    """Everything in processes of its own: each run is made once, and each crawl runs and is closed once."""
    settings = load_settings(
        {
            "COUNTERFOIL_DATA": str(tmp_path / "data"),
            "COUNTERFOIL_TICK_SECONDS": "0.1",
            "COUNTERFOIL_CRAWL_SLOTS": "4",
        }
    )
    bench = Bench(settings, open_store(settings))
    moment = now()
    with bench.store.write() as connection:
        for number in range(200):
            entry = monitor_entry(f"monitor {number}")
            add_monitor(connection, bench.owner_id, entry, next_nominal_at=moment, next_due_at=moment, now=moment)
    with ExitStack() as parts:
        for _ in range(2):
            parts.enter_context(running(schedule_until_stopped, settings))
            parts.enter_context(running(work_until_stopped, settings, bench.program("close_quickly")))
        wait_until(lambda: count(bench.store, runs, runs.c.state == "finished") == 200, 120, "200 runs are finished")
    assert count(bench.store, runs) == 200
    with bench.store.read() as connection:
        assert len(set(connection.scalars(sa.select(runs.c.monitor_id)))) == 200
        assert set(connection.scalars(sa.select(crawls.c.attempt))) == {1}
        events = sorted(
            tuple(row) for row in connection.execute(sa.select(crawl_events.c.crawl_id, crawl_events.c.event))
        )
    assert events == sorted((crawl, event) for crawl in range(1, 201) for event in ("claimed", "closed"))
    assert count(bench.store, monitors, monitors.c.next_due_at > moment) == 200
    bench.store.close()
