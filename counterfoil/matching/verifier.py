"""The trained verifier: measures of an aligned pair -> how likely the picture is a copy of the reference.

The model is a plain JSON file of regression trees (gradient boosting, logistic loss), written by
`counterfoil.matching.training` and evaluated here with numpy alone. A file that was changed or damaged is refused.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterfoil.exceptions import DamagedModel
from counterfoil.matching.measures import NAMES

FORMAT = "counterfoil-verifier-1"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Verifier:
    """Trees as flat arrays over all nodes (a leaf is its own child), and the two thresholds of the score."""

    feature: NDArray[np.int64]
    threshold: NDArray[np.float64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    value: NDArray[np.float64]
    roots: NDArray[np.int64]
    depth: int
    start: float
    confirmed: float
    review: float

    def scores(self, measures: NDArray[np.float64]) -> NDArray[np.float64]:
        """How likely each row (n x measures) is a copy: 0..1."""
        node = np.broadcast_to(self.roots, (len(measures), len(self.roots)))
        rows = np.arange(len(measures))[:, None]
        for _ in range(self.depth):
            goes_left = measures[rows, self.feature[node]] <= self.threshold[node]
            node = np.where(goes_left, self.left[node], self.right[node])
        raw = self.start + self.value[node].sum(axis=1)
        probabilities: NDArray[np.float64] = 1.0 / (1.0 + np.exp(-raw))
        return probabilities


@cache
def shipped_verifier() -> Verifier:
    """The verifier that comes with the program. Raises DamagedModel."""
    return load_verifier(Path(str(resources.files("counterfoil.matching") / "verifier.json")))


def load_verifier(path: Path) -> Verifier:
    """Read a verifier from its file. Raises DamagedModel where it is not one, was changed, or measures other things."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        said, model = content["sha256"], content["model"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedModel(f"The verifier {path} cannot be read: {error or type(error).__name__}.") from error
    if said != checksum(model):
        raise DamagedModel(f"The verifier {path} was changed or damaged: its checksum is not the one it carries.")
    if model.get("format") != FORMAT or model.get("measures") != list(NAMES):
        raise DamagedModel(f"The verifier {path} is of another version than this program: train it anew.")
    return _verifier(model)


def checksum(model: Mapping[str, Any]) -> str:
    """SHA-256 of a model's canonical JSON."""
    text = json.dumps(model, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _verifier(model: Mapping[str, Any]) -> Verifier:
    trees = model["trees"]
    return Verifier(
        feature=np.array(trees["feature"], dtype=np.int64),
        threshold=np.array(trees["threshold"], dtype=np.float64),
        left=np.array(trees["left"], dtype=np.int64),
        right=np.array(trees["right"], dtype=np.int64),
        value=np.array(trees["value"], dtype=np.float64),
        roots=np.array(trees["roots"], dtype=np.int64),
        depth=int(model["depth"]),
        start=float(model["start"]),
        confirmed=float(model["thresholds"]["confirmed"]),
        review=float(model["thresholds"]["review"]),
    )
