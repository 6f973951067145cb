"""Prices on a line: where a listing stands beside the others, and beside what the product honestly costs."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from console.translation import gettext as _
from counterfoil.models import PriceRange
from counterfoil.rates import write_amount

# The plot's own units; the page scales it to its width.
WIDTH, _EDGE = 400, 12


@dataclass(frozen=True, slots=True, kw_only=True)
class PlottedPrice:
    """A price at its place: `this` is the one that the page is about."""

    x: float
    words: str
    this: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PricePlot:
    """A line of prices in one currency from `lowest` to `highest`; the honest range from `low` to `high`, if known."""

    prices: tuple[PlottedPrice, ...]
    lowest: str
    highest: str
    low: float | None
    high: float | None
    words: str


def plot_prices(
    prices: Sequence[Decimal], currency: str, *, honest: PriceRange | None = None, this: Decimal | None = None
) -> PricePlot | None:
    """The plot of prices in one currency; None where there is nothing to compare.

    `honest` is in the same currency. `this` is marked, and need not be one of the others.
    """
    shown = [*prices, *([this] if this is not None else [])]
    ends = [*shown, *((honest.low, honest.high) if honest else ())]
    if not shown or len(set(ends)) < 2:
        return None
    lowest, highest = min(ends), max(ends)

    def place(amount: Decimal) -> float:
        return round(_EDGE + float((amount - lowest) / (highest - lowest)) * (WIDTH - 2 * _EDGE), 1)

    return PricePlot(
        prices=tuple(_plotted(shown, currency, this, place)),
        lowest=f"{write_amount(lowest)} {currency}",
        highest=f"{write_amount(highest)} {currency}",
        low=place(honest.low) if honest else None,
        high=place(honest.high) if honest else None,
        words=_words(shown, currency, honest, this),
    )


def _plotted(
    shown: Sequence[Decimal], currency: str, this: Decimal | None, place: Callable[[Decimal], float]
) -> Iterator[PlottedPrice]:
    marked = len(shown) - 1 if this is not None else None
    for number, amount in enumerate(shown):
        yield PlottedPrice(x=place(amount), words=f"{write_amount(amount)} {currency}", this=number == marked)


def _words(shown: Sequence[Decimal], currency: str, honest: PriceRange | None, this: Decimal | None) -> str:
    said = []
    if this is not None:
        said.append(_("This listing asks %(price)s.") % {"price": f"{write_amount(this)} {currency}"})
    if honest is not None:
        said.append(
            _("The product honestly costs %(low)s to %(high)s.")
            % {"low": f"{write_amount(honest.low)} {currency}", "high": f"{write_amount(honest.high)} {currency}"}
        )
    if len(shown) > 1:
        said.append(
            _("%(count)d prices, from %(low)s to %(high)s.")
            % {
                "count": len(shown),
                "low": f"{write_amount(min(shown))} {currency}",
                "high": f"{write_amount(max(shown))} {currency}",
            }
        )
    return " ".join(said)
