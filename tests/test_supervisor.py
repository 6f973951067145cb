import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager
from multiprocessing.context import ForkProcess
from pathlib import Path

import pytest
from installation import wait_until
from processes import is_gone, running

from counterfoil.exceptions import CounterfoilError
from counterfoil.lifeline import stop_event
from scheduler.supervisor import supervise

pytestmark = pytest.mark.xdist_group("processes")

PROGRAM = (sys.executable, str(Path(__file__).with_name("part_program.py")))


class Notes:
    """What the parts have written down."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def parts(self, **steps: str) -> dict[str, Sequence[str]]:
        """Parts by name that do these steps."""
        return {name: (step, str(self.folder), name) for name, step in steps.items()}

    def pids(self, name: str, event: str) -> list[int]:
        """The processes of a part that have written this event."""
        file = self.folder / name
        lines = file.read_text().splitlines() if file.exists() else []
        return [int(line.split()[1]) for line in lines if line.startswith(event)]

    def started(self, name: str, times: int = 1) -> int:
        """The process of a part, once it has been started so many times."""
        wait_until(lambda: len(self.pids(name, "started")) >= times, 30, f"{name} is started {times} times")
        return self.pids(name, "started")[times - 1]


@pytest.fixture
def notes(tmp_path: Path) -> Notes:
    return Notes(tmp_path)


def supervise_until_stopped(parts: dict[str, Sequence[str]]) -> None:
    supervise(parts, stop_event(), PROGRAM)


def supervising(parts: dict[str, Sequence[str]]) -> AbstractContextManager[ForkProcess]:
    """A supervisor as a process of its own; asked to stop in the end."""
    return running(supervise_until_stopped, parts)


def test_every_part_runs_until_the_whole_is_stopped(notes: Notes) -> None:
    with supervising(notes.parts(one="serve", two="serve")) as supervisor:
        pids = [notes.started(name) for name in ("one", "two")]
        assert len(set(pids)) == 2
    assert supervisor.exitcode == 0
    assert [notes.pids(name, "stopped") for name in ("one", "two")] == [[pid] for pid in pids]
    assert all(is_gone(pid) for pid in pids)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_politely_for_both_ways_of_asking(notes: Notes, number: signal.Signals) -> None:
    with supervising(notes.parts(one="serve")) as supervisor:
        pid = notes.started("one")
        os.kill(supervisor.pid or 0, number)
        supervisor.join(30)
    assert supervisor.exitcode == 0
    assert notes.pids("one", "stopped") == [pid]


def test_a_part_that_was_killed_is_started_again_and_the_others_go_on(notes: Notes) -> None:
    with supervising(notes.parts(one="serve", two="serve")):
        first, other = notes.started("one"), notes.started("two")
        os.kill(first, signal.SIGKILL)
        second = notes.started("one", times=2)
        assert second != first
        assert notes.pids("two", "started") == [other]
        assert not is_gone(other)
    assert notes.pids("one", "stopped") == [second]


def test_a_part_that_fails_again_and_again_is_started_again_and_again(notes: Notes) -> None:
    with supervising(notes.parts(one="fail", two="serve")):
        notes.started("one", times=3)
        assert len(notes.pids("two", "started")) == 1


def test_a_part_that_ends_of_its_own_will_is_started_again(notes: Notes) -> None:
    with supervising(notes.parts(one="serve")):
        os.kill(notes.started("one"), signal.SIGTERM)
        notes.started("one", times=2)


def test_a_part_that_refuses_to_start_stops_the_whole_with_an_error(
    notes: Notes, capfd: pytest.CaptureFixture[str]
) -> None:
    parts = notes.parts(good="serve", bad="refuse")
    with pytest.raises(CounterfoilError, match="bad refused to run: see its message above"):
        supervise(parts, threading.Event(), PROGRAM)
    assert "COUNTERFOIL_HTTP_PORT" in capfd.readouterr().err
    assert len(notes.pids("bad", "started")) == 1
    assert all(is_gone(pid) for pid in notes.pids("good", "started"))


def test_the_parts_stop_by_themselves_when_the_supervisor_is_killed(notes: Notes) -> None:
    with supervising(notes.parts(one="serve", two="deaf")) as supervisor:
        pids = [notes.started(name) for name in ("one", "two")]
        supervisor.kill()
        wait_until(lambda: all(is_gone(pid) for pid in pids), 30, "both are gone")
    assert notes.pids("one", "stopped") == pids[:1]


def test_a_whole_that_is_stopped_before_it_began_starts_nothing(notes: Notes) -> None:
    stop = threading.Event()
    stop.set()
    supervise(notes.parts(one="serve"), stop, PROGRAM)
    assert notes.pids("one", "started") == []


# ---------------------------------------------------------------------------------------------------- lifeline


def child(notes: Notes, step: str) -> "subprocess.Popen[bytes]":
    process = subprocess.Popen([*PROGRAM, step, str(notes.folder), "child"], stdin=subprocess.PIPE)
    notes.started("child")
    return process


def test_a_process_stops_when_its_standard_input_ends(notes: Notes) -> None:
    process = child(notes, "serve")
    assert process.poll() is None
    process.communicate(b"whatever is written does not matter")
    assert process.returncode == 0
    assert notes.pids("child", "stopped") == [process.pid]


def test_a_process_that_does_not_stop_is_ended(notes: Notes) -> None:
    process = child(notes, "deaf")
    process.communicate(b"")
    assert process.returncode == 1
