"""Runs need no monitor: a person can import saved pages, or have known addresses checked."""

import sqlalchemy as sa
from alembic import op

from counterfoil.store.types import Id

revision = "0011"
down_revision = "0010"

_REQUIRED = "monitor_id INTEGER NOT NULL"
_OPTIONAL = "monitor_id INTEGER"


def upgrade() -> None:
    """Runs need no monitor: a person can import saved pages, or have known addresses checked."""
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        _relax_sqlite(connection)
    else:
        op.alter_column("runs", "monitor_id", existing_type=Id, nullable=True)


def _relax_sqlite(connection: sa.Connection) -> None:
    """Edit the table's definition, as SQLite describes it for constraints (lang_altertable.html, section 7).

    To copy the table, as for any other change, its rows would have to be deleted while crawls refer to them.
    """
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    connection.exec_driver_sql("PRAGMA writable_schema=ON")
    changed = connection.execute(
        sa.text(
            "UPDATE sqlite_master SET sql = replace(sql, :required, :optional) "
            "WHERE type = 'table' AND name = 'runs' AND instr(sql, :required) > 0"
        ),
        {"required": _REQUIRED, "optional": _OPTIONAL},
    )
    if changed.rowcount != 1:
        raise ValueError("the table `runs` is not as its migration made it")
    connection.exec_driver_sql(f"PRAGMA schema_version={version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema=OFF")
