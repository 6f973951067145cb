"""Suspects, their assessments and the verdicts on them.

A suspect row is always derived: from the assessments of the newest judged version against products that are still
registered, and from the last verdict. Whatever changes it raises its revision and puts it in the outbox.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from counterfoil.exceptions import Conflict, NotFound, Outdated
from counterfoil.models import (
    Assessment,
    Reason,
    ReasonKind,
    Score,
    Suspect,
    SuspectState,
    Verdict,
    VerdictKind,
)
from counterfoil.store.captures import want_capture
from counterfoil.store.conditional import changed_one, insert_new
from counterfoil.store.matches import read_match
from counterfoil.store.outbox import put_in_outbox
from counterfoil.store.tables import (
    assessments,
    inspections,
    listing_images,
    listing_versions,
    listings,
    products,
    suspects,
    verdicts,
)

NOT_SNOOZED: Mapping[str, Any] = {"snoozed_at": None, "snoozed_until": None}
_NO_VERDICT: Mapping[str, Any] = {"verdict": None, "verdict_version_id": None}


def record_assessments(
    connection: sa.Connection,
    *,
    owner_id: int,
    listing_version_id: int,
    made: Sequence[Assessment],
    product_ids: Collection[int] | None,
    threshold: float,
    now: datetime,
) -> int | None:
    """Store what the judge made of a listing version, and derive the suspect; its id, or None if there is none.

    `product_ids` are those the version was judged against (None: all): their older assessments of this version that
    were not made again are dropped. Doing it twice changes nothing.
    """
    listing_id = _listing_of(connection, listing_version_id)
    suspect_id = _suspect_id(connection, owner_id, listing_id)
    if suspect_id is None:
        suspicious = any(assessment.score.value >= threshold for assessment in made)
        if not suspicious or _newer_was_judged(connection, owner_id, listing_id, listing_version_id):
            return None
        suspect_id = _add_suspect(connection, owner_id, listing_id, listing_version_id, now)
    _replace(connection, owner_id, suspect_id, listing_version_id, made, product_ids, now)
    _derive(connection, suspect_id, listing_version_id, threshold, now)
    return suspect_id


def add_verdict(
    connection: sa.Connection,
    owner_id: int,
    suspect_id: int,
    kind: VerdictKind,
    *,
    note: str | None,
    decided_by: str,
    expected_revision: int | None = None,
    batch: str | None = None,
    now: datetime,
) -> Verdict:
    """Append a person's verdict on the suspect's present version; one that was put off is put off no more.

    Raises NotFound, or Conflict when the suspect has changed since `expected_revision`.
    """
    suspect = get_suspect(connection, owner_id, suspect_id, lock=True)
    require_revision(suspect, expected_revision)
    row = connection.execute(
        verdicts.insert()
        .values(
            owner_id=owner_id,
            suspect_id=suspect_id,
            listing_version_id=suspect.listing_version_id,
            kind=kind,
            note=note,
            decided_by=decided_by,
            decided_at=now,
            batch=batch,
        )
        .returning(*verdicts.c)
    ).one()
    decided = {"verdict": kind, "verdict_version_id": suspect.listing_version_id}
    change_suspect(connection, suspect, {**decided, **NOT_SNOOZED}, now)
    return _verdict(row)


def undo_verdict(
    connection: sa.Connection,
    owner_id: int,
    suspect_id: int,
    *,
    expected_revision: int | None = None,
    now: datetime,
) -> Suspect:
    """Take the last verdict back, so that the one before it, or none, counts again; the row stays and says when.

    Raises NotFound, or Conflict where there is none to take back or the suspect has changed since `expected_revision`.
    """
    suspect = get_suspect(connection, owner_id, suspect_id, lock=True)
    require_revision(suspect, expected_revision)
    *before, last = [None, *(one for one in list_verdicts(connection, owner_id, suspect_id) if one.undone_at is None)]
    if last is None:
        raise Conflict("Suspect {suspect_id} has no verdict to take back.", suspect_id=suspect_id)
    connection.execute(verdicts.update().where(verdicts.c.id == last.id).values(undone_at=now))
    kept = before[-1]
    counts = {"verdict": kept.kind, "verdict_version_id": kept.listing_version_id} if kept else _NO_VERDICT
    change_suspect(connection, suspect, counts, now)
    return get_suspect(connection, owner_id, suspect_id)


def get_suspect(connection: sa.Connection, owner_id: int, suspect_id: int, *, lock: bool = False) -> Suspect:
    """The owner's suspect. Raises NotFound."""
    mine = sa.select(suspects).where(suspects.c.id == suspect_id, suspects.c.owner_id == owner_id)
    row = connection.execute(mine.with_for_update() if lock else mine).one_or_none()
    if row is None:
        raise NotFound("There is no suspect {suspect_id}: find one with `counterfoil search`.", suspect_id=suspect_id)
    return _suspect(row)


