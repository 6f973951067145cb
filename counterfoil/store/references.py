"""Which files of evidence the database speaks of."""

import secrets
from collections.abc import Iterator

import sqlalchemy as sa

from counterfoil.store.tables import images, listing_versions

_AT_ONCE = 10_000


def image_names(connection: sa.Connection) -> Iterator[str]:
    """The SHA-256 of every stored picture, ascending."""
    yield from connection.execute(
        sa.select(images.c.sha256).order_by(images.c.sha256), execution_options={"yield_per": _AT_ONCE}
    ).scalars()


def body_names(connection: sa.Connection) -> Iterator[str]:
    """The SHA-256 of every stored response body, each once."""
    yield from connection.execute(
        sa.select(listing_versions.c.body_sha256).where(listing_versions.c.body_sha256.is_not(None)).distinct(),
        execution_options={"yield_per": _AT_ONCE},
    ).scalars()


def sample_images(connection: sa.Connection, count: int) -> list[str]:
    """At most so many stored pictures, chosen at random."""
    found = set()
    for _ in range(count):
        after = sa.select(images.c.sha256).where(images.c.sha256 >= secrets.token_hex(32))
        name = connection.scalar(after.order_by(images.c.sha256).limit(1))
        found.add(name or connection.scalar(sa.select(sa.func.min(images.c.sha256))))
    return sorted(name for name in found if name)


def sample_bodies(connection: sa.Connection, count: int) -> list[str]:
    """At most so many stored response bodies, chosen at random among listing versions."""
    highest = connection.scalar(sa.select(sa.func.max(listing_versions.c.id))) or 0
    wanted = [secrets.randbelow(highest) + 1 for _ in range(count)] if highest else []
    named = sa.select(listing_versions.c.body_sha256).where(
        listing_versions.c.id.in_(wanted), listing_versions.c.body_sha256.is_not(None)
    )
    return sorted(set(connection.scalars(named)))
