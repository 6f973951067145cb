"""The judge's loop, with real pictures, real decoding processes and real deaths."""

import hashlib
import io
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from datetime import date
from decimal import Decimal
from pathlib import Path

import psutil
import pytest
import sqlalchemy as sa
from PIL import Image, ImageDraw
from postgres import Postgres
from rows import NOON, claimed, count, new_owner, new_product, pictures, record

from counterfoil.evidence import EvidenceStore
from counterfoil.exceptions import UnreadablePicture
from counterfoil.models import Fingerprint, MatchDecision, ReasonKind, Suspect, SuspectState
from counterfoil.renditions import rendition_folder
from counterfoil.settings import Settings
from counterfoil.store import Store
from counterfoil.store.images import add_image
from counterfoil.store.inspections import count_inspections
from counterfoil.store.products import add_reference_image, remove_product
from counterfoil.store.rates import add_rates
from counterfoil.store.reassessments import count_reassessments, request_reassessment
from counterfoil.store.sellers import authorise_seller
from counterfoil.store.suspects import get_assessments, get_suspects, suspect_ids_after
from counterfoil.store.tables import fingerprints, inspections, reassessments
from indexer.decoding import PictureDecoder
from indexer.decoding_process import DecodingProcess
from indexer.ingest import assess_product, ingest_once, run_ingest
from indexer.judges import Judges
from indexer.judging import Judged, Judging, Question
from indexer.known_pictures import KnownPictures
from indexer.picture_search import find_by_picture
from indexer.reassessing import reassess_once


def drawing(seed: int, size: int = 320, kind: str = "PNG") -> bytes:
    """A busy picture; every seed gives another."""
    dice = random.Random(seed)
    image = Image.new("RGB", (320, 320), tuple(dice.randrange(256) for _ in range(3)))
    pen = ImageDraw.Draw(image)
    for _ in range(40):
        x, y = dice.randrange(320), dice.randrange(320)
        box = (x, y, x + dice.randrange(20, 140), y + dice.randrange(20, 140))
        pen.rectangle(box, fill=tuple(dice.randrange(256) for _ in range(3)))
    file = io.BytesIO()
    image.resize((size, size), Image.Resampling.LANCZOS).save(file, kind)
    return file.getvalue()


REFERENCE, COPY, OTHER = drawing(1), drawing(1, size=200, kind="JPEG"), drawing(2)


@pytest.fixture(scope="module")
def decoder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PictureDecoder]:
    """One pool for all tests: starting the processes takes a second."""
    settings = Settings(data=tmp_path_factory.mktemp("data"), judge_processes=2)
    with PictureDecoder(settings) as one:
        yield one


@pytest.fixture
def judging(store: Store, evidence: EvidenceStore, settings: Settings, decoder: PictureDecoder) -> Judging:
    return Judging(store, evidence, settings, decoder)


@pytest.fixture
def owner_id(store: Store) -> int:
    return new_owner(store)


def keep(store: Store, evidence: EvidenceStore, data: bytes) -> str:
    """A picture as the crawler stores it."""
    sha256 = evidence.put_image(data)
    with store.write() as connection:
        add_image(connection, sha256, len(data), NOON)
    return sha256


def product(store: Store, evidence: EvidenceStore, owner_id: int, data: bytes = REFERENCE, name: str = "Lamp") -> int:
    product_id = new_product(store, owner_id, name)
    sha256 = keep(store, evidence, data)
    with store.write() as connection:
        add_reference_image(connection, owner_id, product_id, sha256, "a file", NOON)
    return product_id


def listings(store: Store, owner_id: int, *sha256s: str | None, title: str = "A thing") -> list[int]:
    """One listing for each picture; their version ids."""
    crawl = claimed(store, owner_id, f"monitor {time.monotonic_ns()}")
    return [
        record(
            store,
            crawl,
            key=f"{crawl.id}-{number}",
            title=title,
            images=pictures((f"https://m.example/{number}.jpg", sha256)) if sha256 else (),
        ).listing_version_id
        for number, sha256 in enumerate(sha256s)
    ]


def suspects(store: Store) -> dict[int, Suspect]:
    """All suspects by the version that was judged."""
    with store.read() as connection:
        ids = suspect_ids_after(connection, 0, 10_000)
        return {one.listing_version_id: one for one in get_suspects(connection, ids)}


def states(store: Store) -> dict[str, int]:
    with store.read() as connection:
        return count_inspections(connection)


