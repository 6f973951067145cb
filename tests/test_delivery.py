"""The outbox reaches the index: whatever the index is doing, nothing is lost and nothing waits for it."""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from postgres import Postgres
from rows import NOON, claimed, new_owner, new_product, record
from test_store_suspects import assessment, decide, judge

from counterfoil.models import VerdictKind
from counterfoil.settings import Settings
from counterfoil.store import Store
from counterfoil.store.outbox import ParkedRow, list_parked, outbox_size, put_in_outbox, retry_parked
from counterfoil.store.tables import listings, suspects
from indexer.base import IndexState, SuspectIndex
from indexer.delivery import Delivered, deliver_once, fill_if_missing, make_ready, run_delivery
from indexer.opening import open_index
from indexer.query import SuspectQuery
from indexer.rebuild import DifferenceKind, rebuild, verify


@pytest.fixture
def index(settings: Settings) -> SuspectIndex:
    return open_index(settings)


@pytest.fixture
def owner_id(store: Store) -> int:
    return new_owner(store)


def suspect(store: Store, owner_id: int, number: int) -> list[int]:
    """So many new suspects of an owner."""
    product_id = new_product(store, owner_id)
    crawl = claimed(store, owner_id, f"monitor {time.monotonic_ns()}")
    versions = [record(store, crawl, key=f"{crawl.id}-{key}").listing_version_id for key in range(number)]
    return [judge(store, owner_id, version, [assessment(product_id, 0.8)]) or 0 for version in versions]


def copies(store: Store, suspect_id: int, number: int) -> None:
    """Many suspects, quickly: rows like those of one that was made properly, each with a listing of its own."""
    with store.write() as connection:
        one = _row(connection, suspects, suspect_id)
        listing = _row(connection, listings, one["listing_id"])
        first = listing["id"] + 1
        steps = range(number)
        connection.execute(
            listings.insert(), [{**listing, "id": first + step, "listing_key": f"copy {step}"} for step in steps]
        )
        made = [{**one, "id": suspect_id + 1 + step, "listing_id": first + step} for step in steps]
        connection.execute(suspects.insert(), made)
        for copy in made:
            put_in_outbox(connection, copy["owner_id"], copy["id"], copy["revision"], NOON)


def _row(connection: sa.Connection, table: sa.Table, row_id: int) -> dict[str, Any]:
    return dict(connection.execute(table.select().where(table.c.id == row_id)).mappings().one())


def waiting(store: Store) -> int:
    with store.read() as connection:
        return outbox_size(connection)


def found(index: SuspectIndex, owner_id: int, **asked: Any) -> list[int]:
    return [one.id for one in index.search(SuspectQuery(owner_id=owner_id, **asked)).suspects]


def until(true: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.02)


class Delivering:
    """The loop in a thread, as the service runs it."""

    def __init__(self, store: Store, index: SuspectIndex) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=run_delivery, args=(store, index, self._stop, 0.02))

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(20)
        assert not self._thread.is_alive()


def test_what_waits_is_delivered_and_struck_off(store: Store, index: SuspectIndex, owner_id: int) -> None:
    made = suspect(store, owner_id, 3)
    make_ready(store, index)
    decide(store, owner_id, made[0], VerdictKind.COUNTERFEIT)
    assert deliver_once(store, index) == Delivered(stored=3)
    assert waiting(store) == 0
    assert deliver_once(store, index) == Delivered()
    page = index.search(SuspectQuery(owner_id=owner_id, verdicts=("counterfeit",)))
    assert [(one.id, one.revision) for one in page.suspects] == [(made[0], 2)]
    assert verify(store, index) == []


def test_the_document_says_what_the_database_says(store: Store, index: SuspectIndex, owner_id: int) -> None:
    made = suspect(store, owner_id, 1)
    make_ready(store, index)
    (one,) = index.search(SuspectQuery(owner_id=owner_id, words="trail")).suspects
    assert (one.id, one.owner_id, one.marketplace, one.score) == (made[0], owner_id, "market", 0.8)
    assert (one.title, str(one.price), one.currency) == ("Trail 30 backpack", "19.9", "EUR")
    assert one.seller is not None and (one.seller.key, one.seller.name) == ("s-1", "Bob's bags")
    assert [(product.name, product.brand_name, product.score) for product in one.products] == [
        ("Trail 30", "Acme", 0.8)
    ]
    assert [reason.text for reason in one.reasons] == ["a copy"]
    assert one.first_suspected_at == NOON


