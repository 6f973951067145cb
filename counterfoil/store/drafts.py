"""Drafts: what was read from a shop, a page or a file, and waits for a person to register it.

The rows are kept by the server, so that nothing that a browser sends back is believed. Whoever works on one holds a
lease and an attempt; every step is a conditional update, so that a draft whose server died is taken up again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from counterfoil.exceptions import Conflict, NotFound
from counterfoil.store.conditional import changed_one
from counterfoil.store.paging import rows_before
from counterfoil.store.tables import drafts

# Every progress that is told renews it; one step is one page or one product with its pictures.
LEASE = timedelta(minutes=3)
_KEPT = timedelta(days=7)
# So many of one owner may be worked on at once: each holds a thread, and asks somebody's shop.
_MOST_UNDER_WAY = 5


class DraftKind(StrEnum):
    """What its entries are."""

    PRODUCTS = "products"
    SELLERS = "sellers"


class DraftState(StrEnum):
    """How far it is: being read, read, being registered, registered (perhaps but for some), or not readable."""

    READING = "reading"
    READY = "ready"
    REGISTERING = "registering"
    REGISTERED = "registered"
    FAILED = "failed"


UNDER_WAY = (DraftState.READING, DraftState.REGISTERING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One draft; `entries` are JSON values, `said` what is wrong with the whole, `brand` that of entries without one.

    `done` of `total` steps are taken, where it is known how many there are.
    """

    id: int
    owner_id: int
    kind: DraftKind
    source: str
    state: DraftState
    entries: tuple[dict[str, Any], ...]
    brand: str | None
    said: str | None
    done: int
    total: int | None
    attempt: int
    lease_until: datetime | None
    created_by: str
    created_at: datetime

    def is_under_way(self, now: datetime) -> bool:
        """Whether somebody works on it."""
        return self.state in UNDER_WAY and self.lease_until is not None and self.lease_until >= now

    def has_stopped(self, now: datetime) -> bool:
        """Whether whoever worked on it is gone."""
        return self.state in UNDER_WAY and not self.is_under_way(now)


def add_draft(
    connection: sa.Connection,
    owner_id: int,
    *,
    kind: DraftKind,
    source: str,
    brand: str | None,
    created_by: str,
    now: datetime,
) -> Draft:
    """Begin a draft that is being read; those of a week ago are dropped. Raises Conflict while many are under way."""
    connection.execute(drafts.delete().where(drafts.c.owner_id == owner_id, drafts.c.created_at < now - _KEPT))
    under_way = sa.and_(drafts.c.owner_id == owner_id, drafts.c.state.in_(UNDER_WAY), drafts.c.lease_until >= now)
    if (connection.scalar(sa.select(sa.func.count()).where(under_way)) or 0) >= _MOST_UNDER_WAY:
        raise Conflict(
            "{most_under_way} lists are being read already: wait until one of them is done.",
            most_under_way=_MOST_UNDER_WAY,
        )
    values: dict[str, Any] = {"kind": kind, "source": source, "state": DraftState.READING, "entries": []}
    stamps = {"brand": brand, "created_by": created_by[:200], "created_at": now, "lease_until": now + LEASE}
    made = connection.execute(drafts.insert().values(owner_id=owner_id, **values, **stamps).returning(drafts)).one()
    return _draft(made)


def get_draft(connection: sa.Connection, owner_id: int, draft_id: int) -> Draft:
    """One of the owner's drafts. Raises NotFound."""
    mine = sa.and_(drafts.c.id == draft_id, drafts.c.owner_id == owner_id)
    row = connection.execute(sa.select(drafts).where(mine)).one_or_none()
    if row is None:
        raise NotFound(
            "There is no draft {draft_id}: it may have been discarded. Read the address or file again.",
            draft_id=draft_id,
        )
    return _draft(row)


