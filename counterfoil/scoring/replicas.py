"""The reason from words that say what an article is: replica, 1:1, 高仿, ..."""

import re
from functools import lru_cache
from pathlib import Path

import yaml

from counterfoil.models import ListingFacts, Reason, ReasonKind
from counterfoil.text import normalise, unaccent

_WEIGHT = 0.5
_FILE = Path(__file__).parent / "replica_words.yaml"
# So many characters of the description are read: sellers say it at the beginning, and novels say everything.
_DESCRIPTION = 2_000
# How far before a word its denial may stand: "this is not a copy".
_DENIAL_REACH = 18


def replica_reason(facts: ListingFacts) -> Reason | None:
    """A word for a fake in the title or the description, unless it is denied there ("no replica")."""
    for place, text in (("title", facts.title), ("description", (facts.description or "")[:_DESCRIPTION])):
        word = _find(unaccent(normalise(text)))
        if word is not None:
            return Reason(
                kind=ReasonKind.REPLICA_WORDS,
                weight=_WEIGHT,
                text=f"the {place} says {word!r}",
                evidence={"word": word, "place": place},
            )
    return None


def _find(text: str) -> str | None:
    words, harmless, denials, denied_after = _patterns()
    for found in words.finditer(harmless.sub(" ", text)):
        before = found.string[max(0, found.start() - _DENIAL_REACH) : found.start()]
        after = found.string[found.end() : found.end() + _DENIAL_REACH]
        if not denials.search(before) and not denied_after.search(after):
            return found.group()
    return None


@lru_cache(maxsize=1)
def _patterns() -> tuple[re.Pattern[str], ...]:
    said = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return tuple(_any_of(said[kind]) for kind in ("words", "harmless", "denials", "denied_after"))


def _any_of(words: list[str]) -> re.Pattern[str]:
    """Whole words in spaced scripts; anywhere in the others."""
    parts = []
    for word in sorted((unaccent(normalise(word)) for word in words), key=len, reverse=True):
        spaced = ord(word[0]) < 0x0E00
        parts.append(rf"(?<!\w){re.escape(word)}(?!\w)" if spaced else re.escape(word))
    return re.compile("|".join(parts))
