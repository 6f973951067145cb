"""Fingerprints keep the hash of the foreground box as well."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Fingerprints keep the hash of the foreground box as well."""
    op.add_column("fingerprints", sa.Column("box256", sa.LargeBinary(32)))
    # The other hashes are the same in f2 and f3. Pictures whose bytes are stored are fingerprinted anew when they are
    # next needed; where retention has deleted the bytes, the box that nobody can look for any more is the whole.
    op.execute(
        sa.text(
            "INSERT INTO fingerprints"
            " (image_sha256, version, width, height, phash, dct256, box256, informative, error)"
            " SELECT image_sha256, 'f3', width, height, phash, dct256, dct256, informative, error"
            " FROM fingerprints WHERE version = 'f2'"
            " AND image_sha256 IN (SELECT sha256 FROM images WHERE deleted_at IS NOT NULL)"
        )
    )
