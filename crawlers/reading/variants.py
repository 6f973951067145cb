"""Addresses of one picture in several sizes: which of them show the same, and how large each is.

Shops keep every picture in many sizes and say so in its address: `a_600x600.jpg`, `/thumbs/a.jpg`, `a.jpg?width=80`,
`a._SL1500_.jpg`, `/w_800,c_fill/a.jpg`. Nothing is asked and no address is made up.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import parse_qsl, quote, unquote, urlsplit

_ENDING = re.compile(r"\.(?:jpe?g|png|webp|gif|avif|bmp)(?=$|[^a-z0-9])", re.I)
# Numbers that, as a folder of their own, are a size.
_SIZES = frozenset(
    str(pixels)
    for row in (
        (40, 50, 60, 64, 70, 75, 80, 90, 96, 100, 110, 120, 125, 128, 140, 150, 160, 180),
        (200, 220, 225, 240, 250, 256, 280, 300, 320, 350, 360, 375, 400, 420, 430, 450, 480, 500),
        (512, 540, 550, 560, 580, 600, 640, 650, 680, 700, 720, 750, 768, 800, 850, 900, 960, 1000),
        (1024, 1080, 1100, 1200, 1280, 1300, 1400, 1500, 1600, 1800, 1920, 2000, 2048, 2400, 2560, 3000),
    )
    for pixels in row
)
# In pixels, roughly: how large a picture is whose address or attribute has this word.
_WORDS = {
    **dict.fromkeys(("placeholder", "lqip", "blur", "pico", "icon", "micro"), 30),
    **dict.fromkeys(("thumb", "thumbs", "thumbnail", "thumbnails", "tn", "mini", "tiny", "cart", "preview"), 100),
    **dict.fromkeys(("small", "sm", "s", "compact"), 160),
    **dict.fromkeys(("medium", "med", "md", "mid", "middle", "m", "list"), 350),
    **dict.fromkeys(("large", "lg", "l", "grande", "detail", "normal"), 900),
    **dict.fromkeys(
        ("big", "xl", "xxl", "zoom", "zoomed", "hires", "highres", "hq", "full", "fullsize", "fullscreen"), 1_600
    ),
    **dict.fromkeys(("orig", "original", "originals", "master", "max", "raw", "thickbox", "superzoom"), 1_700),
}
_WORD = "|".join(sorted(_WORDS, key=len, reverse=True))
_TOKEN = (
    r"(?:(?:home|cart|small|medium|large|thickbox)_default|"
    r"\d{2,4}x\d{2,4}|\d{2,4}x|x\d{2,4}|[wh]_?\d{2,4}|\d{2,4}w|[23]x|q\d{1,3}|s-l\d{2,4}|"
    rf"crop|cropped|center|square|scaled|default|product|gallery|{_WORD})"
)
_BEHIND = re.compile(rf"(?:[-_.@,]+{_TOKEN}|@[23]x)+$", re.I)
_BEFORE = re.compile(rf"^(?:{_WORD}|\d{{2,4}}x\d{{2,4}})[-_]+(?=\w)", re.I)
_WHOLE = re.compile(rf"(?:\d?hq|(?:img|image|size|w|h|s)?[-_]?{_TOKEN}|s-l\d+|[wh]|img-\d{{2,4}})$", re.I)
_TRANSFORMED = re.compile(r"(?:[a-z]{1,8}[_=][\w.:%-]+(?:,|$))+$", re.I)
_SCALED = re.compile(r"(?:^|,)(?:w|h|width|height|c|f|q|fit|quality)[_=]")
_SIZED_BY_AMAZON = re.compile(r"\._[A-Za-z0-9,_+-]*_$")
_ETSY = re.compile(r"^il_(?:\d+x[N\d]+|fullxfull)\.")
_HASH = re.compile(r"[0-9a-f]{16,}", re.I)
_OF_SIZE = re.compile(
    r"^(?:w|h|width|height|size|sw|sh|sm|sfrm|sfrmt|q|qlt|quality|fit|fmt|format|auto|crop|resize|v|ver|version|ts|t|"
    r"dpr|imwidth|imheight|wid|hei|op_\w+|resmode|scl|bg|bgc|bgcolor|mode|scale|downsize|output-\w+|filter|odnheight|"
    r"odnwidth|odnbg|\$.*)$",
    re.I,
)
_PIXELS = re.compile(
    r"(?<![\dx])(\d{2,4})x(\d{2,4})(?![\dx]|\s?[cm]m)|"
    r"(?<![A-Za-z\d])[_-]?(\d{2,4})x(?![\dA-Za-z])|(?<=[_-])x(\d{2,4})(?!\d)|(?<=il_)(\d{2,4})xN|s-l(\d{2,4})|"
    r"_(?:AC_)?[SU][XYLSR](\d{2,4})(?:,(\d{2,4}))?_|"
    r"(?:^|[?&,/_-])(?:w|h|width|height|imwidth|imheight|sw|sh|wid|hei|size)[=_/]?(\d{2,4})(?![\d\w])|"
    r"-(\d{3,4})(?=(?:\$|%24)(?:&|$))|/(?:img-|size-?)?(\d{2,4})(?=/)",
    re.I,
)
_LETTERS = re.compile(r"[A-Za-z]+")
# A name with so many digits in a row, or so many hexadecimal ones, is that of one picture, in whatever folder it lies.
_TELLING = re.compile(r"\d{7}|(?=[a-f-]*\d)[0-9a-f-]{20}", re.I)
# Names of so few letters are no names of one picture.
SHORT = 4
_LONG = 24
_MOST_SEGMENTS = 4
# Of so short a path two hosts may mean two pictures; of a longer one they are hosts of one store.
_TOO_FEW = 3
_UNKNOWN = 600
_LARGE = 1_400
_CLOSE_UP = 1_650
# What an attribute is called that names the picture to look at closely; `original` is what lazy loading calls any.
_CLOSE = frozenset({"zoom", "full", "fullsize", "hires", "highres", "hi", "high", "super", "max"})
_CLOSER = frozenset({"large", "big", "href"})


@lru_cache(maxsize=20_000)
def picture_key(address: str) -> str:
    """What all addresses of one picture have in common; addresses of different pictures differ in it."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return address
    said = parse_qsl(parts.query)[:30]
    inner = next((value for name, value in said if name in {"url", "src", "image"} and _ENDING.search(value)), None)
    if inner is not None and inner != address:
        return picture_key(inner)
    segments = [unquote(one) for one in parts.path.split("/") if one]
    if not segments:
        return address
    last = _stem(segments[-1])
    kept = [one for before, one in zip(["", *segments], segments[:-1], strict=False) if not _is_size(one, before)]
    kept = [_BEHIND.sub("", one) or one for one in kept]
    if _TELLING.search(last):
        return last
    if last or not kept:
        kept.append(last or segments[-1])
    if not _ENDING.search(segments[-1]):
        kept.extend(f"{name}={value}" for name, value in sorted(said) if not _OF_SIZE.match(name))
    if len(kept) < _TOO_FEW:
        kept.insert(0, site_of(address))
    return "/".join(kept[-(2 if len(last) >= _LONG else _MOST_SEGMENTS) :])


