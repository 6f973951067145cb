"""Listings, their versions and their sightings: what a crawl writes, in one transaction for each page."""

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from counterfoil.exceptions import NotFound
from counterfoil.models import Listing, ListingFacts, ListingImage, ListingVersion, SellerFacts, Sighting
from counterfoil.store.absences import record_presence
from counterfoil.store.conditional import insert_new
from counterfoil.store.inspections import request_inspection
from counterfoil.store.paging import rows_after, rows_before
from counterfoil.store.sellers import see_seller
from counterfoil.store.tables import crawls, inspections, listing_images, listing_versions, listings, sellers, sightings
from counterfoil.store.tables import images as stored_images
from counterfoil.store.types import Id

# Keys are indexed, and PostgreSQL's index entries end at 2,700 bytes; longer addresses are named by their SHA-256.
_LONGEST_KEY = 1_000
# The attribute of a version that says where it was read, if not on the listing's own page; and its only value so far.
READ_FROM = "read_from"
RESULTS = "results"
_LONGEST_QUERY = 300

# What is run for every listing is made once: SQLAlchemy takes longer to make a statement than SQLite takes to run it.
_OWNER = sa.select(crawls.c.owner_id).where(crawls.c.id == sa.bindparam("crawl"))
_SAME = sa.and_(listings.c.marketplace == sa.bindparam("of"), listings.c.listing_key == sa.bindparam("key"))
_ID = sa.select(listings.c.id).where(_SAME)
_CAPTURED = sa.bindparam("seen", type_=listings.c.last_seen_at.type)
_IS_NEWEST = listings.c.last_seen_at <= _CAPTURED
_SEEN = (
    listings.update()
    .where(_SAME)
    .values(
        url=sa.case((_IS_NEWEST, sa.bindparam("seen_url", type_=sa.Text)), else_=listings.c.url),
        seller_id=sa.case((_IS_NEWEST, sa.bindparam("seen_seller", type_=Id)), else_=listings.c.seller_id),
        last_seen_at=sa.case((_IS_NEWEST, _CAPTURED), else_=listings.c.last_seen_at),
    )
    .returning(listings.c.id)
)
_LATEST = (
    sa.select(listing_versions)
    .where(listing_versions.c.listing_id == sa.bindparam("listing"))
    .order_by(listing_versions.c.number.desc())
    .limit(1)
)
_ADD_VERSION = listing_versions.insert().returning(listing_versions.c.id)
_ADD_IMAGES = listing_images.insert()
_NUMBER = listings.update().where(listings.c.id == sa.bindparam("listing")).values(latest_number=sa.bindparam("number"))
_SIGHTING = (
    sa.select(sightings.c.owner_id, sightings.c.listing_version_id)
    .where(sightings.c.crawl_id == sa.bindparam("crawl"), sightings.c.listing_id == sa.bindparam("listing"))
    .limit(1)
)


class Change(StrEnum):
    """What a sighting of a listing added to what was known."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What became of a listing page that a crawl handed in."""

    listing_id: int
    listing_version_id: int
    change: Change


def listing_key(listing_id: str | None, canonical_url: str) -> str:
    """The key of a listing within its marketplace: the marketplace's own id, else the canonical URL."""
    key = listing_id or canonical_url
    data = key.encode()
    return key if len(data) <= _LONGEST_KEY else "sha256:" + hashlib.sha256(data).hexdigest()


def kept_query(query: str) -> str:
    """A query as sightings name it."""
    return query[:_LONGEST_QUERY]


