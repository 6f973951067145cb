"""Finds listings by words: those that have at least half of the words asked for, best first."""

import functools
import re
import unicodedata
from array import array
from collections import Counter, defaultdict
from collections.abc import Sequence

from examples.marketplace.catalogue import Listing

# Han, kana and Hangul are written without spaces: a word in them is any run of characters.
_CJK = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
_WORD = re.compile(rf"[{_CJK}]+|[^\W_{_CJK}]+")
_MOST_WORDS = 32


def folded(text: str) -> str:
    """The text as it is compared: compatibility forms and letter case made equal (Unicode NFKC, casefold)."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


class SearchIndex:
    """Listings by the words of title and category; they are numbered by their place in `listings`."""

    def __init__(self, listings: Sequence[Listing]) -> None:
        self._listings = listings
        self._texts = [folded(f"{listing.title} {listing.category or ''}") for listing in listings]
        self._places: defaultdict[str, array[int]] = defaultdict(lambda: array("L"))
        for place, text in enumerate(self._texts):
            for term in _terms(text):
                self._places[term].append(place)
        self._by_id = sorted(range(len(listings)), key=lambda place: listings[place].id)
        self._found = functools.lru_cache(maxsize=512)(self._find)

    def find(self, query: str) -> Sequence[Listing]:
        """The listings with at least half of the query's words, most words first, then by id.

        `*` or nothing finds all. A Chinese, Japanese or Korean word may be any part of the text.
        """
        wanted = folded(query).strip()
        places = self._by_id if wanted in ("", "*") else self._found(wanted)
        return [self._listings[place] for place in places]

    def _find(self, wanted: str) -> Sequence[int]:
        words = list(dict.fromkeys(_WORD.findall(wanted)))[:_MOST_WORDS]
        found: Counter[int] = Counter()
        for word in words:
            found.update(self._having(word))
        enough = max(1, (len(words) + 1) // 2)
        good = [place for place, count in found.items() if count >= enough]
        return sorted(good, key=lambda place: (-found[place], self._listings[place].id))

    def _having(self, word: str) -> Sequence[int]:
        if not re.match(f"[{_CJK}]", word):
            return self._places.get(word, ())
        pieces = [word[at : at + 2] for at in range(len(word) - 1)] or [word]
        rarest = min((self._places.get(piece, ()) for piece in pieces), key=len)
        return [place for place in rarest if word in self._texts[place]]


def _terms(text: str) -> set[str]:
    terms: set[str] = set()
    for word in _WORD.findall(text):
        terms.add(word)
        if re.match(f"[{_CJK}]", word):
            terms.update(word)
            terms.update(word[at : at + 2] for at in range(len(word) - 1))
    return terms
