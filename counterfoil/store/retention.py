"""Whose time has come: which pictures and bodies may be deleted, and the note that they were.

A file goes in two steps, so that a kill between them loses no truth: the rows say so first, in a transaction that
asks once more whether nothing needs it; then the file is deleted. Rows, fingerprints and reasons stay for good.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from counterfoil.models import CrawlState, RetentionClass, SuspectState, VerdictKind
from counterfoil.store.conditional import changed_one, insert_new
from counterfoil.store.tables import (
    capture_files,
    captures,
    crawls,
    images,
    inspections,
    instance,
    listing_images,
    listing_versions,
    listings,
    products,
    reference_images,
    searched_pictures,
    suspects,
)

_SWEPT = "evidence_swept_at"
_HARMLESS = (VerdictKind.LOOKALIKE, VerdictKind.AUTHORISED, VerdictKind.UNRELATED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """For each class the time before which its listings must have been seen last; None keeps them for ever."""

    seen_before: Mapping[RetentionClass, datetime | None]


def expired_images(
    connection: sa.Connection, wanted: RetentionClass, limits: Limits, after: str, limit: int
) -> tuple[list[str], str | None]:
    """Look through the next pictures: those of a class whose time has come, and where to go on (None: at the end)."""
    column = images.c.sha256
    there = sa.select(column).where(column > after, images.c.deleted_at.is_(None))
    looked_at = list(connection.scalars(there.order_by(column).limit(limit)))
    if not looked_at:
        return [], None
    some = sa.select(column).where(column > after, column <= looked_at[-1], _image_expired(wanted, limits))
    return list(connection.scalars(some)), looked_at[-1]


def mark_images_deleted(
    connection: sa.Connection, sha256s: Collection[str], wanted: RetentionClass, limits: Limits, now: datetime
) -> list[str]:
    """Say of these pictures that they are deleted, where that is still right; of which it was said."""
    expired = images.update().where(images.c.sha256.in_(sha256s), _image_expired(wanted, limits))
    return list(connection.scalars(expired.values(deleted_at=now).returning(images.c.sha256)))


def unmark_images(connection: sa.Connection, sha256s: Collection[str], marked_at: datetime) -> None:
    """Take it back: somebody has stored them again meanwhile."""
    marked = sa.and_(images.c.sha256.in_(sha256s), images.c.deleted_at == marked_at)
    connection.execute(images.update().where(marked).values(deleted_at=None))


def expired_bodies(
    connection: sa.Connection, wanted: RetentionClass, limits: Limits, after: int, limit: int
) -> tuple[list[int], int | None]:
    """Look through the next listing versions: those of a class whose body's time has come, and where to go on."""
    column = listing_versions.c.id
    looked_at = list(connection.scalars(sa.select(column).where(column > after).order_by(column).limit(limit)))
    if not looked_at:
        return [], None
    some = sa.select(column).where(column > after, column <= looked_at[-1], _body_expired(wanted, limits))
    return list(connection.scalars(some)), looked_at[-1]


def mark_bodies_deleted(
    connection: sa.Connection, version_ids: Collection[int], wanted: RetentionClass, limits: Limits, now: datetime
) -> list[str]:
    """Say of these versions that their bodies are deleted, where that is still right; the bodies nothing needs now."""
    columns = listing_versions.c
    expired = listing_versions.update().where(columns.id.in_(version_ids), _body_expired(wanted, limits))
    names = set(connection.scalars(expired.values(body_deleted_at=now).returning(columns.body_sha256)))
    known = known_bodies(connection, names)
    return sorted(name for name in names if not known[name])


def unmark_bodies(connection: sa.Connection, sha256s: Collection[str], marked_at: datetime) -> None:
    """Take it back: somebody has stored them again meanwhile."""
    columns = listing_versions.c
    marked = sa.and_(columns.body_sha256.in_(sha256s), columns.body_deleted_at == marked_at)
    connection.execute(listing_versions.update().where(marked).values(body_deleted_at=None))


def known_images(connection: sa.Connection, sha256s: Collection[str]) -> dict[str, bool]:
    """Those of these pictures that the database knows, and whether it says that they are there."""
    rows = connection.execute(sa.select(images).where(images.c.sha256.in_(sha256s)))
    return {row.sha256: row.deleted_at is None for row in rows}


def known_bodies(connection: sa.Connection, sha256s: Collection[str]) -> dict[str, bool]:
    """Those of these bodies that the database knows, and whether it says that they are there."""
    columns = listing_versions.c
    rows = sa.select(columns.body_sha256, columns.body_deleted_at).where(columns.body_sha256.in_(sha256s))
    found: dict[str, bool] = {}
    for row in connection.execute(rows):
        found[row.body_sha256] = found.get(row.body_sha256, False) or row.body_deleted_at is None
    return found


