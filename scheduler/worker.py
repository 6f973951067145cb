"""Claims crawls and sees each through: starts its process, keeps the lease alive, and closes what the process cannot.

Any number of workers may run on one database. The rows are the queue.
"""

import logging
import os
import random
import socket
import threading
import time
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from datetime import timedelta

from counterfoil.clock import now
from counterfoil.disk import shortage
from counterfoil.exceptions import CounterfoilError, StoreError, Superseded
from counterfoil.marketplaces import Marketplace, load_marketplaces
from counterfoil.models import Crawl, CrawlState, FinishReason
from counterfoil.settings import Settings
from counterfoil.store import Store
from counterfoil.store.crawls import (
    claim_crawl,
    close_crawl,
    get_crawl,
    give_back,
    heartbeat,
    release_crawl,
)
from scheduler.launcher import CLOSED, SCRAPY, STOPPED, SUPERSEDED, CrawlProcess, Program, start_crawl

log = logging.getLogger(__name__)

_PAUSE_AFTER_DEATH = timedelta(seconds=5)


def run_worker(store: Store, settings: Settings, stop: threading.Event, program: Program = SCRAPY) -> None:
    """Claim and run crawls, `crawl_slots` side by side, until `stop` is set.

    A fault in one slot sets `stop`, and is raised when the others have given back what they hold: a worker that goes on
    with fewer slots would look healthy.
    """
    with ThreadPoolExecutor(settings.crawl_slots, thread_name_prefix="slot") as pool:
        slots = [pool.submit(_work, store, settings, stop, program) for _ in range(settings.crawl_slots)]
        log.info("worker started: %s crawls side by side", len(slots))
        wait(slots, return_when=FIRST_EXCEPTION)
        stop.set()
    for slot in slots:
        slot.result()


def work_once(store: Store, settings: Settings, stop: threading.Event, program: Program = SCRAPY) -> bool:
    """Claim one crawl and see it through; false if there was none."""
    marketplaces = load_marketplaces(settings)
    places = {name: marketplace.politeness.crawls for name, marketplace in marketplaces.items()}
    lease = timedelta(seconds=settings.lease_seconds)
    with store.write() as connection:
        crawl = claim_crawl(connection, worker_name(), lease, places, now(), settings.crawl_failures)
    if crawl is None:
        return False
    see_through(store, settings, stop, crawl, marketplaces, program)
    return True


def _work(store: Store, settings: Settings, stop: threading.Event, program: Program) -> None:
    while not stop.is_set():
        try:
            worked = work_once(store, settings, stop, program)
        except CounterfoilError as error:
            if error.fatal:
                raise
            log.error("worker: %s", error)
            worked = False
        if not worked:
            stop.wait(settings.tick_seconds * random.uniform(0.5, 1.5))


def see_through(
    store: Store,
    settings: Settings,
    stop: threading.Event,
    crawl: Crawl,
    marketplaces: dict[str, Marketplace],
    program: Program,
) -> None:
    """Run a claimed crawl to its end, or give it back."""
    if crawl.marketplace not in marketplaces:
        detail = f"the marketplace {crawl.marketplace!r} is no longer declared"
        with store.write() as connection:
            close_crawl(connection, crawl.id, crawl.attempt, FinishReason.CRASHED, detail=detail, now=now())
        return
    lack = shortage(settings)
    if lack is not None:
        _close(store, crawl, FinishReason.DISK_FULL, f"not started: {lack}")
        return
    log.info("crawl %s (%s) started, attempt %s", crawl.id, crawl.marketplace, crawl.attempt)
    try:
        process = start_crawl(crawl, settings, program)
    except OSError as error:
        _give_back(store, settings, crawl, f"the crawl process could not be started: {error}")
        return
    try:
        _attend(store, settings, stop, crawl, process, program.grace_seconds)
    except Superseded as error:
        log.warning("%s", error)
    finally:
        process.stop()


def _attend(
    store: Store, settings: Settings, stop: threading.Event, crawl: Crawl, process: CrawlProcess, grace: float
) -> None:
    # A crawl ends itself when its time is up; if it does not, it is stopped from outside.
    deadline = time.monotonic() + crawl.limits.seconds + grace
    beat = time.monotonic()
    while (code := process.wait(0.2)) is None:
        if stop.is_set():
            process.stop()
            _release(store, crawl, "the worker was stopped")
            return
        if time.monotonic() > deadline:
            process.stop()
            _close(store, crawl, FinishReason.TIMEOUT, f"stopped after {crawl.limits.seconds} seconds")
            return
        if time.monotonic() > beat + settings.lease_seconds / 3:
            beat = time.monotonic()
            if not _beat(store, settings, crawl):
                # It has just closed its crawl: what is left to it is to end.
                deadline = min(deadline, beat + grace)
    _conclude(store, settings, crawl, process, code)


def _beat(store: Store, settings: Settings, crawl: Crawl) -> bool:
    """Extend the lease; false where the process itself has closed its crawl. Raises Superseded where others have."""
    try:
        with store.write() as connection:
            held = heartbeat(connection, crawl.id, crawl.attempt, timedelta(seconds=settings.lease_seconds), now())
            current = get_crawl(connection, crawl.id)
    except StoreError as error:
        if error.fatal:
            raise
        # The lease lasts for two more beats; a database that is back by then has noticed nothing.
        log.warning("crawl %s: heartbeat failed: %s", crawl.id, error)
        return True
    if not held and (current.attempt != crawl.attempt or current.reason in (None, FinishReason.CANCELLED)):
        raise Superseded(f"crawl {crawl.id} was cancelled or taken over: its process is stopped")
    return held


def _conclude(store: Store, settings: Settings, crawl: Crawl, process: CrawlProcess, code: int) -> None:
    with store.read() as connection:
        current = get_crawl(connection, crawl.id)
    if current.state is CrawlState.FINISHED or current.attempt != crawl.attempt or code == SUPERSEDED:
        log.info("crawl %s ended: %s", crawl.id, current.reason)
        return
    if code == STOPPED:
        # By somebody else than this worker: a machine that shuts down tells all its processes at once.
        _release(store, crawl, "the crawl process was asked to stop")
        return
    ending = "no word" if code == CLOSED else f"exit code {code}"
    _give_back(store, settings, crawl, f"the crawl process ended with {ending}: {process.last_words()}")


def _give_back(store: Store, settings: Settings, crawl: Crawl, detail: str) -> None:
    with store.write() as connection:
        reason = give_back(
            connection,
            crawl,
            detail=detail[:2_000],
            pause=_PAUSE_AFTER_DEATH,
            most_failures=settings.crawl_failures,
            now=now(),
        )
    log.error("crawl %s died (%s): %s", crawl.id, "given up" if reason else "will be tried again", detail)


def _release(store: Store, crawl: Crawl, detail: str) -> None:
    with store.write() as connection:
        release_crawl(connection, crawl, detail, now())


def _close(store: Store, crawl: Crawl, reason: FinishReason, detail: str) -> None:
    with store.write() as connection:
        current = get_crawl(connection, crawl.id)
        close_crawl(connection, crawl.id, crawl.attempt, reason, detail=detail, counters=current.counters, now=now())
    log.warning("crawl %s: %s, %s", crawl.id, reason, detail)


def worker_name() -> str:
    """Who claims: machine, process and thread."""
    return f"{socket.gethostname()}:{os.getpid()}:{threading.current_thread().name}"
