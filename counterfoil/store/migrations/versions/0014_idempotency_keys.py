"""Answers to requests that may come twice."""

import sqlalchemy as sa
from alembic import op

from counterfoil.store.types import Id, Sha256, Time

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Answers to requests that may come twice."""
    op.create_table(
        "idempotency_keys",
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("key_sha256", Sha256, nullable=False),
        sa.Column("request_sha256", Sha256, nullable=False),
        sa.Column("answer", sa.JSON(), nullable=False),
        sa.Column("created_at", Time(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("fk_idempotency_keys_owner_id")),
        sa.PrimaryKeyConstraint("key_sha256", name=op.f("pk_idempotency_keys")),
    )
    op.create_index("ix_idempotency_keys_created_at", "idempotency_keys", ["created_at"], unique=False)
