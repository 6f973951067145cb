"""Reasons from the title: the brand plainly named, the brand in disguise, the product named."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import OSA

from counterfoil.models import Reason, ReasonKind
from counterfoil.scoring.profile import WORD, Name, ProductProfile
from counterfoil.text import fold_confusables, normalise, squash, unaccent

# Naming a brand is what honest resellers do too.
_NAMED = 0.15
_PRODUCT_NAMED = 0.20
_MOSTLY_NAMED = 0.18
_KEYWORD_NAMED = 0.15
# Nobody writes a brand in look-alike letters, or with dots between them, by accident.
_LOOKALIKE = 0.50
_SPACED = 0.50
# A misspelling may be one.
_MISSPELT = 0.35

# Short names meet by chance: a disguise needs so many letters, a misspelling more.
_LEAST_DISGUISED = 4
_LEAST_MISSPELT = 5
_TWO_MISTAKES = 9


@dataclass(frozen=True, slots=True)
class Wording:
    """A listing's title, cut into words once: as it stands, and as it looks."""

    letters: str
    words: tuple[str, ...]
    skeletons: tuple[str, ...]


def read_title(title: str) -> Wording:
    """Prepare a title for comparing with many products."""
    return Wording(
        letters=squash(title),
        words=tuple(WORD.findall(unaccent(normalise(title)))),
        skeletons=tuple(WORD.findall(fold_confusables(title))),
    )


def brand_reason(wording: Wording, profile: ProductProfile) -> Reason | None:
    """How the title names the brand: plainly (which outweighs a disguise), in disguise, or (None) not at all."""
    for name in profile.brand_names:
        if _names_plainly(wording, name):
            return _reason(ReasonKind.BRAND_NAMED, "plain", _NAMED, f"the title names {name.shown}", name, name.shown)
    found = (_disguised(wording, name, profile.own_words) for name in profile.brand_names if not name.run)
    return next((reason for reason in found if reason is not None), None)


def product_reason(wording: Wording, profile: ProductProfile) -> Reason | None:
    """Whether the title names the product: by name or alias, by most of a long name's words, or by a keyword."""
    kind = ReasonKind.PRODUCT_NAMED
    for name in profile.product_names:
        if _names_plainly(wording, name):
            return _reason(
                kind, "plain", _PRODUCT_NAMED, f"the title names the product: {name.shown}", name, name.shown
            )
    for name in profile.product_names:
        if (seen := _most_words(wording, name)) is not None:
            text = f"the title has most of the product's name: {seen}"
            return _reason(kind, "most", _MOSTLY_NAMED, text, name, seen)
    for name in profile.keywords:
        if _names_plainly(wording, name):
            return _reason(kind, "keyword", _KEYWORD_NAMED, f"the title has the keyword {name.shown}", name, name.shown)
    return None


def names_more_than_a_keyword(reason: Reason) -> bool:
    """Whether a title names the product itself, not only the kind of thing that it is."""
    return reason.weight > _KEYWORD_NAMED


def is_misspelling(reason: Reason) -> bool:
    """Whether a brand reason is only a misspelling, which another maker's honest name can be."""
    return reason.kind is ReasonKind.BRAND_DISGUISED and reason.weight == _MISSPELT


def _most_words(wording: Wording, name: Name) -> str | None:
    """The words of a name of three or more that stand in the title, if at least two thirds of them do."""
    if name.run or len(name.words) < 3:
        return None
    there = [word for word in name.words if word in wording.words]
    return " ".join(there) if len(there) * 3 >= len(name.words) * 2 else None


def _names_plainly(wording: Wording, name: Name) -> bool:
    if name.run:
        return name.letters in wording.letters
    forms = (name.letters, name.letters + "s") if len(name.letters) >= _LEAST_MISSPELT else (name.letters,)
    windows = (_window(wording.words, letters) for letters in forms)
    return any(window is not None and len(window) <= len(name.words) for window in windows)


def _disguised(wording: Wording, name: Name, own_words: frozenset[str]) -> Reason | None:
    if len(name.letters) < _LEAST_DISGUISED:
        return None
    kind = ReasonKind.BRAND_DISGUISED
    if (window := _window(wording.words, name.letters)) is not None:
        seen = " ".join(window)
        return _reason(kind, "gaps", _SPACED, f"the title writes {name.shown} with gaps: {seen!r}", name, seen)
    if (window := _lookalike(wording, name)) is not None:
        text = f"the title writes {name.shown} in look-alike characters"
        return _reason(kind, "lookalike", _LOOKALIKE, text, name, " ".join(window))
    if (word := _misspelling(wording.words, name, own_words)) is not None:
        return _reason(kind, "misspelt", _MISSPELT, f"the title misspells {name.shown}: {word!r}", name, word)
    return None


def _lookalike(wording: Wording, name: Name) -> tuple[str, ...] | None:
    """The words that look like the name, unless they are an ordinary word ("modern" beside Modem) or number (5010)."""
    honest = (word for word in wording.words if word.isascii() and (word.isalpha() or _mostly_digits(word)))
    if any(fold_confusables(word) == name.skeleton for word in honest):
        return None
    return _window(wording.skeletons, name.skeleton)


def _mostly_digits(word: str) -> bool:
    return 2 * sum(char.isdigit() for char in word) > len(word)


def _window(words: Sequence[str], letters: str) -> tuple[str, ...] | None:
    """The run of whole words that, written together, is exactly these letters; the shortest such run."""
    best: tuple[str, ...] | None = None
    for start in range(len(words)):
        joined = ""
        for end in range(start, len(words)):
            joined += words[end]
            if not letters.startswith(joined):
                break
            if joined == letters:
                window = tuple(words[start : end + 1])
                best = window if best is None or len(window) < len(best) else best
                break
    return best


def _misspelling(words: Iterable[str], name: Name, own_words: frozenset[str]) -> str | None:
    """A word within one mistake (two for long names) of a one-word name, with the same first letter.

    A mistake is a letter added, left out, replaced, or two swapped (optimal string alignment).
    """
    if len(name.words) > 1 or len(name.letters) < _LEAST_MISSPELT:
        return None
    most = 2 if len(name.letters) >= _TWO_MISTAKES else 1
    inflections = {name.letters + ending for ending in ("s", "es", "n", "e")}
    candidates = (word for word in words if word[0] == name.letters[0] and word not in own_words | inflections)
    return next((word for word in candidates if 0 < OSA.distance(word, name.letters, score_cutoff=most) <= most), None)


def _reason(kind: ReasonKind, way: str, weight: float, text: str, name: Name, seen: str) -> Reason:
    evidence = {"way": way, "name": name.shown, "seen": seen[:200]}
    return Reason(kind=kind, weight=weight, text=text, evidence=evidence)
