"""Crawls: claimed under a lease, kept alive by heartbeat, closed once with one reason.

Every write names the attempt it belongs to; a process whose attempt is over changes nothing and hears Superseded.
"""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from counterfoil.exceptions import NotFound, Superseded
from counterfoil.models import Crawl, CrawlCounters, CrawlLimits, CrawlQuality, CrawlState, FinishReason, PageFailure
from counterfoil.store.conditional import changed_one
from counterfoil.store.paging import rows_before
from counterfoil.store.runs import finish_run_if_done
from counterfoil.store.tables import crawl_events, crawls, listing_versions, robots_overrides, sightings

# Claims on PostgreSQL take turns, so that two workers cannot both see the last free place of a marketplace.
_CLAIM_LOCK = 0x636C61
_RECORD_LOCK = 0x726563
# Crawls that a site has sent away; until their `not_before` its marketplace is left alone.
_SENT_AWAY = (FinishReason.RATE_LIMITED, FinishReason.SITE_DOWN)


def claim_crawl(
    connection: sa.Connection,
    worker: str,
    lease: timedelta,
    places: Mapping[str, int],
    now: datetime,
    most_failures: int = 3,
) -> Crawl | None:
    """Claim the crawl that has waited longest, or one whose worker has gone silent; None if there is nothing to do.

    `places` says how many crawls of a marketplace may run at once (1 where it is not named). A marketplace that has
    asked for a pause has no place until then. A worker that has gone silent has died over its crawl: after
    `most_failures` deaths in a row without progress it is closed as crashed.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_CLAIM_LOCK)))
    while (crawl_id := _next_claimable(connection, places, now)) is not None:
        if not _is_given_up(connection, crawl_id, most_failures, now):
            return _claim(connection, crawl_id, worker, lease, now)
    return None


def claim_made(connection: sa.Connection, crawl: Crawl, worker: str, lease: timedelta, now: datetime) -> Crawl:
    """Claim a crawl in the transaction that makes it, so that no other worker gets it. Raises Superseded."""
    claimed = _claim(connection, crawl.id, worker, lease, now)
    if claimed is None:
        raise Superseded("Crawl {id} was claimed or cancelled meanwhile.", id=crawl.id)
    return claimed


def get_crawl(connection: sa.Connection, crawl_id: int) -> Crawl:
    """A crawl. Raises NotFound."""
    row = connection.execute(sa.select(crawls).where(crawls.c.id == crawl_id)).one_or_none()
    if row is None:
        raise NotFound("There is no crawl {crawl_id}.", crawl_id=crawl_id)
    return _crawl(row)


def list_crawls(connection: sa.Connection, owner_id: int, run_id: int) -> list[Crawl]:
    """The crawls of one of the owner's runs."""
    mine = sa.select(crawls).where(crawls.c.owner_id == owner_id, crawls.c.run_id == run_id)
    return [_crawl(row) for row in connection.execute(mine.order_by(crawls.c.position))]


def crawls_before(connection: sa.Connection, owner_id: int, before: int | None, limit: int) -> list[Crawl]:
    """The owner's crawls, newest first; those before an id where one is given."""
    mine = sa.select(crawls).where(crawls.c.owner_id == owner_id)
    return [_crawl(row) for row in connection.execute(rows_before(mine, crawls.c.id, before, limit))]


def get_crawl_of(connection: sa.Connection, owner_id: int, crawl_id: int) -> Crawl:
    """The owner's crawl. Raises NotFound."""
    mine = sa.select(crawls).where(crawls.c.id == crawl_id, crawls.c.owner_id == owner_id)
    row = connection.execute(mine).one_or_none()
    if row is None:
        raise NotFound("There is no crawl {crawl_id}: see `counterfoil run show`.", crawl_id=crawl_id)
    return _crawl(row)


def require_attempt(connection: sa.Connection, crawl_id: int, attempt: int) -> None:
    """Raise Superseded unless this attempt holds the crawl; inside a transaction it then holds it to the end."""
    held = sa.select(crawls.c.marketplace).where(_held(crawl_id, attempt)).with_for_update(read=True)
    marketplace = connection.scalar(held)
    if marketplace is None:
        raise Superseded(
            "Attempt {attempt} at crawl {crawl_id} is over: another has taken over, or it was closed.",
            attempt=attempt,
            crawl_id=crawl_id,
        )
    if connection.dialect.name == "postgresql":
        # Crawls of one marketplace write the same listings, sellers and pictures, each in its own order: in turns, or
        # they would wait for each other until PostgreSQL undoes one.
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_RECORD_LOCK, sa.func.hashtext(marketplace))))


