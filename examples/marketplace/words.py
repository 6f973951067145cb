"""The words that made-up listings are written with, read from `words.yaml`."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import yaml

from examples.marketplace import FOLDER


@dataclass(frozen=True, slots=True, kw_only=True)
class KindWords:
    """How one kind of thing is called and sold: nouns by language, usual price in EUR."""

    category: str
    low: int
    high: int
    nouns: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """One language's words for titles and descriptions."""

    code: str
    words: Mapping[str, Sequence[str]]

    def pick(self, rng: Random, part: str) -> str:
        """One of this language's words for a part of a title ("colours", "extras", ...)."""
        return rng.choice(self.words[part])

    def paragraph(self, rng: Random, *parts: str) -> str:
        """A few sentences, one or two of each of these parts, in an order of their own."""
        chosen = [sentence for part in parts for sentence in rng.sample(self.words[part], rng.randint(1, 2))]
        return ("" if self.code == "zh" else " ").join(chosen)


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """All of `words.yaml`."""

    kinds: Mapping[str, KindWords]
    makers: Sequence[str]
    languages: Mapping[str, Language]
    shops: Mapping[str, Mapping[str, Sequence[str]]]
    people: Sequence[str]
    countries: Mapping[str, Sequence[str]]


@functools.cache
def words() -> Words:
    """The words, read once."""
    data = yaml.safe_load((FOLDER / "words.yaml").read_text(encoding="utf-8"))
    return Words(
        kinds={name: _kind(entry) for name, entry in data["kinds"].items()},
        makers=data["makers"],
        languages={code: Language(code=code, words=parts) for code, parts in data["languages"].items()},
        shops=data["shops"],
        people=data["people"],
        countries=data["countries"],
    )


def _kind(entry: Mapping[str, Any]) -> KindWords:
    low, high = entry["price"]
    nouns = {code: str(entry[code]) for code in ("en", "de", "zh")}
    return KindWords(category=str(entry["category"]), low=low, high=high, nouns=nouns)
