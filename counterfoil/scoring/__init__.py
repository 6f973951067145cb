"""Matches, wording, price and seller -> Score with Reasons.

Every reason has a weight: the score that it alone would give. Together they give 1 - product of (1 - weight), so that
several weak reasons can make a suspicion, and no single one can make a certainty. The weights are in the files of the
reasons: `pictures`, `names`, `replicas`, `prices`.
"""

from math import prod

from counterfoil.models import ListingFacts, Match, Reason, ReasonKind, Score
from counterfoil.rates import RateTable
from counterfoil.scoring.names import (
    Wording,
    brand_reason,
    is_misspelling,
    names_more_than_a_keyword,
    product_reason,
)
from counterfoil.scoring.pictures import picture_reason
from counterfoil.scoring.prices import price_reason
from counterfoil.scoring.profile import ProductProfile

__all__ = ["SCORING_VERSION", "authorised", "combine", "score"]

# Changes whenever the same listing would be scored otherwise.
SCORING_VERSION = "s3"


def score(
    facts: ListingFacts,
    wording: Wording,
    profile: ProductProfile,
    matches: tuple[Match, ...],
    rates: RateTable | None,
    replica: Reason | None,
) -> Score:
    """How suspicious a listing is with regard to one product; without anything in common: 0 and no reasons.

    `replica` is what `replica_reason` says of the listing: it is the same for every product, so it is asked once.
    The price counts only when the listing is tied to this very product. A cheap thing of the same brand is not a cheap
    specimen of this product.
    """
    picture = picture_reason(matches)
    brand = brand_reason(wording, profile)
    product = product_reason(wording, profile)
    fake = replica if picture or brand else None
    tied = picture is not None or _names_this_product(brand, product)
    price = price_reason(facts, profile.product.price_range, rates) if tied else None
    return combine(tuple(reason for reason in (picture, brand, product, fake, price) if reason is not None))


def _names_this_product(brand: Reason | None, product: Reason | None) -> bool:
    """Brand and product are both named. A misspelling may be another maker's name: there a keyword is not enough."""
    if brand is None or product is None:
        return False
    return not is_misspelling(brand) or names_more_than_a_keyword(product)


def combine(reasons: tuple[Reason, ...]) -> Score:
    """The score of these reasons, the weightiest first."""
    ordered = tuple(sorted(reasons, key=lambda reason: -reason.weight))
    return Score(value=1.0 - prod(1.0 - reason.weight for reason in ordered), reasons=ordered)


def authorised(seller_key: str, name: str | None) -> Score:
    """The score of an authorised seller's listing: never suspicious, whatever it shows."""
    text = f"the seller {name or seller_key} is authorised"
    reason = Reason(
        kind=ReasonKind.SELLER_AUTHORISED, weight=0.0, text=text, evidence={"seller": seller_key, "name": name}
    )
    return Score(value=0.0, reasons=(reason,))
