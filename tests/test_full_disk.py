"""The whole product in a data folder that fills up: the crawl says so, nothing is torn, and with room all goes on."""

import random
from pathlib import Path

import pytest
from disks import grow, mounted
from installation import Installation, marketplace, wait_until
from things import lamps, register_lamp, write_catalogue
from wholeness import assert_intact

from counterfoil.clock import now
from counterfoil.evidence import open_evidence
from counterfoil.store import check_integrity
from counterfoil.verification import Verification

LISTINGS = 200


@pytest.mark.parametrize("min_free", ["1", "0"])
def test_a_crawl_on_a_full_disk_says_so_and_with_more_room_the_next_run_completes(
    tmp_path: Path, min_free: str
) -> None:
    """With 1 MB kept back, and with nothing: then SQLite, the index and the pictures fight for the last block."""
    write_catalogue(tmp_path, LISTINGS, pictures=LISTINGS)
    enlarge(tmp_path / "i")
    shop = marketplace(tmp_path, "--catalogue", str(tmp_path / "c.jsonl"), "--images", str(tmp_path / "i"))
    with mounted(tmp_path / "disk", 8) as disk, shop as address:
        place = Installation(disk, address, {"COUNTERFOIL_MIN_FREE_MEGABYTES": min_free}, logs=tmp_path)
        register_lamp(place, tmp_path / "i" / "0.png")
        place.run("monitor", "add", "all", "--marketplace", "example", "--query", "*", "--every", "1d", "--now")
        with place.service():
            wait_until(lambda: crawls(place), 120, f"the crawl has ended\n{place.log()[-3_000:]}")
            assert [reason for reason, _ in crawls(place)] == ["disk_full"]
            assert "disk" in crawls(place)[0][1]
            assert_nothing_torn(place)
            grow(disk, 100)
            place.run("monitor", "run", "all")
            wait_until(lambda: len(crawls(place)) == 2, 120, f"the next has ended\n{place.log()[-3_000:]}")
            wait_until(place.finished, 120, f"everything is judged\n{place.log()[-3_000:]}")
        assert crawls(place)[1] == ("finished", None)
        assert seen_in_the_last(place) == (LISTINGS, LISTINGS)
        assert sorted(one["title"] for one in place.lines("search", "--json", "--all")) == sorted(lamps(LISTINGS))
        assert_intact(place)


def enlarge(pictures: Path) -> None:
    """Make the pictures of the shop some 60 KB each, which no two share."""
    noise = random.Random(4)
    for path in pictures.glob("*.png"):
        path.write_bytes(path.read_bytes() + noise.randbytes(60_000))


def crawls(place: Installation) -> list[tuple[str, str | None]]:
    """Reason and sentence of each crawl that has ended."""
    store = place.store()
    try:
        with store.read() as connection:
            rows = connection.exec_driver_sql("SELECT reason, detail FROM crawls WHERE state = 'finished' ORDER BY id")
            return [(row.reason, row.detail) for row in rows]
    finally:
        store.close()


def seen_in_the_last(place: Installation) -> tuple[int, int]:
    """The listings that the last crawl has seen, and those among them whose newest version has its picture."""
    store = place.store()
    with store.read() as connection:
        ask = connection.exec_driver_sql
        seen = ask("SELECT count(*) FROM sightings WHERE crawl_id = (SELECT max(id) FROM crawls)").scalar_one()
        whole = ask(
            "SELECT count(*) FROM sightings JOIN listing_images USING (listing_version_id) "
            "WHERE crawl_id = (SELECT max(id) FROM crawls) AND image_sha256 IS NOT NULL"
        ).scalar_one()
    store.close()
    return seen, whole


def assert_nothing_torn(place: Installation) -> None:
    """The database is sound, and every file that is there is whole and said to be there."""
    store = place.store()
    check_integrity(store)
    assert list(Verification(store, open_evidence(place.settings), now()).run()) == []
    store.close()