def image_sizes(connection: sa.Connection, sha256s: Collection[str]) -> dict[str, int]:
    """What the database says of the size of these pictures."""
    return {row.sha256: row.size for row in connection.execute(sa.select(images).where(images.c.sha256.in_(sha256s)))}


def images_after(connection: sa.Connection, after: str, limit: int) -> list[str]:
    """The next pictures that the database says are there."""
    there = sa.select(images.c.sha256).where(images.c.sha256 > after, images.c.deleted_at.is_(None))
    return list(connection.scalars(there.order_by(images.c.sha256).limit(limit)))


def bodies_after(connection: sa.Connection, after: str, limit: int) -> list[str]:
    """The next bodies that the database says are there."""
    columns = listing_versions.c
    there = sa.select(columns.body_sha256).where(columns.body_sha256 > after, columns.body_deleted_at.is_(None))
    return [str(name) for name in connection.scalars(there.distinct().order_by(columns.body_sha256).limit(limit))]


def expired_captures(
    connection: sa.Connection, wanted: RetentionClass, limits: Limits, after: int, limit: int
) -> tuple[list[int], int | None]:
    """Look through the next files of captures: those of a class whose time has come, and where to go on."""
    column = capture_files.c.id
    looked_at = list(connection.scalars(sa.select(column).where(column > after).order_by(column).limit(limit)))
    if not looked_at:
        return [], None
    some = sa.select(column).where(column > after, column <= looked_at[-1], _capture_expired(wanted, limits))
    return list(connection.scalars(some)), looked_at[-1]


def mark_captures_deleted(
    connection: sa.Connection, file_ids: Collection[int], wanted: RetentionClass, limits: Limits, now: datetime
) -> list[str]:
    """Say of these files that they are deleted, where that is still right; those that nothing needs now."""
    expired = capture_files.update().where(capture_files.c.id.in_(file_ids), _capture_expired(wanted, limits))
    names = set(connection.scalars(expired.values(deleted_at=now).returning(capture_files.c.sha256)))
    known = known_captures(connection, names)
    return sorted(name for name in names if not known[name])


def unmark_captures(connection: sa.Connection, sha256s: Collection[str], marked_at: datetime) -> None:
    """Take it back: somebody has stored them again meanwhile."""
    marked = sa.and_(capture_files.c.sha256.in_(sha256s), capture_files.c.deleted_at == marked_at)
    connection.execute(capture_files.update().where(marked).values(deleted_at=None))


def known_captures(connection: sa.Connection, sha256s: Collection[str]) -> dict[str, bool]:
    """Those of these files of captures that the database knows, and whether it says that they are there."""
    rows = sa.select(capture_files.c.sha256, capture_files.c.deleted_at).where(capture_files.c.sha256.in_(sha256s))
    found: dict[str, bool] = {}
    for row in connection.execute(rows):
        found[row.sha256] = found.get(row.sha256, False) or row.deleted_at is None
    return found


def capture_files_after(connection: sa.Connection, after: str, limit: int) -> list[str]:
    """The next files of captures that the database says are there."""
    column = capture_files.c.sha256
    there = sa.select(column).where(column > after, capture_files.c.deleted_at.is_(None))
    return list(connection.scalars(there.distinct().order_by(column).limit(limit)))


def first_running_crawl(connection: sa.Connection) -> datetime | None:
    """When the oldest crawl that is at work was begun: it may have stored files whose rows are still to be written."""
    running = sa.select(crawls.c.started_at).where(crawls.c.state == CrawlState.CLAIMED)
    begun: datetime | None = connection.scalar(running.order_by(crawls.c.started_at).limit(1))
    return begun


def claim_sweep(connection: sa.Connection, every: timedelta, now: datetime) -> bool:
    """Take on the sweep that is due; of several processes that ask, one is told so."""
    # Texts of one length and zone, so that their order is that of the times.
    text = now.isoformat(timespec="microseconds")
    if insert_new(connection, instance, {"key": _SWEPT, "value": text}) is not None:
        return True
    due = sa.and_(instance.c.key == _SWEPT, instance.c.value <= (now - every).isoformat(timespec="microseconds"))
    return changed_one(connection, instance.update().where(due).values(value=text))


# ------------------------------------------------------------------------------------------------- conditions


