"""A crawl process for the tests of the worker: does to the crawl it is given what its first argument says.

Arguments: what to do at each attempt (separated by commas, the last one goes on), data folder, crawl id, attempt.
"""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

PLAN, FOLDER, CRAWL, ATTEMPT = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])


def note(name: str, text: str) -> None:
    """Leave a file for the test to read; it appears whole."""
    draft = FOLDER / f"{name}.{os.getpid()}"
    draft.write_text(text)
    draft.rename(FOLDER / name)


def close() -> int:
    """Close the crawl as a crawl does."""
    from counterfoil.clock import now
    from counterfoil.models import FinishReason
    from counterfoil.settings import load_settings
    from counterfoil.store import open_store
    from counterfoil.store.crawls import close_crawl

    store = open_store(load_settings({"COUNTERFOIL_DATA": str(FOLDER)}))
    with store.write() as connection:
        close_crawl(connection, CRAWL, ATTEMPT, FinishReason.FINISHED, now=now())
    store.close()
    return 0


def close_quickly() -> int:
    """The same without importing half the world, for tests with hundreds of crawls; 3 where it was closed before."""
    with sqlite3.connect(FOLDER / "counterfoil.sqlite", timeout=30, isolation_level="IMMEDIATE") as connection:
        connection.execute("BEGIN IMMEDIATE")
        mine = (CRAWL, ATTEMPT)
        done = connection.execute(
            "UPDATE crawls SET state = 'finished', reason = 'finished', lease_until = NULL"
            " WHERE id = ? AND attempt = ? AND state = 'claimed' RETURNING run_id",
            mine,
        ).fetchall()
        connection.execute(
            "INSERT INTO crawl_events (owner_id, crawl_id, attempt, event, at)"
            " SELECT owner_id, id, attempt, 'closed', '2026-03-01 12:00:00.000000' FROM crawls WHERE id = ?",
            mine[:1],
        )
        connection.executemany("UPDATE runs SET state = 'finished' WHERE id = ?", done)
    return 0 if done else 3


def close_and_linger() -> int:
    """Close the crawl, and take some beats of the worker to end."""
    code = close_quickly()
    time.sleep(1.5)
    note("lingered", "")
    return code


def close_and_hang() -> int:
    """Close the crawl, and never end."""
    close_quickly()
    return hang()


def hang() -> int:
    """Go on until somebody ends it."""
    time.sleep(600)
    return 0


def ignore() -> int:
    """Go on although it is asked to stop."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    note("ignoring", "")
    return hang()


def obey() -> int:
    """Stop when asked to, as a crawl does."""
    asked = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: asked.set())
    note("obeying", "")
    asked.wait(600)
    return 4


def follow() -> int:
    """Stop when the worker is gone, however it went."""
    from counterfoil.lifeline import follow_parent

    gone = threading.Event()
    follow_parent(gone)
    note("following", "")
    gone.wait(600)
    note("followed", "")
    return 4


def die() -> int:
    """Be killed, leaving last words and a child behind."""
    child = subprocess.Popen(["sleep", "600"])
    note("child", str(child.pid))
    print("first\nsecond\nabout to \0 read page 7", flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
    return 0


def where() -> int:
    """Say in which folder it runs."""
    note("where", os.getcwd())  # noqa: PTH109 - the bare fact
    return close_quickly()


note(f"pid-{CRAWL}-{ATTEMPT}", str(os.getpid()))
steps = PLAN.split(",")
step = steps[min(ATTEMPT, len(steps)) - 1]
if step.isdecimal():
    print(f"ending with {step}", flush=True)
    sys.exit(int(step))
sys.exit(globals()[step]())
