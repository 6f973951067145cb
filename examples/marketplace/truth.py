"""What is counterfeit on the made-up marketplace: known to its makers and to tests, never to the server.

A truth row says of one listing whether it is counterfeit, of what kind, and which of the project's issues must find it:
the foundation (copies that are whole, disguised names, replica words, prices) or the matching engine (edited copies).
"""

from dataclasses import dataclass
from enum import StrEnum


class Truth(StrEnum):
    """What a listing really is."""

    COPIED_PHOTO = "copied_photo"
    BRAND_HOMOGLYPH = "brand_homoglyph"
    BRAND_MISSPELT = "brand_misspelt"
    BRAND_SPACED = "brand_spaced"
    REPLICA_WORDS = "replica_words"
    PRICE_TOO_LOW = "price_too_low"
    AUTHORISED = "authorised"
    HONEST_LOOKALIKE = "honest_lookalike"
    GENUINE_RESALE = "genuine_resale"
    HONEST = "honest"


class FoundBy(StrEnum):
    """The issue from which on a counterfeit must be found."""

    FOUNDATION = "foundation"
    MATCHING = "matching"


@dataclass(frozen=True, slots=True, kw_only=True)
class TruthRow:
    """The truth about one listing; `product` is the SKU of the brand's product that it sells, fakes or resembles."""

    id: str
    kind: Truth
    edit: str | None
    product: str | None
    found_by: FoundBy | None

    @property
    def counterfeit(self) -> bool:
        """Only counterfeits are to be found by anybody."""
        return self.found_by is not None

    def as_json(self) -> dict[str, str | bool | None]:
        """The row as `python -m examples.marketplace truth` prints it."""
        return {
            "id": self.id,
            "counterfeit": self.counterfeit,
            "kind": self.kind,
            "edit": self.edit,
            "product": self.product,
            "found_by": self.found_by,
        }
