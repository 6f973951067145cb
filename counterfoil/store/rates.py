"""Exchange rates as the operator imported them, kept by date."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

import sqlalchemy as sa

from counterfoil.exceptions import InvalidInput
from counterfoil.rates import RateTable
from counterfoil.store.conditional import upsert
from counterfoil.store.tables import exchange_rates
from counterfoil.store.types import fits


def add_rates(connection: sa.Connection, as_of: date, base: str, rates: Mapping[str, Decimal]) -> None:
    """Keep the rates of one date: one unit of `base` buys `rate` of each currency.

    Raises InvalidInput for a rate with more digits than are kept: rounding a small one would falsify prices.
    """
    for currency, rate in rates.items():
        if not fits(rate):
            raise InvalidInput(
                "The rate {rate} of {currency} has more than six places: use a base that is worth more.",
                rate=rate,
                currency=currency,
            )
        values = {"as_of": as_of, "base": base, "currency": currency, "rate": rate}
        upsert(connection, exchange_rates, values, key=["as_of", "base", "currency"])


def latest_rates(connection: sa.Connection) -> tuple[date, str, dict[str, Decimal]] | None:
    """(date, base, rates) of the newest date there is; None when none were imported."""
    columns = exchange_rates.c
    newest = connection.execute(
        sa.select(columns.as_of, columns.base).order_by(columns.as_of.desc(), columns.base).limit(1)
    ).one_or_none()
    if newest is None:
        return None
    same = sa.select(columns.currency, columns.rate).where(columns.as_of == newest.as_of, columns.base == newest.base)
    return newest.as_of, newest.base, {row.currency: row.rate for row in connection.execute(same)}


def latest_table(connection: sa.Connection) -> RateTable | None:
    """The rates of the newest date there is, to convert by; None when none were imported."""
    found = latest_rates(connection)
    return RateTable(as_of=found[0], base=found[1], rates=found[2]) if found else None
