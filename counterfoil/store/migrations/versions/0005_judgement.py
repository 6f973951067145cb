"""Judgement, verdicts and the way to the index."""

import sqlalchemy as sa
from alembic import op

from counterfoil.store.types import Id, Time

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Judgement, verdicts and the way to the index."""
    op.create_table(
        "inspections",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("listing_id", Id, nullable=False),
        sa.Column("listing_version_id", Id, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lease_until", Time(), nullable=True),
        sa.Column("judge_version", sa.String(64), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", Time(), nullable=False),
        sa.ForeignKeyConstraint(["listing_id"], ["listings.id"], name=op.f("fk_inspections_listing_id")),
        sa.ForeignKeyConstraint(
            ["listing_version_id"], ["listing_versions.id"], name=op.f("fk_inspections_listing_version_id")
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("fk_inspections_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inspections")),
        sa.UniqueConstraint("owner_id", "listing_version_id", name=op.f("uq_inspections_owner_id_listing_version_id")),
    )
    op.create_index("ix_inspections_owner_id_listing_id", "inspections", ["owner_id", "listing_id"], unique=False)
    op.create_index("ix_inspections_state_id", "inspections", ["state", "id"], unique=False)
    op.create_table(
        "reassessments",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("product_id", Id, nullable=True),
        sa.Column("cause", sa.String(length=100), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("position", Id, nullable=False),
        sa.Column("upto", Id, nullable=False),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lease_until", Time(), nullable=True),
        sa.Column("created_at", Time(), nullable=False),
        sa.Column("finished_at", Time(), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("fk_reassessments_owner_id")),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_reassessments_product_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reassessments")),
    )
    op.create_index("ix_reassessments_state_id", "reassessments", ["state", "id"], unique=False)
    op.create_table(
        "suspects",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("listing_id", Id, nullable=False),
        sa.Column("listing_version_id", Id, nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=True),
        sa.Column("assessed_sha256", sa.String(64), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("first_suspected_at", Time(), nullable=False),
        sa.Column("updated_at", Time(), nullable=False),
        sa.ForeignKeyConstraint(["listing_id"], ["listings.id"], name=op.f("fk_suspects_listing_id")),
        sa.ForeignKeyConstraint(
            ["listing_version_id"], ["listing_versions.id"], name=op.f("fk_suspects_listing_version_id")
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("fk_suspects_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suspects")),
        sa.UniqueConstraint("owner_id", "listing_id", name=op.f("uq_suspects_owner_id_listing_id")),
    )
    op.create_table(
        "assessments",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("suspect_id", Id, nullable=False),
        sa.Column("listing_version_id", Id, nullable=False),
        sa.Column("product_id", Id, nullable=False),
        sa.Column("judge_version", sa.String(64), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("matches", sa.JSON(), nullable=False),
        sa.Column("assessed_at", Time(), nullable=False),
        sa.ForeignKeyConstraint(
            ["listing_version_id"], ["listing_versions.id"], name=op.f("fk_assessments_listing_version_id")
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("fk_assessments_owner_id")),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_assessments_product_id")),
        sa.ForeignKeyConstraint(["suspect_id"], ["suspects.id"], name=op.f("fk_assessments_suspect_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessments")),
        sa.UniqueConstraint(
            "listing_version_id",
            "product_id",
            "judge_version",
            name=op.f("uq_assessments_listing_version_id_product_id_judge_version"),
        ),
    )
    op.create_index("ix_assessments_suspect_id", "assessments", ["suspect_id"], unique=False)
    op.create_table(
        "verdicts",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("suspect_id", Id, nullable=False),
        sa.Column("listing_version_id", Id, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.String(length=200), nullable=False),
        sa.Column("decided_at", Time(), nullable=False),
        sa.ForeignKeyConstraint(
            ["listing_version_id"], ["listing_versions.id"], name=op.f("fk_verdicts_listing_version_id")
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("fk_verdicts_owner_id")),
        sa.ForeignKeyConstraint(["suspect_id"], ["suspects.id"], name=op.f("fk_verdicts_suspect_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verdicts")),
    )
    op.create_index("ix_verdicts_suspect_id", "verdicts", ["suspect_id"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("suspect_id", Id, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", Time(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("fk_outbox_owner_id")),
        sa.ForeignKeyConstraint(["suspect_id"], ["suspects.id"], name=op.f("fk_outbox_suspect_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    op.create_index("ix_outbox_suspect_id", "outbox", ["suspect_id"], unique=False)
