"""Captures of suspects' pages, and their files."""

import sqlalchemy as sa
from alembic import op

from counterfoil.store.types import Id, Sha256, Time

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Captures of suspects' pages, and their files."""
    op.create_table(
        "captures",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("suspect_id", Id, nullable=False),
        sa.Column("listing_version_id", Id, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("crawl_id", Id, nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("not_before", Time(), nullable=False),
        sa.Column("requested_at", Time(), nullable=False),
        sa.Column("captured_at", Time(), nullable=True),
        sa.Column("means", sa.String(length=16), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("final_url", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("fk_captures_owner_id")),
        sa.ForeignKeyConstraint(["suspect_id"], ["suspects.id"], name=op.f("fk_captures_suspect_id")),
        sa.ForeignKeyConstraint(
            ["listing_version_id"], ["listing_versions.id"], name=op.f("fk_captures_listing_version_id")
        ),
        sa.ForeignKeyConstraint(["crawl_id"], ["crawls.id"], name=op.f("fk_captures_crawl_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_captures")),
        sa.UniqueConstraint("suspect_id", "listing_version_id", name=op.f("uq_captures_suspect_id_listing_version_id")),
    )
    op.create_index("ix_captures_state_not_before", "captures", ["state", "not_before"], unique=False)
    op.create_index("ix_captures_crawl_id", "captures", ["crawl_id"], unique=False)
    op.create_table(
        "capture_files",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("capture_id", Id, nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("sha256", Sha256, nullable=False),
        sa.Column("size", Id, nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("deleted_at", Time(), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("fk_capture_files_owner_id")),
        sa.ForeignKeyConstraint(["capture_id"], ["captures.id"], name=op.f("fk_capture_files_capture_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_capture_files")),
        sa.UniqueConstraint("capture_id", "role", name=op.f("uq_capture_files_capture_id_role")),
    )
    op.create_index("ix_capture_files_sha256", "capture_files", ["sha256"], unique=False)
