"""How sellers write a brand's name so that a plain search does not find it."""

from collections.abc import Callable, Mapping
from random import Random

Disguise = Callable[[Random, str], str]

# Letters of other scripts (and a digit) that look like Latin ones (Unicode Technical Standard 39, confusables).
_LOOK_ALIKES: Mapping[str, str] = {
    "P": "РΡ",
    "a": "а",
    "s": "ѕ",
    "c": "с",
    "o": "оο0",
    "v": "ν",
    "e": "е",
}
_SLIPS: Mapping[str, str] = {"s": "z", "c": "k", "v": "w", "e": "a", "l": "i", "a": "e", "o": "u"}


def homoglyph(rng: Random, name: str) -> str:
    """One to three letters replaced by look-alikes."""
    letters = list(name)
    places = [index for index, letter in enumerate(letters) if letter in _LOOK_ALIKES]
    for index in rng.sample(places, rng.randint(1, 3)):
        letters[index] = rng.choice(_LOOK_ALIKES[letters[index]])
    return "".join(letters)


def misspelt(rng: Random, name: str) -> str:
    """A letter left out, doubled, mistaken, or swapped with the next; never the first."""
    index = rng.randrange(2, len(name) - 2)
    before, letter, after = name[:index], name[index], name[index + 1 :]
    slips = [before + after, before + letter + letter + after]
    if after[0] != letter:
        slips.append(before + after[0] + letter + after[1:])
    if letter in _SLIPS:
        slips.append(before + _SLIPS[letter] + after)
    return rng.choice([slip for slip in slips if slip != name])


def spaced(rng: Random, name: str) -> str:
    """Spaces or signs between the letters, or one gap in the middle."""
    gap = rng.choice([" ", ".", "-", "_", " "])
    if rng.random() < 0.4:
        index = rng.randrange(3, len(name) - 2)
        return name[:index] + gap + name[index:]
    return gap.join(name)


DISGUISES: Mapping[str, Disguise] = {
    "brand_homoglyph": homoglyph,
    "brand_misspelt": misspelt,
    "brand_spaced": spaced,
}