def picture_stem(address: str) -> str:
    """The part of an address that tells its picture from others, as it is written there."""
    return picture_key(address).rpartition("/")[2]


def written_stems(address: str) -> set[str]:
    """How that part may be written in a page, so that it is found there."""
    stem = picture_stem(address)
    # A short name stands in many words, but seldom behind a stroke.
    return {stem, quote(stem)} if len(stem) > SHORT else {f"/{stem}"} if stem else set()


def site_of(address: str) -> str:
    """The end of an address's host name, which the hosts of one store of pictures have in common."""
    try:
        return ".".join((urlsplit(address).hostname or "").lower().split(".")[-2:])
    except ValueError:
        return ""


def _stem(name: str) -> str:
    """A file's name without its endings and what in it says a size; nothing where it says no more than that."""
    found = _ENDING.search(name)
    stem = name[: found.start()] if found and found.start() else name
    stem = _SIZED_BY_AMAZON.sub("", stem)
    stem = _ETSY.sub("", stem)
    if _WHOLE.match(stem):
        return ""
    stem = _BEHIND.sub("", stem) or stem
    return _BEFORE.sub("", stem)


def _is_size(segment: str, before: str) -> bool:
    if segment in _SIZES or _WHOLE.match(segment):
        return True
    if segment == "cache" or (before == "cache" and _HASH.fullmatch(segment)):
        return True
    return bool(_TRANSFORMED.match(segment) and _SCALED.search(segment))


@lru_cache(maxsize=20_000)
def stated_pixels(address: str) -> int | None:
    """How many pixels an address says that its picture has on its longer side; None where it says nothing."""
    sizes = [
        int(number)
        for found in _PIXELS.finditer(address[:2_000])
        for number in found.groups()
        if number and (found[11] is None or number in _SIZES)
    ]
    if sizes:
        return max(sizes)
    path = address.partition("?")[0].rpartition("://")[2].partition("/")[2]
    parts = re.split(r"[/._@,=-]+", path.lower())
    words = [_WORDS[one] for one in parts if one in _WORDS and len(one) > 2] or [
        _WORDS[one] for one in parts[-3:] if one in _WORDS
    ]
    return words[-1] if words else None


def likely_pixels(address: str, attribute: str) -> int:
    """How large a picture probably is, by its address, else by what the attribute is called that names it."""
    stated = stated_pixels(address)
    if stated is not None:
        return stated
    words = {one.lower() for one in _LETTERS.findall(attribute)}
    if words & _CLOSE:
        return _CLOSE_UP
    if words & _CLOSER:
        return _LARGE
    return min(
        (_WORDS[one] for one in words if len(one) > 2 and _WORDS.get(one, _UNKNOWN) < _UNKNOWN), default=_UNKNOWN
    )


def largest(named: Iterable[tuple[str, int]]) -> str:
    """Of the addresses of one picture, each with its likely size, the largest; of equals the first.

    A name that others make longer by a size, `a.jpg` beside `a-300x300.jpg`, is that of the picture as it was kept.
    """
    sized = list(named)
    marked: dict[str, int] = {}
    for address, size in sized:
        if _is_marked(address):
            key = picture_key(address)
            marked[key] = max(size, marked.get(key, 0))

    def pixels(one: tuple[str, int]) -> int:
        address, size = one
        whole = stated_pixels(address) is None and not _is_marked(address)
        return max(size, marked.get(picture_key(address), 0) + 1) if whole else size

    return max(sized, key=pixels)[0]


def _is_marked(address: str) -> bool:
    """Whether a file's name says a size."""
    name = address.partition("?")[0].rpartition("/")[2]
    found = _ENDING.search(name)
    return unquote(name[: found.start()] if found else name) != _stem(unquote(name))