def get_suspects(connection: sa.Connection, suspect_ids: Collection[int]) -> list[Suspect]:
    """Suspects by id, of any owner: for delivery and rebuild, not for people."""
    return [_suspect(row) for row in connection.execute(sa.select(suspects).where(suspects.c.id.in_(suspect_ids)))]


def suspect_ids_after(connection: sa.Connection, position: int, limit: int) -> list[int]:
    """The next suspect ids after a position, of all owners: how a rebuild walks them."""
    following = sa.select(suspects.c.id).where(suspects.c.id > position).order_by(suspects.c.id).limit(limit)
    return list(connection.scalars(following))


def suspect_revisions(connection: sa.Connection) -> list[tuple[int, int]]:
    """(suspect id, revision) of every suspect of all owners: what the index should hold."""
    return [(row.id, row.revision) for row in connection.execute(sa.select(suspects.c.id, suspects.c.revision))]


def suspects_showing(connection: sa.Connection, owner_id: int, sha256: str, limit: int) -> list[int]:
    """The owner's open suspects that show this picture, the most suspicious first."""
    return _open_ids(connection, _showing(owner_id).where(listing_images.c.image_sha256 == sha256), limit)


def suspects_of_seller(connection: sa.Connection, owner_id: int, seller_id: int, limit: int) -> list[int]:
    """The owner's open suspects that this seller sells, the most suspicious first."""
    # The listing's suspect is looked up for each: joined, SQLite goes through all of the owner's suspects.
    mine = sa.and_(suspects.c.owner_id == owner_id, suspects.c.listing_id == listings.c.id)
    suspect_id = sa.select(suspects.c.id).where(mine).scalar_subquery()
    sold = sa.select(suspect_id.label("id")).where(listings.c.seller_id == seller_id).subquery()
    return _open_ids(connection, sa.select(sold.c.id).where(sold.c.id.is_not(None)), limit)


def suspects_with_images(connection: sa.Connection, owner_id: int, sha256s: Collection[str]) -> dict[int, list[str]]:
    """The owner's suspects whose judged version shows one of these pictures: id to pictures."""
    if not sha256s:
        # Of an empty list SQLite's plan is to look at everything.
        return {}
    wanted = _showing(owner_id).where(listing_images.c.image_sha256.in_(sha256s))
    wanted = wanted.add_columns(listing_images.c.image_sha256)
    found: dict[int, list[str]] = {}
    for row in connection.execute(wanted):
        found.setdefault(row.id, []).append(row.image_sha256)
    return found


def get_assessments(connection: sa.Connection, suspect_ids: Collection[int]) -> dict[int, list[Assessment]]:
    """Each suspect's assessments of its present version against products still registered, best first."""
    wanted = (
        _live_assessments()
        .join(suspects, suspects.c.id == assessments.c.suspect_id)
        .where(suspects.c.id.in_(suspect_ids), assessments.c.listing_version_id == suspects.c.listing_version_id)
    )
    found: dict[int, list[Assessment]] = {suspect_id: [] for suspect_id in suspect_ids}
    for row in connection.execute(wanted):
        found[row.suspect_id].append(_assessment(row))
    return found


def list_verdicts(connection: sa.Connection, owner_id: int, suspect_id: int) -> list[Verdict]:
    """The verdicts on a suspect, oldest first."""
    mine = sa.select(verdicts).where(verdicts.c.owner_id == owner_id, verdicts.c.suspect_id == suspect_id)
    return [_verdict(row) for row in connection.execute(mine.order_by(verdicts.c.id))]


