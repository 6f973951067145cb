"""What a seller does, as far as an owner's crawls have shown it: listings, verdicts, pictures that others show too."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

import sqlalchemy as sa

from counterfoil.models import Seller, SuspectState, VerdictKind
from counterfoil.store.sellers import get_sellers
from counterfoil.store.tables import inspections, listing_images, listing_versions, listings, suspects

T = TypeVar("T")

# Of a seller with more, the newest speak for it.
_MOST_LISTINGS = 20_000
_MOST_PICTURES = 500
# A picture that everybody shows, of a maker's or a placeholder, says little of any of them.
_MOST_SHOWN = 5_000
_AT_ONCE = 1_000


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
    seen = _seen(connection, owner_id, seller_id)
    found = _suspects(connection, owner_id, seen)
    score = {row.listing_id: row.score for row in found}
    first = sorted(seen, key=lambda listing_id: (-score.get(listing_id, -1.0), -listing_id))[:limit]
    verdicts = Counter(row.verdict for row in found if row.state == SuspectState.OPEN)
    begin, end = _times(connection, seen)
    totals = SellerTotals(
        listings=len(seen),
        first_seen_at=begin,
        last_seen_at=end,
        verdicts={VerdictKind(kind) if kind else None: count for kind, count in verdicts.items()},
    )
    return SellerActivity(totals=totals, listings=tuple(_listings(connection, owner_id, first, seen)))


def shared_pictures(
    connection: sa.Connection, owner_id: int, seller_id: int, limit: int, examples: int
) -> list[SharedPictures]:
    """The other sellers who show pictures of this one's listings, those with the most first.

    Of a seller with more, some 500 of its newest pictures are asked about.
    """
    mine = _pictures(connection, list(_seen(connection, owner_id, seller_id).values()))
    theirs: dict[int, set[str]] = {}
    for some in _pieces(mine):
        for row in connection.execute(_others_showing(owner_id, seller_id, some)):
            theirs.setdefault(row.seller_id, set()).add(row.image_sha256)
    most = sorted(theirs, key=lambda one: (-len(theirs[one]), one))[:limit]
    known = get_sellers(connection, most)
    return [
        SharedPictures(seller=known[one], count=len(theirs[one]), sha256s=tuple(sorted(theirs[one])[:examples]))
        for one in most
    ]


# Ids are fetched first and handed in, in pieces: left to itself, SQLite goes through all that the owner has ever seen.


def _seen(connection: sa.Connection, owner_id: int, seller_id: int) -> dict[int, int]:
    """The seller's newest listings that the owner has come to see: the newest version of those, by listing."""
    sold = sa.select(listings.c.id).where(listings.c.seller_id == seller_id)
    ids = list(connection.scalars(sold.order_by(listings.c.id.desc()).limit(_MOST_LISTINGS)))
    found: dict[int, int] = {}
    for some in _pieces(ids):
        mine = sa.and_(inspections.c.owner_id == owner_id, inspections.c.listing_id.in_(some))
        newest = sa.func.max(inspections.c.listing_version_id)
        rows = sa.select(inspections.c.listing_id, newest).where(mine).group_by(inspections.c.listing_id)
        found.update((listing_id, version_id) for listing_id, version_id in connection.execute(rows))
    return found


def _suspects(connection: sa.Connection, owner_id: int, listing_ids: Iterable[int]) -> list[sa.Row[Any]]:
    found: list[sa.Row[Any]] = []
    for some in _pieces(list(listing_ids)):
        mine = sa.and_(suspects.c.owner_id == owner_id, suspects.c.listing_id.in_(some))
        columns = (suspects.c.listing_id, suspects.c.score, suspects.c.state, suspects.c.verdict)
        found.extend(connection.execute(sa.select(*columns).where(mine)))
    return found


def _times(connection: sa.Connection, listing_ids: Iterable[int]) -> tuple[datetime | None, datetime | None]:
    begins, ends = [], []
    for some in _pieces(list(listing_ids)):
        columns = (sa.func.min(listings.c.first_seen_at), sa.func.max(listings.c.last_seen_at))
        begin, end = connection.execute(sa.select(*columns).where(listings.c.id.in_(some))).one()
        begins.append(begin)
        ends.append(end)
    return min(begins, default=None), max(ends, default=None)


def _listings(
    connection: sa.Connection, owner_id: int, chosen: Sequence[int], seen: Mapping[int, int]
) -> list[SoldListing]:
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
        .join(listing_versions, version.listing_id == listings.c.id)
        .outerjoin(suspects, sa.and_(suspect.listing_id == listings.c.id, suspect.owner_id == owner_id))
        .where(version.id.in_([seen[listing_id] for listing_id in chosen]))
    )
    rows = {row.id: row for row in connection.execute(wanted)}
    return [_sold(rows[listing_id]) for listing_id in chosen if listing_id in rows]


def _pictures(connection: sa.Connection, version_ids: Sequence[int]) -> list[str]:
    """Pictures of these versions, those of the newest first."""
    found: dict[str, None] = {}
    for some in _pieces(sorted(version_ids, reverse=True)):
        if len(found) >= _MOST_PICTURES:
            break
        shown = sa.and_(listing_images.c.listing_version_id.in_(some), listing_images.c.image_sha256.is_not(None))
        rows = sa.select(listing_images.c.image_sha256).where(shown)
        found.update(dict.fromkeys(connection.scalars(rows.order_by(listing_images.c.listing_version_id.desc()))))
    return list(found)[:_MOST_PICTURES]


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


def _pieces(values: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(values), _AT_ONCE):
        yield values[start : start + _AT_ONCE]


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
