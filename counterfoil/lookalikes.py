"""Which characters can be read as which Latin letter: Unicode's confusables, small capitals, digits used as letters.

Most of the table is that of Unicode Technical Standard 39 (by way of confusable-homoglyphs). What is added here is used
by sellers and left out by the standard, which is about domain names.
"""

import string
from collections.abc import Iterator
from functools import lru_cache

# One symbol for what can hardly be told apart: i, l, 1, I and | are all "l"; m is "rn" (as in UTS 39), and w is "vv".
_SPELT_OUT = {"i": "l", "m": "rn", "w": "vv"}

_SIGNS = dict(zip("0123456789@$€£¥!|", "olzeasgtbgaselyll", strict=True))
_SMALL_CAPITALS = dict(zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnoprstuvwyz", strict=True))
_BY_SHAPE = dict(zip("ηωετκμβпяшщъ", "nwetkubnrwwb", strict=True))
# Letters in black circles and squares, and the halves of flags: 26 each, which NFKC does not touch.
_ALPHABETS = (0x1F150, 0x1F170, 0x1F1E6)


def symbol(char: str) -> str:
    """What one character looks like: one or two of a-z, or the character itself when it looks like no Latin letter."""
    table = _table()
    return table.get(char) or table.get(char.casefold()) or char.casefold()


@lru_cache(maxsize=1)
def _table() -> dict[str, str]:
    letters: dict[str, str] = {}
    for char, letter in _pairs():
        letters.setdefault(char, letter)
    for char, letter in list(letters.items()):
        # The table knows Cyrillic capital EN as H but not its small form, which stands for the same letter.
        letters.setdefault(char.lower(), letter)
    return {char: _SPELT_OUT.get(letter, letter) for char, letter in letters.items()}


def _pairs() -> Iterator[tuple[str, str]]:
    from confusable_homoglyphs.confusables import confusables_data  # a megabyte of JSON, read when first needed

    for own in (_SIGNS, _SMALL_CAPITALS, {letter: letter.lower() for letter in string.ascii_letters}):
        yield from own.items()
    for start in _ALPHABETS:
        yield from ((chr(start + place), letter) for place, letter in enumerate(string.ascii_lowercase))
    for letter in string.ascii_letters + string.digits:
        for like in confusables_data.get(letter, []):
            if len(like["c"]) == 1:
                yield like["c"], _SIGNS.get(letter, letter.lower())
    yield from _BY_SHAPE.items()
