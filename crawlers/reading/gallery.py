"""The gallery of an item's page: all pictures that it shows of what is for sale, each in the largest size it names.

Structured data often name one picture and the page shows ten. Which of those on the page are the listing's is told by
the one that is known: the gallery is the part of the page around it that holds pictures and hardly anything else, and
the list in the page's data that names it among others (`gallery_data`). A page whose data name none has a part that is
called a gallery.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from crawlers.reading.cards import prices_inside
from crawlers.reading.context import PageContext
from crawlers.reading.gallery_data import pictures_in_data
from crawlers.reading.pictures import PICTURE_ENDING, named_addresses
from crawlers.reading.shown_picture import ShownPicture, add_pictures, joined, named_picture, shown_picture
from crawlers.reading.text import fixed_address
from crawlers.reading.variants import largest, written_stems
from crawlers.shown import names_of

_MOST = 40
_HIGHEST = 9
_MOST_ANCHORS = 60
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


def whole_gallery(page: PageContext, known: Sequence[str]) -> tuple[str, ...]:
    """The listing's pictures: those known, then the others of the page's gallery in its order, each the largest.

    `known` are the addresses that more trusted sources name. Of a page of which none is known the pictures of the part
    that is called a gallery, else none.
    """
    found = joined(named_picture(address) for address in known)
    if found:
        add_pictures(found, pictures_in_data(page, found))
        add_pictures(found, _around(page, found))
    if len(found) <= 1:
        add_pictures(found, _called(page))
    return tuple(largest(one.named) for one in found[:_MOST])


def pictures_below(page: PageContext, root: Any) -> tuple[str, ...]:
    """The pictures below an element that may be of what is for sale, in the page's order, each the largest."""
    return tuple(largest(one.named) for one in joined(_without_thumbnails(_pictures(page, root, None)))[:_MOST])


def _around(page: PageContext, known: Sequence[ShownPicture]) -> list[ShownPicture]:
    """What the parts of the page around the known pictures show."""
    keys = {key for one in known for key in one.keys}
    hosts = {host for one in known for host in one.hosts}
    found: list[ShownPicture] = []
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


def _places(page: PageContext, known: Sequence[ShownPicture]) -> Iterator[Any]:
    """The elements that may show one of the known pictures."""
    stems = {stem for one in known for address, _ in one.named for stem in written_stems(address)}
    if not stems:
        return
    named = re.compile("|".join(map(re.escape, stems)))
    for element in islice(page.root.iter("img", "a"), _MOST_IMAGES):
        if any(map(named.search, element.values())) and not _wraps_picture(element):
            yield element


def _wraps_picture(element: Any) -> bool:
    return element.tag != "img" and next(element.iter("img"), None) is not None


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


def _called(page: PageContext) -> list[ShownPicture]:
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


def _pictures(page: PageContext, root: Any, hosts: set[str] | None) -> list[ShownPicture]:
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
    if not link or link.startswith(("#", "javascript:", "data:")):
        return False
    if PICTURE_ENDING.search(link) or _ZOOM_LINK.search(link):
        return False
    target = fixed_address(link, page.base)
    return target is None or _path(target) not in {_path(page.url), _path(page.canonical)}


def _path(url: str | None) -> str | None:
    try:
        return urlsplit(url).path.rstrip("/") if url else None
    except ValueError:
        return None


def _read(page: PageContext, element: Any) -> ShownPicture | None:
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
    return shown_picture(named, page.base, small)


def _is_thumbnail(element: Any) -> bool:
    return any(_THUMBNAILS.search(names_of(above)) for above in islice(element.iterancestors(), _HIGHEST))


def _without_thumbnails(shown: list[ShownPicture]) -> list[ShownPicture]:
    """Without a row of thumbnails where the pictures that they lead to are there themselves, under other names."""
    large = [one for one in shown if not one.small]
    keys = {key for one in large for key in one.keys}
    small = [one for one in shown if one.small and not keys & one.keys]
    return large if small and len(joined(large)) >= len(joined(small)) else shown
