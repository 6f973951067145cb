"""The whole service while its database is away: it waits, says so, and goes on by itself."""

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import psutil
import pytest
import sqlalchemy as sa
from installation import Installation, wait_until
from postgres import Postgres
from rows import claimed, new_owner, new_product, record

from counterfoil.store import Store
from counterfoil.store.inspections import count_inspections
from counterfoil.store.tables import instance

pytestmark = pytest.mark.xdist_group("processes")

PARTS = ("schedule", "work --role crawl", "work --role judge", "work --role deliver", "serve")


def test_the_service_outlives_an_outage_of_its_database_and_the_death_of_a_part_in_it(
    tmp_path: Path, postgres: Postgres, postgres_template: str
) -> None:
    address = postgres.new_database(postgres_template).get_secret_value()
    place = Installation(tmp_path, "http://127.0.0.1:9", {"COUNTERFOIL_DATABASE_URL": address})
    with closing(place.store()) as store:
        owner_id = new_owner(store)
        new_product(store, owner_id)
        with place.service() as service:
            first = {part: wait_until(lambda part=part: pids(service, part), 60, f"{part} runs") for part in PARTS}
            wait_until(lambda: at_work(store, place), 60, "every part has opened the database")
            with postgres.outage(sa.make_url(address)):
                wait_until(lambda: "listings wait to be judged" in place.log(), 60, "the judge meets the outage")
                wait_until(lambda: "suspects wait to be indexed" in place.log(), 60, "so does the deliverer")
                for role in ("judge", "deliver"):
                    psutil.Process(*first[f"work --role {role}"]).kill()
                    ended = f"work ({role}) ended with exit code 1"
                    wait_until(lambda ended=ended: ended in place.log(), 60, f"{role} cannot start")
            listing = record(store, claimed(store, owner_id), title="Acme Trail 30 replica 1:1 AAA copy fake")
            wait_until(lambda: judged(place), 90, "what is seen after the outage is judged")
            assert service.is_running()
            for part in ("schedule", "work --role crawl", "serve"):
                assert pids(service, part) == first[part], f"{part} has not noticed"
            found = wait_until(lambda: place.run("--owner", "acme", "search", "--json"), 60, "and found")
    assert f'"listing": "{listing.listing_id}"' in found


def pids(service: psutil.Process, part: str) -> list[int]:
    """The process that is this part of the service, as soon as it runs."""
    return [child.pid for child in service.children() if _is(child, part)]


def _is(process: psutil.Process, part: str) -> bool:
    try:
        return " ".join(process.cmdline()).replace(" --lifeline", "").endswith(f"console {part}")
    except psutil.NoSuchProcess:
        return False


def at_work(store: Store, place: Installation) -> bool:
    with store.read() as connection:
        judging = connection.scalar(sa.select(instance.c.value).where(instance.c.key == "judge_version"))
    said = ("the index was missing", "worker started", "scheduler started", "Uvicorn running")
    return judging is not None and all(words in place.log() for words in said)


def judged(place: Installation) -> bool:
    with closing(place.store()) as store, store.read() as connection:
        return count_inspections(connection) == {"done": 1}


def test_a_database_that_does_not_answer_ends_a_part_with_1_and_a_damaged_one_with_2(tmp_path: Path) -> None:
    """`up` starts a part again that ends with 1, and stops for one that ends with 2."""
    away = {"COUNTERFOIL_DATABASE_URL": "postgresql+psycopg://me:s3cret@127.0.0.1:9/x"}
    for part in ("schedule", "work --role judge"):
        status, said = ended(tmp_path, part, **away)
        assert status == 1 and "cannot be used" in said and "s3cret" not in said
    (tmp_path / "counterfoil.sqlite").write_bytes(b"")
    status, said = ended(tmp_path, "work --role judge")
    assert status == 2 and "0 bytes" in said


def ended(data: Path, part: str, **settings: str) -> tuple[int, str]:
    environment = {**os.environ, "COUNTERFOIL_DATA": str(data), **settings}
    command = [sys.executable, "-m", "console", *part.split()]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stderr
