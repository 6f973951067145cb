"""What a calibration card says, in the words of the reader's language; in English for commands."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from console.translation import gettext as _
from counterfoil.calibration import SMALL_SIDE, Remark, RemarkCode, card_from_json, remarks_of
from counterfoil.models import MatchDecision

Names = Mapping[int, str]


def card_words(card: Mapping[str, Any], names: Names) -> list[str]:
    """All that a stored card says. `names` are those of the owner's products."""
    return [remark_words(one, names) for one in remarks_of(card_from_json(card))]


def remark_words(remark: Remark, names: Names) -> str:
    """One thing that a card says."""
    return _WORDS[remark.code](remark.values, names)


def edit_words(described: str) -> str:
    """What was done to a copy, which ends a sentence: the texts of all edits stand in the translators' catalogue."""
    return _(described)


def product_name(product_id: int, names: Names) -> str:
    """A product by its name; one that was removed by its number."""
    return names.get(product_id) or _("product %(id)d") % {"id": product_id}


def _like_another(values: Mapping[str, Any], names: Names) -> str:
    return _("%(source)s is too like a picture of %(product)s: copies of the one are found as copies of the other.") % {
        "source": values["source"],
        "product": product_name(values["product_id"], names),
    }


def _taken_for_it(values: Mapping[str, Any], names: Names) -> str:
    named = [product_name(one, names) for one in values["product_ids"]]
    return _("Taken for this product: %(products)s.") % {"products": _listed(named)}


def _threshold(values: Mapping[str, Any], _names: Names) -> str:
    texts = {
        MatchDecision.CONFIRMED: _(
            "Suggested threshold for confirmed: %(threshold)s, which %(percent)d %% of the edited copies reach."
        ),
        MatchDecision.REVIEW: _(
            "Suggested threshold for review: %(threshold)s, which %(percent)d %% of the edited copies reach."
        ),
    }
    said = {"threshold": f"{values['threshold']:.4f}", "percent": round(100 * values["reached"])}
    return texts[values["decision"]] % said


def _if_it_was(sentence: Callable[[], str]) -> Callable[[Mapping[str, Any], Names], str]:
    def words(values: Mapping[str, Any], _names: Names) -> str:
        return sentence() % {"edits": _listed([edit_words(one) for one in values["edits"]])}

    return words


def _filled(sentence: Callable[[], str]) -> Callable[[Mapping[str, Any], Names], str]:
    return lambda values, _names: sentence() % dict(values)


def _listed(parts: Sequence[str]) -> str:
    if len(parts) == 1:
        return parts[0]
    return _("%(first)s or %(last)s") % {"first": ", ".join(parts[:-1]), "last": parts[-1]}


# Functions, because the language is chosen when they are called.
_WORDS: Mapping[RemarkCode, Callable[[Mapping[str, Any], Names], str]] = {
    RemarkCode.PLAIN: _filled(
        lambda: _("%(source)s is too plain to be found by its hash: add a picture that shows more of it.")
    ),
    RemarkCode.LITTLE_STRUCTURE: _filled(
        lambda: _(
            "%(source)s shows little structure (%(features)d features): heavily edited copies of it are likely to be "
            "missed. A picture with print, seams or a logo would do better."
        )
    ),
    RemarkCode.SMALL: lambda values, _names: (
        _(
            "%(source)s is small (%(width)d x %(height)d): a copy of it in a collage, or seen at an angle, has too few "
            "pixels to compare. Register it with at least %(least)d pixels on each side."
        )
        % {**values, "least": SMALL_SIDE}
    ),
    RemarkCode.LIKE_ANOTHER: _like_another,
    RemarkCode.NOTHING_TRIED: _filled(lambda: _("No copy could be tried: there is no picture that can be read.")),
    RemarkCode.FOUND: _if_it_was(lambda: _("A copy would be found if it was %(edits)s.")),
    RemarkCode.DOUBTFUL: _if_it_was(
        lambda: _("A copy would be found, but only for a person to look at, if it was %(edits)s.")
    ),
    RemarkCode.SOMETIMES: _if_it_was(lambda: _("A copy would be found only sometimes if it was %(edits)s.")),
    RemarkCode.MISSED: _if_it_was(lambda: _("A copy would not be found if it was %(edits)s.")),
    RemarkCode.ALARMS_UNKNOWN: _filled(
        lambda: _("Nothing is known of false alarms yet: there is no other product, and no crawled picture is stored.")
    ),
    RemarkCode.ALARMS: _filled(
        lambda: _(
            "Of %(crawled)d crawled pictures %(crawled_matched)d matched, and of %(others)d of your other products "
            "%(others_matched)d."
        )
    ),
    RemarkCode.CRAWLED_ALARMS: _filled(
        lambda: _("Look at the crawled pictures that matched: some may be copies that nobody has judged yet.")
    ),
    RemarkCode.TAKEN_FOR_IT: _taken_for_it,
    RemarkCode.THRESHOLD: _threshold,
}
