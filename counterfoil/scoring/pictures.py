"""The reason from pictures: one of the listing's is a copy of one of ours."""

from counterfoil.matching.hashes import BITS
from counterfoil.models import Match, Reason, ReasonKind

# Resellers copy the brand's photos too: a copied picture alone is a suspicion, not a certainty.
_COPY = 0.75


def picture_reason(matches: tuple[Match, ...]) -> Reason | None:
    """The best match as a reason; its weight falls with the matcher's confidence."""
    if not matches:
        return None
    best = max(matches, key=lambda match: match.score)
    exactly = "the very file of" if best.stage == "exact" else "a copy of"
    return Reason(
        kind=ReasonKind.IMAGE_COPY,
        weight=round(_COPY * best.score, 4),
        text=f"a picture is {exactly} your photo ({best.distance} of {BITS} bits differ)",
        evidence={
            "image": best.image_sha256,
            "reference_image": best.reference_image_id,
            "distance": best.distance,
            "bits": BITS,
            "stage": best.stage,
        },
    )