def list_open_drafts(connection: sa.Connection, owner_id: int, kind: DraftKind) -> list[Draft]:
    """The owner's drafts that wait to be registered or are worked on, newest first, without their entries."""
    open_ = (*UNDER_WAY, DraftState.READY)
    wanted = _without_entries(owner_id).where(drafts.c.kind == kind, drafts.c.state.in_(open_))
    return [_draft(row) for row in connection.execute(wanted.order_by(drafts.c.id.desc()))]


def list_drafts(connection: sa.Connection, owner_id: int, limit: int, before: int | None = None) -> list[Draft]:
    """The owner's drafts whatever their state, newest first, those before an id where one is given; without entries."""
    wanted = rows_before(_without_entries(owner_id), drafts.c.id, before, limit)
    return [_draft(row) for row in connection.execute(wanted)]


def tell_progress(connection: sa.Connection, draft: Draft, done: int, total: int | None, now: datetime) -> bool:
    """Say how far it is, and renew the lease; false if it was discarded or is another's."""
    values = {"done": done, "total": total, "lease_until": now + LEASE}
    return changed_one(connection, drafts.update().where(_held(draft)).values(**values))


def end_step(
    connection: sa.Connection,
    draft: Draft,
    state: DraftState,
    entries: Sequence[dict[str, Any]],
    *,
    said: str | None = None,
    brand: str | None = None,
) -> bool:
    """Keep what was read or registered; false if it was discarded or is another's."""
    values: dict[str, Any] = {"state": state, "entries": list(entries), "said": said, "lease_until": None}
    if state is not DraftState.FAILED:
        # The last step need not have been told: telling is spared where it comes too soon after the one before.
        values["done"] = sa.func.coalesce(drafts.c.total, drafts.c.done)
    if brand is not None:
        values["brand"] = brand
    return changed_one(connection, drafts.update().where(_held(draft)).values(**values))


def begin_registering(
    connection: sa.Connection, draft: Draft, entries: Sequence[dict[str, Any]], brand: str | None, now: datetime
) -> Draft:
    """Take a draft to register what was chosen of it. Raises Conflict where somebody else was quicker."""
    free = sa.or_(
        drafts.c.state.in_((DraftState.READY, DraftState.REGISTERED)),
        sa.and_(drafts.c.state == DraftState.REGISTERING, drafts.c.lease_until < now),
    )
    unchanged = sa.and_(drafts.c.id == draft.id, drafts.c.attempt == draft.attempt, free)
    values = {
        "state": DraftState.REGISTERING,
        "entries": list(entries),
        "brand": brand,
        "attempt": draft.attempt + 1,
        "done": 0,
        "total": None,
        "lease_until": now + LEASE,
    }
    if not changed_one(connection, drafts.update().where(unchanged).values(**values)):
        raise Conflict("This list is being registered already, or was changed meanwhile: look at it again.")
    return get_draft(connection, draft.owner_id, draft.id)


def discard_draft(connection: sa.Connection, owner_id: int, draft_id: int) -> None:
    """Forget a draft; what was registered of it stays. Raises NotFound."""
    draft = get_draft(connection, owner_id, draft_id)
    connection.execute(drafts.delete().where(drafts.c.id == draft.id))


def _without_entries(owner_id: int) -> sa.Select[Any]:
    # A draft may have 2,000 products: only what shows them reads them.
    columns = [column for column in drafts.c if column is not drafts.c.entries]
    return sa.select(*columns).where(drafts.c.owner_id == owner_id)


def _held(draft: Draft) -> sa.ColumnElement[bool]:
    return sa.and_(drafts.c.id == draft.id, drafts.c.attempt == draft.attempt, drafts.c.state == draft.state)


def _draft(row: sa.Row[Any]) -> Draft:
    return Draft(
        id=row.id,
        owner_id=row.owner_id,
        kind=DraftKind(row.kind),
        source=row.source,
        state=DraftState(row.state),
        entries=tuple(getattr(row, "entries", ())),
        brand=row.brand,
        said=row.said,
        done=row.done,
        total=row.total,
        attempt=row.attempt,
        lease_until=row.lease_until,
        created_by=row.created_by,
        created_at=row.created_at,
    )
