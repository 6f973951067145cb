"""Where in a text the searched words stand, for every index alike: the text is shown as it was, with marks.

Tokens are made of a normalised text whose length differs. So the text is taken apart into letters with all that belongs
to them, and each is normalised alone; where that gives other tokens than the whole text does, nothing is marked.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from counterfoil.text import APOSTROPHE, located_tokens, searchable, tokens

# A title is marked whole; of a long description only the beginning is shown anyway.
_LONGEST = 20_000
# A letter, and what changes it: accents and vowel signs, joiners, variation selectors, voiced marks of half-width kana,
# and the later letters of a Hangul syllable that was written letter by letter.
_LETTER = re.compile("[\\w\\W](?:[\u0300-\u036f\u200c-\u200d\ufe00-\ufe0f\uff9e\uff9f\u1160-\u11ff\u3099\u309a])*")


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a text: from its character number `start` to before number `end`."""

    start: int
    end: int


def find_spans(text: str, phrases: Sequence[Sequence[str]]) -> list[Span]:
    """Where the phrases (as `text.query_terms` makes them) stand in a text, in order and without overlaps."""
    if not phrases:
        return []
    text = text[:_LONGEST]
    places = _without_apostrophes(list(_placed(text)))
    placed = located_tokens("".join(char for char, _ in places))
    words = [token for token, _, _ in placed]
    if words != tokens(text):
        return []
    found = [
        Span(places[placed[at][1]][1].start, places[placed[at + len(phrase) - 1][2] - 1][1].end)
        for phrase in phrases
        for at in range(len(words) - len(phrase) + 1)
        if tuple(words[at : at + len(phrase)]) == tuple(phrase)
    ]
    return _merged(found)


def marked(text: str, phrases: Sequence[Sequence[str]]) -> Iterator[tuple[str, bool]]:
    """The text in parts, each with whether it was searched for; together they are the text."""
    position = 0
    for span in find_spans(text, phrases):
        if span.start > position:
            yield text[position : span.start], False
        yield text[span.start : span.end], True
        position = span.end
    if position < len(text):
        yield text[position:], False


def _placed(text: str) -> Iterator[tuple[str, Span]]:
    """The characters of the normalised text, each with the part of the text that it was made from."""
    for letter in _LETTER.finditer(text):
        span = Span(*letter.span())
        for char in searchable(letter[0]) or _gap(letter[0]):
            yield char, span


def _without_apostrophes(places: list[tuple[str, Span]]) -> list[tuple[str, Span]]:
    left_out = {match.start() for match in APOSTROPHE.finditer("".join(char for char, _ in places))}
    return [place for at, place in enumerate(places) if at not in left_out]


def _gap(letter: str) -> str:
    """White space parts words, also where normalising a single letter has taken it away."""
    return " " if unicodedata.normalize("NFKC", letter).isspace() or letter in "™℠" else ""


def _merged(spans: list[Span]) -> list[Span]:
    merged: list[Span] = []
    for span in sorted(spans, key=lambda one: (one.start, one.end)):
        if merged and span.start <= merged[-1].end:
            merged[-1] = Span(merged[-1].start, max(merged[-1].end, span.end))
        else:
            merged.append(span)
    return merged
