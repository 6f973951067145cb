"""Some of the files of evidence that the database speaks of, chosen at random."""

import secrets

import sqlalchemy as sa

from counterfoil.store.tables import images, listing_versions


def sample_images(connection: sa.Connection, count: int) -> list[str]:
    """At most so many stored pictures."""
    there = images.c.deleted_at.is_(None)
    first = sa.select(images.c.sha256).where(there).order_by(images.c.sha256).limit(1)
    found = set()
    for _ in range(count):
        after = first.where(images.c.sha256 >= secrets.token_hex(32))
        found.add(connection.scalar(after) or connection.scalar(first))
    return sorted(name for name in found if name)


def sample_bodies(connection: sa.Connection, count: int) -> list[str]:
    """At most so many stored response bodies, of listing versions drawn by lot."""
    columns = listing_versions.c
    highest = connection.scalar(sa.select(sa.func.max(columns.id))) or 0
    drawn = [secrets.randbelow(highest) + 1 for _ in range(count)] if highest else []
    there = sa.and_(columns.id.in_(drawn), columns.body_sha256.is_not(None), columns.body_deleted_at.is_(None))
    return sorted(set(connection.scalars(sa.select(columns.body_sha256).where(there))))
