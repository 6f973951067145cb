"""Fingerprints are numbered, so that a process that holds them reads only what was added since."""

import sqlalchemy as sa
from alembic import op

from counterfoil.store.types import Id

revision = "0023"
down_revision = "0022"

_COLUMNS = "image_sha256, version, width, height, phash, dct256, box256, informative, error"


def upgrade() -> None:
    """Give every fingerprint a number of its own."""
    if op.get_bind().dialect.name == "sqlite":
        _make_anew()
        return
    op.drop_constraint("pk_fingerprints", "fingerprints")
    op.execute("ALTER TABLE fingerprints ADD COLUMN id BIGSERIAL NOT NULL")
    op.create_primary_key("pk_fingerprints", "fingerprints", ["id"])
    op.create_unique_constraint("uq_fingerprints_image_sha256_version", "fingerprints", ["image_sha256", "version"])


def _make_anew() -> None:
    """SQLite gives no other key to a table that is there."""
    op.create_table(
        "numbered_fingerprints",
        sa.Column("id", Id, nullable=False, autoincrement=True),
        sa.Column("image_sha256", sa.String(64), nullable=False),
        sa.Column("version", sa.String(length=32), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("phash", sa.String(length=16), nullable=False),
        sa.Column("dct256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("box256", sa.LargeBinary(length=32), nullable=True),
        sa.Column("informative", sa.Boolean(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["image_sha256"], ["images.sha256"], name=op.f("fk_fingerprints_image_sha256")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fingerprints")),
        sa.UniqueConstraint("image_sha256", "version", name=op.f("uq_fingerprints_image_sha256_version")),
    )
    op.execute(
        f"INSERT INTO numbered_fingerprints ({_COLUMNS}) SELECT {_COLUMNS} FROM fingerprints"  # noqa: S608 - a constant
        " ORDER BY rowid"
    )
    op.drop_table("fingerprints")
    op.rename_table("numbered_fingerprints", "fingerprints")
