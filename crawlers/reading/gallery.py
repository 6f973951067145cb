"""The gallery of an item's page: all pictures that it shows of what is for sale, each in the largest size it names.

Structured data often name one picture and the page shows ten. Which of those on the page are the listing's is told by
the one that is known: the gallery is the part of the page around it that holds pictures and hardly anything else, and
the list in the page's data that names it among others. A page whose data name none has a part that is called a gallery.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from typing import Any
from urllib.parse import quote, urlsplit

from crawlers.reading.cards import prices_inside
from crawlers.reading.context import PageContext
from crawlers.reading.embedded import literal_at
from crawlers.reading.leaves import bare_name
from crawlers.reading.pictures import is_ornament, named_addresses
from crawlers.reading.schema_org import addresses
from crawlers.reading.text import fixed_address
from crawlers.reading.variants import largest, likely_pixels, picture_key, picture_stem, site_of
from crawlers.shown import names_of

_MOST = 40
_HIGHEST = 9
_MOST_ANCHORS = 60
_SHORT = 4
# In pixels: as much as is thought of a picture of which nothing is known.
_LARGEST_SMALL = 600
_MOST_PLACES = 12
_MOST_IMAGES = 4_000
# With thumbnails, copies for a close look, and copies of the first and last for turning round.
_MOST_SHOWN = 200
# A gallery has captions and "click to enlarge", a description has sentences.
_TEXT = 300
_TEXT_A_PICTURE = 40
_MOST_ELEMENTS = 2_000
_NO_GALLERIES = frozenset({"body", "html", "main", "form"})
_SILENT = frozenset({"script", "style", "noscript", "template", "svg", "iframe"})
# Parts of a page that show other things, and what in a gallery is no picture of the thing.
_OTHER_THINGS = re.compile(
    r"relat(?:ed|ive-?prod)|recommend|(?<![a-z])reco[-_]|similar|also|up-?sell|cross-?sell|recently|viewed|basket|"
    r"(?:mini|ajax)-?cart|(?:^|[-_ ])cart(?:[-_ ]|$)|footer|(?:^|[-_ ])nav(?:[-_ ]|$)|navigation-?menu|navbar|menu|"
    r"(?<!p)review|testimonial|bundle|suggest|sponsor|advert|bestsell|best-?sell|accessor|comparison|instagram|outfit|"
    r"complete-?the|breadcrumb|(?:^|[-_ ])(?:ads?|reco|promo|banners?|top-?banner|shop-?the-?look)(?:[-_ ]|$)",
    re.I,
)
_NO_PICTURES = re.compile(
    r"swatch|colou?r-?(?:select|pick|option|list|way)|variant-?(?:select|pick|list)|brand|manufacturer|payment|"
    r"badge|sticker|label|flag|energy|social|share|rating|stars|logo|icon|qr-?code|video-?thumb|avatar|seller|award|seal",
    re.I,
)
_CALLED_GALLERY = re.compile(
    r"(?:^|[-_ ])(?:(?:product|prod|pdp|item|goods|article|listing)s?[-_]{0,2}(?:single|main|detail)?[-_]{0,2}"
    r"(?:images?|imgs?|photos?|media|galler(?:y|ies)|pictures?|pics?|thumb(?:nail)?s?|slider|carousel)|"
    r"(?:image|photo|media|picture|thumb(?:nail)?|main|zoom)s?[-_]{0,2}(?:galler(?:y|ies)|slider|carousel|viewer)|"
    r"galler(?:y|ies)|fotorama|woocommerce-product-gallery|productview-images?)(?:[-_ ]|$)",
    re.I,
)
_THUMBNAILS = re.compile(
    r"(?:^|[-_ ])(?:thumbs|thumbnails|carousel-indicators|thumb(?:nail)?-(?:list|nav|strip|slider))(?:[-_ ]|$)",
    re.I,
)
_ZOOM_LINK = re.compile(r"zoom|popup_?image|enlarge|lightbox|gallery|fullsize", re.I)
# Of lists in a page's data.
_MOST_FOUND = 24
_MOST_IN_ONE = 6
_MOST_ENCLOSING = 3
_LONGEST_LIST = 80_000
_BRACKET = re.compile(r"[\[\]]")
_KEY_BEFORE = re.compile(r"""["']?([\w$-]{1,60})["']?\s*[:=]\s*$""")
_OTHER_LIST = re.compile(
    r"swatch|colou?rs?$|variant|variation|option|related|recommend|similar|recently|upsell|crosssell|products$|"
    r"sku|banner|review|logo|icon|size|categor|offers?$"
)
_LISTING_KEYS = re.compile(r"price|amount$|^offers?$|currency|availab|stock|quantity|rating")
_LINK_KEYS = frozenset({"url", "href", "link", "producturl", "pdpurl", "target", "permalink"})
_DEEPEST = 3
_ADDRESS = re.compile(r"(?:https?:)?//[^\s<>]{4,2000}$")
_PICTURE = re.compile(r"\.(?:jpe?g|png|webp|gif|avif)(?:[?!_#@/]|$)", re.I)


@dataclass(slots=True)
class Shown:
    """One picture as it is shown somewhere: what its addresses have in common, and these with their likely sizes."""

    keys: set[str]
    named: list[tuple[str, int]]
    small: bool = False
    hosts: set[str] = field(default_factory=set)


def whole_gallery(page: PageContext, known: Sequence[str]) -> tuple[str, ...]:
    """The listing's pictures: those known, then the others of the page's gallery in its order, each the largest.

    `known` are the addresses that more trusted sources name. Of a page of which none is known the pictures of the part
    that is called a gallery, else none.
    """
    found = _joined(_named(address) for address in known)
    if found:
        _add(found, _in_data(page, found))
        _add(found, _around(page, found))
    if len(found) <= 1:
        _add(found, _called(page))
    return tuple(largest(one.named) for one in found[:_MOST])


def pictures_below(page: PageContext, root: Any) -> tuple[str, ...]:
    """The pictures below an element that may be of what is for sale, in the page's order, each the largest."""
    return tuple(largest(one.named) for one in _joined(_without_thumbnails(_pictures(page, root, None)))[:_MOST])


def _named(address: str) -> Shown:
    return Shown({picture_key(address)}, [(address, likely_pixels(address, ""))], hosts={site_of(address)})


def _shown(named: Iterable[tuple[str, int]], base: str | None, small: bool = False) -> Shown | None:
    fixed = []
    for address, pixels in named:
        for one in addresses((address,), base):
            if not is_ornament(one):
                fixed.append((one, pixels))
    if not fixed:
        return None
    keys = {picture_key(address) for address, _ in fixed}
    return Shown(keys, fixed, small, {site_of(address) for address, _ in fixed})


def _joined(shown: Iterable[Shown]) -> list[Shown]:
    """Each picture once, with all its addresses, in the order in which they were first shown."""
    found: list[Shown] = []
    _add(found, shown)
    return found


def _add(found: list[Shown], shown: Iterable[Shown]) -> None:
    by_key = {key: one for one in found for key in one.keys}
    for one in shown:
        same = next((by_key[key] for key in one.keys if key in by_key), None)
        if same is None:
            found.append(one)
            same = one
        else:
            same.named.extend(address for address in one.named if address not in same.named)
            same.keys |= one.keys
        by_key.update(dict.fromkeys(one.keys, same))


# On the page.


def _around(page: PageContext, known: Sequence[Shown]) -> list[Shown]:
    """What the parts of the page around the known pictures show."""
    keys = {key for one in known for key in one.keys}
    hosts = {host for one in known for host in one.hosts}
    found: list[Shown] = []
    places: dict[Any, None] = {}
    for element in islice(_places(page, known), _MOST_ANCHORS):
        shown = _read(page, element)
        if shown is None or not keys & shown.keys:
            continue
        hosts |= shown.hosts
        part = _part(page, element)
        if part is not None and not any(above in places for above in part.iterancestors()):
            places[part] = None
        if len(places) >= _MOST_PLACES:
            break
    for part in places:
        found.extend(_without_thumbnails(_pictures(page, part, hosts)))
    return found


def _places(page: PageContext, known: Sequence[Shown]) -> Iterator[Any]:
    """The elements that may show one of the known pictures."""
    stems = {stem for one in known for address, _ in one.named for stem in _spellings(address)}
    if not stems:
        return
    named = re.compile("|".join(map(re.escape, stems)))
    for element in islice(page.root.iter("img", "a"), _MOST_IMAGES):
        if any(map(named.search, element.values())) and not _wraps_picture(element):
            yield element


def _wraps_picture(element: Any) -> bool:
    return element.tag != "img" and next(element.iter("img"), None) is not None


def _spellings(address: str) -> set[str]:
    """How the part of an address that tells its picture is written in pages."""
    stem = picture_stem(address)
    # A short name stands in many words, but seldom behind a stroke.
    return {stem, quote(stem)} if len(stem) > _SHORT else {f"/{stem}"} if stem else set()


def _part(page: PageContext, element: Any) -> Any | None:
    """The largest part of the page around an element that holds pictures and hardly anything else."""
    best = None
    for depth, above in enumerate(element.iterancestors()):
        if depth >= _HIGHEST or not _holds_pictures(page, above):
            break
        best = above
    if best is None or any(_shows_others(one) for one in islice((best, *best.iterancestors()), _HIGHEST)):
        return None
    return best


def _holds_pictures(page: PageContext, element: Any) -> bool:
    """Whether an element may be a gallery: without the heading, a price, or much to read."""
    if "galleries" not in page.kept:
        heading = page.heading_element
        around = () if heading is None else (heading, *heading.iterancestors())
        page.kept["galleries"] = dict.fromkeys(around, False)
    known: dict[Any, bool] = page.kept["galleries"]
    if element not in known:
        priced = element in prices_inside(page)
        known[element] = element.tag not in _NO_GALLERIES and not priced and not _is_much(element)
    return known[element]


def _is_much(element: Any) -> bool:
    """Whether there is more to read in an element, or more of anything, than in a gallery."""
    length = pictures = 0
    for count, one in enumerate(element.iter("*")):
        if one.tag not in _SILENT:
            length += len((one.text or "").strip())
        length += len((one.tail or "").strip()) if one is not element else 0
        pictures += one.tag == "img"
        if count > _MOST_ELEMENTS or length > _TEXT + _TEXT_A_PICTURE * pictures:
            return True
    return False


def _shows_others(element: Any) -> bool:
    return element.tag not in {"body", "html"} and _says_others(names_of(element))


@lru_cache(maxsize=20_000)
def _says_others(said: str) -> bool:
    return bool(_OTHER_THINGS.search(said))


@lru_cache(maxsize=20_000)
def _says_gallery(said: str) -> bool:
    return bool(_CALLED_GALLERY.search(said))


@lru_cache(maxsize=20_000)
def _says_no_picture(said: str) -> bool:
    return bool(_NO_PICTURES.search(said))


def _called(page: PageContext) -> list[Shown]:
    """What the first part of the page shows that is called a gallery."""
    for element in islice(page.root.iter("div", "ul", "section", "figure", "td"), 20_000):
        if not _says_gallery(names_of(element)) or not _holds_pictures(page, element):
            continue
        if any(_shows_others(one) for one in islice((element, *element.iterancestors()), _HIGHEST)):
            continue
        shown = _without_thumbnails(_pictures(page, element, None))
        if shown:
            return shown
    return []


def _pictures(page: PageContext, root: Any, hosts: set[str] | None) -> list[Shown]:
    """The pictures below an element, but for those that lead to other pages or show something else."""
    found = []
    for element in islice(root.iter("img", "a", "li", "div", "span", "button", "figure"), _MOST_IMAGES):
        if _wraps_picture(element):
            continue
        shown = _read(page, element)
        if shown is None or (hosts is not None and not hosts & shown.hosts):
            continue
        if not any(_is_something_else(page, above) for above in _up_to(element, root)):
            found.append(shown)
        if len(found) >= _MOST_SHOWN:
            break
    return found


def _up_to(element: Any, root: Any) -> Iterator[Any]:
    for above in (element, *element.iterancestors()):
        if above is root:
            return
        yield above


def _is_something_else(page: PageContext, element: Any) -> bool:
    if _says_no_picture(names_of(element)) or _shows_others(element):
        return True
    return element.tag == "a" and _leads_elsewhere(page, element.get("href") or "")


def _leads_elsewhere(page: PageContext, href: str) -> bool:
    link = href.strip()
    if not link or link.startswith(("#", "javascript:", "data:")) or _PICTURE.search(link) or _ZOOM_LINK.search(link):
        return False
    target = fixed_address(link, page.base)
    return target is None or _path(target) not in {_path(page.url), _path(page.canonical)}


def _path(url: str | None) -> str | None:
    try:
        return urlsplit(url).path.rstrip("/") if url else None
    except ValueError:
        return None


def _read(page: PageContext, element: Any) -> Shown | None:
    """The picture that an element shows, with the addresses that what is around it alone names."""
    named = list(named_addresses(element))
    above = element.getparent()
    for _ in range(3):
        if above is None or above.tag in {"body", "html"} or sum(1 for _ in islice(above.iter("img"), 2)) > 1:
            break
        named.extend(named_addresses(above))
        if above.tag == "picture":
            named.extend(one for source in above.iter("source") for one in named_addresses(source))
        above = above.getparent()
    small = all(pixels <= _LARGEST_SMALL for _, pixels in named) and _is_thumbnail(element)
    return _shown(named, page.base, small)


def _is_thumbnail(element: Any) -> bool:
    return any(_THUMBNAILS.search(names_of(above)) for above in islice(element.iterancestors(), _HIGHEST))


def _without_thumbnails(shown: list[Shown]) -> list[Shown]:
    """Without a row of thumbnails where the pictures that they lead to are there themselves, under other names."""
    large = [one for one in shown if not one.small]
    keys = {key for one in large for key in one.keys}
    small = [one for one in shown if one.small and not keys & one.keys]
    return large if small and len(_joined(large)) >= len(_joined(small)) else shown


# In the page's data.


def _in_data(page: PageContext, known: Sequence[Shown]) -> list[Shown]:
    """What the list of pictures names that one of the known stands in, in the scripts of the page."""
    keys = {key for one in known for key in one.keys}
    named = (address for one in known[:3] for address, _ in one.named)
    stems = sorted({stem for address in named for stem in _spellings(address) if len(stem) > _SHORT})
    best: list[Shown] = []
    for body, place in islice(_occurrences(page, stems), _MOST_FOUND):
        listed = _list_around(page, body, place, keys)
        if sum(len(one.keys) for one in listed) > sum(len(one.keys) for one in best):
            best = listed
    return best


def _occurrences(page: PageContext, stems: Iterable[str]) -> Iterator[tuple[str, int]]:
    """The scripts that name one of the known pictures, and where."""
    for script in page.root.iter("script"):
        body = script.text or ""
        if "ld+json" in (script.get("type") or ""):
            continue
        for stem in stems:
            place = body.find(stem)
            for _ in range(_MOST_IN_ONE):
                if place < 0:
                    break
                yield body, place
                place = body.find(stem, place + len(stem))


def _list_around(page: PageContext, body: str, place: int, keys: set[str]) -> list[Shown]:
    """The pictures of the innermost list around a place in a script that has several, else of one that has one."""
    start = max(0, place - _LONGEST_LIST)
    depth = enclosing = 0
    alone: list[Shown] = []
    for found in reversed(list(_BRACKET.finditer(body, start, place))):
        if found[0] == "]":
            depth += 1
        elif depth:
            depth -= 1
        else:
            named = _KEY_BEFORE.search(body, max(start, found.start() - 80), found.start())
            if named and _OTHER_LIST.search(bare_name(named[1])):
                break
            value = literal_at(_unquoted(body[found.start() : found.start() + _LONGEST_LIST]), 0)
            listed = _joined(_of_list(page, value)) if isinstance(value, list) else []
            if not any(keys & one.keys for one in listed):
                listed = []
            if len(listed) > 1:
                return listed
            alone = alone or listed
            enclosing += 1
            if enclosing >= _MOST_ENCLOSING:
                break
    return alone


def _unquoted(source: str) -> str:
    """A list that stands in a quoted text, as Next.js streams its data, without the marks that are for the quotes."""
    return source.replace('\\"', '"') if re.match(r"\[\s*(?:\{\s*)?\\\"", source) else source


def _of_list(page: PageContext, value: list[Any]) -> list[Shown]:
    """The pictures of a list of nothing else; none where its entries are listings, or lead somewhere."""
    found = []
    for item in value[:_MOST]:
        if isinstance(item, dict) and _is_listing(item):
            return []
        shown = _shown(_of_entry(item), page.base)
        if shown is not None:
            found.append(shown)
    return found if 2 * len(found) >= min(len(value), _MOST) else []


def _of_entry(item: Any) -> list[tuple[str, int]]:
    """The addresses that an entry names; of lists in it only those of the same picture, in other sizes."""
    found: list[tuple[str, int]] = []
    for address, pixels, listed in _addresses_in(item, "", 0, False):
        if not listed or not found or picture_key(address) == picture_key(found[0][0]):
            found.append((address, pixels))
    return found


def _is_listing(item: dict[Any, Any]) -> bool:
    for key, value in item.items():
        name = bare_name(str(key))
        if _LISTING_KEYS.search(name) and value not in (None, "", False, [], {}):
            return True
        if name in _LINK_KEYS and isinstance(value, str) and "/" in value and not _PICTURE.search(value):
            return not value.startswith("http") or "image" not in value
    return False


def _addresses_in(item: Any, name: str, depth: int, listed: bool) -> Iterator[tuple[str, int, bool]]:
    """Every address of a picture in an entry, with its likely size, and whether it is one of a list."""
    if isinstance(item, str):
        text = item.strip()
        # What is relative may be so to an address that only the page's scripts know.
        if _ADDRESS.match(text) and _PICTURE.search(text):
            yield text, likely_pixels(text, name), listed
    elif isinstance(item, dict) and depth < _DEEPEST:
        for key, value in islice(item.items(), 60):
            yield from _addresses_in(value, str(key), depth + 1, listed)
    elif isinstance(item, list) and depth < _DEEPEST:
        for value in item[:20]:
            yield from _addresses_in(value, name, depth + 1, True)
