"""The owner's registry."""

import sqlalchemy as sa
from alembic import op

from counterfoil.store.types import ExactDecimal, Id, Time

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """The owner's registry."""
    op.create_table(
        "instance",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_instance")),
    )
    op.create_table(
        "owners",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("registry_revision", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", Time(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_owners")),
        sa.UniqueConstraint("name", name=op.f("uq_owners_name")),
    )
    op.create_table(
        "brands",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("aliases", sa.JSON(), nullable=False),
        sa.Column("created_at", Time(), nullable=False),
        sa.Column("removed_at", Time(), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("fk_brands_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_brands")),
    )
    op.create_index(
        "uq_brands_live",
        "brands",
        ["owner_id", "name"],
        unique=True,
        sqlite_where=sa.text("removed_at IS NULL"),
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_table(
        "rights",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("brand_id", Id, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("number", sa.String(length=100), nullable=False),
        sa.Column("jurisdiction", sa.String(length=16), nullable=False),
        sa.Column("classes", sa.JSON(), nullable=False),
        sa.Column("created_at", Time(), nullable=False),
        sa.Column("removed_at", Time(), nullable=True),
        sa.ForeignKeyConstraint(["brand_id"], ["brands.id"], name=op.f("fk_rights_brand_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("fk_rights_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rights")),
    )
    op.create_index(
        "uq_rights_live",
        "rights",
        ["owner_id", "kind", "number", "jurisdiction"],
        unique=True,
        sqlite_where=sa.text("removed_at IS NULL"),
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_table(
        "products",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("brand_id", Id, nullable=False),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("sku", sa.String(length=100), nullable=True),
        sa.Column("keywords", sa.JSON(), nullable=False),
        sa.Column("aliases", sa.JSON(), nullable=False),
        sa.Column("price_low", ExactDecimal(), nullable=True),
        sa.Column("price_high", ExactDecimal(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("official_pages", sa.JSON(), nullable=False),
        sa.Column("created_at", Time(), nullable=False),
        sa.Column("removed_at", Time(), nullable=True),
        sa.ForeignKeyConstraint(["brand_id"], ["brands.id"], name=op.f("fk_products_brand_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("fk_products_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_products")),
    )
    op.create_index(
        "uq_products_live",
        "products",
        ["owner_id", "brand_id", "name"],
        unique=True,
        sqlite_where=sa.text("removed_at IS NULL"),
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_index(
        "uq_products_live_sku",
        "products",
        ["owner_id", "sku"],
        unique=True,
        sqlite_where=sa.text("removed_at IS NULL AND sku IS NOT NULL"),
        postgresql_where=sa.text("removed_at IS NULL AND sku IS NOT NULL"),
    )
    op.create_table(
        "reference_images",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("product_id", Id, nullable=False),
        sa.Column("image_sha256", sa.String(64), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("created_at", Time(), nullable=False),
        sa.Column("removed_at", Time(), nullable=True),
        sa.ForeignKeyConstraint(["image_sha256"], ["images.sha256"], name=op.f("fk_reference_images_image_sha256")),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("fk_reference_images_owner_id")),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_reference_images_product_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reference_images")),
    )
    op.create_index("ix_reference_images_owner_id", "reference_images", ["owner_id"], unique=False)
    op.create_index(
        "uq_reference_images_live",
        "reference_images",
        ["product_id", "image_sha256"],
        unique=True,
        sqlite_where=sa.text("removed_at IS NULL"),
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_table(
        "authorised_sellers",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("marketplace", sa.String(length=100), nullable=False),
        sa.Column("seller_key", sa.String(length=300), nullable=False),
        sa.Column("name", sa.String(length=300), nullable=True),
        sa.Column("created_at", Time(), nullable=False),
        sa.Column("removed_at", Time(), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("fk_authorised_sellers_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_authorised_sellers")),
    )
    op.create_index(
        "uq_authorised_sellers_live",
        "authorised_sellers",
        ["owner_id", "marketplace", "seller_key"],
        unique=True,
        sqlite_where=sa.text("removed_at IS NULL"),
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_table(
        "exchange_rates",
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("base", sa.String(length=3), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("rate", ExactDecimal(), nullable=False),
        sa.PrimaryKeyConstraint("as_of", "base", "currency", name=op.f("pk_exchange_rates")),
    )
