"""Monitors, runs and crawls."""

import sqlalchemy as sa
from alembic import op

from counterfoil.store.types import Id, Time

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Monitors, runs and crawls."""
    op.create_table(
        "monitors",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("schedule_kind", sa.String(length=16), nullable=False),
        sa.Column("schedule_expression", sa.String(length=200), nullable=False),
        sa.Column("time_zone", sa.String(64), nullable=False),
        sa.Column("jitter_seconds", sa.Integer(), nullable=False),
        sa.Column("queries", sa.JSON(), nullable=False),
        sa.Column("limits", sa.JSON(), nullable=False),
        sa.Column("next_nominal_at", Time(), nullable=True),
        sa.Column("next_due_at", Time(), nullable=True),
        sa.Column("created_at", Time(), nullable=False),
        sa.Column("removed_at", Time(), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("fk_monitors_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_monitors")),
    )
    op.create_index("ix_monitors_next_due_at", "monitors", ["next_due_at"], unique=False)
    op.create_index(
        "uq_monitors_live",
        "monitors",
        ["owner_id", "name"],
        unique=True,
        sqlite_where=sa.text("removed_at IS NULL"),
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_table(
        "monitor_products",
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("monitor_id", Id, nullable=False),
        sa.Column("product_id", Id, nullable=False),
        sa.ForeignKeyConstraint(["monitor_id"], ["monitors.id"], name=op.f("fk_monitor_products_monitor_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("fk_monitor_products_owner_id")),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_monitor_products_product_id")),
        sa.PrimaryKeyConstraint("monitor_id", "product_id", name=op.f("pk_monitor_products")),
    )
    op.create_table(
        "monitor_marketplaces",
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("monitor_id", Id, nullable=False),
        sa.Column("marketplace", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["monitor_id"], ["monitors.id"], name=op.f("fk_monitor_marketplaces_monitor_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("fk_monitor_marketplaces_owner_id")),
        sa.PrimaryKeyConstraint("monitor_id", "marketplace", name=op.f("pk_monitor_marketplaces")),
    )
    op.create_table(
        "runs",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("monitor_id", Id, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("trigger", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("nominal_at", Time(), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("created_at", Time(), nullable=False),
        sa.Column("finished_at", Time(), nullable=True),
        sa.ForeignKeyConstraint(["monitor_id"], ["monitors.id"], name=op.f("fk_runs_monitor_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("fk_runs_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
        sa.UniqueConstraint("monitor_id", "nominal_at", name=op.f("uq_runs_monitor_id_nominal_at")),
    )
    op.create_index("ix_runs_owner_id", "runs", ["owner_id"], unique=False)
    op.create_table(
        "crawls",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("run_id", Id, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("marketplace", sa.String(length=100), nullable=False),
        sa.Column("spider", sa.String(length=32), nullable=False),
        sa.Column("queries", sa.JSON(), nullable=False),
        sa.Column("limits", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("not_before", Time(), nullable=False),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("progress", sa.Integer(), server_default="0", nullable=False),
        sa.Column("claimed_by", sa.String(length=200), nullable=True),
        sa.Column("lease_until", Time(), nullable=True),
        sa.Column("started_at", Time(), nullable=True),
        sa.Column("finished_at", Time(), nullable=True),
        sa.Column("reason", sa.String(length=16), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("counters", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("fk_crawls_owner_id")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_crawls_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crawls")),
        sa.UniqueConstraint("run_id", "position", name=op.f("uq_crawls_run_id_position")),
    )
    op.create_index("ix_crawls_state_not_before", "crawls", ["state", "not_before"], unique=False)
    op.create_table(
        "crawl_events",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("crawl_id", Id, nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("event", sa.String(length=16), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("at", Time(), nullable=False),
        sa.ForeignKeyConstraint(["crawl_id"], ["crawls.id"], name=op.f("fk_crawl_events_crawl_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("fk_crawl_events_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crawl_events")),
    )
    op.create_index("ix_crawl_events_crawl_id", "crawl_events", ["crawl_id"], unique=False)
