"""The running parts of the service, and the installation's own name."""

import uuid

import sqlalchemy as sa
from alembic import op

from counterfoil.store.types import Time

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """The running parts of the service, and the installation's own name."""
    op.create_table(
        "parts",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("started_at", Time(), nullable=False),
        sa.Column("lease_until", Time(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parts")),
    )
    instance = sa.table("instance", sa.column("key", sa.String), sa.column("value", sa.Text))
    op.bulk_insert(instance, [{"key": "installation", "value": uuid.uuid4().hex}])
