"""Sketches x references -> Matches: which pictures are copies of which, and by what evidence."""

from counterfoil.matching.bank import ReferenceBank

__all__ = ["MATCHING_VERSION", "ReferenceBank"]

# Changes whenever the same pictures would match otherwise.
MATCHING_VERSION = "m2"
