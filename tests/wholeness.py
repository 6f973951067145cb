"""What must hold of an installation after anything: nothing lost, doubled, stuck or torn; index equal to database."""

from collections.abc import Collection

from installation import Installation

from counterfoil.clock import now
from counterfoil.evidence import Kind, open_evidence
from counterfoil.store import check_integrity
from counterfoil.verification import Verification
from indexer.opening import open_index
from indexer.rebuild import verify


def assert_whole(place: Installation, *, listings: int, suspects: Collection[str], queries: int = 1) -> None:
    """One finished crawl has seen each listing once for each query, and the suspects are those with these titles."""
    _assert_rows(place, listings, queries)
    found = place.lines("search", "--json", "--all")
    assert sorted(one["title"] for one in found) == sorted(suspects)
    assert_intact(place)


def assert_intact(place: Installation) -> None:
    """The database is sound, every picture and body verifies, every picture is known, and the index tells the same."""
    store, evidence = place.store(), open_evidence(place.settings)
    try:
        check_integrity(store)
        assert list(Verification(store, evidence, now()).run()) == []
        with store.read() as connection:
            known = {sha256 for (sha256,) in connection.exec_driver_sql("SELECT sha256 FROM images")}
        assert {one.sha256 for one in evidence.walk(Kind.IMAGE)} == known
        index = open_index(place.settings)
        try:
            assert verify(store, index) == []
        finally:
            index.close()
    finally:
        store.close()


def _assert_rows(place: Installation, listings: int, queries: int) -> None:
    store = place.store()
    with store.read() as connection:
        ask = connection.exec_driver_sql
        pictures = ask("SELECT count(*) FROM images").scalar_one()
        assert ask("SELECT state, reason, detail FROM crawls").all() == [("finished", "finished", None)]
        assert ask("SELECT state FROM runs").all() == [("finished",)]
        assert ask("SELECT count(*) FROM listings").scalar_one() == listings
        assert ask("SELECT count(*) FROM listing_versions").scalar_one() == listings
        assert ask("SELECT count(*), count(DISTINCT listing_id) FROM sightings").one() == (listings * queries, listings)
        assert ask("SELECT state, count(*) FROM inspections GROUP BY state").all() == [("done", listings)]
        assert ask("SELECT count(*) FROM outbox").scalar_one() == 0
        assert ask("SELECT count(*) FROM listing_images WHERE image_sha256 IS NULL").scalar_one() == 0
        assert ask("SELECT count(*) FROM fingerprints WHERE error IS NULL").scalar_one() == pictures
        assert ask("SELECT count(*) FROM fingerprints WHERE error IS NOT NULL").scalar_one() == 0
    store.close()
