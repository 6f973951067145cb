"""Text as scoring and both search indexes compare it: one normal form, and tokens that every index keeps as they are.

A word of a spaced script is one token. A run of a script that is written without spaces (Chinese, Japanese, Korean,
Thai, ...) becomes its characters and their overlapping pairs in reading order: 手机壳 -> 手 手机 机 机壳 壳. A query is
cut in the same way, so the tokens of any part of such a run stand side by side in those of the whole, and a phrase
search finds words of any length.
"""

import re
import unicodedata
from collections.abc import Iterator
from itertools import groupby
from operator import add

from counterfoil.lookalikes import symbol

# Characters that nothing is drawn for, beyond the categories Cf and Cs (Unicode: Default_Ignorable_Code_Point).
_BLANKS = frozenset({0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B, 0x180C, 0x180D, 0x180F, 0x3164, 0xFFA0})
_BLANKS |= frozenset(range(0xFE00, 0xFE10)) | frozenset(range(0xE0100, 0xE01F0))

# NFKC would glue them to the word before: "Nordwind™" is not "nordwindtm".
_MARKS_OF_TRADE = frozenset(map(ord, "™℠"))

# Accents, and the vowel points of Hebrew and Arabic: people search without them. Vowel signs of other scripts stay.
_ACCENTS = (
    (0x0300, 0x036F),
    (0x0483, 0x0489),
    (0x0591, 0x05C7),
    (0x0610, 0x061A),
    (0x064B, 0x065F),
    (0x0670, 0x0670),
    (0x06D6, 0x06ED),
    (0x1AB0, 0x1AFF),
    (0x1DC0, 0x1DFF),
    (0x20D0, 0x20FF),
    (0xFE20, 0xFE2F),
)
# Letters with a stroke and the like, which Unicode does not take apart.
_PLAIN_LETTERS = {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ŧ": "t", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"}
_PLAIN_LETTERS |= {letter.upper(): plain.upper() for letter, plain in _PLAIN_LETTERS.items() if letter != "ı"}

# Scripts written without spaces between words, and Hangul, whose words carry their particles.
_UNSPACED = (
    (0x0E00, 0x0FFF),  # Thai, Lao, Tibetan
    (0x1000, 0x109F),  # Burmese
    (0x1100, 0x11FF),  # Hangul letters
    (0x1780, 0x17FF),  # Khmer
    (0x3005, 0x3007),
    (0x3021, 0x303C),
    (0x3040, 0x31FF),  # kana, bopomofo
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xA960, 0xA97F),
    (0xAC00, 0xD7FF),
    (0xF900, 0xFAFF),
    (0x1AFF0, 0x1B16F),
    (0x20000, 0x3FFFF),
)

_WORD, _RUN, _GAP = "word", "run", "gap"

# A token stays below Elasticsearch's limit for the whitespace analyzer (255) even when every character is written out.
_LONGEST_WORD = 32

# The sign first: what a pattern begins with is what makes it quick.
APOSTROPHE = re.compile(r"['’ʼ](?<=\w.)(?=\w)")
_ASCII_WORD = re.compile(f"[0-9a-z]{{1,{_LONGEST_WORD}}}")
# Control characters that are no white space, and so part no words.
_ASCII_UNSEEN = re.compile("[\x00-\x08\x0e-\x1b\x7f]")
_ACCENTED = re.compile(f"[{''.join(_PLAIN_LETTERS)}{''.join(f'{chr(first)}-{chr(last)}' for first, last in _ACCENTS)}]")
_QUERY_PART = re.compile(r'"([^"]*)"|([^\s"]+)')


class _Visible(dict[int, int | str | None]):
    """A table for str.translate that is filled as characters are met: going through all of Unicode takes 0.2 s."""

    def __missing__(self, code: int) -> int | str | None:
        self[code] = replacement = _visible(code)
        return replacement


def _visible(code: int) -> int | str | None:
    category = unicodedata.category(chr(code))
    if code in _MARKS_OF_TRADE or (category == "Cc" and chr(code).isspace()):
        return " "
    return None if category in ("Cc", "Cf", "Cs") or code in _BLANKS else code


class _Plain(dict[int, int | str | None]):
    def __missing__(self, code: int) -> int | str | None:
        accent = any(first <= code <= last for first, last in _ACCENTS)
        self[code] = replacement = None if accent else _PLAIN_LETTERS.get(chr(code), code)
        return replacement


class _Kinds(dict[str, str]):
    def __missing__(self, char: str) -> str:
        self[char] = kind = _kind(char)
        return kind


def _kind(char: str) -> str:
    category = unicodedata.category(char)
    if category[0] not in "LNM":
        return _GAP
    unspaced = category != "Nd" and any(first <= ord(char) <= last for first, last in _UNSPACED)
    return _RUN if unspaced else _WORD


class _Spelling(dict[str, str]):
    """How a character is written in a token: itself where FTS5's unicode61 keeps it, else its number ("u1f600")."""

    def __missing__(self, char: str) -> str:
        if unicodedata.category(char) == "Nd":
            spelling = str(unicodedata.decimal(char))
        else:
            # What was a letter in Unicode 3.2 is one to every tokenizer; unicode61 knows Unicode 6.1 and drops marks.
            known = unicodedata.ucd_3_2_0.category(char)[0] in "LN"
            spelling = char if known else f"u{ord(char):x}"
        self[char] = spelling
        return spelling