def require_revision(suspect: Suspect, expected: int | None) -> None:
    """Raise Outdated unless the suspect is as it was shown; without an expectation it may be as it is."""
    if expected is not None and expected != suspect.revision:
        raise Outdated("Suspect {id} has changed since it was shown: look at it again.", id=suspect.id)


def _showing(owner_id: int) -> sa.Select[Any]:
    """The owner's suspects with the pictures that their present version shows.

    By way of the listing, whose suspect an index finds: none leads from a version to it.
    """
    version = listing_versions.c
    return (
        sa.select(suspects.c.id)
        .distinct()
        .select_from(listing_images)
        .join(listing_versions, version.id == listing_images.c.listing_version_id)
        .join(
            suspects, sa.and_(suspects.c.listing_id == version.listing_id, suspects.c.listing_version_id == version.id)
        )
        .where(suspects.c.owner_id == owner_id)
    )


def _open_ids(connection: sa.Connection, found: sa.Select[Any], limit: int) -> list[int]:
    ids = found.subquery()
    wanted = sa.select(suspects.c.id).join(ids, ids.c.id == suspects.c.id)
    wanted = wanted.where(suspects.c.state == SuspectState.OPEN)
    return list(connection.scalars(wanted.order_by(suspects.c.score.desc(), suspects.c.id).limit(limit)))


def _live_assessments() -> sa.Select[Any]:
    """Assessments against products that are still registered, best first."""
    return (
        sa.select(assessments)
        .join(products, products.c.id == assessments.c.product_id)
        .where(products.c.removed_at.is_(None))
        .order_by(assessments.c.score.desc(), assessments.c.product_id)
    )


def _assessments_of(connection: sa.Connection, suspect_id: int, version_id: int) -> list[Assessment]:
    mine = sa.and_(assessments.c.suspect_id == suspect_id, assessments.c.listing_version_id == version_id)
    return [_assessment(row) for row in connection.execute(_live_assessments().where(mine))]


def _listing_of(connection: sa.Connection, version_id: int) -> int:
    return int(
        connection.scalars(sa.select(listing_versions.c.listing_id).where(listing_versions.c.id == version_id)).one()
    )


def _suspect_id(connection: sa.Connection, owner_id: int, listing_id: int) -> int | None:
    same = sa.and_(suspects.c.owner_id == owner_id, suspects.c.listing_id == listing_id)
    return connection.scalar(sa.select(suspects.c.id).where(same).with_for_update())


def _add_suspect(
    connection: sa.Connection,
    owner_id: int,
    listing_id: int,
    version_id: int,
    now: datetime,
) -> int:
    values = {
        "owner_id": owner_id,
        "listing_id": listing_id,
        "listing_version_id": version_id,
        # Deriving it fills these in, raises the revision to 1 and puts it in the outbox.
        "score": 0.0,
        "state": SuspectState.OPEN,
        "assessed_sha256": "",
        "revision": 0,
        "first_suspected_at": now,
        "updated_at": now,
    }
    insert_new(connection, suspects, values)
    suspect_id = _suspect_id(connection, owner_id, listing_id)
    if suspect_id is None:
        raise Conflict("The suspect of listing {listing_id} was removed while it was judged.", listing_id=listing_id)
    return suspect_id


def _replace(
    connection: sa.Connection,
    owner_id: int,
    suspect_id: int,
    version_id: int,
    made: Iterable[Assessment],
    product_ids: Collection[int] | None,
    now: datetime,
) -> None:
    judged = sa.and_(assessments.c.suspect_id == suspect_id, assessments.c.listing_version_id == version_id)
    if product_ids is not None:
        judged = sa.and_(judged, assessments.c.product_id.in_(product_ids))
    # What an older judge, or this one before the registry changed, made of the same version is replaced.
    connection.execute(assessments.delete().where(judged))
    for assessment in made:
        parent = {"owner_id": owner_id, "suspect_id": suspect_id, "listing_version_id": version_id}
        values = _assessment_values(assessment)
        connection.execute(assessments.insert().values(**parent, **values, assessed_at=now))


