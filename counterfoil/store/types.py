"""Column types that mean the same on SQLite and PostgreSQL."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

# SQLite gives automatic row ids only to a column declared INTEGER.
Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Sha256 = sa.String(64)
_PLACES = 6
_LARGEST = Decimal(10) ** 18


class Time(sa.types.TypeDecorator[datetime]):
    """An aware UTC time; a naive one is refused, because it would silently mean something else."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Convert to UTC on the way in."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive time {value!r}: the database takes aware times only")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Mark as UTC on the way out: SQLite forgets the zone, PostgreSQL answers in its session's."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class ExactDecimal(sa.types.TypeDecorator[Decimal]):
    """An exact decimal: NUMERIC on PostgreSQL, text on SQLite, which has only binary floating point."""

    impl = sa.Numeric(24, _PLACES)
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        """Pick the column type of the engine at hand."""
        text = dialect.name == "sqlite"
        return dialect.type_descriptor(sa.String(32) if text else sa.Numeric(24, _PLACES))

    def process_bind_param(self, value: Decimal | None, dialect: sa.Dialect) -> Any:
        """Refuse what NUMERIC(24, 6) would round; write SQLite's text in plain notation, never with an exponent."""
        if value is None:
            return None
        if not fits(value):
            raise ValueError(f"{value} is no amount that the database keeps exactly: 18 digits and 6 places at most")
        return value if dialect.name != "sqlite" else format(value, "f")

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Decimal | None:
        """Drop the zeros that NUMERIC(24, 6) pads with, so that both engines answer alike."""
        if value is None:
            return None
        amount = Decimal(value).normalize()
        return amount.quantize(Decimal(1)) if amount == amount.to_integral() else amount


def fits(value: Decimal) -> bool:
    """Whether both engines keep this decimal exactly: below 10^18, with six places at most."""
    return value.is_finite() and abs(value) < _LARGEST and value == round(value, _PLACES)
