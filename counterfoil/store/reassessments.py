"""Reassessments: past listings judged again, because what they are judged against has changed.

A request walks the owner's inspections by id up to the highest one at its time; later ones are judged against the new
registry anyway. Its position moves by conditional update, so it can be stopped and repeated anywhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from counterfoil.store.conditional import changed_one
from counterfoil.store.owners import touch_registry
from counterfoil.store.tables import inspections, listing_images, reassessments, reference_images

_SEVERAL = "several changes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reassessment:
    """A claimed walk over an owner's inspections after `position`, up to `upto`.

    `product_id` and `cause` say what changed; listings are judged against all products whatever it was.
    """

    id: int
    owner_id: int
    product_id: int | None
    cause: str
    position: int
    upto: int
    attempt: int
    asked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """What a walk comes to next: (listing id, listing version id) pairs, and the position after them."""

    versions: tuple[tuple[int, int], ...]
    position: int


def request_reassessment(
    connection: sa.Connection, owner_id: int, product_id: int | None, cause: str, now: datetime
) -> None:
    """Ask for the owner's past listings to be judged again, because one product or (None) more has changed.

    A request that nobody has begun takes this one in: importing a thousand products asks for one walk.
    """
    highest = connection.scalar(sa.select(sa.func.max(inspections.c.id)).where(inspections.c.owner_id == owner_id))
    if highest is None:
        return
    columns = reassessments.c
    unbegun = sa.and_(columns.owner_id == owner_id, columns.state == "waiting", columns.position == 0)
    row = connection.execute(sa.select(reassessments).where(unbegun).limit(1).with_for_update()).one_or_none()
    if row is None:
        values = {"owner_id": owner_id, "product_id": product_id, "cause": cause[:100], "upto": highest}
        connection.execute(reassessments.insert().values(**values, state="waiting", position=0, created_at=now))
        return
    same = row.product_id == product_id
    widened = {"product_id": product_id if same else None, "cause": cause[:100] if same else _SEVERAL, "upto": highest}
    connection.execute(reassessments.update().where(columns.id == row.id).values(**widened))


def reassess_missed(connection: sa.Connection, owner_id: int, cause: str, now: datetime) -> None:
    """Ask for a reassessment because judges had to do without something that they have now.

    Where a walk is about to begin, it is that of the change that brought the thing, and misses nothing.
    """
    columns = reassessments.c
    beginning = sa.and_(columns.owner_id == owner_id, columns.state != "finished", columns.position == 0)
    if connection.execute(sa.select(columns.id).where(beginning).limit(1)).one_or_none() is None:
        touch_registry(connection, owner_id)
        request_reassessment(connection, owner_id, None, cause, now)


def claim_reassessment(
    connection: sa.Connection, lease: timedelta, now: datetime, owner_id: int | None = None
) -> Reassessment | None:
    """Claim the oldest request that nobody works on, of one owner or of any.

    Where its walk has not begun, it is to go up to the highest inspection there is now: between the request and its
    commit, a judge who did not know of the change may have judged one more.
    """
    columns = reassessments.c
    free = sa.or_(columns.state == "waiting", sa.and_(columns.state == "claimed", columns.lease_until < now))
    if owner_id is not None:
        free = sa.and_(free, columns.owner_id == owner_id)
    oldest = sa.select(columns.id).where(free).order_by(columns.id).limit(1).with_for_update(skip_locked=True)
    row = connection.execute(
        reassessments.update()
        .where(columns.id.in_(oldest.scalar_subquery()))
        .values(state="claimed", attempt=columns.attempt + 1, lease_until=now + lease)
        .returning(*columns)
    ).one_or_none()
    if row is None:
        return None
    claim = _reassessment(row)
    return replace(claim, upto=_begin(connection, claim)) if claim.position == 0 else claim


def renew_reassessment(connection: sa.Connection, claim: Reassessment, lease: timedelta, now: datetime) -> None:
    """Extend the lease of a claimed request, because its judge is alive and at work on it."""
    connection.execute(reassessments.update().where(_held(claim)).values(lease_until=now + lease))


def advance_reassessment(connection: sa.Connection, claim: Reassessment, position: int, now: datetime) -> bool:
    """Note how far the walk has come and give the request back; false if another has taken it over."""
    done = position >= claim.upto
    values: dict[str, Any] = {"position": position, "state": "waiting", "lease_until": None}
    if done:
        values = {"position": position, "state": "finished", "lease_until": None, "finished_at": now}
    return changed_one(connection, reassessments.update().where(_held(claim)).values(**values))


def count_reassessments(connection: sa.Connection, owner_id: int) -> int:
    """How many of the owner's requests have not been walked to their end."""
    columns = reassessments.c
    unfinished = sa.select(sa.func.count()).where(columns.owner_id == owner_id, columns.state != "finished")
    return int(connection.scalar(unfinished) or 0)


