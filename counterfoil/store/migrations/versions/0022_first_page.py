"""When each account last looked at the first page, and what its counts are read from."""

import sqlalchemy as sa
from alembic import op

from counterfoil.store.types import Time

revision = "0022"
down_revision = "0021"

_INDEXES = {
    "ix_runs_owner_id_state": ("runs", ["owner_id", "state"]),
    "ix_suspects_first_page": (
        "suspects",
        ["owner_id", "first_suspected_at", "state", "verdict", "snoozed_at"],
    ),
    "ix_verdicts_owner_id_decided_at_kind_undone_at": ("verdicts", ["owner_id", "decided_at", "kind", "undone_at"]),
    "ix_captures_owner_id_state": ("captures", ["owner_id", "state"]),
}


def upgrade() -> None:
    """When each account last looked at the first page, and what its counts are read from."""
    op.add_column("accounts", sa.Column("looked_at", Time(), nullable=True))
    op.add_column("accounts", sa.Column("new_since", Time(), nullable=True))
    op.drop_index("ix_runs_owner_id", "runs")
    for name, (table, columns) in _INDEXES.items():
        op.create_index(name, table, columns, unique=False)
