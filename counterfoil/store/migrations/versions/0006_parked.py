"""Documents that an index can never take are parked with the reason."""

import sqlalchemy as sa
from alembic import op

from counterfoil.store.types import Time

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Documents that an index can never take are parked with the reason."""
    op.add_column("outbox", sa.Column("parked_at", Time(), nullable=True))
    op.add_column("outbox", sa.Column("parked_reason", sa.Text(), nullable=True))
