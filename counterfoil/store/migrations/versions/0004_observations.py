"""What crawls saw."""

import sqlalchemy as sa
from alembic import op

from counterfoil.store.types import ExactDecimal, Id, Time

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """What crawls saw."""
    op.create_table(
        "listing_versions",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("listing_id", Id, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("facts_sha256", sa.String(64), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("price", ExactDecimal(), nullable=True),
        sa.Column("price_max", ExactDecimal(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("availability", sa.String(length=100), nullable=True),
        sa.Column("condition", sa.String(length=100), nullable=True),
        sa.Column("seller_id", Id, nullable=True),
        sa.Column("ships_from", sa.Text(), nullable=True),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("brand", sa.Text(), nullable=True),
        sa.Column("sku", sa.Text(), nullable=True),
        sa.Column("gtin", sa.Text(), nullable=True),
        sa.Column("attributes", sa.JSON(), nullable=False),
        sa.Column("body_sha256", sa.String(64), nullable=True),
        sa.Column("crawl_id", Id, nullable=True),
        sa.Column("captured_at", Time(), nullable=False),
        sa.ForeignKeyConstraint(["crawl_id"], ["crawls.id"], name=op.f("fk_listing_versions_crawl_id")),
        sa.ForeignKeyConstraint(["listing_id"], ["listings.id"], name=op.f("fk_listing_versions_listing_id")),
        sa.ForeignKeyConstraint(["seller_id"], ["sellers.id"], name=op.f("fk_listing_versions_seller_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_listing_versions")),
        sa.UniqueConstraint("listing_id", "number", name=op.f("uq_listing_versions_listing_id_number")),
    )
    op.create_index("ix_listing_versions_crawl_id", "listing_versions", ["crawl_id"], unique=False)
    op.create_table(
        "listing_images",
        sa.Column("listing_version_id", Id, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("image_sha256", sa.String(64), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["image_sha256"], ["images.sha256"], name=op.f("fk_listing_images_image_sha256")),
        sa.ForeignKeyConstraint(
            ["listing_version_id"], ["listing_versions.id"], name=op.f("fk_listing_images_listing_version_id")
        ),
        sa.PrimaryKeyConstraint("listing_version_id", "position", name=op.f("pk_listing_images")),
    )
    op.create_index("ix_listing_images_image_sha256", "listing_images", ["image_sha256"], unique=False)
    op.create_table(
        "sightings",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("crawl_id", Id, nullable=False),
        sa.Column("listing_id", Id, nullable=False),
        sa.Column("listing_version_id", Id, nullable=False),
        sa.Column("query", sa.String(length=300), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=True),
        sa.Column("seen_at", Time(), nullable=False),
        sa.ForeignKeyConstraint(["crawl_id"], ["crawls.id"], name=op.f("fk_sightings_crawl_id")),
        sa.ForeignKeyConstraint(["listing_id"], ["listings.id"], name=op.f("fk_sightings_listing_id")),
        sa.ForeignKeyConstraint(
            ["listing_version_id"], ["listing_versions.id"], name=op.f("fk_sightings_listing_version_id")
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("fk_sightings_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sightings")),
        sa.UniqueConstraint("crawl_id", "listing_id", "query", name=op.f("uq_sightings_crawl_id_listing_id_query")),
    )
    op.create_index("ix_sightings_listing_id", "sightings", ["listing_id"], unique=False)
