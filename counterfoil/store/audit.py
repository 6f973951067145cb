"""The audit log: who did what, when, from where. Rows are only ever added; the database itself refuses the rest."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from counterfoil.models import Actor, AuditEntry, Channel
from counterfoil.store.tables import audit_entries

_columns = audit_entries.c


def add_audit_entry(
    connection: sa.Connection,
    owner_id: int | None,
    actor: Actor,
    action: str,
    subject: str,
    now: datetime,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Note what somebody does, in the transaction that does it. `detail` holds JSON values, never a secret."""
    connection.execute(
        audit_entries.insert().values(
            owner_id=owner_id,
            at=now,
            actor=actor.name[:200],
            channel=actor.channel,
            action=action,
            subject=subject[:300],
            detail=dict(detail or {}),
            address=actor.address,
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which entries: those of one actor, of one kind of thing (`product`: `product.add`, ...), of some time."""

    actor: str | None = None
    about: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def list_audit_entries(
    connection: sa.Connection,
    owner_id: int | None,
    *,
    before: int | None = None,
    limit: int = 50,
    only: AuditFilter = AuditFilter(),
) -> list[AuditEntry]:
    """The owner's entries (None: the installation's), newest first, those before an id where one is given."""
    wanted = sa.select(audit_entries).where(_columns.owner_id.is_not_distinct_from(owner_id))
    if before is not None:
        wanted = wanted.where(_columns.id < before)
    if only.actor is not None:
        wanted = wanted.where(_columns.actor == only.actor)
    if only.about is not None:
        wanted = wanted.where(_columns.action.startswith(f"{only.about}.", autoescape=True))
    if only.since is not None:
        wanted = wanted.where(_columns.at >= only.since)
    if only.until is not None:
        wanted = wanted.where(_columns.at < only.until)
    return [_entry(row) for row in connection.execute(wanted.order_by(_columns.id.desc()).limit(limit))]


def _entry(row: sa.Row[Any]) -> AuditEntry:
    return AuditEntry(
        id=row.id,
        owner_id=row.owner_id,
        at=row.at,
        actor=row.actor,
        channel=Channel(row.channel),
        action=row.action,
        subject=row.subject,
        detail=row.detail,
        address=row.address,
    )
