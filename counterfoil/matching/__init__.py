"""Sketches x references -> Matches: which pictures are copies of which, and by what evidence.

`bank` goes through the stages: `hashes`, `candidates` (local features over `feature_index`), `alignment`,
`verification`, `measures` and `verifier`. `segment` is how references lie in memory or on disk.
"""

from counterfoil.matching.bank import MATCHING_VERSION, ReferenceBank, Settings

__all__ = ["MATCHING_VERSION", "ReferenceBank", "Settings"]
