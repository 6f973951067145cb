"""A product's calibration card: which copies of its pictures would be found, and what would be taken for one wrongly.

The measuring is `indexer/calibrating.py`; this is what was measured, and what a person should be told of it.
`console/calibration_words.py` puts it into words.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from counterfoil.models import MatchDecision

# Changes whenever the same measures would make another card.
CARD_VERSION = "c2"

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


class RemarkCode(StrEnum):
    """What a card can say: of a picture, of the edited copies, of unrelated pictures that matched."""

    PLAIN = "plain"
    LITTLE_STRUCTURE = "little_structure"
    SMALL = "small"
    LIKE_ANOTHER = "like_another"
    NOTHING_TRIED = "nothing_tried"
    FOUND = "found"
    DOUBTFUL = "doubtful"
    SOMETIMES = "sometimes"
    MISSED = "missed"
    ALARMS_UNKNOWN = "alarms_unknown"
    ALARMS = "alarms"
    CRAWLED_ALARMS = "crawled_alarms"
    TAKEN_FOR_IT = "taken_for_it"
    THRESHOLD = "threshold"


ABOUT_IMAGES = frozenset({RemarkCode.PLAIN, RemarkCode.LITTLE_STRUCTURE, RemarkCode.SMALL, RemarkCode.LIKE_ANOTHER})


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One thing that a card says: numbers, ids of products, names of edits and of files, by name."""

    code: RemarkCode
    values: Mapping[str, Any] = field(default_factory=dict)


def make_card(
    engine: str,
    images: Sequence[CalibratedImage],
    edits: Mapping[str, tuple[str, str]],
    false_alarms: Sequence[FalseAlarm],
    *,
    crawled: int,
    others: int,
) -> Card:
    """Draw up the card. `edits` gives kind and description by name."""
    recalls = tuple(_recall(images, name, *about) for name, about in edits.items())
    alarms = tuple(sorted(false_alarms, key=lambda alarm: -alarm.score))
    return Card(
        version=CARD_VERSION,
        engine=engine,
        images=tuple(images),
        edits=tuple(recall for recall in recalls if recall.tried),
        crawled=crawled,
        others=others,
        false_alarms=alarms,
        confirmed_threshold=_threshold(alarms, crawled + others, MatchDecision.CONFIRMED),
        review_threshold=_threshold(alarms, crawled + others, MatchDecision.REVIEW),
    )


def remarks_of(card: Card) -> list[Remark]:
    """What a person should be told of it: of its pictures, then of edited copies, then of unrelated pictures."""
    return [*_about_images(card), *_about_edits(card), *_about_alarms(card)]


def as_json(card: Card) -> dict[str, Any]:
    """The card as JSON values."""
    return asdict(card)


def card_from_json(values: Mapping[str, Any]) -> Card:
    """A card, as `as_json` left it."""
    kept = {name: values[name] for name in Card.__dataclass_fields__}
    alarms = [FalseAlarm(**{**one, "decision": MatchDecision(one["decision"])}) for one in values["false_alarms"]]
    images = tuple(map(image_from_json, values["images"]))
    edits = tuple(EditRecall(**one) for one in values["edits"])
    return Card(**{**kept, "images": images, "edits": edits, "false_alarms": tuple(alarms)})


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


def _about_images(card: Card) -> Iterator[Remark]:
    for image in card.images:
        about: dict[str, Any] = {"source": image.source}
        if not image.informative:
            yield Remark(code=RemarkCode.PLAIN, values=about)
        elif image.features < FEW_FEATURES:
            yield Remark(code=RemarkCode.LITTLE_STRUCTURE, values={**about, "features": image.features})
        if min(image.width, image.height) < SMALL_SIDE:
            yield Remark(code=RemarkCode.SMALL, values={**about, "width": image.width, "height": image.height})
        for other in image.like:
            yield Remark(code=RemarkCode.LIKE_ANOTHER, values={**about, "product_id": other})


def _about_edits(card: Card) -> Iterator[Remark]:
    if not card.edits:
        yield Remark(code=RemarkCode.NOTHING_TRIED)
    for outcome in (RemarkCode.FOUND, RemarkCode.DOUBTFUL, RemarkCode.SOMETIMES, RemarkCode.MISSED):
        edits = [recall.described for recall in card.edits if outcome_of(recall) is outcome]
        if edits:
            yield Remark(code=outcome, values={"edits": edits})


def outcome_of(recall: EditRecall) -> RemarkCode:
    """What becomes of copies edited so: found, found for a person to decide, sometimes found, or missed."""
    if recall.found == 0:
        return RemarkCode.MISSED
    if recall.found < recall.tried:
        return RemarkCode.SOMETIMES
    return RemarkCode.FOUND if recall.confirmed == recall.tried else RemarkCode.DOUBTFUL


def _about_alarms(card: Card) -> Iterator[Remark]:
    if not card.crawled + card.others:
        yield Remark(code=RemarkCode.ALARMS_UNKNOWN)
        return
    crawled = sum(alarm.product_id is None for alarm in card.false_alarms)
    others = sorted({alarm.product_id for alarm in card.false_alarms if alarm.product_id is not None})
    matched = {"crawled_matched": crawled, "others_matched": len(card.false_alarms) - crawled}
    yield Remark(code=RemarkCode.ALARMS, values={"crawled": card.crawled, "others": card.others, **matched})
    if crawled:
        yield Remark(code=RemarkCode.CRAWLED_ALARMS)
    if others:
        yield Remark(code=RemarkCode.TAKEN_FOR_IT, values={"product_ids": others})
    thresholds = {MatchDecision.CONFIRMED: card.confirmed_threshold, MatchDecision.REVIEW: card.review_threshold}
    for decision, threshold in thresholds.items():
        if threshold is not None:
            values = {"decision": decision, "threshold": threshold, "reached": _reached(card, threshold)}
            yield Remark(code=RemarkCode.THRESHOLD, values=values)


def _reached(card: Card, threshold: float) -> float:
    """The share of the edited copies that reach it."""
    scores = [copy.score for image in card.images for copy in image.copies]
    return sum(score >= threshold for score in scores) / len(scores) if scores else 0.0
