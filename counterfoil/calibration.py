"""A product's calibration card: which copies of its pictures would be found, and what would be taken for one wrongly.

The measuring is `indexer/calibrating.py`; this is what was measured, and what it says in plain words.
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from counterfoil.models import MatchDecision

# Changes whenever the same measures would make another card.
CARD_VERSION = "c1"

# A shorter side below this leaves a tile of a collage, or a picture in a picture, too few pixels to compare.
SMALL_SIDE = 250
# Measured on 1,410 real photos: fewer local features have only plain garments on plain grounds.
FEW_FEATURES = 150

# So many of unrelated pictures may match: what the two decisions stand for.
_RATES = {MatchDecision.CONFIRMED: 0.003, MatchDecision.REVIEW: 0.010}


@dataclass(frozen=True, slots=True, kw_only=True)
class EditedCopy:
    """One edited picture, looked up: the score and decision of its own product, and whether another came first.

    `score` is 0 and `decision` None where the product was not found.
    """

    edit: str
    score: float
    decision: MatchDecision | None
    other_first: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibratedImage:
    """One reference image: what it is like, and how its edited copies fared. `like` are other products it matches."""

    reference_image_id: int
    source: str
    width: int
    height: int
    informative: bool
    features: int
    has_mask: bool
    copies: tuple[EditedCopy, ...]
    like: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FalseAlarm:
    """An unrelated picture that matched: of another of the owner's products, or crawled (None)."""

    image_sha256: str
    product_id: int | None
    score: float
    decision: MatchDecision


@dataclass(frozen=True, slots=True, kw_only=True)
class EditRecall:
    """How many copies edited in one way were found, of those that could be made."""

    edit: str
    described: str
    kind: str
    tried: int
    confirmed: int
    found: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """The calibration card. Thresholds are None where the engine's own leave no false alarm too many.

    `crawled` and `others` say how many unrelated pictures were looked up: stored ones from crawls that belong to no
    suspect of this product, and reference images of the owner's other products.
    """

    version: str
    engine: str
    images: tuple[CalibratedImage, ...]
    edits: tuple[EditRecall, ...]
    crawled: int
    others: int
    false_alarms: tuple[FalseAlarm, ...]
    confirmed_threshold: float | None
    review_threshold: float | None
    remarks: tuple[str, ...]


def make_card(
    engine: str,
    images: Sequence[CalibratedImage],
    edits: Mapping[str, tuple[str, str]],
    false_alarms: Sequence[FalseAlarm],
    *,
    crawled: int,
    others: int,
    names: Mapping[int, str],
) -> Card:
    """Draw up the card. `edits` gives kind and description by name, `names` the other products' names by id."""
    recalls = tuple(_recall(images, name, *about) for name, about in edits.items())
    alarms = tuple(sorted(false_alarms, key=lambda alarm: -alarm.score))
    made = Card(
        version=CARD_VERSION,
        engine=engine,
        images=tuple(images),
        edits=tuple(recall for recall in recalls if recall.tried),
        crawled=crawled,
        others=others,
        false_alarms=alarms,
        confirmed_threshold=_threshold(alarms, crawled + others, MatchDecision.CONFIRMED),
        review_threshold=_threshold(alarms, crawled + others, MatchDecision.REVIEW),
        remarks=(),
    )
    remarks = (*_about_images(made, names), *_about_edits(made), *_about_alarms(made, names))
    return Card(**{**{name: getattr(made, name) for name in Card.__dataclass_fields__}, "remarks": remarks})


def as_json(card: Card) -> dict[str, Any]:
    """The card as JSON values."""
    return asdict(card)


def image_from_json(values: Mapping[str, Any]) -> CalibratedImage:
    """A calibrated image, as `asdict` and JSON left it."""
    copies = tuple(
        EditedCopy(**{**copy, "decision": MatchDecision(copy["decision"]) if copy["decision"] else None})
        for copy in values["copies"]
    )
    return CalibratedImage(**{**values, "copies": copies, "like": tuple(values["like"])})


