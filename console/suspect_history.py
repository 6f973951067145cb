"""How a suspect's listing has changed, as far as the owner's crawls have seen it, and since it was decided about."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from counterfoil.changes import FieldChange, changes_between
from counterfoil.models import ListingVersion, Suspect, Verdict
from counterfoil.store.listings import get_versions, newest_version_ids_seen


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenVersion:
    """A version of a listing, and what it says otherwise than the one before it; nothing for the first."""

    version: ListingVersion
    changes: tuple[FieldChange, ...]


def history_of(connection: sa.Connection, owner_id: int, listing_id: int, most: int) -> list[SeenVersion]:
    """The newest versions of a listing that the owner's crawls have seen, newest first."""
    # One more than is answered: the oldest is compared with it.
    ids = newest_version_ids_seen(connection, owner_id, listing_id, most + 1)
    found = get_versions(connection, ids)
    ordered = [found[version_id] for version_id in ids]
    earlier = [*ordered[1:], None]
    history = [
        SeenVersion(version=one, changes=changes_between(before.facts, one.facts) if before else ())
        for one, before in zip(ordered, earlier, strict=True)
    ]
    return history[:most]


def changes_since_verdict(
    connection: sa.Connection, suspect: Suspect, verdicts: Sequence[Verdict]
) -> tuple[FieldChange, ...]:
    """What the suspect's present version says otherwise than the one that its verdict was about."""
    last = next((one for one in reversed(verdicts) if one.undone_at is None), None)
    if last is None or last.listing_version_id == suspect.listing_version_id:
        return ()
    found = get_versions(connection, [last.listing_version_id, suspect.listing_version_id])
    return changes_between(found[last.listing_version_id].facts, found[suspect.listing_version_id].facts)