class _Outline(dict[int, str]):
    """What a character is as one letter, in a table for str.translate; capital where it is written otherwise."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        letter = _LETTERS[_KINDS[char]]
        changes = _KINDS[char] != _GAP and _SPELLING[char] != char
        self[code] = outline = letter.upper() if changes else letter
        return outline


_LETTERS = {_WORD: "w", _RUN: "r", _GAP: " "}
_OUTLINED = re.compile("[wW]+|[rR]+")
_VISIBLE, _PLAIN, _KINDS, _SPELLING, _OUTLINE = _Visible(), _Plain(), _Kinds(), _Spelling(), _Outline()


def compatible(text: str) -> str:
    """Unicode's compatibility form (NFKC) without characters that cannot be seen; letter case is kept."""
    if text.isascii() and text.isprintable():
        return text
    visible = text.translate(_VISIBLE)
    if unicodedata.is_normalized("NFKC", visible):
        return visible
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", visible).translate(_VISIBLE))


def normalise(text: str) -> str:
    """The form in which texts are compared: `compatible`, case folded, white space (line ends too) as single spaces.

    Accents stay. Applying it twice changes nothing.
    """
    seen = compatible(text)
    folded = seen.casefold()
    return " ".join((folded if folded == seen else compatible(folded)).split())


def unaccent(text: str) -> str:
    """Leave out accents and the points of Hebrew and Arabic: who searches for "cafe" means "café" too."""
    if text.isascii():
        return text
    apart = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", apart.translate(_PLAIN) if _ACCENTED.search(apart) else text)


def squash(text: str) -> str:
    """The normalised text without accents, spaces and punctuation: letters, digits and vowel signs only."""
    return "".join(char for char in unaccent(normalise(text)) if _KINDS[char] != _GAP)


def fold_confusables(text: str) -> str:
    """A skeleton in which characters that look alike are the same (UTS 39, section 4, with digits read as letters).

    Only good for comparing with another skeleton, never for showing: i, l and 1 are all "l", m is "rn", w is "vv".
    Spaces and punctuation stay, apart from signs that are used as letters (@, $, !, ...).
    """
    return "".join(map(symbol, unaccent(compatible(text))))


def tokens(text: str) -> list[str]:
    """Cut a text into index tokens, in order: case folded, without accents and punctuation, apostrophes left out.

    Every token is made of letters and digits that SQLite's unicode61 and Elasticsearch's whitespace analyzer leave
    alone; characters that they would drop are written as their number. Words of more than 32 characters are cut.
    """
    if text.isascii() and not _ASCII_UNSEEN.search(text):
        # What most texts are: to the same end in a tenth of the time, and so below.
        return _ASCII_WORD.findall(APOSTROPHE.sub("", text).lower())
    cut = searchable(text)
    if cut.isascii():
        return _ASCII_WORD.findall(cut)
    return [token for _, run in _runs(cut) for token in run]


def located_tokens(text: str) -> list[tuple[str, int, int]]:
    """The tokens of a text that `searchable` made, each with where it begins and ends."""
    found, position = [], 0
    for kind, chars in _scripts(text):
        found += _located(kind, [_SPELLING[char] for char in chars], position)
        position += len(chars)
    return found


def searchable(text: str) -> str:
    """The form that tokens are cut from: normalised, without accents and apostrophes inside words."""
    return unaccent(APOSTROPHE.sub("", normalise(text)))


def query_terms(text: str) -> list[list[str]]:
    """What must be found for a query: phrases, each a list of tokens that must stand side by side in this order.

    White space parts phrases, quotation marks keep a phrase together. A part of a word of a spaced script is not found;
    a part of an unspaced run is. Nothing to search for gives an empty list.
    """
    phrases: list[list[str]] = []
    for quoted, single in _QUERY_PART.findall(re.sub("[“”„«»]", '"', normalise(text))):
        phrase = _phrase(quoted or single)
        if phrase and phrase not in phrases:
            phrases.append(phrase)
    return phrases


def _runs(text: str) -> Iterator[tuple[str, list[str]]]:
    outline = text.translate(_OUTLINE)
    as_written = outline.islower() or outline.isspace()
    for found in _OUTLINED.finditer(outline):
        run = text[found.start() : found.end()]
        chars = list(run) if as_written else [_SPELLING[char] for char in run]
        if found[0][0] in "rR":
            yield _RUN, _overlapping(chars)
        else:
            yield _WORD, ["".join(chars[at : at + _LONGEST_WORD]) for at in range(0, len(chars), _LONGEST_WORD)]


def _scripts(text: str) -> Iterator[tuple[str, list[str]]]:
    for kind, run in groupby(text, key=_KINDS.__getitem__):
        yield kind, list(run)


def _located(kind: str, spelt: list[str], position: int) -> list[tuple[str, int, int]]:
    if kind == _WORD:
        cuts = [(at, min(at + _LONGEST_WORD, len(spelt))) for at in range(0, len(spelt), _LONGEST_WORD)]
    elif kind == _RUN:
        cuts = [(at, end) for at in range(len(spelt)) for end in (at + 1, at + 2) if end <= len(spelt)]
    else:
        cuts = []
    return [("".join(spelt[at:end]), position + at, position + end) for at, end in cuts]


def _overlapping(chars: list[str]) -> list[str]:
    both = [""] * (2 * len(chars) - 1)
    both[::2] = chars
    both[1::2] = map(add, chars, chars[1:])
    return both


def _phrase(text: str) -> list[str]:
    """The tokens without the single characters at both ends that the pairs beside them imply: rarer, so faster."""
    runs = list(_runs(searchable(text)))
    phrase = [token for _, run in runs for token in run]
    if runs and runs[-1][0] == _RUN and len(runs[-1][1]) > 1:
        phrase = phrase[:-1]
    if runs and runs[0][0] == _RUN and len(runs[0][1]) > 1:
        phrase = phrase[1:]
    return phrase
