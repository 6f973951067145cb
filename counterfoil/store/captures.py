"""Captures: pages of suspects to be kept as evidence, and what was kept of them.

A suspect's page is captured once for each version of its listing. Wanting one is a row; the scheduler gives rows to
crawls, and a crawl writes what it has made. Everything here can run twice.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from counterfoil.exceptions import NotFound
from counterfoil.models import Capture, CaptureFile, CaptureMeans, CaptureRole, CaptureState, CrawlState, SuspectState
from counterfoil.store.conditional import changed, changed_one, insert_new
from counterfoil.store.tables import (
    capture_files,
    captures,
    crawls,
    listing_images,
    listing_versions,
    listings,
    suspects,
)

# An attempt that failed may have met a site that was down, or that blocked: it is tried again later, not at once.
MOST_ATTEMPTS = 3
_PAUSE = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedCapture:
    """A page to be captured: its address, and the listing's pictures as the judged version names them."""

    id: int
    owner_id: int
    suspect_id: int
    marketplace: str
    listing_key: str
    url: str
    images: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """What came of capturing a page."""

    means: CaptureMeans
    status: int
    final_url: str
    captured_at: datetime
    files: tuple[CaptureFile, ...]
    detail: str | None = None


def want_capture(
    connection: sa.Connection, owner_id: int, suspect_id: int, listing_version_id: int, now: datetime
) -> None:
    """Ask for the page of a suspect's present version to be captured, unless that was asked for already."""
    # Of a version that was never looked at, there is nothing to capture any more.
    older = sa.and_(
        captures.c.suspect_id == suspect_id,
        captures.c.listing_version_id != listing_version_id,
        captures.c.state == CaptureState.WAITING,
        captures.c.crawl_id.is_(None),
    )
    connection.execute(captures.delete().where(older))
    values = {
        "owner_id": owner_id,
        "suspect_id": suspect_id,
        "listing_version_id": listing_version_id,
        "state": CaptureState.WAITING,
        "not_before": now,
        "requested_at": now,
    }
    insert_new(connection, captures, values)


def captures_need_planning(connection: sa.Connection, now: datetime) -> bool:
    """Whether any capture waits for a crawl, or for one that has ended without it."""
    due = sa.and_(captures.c.crawl_id.is_(None), captures.c.not_before <= now)
    ended = sa.select(crawls.c.id).where(crawls.c.state == CrawlState.FINISHED)
    waiting = sa.and_(captures.c.state == CaptureState.WAITING, sa.or_(due, captures.c.crawl_id.in_(ended)))
    return connection.execute(sa.select(captures.c.id).where(waiting).limit(1)).first() is not None


def captures_to_plan(connection: sa.Connection, now: datetime, limit: int) -> list[WantedCapture]:
    """Captures that wait for a crawl, oldest first: of open suspects only."""
    rows = connection.execute(
        _wanted()
        .where(_unplanned(), captures.c.not_before <= now, suspects.c.state == SuspectState.OPEN)
        .order_by(captures.c.id)
        .limit(limit)
    ).all()
    return [_wanted_capture(row, ()) for row in rows]


def assign_captures(connection: sa.Connection, capture_ids: Collection[int], crawl_id: int) -> int:
    """Give waiting captures to a crawl; how many were still waiting."""
    still = sa.and_(captures.c.id.in_(capture_ids), _unplanned())
    return changed(
        connection, captures.update().where(still).values(crawl_id=crawl_id, attempts=captures.c.attempts + 1)
    )


def release_lost_captures(connection: sa.Connection, now: datetime) -> None:
    """Take captures back from crawls that have ended without making them; after too many attempts they have failed."""
    ended = sa.select(crawls.c.id).where(crawls.c.state == CrawlState.FINISHED)
    lost = sa.and_(captures.c.state == CaptureState.WAITING, captures.c.crawl_id.in_(ended))
    words = sa.select(sa.literal("its crawl ended: ") + crawls.c.reason + sa.literal(", ") + crawls.c.detail)
    why = sa.func.coalesce(captures.c.detail, words.where(crawls.c.id == captures.c.crawl_id).scalar_subquery())
    given_up = sa.and_(lost, captures.c.attempts >= MOST_ATTEMPTS)
    connection.execute(captures.update().where(given_up).values(state=CaptureState.FAILED, detail=why))
    connection.execute(captures.update().where(lost).values(crawl_id=None, not_before=now + _PAUSE))


def captures_of_crawl(connection: sa.Connection, crawl_id: int) -> list[WantedCapture]:
    """What a crawl still has to capture."""
    rows = connection.execute(
        _wanted()
        .where(captures.c.crawl_id == crawl_id, captures.c.state == CaptureState.WAITING)
        .order_by(captures.c.id)
    ).all()
    shown = _images(connection, [row.listing_version_id for row in rows])
    return [_wanted_capture(row, shown.get(row.listing_version_id, ())) for row in rows]


