"""Recall at a share of false alarms, with its confidence interval."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_Z95 = 1.96


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many, with Wilson's 95 % interval (Wilson 1927: it holds near 0 and 1, where others do not)."""

    found: int
    of: int

    @property
    def value(self) -> float:
        """The share itself; not a number where there is nothing to share."""
        return self.found / self.of if self.of else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """From where to where the true share lies, 19 times in 20."""
        if not self.of:
            return 0.0, 1.0
        middle = (self.value + _Z95**2 / (2 * self.of)) / (1 + _Z95**2 / self.of)
        half = (
            _Z95
            * math.sqrt(self.value * (1 - self.value) / self.of + _Z95**2 / (4 * self.of**2))
            / (1 + _Z95**2 / self.of)
        )
        return max(0.0, middle - half), min(1.0, middle + half)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.value:.3f} ({low:.3f}-{high:.3f})"


def share(kept: Sequence[bool] | NDArray[np.bool_]) -> Share:
    """The share of what is true."""
    return Share(int(np.sum(np.asarray(kept, dtype=bool))), len(kept))


def limit_at(negatives: NDArray[np.float32], rate: float) -> float:
    """The distance below which at most `rate` of the negative queries come, each by its nearest reference.

    What counts as found must lie strictly below it.
    """
    allowed = math.floor(rate * len(negatives) + 1e-9)
    ordered = np.sort(negatives)
    return float(ordered[allowed]) if allowed < len(ordered) else math.inf