def record_listing(
    connection: sa.Connection,
    *,
    crawl_id: int,
    marketplace: str,
    key: str,
    facts: ListingFacts,
    body_sha256: str | None,
    captured_at: datetime,
    sighting: Sighting,
) -> Recorded:
    """Write what a listing's page said: a new version only when something changed, the sighting always once.

    `captured_at` is when the listing's own page was read; the results that showed it may have been read an hour before.
    Every picture named by `facts` must be in `images` already. The owner of the crawl gets an inspection of the
    version. Call `crawls.require_attempt` first in the same transaction. Doing it twice changes nothing. A page older
    than the newest version (a person may import what they saved last year) is a sighting, and no version.
    """
    owner_id = connection.scalars(_OWNER, {"crawl": crawl_id}).one()
    seller_id = see_seller(connection, marketplace, facts.seller, captured_at) if facts.seller else None
    listing_id = _see_listing(connection, marketplace, key, facts.url, seller_id, sighting.seen_at, captured_at)
    version_id, change = _see_version(connection, listing_id, seller_id, crawl_id, facts, body_sha256, captured_at)
    _add_sighting(connection, owner_id, crawl_id, listing_id, version_id, sighting)
    record_presence(connection, listing_id, captured_at)
    request_inspection(connection, owner_id, listing_id, version_id, captured_at)
    return Recorded(listing_id=listing_id, listing_version_id=version_id, change=change)


def says_nothing_new(connection: sa.Connection, marketplace: str, key: str, facts: ListingFacts) -> bool:
    """Whether the listing's newest version says all this already: `record_listing` would add no version."""
    listing_id = connection.scalar(_ID, {"of": marketplace, "key": key})
    latest = _latest(connection, listing_id) if listing_id is not None else None
    if latest is None:
        return False
    return bool(latest.facts_sha256 == facts_digest(_with_known_pictures(connection, facts, latest)))


def record_query(connection: sa.Connection, crawl_id: int, listing_id: int, sighting: Sighting) -> None:
    """Note that another query of the same crawl showed a listing whose page was read already."""
    row = connection.execute(_SIGHTING, {"crawl": crawl_id, "listing": listing_id}).one_or_none()
    if row is not None:
        _add_sighting(connection, row.owner_id, crawl_id, listing_id, row.listing_version_id, sighting)


def record_seen(
    connection: sa.Connection, *, crawl_id: int, marketplace: str, key: str, sighting: Sighting
) -> int | None:
    """Note that a page showed a listing whose own page it was not; None where that page was never read.

    Returns the listing's id. The owner of the crawl gets an inspection of its newest version.
    """
    owner_id = connection.scalars(sa.select(crawls.c.owner_id).where(crawls.c.id == crawl_id)).one()
    same = sa.and_(listings.c.marketplace == marketplace, listings.c.listing_key == key)
    listing_id = connection.scalar(sa.select(listings.c.id).where(same))
    latest = _latest(connection, listing_id) if listing_id is not None else None
    if listing_id is None or latest is None or latest.attributes.get(READ_FROM) == RESULTS:
        return None
    connection.execute(
        listings.update().where(same).values(last_seen_at=_later(listings.c.last_seen_at, sighting.seen_at))
    )
    _add_sighting(connection, owner_id, crawl_id, listing_id, latest.id, sighting)
    request_inspection(connection, owner_id, listing_id, latest.id, sighting.seen_at)
    return int(listing_id)


def record_unchanged(
    connection: sa.Connection,
    *,
    crawl_id: int,
    marketplace: str,
    key: str,
    title: str,
    price: Decimal | None,
    currency: str | None,
    sighting: Sighting,
) -> int | None:
    """The same as `record_seen`, but None also where title or price are not those of the newest version."""
    same = sa.and_(listings.c.marketplace == marketplace, listings.c.listing_key == key)
    listing_id = connection.scalar(sa.select(listings.c.id).where(same))
    latest = _latest(connection, listing_id) if listing_id is not None else None
    if latest is None or (latest.title, latest.price, latest.currency) != (title, price, currency):
        return None
    return record_seen(connection, crawl_id=crawl_id, marketplace=marketplace, key=key, sighting=sighting)


def listings_seen(connection: sa.Connection, crawl_id: int) -> dict[str, int]:
    """The listings a crawl has stored so far, over all its attempts: key to listing id."""
    seen = (
        sa.select(listings.c.listing_key, listings.c.id)
        .join(sightings, sightings.c.listing_id == listings.c.id)
        .where(sightings.c.crawl_id == crawl_id)
    )
    return {row.listing_key: row.id for row in connection.execute(seen)}


