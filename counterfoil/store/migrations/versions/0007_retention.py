"""Pictures and bodies that were deleted because their time had come say so."""

import sqlalchemy as sa
from alembic import op

from counterfoil.store.types import Time

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Pictures and bodies that were deleted because their time had come say so."""
    op.add_column("images", sa.Column("deleted_at", Time(), nullable=True))
    op.add_column("listing_versions", sa.Column("body_deleted_at", Time(), nullable=True))
    op.create_index("ix_listing_versions_body_sha256", "listing_versions", ["body_sha256"], unique=False)
    op.create_index("ix_suspects_listing_id", "suspects", ["listing_id"], unique=False)
