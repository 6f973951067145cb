"""What is the embedded index's own: its files, large counts, damage, many threads and processes."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from index_documents import BAG, LAMP, START, document, found_naively

from counterfoil.exceptions import IndexUnavailable
from indexer.base import IndexState, PutStatus
from indexer.document import SuspectDocument
from indexer.embedded import EmbeddedIndex
from indexer.embedded_folder import IndexFolder
from indexer.query import EXACT_COUNT, Count, Facet, Sort, SuspectQuery

ALL = SuspectQuery(owner_id=1, words="leather")


def made(folder: Path, *documents: SuspectDocument) -> EmbeddedIndex:
    index = EmbeddedIndex(folder)
    index.begin_generation().publish()
    index.put(documents)
    return index


def file_of(folder: Path) -> Path:
    return folder / (folder / "current").read_text().strip()


@pytest.fixture(scope="module")
def many() -> list[SuspectDocument]:
    """More suspects than are counted exactly, unevenly spread over days, hours, prices and scores."""
    dice = random.Random(3)
    return [
        document(
            number,
            title=dice.choice(["leather bag", "leather"]),
            description=dice.choice(["a bag", None]),
            products=(dice.choice([BAG, LAMP]),),
            score=dice.randrange(5_000, 5_100) / 10_000,
            price=dice.choice([None, Decimal(dice.randrange(1, 300)) / 10, Decimal(10) ** dice.randrange(-6, 9)]),
            first_suspected_at=START + timedelta(days=int(dice.paretovariate(0.7)) % 90, minutes=dice.randrange(1_440)),
        )
        for number in range(1, EXACT_COUNT + 1_002)
    ]


@pytest.fixture(scope="module")
def large(many: list[SuspectDocument], tmp_path_factory: pytest.TempPathFactory) -> EmbeddedIndex:
    index = EmbeddedIndex(tmp_path_factory.mktemp("large"))
    generation = index.begin_generation()
    generation.put(many)
    generation.publish()
    return index


def test_names_that_a_refused_document_brought_are_given_to_the_next_one_anew(tmp_path: Path) -> None:
    """Within one batch: their numbers went with it."""
    broken = replace(document(1).reasons[0], evidence={"brand": "half a letter \ud800"})
    other = document(2, products=(LAMP,), marketplace="souk", reasons=(broken,))
    index = EmbeddedIndex(tmp_path)
    index.begin_generation().publish()
    outcomes = index.put([document(1), other, document(3, products=(LAMP,), marketplace="souk")])
    assert [one.status for one in outcomes] == [PutStatus.STORED, PutStatus.REFUSED, PutStatus.STORED]
    page = index.search(replace(ALL, facets=tuple(Facet), marketplaces=("souk",)))
    assert [one.id for one in page.suspects] == [3]
    assert [one.label for one in page.facets[Facet.BRAND].values] == ["Norðlys"]


def test_a_name_that_changes_back_within_a_batch_is_called_as_it_was_last(tmp_path: Path) -> None:
    names = ("Acme", "Acme Inc.", "Acme")
    products = [(replace(BAG, brand_name=name),) for name in names]
    index = made(tmp_path, *(document(number, products=one) for number, one in enumerate(products, 1)))
    page = index.search(replace(ALL, facets=(Facet.BRAND,)))
    assert [(one.label, one.count) for one in page.facets[Facet.BRAND].values] == [("Acme", 3)]


# ------------------------------------------------------------------------------------------------ large answers


def test_counts_beyond_ten_thousand_are_said_to_be_more(large: EmbeddedIndex, many: list[SuspectDocument]) -> None:
    page = large.search(replace(ALL, facets=(Facet.BRAND,)))
    assert page.total == Count(value=10_000, exact=False)
    assert str(page.total) == "10,000+"
    assert not page.facets[Facet.BRAND].exact
    assert sum(one.count for one in page.facets[Facet.BRAND].values) == 10_000
    exactly = replace(ALL, suspect_ids=tuple(range(1, 10_001)))
    assert large.search(exactly).total == Count(value=10_000)


@pytest.mark.parametrize("sort", list(Sort))
def test_every_order_holds_beyond_what_is_counted(
    large: EmbeddedIndex, many: list[SuspectDocument], sort: Sort
) -> None:
    query = replace(ALL, words="leather bag" if sort is Sort.RELEVANCE else "leather", sort=sort, limit=200)
    expected = [one.id for one in found_naively(many, query)]
    page, found = large.search(query), []
    for _ in range(12):
        found.extend(one.id for one in page.suspects)
        page = large.search(replace(query, cursor=page.next_cursor))
    assert found == expected[: len(found)]
    assert len(found) == 2_400


@pytest.mark.parametrize("sort", [Sort.NEWEST, Sort.OLDEST, Sort.PRICE_LOW, Sort.PRICE_HIGH])
def test_the_last_page_of_a_large_answer_is_reached(
    large: EmbeddedIndex, many: list[SuspectDocument], sort: Sort
) -> None:
    query = replace(ALL, sort=sort, limit=200)
    page, found = large.search(query), []
    while True:
        found.extend(one.id for one in page.suspects)
        if page.next_cursor is None:
            break
        page = large.search(replace(query, cursor=page.next_cursor))
    assert found == [one.id for one in found_naively(many, query)]


def test_ranges_of_time_and_price_hold_in_a_large_index(large: EmbeddedIndex, many: list[SuspectDocument]) -> None:
    for changes in (
        {"since": START + timedelta(days=3, hours=5), "until": START + timedelta(days=40)},
        {"since": START + timedelta(minutes=30)},
        {"currency": "EUR", "price_from": Decimal("0.000001"), "price_to": Decimal("29.9")},
        {"currency": "EUR", "price_from": Decimal(5), "price_to": Decimal("5.1")},
    ):
        for sort in (Sort.SCORE, Sort.NEWEST, Sort.PRICE_HIGH):
            query = replace(ALL, words="", sort=sort, limit=200, **changes)  # type: ignore[arg-type]
            expected = found_naively(many, query)
            page = large.search(query)
            assert [one.id for one in page.suspects] == [one.id for one in expected[:200]]
            assert page.total == Count(value=min(len(expected), 10_000), exact=len(expected) <= 10_000)


# --------------------------------------------------------------------------------------------------------- damage


def _overwrite(path: Path) -> None:
    path.write_bytes(b"\xff" * path.stat().st_size)


def _cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def _empty(path: Path) -> None:
    os.truncate(path, 0)


@pytest.mark.parametrize("damage", [_overwrite, _cut, _empty])
def test_a_damaged_file_is_one_clear_error_and_a_rebuild_sets_it_aside(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    made(tmp_path, *(document(number) for number in range(1, 50))).close()
    path = file_of(tmp_path)
    damage(path)
    index = EmbeddedIndex(tmp_path)
    with pytest.raises(IndexUnavailable, match="counterfoil index rebuild"):
        index.search(ALL)
        index.check()
    generation = index.begin_generation()
    generation.put([document(7)])
    generation.publish()
    assert [one.id for one in index.search(ALL).suspects] == [7]
    index.check()
    assert [found.name for found in tmp_path.glob("*.damaged")] == [path.name + ".damaged"]


def test_a_damaged_full_text_table_is_noticed_by_a_check(tmp_path: Path) -> None:
    index = made(tmp_path, *(document(number) for number in range(1, 50)))
    index.check()
    with closing(sqlite3.connect(file_of(tmp_path))) as connection, connection:
        connection.execute("DELETE FROM words_data WHERE id > 100")
    with pytest.raises(IndexUnavailable, match="damaged"):
        index.check()


def test_a_current_that_names_nothing_is_a_missing_index(tmp_path: Path) -> None:
    made(tmp_path, document(1)).close()
    for text in ("suspects-000099.sqlite", "../../etc/passwd", "", "\udcff"):
        (tmp_path / "current").write_bytes(text.encode("utf-8", "surrogateescape"))
        assert EmbeddedIndex(tmp_path).state() is IndexState.MISSING


def test_an_index_made_by_other_rules_says_so_and_can_be_rebuilt(tmp_path: Path) -> None:
    made(tmp_path, document(1)).close()
    with closing(sqlite3.connect(file_of(tmp_path))) as connection, connection:
        connection.execute("UPDATE about SET value = 'of another version'")
    index = EmbeddedIndex(tmp_path)
    assert index.state() is IndexState.OUTDATED
    for use in (lambda: index.search(ALL), lambda: index.put([document(2)])):
        with pytest.raises(IndexUnavailable, match=r"another version.*counterfoil index rebuild"):
            use()
    index.begin_generation().publish()
    assert index.state() is IndexState.READY


def test_a_file_that_cannot_be_opened_is_a_clear_error(tmp_path: Path) -> None:
    made(tmp_path, document(1)).close()
    file_of(tmp_path).rename(tmp_path / "elsewhere")
    (tmp_path / "suspects-000001.sqlite").mkdir()
    with pytest.raises(IndexUnavailable, match=r"cannot be opened.*counterfoil index rebuild"):
        EmbeddedIndex(tmp_path).search(ALL)


def test_ids_beyond_what_it_can_number_are_refused(tmp_path: Path) -> None:
    numbers = (2**32 - 1, 2**32, 2**70)
    outcomes = made(tmp_path).put([replace(document(1), id=number) for number in numbers])
    assert [one.status for one in outcomes] == [PutStatus.STORED, PutStatus.REFUSED, PutStatus.REFUSED]


# -------------------------------------------------------------------------------------------------- many at once


def test_searches_go_on_while_generations_change_and_documents_are_put(tmp_path: Path) -> None:
    index = made(tmp_path, *(document(number) for number in range(1, 21)))
    stop, problems = threading.Event(), []

    def search() -> None:
        while not stop.is_set():
            page = index.search(replace(ALL, facets=(Facet.BRAND,)))
            if page.total.value < 20 or len(page.suspects) < 20:
                problems.append(page.total)

    def put() -> None:
        while not stop.is_set():
            index.put([document(random.randint(1, 20), revision=random.randint(1, 9))])

    threads = [threading.Thread(target=work) for work in (search, search, search, put)]
    for thread in threads:
        thread.start()
    for _ in range(10):
        generation = index.begin_generation()
        generation.put([document(number) for number in range(1, 21)])
        generation.publish()
    stop.set()
    for thread in threads:
        thread.join()
    assert problems == []
    index.check()
    assert len(list(tmp_path.glob("suspects-*.sqlite"))) == 1


def test_another_process_finds_the_generation_that_was_published_meanwhile(tmp_path: Path) -> None:
    ours, theirs = made(tmp_path, document(1)), EmbeddedIndex(tmp_path)
    assert [one.id for one in theirs.search(ALL).suspects] == [1]
    generation = ours.begin_generation()
    generation.put([document(2)])
    theirs.put([document(3)])
    generation.publish()
    assert [one.id for one in theirs.search(ALL).suspects] == [2, 3]
    assert [one.id for one in ours.search(ALL).suspects] == [2, 3]


@pytest.mark.parametrize("look", ["current", "_is_filling"])
def test_what_is_put_while_a_generation_is_published_is_in_it(
    tmp_path: Path, look: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever puts looks twice, for the current file and for a rebuild: it may be published after either look."""
    ours, theirs = made(tmp_path, document(1)), EmbeddedIndex(tmp_path)
    generation = ours.begin_generation()
    generation.put([document(1)])
    living, look_once = IndexFolder.living, getattr(IndexFolder, look)

    def publish_after_looking(folder: IndexFolder) -> object:
        found = look_once(folder)
        monkeypatch.setattr(IndexFolder, look, look_once)
        generation.publish()
        return found

    def look_and_publish(folder: IndexFolder) -> list[Path]:
        monkeypatch.setattr(IndexFolder, look, publish_after_looking)
        found = living(folder)
        monkeypatch.setattr(IndexFolder, look, look_once)
        return found

    monkeypatch.setattr(IndexFolder, "living", look_and_publish)
    theirs.put([document(2)])
    if ours.search(ALL).total.value == 1:
        generation.publish()
    assert [one.id for one in ours.search(ALL).suspects] == [1, 2]


