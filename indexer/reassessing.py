"""Judges past listings again, because what they are judged against has changed: from kept fingerprints, no crawl."""

from dataclasses import dataclass, replace
from datetime import timedelta

import sqlalchemy as sa

from counterfoil.clock import now
from counterfoil.settings import Settings
from counterfoil.store.inspections import hold_listing
from counterfoil.store.reassessments import (
    Reassessment,
    Stretch,
    advance_reassessment,
    claim_reassessment,
    next_listing_versions,
    renew_reassessment,
)
from counterfoil.store.registry import hold_registry
from counterfoil.store.suspects import record_assessments
from indexer.heartbeat import kept_alive
from indexer.judging import Judged, Judging, Question

_AT_ONCE = 200
# Beside the likely ones, which are to be seen soon.
_AT_FIRST = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a walk: how many listings were judged again (an empty stretch is a step too)."""

    judged: int


def reassess_once(judging: Judging, owner_id: int | None = None) -> Step | None:
    """Take one step of the oldest reassessment, of one owner or of any; None when there is none to be taken now."""
    lease = timedelta(seconds=judging.settings.lease_seconds)
    with judging.store.write() as connection:
        claim = claim_reassessment(connection, lease, now(), owner_id)
    if claim is None:
        return None

    def renew() -> None:
        with judging.store.write() as connection:
            renew_reassessment(connection, claim, lease, now())

    with kept_alive(renew, judging.settings.lease_seconds / 3):
        with judging.store.read() as connection:
            stretch = next_listing_versions(connection, claim, _AT_ONCE if claim.position else _AT_FIRST)
        if not claim.position:
            stretch = replace(stretch, versions=tuple(dict.fromkeys((*judging.likely.of(claim), *stretch.versions))))
        questions = {version_id: _question(claim, version_id) for _, version_id in stretch.versions}
        answers = judging.answer(list(questions.values()))
    taken = _write(judging, claim, stretch, {one: answers[question] for one, question in questions.items()})
    return Step(judged=len(stretch.versions)) if taken else None


def _write(judging: Judging, claim: Reassessment, stretch: Stretch, judged: dict[int, Judged]) -> bool:
    """Write the whole step, or nothing of it where another took over or the registry has changed; true if it moved."""
    with judging.store.write() as connection:
        revision = hold_registry(connection, claim.owner_id)
        current = all(one.revision == revision for one in judged.values() if one.error is None)
        position = stretch.position if current else claim.position
        if not advance_reassessment(connection, claim, position, now()) or not current:
            return False
        for listing_id, version_id in sorted(stretch.versions):
            # One that cannot be judged keeps what an earlier judge made of it; the log has the reason.
            if judged[version_id].error is None:
                hold_listing(connection, claim.owner_id, listing_id)
                _record(connection, judging.settings, claim, version_id, judged[version_id])
    return position > claim.position


def _record(
    connection: sa.Connection, settings: Settings, claim: Reassessment, version_id: int, judged: Judged
) -> None:
    record_assessments(
        connection,
        owner_id=claim.owner_id,
        listing_version_id=version_id,
        made=judged.made,
        product_ids=judged.product_ids,
        threshold=settings.suspect_threshold,
        now=now(),
    )


def _question(claim: Reassessment, version_id: int) -> Question:
    return Question(owner_id=claim.owner_id, version_id=version_id)
