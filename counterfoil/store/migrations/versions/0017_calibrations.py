"""Calibration cards of products, and the requests for them."""

import sqlalchemy as sa
from alembic import op

from counterfoil.store.types import Id, Time

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Calibration cards of products, and the requests for them."""
    op.create_table(
        "calibrations",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("product_id", Id, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("measures", sa.JSON(), nullable=False),
        sa.Column("card", sa.JSON(), nullable=True),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lease_until", Time(), nullable=True),
        sa.Column("created_at", Time(), nullable=False),
        sa.Column("finished_at", Time(), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("fk_calibrations_owner_id")),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_calibrations_product_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calibrations")),
    )
    op.create_index("ix_calibrations_state_id", "calibrations", ["state", "id"], unique=False)
    op.create_index("ix_calibrations_product_id", "calibrations", ["product_id"], unique=False)