def get_listing(connection: sa.Connection, listing_id: int) -> Listing:
    """A listing. Raises NotFound."""
    found = get_listings(connection, [listing_id])
    if not found:
        raise NotFound("There is no listing {listing_id}.", listing_id=listing_id)
    return found[listing_id]


def get_listings(connection: sa.Connection, listing_ids: Collection[int]) -> dict[int, Listing]:
    """Listings by id."""
    rows = connection.execute(sa.select(listings).where(listings.c.id.in_(listing_ids)))
    return {row.id: _listing(row) for row in rows}


def listings_after(
    connection: sa.Connection,
    owner_id: int,
    after: int,
    limit: int,
    *,
    marketplace: str | None = None,
    seller_id: int | None = None,
) -> list[Listing]:
    """The next listings, after an id, that the owner's crawls have shown; of one marketplace or seller where named."""
    # Walked along the owner's inspections: among a million listings of others, a page costs no more.
    mine = sa.select(inspections.c.listing_id).where(inspections.c.owner_id == owner_id)
    if seller_id is not None and marketplace is not None:
        # A seller is on one marketplace: of another's there is nothing to be walked for.
        there = sa.and_(sellers.c.id == seller_id, sellers.c.marketplace == marketplace)
        if connection.execute(sa.select(sellers.c.id).where(there)).first() is None:
            return []
        marketplace = None
    if seller_id is not None:
        sold = sa.select(listings.c.id).where(listings.c.seller_id == seller_id)
        # By themselves first: joined, SQLite looks at all that the owner has seen.
        mine = mine.where(inspections.c.listing_id.in_(sold))
    if marketplace is not None:
        mine = mine.join(listings, listings.c.id == inspections.c.listing_id)
        mine = mine.where(listings.c.marketplace == marketplace)
    page = rows_after(mine, inspections.c.listing_id, after, limit).group_by(inspections.c.listing_id)
    ids = list(connection.scalars(page))
    found = get_listings(connection, ids)
    return [found[listing_id] for listing_id in ids]


def get_listing_of(connection: sa.Connection, owner_id: int, listing_id: int) -> Listing:
    """A listing that the owner's crawls have shown. Raises NotFound."""
    row = connection.execute(_seen_by(owner_id).where(listings.c.id == listing_id)).one_or_none()
    if row is None:
        raise NotFound("There is no listing {listing_id}.", listing_id=listing_id)
    return _listing(row)


def version_ids_seen(connection: sa.Connection, owner_id: int, listing_id: int, after: int, limit: int) -> list[int]:
    """The ids of those versions of a listing that the owner's crawls have shown, oldest first, after an id."""
    mine = sa.select(inspections.c.listing_version_id).where(
        inspections.c.owner_id == owner_id, inspections.c.listing_id == listing_id
    )
    return list(connection.scalars(rows_after(mine, inspections.c.listing_version_id, after, limit)))


def newest_version_ids_seen(connection: sa.Connection, owner_id: int, listing_id: int, limit: int) -> list[int]:
    """The same, newest first, and no more than so many."""
    mine = sa.select(inspections.c.listing_version_id).where(
        inspections.c.owner_id == owner_id, inspections.c.listing_id == listing_id
    )
    return list(connection.scalars(rows_before(mine, inspections.c.listing_version_id, None, limit)))


def body_visible_to(connection: sa.Connection, owner_id: int, sha256: str) -> ListingVersion | None:
    """A version that the owner's crawls have shown and that was read from this response body."""
    mine = (
        sa.select(listing_versions.c.id)
        .join(inspections, inspections.c.listing_version_id == listing_versions.c.id)
        .where(inspections.c.owner_id == owner_id, listing_versions.c.body_sha256 == sha256)
        .order_by(listing_versions.c.id.desc())
        .limit(1)
    )
    found = connection.scalar(mine)
    return get_versions(connection, [found])[found] if found is not None else None


def first_picture_of(version_id: sa.ColumnElement[int]) -> sa.ScalarSelect[Any]:
    """The first stored picture of a version, within a statement that reads versions."""
    shown = sa.and_(listing_images.c.listing_version_id == version_id, listing_images.c.image_sha256.is_not(None))
    first = sa.select(listing_images.c.image_sha256).where(shown).order_by(listing_images.c.position).limit(1)
    return first.scalar_subquery()


