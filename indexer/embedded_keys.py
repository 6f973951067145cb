"""The numbers that the embedded index orders suspects by.

The full-text table answers in the order of its row numbers, and stops when it has enough. So the row number is the
order that people ask for most, best score first, equals by suspect id: the first page of a million costs no more than
that of a hundred. The other orders are cut into buckets, each a searchable token, which are gone through one by one.
"""

import math
from datetime import UTC, datetime

from indexer.document import SCORE_DECIMALS, SuspectDocument

_SCORES: int = 10**SCORE_DECIMALS
# 32 bits for the suspect's id. A shorter row number makes a shorter index: it stands beside every token.
ID_BITS = 32
LAST_ID: int = 2**ID_BITS - 1
LAST: int = 2**63 - 1

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO = 1_000_000
HOUR = 3_600 * _MICRO
DAY = 24 * HOUR


def row_key(document: SuspectDocument) -> int:
    """The row number of a document: ascending is best score first, then by suspect id."""
    behind_best = _SCORES - round(document.score * _SCORES)
    return (behind_best << ID_BITS) | document.id


def suspect_of(row: int) -> int:
    """The suspect id within a row number."""
    return row & LAST_ID


def rows_end(min_score: float) -> int:
    """The row number before which all suspects of at least this score stand."""
    # Rounded first: 0.07 * 10,000 is 700.0000000000001.
    least: int = math.ceil(round(min_score * _SCORES, 6))
    return (_SCORES - least + 1) << ID_BITS


def price_bucket(key: int) -> int:
    """The bucket of a price: its magnitude and first two digits, so that a bucket spans at most a tenth of itself."""
    if key <= 0:
        return 0
    digits = f"{key:02d}" if key > 9 else f"{key}0"
    return 1 + len(str(key)) * 90 + int(digits[:2]) - 10
