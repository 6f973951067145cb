"""Whichever way in: what is damaged, not ours to write, another version's or of another time is refused in one line."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from commands import Ended, give_up_roots_powers, run_command
from disguise import Disguise
from installation import Installation, wait_until

from counterfoil.clock import now
from counterfoil.settings import load_settings
from counterfoil.store import open_store
from counterfoil.store.instance import newest_time, raise_newest_time
from counterfoil.store.parts import LONGEST_LEASE, Registration, living_parts, register_part

pytestmark = pytest.mark.xdist_group("processes")

PARTS = (("up",), ("schedule",), ("work",), ("serve",))
WAYS_IN = (*PARTS, ("search", "lamp"), ("brand", "list"))
ROOT = Path(__file__).parents[1]
NOBODY = 65_534


@dataclass(frozen=True)
class Place:
    """An installation that was in use: a database with a brand in it, and folders."""

    data: Path

    @property
    def database(self) -> Path:
        return self.data / "counterfoil.sqlite"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "COUNTERFOIL_DATA": str(self.data),
            "COUNTERFOIL_CONTACT": "tests@example.com",
            "COUNTERFOIL_HTTP_PORT": "0",
            "COUNTERFOIL_LEASE_SECONDS": "2",
        }

    def contents(self) -> dict[str, bytes]:
        """Every file, to see that nothing was changed."""
        files = (path for path in sorted(self.data.rglob("*")) if path.is_file() and path.name != "database.lock")
        return {str(path.relative_to(self.data)): path.read_bytes() for path in files}


@pytest.fixture
def place(tmp_path: Path, sqlite_template: Path) -> Iterator[Place]:
    place = Place(tmp_path / "data")
    (place.data / "evidence" / "images").mkdir(parents=True, mode=0o700)
    shutil.copy(sqlite_template, place.database)
    (place.data / "database.lock").touch()
    yield place
    for path in (place.data, *place.data.rglob("*")):
        path.chmod(0o700)


def refused(ended: Ended, *words: str) -> None:
    """It ended with status 2 and one line that says these words."""
    lines = ended.errors.strip().splitlines()
    assert (ended.status, len(lines)) == (2, 1), ended
    assert lines[0].startswith("Error: ")
    for word in words:
        assert word in lines[0]


# ----------------------------------------------------------------------------------------------------- damage


def overwritten_head(place: Place) -> None:
    place.database.write_bytes(b"\0" * 4_096 + place.database.read_bytes()[4_096:])


def emptied(place: Place) -> None:
    place.database.write_bytes(b"")


def lost(place: Place) -> None:
    place.database.unlink()


def cut_off(place: Place) -> None:
    place.database.write_bytes(place.database.read_bytes()[:5_000])


@pytest.mark.parametrize("way", WAYS_IN, ids=" ".join)
@pytest.mark.parametrize(
    ("damage", "words"),
    [(overwritten_head, "damaged"), (emptied, "0 bytes"), (lost, "missing"), (cut_off, "damaged")],
)
def test_a_damaged_database_is_refused_and_left_alone(
    place: Place, way: tuple[str, ...], damage: Callable[[Place], None], words: str
) -> None:
    damage(place)
    before = place.contents()
    refused(run_command(place.environment, *way), words, "estore")
    assert place.contents() == before


# Not `serve`: it reads nothing until somebody asks, and then answers 503 with the reason.
@pytest.mark.parametrize("way", PARTS[:3], ids=" ".join)
def test_damage_in_the_middle_ends_a_part_with_one_line_when_it_meets_it(place: Place, way: tuple[str, ...]) -> None:
    """Tables that a start does not read: `up` looks for it, the others come upon it."""
    with closing(sqlite3.connect(place.database)) as connection:
        unread = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE rootpage > 0"
            " AND tbl_name NOT IN ('alembic_version', 'instance', 'parts', 'owners')"
        ).fetchall()
    content = bytearray(place.database.read_bytes())
    for (page,) in unread:
        content[(page - 1) * 4_096 : page * 4_096] = b"\xff" * 4_096
    place.database.write_bytes(content)
    ended = run_command(place.environment, *way)
    said = [line for line in ended.errors.splitlines() if line.startswith("Error: ")]
    assert (ended.status, len(said)) == (2, 1), ended
    assert "damaged" in said[0] and "Traceback" not in ended.errors


# ------------------------------------------------------------------------------------------------ permissions


def read_only_folder(place: Place) -> None:
    place.data.chmod(0o500)


def closed_folder(place: Place) -> None:
    place.data.chmod(0)


def read_only_database(place: Place) -> None:
    place.database.chmod(0o400)


def closed_database(place: Place) -> None:
    place.database.chmod(0)


def read_only_evidence(place: Place) -> None:
    (place.data / "evidence").chmod(0o500)


def foreign_database(place: Place) -> None:
    place.database.chmod(0o600)
    os.chown(place.database, NOBODY, NOBODY)


def foreign_folder(place: Place) -> None:
    os.chown(place.data, NOBODY, NOBODY)


def foreign_log(place: Place) -> None:
    log = place.database.with_name(f"{place.database.name}-wal")
    log.write_bytes(b"")
    log.chmod(0o600)
    os.chown(log, NOBODY, NOBODY)


def foreign_lock(place: Place) -> None:
    (place.data / "database.lock").chmod(0o600)
    os.chown(place.data / "database.lock", NOBODY, NOBODY)


FAULTS = [read_only_folder, closed_folder, read_only_database, closed_database, read_only_evidence]
if os.getuid() == 0:
    FAULTS += [foreign_database, foreign_folder, foreign_log, foreign_lock]


@pytest.mark.parametrize("way", WAYS_IN, ids=" ".join)
@pytest.mark.parametrize("fault", FAULTS)
def test_what_this_user_may_not_write_is_refused_with_its_owner_and_mode(
    place: Place, way: tuple[str, ...], fault: Callable[[Place], None]
) -> None:
    fault(place)
    ended = run_command(place.environment, *way, plain_user=True)
    if fault is closed_folder:
        refused(ended, str(place.data), "d---------", "chmod u+rwx")
    else:
        owner = "nobody" if fault.__name__.startswith("foreign") else ("root" if os.getuid() == 0 else "")
        refused(ended, "cannot be written by this user", f"belongs to {owner}", "mode ")


def test_a_data_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    refused(run_command({"COUNTERFOIL_DATA": str(tmp_path / "data")}, "up"), "COUNTERFOIL_DATA")


@pytest.mark.parametrize("fault", [overwritten_head, read_only_database, read_only_evidence])
def test_a_crawl_process_refuses_them_too(place: Place, fault: Callable[[Place], None]) -> None:
    fault(place)
    done = subprocess.run(
        [sys.executable, "-m", "scrapy", "crawl", "search", "-a", "crawl_id=1", "-a", "attempt=1"],
        cwd=ROOT,
        env={**os.environ, **place.environment, "SCRAPY_SETTINGS_MODULE": "crawlers.settings"},
        preexec_fn=lambda: give_up_roots_powers(before_exec=True),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    said = [line for line in done.stderr.splitlines() if line.startswith("Error: ")]
    assert (done.returncode, len(said)) == (2, 1), done.stderr
    assert "Traceback" not in done.stderr


# ------------------------------------------------------------------------------------------- clock and version


@pytest.mark.parametrize("way", PARTS, ids=" ".join)
def test_a_part_does_not_start_while_the_clock_is_behind(place: Place, way: tuple[str, ...]) -> None:
    with closing(open_store(load_settings(place.environment))) as store:
        with store.write() as connection:
            raise_newest_time(connection, now() + timedelta(hours=1))
        refused(run_command(place.environment, *way), "59 min", "behind", "counterfoil clock accept")
        with store.read() as connection:
            assert living_parts(connection, now()) == []


def test_commands_work_while_the_clock_is_behind_and_one_of_them_accepts_it(place: Place) -> None:
    ahead = now() + timedelta(hours=1)
    with closing(open_store(load_settings(place.environment))) as store:
        with store.write() as connection:
            raise_newest_time(connection, ahead)
        assert run_command(place.environment, "brand", "list").status == 0
        shown = run_command(place.environment, "clock", "show")
        assert shown.status == 1 and "behind" in shown.errors
        accepted = run_command(place.environment, "clock", "accept")
        assert accepted.status == 0 and ahead.strftime("%H:%M:%S") in accepted.output
        assert run_command(place.environment, "clock", "show").status == 0
        with store.read() as connection:
            assert abs((newest_time(connection) or ahead) - now()) < timedelta(minutes=10)


@pytest.mark.parametrize("way", PARTS, ids=" ".join)
def test_a_part_does_not_start_while_another_version_runs(place: Place, way: tuple[str, ...]) -> None:
    with closing(open_store(load_settings(place.environment))) as store:
        with store.write() as connection:
            who = Registration(role="work (judge)", version="0.0.1", host="elsewhere", pid=4711)
            register_part(connection, who, LONGEST_LEASE, now())
        refused(run_command(place.environment, *way), "work (judge) (version 0.0.1, pid 4711 on elsewhere)")
        assert run_command(place.environment, "brand", "list").status == 0


def test_a_running_service_stops_for_a_newer_version_that_has_migrated_and_refuses_another_that_has_not(
    tmp_path: Path,
) -> None:
    place = Installation(tmp_path, "http://127.0.0.1:9")
    other = Installation(tmp_path, place.market, Disguise(tmp_path, "99.0").environment, declare=False)
    with place.service() as service:
        with closing(place.store()) as store:
            wait_until(lambda: len(roles(store)) == 6, 60, "every part runs")
        said = other.run("schedule", expect=2)
        assert "this one is 99.0" in said.lower() and "up (version" in said
        assert service.is_running()
        with closing(sqlite3.connect(place.settings.data / "counterfoil.sqlite", timeout=30)) as newer, newer:
            newer.execute("UPDATE alembic_version SET version_num = '9999'")
        assert service.wait(60) == 2
    assert "changed to schema 9999 by another version" in place.log()
    assert "Traceback" not in place.log()


def roles(store: object) -> list[str]:
    with store.read() as connection:  # type: ignore[attr-defined]
        return [part.role for part in living_parts(connection, now())]
