"""A picture that somebody has searched by is kept for a time, so that the search's address answers again."""

import sqlalchemy as sa
from alembic import op

from counterfoil.store.types import Id, Sha256, Time

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    """Add who has searched by which picture."""
    op.create_table(
        "searched_pictures",
        sa.Column("image_sha256", Sha256, nullable=False),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("searched_at", Time, nullable=False),
        sa.ForeignKeyConstraint(["image_sha256"], ["images.sha256"], name=op.f("fk_searched_pictures_image_sha256")),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("fk_searched_pictures_owner_id")),
        sa.PrimaryKeyConstraint("image_sha256", "owner_id", name=op.f("pk_searched_pictures")),
    )