def test_what_was_delivered_twice_is_there_once(store: Store, index: SuspectIndex, owner_id: int) -> None:
    suspect(store, owner_id, 2)
    make_ready(store, index)
    with store.read() as connection:
        rows = connection.execute(sa.text("SELECT * FROM outbox")).mappings().all()
    deliver_once(store, index)
    with store.write() as connection:
        for row in rows:
            values = {**row, "at": row["created_at"]}
            connection.execute(
                sa.text(
                    "INSERT INTO outbox (id, owner_id, suspect_id, revision, created_at)"
                    " VALUES (:id, :owner_id, :suspect_id, :revision, :at)"
                ),
                values,
            )
    deliver_once(store, index)
    assert waiting(store) == 0
    assert len(found(index, owner_id)) == 2


def test_a_refused_document_is_parked_and_keeps_no_other_from_being_delivered(
    store: Store, index: SuspectIndex, owner_id: int
) -> None:
    make_ready(store, index)
    made = suspect(store, owner_id, 5)
    poison(store, made[0])
    done = deliver_once(store, index)
    assert [(one.suspect_id, "score" in str(one.reason)) for one in done.refused] == [(made[0], True)]
    assert found(index, owner_id) == made[1:]
    assert waiting(store) == 0
    assert [(one.suspect_id, one.revision, "score" in one.reason) for one in parked(store)] == [(made[0], 1, True)]
    assert [(one.suspect_id, one.kind) for one in verify(store, index)] == [(made[0], DifferenceKind.MISSING)]


def test_a_parked_suspect_that_changes_is_tried_again_and_leaves_nothing_parked(
    store: Store, index: SuspectIndex, owner_id: int
) -> None:
    make_ready(store, index)
    (made,) = suspect(store, owner_id, 1)
    poison(store, made)
    deliver_once(store, index)
    heal(store)
    assert deliver_once(store, index) == Delivered(), "nothing has changed yet"
    decide(store, owner_id, made, VerdictKind.COUNTERFEIT)
    assert deliver_once(store, index).stored == 1
    assert (parked(store), waiting(store), found(index, owner_id)) == ([], 0, [made])


def test_what_is_parked_is_sent_once_more_when_asked_for_and_by_a_rebuild(
    store: Store, index: SuspectIndex, owner_id: int
) -> None:
    make_ready(store, index)
    made = suspect(store, owner_id, 2)
    poison(store, made[0])
    for again in (lambda connection: retry_parked(connection), None):
        deliver_once(store, index)
        assert [one.suspect_id for one in parked(store)] == [made[0]]
        if again:
            with store.write() as connection:
                assert again(connection) == 1
    rebuild(store, index)
    assert [one.suspect_id for one in parked(store)] == [made[0]], "a rebuild parks what it cannot take, too"
    heal(store)
    rebuild(store, index)
    deliver_once(store, index)
    assert (parked(store), found(index, owner_id)) == ([], made)


def test_hundreds_of_refused_documents_do_not_hold_up_the_rest(
    sqlite_store: Store, index: SuspectIndex, caplog: pytest.LogCaptureFixture
) -> None:
    owner_id = new_owner(sqlite_store)
    make_ready(sqlite_store, index)
    copies(sqlite_store, suspect(sqlite_store, owner_id, 1)[0], 249)
    with sqlite_store.write() as connection:
        connection.execute(suspects.update().values(score=7.0))
    good = suspect(sqlite_store, owner_id, 3)
    with Delivering(sqlite_store, index), caplog.at_level(logging.ERROR):
        until(lambda: found(index, owner_id) == good and len(parked(sqlite_store)) == 250)
        heal(sqlite_store)
        with sqlite_store.write() as connection:
            retry_parked(connection)
        until(lambda: waiting(sqlite_store) == 0)
    assert len(caplog.records) == 250, "each is reported, and once"
    assert verify(sqlite_store, index) == []


def poison(store: Store, suspect_id: int) -> None:
    with store.write() as connection:
        # No index takes a score beyond 1; the judge makes none.
        connection.execute(suspects.update().where(suspects.c.id == suspect_id).values(score=7.0))