def heartbeat(connection: sa.Connection, crawl_id: int, attempt: int, lease: timedelta, now: datetime) -> bool:
    """Extend the lease; false if this attempt no longer holds the crawl."""
    return changed_one(connection, crawls.update().where(_held(crawl_id, attempt)).values(lease_until=now + lease))


def report_progress(
    connection: sa.Connection,
    crawl_id: int,
    attempt: int,
    counters: CrawlCounters,
    quality: CrawlQuality | None = None,
) -> None:
    """Store the counters of a running crawl for people to watch, and how well it can see. Raises Superseded."""
    values: dict[str, Any] = {"counters": asdict(_count(connection, crawl_id, counters))}
    if quality is not None:
        values["quality"] = _quality_values(quality)
    if not changed_one(connection, crawls.update().where(_held(crawl_id, attempt)).values(**values)):
        raise Superseded("Attempt {attempt} at crawl {crawl_id} is over.", attempt=attempt, crawl_id=crawl_id)


def close_crawl(
    connection: sa.Connection,
    crawl_id: int,
    attempt: int,
    reason: FinishReason,
    *,
    detail: str | None = None,
    counters: CrawlCounters | None = None,
    not_before: datetime | None = None,
    quality: CrawlQuality | None = None,
    degraded: str | None = None,
    now: datetime,
) -> None:
    """End a crawl with its one reason, and its run with the last of its crawls. Raises Superseded.

    `not_before` is when the site wants to be asked again: no crawl of the marketplace is claimed before then.
    """
    values: dict[str, Any] = {
        "state": CrawlState.FINISHED,
        "reason": reason,
        "detail": detail,
        "finished_at": now,
        "lease_until": None,
    }
    if not_before is not None:
        values["not_before"] = not_before
    if counters is not None:
        values["counters"] = asdict(_count(connection, crawl_id, counters))
    if quality is not None:
        values |= {"quality": _quality_values(quality), "degraded": degraded}
    row = connection.execute(
        crawls.update().where(_held(crawl_id, attempt)).values(**values).returning(*crawls.c)
    ).one_or_none()
    if row is None:
        raise Superseded(
            "Attempt {attempt} at crawl {crawl_id} is over: it was taken over or closed meanwhile.",
            attempt=attempt,
            crawl_id=crawl_id,
        )
    _note(connection, row, str(reason), row.claimed_by, detail, now)
    finish_run_if_done(connection, row.run_id, now)


def give_back(
    connection: sa.Connection, crawl: Crawl, *, detail: str, pause: timedelta, most_failures: int, now: datetime
) -> FinishReason | None:
    """Put a crawl whose process died back in the queue; after too many deaths without progress close it as crashed."""
    row = connection.execute(sa.select(crawls).where(_held(crawl.id, crawl.attempt)).with_for_update()).one_or_none()
    if row is None:
        raise Superseded("Attempt {attempt} at crawl {id} is over.", attempt=crawl.attempt, id=crawl.id)
    failures = _count_death(connection, row, detail, most_failures, now)
    if failures >= most_failures:
        return FinishReason.CRASHED
    connection.execute(
        crawls.update()
        .where(crawls.c.id == crawl.id)
        .values(state=CrawlState.WAITING, lease_until=None, not_before=now + pause * max(1, failures))
    )
    return None


def release_crawl(connection: sa.Connection, crawl: Crawl, detail: str, now: datetime) -> None:
    """Put a crawl back in the queue because its worker is stopping: nobody's failure."""
    row = connection.execute(
        crawls.update()
        .where(_held(crawl.id, crawl.attempt))
        .values(state=CrawlState.WAITING, lease_until=None, not_before=now)
        .returning(*crawls.c)
    ).one_or_none()
    if row is not None:
        _note(connection, row, "released", row.claimed_by, detail, now)