def _recall(images: Sequence[CalibratedImage], name: str, kind: str, described: str) -> EditRecall:
    copies = [copy for image in images for copy in image.copies if copy.edit == name]
    return EditRecall(
        edit=name,
        kind=kind,
        described=described,
        tried=len(copies),
        confirmed=sum(copy.decision is MatchDecision.CONFIRMED for copy in copies),
        found=sum(copy.decision is not None for copy in copies),
    )


def _threshold(alarms: Sequence[FalseAlarm], looked_up: int, decision: MatchDecision) -> float | None:
    """The lowest score that at most the decision's share of unrelated pictures reach; None where all do already."""
    counted = [
        alarm.score for alarm in alarms if decision is MatchDecision.REVIEW or alarm.decision is MatchDecision.CONFIRMED
    ]
    allowed = math.floor(_RATES[decision] * looked_up)
    if len(counted) <= allowed:
        return None
    # Just above the first alarm that is one too many.
    return min(1.0, round(sorted(counted, reverse=True)[allowed] + 0.0005, 4))


def _about_images(card: Card, names: Mapping[int, str]) -> list[str]:
    remarks = []
    for image in card.images:
        if not image.informative:
            remarks.append(f"{image.source} is too plain to be found by its hash: add a picture that shows more of it.")
        elif image.features < FEW_FEATURES:
            remarks.append(
                f"{image.source} shows little structure ({image.features} features): heavily edited copies of it are "
                "likely to be missed. A picture with print, seams or a logo would do better."
            )
        if min(image.width, image.height) < SMALL_SIDE:
            remarks.append(
                f"{image.source} is small ({image.width} x {image.height}): a copy of it in a collage, or seen at an "
                f"angle, has too few pixels to compare. Register it with at least {SMALL_SIDE} pixels on each side."
            )
        remarks.extend(
            f"{image.source} is too like a picture of {names.get(other, f'product {other}')}: copies of the one "
            "are found as copies of the other."
            for other in image.like
        )
    return remarks


def _about_edits(card: Card) -> list[str]:
    if not card.edits:
        return ["No copy could be tried: there is no picture that can be read."]
    by_outcome: dict[str, list[str]] = defaultdict(list)
    for recall in card.edits:
        by_outcome[_outcome(recall)].append(recall.described)
    sentences = {
        "found": "A copy would be found if it was {}.",
        "doubtful": "A copy would be found, but only for a person to look at, if it was {}.",
        "sometimes": "A copy would be found only sometimes if it was {}.",
        "missed": "A copy would not be found if it was {}.",
    }
    return [text.format(_listed(by_outcome[outcome])) for outcome, text in sentences.items() if by_outcome[outcome]]


def _outcome(recall: EditRecall) -> str:
    if recall.found == 0:
        return "missed"
    if recall.found < recall.tried:
        return "sometimes"
    return "found" if recall.confirmed == recall.tried else "doubtful"


def _about_alarms(card: Card, names: Mapping[int, str]) -> list[str]:
    if not card.crawled + card.others:
        return ["Nothing is known of false alarms yet: there is no other product, and no crawled picture is stored."]
    crawled = sum(alarm.product_id is None for alarm in card.false_alarms)
    others = sorted({alarm.product_id for alarm in card.false_alarms if alarm.product_id is not None})
    remarks = [f"Of {card.crawled} crawled pictures {crawled} matched, and of {card.others} of your other products "]
    remarks[0] += f"{len(card.false_alarms) - crawled}."
    if crawled:
        remarks.append("Look at the crawled pictures that matched: some may be copies that nobody has judged yet.")
    if others:
        remarks.append(f"Taken for this product: {_listed([names.get(one, f'product {one}') for one in others])}.")
    for word, threshold in (("confirmed", card.confirmed_threshold), ("review", card.review_threshold)):
        if threshold is not None:
            remarks.append(f"Suggested threshold for {word}: {threshold:.4f}, which {_reached(card, threshold)}.")
    return remarks


def _reached(card: Card, threshold: float) -> str:
    scores = [copy.score for image in card.images for copy in image.copies]
    share = sum(score >= threshold for score in scores) / len(scores) if scores else 0.0
    return f"{share:.0%} of the edited copies reach"


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} or {parts[-1]}"