def errors(store: Store) -> dict[str, str | None]:
    with store.read() as connection:
        rows = connection.execute(sa.select(fingerprints.c.image_sha256, fingerprints.c.error))
        return {row.image_sha256: row.error for row in rows}


def reassess_all(judging: Judging) -> int:
    count = 0
    while step := reassess_once(judging):
        count += step.judged
    return count


# ------------------------------------------------------------------------------------------------------- judging


def test_a_copied_picture_makes_a_suspect_and_an_honest_one_does_not(
    store: Store, evidence: EvidenceStore, judging: Judging, owner_id: int
) -> None:
    product_id = product(store, evidence, owner_id)
    copied, honest = keep(store, evidence, COPY), keep(store, evidence, OTHER)
    copy_id, _ = listings(store, owner_id, copied, honest)
    assert ingest_once(judging) == 2
    assert ingest_once(judging) == 0
    found = suspects(store)
    assert found.keys() == {copy_id}
    with store.read() as connection:
        (made,) = get_assessments(connection, [found[copy_id].id])[found[copy_id].id]
    assert made.product_id == product_id
    assert made.matches[0].image_sha256 == copied
    assert ReasonKind.IMAGE_COPY in {reason.kind for reason in made.score.reasons}
    assert states(store) == {"done": 2}
    assert errors(store) == dict.fromkeys([*errors(store), honest, copied]), "every picture keeps its fingerprint"


def test_the_thumbnails_of_a_suspect_are_there_with_it_and_those_of_other_listings_are_not(
    sqlite_store: Store,
    evidence: EvidenceStore,
    settings: Settings,
    decoder: PictureDecoder,
    caplog: pytest.LogCaptureFixture,
) -> None:
    judging, owner_id = Judging(sqlite_store, evidence, settings, decoder), new_owner(sqlite_store)
    copied, honest = keep(sqlite_store, evidence, COPY), keep(sqlite_store, evidence, OTHER)
    versions = listings(sqlite_store, owner_id, copied, honest)
    ingest_once(judging)
    assert not (settings.data / "renditions").exists()
    product(sqlite_store, evidence, owner_id)
    reassess_all(judging)
    assert suspects(sqlite_store).keys() == {versions[0]}
    (made,) = rendition_folder(settings.data, copied).iterdir()
    assert Image.open(made).size == (200, 200) and not rendition_folder(settings.data, honest).exists()
    when = made.stat().st_mtime_ns
    listings(sqlite_store, owner_id, copied)
    ingest_once(judging)
    assert made.stat().st_mtime_ns == when, "made once"
    shutil.rmtree(settings.data / "renditions")
    (settings.data / "renditions").write_bytes(b"a disk that takes nothing")
    versions += listings(sqlite_store, owner_id, copied)
    ingest_once(judging)
    assert versions[-1] in suspects(sqlite_store) and "made when they are asked for" in caplog.text


def test_pictures_that_cannot_be_read_cost_only_themselves(
    store: Store, evidence: EvidenceStore, judging: Judging, owner_id: int
) -> None:
    product(store, evidence, owner_id)
    copied, cut = keep(store, evidence, COPY), keep(store, evidence, COPY[:3_000])
    html, missing = keep(store, evidence, b"<html>not found</html>"), keep(store, evidence, drawing(9))
    evidence.image_path(missing).unlink()
    damaged = keep(store, evidence, drawing(10))
    evidence.image_path(damaged).write_bytes(b"\0" * 100)
    versions = listings(store, owner_id, cut, html, missing, damaged, copied, None)
    assert ingest_once(judging) == 6
    assert suspects(store).keys() == {versions[4]}
    assert states(store) == {"done": 6}
    said = errors(store)
    assert said[copied] is None
    assert "damaged" in str(said[cut]) and "format" in str(said[html])
    assert not said.keys() & {missing, damaged}, "their files may come back"


def test_a_picture_whose_file_comes_back_is_read_by_the_next_judgement(
    store: Store, evidence: EvidenceStore, judging: Judging, owner_id: int, caplog: pytest.LogCaptureFixture
) -> None:
    product(store, evidence, owner_id)
    missing, damaged = keep(store, evidence, COPY), keep(store, evidence, drawing(1, size=180))
    evidence.image_path(missing).unlink()
    evidence.image_path(damaged).write_bytes(b"\0" * 100)
    versions = listings(store, owner_id, missing, damaged)
    ingest_once(judging)
    assert suspects(store) == {}
    assert missing in caplog.text and damaged in caplog.text
    evidence.image_path(missing).write_bytes(COPY)
    evidence.image_path(damaged).write_bytes(drawing(1, size=180))
    with store.write() as connection:
        request_reassessment(connection, owner_id, None, "the disk is back", NOON)
    reassess_all(judging)
    assert suspects(store).keys() == set(versions)


