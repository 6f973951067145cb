"""Exchange rates of one date, and converting prices by them."""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from counterfoil.exceptions import InvalidInput

_COLUMNS = ("date", "base", "currency", "rate")


@dataclass(frozen=True, slots=True, kw_only=True)
class RateTable:
    """The rates of one date: one unit of `base` buys `rates[currency]` of a currency."""

    as_of: date
    base: str
    rates: Mapping[str, Decimal]

    def convert(self, amount: Decimal, source: str, target: str) -> Decimal | None:
        """An amount in another currency; None when a rate is missing."""
        if source == target:
            return amount
        sold, bought = self._rate(source), self._rate(target)
        return None if sold is None or bought is None else amount * bought / sold

    def _rate(self, currency: str) -> Decimal | None:
        return Decimal(1) if currency == self.base else self.rates.get(currency)


def write_amount(amount: Decimal) -> str:
    """An amount as people write it: 48.9 as 48.90, whole amounts and finer ones as they are."""
    exponent = amount.as_tuple().exponent
    return format(amount.quantize(Decimal("0.01")) if exponent == -1 else amount, "f")


def write_price(amount: Decimal | None, currency: str | None) -> str | None:
    """A price as people write it: 48.90 EUR, without the currency where none is known; None for none."""
    return f"{write_amount(amount)} {currency or ''}".strip() if amount is not None else None


def read_rates(text: str) -> tuple[RateTable, ...]:
    """Read a CSV with the columns date, base, currency, rate, as central banks publish their rates: oldest date first.

    Raises InvalidInput, which names the line, also when a date has two bases or one currency twice.
    """
    reader = csv.DictReader(text.splitlines(), strict=True)
    if sorted(reader.fieldnames or []) != sorted(_COLUMNS):
        raise InvalidInput("The rates have the wrong columns. Expected are: {columns}.", columns=", ".join(_COLUMNS))
    tables: dict[date, tuple[str, dict[str, Decimal]]] = {}
    try:
        for row in reader:
            as_of, base, currency, rate = _read_row(row, reader.line_num)
            known_base, rates = tables.setdefault(as_of, (base, {}))
            if known_base != base or currency in rates:
                raise InvalidInput(
                    "Line {line_num}: {as_of} has {base} to {currency} twice, or two bases.",
                    line_num=reader.line_num,
                    as_of=as_of,
                    base=base,
                    currency=currency,
                )
            rates[currency] = rate
    except csv.Error as error:
        raise InvalidInput(
            "The rates are no readable CSV: line {line_num}: {error}.", line_num=reader.line_num, error=error
        ) from error
    if not tables:
        raise InvalidInput("The file has no rates in it.")
    return tuple(RateTable(as_of=as_of, base=base, rates=rates) for as_of, (base, rates) in sorted(tables.items()))


def _read_row(row: Mapping[str, str | None], line: int) -> tuple[date, str, str, Decimal]:
    fields = {name: (row.get(name) or "").strip() for name in _COLUMNS}
    for name in ("base", "currency"):
        if not re.fullmatch("[A-Z]{3}", fields[name]):
            raise InvalidInput(
                "Line {line}: {fields!r} is no currency code such as EUR.", line=line, fields=fields[name]
            )
    try:
        rate = Decimal(fields["rate"])
        as_of = date.fromisoformat(fields["date"])
    except (InvalidOperation, ValueError) as error:
        raise InvalidInput("Line {line}: expected a date like 2026-11-23 and a rate like 1.0832.", line=line) from error
    if not rate.is_finite() or rate <= 0:
        raise InvalidInput("Line {line}: the rate {fields!r} is not above zero.", line=line, fields=fields["rate"])
    return as_of, fields["base"], fields["currency"], rate
