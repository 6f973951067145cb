"""The reason from the price: lower than the product honestly costs."""

from decimal import Decimal

from counterfoil.models import ListingFacts, PriceRange, Reason, ReasonKind
from counterfoil.rates import RateTable, write_amount

# Sales and small sellers reach four fifths of the lowest honest price; two fifths and less nobody does.
_FAIR = 0.8
_ABSURD = 0.4
_MOST = 0.55
_USED = frozenset({"used", "refurbished", "damaged", "secondhand", "second-hand"})


def price_reason(facts: ListingFacts, honest: PriceRange | None, rates: RateTable | None) -> Reason | None:
    """A low price, or (weight 0) why the price could not be compared; None when there is nothing to say.

    A range of prices is judged by its highest: a cheap variant does not make the whole listing cheap. A price of zero
    says nothing. Used goods are cheaper: half the weight.
    """
    asked = max(
        (price for price in (facts.price, facts.price_max) if price is not None and price.is_finite()), default=None
    )
    if honest is None or not asked or asked <= 0:
        return None
    if facts.currency is None:
        return _cannot(f"the price {write_amount(asked)} has no currency, so it is not compared", facts, asked, honest)
    compared = _convert(asked, facts.currency, honest.currency, rates)
    if compared is None:
        return _cannot(f"there is no exchange rate from {facts.currency} to {honest.currency}", facts, asked, honest)
    ratio = float(compared / honest.low)
    weight = _weight(ratio) / (2 if _is_used(facts) else 1)
    if weight <= 0:
        return None
    converted = f" ({compared:.2f} {honest.currency})" if facts.currency != honest.currency else ""
    used = ", though it is used" if _is_used(facts) else ""
    shown = f"{write_amount(asked)} {facts.currency}{converted}"
    return Reason(
        kind=ReasonKind.PRICE_LOW,
        weight=round(weight, 4),
        text=f"the price {shown} is {ratio:.0%} of the lowest honest price{used}",
        evidence={**_evidence(facts, honest, ratio, rates), "shown": shown, "used": _is_used(facts)},
    )


def _weight(ratio: float) -> float:
    return _MOST * min(1.0, max(0.0, (_FAIR - ratio) / (_FAIR - _ABSURD)))


def _convert(amount: Decimal, source: str, target: str, rates: RateTable | None) -> Decimal | None:
    if source == target:
        return amount
    return rates.convert(amount, source, target) if rates else None


def _is_used(facts: ListingFacts) -> bool:
    condition = (facts.condition or "").casefold().rsplit("/", 1)[-1].removesuffix("condition")
    return condition in _USED


def _cannot(text: str, facts: ListingFacts, asked: Decimal, honest: PriceRange) -> Reason:
    evidence = {
        "price": str(facts.price),
        "currency": facts.currency,
        "shown": write_amount(asked),
        "honest_currency": honest.currency,
    }
    return Reason(kind=ReasonKind.NO_RATE, weight=0.0, text=text, evidence=evidence)


def _evidence(facts: ListingFacts, honest: PriceRange, ratio: float, rates: RateTable | None) -> dict[str, object]:
    same = facts.currency == honest.currency
    return {
        "price": str(facts.price),
        "price_max": None if facts.price_max is None else str(facts.price_max),
        "currency": facts.currency,
        "honest_low": str(honest.low),
        "honest_currency": honest.currency,
        "ratio": round(ratio, 4),
        "rates_of": None if same or rates is None else rates.as_of.isoformat(),
    }
