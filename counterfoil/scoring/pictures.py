"""The reason from pictures: one of the listing's is a copy of one of ours, or shows the same product."""

from dataclasses import asdict

from counterfoil.matching.hashes import BITS
from counterfoil.models import Match, MatchDecision, MatchKind, Reason, ReasonKind, Transform

# Resellers copy the brand's photos too: a copied picture alone is a suspicion, not a certainty.
_COPY = 0.75
# A confirmed match weighs at least this much, however its score fell within what is confirmed.
_LEAST_SCORE = 0.8
# Right about as often as not: enough to add to another reason, too little to make a suspect alone.
_REVIEW = 0.35
# Whoever has the product photographs it, those who may sell it too: less than naming it, for honest resellers do both.
_SAME_PRODUCT, _SAME_PRODUCT_REVIEW = 0.15, 0.08
# The hash alone says so, and nobody can look any more.
_UNVERIFIED = 0.55

_KIND = {MatchKind.COPY: 1, MatchKind.SAME_PRODUCT: 0}
_ORDER = {MatchDecision.CONFIRMED: 2, MatchDecision.UNVERIFIED: 1, MatchDecision.REVIEW: 0}


def picture_reason(matches: tuple[Match, ...]) -> Reason | None:
    """The best match as a reason; its weight follows the decision."""
    if not matches:
        return None
    best = max(matches, key=lambda match: (_KIND[match.kind], _ORDER[match.decision], match.score))
    return Reason(
        kind=ReasonKind.IMAGE_COPY,
        weight=round(_weight(best), 4),
        text=_text(best),
        evidence={
            "image": best.image_sha256,
            "reference_image": best.reference_image_id,
            "kind": best.kind.value,
            "decision": best.decision.value,
            "stage": best.stage,
            "score": round(best.score, 4),
            **({} if best.distance is None else {"distance": best.distance, "bits": BITS}),
            **({} if best.agreement is None else {"agreement": best.agreement}),
            **({} if best.transform is None else {"transform": asdict(best.transform)}),
            **({"one_of": list(best.one_of)} if best.one_of else {}),
        },
    )


def _weight(match: Match) -> float:
    if match.kind is MatchKind.SAME_PRODUCT:
        return _SAME_PRODUCT if match.decision is MatchDecision.CONFIRMED else _SAME_PRODUCT_REVIEW
    if match.decision is MatchDecision.REVIEW:
        return _REVIEW
    if match.decision is MatchDecision.UNVERIFIED:
        return _UNVERIFIED
    return _COPY * max(_LEAST_SCORE, match.score)


def _text(match: Match) -> str:
    what = _what(match)
    if match.decision is MatchDecision.UNVERIFIED:
        return f"a picture that is no longer stored seems to be {what} ({evidence_of(match)}): unverified"
    if match.decision is MatchDecision.REVIEW:
        return f"a picture may be {what} ({evidence_of(match)}): compare the two"
    return f"a picture is {what} ({evidence_of(match)})"


def _what(match: Match) -> str:
    if match.kind is MatchKind.SAME_PRODUCT:
        alike = ", or of one that cannot be told from it" if match.one_of else ""
        return f"another photo of the product on your photo{alike}"
    changes = _changes(match.transform) if match.transform else ""
    return "the very file of your photo" if match.stage == "exact" else f"a{changes} copy of your photo"


def _changes(transform: Transform) -> str:
    """What a person would see at a glance; a small turn is not worth a word."""
    turned = min(transform.rotation, 360 - transform.rotation) >= 2
    words = [word for word, holds in (("mirrored", transform.mirrored), ("turned", turned)) if holds]
    return f" {' and '.join(words)}" if words else ""


def evidence_of(match: Match) -> str:
    """What a match rests on, in a few words."""
    if match.distance is not None:
        return f"{match.distance} of {BITS} bits differ"
    if match.agreement is not None:
        return f"{match.agreement:.0%} of the product agrees pixel by pixel"
    return f"score {match.score:.2f}"
