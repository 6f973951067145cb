"""Stored pictures: which there are, where they came from, and their fingerprints."""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from counterfoil.models import Fingerprint, ImageSource
from counterfoil.store.conditional import insert_all_new, insert_new, upsert
from counterfoil.store.tables import (
    fingerprints,
    image_sources,
    images,
    inspections,
    listing_images,
    reference_images,
    searched_pictures,
)

# SQLite takes 32,766 variables in a statement and PostgreSQL 65,535; a list of ids is cut well below both.
_IDS_AT_ONCE = 5_000
_ROWS_AT_ONCE = 10_000
_SOURCE = (
    sa.select(image_sources)
    .join(images, images.c.sha256 == image_sources.c.image_sha256)
    .where(image_sources.c.url_sha256 == sa.bindparam("key"), images.c.deleted_at.is_(None))
)


def add_image(connection: sa.Connection, sha256: str, size: int, now: datetime) -> None:
    """Note that the evidence store holds this picture, perhaps again after it was deleted."""
    if insert_new(connection, images, {"sha256": sha256, "size": size, "stored_at": now}, images.c.sha256) is None:
        _revive(connection, sha256, now)


def add_image_source(connection: sa.Connection, source: ImageSource, now: datetime) -> None:
    """Note what an address answered, so that the next crawl can ask whether it has changed."""
    upsert(
        connection,
        image_sources,
        {
            "url_sha256": _key(source.url),
            "url": source.url,
            "image_sha256": source.image_sha256,
            "etag": source.etag,
            "last_modified": source.last_modified,
            "fetched_at": now,
        },
        key=["url_sha256"],
    )


def get_image_source(connection: sa.Connection, url: str) -> ImageSource | None:
    """What an address answered last; None also when retention has deleted that picture."""
    row = connection.execute(_SOURCE, {"key": _key(url)}).one_or_none()
    if row is None:
        return None
    return ImageSource(url=row.url, image_sha256=row.image_sha256, etag=row.etag, last_modified=row.last_modified)


def deleted_images(connection: sa.Connection, sha256s: Collection[str]) -> dict[str, datetime]:
    """Those of these pictures that retention has deleted, and when."""
    found: dict[str, datetime] = {}
    for some in _pieces(sorted(set(sha256s))):
        gone = sa.and_(images.c.sha256.in_(some), images.c.deleted_at.is_not(None))
        found.update((row.sha256, row.deleted_at) for row in connection.execute(sa.select(images).where(gone)))
    return found


def add_fingerprints(connection: sa.Connection, made: Iterable[Fingerprint]) -> None:
    """Keep fingerprints; those that are there already stay."""
    insert_all_new(connection, fingerprints, [_row(fingerprint) for fingerprint in made])


def add_unreadable(connection: sa.Connection, sha256: str, version: str, error: str) -> None:
    """Keep why a picture has no fingerprint, so that it is not decoded again."""
    nothing = Fingerprint(
        image_sha256=sha256, version=version, width=0, height=0, phash=b"", dct256=b"", box256=b"", informative=False
    )
    insert_all_new(connection, fingerprints, [{**_row(nothing), "error": error[:500]}])


def get_fingerprints(
    connection: sa.Connection, sha256s: Collection[str], version: str
) -> dict[str, Fingerprint | None]:
    """The fingerprints of these pictures by SHA-256; None for one that is unreadable; absent when not made yet."""
    found: dict[str, Fingerprint | None] = {}
    for some in _pieces(sorted(sha256s)):
        wanted = sa.and_(fingerprints.c.version == version, fingerprints.c.image_sha256.in_(some))
        for row in connection.execute(sa.select(fingerprints).where(wanted)):
            found[row.image_sha256] = _fingerprint(row) if row.error is None else None
    return found


def hashes_after(connection: sa.Connection, version: str, number: int) -> Iterator[Sequence[Any]]:
    """(id, image_sha256, dct256, box256) of the informative pictures with a higher number, whoever has seen them.

    In the order of their numbers, in pieces: a million rows at once are too many.
    """
    columns = (fingerprints.c.id, fingerprints.c.image_sha256, fingerprints.c.dct256, fingerprints.c.box256)
    of_version = sa.and_(fingerprints.c.version == version, fingerprints.c.informative)
    wanted = sa.select(*columns).where(of_version, fingerprints.c.id > number).order_by(fingerprints.c.id)
    yield from connection.execute(wanted, execution_options={"yield_per": _ROWS_AT_ONCE}).partitions()


def pictures_seen(connection: sa.Connection, owner_id: int, sha256s: Collection[str]) -> set[str]:
    """Those of these pictures that stand in a listing which the owner has come to see."""
    found: set[str] = set()
    for some in _pieces(sorted(sha256s)):
        shown = (
            sa.select(listing_images.c.image_sha256)
            .join(inspections, inspections.c.listing_version_id == listing_images.c.listing_version_id)
            .where(listing_images.c.image_sha256.in_(some), inspections.c.owner_id == owner_id)
        )
        found.update(connection.scalars(shown.distinct()))
    return found


def image_visible_to(connection: sa.Connection, owner_id: int, sha256: str) -> bool:
    """Whether a picture is one of the owner's references, stands in a listing that their crawls have shown, or was
    searched by for them.
    """
    registered = sa.select(reference_images.c.id).where(
        reference_images.c.owner_id == owner_id, reference_images.c.image_sha256 == sha256
    )
    crawled = (
        sa.select(inspections.c.id)
        .join(listing_images, listing_images.c.listing_version_id == inspections.c.listing_version_id)
        .where(inspections.c.owner_id == owner_id, listing_images.c.image_sha256 == sha256)
    )
    searched = sa.select(searched_pictures.c.owner_id).where(
        searched_pictures.c.owner_id == owner_id, searched_pictures.c.image_sha256 == sha256
    )
    return any(connection.execute(one.limit(1)).first() is not None for one in (registered, crawled, searched))


def note_searched_picture(connection: sa.Connection, owner_id: int, sha256: str, size: int, now: datetime) -> None:
    """Note that somebody has searched by a picture, which the evidence store holds."""
    add_image(connection, sha256, size, now)
    row = {"image_sha256": sha256, "owner_id": owner_id, "searched_at": now}
    upsert(connection, searched_pictures, row, key=["image_sha256", "owner_id"])


def _revive(connection: sa.Connection, sha256: str, now: datetime) -> None:
    """A picture that retention has deleted is there again."""
    deleted = sa.and_(images.c.sha256 == sha256, images.c.deleted_at.is_not(None))
    connection.execute(images.update().where(deleted).values(deleted_at=None, stored_at=now))


def _pieces(values: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(values), _IDS_AT_ONCE):
        yield values[start : start + _IDS_AT_ONCE]


def _key(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()


def _row(fingerprint: Fingerprint) -> dict[str, Any]:
    return {
        "image_sha256": fingerprint.image_sha256,
        "version": fingerprint.version,
        "width": fingerprint.width,
        "height": fingerprint.height,
        "phash": fingerprint.phash.hex(),
        "dct256": fingerprint.dct256,
        "box256": fingerprint.box256,
        "informative": fingerprint.informative,
        "error": None,
    }


def _fingerprint(row: sa.Row[Any]) -> Fingerprint:
    return Fingerprint(
        image_sha256=row.image_sha256,
        version=row.version,
        width=row.width,
        height=row.height,
        phash=bytes.fromhex(row.phash),
        dct256=row.dct256,
        box256=row.box256,
        informative=row.informative,
    )