def next_listing_versions(connection: sa.Connection, claim: Reassessment, limit: int) -> Stretch:
    """The next stretch of the walk with at most `limit` listing versions: each listing's newest, if it was judged.

    One that still waits will be judged against the newest registry anyway. One that is being judged may be judged
    against an older one: the walk stops before it, and goes on once it is done.
    """
    columns = inspections.c
    ahead = _ahead(claim)
    judging = connection.scalar(sa.select(sa.func.min(columns.id)).where(ahead, columns.state == "claimed"))
    end = claim.upto if judging is None else judging - 1
    rows = connection.execute(
        sa.select(columns.id, columns.listing_id, columns.listing_version_id)
        .where(ahead, columns.id <= end, _was_judged())
        .order_by(columns.id)
        .limit(limit)
    ).all()
    return Stretch(
        versions=tuple((row.listing_id, row.listing_version_id) for row in rows),
        position=rows[-1].id if len(rows) == limit else end,
    )


def new_references(connection: sa.Connection, claim: Reassessment, limit: int) -> list[str]:
    """The pictures of reference images that were registered since the walk was asked for, the newest first."""
    columns = reference_images.c
    registered = sa.select(columns.image_sha256).where(
        columns.owner_id == claim.owner_id, columns.created_at >= claim.asked_at, columns.removed_at.is_(None)
    )
    return list(connection.scalars(registered.order_by(columns.id.desc()).limit(limit)))


def versions_showing(
    connection: sa.Connection, claim: Reassessment, sha256s: Sequence[str], limit: int
) -> tuple[tuple[int, int], ...]:
    """Those of the walk's listing versions that show one of these pictures, in the order of the pictures."""
    if not sha256s:
        # Of an empty list SQLite's plan is to look at everything.
        return ()
    columns = inspections.c
    rows = connection.execute(
        sa.select(columns.listing_id, columns.listing_version_id, listing_images.c.image_sha256)
        .join(listing_images, listing_images.c.listing_version_id == columns.listing_version_id)
        .where(_ahead(claim), _was_judged(), listing_images.c.image_sha256.in_(sha256s))
    ).all()
    place = {sha256: number for number, sha256 in enumerate(sha256s)}
    ordered = sorted(rows, key=lambda row: (place[row.image_sha256], row.listing_version_id))
    return tuple(dict.fromkeys((row.listing_id, row.listing_version_id) for row in ordered))[:limit]


def _ahead(claim: Reassessment) -> sa.ColumnElement[bool]:
    columns = inspections.c
    return sa.and_(columns.owner_id == claim.owner_id, columns.id > claim.position, columns.id <= claim.upto)


def _was_judged() -> sa.ColumnElement[bool]:
    """Whether it is its listing's newest for the owner, and nobody is about to judge it anyway."""
    columns, newer = inspections.c, inspections.alias("newer")
    replaced = sa.exists().where(
        newer.c.owner_id == columns.owner_id,
        newer.c.listing_id == columns.listing_id,
        newer.c.listing_version_id > columns.listing_version_id,
    )
    return sa.and_(columns.state.in_(("done", "failed")), ~replaced)


def _begin(connection: sa.Connection, claim: Reassessment) -> int:
    highest = connection.scalar(
        sa.select(sa.func.max(inspections.c.id)).where(inspections.c.owner_id == claim.owner_id)
    )
    upto = max(claim.upto, highest or 0)
    connection.execute(reassessments.update().where(reassessments.c.id == claim.id).values(upto=upto))
    return upto


def _held(claim: Reassessment) -> sa.ColumnElement[bool]:
    columns = reassessments.c
    return sa.and_(columns.id == claim.id, columns.attempt == claim.attempt, columns.state == "claimed")


def _reassessment(row: sa.Row[Any]) -> Reassessment:
    return Reassessment(
        id=row.id,
        owner_id=row.owner_id,
        product_id=row.product_id,
        cause=row.cause,
        position=row.position,
        upto=row.upto,
        attempt=row.attempt,
        asked_at=row.created_at,
    )