def test_a_reference_whose_file_comes_back_finds_the_listings_that_were_judged_without_it(
    store: Store, evidence: EvidenceStore, judging: Judging, owner_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexer.judges._BLIND_SECONDS", 0)
    product(store, evidence, owner_id)
    reference = evidence.image_path(hashlib.sha256(REFERENCE).hexdigest())
    reference.rename(reference.with_name("away"))
    (version_id,) = listings(store, owner_id, keep(store, evidence, COPY))
    ingest_once(judging)
    reassess_all(judging)
    assert suspects(store) == {}
    reference.with_name("away").rename(reference)
    listings(store, owner_id, keep(store, evidence, OTHER))
    ingest_once(judging)
    reassess_all(judging)
    assert suspects(store).keys() == {version_id}
    assert reassess_once(judging) is None, "it is asked for once"


def test_what_probably_shows_a_new_reference_is_judged_before_the_rest_of_the_past(
    store: Store, evidence: EvidenceStore, judging: Judging, owner_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexer.reassessing._AT_FIRST", 2)
    other, copied = keep(store, evidence, OTHER), keep(store, evidence, COPY)
    *_, version_id = listings(store, owner_id, *[other] * 10, copied)
    (older,) = listings(store, owner_id, copied)
    listings(store, new_owner(store, "somebody else"), copied)
    while ingest_once(judging):
        pass
    product(store, evidence, owner_id)
    step = reassess_once(judging)
    assert step is not None and step.judged == 4
    assert suspects(store).keys() == {version_id, older}
    assert reassess_all(judging) == 10, "the walk goes on, and comes to them again"
    assert suspects(store).keys() == {version_id, older}


def test_a_reference_that_is_read_in_time_asks_for_no_second_walk(
    store: Store, evidence: EvidenceStore, judging: Judging, owner_id: int
) -> None:
    listings(store, owner_id, keep(store, evidence, COPY))
    ingest_once(judging)
    product(store, evidence, owner_id)
    reassess_all(judging)
    assert count(store, reassessments) == 1


def test_a_disk_that_fails_costs_no_listing_and_no_attempt(
    store: Store, evidence: EvidenceStore, judging: Judging, owner_id: int
) -> None:
    product(store, evidence, owner_id)
    copied, other = keep(store, evidence, COPY), keep(store, evidence, OTHER)
    versions = listings(store, owner_id, copied, other)
    with _failing(evidence.image_path(copied)):
        for _ in range(3):
            with pytest.raises(OSError, match="Is a directory"):
                ingest_once(judging)
        assert states(store) == {"waiting": 2}
        assert count(store, inspections, inspections.c.attempt > 0) == 0
        assert copied not in errors(store)
    assert ingest_once(judging) == 2
    assert suspects(store).keys() == {versions[0]}


@contextmanager
def _failing(path: Path) -> Iterator[None]:
    """Reading this file fails with an error of the system until the block ends."""
    kept = path.with_name("kept")
    path.rename(kept)
    path.mkdir()
    yield
    path.rmdir()
    kept.rename(path)


def test_a_listing_that_cannot_be_judged_fails_alone_with_its_reason(
    sqlite_store: Store, evidence: EvidenceStore, settings: Settings, decoder: PictureDecoder
) -> None:
    owner_id = new_owner(sqlite_store)
    product(sqlite_store, evidence, owner_id)
    copied = keep(sqlite_store, evidence, COPY)
    versions = listings(sqlite_store, owner_id, copied, copied, copied)
    with sqlite_store.write() as connection:
        connection.execute(sa.text("UPDATE listing_versions SET price = 'much' WHERE id = :id"), {"id": versions[1]})
    assert ingest_once(Judging(sqlite_store, evidence, settings, decoder)) == 3
    assert states(sqlite_store) == {"done": 2, "failed": 1}
    assert suspects(sqlite_store).keys() == {versions[0], versions[2]}
    with sqlite_store.read() as connection:
        said = connection.scalar(sa.select(inspections.c.error).where(inspections.c.state == "failed"))
    assert "much" in str(said) or "Invalid" in str(said)


def test_a_judgement_that_cannot_be_written_fails_alone(
    store: Store, evidence: EvidenceStore, judging: Judging, owner_id: int
) -> None:
    product(store, evidence, owner_id)
    copied = keep(store, evidence, COPY)
    versions = listings(store, owner_id, copied, copied, copied)
    with store.write() as connection:
        _refuse(connection, versions[1])
    assert ingest_once(judging) == 3
    assert states(store) == {"done": 2, "failed": 1}
    assert suspects(store).keys() == {versions[0], versions[2]}


def _refuse(connection: sa.Connection, version_id: int) -> None:
    """Have the database refuse assessments of one version."""
    if connection.dialect.name == "sqlite":
        connection.execute(
            sa.text(
                "CREATE TRIGGER refuse BEFORE INSERT ON assessments "
                f"WHEN NEW.listing_version_id = {version_id} BEGIN SELECT RAISE(ABORT, 'refused'); END"
            )
        )
    else:
        connection.execute(
            sa.text(f"ALTER TABLE assessments ADD CONSTRAINT refuse CHECK (listing_version_id <> {version_id})")
        )


def test_owners_are_judged_by_their_own_products(
    store: Store, evidence: EvidenceStore, judging: Judging, owner_id: int
) -> None:
    product(store, evidence, owner_id)
    other = new_owner(store, "rival")
    product(store, evidence, other, OTHER)
    copied = keep(store, evidence, COPY)
    (mine,) = listings(store, owner_id, copied)
    listings(store, other, copied)
    assert ingest_once(judging) == 2
    assert [(one.owner_id, one.listing_version_id) for one in suspects(store).values()] == [(owner_id, mine)]


# --------------------------------------------------------------------------------------------------- reassessing


def test_a_new_product_finds_past_listings_without_a_crawl_and_without_a_picture(
    store: Store, evidence: EvidenceStore, judging: Judging, owner_id: int
) -> None:
    copied = keep(store, evidence, COPY)
    (version_id, _) = listings(store, owner_id, copied, keep(store, evidence, OTHER))
    assert ingest_once(judging) == 2
    assert suspects(store) == {}
    evidence.image_path(copied).unlink()
    product(store, evidence, owner_id)
    assert reassess_all(judging) >= 2
    assert suspects(store).keys() == {version_id}


def test_what_is_taken_back_withdraws_the_suspicion(
    store: Store, evidence: EvidenceStore, judging: Judging, owner_id: int
) -> None:
    product_id = product(store, evidence, owner_id)
    versions = listings(store, owner_id, *[keep(store, evidence, COPY)] * 2)
    ingest_once(judging)
    assert {one.state for one in suspects(store).values()} == {SuspectState.OPEN}
    with store.write() as connection:
        authorise_seller(connection, owner_id, "market", "s-1", None, NOON)
    assert reassess_all(judging) == 2
    assert {one.state for one in suspects(store).values()} == {SuspectState.WITHDRAWN}
    with store.write() as connection:
        remove_product(connection, owner_id, product_id, NOON)
    reassess_all(judging)
    assert {version: one.score for version, one in suspects(store).items()} == dict.fromkeys(versions, 0.0)


def test_a_sibling_stands_when_the_product_that_displaced_it_is_taken_back_and_goes_when_it_is_added(
    store: Store, evidence: EvidenceStore, judging: Judging, owner_id: int
) -> None:
    plain = new_product(store, owner_id, "Coat")
    pictured = product(store, evidence, owner_id, name="Lamp")
    (version_id,) = listings(store, owner_id, keep(store, evidence, COPY), title="Acme replica 1:1 AAA copy fake")
    ingest_once(judging)
    assert _blamed(store, version_id) == [pictured]
    with store.write() as connection:
        remove_product(connection, owner_id, pictured, NOON)
    reassess_all(judging)
    assert _blamed(store, version_id) == [plain]
    assert suspects(store)[version_id].state is SuspectState.OPEN
    again = product(store, evidence, owner_id, name="Lamp, new")
    reassess_all(judging)
    assert _blamed(store, version_id) == [again]
    (anew,) = judging.answer([Question(owner_id=owner_id, version_id=version_id)]).values()
    assert [one.product_id for one in anew.made] == [again], "judging again says what judging anew says"
    assert suspects(store)[version_id].score == pytest.approx(anew.made[0].score.value)


def _blamed(store: Store, version_id: int) -> list[int]:
    """The products that a suspect seems to imitate, best first."""
    suspect_id = suspects(store)[version_id].id
    with store.read() as connection:
        return [one.product_id for one in get_assessments(connection, [suspect_id])[suspect_id]]


def test_a_registry_that_changes_in_the_middle_of_a_step_has_the_step_done_again(
    store: Store,
    evidence: EvidenceStore,
    settings: Settings,
    decoder: PictureDecoder,
    judging: Judging,
    owner_id: int,
) -> None:
    class Overtaken(Judging):
        """A judge that is slower than the person who authorises the seller."""

        def answer(self, questions: Collection[Question]) -> dict[Question, Judged]:
            answers = super().answer(questions)
            with store.write() as connection:
                authorise_seller(connection, owner_id, "market", "s-1", None, NOON)
            return answers

    listings(store, owner_id, keep(store, evidence, COPY))
    ingest_once(judging)
    product(store, evidence, owner_id)
    assert reassess_once(Overtaken(store, evidence, settings, decoder)) is None
    assert suspects(store) == {}
    reassess_all(judging)
    assert suspects(store) == {}, "the seller is authorised: no judgement from before may stand"


def test_new_rates_are_used_at_once(
    store: Store, evidence: EvidenceStore, settings: Settings, decoder: PictureDecoder, owner_id: int
) -> None:
    judges = Judges(store, evidence, decoder, settings.data)
    first = judges.judge_of(owner_id)
    assert judges.judge_of(owner_id) is first
    with store.write() as connection:
        add_rates(connection, date(2026, 3, 1), "EUR", {"USD": Decimal("1.1")})
    second = judges.judge_of(owner_id)
    assert second is not first and second.rates is not None
    product_id = product(store, evidence, owner_id)
    assert judges.judge_of(owner_id).product_ids == {product_id}


def test_assessing_in_the_foreground_waits_until_all_is_judged(
    store: Store, evidence: EvidenceStore, settings: Settings, judging: Judging, owner_id: int
) -> None:
    versions = listings(store, owner_id, *[keep(store, evidence, COPY)] * 3)
    while ingest_once(judging):
        pass
    product_id = product(store, evidence, owner_id)
    progress: list[int] = []
    count = assess_product(store, evidence, settings, owner_id, product_id, progress.append)
    assert count >= 3 and progress[-1] == count
    assert suspects(store).keys() == set(versions)
    with store.read() as connection:
        assert count_reassessments(connection, owner_id) == 0


def test_assessing_in_the_foreground_takes_over_what_a_dead_judge_has_left(
    store: Store, evidence: EvidenceStore, settings: Settings, judging: Judging, owner_id: int
) -> None:
    """Nobody else runs here who would: it would wait for ever."""
    versions = listings(store, owner_id, *[keep(store, evidence, COPY)] * 3)
    (theirs,) = listings(store, new_owner(store, "rival"), None)
    while ingest_once(judging):
        pass
    version = inspections.c.listing_version_id
    with store.write() as connection:
        dead = inspections.update().where(version.in_([versions[1], theirs]))
        connection.execute(dead.values(state="claimed", lease_until=NOON))
    product_id = product(store, evidence, owner_id)
    assert assess_product(store, evidence, settings, owner_id, product_id) >= 3
    assert suspects(store).keys() == set(versions)
    with store.read() as connection:
        left = connection.execute(sa.select(version).where(inspections.c.state == "claimed"))
        assert left.scalars().all() == [theirs], "another owner's is not this command's"


# ------------------------------------------------------------------------------------------------- the processes


def test_a_decoding_process_that_is_killed_costs_no_picture(settings: Settings, evidence: EvidenceStore) -> None:
    names = [evidence.put_image(drawing(number)) for number in range(40)]
    before = set(_decoding())
    with PictureDecoder(settings.model_copy(update={"judge_processes": 2})) as decoder:
        decoder.fingerprint(drawing(0))
        killer = threading.Timer(0.15, lambda: random.choice(list(set(_decoding()) - before)).kill())
        killer.start()
        made = decoder.fingerprint_stored(evidence, names)
        killer.join()
    assert all(isinstance(one, Fingerprint) for one in made.values())
    assert list(made) == names


def test_a_decoding_process_that_stands_still_is_replaced(settings: Settings, evidence: EvidenceStore) -> None:
    names = [evidence.put_image(drawing(number)) for number in range(6)]
    with PictureDecoder(settings.model_copy(update={"judge_processes": 1}), seconds=4) as decoder:
        before = set(_decoding())
        decoder.fingerprint(drawing(0))
        for worker in set(_decoding()) - before:
            worker.suspend()
        made = decoder.fingerprint_stored(evidence, names)
    assert [type(one) for one in made.values()] == [Fingerprint] * 6


def test_a_picture_that_breaks_its_process_every_time_is_unreadable(settings: Settings) -> None:
    with PictureDecoder(settings.model_copy(update={"judge_processes": 1}), seconds=4) as decoder:
        for work, args, words in ((os.abort, (), "broke the process"), (time.sleep, (60,), "more than 4 seconds")):
            with pytest.raises(UnreadablePicture, match=words):
                decoder._ask(work, *args)
        assert decoder.fingerprint(drawing(1)).informative


def test_a_decoding_process_has_its_limits_and_answers_with_what_went_wrong() -> None:
    process = DecodingProcess()
    with pytest.raises(MemoryError):
        process.ask(bytearray, 5 * 1024**3, seconds=20)
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        process.ask(divmod, 1, 0, seconds=20)
    assert process.ask(divmod, 7, 2, seconds=20) == (3, 1)
    process.end()


def test_a_process_that_was_killed_while_it_waited_is_replaced_unnoticed() -> None:
    process = DecodingProcess()
    for _ in range(5):
        number = process.ask(os.getpid, seconds=20)
        os.kill(number, signal.SIGKILL)
        with suppress(psutil.NoSuchProcess):
            psutil.Process(number).wait(60)
    process.end()


def _decoding() -> list[psutil.Process]:
    """The processes that decode: the fork server's children."""
    ours = psutil.Process().children(recursive=True)
    servers = [one for one in ours if any("forkserver" in word for word in one.cmdline())]
    pids = {one.pid for one in servers}
    return [one for one in servers if one.ppid() in pids]


_JUDGE = """
import sys, threading
from counterfoil.evidence import open_evidence
from counterfoil.lifeline import stop_event
from counterfoil.settings import load_settings
from counterfoil.store import open_store
from indexer.ingest import run_ingest
if __name__ == "__main__":
    settings = load_settings({"COUNTERFOIL_DATA": sys.argv[1], "COUNTERFOIL_LEASE_SECONDS": "2",
        "COUNTERFOIL_TICK_SECONDS": "0.1", "COUNTERFOIL_JUDGE_PROCESSES": "1"})
    run_ingest(open_store(settings), open_evidence(settings), settings, stop_event())
"""


def _judge(data: Path) -> subprocess.Popen[bytes]:
    script = data.parent / "judge.py"
    script.write_text(_JUDGE)
    root = Path(__file__).parents[1]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    return subprocess.Popen([sys.executable, str(script), str(data)], cwd=root, env=environment)


def test_several_judges_share_the_work_and_one_that_is_killed_loses_nothing(
    sqlite_store: Store, evidence: EvidenceStore, settings: Settings
) -> None:
    owner_id = new_owner(sqlite_store)
    product(sqlite_store, evidence, owner_id)
    shown = [keep(sqlite_store, evidence, drawing(1, size=150 + number)) for number in range(60)]
    shown += [keep(sqlite_store, evidence, drawing(1_000 + number)) for number in range(60)]
    versions = listings(sqlite_store, owner_id, *shown)
    first, second = _judge(settings.data), _judge(settings.data)
    try:
        _until(lambda: "claimed" in states(sqlite_store))
        children = psutil.Process(first.pid).children(recursive=True)
        first.kill()
        first.wait()
        _until(lambda: states(sqlite_store) == {"done": 120})
        _, alive = psutil.wait_procs(children, timeout=30)
        assert alive == [], "nothing of a killed judge lives on"
    finally:
        second.terminate()
        assert second.wait(30) == 0
    assert suspects(sqlite_store).keys() == set(versions[:60])
    assert {one.revision for one in suspects(sqlite_store).values()} == {1}
    with sqlite_store.read() as connection:
        (row,) = connection.execute(sa.text("SELECT count(*), count(DISTINCT suspect_id) FROM outbox"))
    assert tuple(row) == (60, 60)


def test_the_loop_judges_new_listings_then_past_ones_and_stops_when_asked(
    store: Store, evidence: EvidenceStore, settings: Settings, owner_id: int
) -> None:
    stop = threading.Event()
    quick = settings.model_copy(update={"tick_seconds": 0.05, "judge_processes": 1})
    thread = threading.Thread(target=run_ingest, args=(store, evidence, quick, stop))
    thread.start()
    try:
        copied = keep(store, evidence, COPY)
        (version_id,) = listings(store, owner_id, copied)
        _until(lambda: states(store) == {"done": 1})
        product(store, evidence, owner_id)
        _until(lambda: suspects(store).keys() == {version_id})
    finally:
        stop.set()
        thread.join(30)
    assert not thread.is_alive()


def test_the_loop_outlives_an_outage_of_the_database_also_at_its_start(
    postgres: Postgres,
    postgres_store: Store,
    evidence: EvidenceStore,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
) -> None:
    owner_id = new_owner(postgres_store)
    product(postgres_store, evidence, owner_id)
    copied = keep(postgres_store, evidence, COPY)
    stop = threading.Event()
    quick = settings.model_copy(update={"tick_seconds": 0.05, "judge_processes": 1})
    thread = threading.Thread(target=run_ingest, args=(postgres_store, evidence, quick, stop))
    try:
        with postgres.outage(postgres_store.engine.url):
            thread.start()
            _until(lambda: "listings wait to be judged: The database cannot be used" in caplog.text)
        versions = listings(postgres_store, owner_id, copied)
        _until(lambda: states(postgres_store) == {"done": 1})
        with postgres.outage(postgres_store.engine.url):
            _until(lambda: caplog.text.count("listings wait to be judged") == 2)
        versions += listings(postgres_store, owner_id, copied)
        _until(lambda: states(postgres_store) == {"done": 2})
    finally:
        stop.set()
        thread.join(60)
    assert not thread.is_alive()
    assert suspects(postgres_store).keys() == set(versions)


def test_the_loop_waits_for_a_disk_that_fails(
    store: Store, evidence: EvidenceStore, settings: Settings, owner_id: int, caplog: pytest.LogCaptureFixture
) -> None:
    product(store, evidence, owner_id)
    copied = keep(store, evidence, COPY)
    versions = listings(store, owner_id, copied)
    stop = threading.Event()
    quick = settings.model_copy(update={"tick_seconds": 0.05, "judge_processes": 1})
    thread = threading.Thread(target=run_ingest, args=(store, evidence, quick, stop))
    try:
        with _failing(evidence.image_path(copied)):
            thread.start()
            _until(lambda: "listings wait to be judged: [Errno" in caplog.text)
        _until(lambda: suspects(store).keys() == set(versions))
    finally:
        stop.set()
        thread.join(60)
    assert not thread.is_alive()


def _until(true) -> None:  # type: ignore[no-untyped-def]
    end = time.monotonic() + 90
    while not true():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.05)


# -------------------------------------------------------------------------------------------- search by picture


def test_a_picture_finds_its_copies_in_suspects_and_elsewhere_nearest_first(
    store: Store, evidence: EvidenceStore, judging: Judging, decoder: PictureDecoder, owner_id: int
) -> None:
    product(store, evidence, owner_id)
    copied, other = keep(store, evidence, COPY), keep(store, evidence, OTHER)
    (suspected, _) = listings(store, owner_id, copied, other)
    ingest_once(judging)
    suspect_id = suspects(store)[suspected].id
    stranger, known = new_owner(store, "rival"), KnownPictures(store)
    for data, sha256, expected in ((REFERENCE, copied, (suspect_id,)), (OTHER, other, ())):
        sketch = decoder.sketch(data)
        (found,) = find_by_picture(store, evidence, decoder, known, owner_id, sketch)
        assert find_by_picture(store, evidence, decoder, known, stranger, sketch) == []
        assert (found.sha256, found.suspect_ids, found.decision) == (sha256, expected, MatchDecision.CONFIRMED)
        assert found.distance <= 20
    evidence.image_path(copied).unlink()
    (gone,) = find_by_picture(store, evidence, decoder, known, owner_id, decoder.sketch(REFERENCE))
    assert (gone.sha256, gone.decision) == (copied, MatchDecision.UNVERIFIED)
    with pytest.raises(UnreadablePicture):
        decoder.fingerprint(b"no picture")