def _image_expired(wanted: RetentionClass, limits: Limits) -> sa.ColumnElement[bool]:
    shown = (
        sa.select(listing_images.c.position)
        .join(listing_versions, listing_versions.c.id == listing_images.c.listing_version_id)
        .join(listings, listings.c.id == listing_versions.c.listing_id)
        .where(listing_images.c.image_sha256 == images.c.sha256)
    )
    registered = (
        sa.select(reference_images.c.id)
        .join(products, products.c.id == reference_images.c.product_id)
        .where(reference_images.c.image_sha256 == images.c.sha256)
    )
    searched = sa.select(searched_pictures.c.owner_id).where(searched_pictures.c.image_sha256 == images.c.sha256)
    open_, closed = shown.where(_has_suspect(_open())).exists(), shown.where(_has_suspect(_closed())).exists()
    return sa.and_(
        images.c.deleted_at.is_(None),
        ~registered.where(_reference_kept(limits)).exists(),
        ~shown.where(_listing_kept(limits)).exists(),
        {
            RetentionClass.UNSUSPICIOUS: sa.and_(
                *(~open_, ~closed, ~registered.exists()),
                ~_since(images.c.stored_at, limits, wanted),
                ~searched.where(_since(searched_pictures.c.searched_at, limits, wanted)).exists(),
            ),
            RetentionClass.CLOSED: sa.and_(~open_, sa.or_(closed, registered.exists())),
            RetentionClass.SUSPECT: open_,
        }[wanted],
    )


def _body_expired(wanted: RetentionClass, limits: Limits) -> sa.ColumnElement[bool]:
    mine = sa.select(listings.c.id).where(listings.c.id == listing_versions.c.listing_id)
    of_class = {
        RetentionClass.UNSUSPICIOUS: ~_has_suspect(sa.true()),
        RetentionClass.CLOSED: sa.and_(~_has_suspect(_open()), _has_suspect(_closed())),
        RetentionClass.SUSPECT: _has_suspect(_open()),
    }[wanted]
    return sa.and_(
        listing_versions.c.body_sha256.is_not(None),
        listing_versions.c.body_deleted_at.is_(None),
        mine.where(of_class, ~_listing_kept(limits)).exists(),
    )


def _capture_expired(wanted: RetentionClass, limits: Limits) -> sa.ColumnElement[bool]:
    """A capture is kept as long as its own suspect: another owner's verdict does not concern it."""
    if wanted is RetentionClass.UNSUSPICIOUS:
        return sa.false()
    mine = (
        sa.select(suspects.c.id)
        .join(listings, listings.c.id == suspects.c.listing_id)
        .join(captures, captures.c.suspect_id == suspects.c.id)
        .where(captures.c.id == capture_files.c.capture_id)
    )
    of_class = _closed() if wanted is RetentionClass.CLOSED else _open()
    return sa.and_(capture_files.c.deleted_at.is_(None), mine.where(of_class, ~_suspect_kept(limits, wanted)).exists())


def _listing_kept(limits: Limits) -> sa.ColumnElement[bool]:
    # What waits to be judged is nobody's suspect yet.
    waiting = sa.select(inspections.c.listing_id).where(inspections.c.state.in_(("waiting", "claimed")))
    return sa.or_(
        listings.c.id.in_(waiting),
        sa.and_(~_has_suspect(sa.true()), _since(listings.c.last_seen_at, limits, RetentionClass.UNSUSPICIOUS)),
        _has_suspect(sa.and_(_closed(), _suspect_kept(limits, RetentionClass.CLOSED))),
        _has_suspect(sa.and_(_open(), _suspect_kept(limits, RetentionClass.SUSPECT))),
    )


def _suspect_kept(limits: Limits, kind: RetentionClass) -> sa.ColumnElement[bool]:
    # A decision keeps what it was made about, however long the listing has been gone.
    return sa.or_(_since(listings.c.last_seen_at, limits, kind), _since(suspects.c.updated_at, limits, kind))


def _reference_kept(limits: Limits) -> sa.ColumnElement[bool]:
    """Live references always; those that were taken back, or whose product was, as long as closed suspects."""
    closed = RetentionClass.CLOSED
    return sa.and_(
        sa.or_(reference_images.c.removed_at.is_(None), _since(reference_images.c.removed_at, limits, closed)),
        sa.or_(products.c.removed_at.is_(None), _since(products.c.removed_at, limits, closed)),
    )


def _has_suspect(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    return sa.exists().where(suspects.c.listing_id == listings.c.id, condition)


def _closed() -> sa.ColumnElement[bool]:
    verdict = sa.func.coalesce(suspects.c.verdict, "")
    withdrawn = sa.and_(suspects.c.state == SuspectState.WITHDRAWN, verdict != VerdictKind.COUNTERFEIT)
    return sa.or_(verdict.in_(_HARMLESS), withdrawn)


def _open() -> sa.ColumnElement[bool]:
    return ~_closed()


def _since(column: sa.ColumnElement[datetime], limits: Limits, kind: RetentionClass) -> sa.ColumnElement[bool]:
    """Whether this was late enough to be kept."""
    before = limits.seen_before[kind]
    return sa.true() if before is None else column >= before
