"""What a seller does, as far as an owner's crawls have shown it: listings, verdicts, pictures that others show too."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from counterfoil.models import Seller, SuspectState, VerdictKind
from counterfoil.store.sellers import get_sellers
from counterfoil.store.tables import inspections, listing_images, listing_versions, listings, suspects


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
class SharedPictures:
    """Another seller who shows some of the same pictures: how many, and a few of them."""

    seller: Seller
    count: int
    sha256s: tuple[str, ...]


def seller_totals(connection: sa.Connection, owner_id: int, seller_id: int) -> SellerTotals:
    """A seller's listings in numbers."""
    seen = _seen(owner_id, seller_id)
    times = sa.select(
        sa.func.count(), sa.func.min(listings.c.first_seen_at), sa.func.max(listings.c.last_seen_at)
    ).where(listings.c.id.in_(sa.select(seen.c.listing_id)))
    count, first, last = connection.execute(times).one()
    decided = (
        sa.select(suspects.c.verdict, sa.func.count())
        .join(listings, listings.c.id == suspects.c.listing_id)
        .where(
            suspects.c.owner_id == owner_id, suspects.c.state == SuspectState.OPEN, listings.c.seller_id == seller_id
        )
        .group_by(suspects.c.verdict)
    )
    verdicts = {VerdictKind(kind) if kind else None: number for kind, number in connection.execute(decided)}
    return SellerTotals(listings=count, first_seen_at=first, last_seen_at=last, verdicts=verdicts)


def seller_listings(connection: sa.Connection, owner_id: int, seller_id: int, limit: int) -> list[SoldListing]:
    """A seller's listings, the most suspicious first, then the newest."""
    seen = _seen(owner_id, seller_id)
    version, suspect = listing_versions.c, suspects.c
    first_picture = (
        sa.select(listing_images.c.image_sha256)
        .where(listing_images.c.listing_version_id == version.id, listing_images.c.image_sha256.is_not(None))
        .order_by(listing_images.c.position)
        .limit(1)
        .scalar_subquery()
    )
    wanted: sa.Select[Any] = (
        sa.select(
            *(listings.c.id, listings.c.url, listings.c.first_seen_at, listings.c.last_seen_at),
            *(version.id.label("version_id"), version.title, version.price, version.currency),
            *(suspect.id.label("suspect_id"), suspect.score, suspect.state, suspect.verdict),
            first_picture.label("picture"),
        )
        .join(seen, seen.c.listing_id == listings.c.id)
        .join(listing_versions, version.id == seen.c.version_id)
        .outerjoin(suspects, sa.and_(suspect.listing_id == listings.c.id, suspect.owner_id == owner_id))
        .order_by(sa.func.coalesce(suspect.score, -1.0).desc(), listings.c.id.desc())
        .limit(limit)
    )
    return [_sold(row) for row in connection.execute(wanted)]


def shared_pictures(
    connection: sa.Connection, owner_id: int, seller_id: int, limit: int, examples: int
) -> list[SharedPictures]:
    """The other sellers who show pictures of this one's listings, those with the most first."""
    mine, theirs = _pictures(owner_id, seller_id, shown=True), _pictures(owner_id, seller_id, shown=False)
    common = theirs.where(listing_images.c.image_sha256.in_(mine)).subquery()
    counts = (
        sa.select(common.c.seller_id, sa.func.count().label("pictures"))
        .group_by(common.c.seller_id)
        .order_by(sa.desc("pictures"), common.c.seller_id)
        .limit(limit)
    )
    found = connection.execute(counts).all()
    known = get_sellers(connection, [row.seller_id for row in found])
    pictures = _examples(connection, common, [row.seller_id for row in found], examples)
    return [
        SharedPictures(seller=known[row.seller_id], count=row.pictures, sha256s=tuple(pictures[row.seller_id]))
        for row in found
    ]


def _seen(owner_id: int, seller_id: int) -> sa.Subquery:
    """The seller's listings that the owner has come to see, each with the newest version of those."""
    return (
        sa.select(inspections.c.listing_id, sa.func.max(inspections.c.listing_version_id).label("version_id"))
        .join(listings, listings.c.id == inspections.c.listing_id)
        .where(inspections.c.owner_id == owner_id, listings.c.seller_id == seller_id)
        .group_by(inspections.c.listing_id)
        .subquery()
    )


def _pictures(owner_id: int, seller_id: int, *, shown: bool) -> sa.Select[Any]:
    """The pictures that the seller shows; or (seller, picture) of all others, in what the owner has seen."""
    columns = (listing_images.c.image_sha256,) if shown else (listings.c.seller_id, listing_images.c.image_sha256)
    same = listings.c.seller_id == seller_id
    return (
        sa.select(*columns)
        .join(inspections, inspections.c.listing_version_id == listing_images.c.listing_version_id)
        .join(listings, listings.c.id == inspections.c.listing_id)
        .where(
            inspections.c.owner_id == owner_id,
            listing_images.c.image_sha256.is_not(None),
            same if shown else sa.not_(same),
        )
        .distinct()
    )


def _examples(
    connection: sa.Connection, common: sa.Subquery, wanted: Sequence[int], examples: int
) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {one: [] for one in wanted}
    rows = sa.select(common.c.seller_id, common.c.image_sha256).where(common.c.seller_id.in_(wanted))
    for seller_id, sha256 in connection.execute(rows.order_by(common.c.seller_id, common.c.image_sha256)):
        if len(found[seller_id]) < examples:
            found[seller_id].append(sha256)
    return found


def _sold(row: sa.Row[Any]) -> SoldListing:
    return SoldListing(
        listing_id=row.id,
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