def get_versions(connection: sa.Connection, version_ids: Collection[int]) -> dict[int, ListingVersion]:
    """Listing versions with their pictures, by id."""
    wanted = (
        sa.select(
            listing_versions, sellers.c.seller_key, sellers.c.name.label("seller_name"), sellers.c.url.label("su")
        )
        .outerjoin(sellers, sellers.c.id == listing_versions.c.seller_id)
        .where(listing_versions.c.id.in_(version_ids))
    )
    rows = connection.execute(wanted).all()
    images = _images(connection, [row.id for row in rows])
    return {row.id: _version(row, images.get(row.id, ())) for row in rows}


def list_version_ids(connection: sa.Connection, listing_id: int) -> list[int]:
    """The ids of a listing's versions, oldest first."""
    mine = sa.select(listing_versions.c.id).where(listing_versions.c.listing_id == listing_id)
    return list(connection.scalars(mine.order_by(listing_versions.c.number)))


def facts_digest(facts: ListingFacts) -> str:
    """SHA-256 over what makes a version: all facts but `attributes`, pictures by content where it is known."""
    said = {
        "url": facts.url,
        "title": facts.title,
        "description": facts.description,
        "price": None if facts.price is None else format(facts.price.normalize(), "f"),
        "price_max": None if facts.price_max is None else format(facts.price_max.normalize(), "f"),
        "currency": facts.currency,
        "availability": facts.availability,
        "condition": facts.condition,
        "seller": facts.seller.key if facts.seller else None,
        "ships_from": facts.ships_from,
        "category": facts.category,
        "brand": facts.brand,
        "sku": facts.sku,
        "gtin": facts.gtin,
        "images": [image.sha256 or image.url for image in facts.images],
    }
    return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _seen_by(owner_id: int) -> sa.Select[Any]:
    shown = sa.exists().where(inspections.c.listing_id == listings.c.id, inspections.c.owner_id == owner_id)
    return sa.select(listings).where(shown)


def _see_listing(
    connection: sa.Connection,
    marketplace: str,
    key: str,
    url: str,
    seller_id: int | None,
    seen_at: datetime,
    captured_at: datetime,
) -> int:
    # Update and insert both lock the row, so that two crawls of one listing number its versions one after the other.
    seen = {"of": marketplace, "key": key, "seen_url": url, "seen_seller": seller_id, "seen": captured_at}
    known = connection.scalar(_SEEN, seen)
    if known is None:
        identity = {"marketplace": marketplace, "listing_key": key, "url": url, "seller_id": seller_id}
        new = {"latest_number": 0, "first_seen_at": seen_at, "last_seen_at": captured_at}
        known = insert_new(connection, listings, {**identity, **new}, listings.c.id)
    # None again only where another transaction has made it meanwhile.
    return int(known if known is not None else connection.execute(_SEEN, seen).scalar_one())


def _later(column: sa.Column[datetime], moment: datetime) -> sa.Case[Any]:
    return sa.case((column < moment, sa.bindparam(None, moment, column.type)), else_=column)


def _see_version(
    connection: sa.Connection,
    listing_id: int,
    seller_id: int | None,
    crawl_id: int,
    facts: ListingFacts,
    body_sha256: str | None,
    captured_at: datetime,
) -> tuple[int, Change]:
    latest = _latest(connection, listing_id)
    facts = _with_known_pictures(connection, facts, latest)
    digest = facts_digest(facts)
    if latest is not None and (latest.facts_sha256 == digest or captured_at < latest.captured_at):
        return latest.id, Change.UNCHANGED
    number = latest.number + 1 if latest is not None else 1
    values = _version_values(facts, seller_id)
    origin = {"listing_id": listing_id, "number": number, "facts_sha256": digest, "crawl_id": crawl_id}
    version_id = connection.execute(
        _ADD_VERSION, {**origin, **values, "body_sha256": body_sha256, "captured_at": captured_at}
    ).scalar_one()
    _add_images(connection, version_id, facts.images)
    connection.execute(_NUMBER, {"listing": listing_id, "number": number})
    return int(version_id), Change.NEW if number == 1 else Change.CHANGED


