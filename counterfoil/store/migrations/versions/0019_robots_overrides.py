"""Decisions to go against a marketplace's robots.txt, and which crawls did."""

import sqlalchemy as sa
from alembic import op

from counterfoil.store.types import Id, Time

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Decisions to go against a marketplace's robots.txt, and which crawls did."""
    op.create_table(
        "robots_overrides",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("marketplace", sa.String(length=100), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.String(length=200), nullable=False),
        sa.Column("decided_at", Time(), nullable=False),
        sa.Column("removed_at", Time(), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("fk_robots_overrides_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_robots_overrides")),
    )
    live = sa.text("removed_at IS NULL")
    op.create_index(
        "uq_robots_overrides_live",
        "robots_overrides",
        ["owner_id", "marketplace"],
        unique=True,
        sqlite_where=live,
        postgresql_where=live,
    )
    op.add_column("crawls", sa.Column("robots_override", sa.Text(), nullable=True))
