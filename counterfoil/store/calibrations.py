"""Calibrations: a product's pictures edited and looked up, a step at a time, and the card that comes of it.

A request stands for the product's reference images as they are when its steps are taken; a newer request takes its
place. Its measures move by conditional update, so it can be stopped and repeated anywhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from counterfoil.models import CrawlState
from counterfoil.store.conditional import changed_one
from counterfoil.store.references import sample_images
from counterfoil.store.tables import assessments, calibrations, crawls, listing_images, products, reference_images

_UNFINISHED = ("waiting", "claimed")
# Products come picture by picture, and each begins the card anew; a monitor is often set up just after them.
_SETTLED = timedelta(seconds=15)
_PATIENCE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """A claimed request; `measures` are JSON values of the reference images that are done."""

    id: int
    owner_id: int
    product_id: int
    attempt: int
    measures: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptCard:
    """A product's newest card (JSON values), when it was made, and whether a newer one is being made."""

    card: dict[str, Any] | None
    made_at: datetime | None
    under_way: bool


def request_calibration(connection: sa.Connection, owner_id: int, product_id: int, now: datetime) -> None:
    """Ask for a product's card; an unfinished request of the same product begins anew."""
    columns = calibrations.c
    open_ = sa.and_(columns.product_id == product_id, columns.state.in_(_UNFINISHED))
    again: dict[str, Any] = {
        "state": "waiting",
        "measures": [],
        "attempt": columns.attempt + 1,
        "lease_until": None,
        "created_at": now,
    }
    if connection.execute(calibrations.update().where(open_).values(**again)).rowcount:
        return
    values = {"owner_id": owner_id, "product_id": product_id, "state": "waiting", "measures": [], "attempt": 0}
    connection.execute(calibrations.insert().values(**values, created_at=now))


def claim_calibration(
    connection: sa.Connection, lease: timedelta, now: datetime, product_id: int | None = None, *, eager: bool = True
) -> Calibration | None:
    """Claim the oldest request that nobody works on, of one product or of any that is still registered.

    Unless `eager`, for some minutes crawls come first: what they find is judged by the same processes, and a person
    waits for it.
    """
    columns = calibrations.c
    free = sa.or_(columns.state == "waiting", sa.and_(columns.state == "claimed", columns.lease_until < now))
    if product_id is not None:
        free = sa.and_(free, columns.product_id == product_id)
    if not eager:
        calm = sa.and_(columns.created_at <= now - _SETTLED, ~_crawling(now))
        free = sa.and_(free, sa.or_(calm, columns.created_at <= now - _PATIENCE))
    live = sa.exists().where(products.c.id == columns.product_id, products.c.removed_at.is_(None))
    oldest = sa.select(columns.id).where(free, live).order_by(columns.id).limit(1).with_for_update(skip_locked=True)
    row = connection.execute(
        calibrations.update()
        .where(columns.id.in_(oldest.scalar_subquery()))
        .values(state="claimed", attempt=columns.attempt + 1, lease_until=now + lease)
        .returning(*columns)
    ).one_or_none()
    return None if row is None else _calibration(row)


def renew_calibration(connection: sa.Connection, claim: Calibration, lease: timedelta, now: datetime) -> None:
    """Extend the lease of a claimed request, because whoever has it is alive and at work on it."""
    connection.execute(calibrations.update().where(_held(claim)).values(lease_until=now + lease))


def advance_calibration(connection: sa.Connection, claim: Calibration, measures: Sequence[dict[str, Any]]) -> bool:
    """Note what is measured and give the request back; false if another has taken it over, or it began anew."""
    values: dict[str, Any] = {"state": "waiting", "measures": list(measures), "lease_until": None}
    return changed_one(connection, calibrations.update().where(_held(claim)).values(**values))


def finish_calibration(connection: sa.Connection, claim: Calibration, card: dict[str, Any], now: datetime) -> bool:
    """Keep the card, and drop the product's older ones; false if another has taken the request over."""
    values: dict[str, Any] = {
        "state": "finished",
        "card": card,
        "measures": [],
        "lease_until": None,
        "finished_at": now,
    }
    if not changed_one(connection, calibrations.update().where(_held(claim)).values(**values)):
        return False
    columns = calibrations.c
    older = sa.and_(columns.product_id == claim.product_id, columns.id < claim.id, columns.state == "finished")
    connection.execute(calibrations.delete().where(older))
    return True


def release_calibration(connection: sa.Connection, claim: Calibration) -> None:
    """Give a claimed request back as it was."""
    connection.execute(calibrations.update().where(_held(claim)).values(state="waiting", lease_until=None))


def sample_unrelated(connection: sa.Connection, product_id: int, most: int) -> list[str]:
    """Stored pictures from crawls, drawn by lot: no reference image, and in no assessment of this product a match."""
    stored = sample_images(connection, most)
    # What was read to be registered and then was not is no crawled picture.
    of_listings = sa.select(listing_images.c.image_sha256).where(listing_images.c.image_sha256.in_(stored))
    drawn = sorted(set(connection.scalars(of_listings)))
    columns = reference_images.c
    ours = set(connection.scalars(sa.select(columns.image_sha256).where(columns.image_sha256.in_(drawn))))
    mine = sa.select(assessments.c.matches).where(assessments.c.product_id == product_id)
    matched = {match["image_sha256"] for matches in connection.scalars(mine) for match in matches}
    return [name for name in drawn if name not in ours and name not in matched]


def get_card(connection: sa.Connection, owner_id: int, product_id: int) -> KeptCard:
    """The newest card of one of the owner's products."""
    columns = calibrations.c
    mine = sa.and_(columns.owner_id == owner_id, columns.product_id == product_id)
    rows = connection.execute(sa.select(calibrations).where(mine).order_by(columns.id.desc())).all()
    finished = next((row for row in rows if row.state == "finished"), None)
    return KeptCard(
        card=finished.card if finished else None,
        made_at=finished.finished_at if finished else None,
        under_way=any(row.state in _UNFINISHED for row in rows),
    )


def get_cards(connection: sa.Connection, owner_id: int, product_ids: Sequence[int]) -> dict[int, KeptCard]:
    """The newest cards of some of the owner's products; those that nobody asked for are left out."""
    columns = calibrations.c
    mine = sa.and_(columns.owner_id == owner_id, columns.product_id.in_(product_ids))
    found: dict[int, KeptCard] = {}
    for row in connection.execute(sa.select(calibrations).where(mine).order_by(columns.id)):
        before = found.get(row.product_id, KeptCard(card=None, made_at=None, under_way=False))
        if row.state == "finished":
            found[row.product_id] = replace(before, card=row.card, made_at=row.finished_at)
        else:
            found[row.product_id] = replace(before, under_way=True)
    return found


def _crawling(now: datetime) -> sa.ColumnElement[bool]:
    """Whether any crawl is under way or due."""
    return sa.exists().where(crawls.c.state.in_((CrawlState.WAITING, CrawlState.CLAIMED)), crawls.c.not_before <= now)


def _held(claim: Calibration) -> sa.ColumnElement[bool]:
    columns = calibrations.c
    return sa.and_(columns.id == claim.id, columns.attempt == claim.attempt, columns.state == "claimed")


def _calibration(row: sa.Row[Any]) -> Calibration:
    return Calibration(
        id=row.id,
        owner_id=row.owner_id,
        product_id=row.product_id,
        attempt=row.attempt,
        measures=tuple(row.measures),
    )
