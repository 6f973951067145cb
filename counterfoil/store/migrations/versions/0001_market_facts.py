"""Marketplace facts."""

import sqlalchemy as sa
from alembic import op

from counterfoil.store.types import Id, Time

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Marketplace facts."""
    op.create_table(
        "sellers",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("marketplace", sa.String(length=100), nullable=False),
        sa.Column("seller_key", sa.String(length=300), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("first_seen_at", Time(), nullable=False),
        sa.Column("last_seen_at", Time(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sellers")),
        sa.UniqueConstraint("marketplace", "seller_key", name=op.f("uq_sellers_marketplace_seller_key")),
    )
    op.create_table(
        "listings",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("marketplace", sa.String(length=100), nullable=False),
        sa.Column("listing_key", sa.String(length=1000), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("seller_id", Id, nullable=True),
        sa.Column("latest_number", sa.Integer(), nullable=False),
        sa.Column("first_seen_at", Time(), nullable=False),
        sa.Column("last_seen_at", Time(), nullable=False),
        sa.ForeignKeyConstraint(["seller_id"], ["sellers.id"], name=op.f("fk_listings_seller_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_listings")),
        sa.UniqueConstraint("marketplace", "listing_key", name=op.f("uq_listings_marketplace_listing_key")),
    )
    op.create_index("ix_listings_seller_id", "listings", ["seller_id"], unique=False)
    op.create_table(
        "images",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size", Id, nullable=False),
        sa.Column("stored_at", Time(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_images")),
    )
    op.create_table(
        "image_sources",
        sa.Column("url_sha256", sa.String(64), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("image_sha256", sa.String(64), nullable=False),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("last_modified", sa.Text(), nullable=True),
        sa.Column("fetched_at", Time(), nullable=False),
        sa.ForeignKeyConstraint(["image_sha256"], ["images.sha256"], name=op.f("fk_image_sources_image_sha256")),
        sa.PrimaryKeyConstraint("url_sha256", name=op.f("pk_image_sources")),
    )
    op.create_table(
        "fingerprints",
        sa.Column("image_sha256", sa.String(64), nullable=False),
        sa.Column("version", sa.String(length=32), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("phash", sa.String(length=16), nullable=False),
        sa.Column("dct256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("informative", sa.Boolean(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["image_sha256"], ["images.sha256"], name=op.f("fk_fingerprints_image_sha256")),
        sa.PrimaryKeyConstraint("image_sha256", "version", name=op.f("pk_fingerprints")),
    )
