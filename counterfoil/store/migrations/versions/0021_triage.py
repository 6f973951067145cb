"""Which version a verdict is about, suspects that were put off, and one verdict about many."""

import sqlalchemy as sa
from alembic import op

from counterfoil.store.types import Id, Time

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Which version a verdict is about, suspects that were put off, and one verdict about many."""
    op.add_column("suspects", sa.Column("verdict_version_id", Id, nullable=True))
    op.add_column("suspects", sa.Column("snoozed_at", Time(), nullable=True))
    op.add_column("suspects", sa.Column("snoozed_until", Time(), nullable=True))
    op.create_index("ix_suspects_snoozed_until", "suspects", ["snoozed_until"], unique=False)
    op.add_column("verdicts", sa.Column("batch", sa.String(length=32), nullable=True))
    op.create_index("ix_verdicts_batch", "verdicts", ["batch"], unique=False)
    op.execute(
        "UPDATE suspects SET verdict_version_id = (SELECT listing_version_id FROM verdicts"
        " WHERE verdicts.suspect_id = suspects.id AND verdicts.undone_at IS NULL ORDER BY verdicts.id DESC LIMIT 1)"
        " WHERE verdict IS NOT NULL"
    )
