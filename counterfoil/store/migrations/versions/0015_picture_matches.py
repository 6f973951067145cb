"""What pictures matched is kept, so that a picture is matched once against the same references."""

import sqlalchemy as sa
from alembic import op

from counterfoil.store.types import Id, Sha256

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """What pictures matched is kept, so that a picture is matched once against the same references."""
    op.create_table(
        "picture_matches",
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("image_sha256", Sha256, nullable=False),
        sa.Column("bank", Sha256, nullable=False),
        sa.Column("matches", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["image_sha256"], ["images.sha256"], name=op.f("fk_picture_matches_image_sha256_images")
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("fk_picture_matches_owner_id_owners")),
        sa.PrimaryKeyConstraint("owner_id", "image_sha256", name=op.f("pk_picture_matches")),
    )