def cancel_crawls(connection: sa.Connection, owner_id: int, run_id: int, now: datetime) -> int:
    """Close every unfinished crawl of a run as cancelled; how many there were."""
    unfinished = sa.and_(
        crawls.c.owner_id == owner_id, crawls.c.run_id == run_id, crawls.c.state != CrawlState.FINISHED
    )
    values = {"state": CrawlState.FINISHED, "reason": FinishReason.CANCELLED, "finished_at": now, "lease_until": None}
    rows = connection.execute(crawls.update().where(unfinished).values(**values).returning(*crawls.c)).all()
    for row in rows:
        _note(connection, row, str(FinishReason.CANCELLED), None, None, now)
    finish_run_if_done(connection, run_id, now)
    return len(rows)


def list_crawl_events(connection: sa.Connection, owner_id: int, crawl_id: int) -> list[tuple[datetime, int, str, str]]:
    """What happened to a crawl: (time, attempt, event, detail), oldest first."""
    mine = sa.select(crawl_events).where(crawl_events.c.owner_id == owner_id, crawl_events.c.crawl_id == crawl_id)
    rows = connection.execute(mine.order_by(crawl_events.c.id))
    return [(row.at, row.attempt, row.event, row.detail or "") for row in rows]


def _claim(connection: sa.Connection, crawl_id: int, worker: str, lease: timedelta, now: datetime) -> Crawl | None:
    row = connection.execute(
        crawls.update()
        # Still so: it may have been cancelled, or its worker been heard of, since it was chosen.
        .where(crawls.c.id == crawl_id, _claimable(now))
        .values(
            state=CrawlState.CLAIMED,
            attempt=crawls.c.attempt + 1,
            claimed_by=worker,
            lease_until=now + lease,
            started_at=sa.func.coalesce(crawls.c.started_at, sa.bindparam("started", now, crawls.c.started_at.type)),
            # As it is decided when the attempt begins, and kept: what the crawl did is told by its own row.
            robots_override=_robots_override(),
        )
        .returning(*crawls.c)
    ).one_or_none()
    if row is None:
        return None
    _note(connection, row, "claimed", worker, None, now)
    return _crawl(row)


def _robots_override() -> sa.ScalarSelect[Any]:
    """Why the owner of a crawl's row goes against the robots.txt of its marketplace."""
    mine = sa.and_(
        robots_overrides.c.owner_id == crawls.c.owner_id,
        robots_overrides.c.marketplace == crawls.c.marketplace,
        robots_overrides.c.removed_at.is_(None),
    )
    return sa.select(robots_overrides.c.reason).where(mine).correlate(crawls).scalar_subquery()


def _is_given_up(connection: sa.Connection, crawl_id: int, most_failures: int, now: datetime) -> bool:
    """Count the death of a worker that has gone silent over this crawl; true if that closes it."""
    silent = sa.and_(crawls.c.id == crawl_id, _lapsed(now))
    row = connection.execute(sa.select(crawls).where(silent).with_for_update()).one_or_none()
    if row is None:
        return False
    return _count_death(connection, row, "its worker went silent", most_failures, now) >= most_failures


def _count_death(connection: sa.Connection, row: sa.Row[Any], detail: str, most_failures: int, now: datetime) -> int:
    """Note that an attempt has died, and close the crawl as crashed where it was one too many; deaths in a row."""
    seen = _seen(connection, row.id)
    failures = 0 if seen > row.progress else row.failures + 1
    connection.execute(
        crawls.update().where(crawls.c.id == row.id).values(failures=failures, progress=seen, detail=detail)
    )
    if failures < most_failures:
        _note(connection, row, "died", row.claimed_by, detail, now)
    else:
        counters = CrawlCounters(**row.counters)
        close_crawl(connection, row.id, row.attempt, FinishReason.CRASHED, detail=detail, counters=counters, now=now)
    return failures


def _next_claimable(connection: sa.Connection, places: Mapping[str, int], now: datetime) -> int | None:
    taken = {*_busy_marketplaces(connection, places, now), *_resting_marketplaces(connection, now)}
    free = sa.select(crawls.c.id).where(_claimable(now), crawls.c.marketplace.not_in(taken))
    return connection.scalar(free.order_by(crawls.c.not_before, crawls.c.id).limit(1))