def record_capture(connection: sa.Connection, capture_id: int, captured: Captured) -> bool:
    """Write what came of a capture; false if it was written already, or is no longer wanted."""
    made = captures.update().where(captures.c.id == capture_id, captures.c.state == CaptureState.WAITING)
    row = connection.execute(
        made.values(
            state=CaptureState.DONE,
            means=captured.means,
            status=captured.status,
            final_url=captured.final_url,
            captured_at=captured.captured_at,
            detail=captured.detail,
        ).returning(captures.c.owner_id)
    ).one_or_none()
    if row is None:
        return False
    for file in captured.files:
        connection.execute(
            capture_files.insert().values(
                owner_id=row.owner_id,
                capture_id=capture_id,
                role=file.role,
                sha256=file.sha256,
                size=file.size,
                media_type=file.media_type,
            )
        )
    return True


def fail_capture(connection: sa.Connection, capture_id: int, detail: str, *, for_good: bool = False) -> bool:
    """Note why a capture could not be had; for good, or until it is planned again."""
    waiting = sa.and_(captures.c.id == capture_id, captures.c.state == CaptureState.WAITING)
    state = CaptureState.FAILED if for_good else CaptureState.WAITING
    return changed_one(connection, captures.update().where(waiting).values(state=state, detail=detail))


def list_captures(connection: sa.Connection, owner_id: int, suspect_id: int) -> list[Capture]:
    """The captures of one of the owner's suspects, newest first."""
    mine = sa.and_(captures.c.owner_id == owner_id, captures.c.suspect_id == suspect_id)
    return _captures(connection, mine)


def get_capture(connection: sa.Connection, owner_id: int, capture_id: int) -> Capture:
    """One of the owner's captures. Raises NotFound."""
    found = _captures(connection, sa.and_(captures.c.owner_id == owner_id, captures.c.id == capture_id))
    if not found:
        raise NotFound("There is no capture {capture_id}.", capture_id=capture_id)
    return found[0]


def captures_after(connection: sa.Connection, after: int, limit: int) -> list[Capture]:
    """The next captures of all owners that were made, by id: how all of them are verified."""
    made = sa.select(captures.c.id).where(captures.c.id > after, captures.c.state == CaptureState.DONE)
    ids = list(connection.scalars(made.order_by(captures.c.id).limit(limit)))
    return sorted(_captures(connection, captures.c.id.in_(ids)), key=lambda capture: capture.id)


def _captures(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> list[Capture]:
    wanted = (
        sa.select(captures, listing_versions.c.url)
        .join(listing_versions, listing_versions.c.id == captures.c.listing_version_id)
        .where(condition)
        .order_by(captures.c.id.desc())
    )
    rows = connection.execute(wanted).all()
    files = _files(connection, [row.id for row in rows])
    return [_capture(row, files.get(row.id, ())) for row in rows]


def _files(connection: sa.Connection, capture_ids: Collection[int]) -> Mapping[int, Sequence[CaptureFile]]:
    mine = sa.select(capture_files).where(capture_files.c.capture_id.in_(capture_ids))
    found: dict[int, list[CaptureFile]] = {}
    for row in connection.execute(mine.order_by(capture_files.c.id)):
        file = CaptureFile(
            role=CaptureRole(row.role),
            sha256=row.sha256,
            size=row.size,
            media_type=row.media_type,
            deleted_at=row.deleted_at,
        )
        found.setdefault(row.capture_id, []).append(file)
    return found


def _images(connection: sa.Connection, version_ids: Collection[int]) -> Mapping[int, tuple[str, ...]]:
    mine = sa.select(listing_images).where(listing_images.c.listing_version_id.in_(version_ids))
    found: dict[int, list[str]] = {}
    for row in connection.execute(mine.order_by(listing_images.c.position)):
        found.setdefault(row.listing_version_id, []).append(row.url)
    return {version_id: tuple(urls) for version_id, urls in found.items()}


def _wanted() -> sa.Select[Any]:
    return (
        sa.select(captures, listings.c.marketplace, listings.c.listing_key, listing_versions.c.url)
        .join(listing_versions, listing_versions.c.id == captures.c.listing_version_id)
        .join(listings, listings.c.id == listing_versions.c.listing_id)
        .join(suspects, suspects.c.id == captures.c.suspect_id)
    )


def _unplanned() -> sa.ColumnElement[bool]:
    return sa.and_(captures.c.state == CaptureState.WAITING, captures.c.crawl_id.is_(None))


def _wanted_capture(row: sa.Row[Any], images: tuple[str, ...]) -> WantedCapture:
    return WantedCapture(
        id=row.id,
        owner_id=row.owner_id,
        suspect_id=row.suspect_id,
        marketplace=row.marketplace,
        listing_key=row.listing_key,
        url=row.url,
        images=images,
    )


def _capture(row: sa.Row[Any], files: Sequence[CaptureFile]) -> Capture:
    return Capture(
        id=row.id,
        owner_id=row.owner_id,
        suspect_id=row.suspect_id,
        listing_version_id=row.listing_version_id,
        url=row.url,
        state=CaptureState(row.state),
        requested_at=row.requested_at,
        means=CaptureMeans(row.means) if row.means else None,
        status=row.status,
        final_url=row.final_url,
        detail=row.detail,
        captured_at=row.captured_at,
        files=tuple(files),
    )
