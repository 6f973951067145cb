"""The judge's loop: claims what waits to be judged, while the crawl still runs, and writes down what it finds.

Any number of these may run on one database. The rows are the queue.
"""

import logging
import random
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta

import sqlalchemy as sa

from counterfoil.assessment import JUDGE_VERSION
from counterfoil.clock import now
from counterfoil.evidence import EvidenceStore
from counterfoil.exceptions import Conflict, StoreError, StoreUnavailable
from counterfoil.settings import Settings
from counterfoil.store import Store
from counterfoil.store.inspections import (
    Inspection,
    claim_inspections,
    claim_lapsed_inspection,
    fail_inspection,
    finish_inspection,
    release_inspections,
    renew_inspections,
)
from counterfoil.store.instance import note_judge_version
from counterfoil.store.reassessments import count_reassessments, request_reassessment
from counterfoil.store.suspects import record_assessments
from indexer.calibrating import Calibrating
from indexer.decoding import PictureDecoder
from indexer.heartbeat import kept_alive
from indexer.judging import Judged, Judging, Question
from indexer.outage import Outage
from indexer.reassessing import reassess_once

log = logging.getLogger(__name__)

_AT_ONCE = 50
# How long a person's command waits before it looks again at what another process is judging.
_GLANCE_SECONDS = 0.2


def run_ingest(store: Store, evidence: EvidenceStore, settings: Settings, stop: threading.Event) -> None:
    """Judge until `stop` is set: inspections, then reassessments, then calibrations; while the disk is away, wait."""
    outage = Outage(
        stop, settings.tick_seconds, waits="listings wait to be judged", back="judging goes on: what was away is back"
    )
    noted = False
    with PictureDecoder(settings) as decoder:
        judging = Judging(store, evidence, settings, decoder)
        calibrating = Calibrating(store, evidence, settings, decoder, judging.judges)
        while not stop.is_set():
            try:
                noted = noted or _note_version(store)
                worked = ingest_once(judging) or reassess_once(judging) or calibrating.calibrate_once(eager=False)
            except (StoreError, Conflict, OSError) as error:
                outage.wait(error)
                continue
            outage.is_over()
            if not worked:
                # Spread, so that several judges do not always look at the same moment.
                stop.wait(settings.tick_seconds * random.uniform(0.5, 1.5))


def ingest_once(judging: Judging) -> int:
    """Judge the inspections that wait longest; how many were claimed."""
    with judging.store.write() as connection:
        claimed = claim_inspections(connection, _AT_ONCE, _lease(judging), now())
    _inspect(judging, claimed)
    return len(claimed)


def take_over(judging: Judging, owner_id: int) -> int:
    """Judge an owner's inspection whose judge has gone silent; how many were claimed, none or one."""
    with judging.store.write() as connection:
        claimed = claim_lapsed_inspection(connection, _lease(judging), now(), owner_id)
    _inspect(judging, claimed)
    return len(claimed)


def _inspect(judging: Judging, claimed: Sequence[Inspection]) -> None:
    """Judge claimed inspections and write down what comes of it."""
    store = judging.store

    def renew() -> None:
        with store.write() as connection:
            renew_inspections(connection, claimed, _lease(judging), now())

    if not claimed:
        return
    try:
        with kept_alive(renew, judging.settings.lease_seconds / 3):
            answers = judging.answer([_question(inspection) for inspection in claimed])
    except (StoreError, OSError):
        with suppress(StoreUnavailable), store.write() as connection:
            release_inspections(connection, claimed)
        raise
    # In the order of `hold_listing`.
    ordered = sorted(claimed, key=lambda one: (one.owner_id, one.listing_id, one.listing_version_id))
    _write(judging, [(inspection, answers[_question(inspection)]) for inspection in ordered])


def assess_product(
    store: Store,
    evidence: EvidenceStore,
    settings: Settings,
    owner_id: int,
    product_id: int | None,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Judge an owner's past listings again before returning; how many listings. `product_id` is noted as the cause.

    `progress` is called with the number of listings so far. What a judge of the running service does meanwhile is
    waited for and not counted; what one that died has left is taken over once its lease has lapsed.
    """
    with store.write() as connection:
        request_reassessment(connection, owner_id, product_id, "asked for by command", now())
    count = 0
    with PictureDecoder(settings) as decoder:
        judging = Judging(store, evidence, settings, decoder)
        while _unfinished(store, owner_id):
            step = reassess_once(judging, owner_id)
            # A walk stops before what is being judged, also where its judge died and no service takes its place.
            judged = step.judged if step else take_over(judging, owner_id)
            count += judged
            if progress:
                progress(count)
            if step is None and not judged:
                threading.Event().wait(_GLANCE_SECONDS)
    return count


def _note_version(store: Store) -> bool:
    """Remember which judge is at work; true once it is known."""
    with store.write() as connection:
        if note_judge_version(connection, JUDGE_VERSION, now()):
            log.info("the judge has changed to %s: past listings are judged again", JUDGE_VERSION)
    return True


def _write(judging: Judging, answers: Sequence[tuple[Inspection, Judged]]) -> None:
    """All in one transaction, which costs one sync to disk; one by one when that fails, so that one fails alone."""
    try:
        with judging.store.write() as connection:
            for inspection, judged in answers:
                _record(connection, judging.settings, inspection, judged)
    except StoreError:
        raise  # the database itself: nobody's fault here, and the lease brings them back
    except Exception:
        for inspection, judged in answers:
            _write_alone(judging, inspection, judged)


def _write_alone(judging: Judging, inspection: Inspection, judged: Judged) -> None:
    try:
        with judging.store.write() as connection:
            _record(connection, judging.settings, inspection, judged)
    except StoreError:
        raise
    except Exception as error:
        log.exception("inspection %s cannot be written", inspection.id)
        with judging.store.write() as connection:
            fail_inspection(connection, inspection, f"{type(error).__name__}: {error}")


def _record(connection: sa.Connection, settings: Settings, inspection: Inspection, judged: Judged) -> None:
    if judged.error is not None:
        fail_inspection(connection, inspection, judged.error)
    elif finish_inspection(connection, inspection, JUDGE_VERSION):
        record_assessments(
            connection,
            owner_id=inspection.owner_id,
            listing_version_id=inspection.listing_version_id,
            made=judged.made,
            product_ids=judged.product_ids,
            threshold=settings.suspect_threshold,
            now=now(),
        )


def _question(inspection: Inspection) -> Question:
    return Question(owner_id=inspection.owner_id, version_id=inspection.listing_version_id)


def _lease(judging: Judging) -> timedelta:
    return timedelta(seconds=judging.settings.lease_seconds)


def _unfinished(store: Store, owner_id: int) -> int:
    with store.read() as connection:
        return count_reassessments(connection, owner_id)
