"""A product's calibration card for people who would rather look than read: edited pictures, each found or not."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from console.api.images import picture_answer
from console.calibration_words import edit_words, remark_words
from console.guards.access import needs
from console.reference_copies import edited_copy
from console.request import CurrentSession
from console.schemas.fields import PathId
from console.translation import gettext as _
from console.translation import ngettext
from counterfoil.calibration import ABOUT_IMAGES, EditRecall, RemarkCode, card_from_json, outcome_of, remarks_of
from counterfoil.models import MatchDecision, Role
from counterfoil.store.calibrations import KeptCard

router = APIRouter(include_in_schema=False, dependencies=[needs(Role.VIEWER)])
MOST_ALARMS = 12


@dataclass(frozen=True, slots=True)
class Copy:
    """One edit: its picture's address, what was done, and whether it would be found."""

    address: str
    described: str
    word: str


@dataclass(frozen=True, slots=True)
class Group:
    """The edits of one outcome; `state` is for the style sheet, the heading begins a sentence that each copy ends.

    `shown` are looked at first, one of each kind; the rest on request.
    """

    state: str
    heading: str
    shown: tuple[Copy, ...]
    rest: tuple[Copy, ...]


@dataclass(frozen=True, slots=True)
class Alarm:
    """An unrelated picture that was taken for the product; without `sha256` where its owner may not see it."""

    sha256: str | None
    words: str


@dataclass(frozen=True, slots=True)
class ShownCard:
    """The card: a sentence on the whole, plain warnings, the groups, thresholds, pictures taken wrongly."""

    made_at: datetime | None
    under_way: bool
    sentence: str
    warnings: tuple[str, ...]
    groups: tuple[Group, ...]
    alarms: tuple[Alarm, ...]
    thresholds: tuple[str, ...]
    engine: str


@router.get("/products/{product_id}/images/{image_id}/copies/{edit}", response_class=Response)
def get_copy(session: CurrentSession, product_id: PathId, image_id: PathId, edit: str) -> Response:
    """A reference image edited as sellers edit pictures, as its calibration tried it; 404 where that cannot be made."""
    return picture_answer(edited_copy(session, product_id, image_id, edit))


def summary(card: Mapping[str, Any] | None, under_way: bool, images: int) -> str:
    """The card in a line, for lists."""
    if not images:
        return _("No picture: only names and prices are compared")
    if card is None:
        return _("Being calibrated") if under_way else _("Not calibrated yet")
    found, tried = _count(card, RemarkCode.FOUND), len(card["edits"])
    words = _("{} of {} edits found").format(found, tried)
    warned = len(_about_images(card, {}))
    return f"{words}; {ngettext('{} warning', '{} warnings', warned).format(warned)}" if warned else words


def shown_card(
    kept: KeptCard,
    product_id: int,
    image_ids: Collection[int],
    names: Mapping[int, str],
    visible: Collection[str],
) -> ShownCard | None:
    """The newest card; None where there is none. `visible` are the pictures of alarms that may be shown."""
    card = kept.card
    if card is None:
        return None
    examples = _examples(card, image_ids)
    return ShownCard(
        made_at=kept.made_at,
        under_way=kept.under_way,
        sentence=_sentence(card),
        warnings=tuple(_about_images(card, names)),
        groups=tuple(_groups(card, product_id, examples)),
        alarms=tuple(_alarm(one, names, visible) for one in card["false_alarms"][:MOST_ALARMS]),
        thresholds=tuple(_said(card, names, {RemarkCode.THRESHOLD})),
        engine=card["engine"],
    )


def _sentence(card: Mapping[str, Any]) -> str:
    if not card["edits"]:
        return _("No copy could be tried: there is no picture that can be read.")
    texts = {
        RemarkCode.FOUND: _("{} would be found"),
        RemarkCode.DOUBTFUL: _("{} would be shown to a person to decide"),
        RemarkCode.SOMETIMES: _("{} would be found only sometimes"),
        RemarkCode.MISSED: _("{} would be missed"),
    }
    counts = {outcome: _count(card, outcome) for outcome in texts}
    parts = ", ".join(texts[outcome].format(count) for outcome, count in counts.items() if count)
    return _("Of {tried} ways in which sellers edit pictures, {parts}.").format(tried=len(card["edits"]), parts=parts)