def heal(store: Store) -> None:
    with store.write() as connection:
        connection.execute(suspects.update().where(suspects.c.score > 1).values(score=0.9))


def parked(store: Store) -> list[ParkedRow]:
    with store.read() as connection:
        return list_parked(connection)


def test_the_index_is_made_by_the_first_who_needs_it(store: Store, index: SuspectIndex, owner_id: int) -> None:
    made = suspect(store, owner_id, 2)
    assert index.state() is IndexState.MISSING
    fill_if_missing(store, index)
    assert found(index, owner_id) == made
    fill_if_missing(store, index)
    assert index.health().documents == 2


def test_many_who_need_the_index_at_once_make_one(store: Store, settings: Settings, owner_id: int) -> None:
    suspect(store, owner_id, 2)
    indexes = [open_index(settings) for _ in range(4)]
    threads = [threading.Thread(target=fill_if_missing, args=(store, one)) for one in indexes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(found(one, owner_id)) for one in indexes] == [2] * 4


def test_while_the_index_is_away_suspects_wait_and_it_is_said_once(
    store: Store, index: SuspectIndex, settings: Settings, owner_id: int, caplog: pytest.LogCaptureFixture
) -> None:
    folder = settings.data / "index"
    first = suspect(store, owner_id, 2)
    make_ready(store, index)
    broken = _break(folder)
    with caplog.at_level(logging.INFO), Delivering(store, index):
        second = suspect(store, owner_id, 3)
        until(lambda: caplog.records)
        decide(store, owner_id, first[0], VerdictKind.UNSURE)
        time.sleep(0.3)
        assert [record.levelname for record in caplog.records] == ["ERROR"]
        assert "counterfoil index rebuild" in caplog.text
        assert waiting(store) == 6
        _mend(broken)
        until(lambda: waiting(store) == 0)
        until(lambda: "the index is back" in caplog.text)
    assert found(index, owner_id) == first + second
    assert verify(store, index) == []


def test_delivery_outlives_an_outage_of_the_database_and_catches_up(
    postgres: Postgres, postgres_store: Store, index: SuspectIndex, caplog: pytest.LogCaptureFixture
) -> None:
    owner_id = new_owner(postgres_store)
    made = suspect(postgres_store, owner_id, 1)
    with caplog.at_level(logging.INFO), Delivering(postgres_store, index):
        until(lambda: waiting(postgres_store) == 0)
        with postgres.outage(postgres_store.engine.url):
            until(lambda: "suspects wait to be indexed: The database cannot be used" in caplog.text)
        until(lambda: "is back" in caplog.text)
        made += suspect(postgres_store, owner_id, 2)
        until(lambda: waiting(postgres_store) == 0)
    assert found(index, owner_id) == made
    assert [record.levelname for record in caplog.records].count("ERROR") == 1, "an outage is said once"


def test_an_index_that_was_lost_is_made_again_by_itself(
    store: Store, index: SuspectIndex, settings: Settings, owner_id: int
) -> None:
    made = suspect(store, owner_id, 3)
    with Delivering(store, index):
        until(lambda: waiting(store) == 0 and found(index, owner_id) == made)
        for path in (settings.data / "index").iterdir():
            # SQLite itself removes the write-ahead log with the last connection.
            path.unlink(missing_ok=True)
        until(lambda: index.state() is IndexState.READY and found(index, owner_id) == made)


def test_several_deliveries_at_once_lose_and_double_nothing(
    store: Store, index: SuspectIndex, settings: Settings, owner_id: int
) -> None:
    with Delivering(store, index), Delivering(store, open_index(settings)):
        made = suspect(store, owner_id, 20)
        for one in made[:10]:
            decide(store, owner_id, one, VerdictKind.LOOKALIKE)
        until(lambda: waiting(store) == 0)
    assert found(index, owner_id) == made
    assert verify(store, index) == []


def _break(folder: Path) -> Path:
    current = folder / (folder / "current").read_text().strip()
    kept = current.with_name("kept")
    current.rename(kept)
    current.write_bytes(b"not a database, but long enough to be read as the header of one" * 100)
    return kept


def _mend(kept: Path) -> None:
    current = kept.with_name((kept.parent / "current").read_text().strip())
    kept.replace(current)