def _latest(connection: sa.Connection, listing_id: int) -> sa.Row[Any] | None:
    return connection.execute(_LATEST, {"listing": listing_id}).one_or_none()


def _with_known_pictures(connection: sa.Connection, facts: ListingFacts, latest: sa.Row[Any] | None) -> ListingFacts:
    """A picture that could not be fetched this time is taken to be what its address showed before."""
    if latest is None or all(image.sha256 for image in facts.images):
        return facts
    known = {image.url: image for image in _images(connection, [latest.id]).get(latest.id, ())}
    images = tuple(image if image.sha256 else known.get(image.url, image) for image in facts.images)
    return replace(facts, images=images)


def _version_values(facts: ListingFacts, seller_id: int | None) -> dict[str, Any]:
    names: Sequence[str] = (
        *("url", "title", "description", "price", "price_max", "currency", "availability", "condition"),
        *("ships_from", "category", "brand", "sku", "gtin"),
    )
    values: dict[str, Any] = {name: getattr(facts, name) for name in names}
    return {**values, "seller_id": seller_id, "attributes": dict(facts.attributes)}


def _add_images(connection: sa.Connection, version_id: int, images: Sequence[ListingImage]) -> None:
    rows = [
        {
            "listing_version_id": version_id,
            "position": position,
            "url": image.url,
            "image_sha256": image.sha256,
            "error": image.error,
        }
        for position, image in enumerate(images)
    ]
    if rows:
        connection.execute(_ADD_IMAGES, rows)


def _add_sighting(
    connection: sa.Connection, owner_id: int, crawl_id: int, listing_id: int, version_id: int, sighting: Sighting
) -> None:
    values = {
        "owner_id": owner_id,
        "crawl_id": crawl_id,
        "listing_id": listing_id,
        "listing_version_id": version_id,
        "query": kept_query(sighting.query),
        "rank": sighting.rank,
        "seen_at": sighting.seen_at,
    }
    insert_new(connection, sightings, values)


def _images(connection: sa.Connection, version_ids: Sequence[int]) -> dict[int, tuple[ListingImage, ...]]:
    wanted = (
        sa.select(listing_images, stored_images.c.deleted_at)
        .outerjoin(stored_images, stored_images.c.sha256 == listing_images.c.image_sha256)
        .where(listing_images.c.listing_version_id.in_(version_ids))
    )
    found: dict[int, tuple[ListingImage, ...]] = {}
    for row in connection.execute(wanted.order_by(listing_images.c.listing_version_id, listing_images.c.position)):
        image = ListingImage(url=row.url, sha256=row.image_sha256, error=row.error, deleted_at=row.deleted_at)
        found[row.listing_version_id] = (*found.get(row.listing_version_id, ()), image)
    return found


def _listing(row: sa.Row[Any]) -> Listing:
    return Listing(
        id=row.id,
        marketplace=row.marketplace,
        listing_key=row.listing_key,
        url=row.url,
        seller_id=row.seller_id,
        first_seen_at=row.first_seen_at,
        last_seen_at=row.last_seen_at,
    )


def _version(row: sa.Row[Any], images: tuple[ListingImage, ...]) -> ListingVersion:
    seller = SellerFacts(key=row.seller_key, name=row.seller_name, url=row.su) if row.seller_key else None
    facts = ListingFacts(
        url=row.url,
        title=row.title,
        description=row.description,
        price=row.price,
        price_max=row.price_max,
        currency=row.currency,
        availability=row.availability,
        condition=row.condition,
        seller=seller,
        ships_from=row.ships_from,
        category=row.category,
        brand=row.brand,
        sku=row.sku,
        gtin=row.gtin,
        images=images,
        attributes=row.attributes,
    )
    return ListingVersion(
        id=row.id,
        listing_id=row.listing_id,
        number=row.number,
        facts=facts,
        body_sha256=row.body_sha256,
        captured_at=row.captured_at,
        body_deleted_at=row.body_deleted_at,
    )