def _count(card: Mapping[str, Any], outcome: RemarkCode) -> int:
    return sum(_outcome(one) is outcome for one in card["edits"])


def _outcome(recall: Mapping[str, Any]) -> RemarkCode:
    return outcome_of(EditRecall(**recall))


def _groups(card: Mapping[str, Any], product_id: int, examples: Mapping[str, int]) -> Iterator[Group]:
    by_outcome: dict[RemarkCode, list[Mapping[str, Any]]] = defaultdict(list)
    for recall in card["edits"]:
        by_outcome[_outcome(recall)].append(recall)
    texts = {
        RemarkCode.MISSED: (_("A copy would not be found if it was"), _("not found")),
        RemarkCode.SOMETIMES: (_("A copy would be found only sometimes if it was"), _("sometimes found")),
        RemarkCode.DOUBTFUL: (_("A copy would be shown to a person to decide if it was"), _("a person decides")),
        RemarkCode.FOUND: (_("A copy would be found if it was"), _("found")),
    }
    for outcome, (heading, word) in texts.items():
        recalls = by_outcome[outcome]
        if recalls:
            first = _one_of_each_kind(recalls) if outcome is RemarkCode.FOUND else recalls
            rest = [one for one in recalls if one not in first]
            yield Group(outcome, heading, *(_copies(some, product_id, examples, word) for some in (first, rest)))


def _examples(card: Mapping[str, Any], image_ids: Collection[int]) -> dict[str, int]:
    """For each edit the first of these reference images that it was tried on: not every edit can be made of each."""
    examples: dict[str, int] = {}
    for image in card["images"]:
        if image["reference_image_id"] in image_ids:
            for copy in image["copies"]:
                examples.setdefault(copy["edit"], image["reference_image_id"])
    return examples


def _one_of_each_kind(recalls: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    kinds: dict[str, Mapping[str, Any]] = {}
    for one in recalls:
        kinds.setdefault(one["kind"], one)
    return list(kinds.values())


def _copies(
    recalls: Sequence[Mapping[str, Any]], product_id: int, examples: Mapping[str, int], word: str
) -> tuple[Copy, ...]:
    return tuple(
        Copy(
            address=f"/products/{product_id}/images/{examples[one['edit']]}/copies/{one['edit']}"
            if one["edit"] in examples
            else "",
            described=edit_words(one["described"]),
            word=word if one["tried"] == 1 else f"{word} ({one['found']}/{one['tried']})",
        )
        for one in recalls
    )


def _about_images(card: Mapping[str, Any], names: Mapping[int, str]) -> list[str]:
    return _said(card, names, ABOUT_IMAGES)


def _said(card: Mapping[str, Any], names: Mapping[int, str], codes: Collection[RemarkCode]) -> list[str]:
    return [remark_words(one, names) for one in remarks_of(card_from_json(card)) if one.code in codes]


def alarm_pictures(kept: KeptCard) -> list[str]:
    """The unrelated pictures that a card shows, where they may be seen."""
    return [one["image_sha256"] for one in (kept.card or {"false_alarms": []})["false_alarms"][:MOST_ALARMS]]


def _alarm(alarm: Mapping[str, Any], names: Mapping[int, str], visible: Collection[str]) -> Alarm:
    of = alarm["product_id"]
    whose = _("a crawled picture") if of is None else names.get(of, _("a product that was removed"))
    decided = _("taken for it") if alarm["decision"] == MatchDecision.CONFIRMED else _("shown to a person")
    sha256 = alarm["image_sha256"]
    return Alarm(sha256 if sha256 in visible else None, f"{whose}: {decided} ({alarm['score']:.2f})")
