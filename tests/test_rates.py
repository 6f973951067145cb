"""Exchange rates: read with clear errors, converted exactly."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterfoil.exceptions import InvalidInput
from counterfoil.rates import RateTable, read_rates

HEADER = "date,base,currency,rate\n"


def table() -> RateTable:
    (read,) = read_rates(HEADER + "2026-11-23,EUR,USD,1.10\n2026-11-23,EUR,JPY,170\n")
    return read


def test_rates_are_read_as_exact_decimals_with_their_date() -> None:
    assert (table().as_of, table().base) == (date(2026, 11, 23), "EUR")
    assert dict(table().rates) == {"USD": Decimal("1.10"), "JPY": Decimal(170)}


@pytest.mark.parametrize(
    ("amount", "source", "target", "expected"),
    [
        ("10", "EUR", "USD", "11"),
        ("11", "USD", "EUR", "10"),
        ("1.1", "USD", "JPY", "170"),
        ("7", "CHF", "CHF", "7"),
        ("10", "EUR", "CHF", None),
        ("10", "CHF", "EUR", None),
    ],
)
def test_an_amount_is_converted_or_honestly_is_not(amount: str, source: str, target: str, expected: str | None) -> None:
    converted = table().convert(Decimal(amount), source, target)
    assert converted == (None if expected is None else Decimal(expected))


@settings(deadline=None)
@given(st.decimals("0.01", "1000000", places=2))
def test_there_and_back_is_the_same_amount(amount: Decimal) -> None:
    there = table().convert(amount, "USD", "JPY")
    assert there is not None
    back = table().convert(there, "JPY", "USD")
    assert back is not None
    assert back.quantize(Decimal("0.01")) == amount


def test_a_file_of_many_dates_gives_a_table_each_oldest_first() -> None:
    text = HEADER + "2026-11-23,EUR,USD,1.10\n2026-11-20,EUR,USD,1.09\n"
    assert [(one.as_of.day, one.rates["USD"]) for one in read_rates(text)] == [
        (20, Decimal("1.09")),
        (23, Decimal("1.10")),
    ]


@pytest.mark.parametrize(
    "row",
    [
        "23.11.2026,EUR,USD,1.10",
        "2026-11-23,euro,USD,1.10",
        "2026-11-23,EUR,$,1.10",
        '2026-11-23,EUR,USD,"1,10"',
        "2026-11-23,EUR,USD,0",
        "2026-11-23,EUR,USD,-1",
        "2026-11-23,EUR,USD,NaN",
        "2026-11-23,EUR,USD,Infinity",
        "2026-11-23,EUR,USD",
        "2026-11-23,EUR,JPY,171",
        "2026-11-23,USD,CHF,0.9",
    ],
)
def test_a_wrong_row_is_named(row: str) -> None:
    with pytest.raises(InvalidInput, match=r"[Ll]ine 3"):
        read_rates(HEADER + "2026-11-23,EUR,JPY,170\n" + row + "\n")


@pytest.mark.parametrize("text", ["", HEADER, "currency,rate\nUSD,1.10\n"])
def test_a_file_without_rates_or_with_other_columns_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        read_rates(text)
