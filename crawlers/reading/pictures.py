"""The addresses under which an element shows its picture: large or small, lazily loaded or not."""

import json
import re
from collections.abc import Iterator
from typing import Any

from crawlers.reading.variants import likely_pixels

_LAZY = (
    "data-zoom-image",
    "data-large_image",
    "data-large-image",
    "data-image-large-src",
    "data-full-size-image-url",
    "data-old-hires",
    "data-large",
    "data-original",
    "data-lazy-img",
    "data-lazy-src",
    "data-src",
    "data-lazy",
    "data-ks-lazyload",
    "data-image",
    "data-img",
    "data-echo",
    "src",
)
_NO_PICTURE = re.compile(
    r"(?:^|[-_./])(?:sprites?|spacer|blank|pixel|loading|loader|placeholder|transparent|1x1|icons?|logos?|badge|flag|"
    r"stars?|rating|button|lazyload|grey|s|avatar|captcha|payment|sticker|stamp|ico)[-_]?\d{0,3}(?:\.|$|[-_][a-z]+\.)|"
    r"\.(?:svg|ico)(?:\?|$)",
    re.I,
)
_ORNAMENT = re.compile(
    r"^(?:ic|btn|arrow|prev|next|close|play|video|youtube|zoom|magnif\w*|search|no-?image|no-?photo|no-?pic\w*|"
    r"default|missing|coming-?soon|spinner|lupa|loupe|360|3d|share|facebook|heart|s|qr-?code)"
    r"(?:[-_.]?(?:icon|image|img|button|btn|thumb|white|black|small|large|left|right|\d{1,3}x?))*\.\w+$|"
    r"(?:^|[-_])icon[-_]?(?:\d+x\d+|\d*\.)",
    re.I,
)
_NO_ADDRESS = frozenset({"alt", "title", "class", "id", "width", "height", "sizes", "itemprop", "type", "name"})
# Names under which an address needs no ending to be that of a picture.
_SOURCES = frozenset({"src", "data-src", "data-lazy-src", "data-lazy", "data-original", "data-zoom-image", "data-zoom"})
_INSIDE = re.compile(
    r"""(?<![\w.:/%-])((?:https?:)?/{1,2}[^\s"'<>()\\]{1,400}?\.(?:jpe?g|png|webp|avif)"""
    r"""(?:\?[^\s"'<>()\\,]{0,400})?)(?=["'\s<>()\\,;\]}]|$)""",
    re.I,
)
# Addresses in a srcset may hold commas: what parts two is one before a space, or behind a size.
_PARTS = re.compile(r",\s+|(?<=\d[wxh]),")
_DESCRIPTOR = re.compile(r"(\d{1,5}(?:\.\d{1,3})?)([wxh]),?")
# In an address, wherever it is.
PICTURE_ENDING = re.compile(r"\.(?:jpe?g|png|webp|gif|avif)(?:[?!_#@/]|$)", re.I)
_LONGEST_VALUE = 8_000
_IS_PICTURE = re.compile(r"^[^?#]+\.(?:jpe?g|png|webp|gif|avif)(?:\?[^#]*)?$", re.I)


def picture_address(image: Any) -> str | None:
    """The address of a picture, lazily loaded or not; None for what is an ornament."""
    several = _of_sizes(image.get("data-a-dynamic-image"))
    if several:
        return several
    above = image.getparent()
    target = above.get("href") if above is not None and above.tag == "a" else None
    # A small picture that opens the large one.
    if target and _IS_PICTURE.search(target):
        return str(target.strip())
    sets = [image.get(name) or "" for name in ("data-srcset", "srcset")]
    largest = [_largest(one) for one in sets]
    for said in (*largest, *(image.get(name) for name in _LAZY)):
        value = (said or "").strip()
        if (
            value
            and not value.startswith("data:")
            and value != "done"
            and not _NO_PICTURE.search(value.rsplit("/", 1)[-1])
            and ("/" in value or "." in value)
        ):
            return value
    return None


def _of_sizes(said: str | None) -> str | None:
    """The largest of the addresses in a table of {address: [width, height]}."""
    try:
        sizes = json.loads(said) if said and len(said) < 20_000 else None
    except ValueError:
        return None
    if not isinstance(sizes, dict):
        return None
    fitting = {
        name: size for name, size in sizes.items() if isinstance(size, list) and size and isinstance(size[0], int)
    }
    return max(fitting, key=lambda name: fitting[name][0], default=None)


def _largest(srcset: str) -> str | None:
    best: tuple[float, str] | None = None
    for address, size, _ in _candidates(srcset):
        if best is None or size > best[0]:
            best = (size, address)
    return best[1] if best else None


def _candidates(srcset: str) -> Iterator[tuple[str, float, str]]:
    """The addresses of a srcset, each with its descriptor's number and unit; 1 where it has none."""
    for part in _PARTS.split(srcset.strip(), 20)[:20]:
        words = part.split()
        if words:
            size = _DESCRIPTOR.fullmatch(words[1]) if len(words) > 1 else None
            yield words[0].rstrip(","), float(size[1]) if size else 1.0, size[2] if size else ""


def named_addresses(element: Any) -> Iterator[tuple[str, int]]:
    """Every address of a picture that an element's attributes name, with its likely size in pixels."""
    for name, said in element.items():
        value = said.strip()
        if not value or name in _NO_ADDRESS or len(value) > _LONGEST_VALUE:
            continue
        if name.endswith("srcset"):
            yield from _of_set(value)
        elif value[:1] in "{[" or name in {"rel", "style", "onclick"}:
            for found in _INSIDE.finditer(value.replace("\\/", "/")):
                yield found[1], likely_pixels(found[1], name)
        elif _is_address(value) and (name in _SOURCES or _IS_PICTURE.search(value)):
            yield value, likely_pixels(value, name)


def _is_address(value: str) -> bool:
    return "/" in value and not value.startswith(("data:", "javascript:", "#")) and not any(map(str.isspace, value))


def _of_set(said: str) -> Iterator[tuple[str, int]]:
    """The addresses of a srcset with their widths."""
    for address, size, unit in _candidates(said):
        if not address.startswith("data:"):
            yield address, int(size) if unit == "w" else likely_pixels(address, "srcset")


def is_ornament(address: str) -> bool:
    """Whether a picture is called like a logo, an arrow, a placeholder."""
    path = address.partition("?")[0].rstrip("/")
    return bool(_NO_PICTURE.search(address.rsplit("/", 1)[-1]) or _ORNAMENT.search(path.rsplit("/", 1)[-1]))
