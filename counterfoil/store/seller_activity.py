"""What a seller does, as far as an owner's crawls have shown it: listings, verdicts, pictures that others show too."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from counterfoil.models import Seller, SuspectState, VerdictKind
from counterfoil.store.listings import first_picture_of
from counterfoil.store.sellers import get_sellers
from counterfoil.store.tables import inspections, listing_images, listing_versions, listings, suspects

# Of a seller with more, the newest speak for it.
_MOST_LISTINGS = 20_000
_MOST_PICTURES = 500
# A picture that everybody shows, of a maker's or a placeholder, says little of any of them.
_MOST_SHOWN = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SoldListing:
    """One of a seller's listings, as the owner's crawls have seen it last; `suspect_id` where it is a suspect.

    `image_sha256` is its first stored picture.
    """

    listing_id: int
    listing_version_id: int
    url: str
    title: str
    price: Decimal | None
    currency: str | None
    image_sha256: str | None
    first_seen_at: datetime
    last_seen_at: datetime
    suspect_id: int | None = None
    score: float | None = None
    state: SuspectState | None = None
    verdict: VerdictKind | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SellerTotals:
    """How many listings of a seller the owner has seen, from when to when, and what was decided about them.

    `verdicts` counts the open suspects by verdict; None: not decided.
    """

    listings: int
    first_seen_at: datetime | None
    last_seen_at: datetime | None
    verdicts: Mapping[VerdictKind | None, int]

    @property
    def suspects(self) -> int:
        """How many open suspects there are."""
        return sum(self.verdicts.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class SellerActivity:
    """A seller in numbers, and its listings: the most suspicious first, and not all of a large seller's."""

    totals: SellerTotals
    listings: tuple[SoldListing, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedPictures:
    """Another seller who shows some of the same pictures: how many, and a few of them."""

    seller: Seller
    count: int
    sha256s: tuple[str, ...]


def seller_activity(connection: sa.Connection, owner_id: int, seller_id: int, limit: int) -> SellerActivity:
    """What a seller does: in numbers, and its listings, the most suspicious first, then the newest."""
    return SellerActivity(
        totals=_totals(connection, owner_id, seller_id),
        listings=tuple(_listings(connection, owner_id, seller_id, limit)),
    )


def shared_pictures(
    connection: sa.Connection, owner_id: int, seller_id: int, limit: int = 20, examples: int = 4
) -> list[SharedPictures]:
    """The other sellers who show pictures of this one's listings, those with the most first.

    Of a seller with more, 500 pictures of its newest listings are asked about.
    """
    mine = _pictures(connection, owner_id, seller_id)
    theirs: dict[int, set[str]] = {}
    for row in connection.execute(_others_showing(owner_id, seller_id, mine)):
        theirs.setdefault(row.seller_id, set()).add(row.image_sha256)
    most = sorted(theirs, key=lambda one: (-len(theirs[one]), one))[:limit]
    known = get_sellers(connection, most)
    return [
        SharedPictures(seller=known[one], count=len(theirs[one]), sha256s=tuple(sorted(theirs[one])[:examples]))
        for one in most
    ]


# A seller may have a tenth of all listings: what is asked of each is asked along the seller's own, by an index, in one
# statement. Joined freely, SQLite begins with all that the owner has ever seen.


# As an index holds them, with their dates: no listing's row is read for it.
_NEWEST_FIRST = (listings.c.first_seen_at.desc(), listings.c.last_seen_at.desc(), listings.c.id.desc())


def _newest(seller_id: int, most: int) -> sa.Subquery:
    sold = sa.select(listings.c.id, listings.c.first_seen_at, listings.c.last_seen_at)
    return sold.where(listings.c.seller_id == seller_id).order_by(*_NEWEST_FIRST).limit(most).subquery("sold")


def _seen(owner_id: int, listing_id: sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
    """Whether the owner has come to see it."""
    return sa.exists().where(inspections.c.owner_id == owner_id, inspections.c.listing_id == listing_id)


def _seen_version(owner_id: int, listing_id: sa.ColumnElement[int]) -> sa.ScalarSelect[Any]:
    """The newest version of a listing that the owner has come to see."""
    newest = sa.select(sa.func.max(inspections.c.listing_version_id))
    mine = sa.and_(inspections.c.owner_id == owner_id, inspections.c.listing_id == listing_id)
    return newest.where(mine).correlate_except(inspections).scalar_subquery()


def _same_listing(owner_id: int, listing_id: sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
    return sa.and_(suspects.c.listing_id == listing_id, suspects.c.owner_id == owner_id)


def _totals(connection: sa.Connection, owner_id: int, seller_id: int) -> SellerTotals:
    sold = _newest(seller_id, _MOST_LISTINGS)
    counted = (
        sa.select(
            *(suspects.c.state, suspects.c.verdict, sa.func.count().label("many")),
            sa.func.min(sold.c.first_seen_at).label("first"),
            sa.func.max(sold.c.last_seen_at).label("last"),
        )
        .select_from(sold.outerjoin(suspects, _same_listing(owner_id, sold.c.id)))
        .where(_seen(owner_id, sold.c.id))
        .group_by(suspects.c.state, suspects.c.verdict)
    )
    rows = connection.execute(counted).all()
    return SellerTotals(
        listings=sum(row.many for row in rows),
        first_seen_at=min((row.first for row in rows), default=None),
        last_seen_at=max((row.last for row in rows), default=None),
        verdicts={
            VerdictKind(row.verdict) if row.verdict else None: row.many
            for row in rows
            if row.state == SuspectState.OPEN
        },
    )


def _listings(connection: sa.Connection, owner_id: int, seller_id: int, limit: int) -> list[SoldListing]:
    chosen = list(connection.scalars(_suspicious(owner_id, seller_id, limit)))
    if len(chosen) < limit:
        chosen += connection.scalars(_unsuspected(owner_id, seller_id, limit - len(chosen)))
    version, suspect = listing_versions.c, suspects.c
    wanted: sa.Select[Any] = (
        sa.select(
            *(listings.c.id.label("listing_id"), listings.c.url, listings.c.first_seen_at, listings.c.last_seen_at),
            *(suspect.id.label("suspect_id"), suspect.score, suspect.state, suspect.verdict),
            *(version.id.label("version_id"), version.title, version.price, version.currency),
            first_picture_of(version.id).label("picture"),
        )
        .select_from(listings.outerjoin(suspects, _same_listing(owner_id, listings.c.id)))
        .join(listing_versions, version.id == _seen_version(owner_id, listings.c.id))
        .where(listings.c.id.in_(chosen))
    )
    found = {row.listing_id: _sold(row) for row in connection.execute(wanted)} if chosen else {}
    return [found[listing_id] for listing_id in chosen]


def _suspicious(owner_id: int, seller_id: int, limit: int) -> sa.Select[Any]:
    """The seller's listings that are suspects, the most suspicious first."""
    sold = _newest(seller_id, _MOST_LISTINGS)
    joined = sold.join(suspects, _same_listing(owner_id, sold.c.id))
    return sa.select(sold.c.id).select_from(joined).order_by(suspects.c.score.desc(), sold.c.id.desc()).limit(limit)


def _unsuspected(owner_id: int, seller_id: int, limit: int) -> sa.Select[Any]:
    """Those that are none, the newest first."""
    is_suspect = sa.exists().where(_same_listing(owner_id, listings.c.id))
    # In the order of the index, so that it ends with the first that are enough.
    sold = sa.select(listings.c.id).where(listings.c.seller_id == seller_id).order_by(*_NEWEST_FIRST)
    return sold.where(_seen(owner_id, listings.c.id), ~is_suspect).limit(limit)


def _pictures(connection: sa.Connection, owner_id: int, seller_id: int) -> list[str]:
    """Pictures of the seller's newest listings."""
    sold = _newest(seller_id, _MOST_PICTURES)
    wanted = sa.select(_seen_version(owner_id, sold.c.id)).select_from(sold).where(_seen(owner_id, sold.c.id))
    versions = list(connection.scalars(wanted))
    shown = sa.and_(listing_images.c.listing_version_id.in_(versions), listing_images.c.image_sha256.is_not(None))
    rows = sa.select(listing_images.c.image_sha256).where(shown)
    found = connection.scalars(rows.order_by(listing_images.c.listing_version_id.desc(), listing_images.c.position))
    return list(dict.fromkeys(found))[:_MOST_PICTURES]


def _others_showing(owner_id: int, seller_id: int, sha256s: Sequence[str]) -> sa.Select[Any]:
    """(seller, picture) of the other sellers' listings that the owner has seen with one of these pictures."""
    version = listing_versions.c
    is_seen = sa.exists().where(inspections.c.owner_id == owner_id, inspections.c.listing_version_id == version.id)
    return (
        sa.select(listings.c.seller_id, listing_images.c.image_sha256)
        .select_from(listing_images)
        .join(listing_versions, version.id == listing_images.c.listing_version_id)
        .join(listings, listings.c.id == version.listing_id)
        .where(listing_images.c.image_sha256.in_(sha256s), listings.c.seller_id != seller_id, is_seen)
        .limit(_MOST_SHOWN)
    )


def _sold(row: sa.Row[Any]) -> SoldListing:
    return SoldListing(
        listing_id=row.listing_id,
        listing_version_id=row.version_id,
        url=row.url,
        title=row.title,
        price=row.price,
        currency=row.currency,
        image_sha256=row.picture,
        first_seen_at=row.first_seen_at,
        last_seen_at=row.last_seen_at,
        suspect_id=row.suspect_id,
        score=row.score,
        state=SuspectState(row.state) if row.state else None,
        verdict=VerdictKind(row.verdict) if row.verdict else None,
    )