_PUTTING = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from index_documents import document
from indexer.embedded import EmbeddedIndex
index = EmbeddedIndex(Path(sys.argv[1]))
print("ready", flush=True)
revision = 0
while True:
    revision += 1
    index.put([document(number, revision=revision, title=f"leather round{revision}") for number in range(1, 31)])
"""


def test_a_writer_that_is_killed_leaves_whole_batches(tmp_path: Path) -> None:
    index = made(tmp_path, *(document(number, revision=0) for number in range(1, 31)))
    for _ in range(3):
        command = [sys.executable, "-c", _PUTTING, str(tmp_path), str(Path(__file__).parent)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[1]) as process:
            assert process.stdout is not None and process.stdout.readline()
            threading.Event().wait(random.uniform(0.05, 0.3))
            process.send_signal(signal.SIGKILL)
        index.check()
        revisions = {revision for _, revision in index.revisions()}
        assert len(revisions) == 1
        words = f"round{revisions.pop()}"
        assert index.search(replace(ALL, words=words)).total.value in (0, 30)
        assert index.search(ALL).total == Count(value=30)
        index.put([document(number, revision=1_000_000, title="leather") for number in range(1, 31)])
        index.begin_generation().abandon()
        index = made(tmp_path, *(document(number, revision=0) for number in range(1, 31)))
