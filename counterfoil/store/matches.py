"""What pictures matched, kept so that a picture is matched once against the same references."""

from collections.abc import Collection, Mapping
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from counterfoil.models import Match, MatchDecision, MatchKind, Transform
from counterfoil.store.conditional import upsert
from counterfoil.store.tables import picture_matches

_IDS_AT_ONCE = 5_000


def get_matches(
    connection: sa.Connection, owner_id: int, bank: str, sha256s: Collection[str]
) -> dict[str, tuple[Match, ...]]:
    """What these pictures matched in the owner's bank of that identity; those never matched against it are absent."""
    found: dict[str, tuple[Match, ...]] = {}
    ordered = sorted(sha256s)
    for start in range(0, len(ordered), _IDS_AT_ONCE):
        wanted = sa.and_(
            picture_matches.c.owner_id == owner_id,
            picture_matches.c.bank == bank,
            picture_matches.c.image_sha256.in_(ordered[start : start + _IDS_AT_ONCE]),
        )
        for row in connection.execute(sa.select(picture_matches).where(wanted)):
            found[row.image_sha256] = tuple(map(read_match, row.matches))
    return found


def keep_matches(connection: sa.Connection, owner_id: int, bank: str, made: Mapping[str, Collection[Match]]) -> None:
    """Keep what pictures matched, in place of what they matched in an earlier bank."""
    # In the order of the names: two judges that write the same pictures then wait for each other, and never in a ring.
    for sha256 in sorted(made):
        values = {
            "owner_id": owner_id,
            "image_sha256": sha256,
            "bank": bank,
            "matches": [asdict(match) for match in made[sha256]],
        }
        upsert(connection, picture_matches, values, key=["owner_id", "image_sha256"])


def read_match(kept: Mapping[str, Any]) -> Match:
    """A match as it was kept; those of the judge before m2 were all copies that a hash had decided."""
    transform = kept.get("transform")
    return Match(
        **{
            **kept,
            "kind": MatchKind(kept.get("kind", MatchKind.COPY)),
            "decision": MatchDecision(kept.get("decision", MatchDecision.CONFIRMED)),
            "transform": _transform(transform) if transform else None,
            "one_of": tuple(kept.get("one_of", ())),
        }
    )


def _transform(kept: Mapping[str, Any]) -> Transform:
    return Transform(**{**kept, "quadrangle": tuple((x, y) for x, y in kept["quadrangle"])})
