"""The index of a seller's listings holds when they were seen: a seller's page reads none of their rows for it."""

from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """Put the dates into the index."""
    op.create_index("ix_listings_seller_id_dates", "listings", ["seller_id", "first_seen_at", "last_seen_at"])
    op.drop_index("ix_listings_seller_id", "listings")