def _derive(connection: sa.Connection, suspect_id: int, version_id: int, threshold: float, now: datetime) -> None:
    """Set version, score and state from the assessments; raise the revision if anything differs."""
    row = connection.execute(sa.select(suspects).where(suspects.c.id == suspect_id)).one()
    newest = max(version_id, row.listing_version_id)
    present = _assessments_of(connection, suspect_id, newest)
    score = max((assessment.score.value for assessment in present), default=0.0)
    values: dict[str, Any] = {
        "listing_version_id": newest,
        "score": score,
        "state": SuspectState.OPEN if score >= threshold else SuspectState.WITHDRAWN,
        "assessed_sha256": _digest(present),
    }
    if newest != row.listing_version_id:
        # What was put off is no longer what was seen then.
        values |= NOT_SNOOZED
    if any(getattr(row, name) != value for name, value in values.items()):
        change_suspect(connection, _suspect(row), values, now)
    is_news = row.revision == 0 or row.state != SuspectState.OPEN or row.listing_version_id != newest
    if is_news and values["state"] is SuspectState.OPEN:
        want_capture(connection, row.owner_id, suspect_id, newest, now)


def _digest(present: Sequence[Assessment]) -> str:
    said = [_assessment_values(assessment) for assessment in present]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _newer_was_judged(connection: sa.Connection, owner_id: int, listing_id: int, version_id: int) -> bool:
    """Versions can be judged out of order; an old one must not raise a suspicion that a newer one has refuted."""
    newer = sa.select(inspections.c.id).where(
        inspections.c.owner_id == owner_id,
        inspections.c.listing_id == listing_id,
        inspections.c.listing_version_id > version_id,
        inspections.c.state == "done",
    )
    return connection.execute(newer.limit(1)).first() is not None


def change_suspect(connection: sa.Connection, suspect: Suspect, values: Mapping[str, Any], now: datetime) -> None:
    """Change a suspect that was read in this transaction, and tell the index. Raises Conflict where it has changed."""
    revision = suspect.revision + 1
    unchanged = sa.and_(suspects.c.id == suspect.id, suspects.c.revision == suspect.revision)
    changed = suspects.update().where(unchanged).values(**values, revision=revision, updated_at=now)
    if not changed_one(connection, changed):
        raise Conflict("Suspect {id} was changed by somebody else at the same moment: try again.", id=suspect.id)
    put_in_outbox(connection, suspect.owner_id, suspect.id, revision, now)


def _assessment_values(assessment: Assessment) -> dict[str, Any]:
    return {
        "product_id": assessment.product_id,
        "judge_version": assessment.judge_version,
        "score": assessment.score.value,
        "reasons": [{**asdict(reason), "evidence": dict(reason.evidence)} for reason in assessment.score.reasons],
        "matches": [asdict(match) for match in assessment.matches],
    }


def _assessment(row: sa.Row[Any]) -> Assessment:
    reasons = tuple(Reason(**{**reason, "kind": ReasonKind(reason["kind"])}) for reason in row.reasons)
    return Assessment(
        product_id=row.product_id,
        judge_version=row.judge_version,
        score=Score(value=row.score, reasons=reasons),
        matches=tuple(map(read_match, row.matches)),
    )


def _suspect(row: sa.Row[Any]) -> Suspect:
    return Suspect(
        id=row.id,
        owner_id=row.owner_id,
        listing_id=row.listing_id,
        listing_version_id=row.listing_version_id,
        score=row.score,
        state=SuspectState(row.state),
        verdict=VerdictKind(row.verdict) if row.verdict else None,
        revision=row.revision,
        first_suspected_at=row.first_suspected_at,
        updated_at=row.updated_at,
        verdict_version_id=row.verdict_version_id,
        snoozed_at=row.snoozed_at,
        snoozed_until=row.snoozed_until,
    )


def _verdict(row: sa.Row[Any]) -> Verdict:
    return Verdict(
        id=row.id,
        owner_id=row.owner_id,
        suspect_id=row.suspect_id,
        listing_version_id=row.listing_version_id,
        kind=VerdictKind(row.kind),
        note=row.note,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        undone_at=row.undone_at,
        batch=row.batch,
    )
