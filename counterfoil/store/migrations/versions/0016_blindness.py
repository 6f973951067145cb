"""How well crawls could see, canaries of monitors, and absences of listings."""

import sqlalchemy as sa
from alembic import op

from counterfoil.store.types import Id, Time

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """How well crawls could see, canaries of monitors, and absences of listings."""
    op.add_column("crawls", sa.Column("quality", sa.JSON(), nullable=True))
    op.add_column("crawls", sa.Column("degraded", sa.Text(), nullable=True))
    op.add_column("monitors", sa.Column("canaries", sa.JSON(), nullable=True))
    op.create_table(
        "absences",
        sa.Column("listing_id", Id, nullable=False),
        sa.Column("first_at", Time(), nullable=True),
        sa.Column("last_at", Time(), nullable=True),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("gone_at", Time(), nullable=True),
        sa.Column("looked_up_at", Time(), nullable=True),
        sa.ForeignKeyConstraint(["listing_id"], ["listings.id"], name=op.f("fk_absences_listing_id")),
        sa.PrimaryKeyConstraint("listing_id", name=op.f("pk_absences")),
    )
    op.create_index("ix_absences_first_at", "absences", ["first_at"], unique=False)