def _claimable(now: datetime) -> sa.ColumnElement[bool]:
    waiting = sa.and_(crawls.c.state == CrawlState.WAITING, crawls.c.not_before <= now)
    return sa.or_(waiting, _lapsed(now))


def _lapsed(now: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(crawls.c.state == CrawlState.CLAIMED, crawls.c.lease_until < now)


def _busy_marketplaces(connection: sa.Connection, places: Mapping[str, int], now: datetime) -> list[str]:
    running = (
        sa.select(crawls.c.marketplace, sa.func.count().label("running"))
        .where(crawls.c.state == CrawlState.CLAIMED, crawls.c.lease_until >= now)
        .group_by(crawls.c.marketplace)
    )
    return [row.marketplace for row in connection.execute(running) if row.running >= places.get(row.marketplace, 1)]


def _resting_marketplaces(connection: sa.Connection, now: datetime) -> list[str]:
    """Those whose site has asked for a pause that is not over."""
    sent_away = sa.and_(
        crawls.c.state == CrawlState.FINISHED, crawls.c.not_before > now, crawls.c.reason.in_(_SENT_AWAY)
    )
    return list(connection.scalars(sa.select(crawls.c.marketplace).where(sent_away).distinct()))


def _held(crawl_id: int, attempt: int) -> sa.ColumnElement[bool]:
    return sa.and_(crawls.c.id == crawl_id, crawls.c.attempt == attempt, crawls.c.state == CrawlState.CLAIMED)


def _seen(connection: sa.Connection, crawl_id: int) -> int:
    listings = sa.select(sa.func.count(sightings.c.listing_id.distinct())).where(sightings.c.crawl_id == crawl_id)
    return int(connection.scalar(listings) or 0)


def _count(connection: sa.Connection, crawl_id: int, counters: CrawlCounters) -> CrawlCounters:
    """Fill in what only the database knows, over all attempts: listings seen, new and changed."""
    mine = listing_versions.c.crawl_id == crawl_id
    new = sa.select(sa.func.count()).where(mine, listing_versions.c.number == 1)
    changed = sa.select(sa.func.count(listing_versions.c.listing_id.distinct())).where(
        mine, listing_versions.c.number > 1
    )
    return CrawlCounters(
        **{
            **asdict(counters),
            "seen": _seen(connection, crawl_id),
            "new": int(connection.scalar(new) or 0),
            "changed": int(connection.scalar(changed) or 0),
        }
    )


def _note(
    connection: sa.Connection, row: sa.Row[Any], event: str, actor: str | None, detail: str | None, now: datetime
) -> None:
    connection.execute(
        crawl_events.insert().values(
            owner_id=row.owner_id,
            crawl_id=row.id,
            attempt=row.attempt,
            event=event,
            actor=actor,
            detail=detail,
            at=now,
        )
    )


def _crawl(row: sa.Row[Any]) -> Crawl:
    return Crawl(
        id=row.id,
        owner_id=row.owner_id,
        run_id=row.run_id,
        marketplace=row.marketplace,
        spider=row.spider,
        queries=tuple(row.queries),
        limits=CrawlLimits(**row.limits),
        state=CrawlState(row.state),
        attempt=row.attempt,
        failures=row.failures,
        claimed_by=row.claimed_by,
        lease_until=row.lease_until,
        started_at=row.started_at,
        finished_at=row.finished_at,
        reason=FinishReason(row.reason) if row.reason else None,
        detail=row.detail,
        counters=CrawlCounters(**row.counters),
        quality=quality_of(row.quality),
        degraded=row.degraded,
        robots_override=row.robots_override,
    )


def quality_of(kept: Mapping[str, Any] | None) -> CrawlQuality:
    """The quality that a crawl's row keeps; of one that has not reported yet nothing is known."""
    if not kept:
        return CrawlQuality()
    # Rows of versions before this one do not say which pages failed.
    failures = tuple(PageFailure(**one) for one in kept.get("failures", ()))
    return CrawlQuality(**{**kept, "missed": tuple(kept["missed"]), "failures": failures})


def _quality_values(quality: CrawlQuality) -> dict[str, Any]:
    return {**asdict(quality), "missed": list(quality.missed), "failures": [asdict(one) for one in quality.failures]}
