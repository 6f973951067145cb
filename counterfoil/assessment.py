"""One listing, and what its pictures match, against everything that one owner registered."""

from collections import Counter
from collections.abc import Sequence

from counterfoil.fingerprints import FINGERPRINT_VERSION
from counterfoil.matching import MATCHING_VERSION
from counterfoil.models import (
    Assessment,
    ListingFacts,
    Match,
    Reason,
    ReasonKind,
    Registry,
    Score,
)
from counterfoil.rates import RateTable
from counterfoil.scoring import SCORING_VERSION, authorised, score
from counterfoil.scoring.names import Wording, read_title
from counterfoil.scoring.profile import ProductProfile, make_profile
from counterfoil.scoring.replicas import replica_reason

__all__ = ["JUDGE_VERSION", "Judge"]

# Names how a listing was judged: a stored assessment can be told from what the judge would say today.
JUDGE_VERSION = f"{FINGERPRINT_VERSION}+{MATCHING_VERSION}+{SCORING_VERSION}"

# A listing that speaks only of a brand says the same of all its products: so many assessments are enough to say it.
_MOST_OF_A_BRAND = 10

# What ties a listing to one product rather than to its brand.
_OF_THE_PRODUCT = frozenset({ReasonKind.IMAGE_COPY, ReasonKind.PRODUCT_NAMED})


class Judge:
    """Judges listings for one owner. Immutable: make a new one when the registry or the rates change."""

    def __init__(self, registry: Registry, rates: RateTable | None = None) -> None:
        self._authorised = registry.authorised_sellers
        self._rates = rates
        self._profiles = {one.product.id: make_profile(one.product, one.brand) for one in registry.products}

    def assess(self, facts: ListingFacts, marketplace: str, found: Sequence[Match]) -> tuple[Assessment, ...]:
        """One assessment for each product that the listing has something in common with, best first.

        `found` are the matches of all the listing's pictures. An authorised seller's listing scores 0 with that as its
        reason. A listing that speaks only of a brand is held against all of the brand's products; one that shows or
        names some of them, against those.
        """
        matches: dict[int, tuple[Match, ...]] = {}
        for match in found:
            matches[match.product_id] = (*matches.get(match.product_id, ()), match)
        wording, replica = read_title(facts.title), replica_reason(facts)
        judged = [
            (profile, self._score(facts, marketplace, wording, profile, matches.get(profile.product.id, ()), replica))
            for profile in self._profiles.values()
        ]
        kept = _of_named_products([(profile, result) for profile, result in judged if result.reasons])
        made = [
            Assessment(
                product_id=profile.product.id,
                judge_version=JUDGE_VERSION,
                score=result,
                matches=matches.get(profile.product.id, ()),
            )
            for profile, result in kept
        ]
        return tuple(sorted(made, key=lambda assessment: (-assessment.score.value, assessment.product_id)))

    def _score(
        self,
        facts: ListingFacts,
        marketplace: str,
        wording: Wording,
        profile: ProductProfile,
        matches: tuple[Match, ...],
        replica: Reason | None,
    ) -> Score:
        found = score(facts, wording, profile, matches, self._rates, replica)
        seller = facts.seller
        if found.reasons and seller is not None and (marketplace, seller.key) in self._authorised:
            return authorised(seller.key, seller.name)
        return found


def _of_named_products(judged: Sequence[tuple[ProductProfile, Score]]) -> list[tuple[ProductProfile, Score]]:
    """Of each brand the products that the listing shows or names; where there are none, the first registered."""
    named = {profile.brand.id for profile, result in judged if _is_of_the_product(result)}
    kept: list[tuple[ProductProfile, Score]] = []
    of_the_brand: Counter[int] = Counter()
    for profile, result in judged:
        brand_id = profile.brand.id
        of_the_brand[brand_id] += brand_id not in named
        if _is_of_the_product(result) or (brand_id not in named and of_the_brand[brand_id] <= _MOST_OF_A_BRAND):
            kept.append((profile, result))
    return kept


def _is_of_the_product(result: Score) -> bool:
    return any(reason.kind in _OF_THE_PRODUCT for reason in result.reasons)
