"""The index is made anew from the database: whole or not at all, again after any death, and compared with it."""

import errno
import random
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from index_documents import document
from rows import new_owner
from test_delivery import copies, found, suspect
from test_store_suspects import decide

from counterfoil.exceptions import IndexUnavailable
from counterfoil.models import VerdictKind
from counterfoil.settings import Settings
from counterfoil.store import Store
from counterfoil.store.tables import suspects
from indexer.base import SuspectIndex
from indexer.delivery import deliver_once
from indexer.embedded_folder import IndexFolder
from indexer.opening import open_index
from indexer.query import SuspectQuery
from indexer.rebuild import Difference, DifferenceKind, rebuild, verify


@pytest.fixture
def index(settings: Settings) -> SuspectIndex:
    return open_index(settings)


def test_a_rebuild_brings_back_everything_and_says_how_far_it_is(store: Store, index: SuspectIndex) -> None:
    made = suspect(store, new_owner(store), 3)
    theirs = suspect(store, new_owner(store, "rival"), 2)
    progress: list[int] = []
    assert rebuild(store, index, progress.append) == 5
    assert progress == [5]
    assert sorted(one for one, _ in index.revisions()) == sorted(made + theirs)
    assert rebuild(store, index) == 5
    assert verify(store, index) == []


def test_an_empty_database_makes_an_empty_index(store: Store, index: SuspectIndex) -> None:
    assert rebuild(store, index) == 0
    assert index.search(SuspectQuery(owner_id=1)).suspects == ()
    assert verify(store, index) == []


def test_verify_names_every_kind_of_difference(store: Store, index: SuspectIndex) -> None:
    owner_id = new_owner(store)
    made = suspect(store, owner_id, 4)
    rebuild(store, index)
    decide(store, owner_id, made[0], VerdictKind.UNSURE)
    newest = index.search(SuspectQuery(owner_id=owner_id, suspect_ids=(made[1],))).suspects[0]
    index.put([replace(newest, revision=9), document(1_000, owner_id=owner_id, revision=4)])
    later = suspect(store, owner_id, 1)[0]
    assert verify(store, index) == [
        Difference(suspect_id=made[0], kind=DifferenceKind.STALE, stored=2, indexed=1),
        Difference(suspect_id=made[1], kind=DifferenceKind.NEWER, stored=1, indexed=9),
        Difference(suspect_id=later, kind=DifferenceKind.MISSING, stored=1, indexed=None),
        Difference(suspect_id=1_000, kind=DifferenceKind.EXTRA, stored=None, indexed=4),
    ]
    rebuild(store, index)
    assert verify(store, index) == []


def test_a_suspect_that_the_index_refuses_keeps_no_other_out(store: Store, index: SuspectIndex) -> None:
    owner_id = new_owner(store)
    made = suspect(store, owner_id, 3)
    with store.write() as connection:
        connection.execute(suspects.update().where(suspects.c.id == made[1]).values(score=7.0))
    assert rebuild(store, index) == 2
    assert found(index, owner_id) == [made[0], made[2]]
    assert [one.kind for one in verify(store, index)] == [DifferenceKind.MISSING]


def test_what_changes_during_a_rebuild_is_in_the_new_index(store: Store, index: SuspectIndex) -> None:
    owner_id = new_owner(store)
    made = suspect(store, owner_id, 3)
    rebuild(store, index)

    def change(done: int) -> None:
        if done > 3:
            return
        decide(store, owner_id, made[0], VerdictKind.COUNTERFEIT)
        made.extend(suspect(store, owner_id, 1))
        deliver_once(store, index)

    rebuild(store, index, change)
    assert found(index, owner_id) == made
    assert len(index.search(SuspectQuery(owner_id=owner_id, verdicts=("counterfeit",))).suspects) == 1
    assert verify(store, index) == []


def test_a_rebuild_that_fails_leaves_the_old_index(store: Store, index: SuspectIndex, settings: Settings) -> None:
    owner_id = new_owner(store)
    made = suspect(store, owner_id, 2)
    rebuild(store, index)

    def fail(_: int) -> None:
        raise IndexUnavailable("the disk is full")

    with pytest.raises(IndexUnavailable):
        rebuild(store, index, fail)
    assert found(index, owner_id) == made
    assert len(list((settings.data / "index").glob("suspects-*.sqlite"))) == 1
    assert rebuild(store, index) == 2


@pytest.mark.parametrize("step", ["_sync", "_name_current"])
def test_a_publishing_that_fails_halfway_leaves_one_whole_index(
    store: Store, index: SuspectIndex, settings: Settings, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    owner_id = new_owner(store)
    made = suspect(store, owner_id, 2)
    rebuild(store, index)
    made += suspect(store, owner_id, 1)

    def fail(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as broken, pytest.raises(IndexUnavailable, match="Input/output error"):
        broken.setattr(IndexFolder, step, fail)
        rebuild(store, index)
    assert found(index, owner_id) in (made, made[:-1])
    deliver_once(store, index)
    assert (found(index, owner_id), verify(store, index)) == (made, [])
    assert rebuild(store, index) == 3
    assert len(list((settings.data / "index").glob("suspects-*.sqlite"))) == 1


_REBUILDING = """
import sys
from counterfoil.settings import load_settings
from counterfoil.store import open_store
from indexer.opening import open_index
from indexer.rebuild import rebuild
settings = load_settings({"COUNTERFOIL_DATA": sys.argv[1]})
rebuild(open_store(settings), open_index(settings), lambda done: print(done, flush=True))
print("published", flush=True)
"""


def test_a_rebuild_that_is_killed_is_repeated_and_search_is_never_empty(
    sqlite_store: Store, index: SuspectIndex, settings: Settings
) -> None:
    owner_id = new_owner(sqlite_store)
    copies(sqlite_store, suspect(sqlite_store, owner_id, 1)[0], 4_100)
    assert rebuild(sqlite_store, index) == 4_101
    stop, seen = threading.Event(), set()

    def watch() -> None:
        while not stop.is_set():
            time.sleep(0.01)
            seen.add(index.search(SuspectQuery(owner_id=owner_id, words="trail")).total.value)

    watcher = threading.Thread(target=watch)
    watcher.start()
    for _ in range(2):
        _killed_rebuild(settings.data)
        assert index.search(SuspectQuery(owner_id=owner_id)).total.value == 4_101
    assert rebuild(sqlite_store, index) == 4_101
    stop.set()
    watcher.join()
    assert seen == {4_101}
    assert verify(sqlite_store, index) == []
    assert len(list((settings.data / "index").glob("suspects-*"))) <= 3, "what was left half made is gone"


def _killed_rebuild(data: Path) -> None:
    command = [sys.executable, "-c", _REBUILDING, str(data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[1]) as process:
        assert process.stdout is not None and process.stdout.readline() == b"2000\n"
        time.sleep(random.uniform(0, 0.5))
        process.send_signal(signal.SIGKILL)
