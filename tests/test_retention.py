"""Retention: what goes when, what never goes, and that no kill, race or repetition makes the database lie."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from itertools import count as numbers

import pytest
import sqlalchemy as sa
from crawling import Bench
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from keeping import TODAY, Archive, days_ago
from market import Answer, Asked, Market, serving
from rows import at_once, claimed, count, new_product
from test_evidence import in_memory
from test_fingerprints import encoded, scene
from test_ingest import COPY, REFERENCE, suspects

from counterfoil.evidence import EvidenceStore, Kind
from counterfoil.exceptions import StoreError
from counterfoil.models import FinishReason, RetentionClass, VerdictKind
from counterfoil.retention import UNREFERENCED, Report, Sweep
from counterfoil.settings import Settings
from counterfoil.store import Store
from counterfoil.store.images import add_image, deleted_images, get_fingerprints
from counterfoil.store.listings import get_versions
from counterfoil.store.products import add_reference_image, remove_product, remove_reference_image
from counterfoil.store.retention import claim_sweep
from counterfoil.store.tables import fingerprints, images, inspections, listing_versions, listings
from indexer.decoding import PictureDecoder
from indexer.ingest import ingest_once
from indexer.judging import Judging
from indexer.reassessing import reassess_once
from scheduler.housekeeping import sweep_evidence

COUNTERFEIT, UNSURE = VerdictKind.COUNTERFEIT, VerdictKind.UNSURE
HARMLESS = (VerdictKind.LOOKALIKE, VerdictKind.AUTHORISED, VerdictKind.UNRELATED)


@pytest.fixture
def archive(store: Store, evidence: EvidenceStore, settings: Settings) -> Archive:
    return Archive(store, evidence, settings)


def gone(report: Report) -> dict[str, tuple[int, int]]:
    """Pictures and bodies by class, classes of which nothing went left out."""
    return {name: (one.images, one.bodies) for name, one in report.classes.items() if one.images or one.bodies}


# ------------------------------------------------------------------------------------------------- whose time comes


def test_a_listing_that_nobody_suspects_keeps_its_pictures_for_90_days_after_it_was_seen(archive: Archive) -> None:
    old, young = archive.picture(), archive.picture()
    first, second = archive.listing(old, days=91), archive.listing(young, days=89)
    assert gone(archive.sweep()) == {RetentionClass.UNSUSPICIOUS: (1, 1)}
    assert (archive.there(old), archive.there(young)) == (False, True)
    assert (archive.body_there(first), archive.body_there(second)) == (False, True)


@pytest.mark.parametrize("verdict", HARMLESS)
def test_what_was_decided_to_be_no_counterfeit_is_kept_for_a_year_after_the_decision(
    archive: Archive, verdict: VerdictKind
) -> None:
    pictures = [archive.picture() for _ in range(3)]
    for picture, seen, decided in zip(pictures, (364, 800, 366), (800, 364, 366), strict=True):
        archive.suspect(archive.listing(picture, days=seen), days=decided, verdicts=(verdict,))
    assert gone(archive.sweep()) == {RetentionClass.CLOSED: (1, 1)}
    assert [archive.there(picture) for picture in pictures] == [True, True, False]


@pytest.mark.parametrize(("verdicts", "withdrawn"), [((), True), ((UNSURE,), True), ((COUNTERFEIT, UNSURE), True)])
def test_a_withdrawn_suspect_is_kept_for_a_year(
    archive: Archive, verdicts: tuple[VerdictKind, ...], withdrawn: bool
) -> None:
    picture = archive.picture()
    archive.suspect(archive.listing(picture, days=366), days=366, verdicts=verdicts, withdrawn=withdrawn)
    archive.sweep(retention_closed_days=367)
    assert archive.there(picture)
    assert gone(archive.sweep()) == {RetentionClass.CLOSED: (1, 1)}
    assert not archive.there(picture)


@pytest.mark.parametrize(
    ("verdicts", "withdrawn"),
    [
        ((), False),
        ((UNSURE,), False),
        ((COUNTERFEIT,), False),
        ((COUNTERFEIT,), True),
        ((HARMLESS[0], COUNTERFEIT), True),
    ],
)
def test_open_suspects_and_counterfeits_are_kept_for_ever_unless_a_limit_is_set(
    archive: Archive, verdicts: tuple[VerdictKind, ...], withdrawn: bool
) -> None:
    picture = archive.picture()
    version = archive.listing(picture, days=3_000)
    archive.suspect(version, days=3_000, verdicts=verdicts, withdrawn=withdrawn)
    assert gone(archive.sweep()) == {}
    assert archive.there(picture) and archive.body_there(version)
    assert gone(archive.sweep(retention_suspect_days=2_999)) == {RetentionClass.SUSPECT: (1, 1)}
    assert not archive.there(picture)


def test_zero_days_mean_for_ever(archive: Archive) -> None:
    picture = archive.picture()
    archive.listing(picture, days=5_000)
    assert gone(archive.sweep(retention_unsuspicious_days=0)) == {}
    assert archive.there(picture)


def test_one_owners_suspect_keeps_what_another_owner_does_not_need(archive: Archive) -> None:
    acme, other = archive.owner("acme"), archive.owner("other")
    picture = archive.picture()
    version = archive.listing(picture, days=500, owner=acme)
    archive.suspect(version, days=500, owner=acme, verdicts=(HARMLESS[0],))
    archive.suspect(version, days=500, owner=other)
    assert gone(archive.sweep()) == {}
    assert archive.there(picture)


def test_a_picture_that_several_listings_show_is_kept_for_the_one_that_needs_it_longest(archive: Archive) -> None:
    shared, own = archive.picture(), archive.picture()
    archive.listing(shared, own, days=200)
    suspicious = archive.listing(shared, days=500)
    archive.suspect(suspicious, days=500)
    assert gone(archive.sweep()) == {RetentionClass.UNSUSPICIOUS: (1, 1)}
    assert (archive.there(shared), archive.there(own)) == (True, False)


def test_older_versions_of_a_listing_are_kept_as_long_as_the_listing(archive: Archive) -> None:
    before, after = archive.picture(), archive.picture()
    first = archive.listing(before, days=400, key="one")
    archive.listing(after, days=10, key="one")
    assert gone(archive.sweep()) == {}
    assert archive.there(before) and archive.body_there(first)


def test_a_body_that_two_versions_were_read_from_goes_with_the_last_of_them(archive: Archive) -> None:
    first = archive.listing(days=100, body=b"the same page")
    second = archive.listing(days=95, body=b"the same page")
    assert gone(archive.sweep(retention_unsuspicious_days=98)) == {}
    assert archive.body(first)[1] == TODAY
    assert archive.evidence.get_body(archive.body(second)[0]) == b"the same page"
    assert gone(archive.sweep()) == {RetentionClass.UNSUSPICIOUS: (0, 1)}
    assert archive.differences() == []


def test_what_waits_to_be_judged_is_not_deleted(archive: Archive) -> None:
    waiting, claimed_, failed = archive.picture(), archive.picture(), archive.picture()
    archive.listing(waiting, days=100, judged=False)
    for picture, state in ((claimed_, "claimed"), (failed, "failed")):
        version = archive.listing(picture, days=100)
        with archive.store.write() as connection:
            mine = inspections.c.listing_version_id == version
            connection.execute(inspections.update().where(mine).values(state=state))
    archive.sweep()
    assert [archive.there(one) for one in (waiting, claimed_, failed)] == [True, True, False]


def test_reference_pictures_are_never_deleted_while_their_product_lives(archive: Archive) -> None:
    owner = archive.owner()
    live, removed, of_removed, lately = (archive.picture() for _ in range(4))
    product, gone_product, gone_lately = (new_product(archive.store, owner, name) for name in ("One", "Two", "Three"))
    with archive.store.write() as connection:
        for product_id, sha256 in (
            (product, live),
            (product, removed),
            (gone_product, of_removed),
            (gone_lately, lately),
        ):
            add_reference_image(connection, owner, product_id, sha256, "a file", days_ago(900))
        remove_reference_image(connection, owner, 2, days_ago(366))
        remove_product(connection, owner, gone_product, days_ago(366))
        remove_product(connection, owner, gone_lately, days_ago(364))
    archive.listing(live, removed, days=500)
    assert gone(archive.sweep(retention_suspect_days=1)) == {
        RetentionClass.UNSUSPICIOUS: (0, 1),
        RetentionClass.CLOSED: (2, 0),
    }
    assert [archive.there(one) for one in (live, removed, of_removed, lately)] == [True, False, False, True]


def test_classes_go_in_order_and_each_is_counted_for_itself(archive: Archive) -> None:
    for number in range(3):
        archive.listing(archive.picture(b"a" * 1_000 + bytes([number])), days=100)
    for number in range(2):
        version = archive.listing(archive.picture(b"b" * 5_000 + bytes([number])), days=400)
        archive.suspect(version, days=400, withdrawn=True)
    archive.suspect(archive.listing(archive.picture(b"c" * 9_000), days=900), days=900)
    report = archive.sweep(retention_suspect_days=800)
    assert list(report.classes) == ["unsuspicious", "closed", "suspect", "unreferenced"]
    assert gone(report) == {"unsuspicious": (3, 3), "closed": (2, 2), "suspect": (1, 1)}
    assert report.done
    bodies = 3 * 60
    assert 3 * 1_001 < report.classes["unsuspicious"].bytes < 3 * 1_001 + bodies
    assert 2 * 5_001 < report.classes["closed"].bytes < 2 * 5_001 + bodies
    assert list(archive.evidence.walk(Kind.IMAGE)) == list(archive.evidence.walk(Kind.BODY)) == []


def test_more_than_a_batch_goes_in_one_sweep(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("counterfoil.retention._AT_ONCE", 3)
    for _ in range(4):
        archive.listing(*(archive.picture() for _ in range(2)), days=100)
    kept = archive.picture()
    archive.listing(kept, days=1)
    assert gone(archive.sweep()) == {RetentionClass.UNSUSPICIOUS: (8, 4)}
    assert archive.there(kept)
    assert archive.differences() == []


# ------------------------------------------------------------------------------------------------- what stays


def test_rows_and_fingerprints_stay_and_say_what_was_deleted_when(archive: Archive) -> None:
    picture = archive.picture()
    version = archive.listing(picture, days=100)
    tables = (images, fingerprints, listings, listing_versions)
    before = [count(archive.store, table) for table in tables]
    archive.sweep()
    assert [count(archive.store, table) for table in tables] == before
    with archive.store.read() as connection:
        kept = get_versions(connection, [version])[version]
        assert deleted_images(connection, [picture, "0" * 64]) == {picture: TODAY}
        assert get_fingerprints(connection, [picture], "f1")[picture] is not None
    assert kept.facts.images[0].deleted_at == kept.body_deleted_at == TODAY


def test_a_new_product_still_finds_a_past_listing_whose_picture_was_deleted(archive: Archive) -> None:
    owner = archive.owner()
    with PictureDecoder(archive.settings.model_copy(update={"judge_processes": 1})) as decoder:
        judging = Judging(archive.store, archive.evidence, archive.settings, decoder)
        picture = archive.evidence.put_image(COPY)
        with archive.store.write() as connection:
            add_image(connection, picture, len(COPY), days_ago(100))
        version = archive.listing(picture, days=100, owner=owner, judged=False)
        assert ingest_once(judging) == 1
        archive.sweep()
        assert not archive.there(picture)
        product_id = new_product(archive.store, owner, "Lamp")
        reference = archive.evidence.put_image(REFERENCE)
        with archive.store.write() as connection:
            add_image(connection, reference, len(REFERENCE), TODAY)
            add_reference_image(connection, owner, product_id, reference, "a file", TODAY)
        while reassess_once(judging):
            pass
    assert suspects(archive.store).keys() == {version}


# ------------------------------------------------------------------------------------------------- beside others


def test_a_file_that_a_crawl_has_stored_and_not_written_down_yet_is_not_deleted(archive: Archive) -> None:
    name, page = archive.evidence.put_image(b"just stored"), archive.evidence.put_body(b"just stored")
    assert gone(archive.sweep(now=datetime.now(UTC))) == {}
    assert archive.evidence.has_image(name)
    # A day later nobody has written it down: the crawl was killed.
    assert gone(archive.sweep()) == {UNREFERENCED: (1, 1)}
    assert not archive.evidence.has_image(name) and archive.evidence.find(Kind.BODY, page) is None


def test_what_was_stored_since_the_oldest_crawl_at_work_began_is_left_alone_however_long_ago(archive: Archive) -> None:
    """A machine that slept for a week wakes up: its crawl goes on, and so does the sweep."""
    old = archive.evidence.put_image(b"before the crawl began")
    _age(archive, old, days=9)
    crawl = claimed(archive.store, archive.owner())
    with archive.store.write() as connection:
        connection.execute(sa.text("UPDATE crawls SET started_at = :at"), {"at": str(days_ago(8).replace(tzinfo=None))})
    stored = archive.evidence.put_image(b"by the crawl")
    _age(archive, stored, days=7)
    assert gone(archive.sweep()) == {UNREFERENCED: (1, 0)}
    assert archive.evidence.has_image(stored) and not archive.evidence.has_image(old)
    assert crawl.attempt == 1


def test_an_expired_picture_that_a_crawl_has_found_again_is_neither_deleted_nor_called_so(archive: Archive) -> None:
    picture = archive.picture(b"found again")
    version = archive.listing(picture, days=100)
    # The crawl puts it anew; its transaction is still to come.
    archive.evidence.put_image(b"found again")
    os.utime(archive.evidence.image_path(picture), (TODAY.timestamp(), TODAY.timestamp()))
    assert gone(archive.sweep()) == {RetentionClass.UNSUSPICIOUS: (0, 1)}
    assert archive.there(picture)
    assert not archive.body_there(version)


def test_a_picture_that_comes_again_after_its_time_lives_again(archive: Archive) -> None:
    picture = archive.picture(b"it comes again")
    archive.listing(picture, days=100, key="one")
    archive.sweep()
    assert archive.picture(b"it comes again", days=0) == picture
    assert archive.there(picture)
    archive.listing(picture, days=0, key="one")
    assert gone(archive.sweep()) == {}
    assert archive.there(picture)


def test_sweeping_twice_is_the_same_as_once(archive: Archive) -> None:
    for _ in range(5):
        archive.listing(archive.picture(), days=100)
    assert gone(archive.sweep()) == {RetentionClass.UNSUSPICIOUS: (5, 5)}
    assert gone(archive.sweep()) == {}
    assert archive.differences() == []


def test_two_sweeps_at_once_delete_everything_once(archive: Archive) -> None:
    for _ in range(40):
        archive.listing(archive.picture(), days=100)
    reports = at_once(2, lambda _: archive.sweep())
    swept = [report.classes[RetentionClass.UNSUSPICIOUS] for report in reports]
    assert sum(one.images for one in swept) == sum(one.bodies for one in swept) == 40
    assert archive.differences() == []


def test_a_dry_sweep_counts_what_a_real_one_deletes_and_changes_nothing(archive: Archive) -> None:
    for _ in range(4):
        archive.listing(archive.picture(), days=100)
    archive.suspect(archive.listing(archive.picture(), days=400), days=400, withdrawn=True)
    archive.evidence.put_image(b"nobody knows this")
    just_put = archive.picture(b"put anew")
    archive.listing(just_put, days=100)
    os.utime(archive.evidence.image_path(just_put), (TODAY.timestamp(), TODAY.timestamp()))
    before = sorted(one.where for kind in Kind for one in archive.evidence.walk(kind))
    counted = archive.sweep(dry=True)
    assert sorted(one.where for kind in Kind for one in archive.evidence.walk(kind)) == before
    assert archive.differences(now=days_ago(1)) == []
    assert archive.sweep().classes == counted.classes
    assert gone(counted) == {"unsuspicious": (4, 5), "closed": (1, 1), "unreferenced": (1, 0)}


def test_a_sweep_that_is_asked_to_stop_does_so_and_the_next_goes_on(archive: Archive) -> None:
    archive.listing(archive.picture(), days=100)
    stop = threading.Event()
    stop.set()
    report = Sweep(archive.store, archive.evidence, archive.settings, now=TODAY, stop=stop).run()
    assert (gone(report), report.done) == ({}, False)
    assert gone(archive.sweep()) == {RetentionClass.UNSUSPICIOUS: (1, 1)}


def test_a_database_that_knows_none_of_the_files_does_not_empty_the_store(archive: Archive) -> None:
    """Somebody has set COUNTERFOIL_DATABASE_URL to another database: the files are not leftovers."""
    for number in range(101):
        archive.evidence.put_image(f"of another database {number}".encode())
    with pytest.raises(StoreError, match="is it the one that they belong to"):
        archive.sweep()
    assert len(list(archive.evidence.walk(Kind.IMAGE))) == 101
    sweep = Sweep(archive.store, archive.evidence, archive.settings, now=TODAY)
    assert gone(sweep.run(also_most=True)) == {UNREFERENCED: (101, 0)}


def test_drafts_of_killed_writers_are_removed(archive: Archive) -> None:
    name = archive.picture()
    archive.listing(name, days=1)
    draft = archive.evidence.image_path(name).with_name(".draft-left")
    draft.write_bytes(b"half")
    assert archive.sweep(dry=True).drafts == 0
    assert archive.sweep().drafts == 1
    assert not draft.exists() and archive.there(name)


def test_foreign_files_are_left_alone(archive: Archive) -> None:
    name = archive.picture()
    archive.listing(name, days=1)
    notes = archive.evidence.image_path(name).with_name("notes.txt")
    notes.write_text("somebody's")
    archive.sweep()
    assert notes.read_text() == "somebody's"


def test_evidence_in_a_bucket_is_swept_alike(sqlite_store: Store, settings: Settings) -> None:
    archive = Archive(sqlite_store, EvidenceStore(in_memory()), settings)
    old, young = archive.picture(), archive.picture()
    first = archive.listing(old, days=100)
    archive.listing(young, days=1)
    archive.evidence.put_image(b"nobody knows this")
    assert gone(archive.sweep(dry=True)) == gone(archive.sweep()) == {"unsuspicious": (1, 1), "unreferenced": (1, 0)}
    assert (archive.there(old), archive.there(young), archive.body_there(first)) == (False, True, False)
    assert archive.differences() == []


# --------------------------------------------------------------------------------------------- whatever happens


OUTCOMES = st.sampled_from(
    [(None, False), *((kind, withdrawn) for kind in (UNSURE, COUNTERFEIT, *HARMLESS) for withdrawn in (False, True))]
)
LISTING = st.fixed_dictionaries(
    {
        "pictures": st.sets(st.integers(0, 5), max_size=3),
        "days": st.sampled_from([1, 89, 91, 364, 366, 900]),
        "suspects": st.lists(st.tuples(OUTCOMES, st.sampled_from([1, 364, 366, 900])), max_size=2),
    }
)


@examples(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=st.lists(LISTING, min_size=1, max_size=4), put_again=st.sets(st.integers(0, 5)))
def test_exactly_what_no_listing_needs_any_more_goes(
    sqlite_store: Store, evidence: EvidenceStore, settings: Settings, drawn: list[dict], put_again: set[int]
) -> None:
    archive = Archive(sqlite_store, evidence, settings, numbers=_ever)
    shown = [archive.picture() for _ in range(6)]
    for number in range(6):
        if number not in {one for listing in drawn for one in listing["pictures"]}:
            archive.listing(shown[number], days=1)
    needed = {number for number in range(6) if not any(number in one["pictures"] for one in drawn)}
    for one in drawn:
        version = archive.listing(*(shown[number] for number in sorted(one["pictures"])), days=one["days"])
        kept = one["days"] <= 90 and not one["suspects"]
        for index, ((verdict, withdrawn), days) in enumerate(one["suspects"]):
            verdicts = (verdict,) if verdict else ()
            owner = archive.owner(f"owner {index}")
            archive.suspect(version, days=days, owner=owner, verdicts=verdicts, withdrawn=withdrawn)
            closed = verdict in HARMLESS or (withdrawn and verdict is not COUNTERFEIT)
            kept |= not closed or min(days, one["days"]) <= 365
        needed |= one["pictures"] if kept else set()
    for number in put_again:
        os.utime(evidence.image_path(shown[number]), (TODAY.timestamp(), TODAY.timestamp()))
    archive.sweep()
    assert {number for number in range(6) if archive.there(shown[number])} == needed | put_again
    assert archive.differences() == []


_ever = numbers()

SWEEP = """
import sys
import time
from datetime import UTC, datetime, timedelta
from counterfoil.evidence import EvidenceStore, open_evidence
from counterfoil.retention import Sweep
from counterfoil.settings import load_settings
from counterfoil.store import open_store
settings = load_settings({"COUNTERFOIL_DATA": sys.argv[1]})
# As slow as a disk: in memory it would be over before anybody could kill it.
delete = EvidenceStore.delete
EvidenceStore.delete = lambda *store, **before: (time.sleep(0.001), delete(*store, **before))[1]
print("ready", flush=True)
Sweep(open_store(settings), open_evidence(settings), settings, now=datetime.now(UTC) + timedelta(days=2)).run()
"""


def test_a_sweep_killed_anywhere_leaves_nothing_that_the_next_does_not_mend(
    sqlite_store: Store, evidence: EvidenceStore, settings: Settings
) -> None:
    archive = Archive(sqlite_store, evidence, settings)
    kept = [archive.picture() for _ in range(5)]
    archive.listing(*kept, days=1)
    owner = archive.owner()
    for _ in range(150):
        archive.listing(*(archive.picture() for _ in range(4)), days=100, owner=owner)
    partly = 0
    for _ in range(8):
        process = subprocess.Popen([sys.executable, "-c", SWEEP, str(settings.data)], stdout=subprocess.PIPE)
        with process:
            process.stdout.readline()
            _wait_for_a_deletion(process, evidence)
            time.sleep(random.uniform(0, 0.1))
            process.send_signal(signal.SIGKILL)
        left = {one.sha256 for one in evidence.walk(Kind.IMAGE)}
        partly += 5 < len(left) < 605
        with archive.store.read() as connection:
            claimed_ = set(connection.scalars(sa.select(images.c.sha256).where(images.c.deleted_at.is_(None))))
        # No row claims a file that is gone.
        assert claimed_ <= left
    assert partly, "no sweep was killed on the way"
    archive.sweep()
    assert {one.sha256 for one in evidence.walk(Kind.IMAGE)} == set(kept)
    assert archive.differences() == []


def test_a_sweep_beside_a_running_crawl_takes_nothing_from_it(
    sqlite_store: Store, evidence: EvidenceStore, settings: Settings
) -> None:
    """Sweeps without pause, by a clock that calls everything old, while a real crawl stores and writes down."""
    with serving(Market()) as market:
        market.stock(40, pictures=2)
        for name in [image for one in market.listings.values() for image in one["images"]]:
            market.faults[f"/picture/{name}"] = _picture
        bench = Bench(settings, sqlite_store, market)
        archive = Archive(sqlite_store, evidence, settings)
        done = threading.Event()
        sweeps = threading.Thread(target=_sweep_until, args=(archive, done))
        # Outlasts the other: once no crawl is at work, by that clock everything may go.
        bench.claim("chair")
        crawl = bench.claim("lamp")
        sweeps.start()
        try:
            bench.run(crawl)
        finally:
            done.set()
            sweeps.join()
            bench.close()
        assert bench.row(crawl).reason is FinishReason.FINISHED
        shown = {image.sha256 for version in bench.versions() for image in version.facts.images}
    assert len(shown) == 80 and None not in shown
    assert all(archive.there(str(sha256)) for sha256 in shown)
    assert all(archive.body_there(version.id) for version in bench.versions())
    assert archive.differences() == []


def test_one_scheduler_of_several_sweeps_and_once_a_day(store: Store) -> None:
    def ask(moment: datetime) -> bool:
        with store.write() as connection:
            return claim_sweep(connection, timedelta(days=1), moment)

    assert sorted(at_once(4, lambda _: ask(TODAY))) == [False, False, False, True]
    assert not ask(TODAY + timedelta(hours=23))
    assert sorted(at_once(4, lambda _: ask(TODAY + timedelta(days=1)))) == [False, False, False, True]


def test_the_scheduler_sweeps_daily(sqlite_store: Store, evidence: EvidenceStore, settings: Settings) -> None:
    archive = Archive(sqlite_store, evidence, settings)
    picture = archive.picture()
    archive.listing(picture, days=100)
    _age(archive, picture, days=50)
    assert sweep_evidence(sqlite_store, settings, threading.Event())
    assert not archive.there(picture)
    assert not sweep_evidence(sqlite_store, settings, threading.Event())


def _age(archive: Archive, sha256: str, *, days: float) -> None:
    moment = days_ago(days).timestamp()
    os.utime(archive.evidence.image_path(sha256), (moment, moment))


def _picture(asked: Asked) -> Answer:
    image = encoded(scene(sum(asked.path.encode()), (48, 48)), "PNG") + asked.path.encode()
    return Answer(body=image, type="image/png")


def _sweep_until(archive: Archive, done: threading.Event) -> None:
    while not done.is_set():
        with archive.store.write() as connection:
            connection.execute(inspections.update().values(state="done"))
        archive.sweep(retention_unsuspicious_days=1)


def _wait_for_a_deletion(process: subprocess.Popen[bytes], evidence: EvidenceStore) -> None:
    before = len(list(evidence.walk(Kind.IMAGE)))
    while process.poll() is None and len(list(evidence.walk(Kind.IMAGE))) == before:
        time.sleep(0.001)
