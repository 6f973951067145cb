"""A verdict that was taken back stays."""

import sqlalchemy as sa
from alembic import op

from counterfoil.store.types import Time

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """A verdict that was taken back stays."""
    op.add_column("verdicts", sa.Column("undone_at", Time(), nullable=True))
