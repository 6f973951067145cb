"""Reads prices: exact decimals, never through binary floating point, with an ISO 4217 currency where one is shown."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from price_parser import Price

from crawlers.currencies import currency_code

# What the database keeps: NUMERIC(24, 6). More digits are no price of anything.
_MOST_DIGITS = 18
_MOST_PLACES = 6
_LONGEST_TEXT = 60

# How schema.org asks prices to be written: digits with a dot, no thousands separators.
_PLAIN = re.compile(r"\d{1,18}(\.\d{1,12})?", re.ASCII)
_NUMBERS = re.compile(r"\d[\d.,'’\s]*")


@dataclass(frozen=True, slots=True)
class Amount:
    """A price as a page states it; `currency` is None where the text names none."""

    value: Decimal
    currency: str | None = None


def read_price(said: object, used_here: Sequence[str] = ()) -> Amount | None:
    """A price out of structured data: a number, a plain number in a string, or text like "1.299,90 EUR".

    None for what is no price: never a guess. `used_here` settles signs with several meanings.
    """
    if isinstance(said, bool) or said is None:
        return None
    if isinstance(said, int | float | Decimal):
        return _kept(_exact(said), None)
    if not isinstance(said, str) or len(said) > _LONGEST_TEXT:
        return None
    text = said.strip()
    if _PLAIN.fullmatch(text):
        return _kept(Decimal(text), None)
    if not _has_one_number(text):
        return None
    price = Price.fromstring(text)
    # All that is no number first: price-parser sees only the sign of "US $".
    written = currency_code(_NUMBERS.sub("", text), used_here) or currency_code(price.currency, used_here)
    return _kept(price.amount, written)


def _exact(number: float | Decimal) -> Decimal | None:
    try:
        # repr of a float is the shortest text that means it: 19.9, not 19.89999999999999857...
        return number if isinstance(number, Decimal) else Decimal(repr(number))
    except InvalidOperation:
        return None


def _kept(value: Decimal | None, currency: str | None) -> Amount | None:
    if value is None or not value.is_finite() or value < 0:
        return None
    value = value.normalize()
    exponent = value.as_tuple().exponent
    if value.adjusted() >= _MOST_DIGITS or not isinstance(exponent, int) or exponent < -_MOST_PLACES:
        return None
    return Amount(value.quantize(Decimal(1)) if exponent > 0 else value, currency)


def _has_one_number(text: str) -> bool:
    """Whether the text holds one number: of "10 - 20" or "2 for 5.00" nobody can say which is the price."""
    return len(_NUMBERS.findall(text)) == 1
