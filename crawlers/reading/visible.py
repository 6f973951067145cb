"""What people see: the price beside the heading, pictures, the seller's name. The last resort, and a cross-check."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from crawlers.prices import PriceText, read_price_text
from crawlers.reading.claims import Claims, claims
from crawlers.reading.context import PageContext
from crawlers.reading.schema_org import addresses
from crawlers.shown import SKIPPED, is_hidden, is_old, is_pricy, names_of, price_text

_ELSEWHERE = re.compile(
    r"related|recommend|similar|also|carousel|upsell|cross-?sell|recently|viewed|basket|cart(?!-?form)|minicart|"
    r"header|"
    r"footer|(?:^|[-_ ])nav|sidebar|aside|menu|shipping|delivery|warranty|service|instal|finance|review|slider|"
    r"bundle|"
    r"suggest|sponsor|advert|popular|bestsell|accessor|combo|other-?seller|comparison|modal|popup|dialog|coupon|"
    r"filter|"
    r"breadcrumb|tooltip|gift|membership|credit|history|statist",
    re.I,
)
_LONGEST = 160
_ORIGIN_LABELS = frozenset(
    {"ships from", "shipped from", "dispatched from", "item location", "versand aus", "artikelstandort", "发货地"}
)


@dataclass(frozen=True, slots=True)
class ShownPrice:
    """A price as it is shown somewhere on the page; a higher score makes it likelier to be the page's own."""

    price: PriceText
    score: float
    element: Any


def shown_prices(page: PageContext, root: Any = None, pricy_only: bool = False) -> Iterator[tuple[Any, PriceText]]:
    """The elements that show a price to pay now, innermost, in the page's order."""
    taken: set[Any] = set()
    for element in (page.root if root is None else root).iter("*"):
        if not isinstance(element.tag, str) or element.tag in SKIPPED:
            continue
        pricy = is_pricy(element)
        if not pricy and (pricy_only or not _own_text_has_digit(element)):
            continue
        text = price_text(element)
        if not text or len(text) > _LONGEST or not any(map(str.isdigit, text)):
            continue
        read = read_price_text(text, page.used_here)
        if read is None or (not pricy and read.currency is None and not _has_sign(text)):
            continue
        above = element.getparent()
        if above is not None and above in taken:
            taken.add(element)
            continue
        taken.add(element)
        yield element, read


def main_price(page: PageContext) -> ShownPrice | None:
    """The price that the page shows for what it is about: near its heading, not among the related things."""
    heading = next((one for one in page.root.iter("h1") if one.text_content().strip()), None)
    around = _ancestors(heading) if heading is not None else {}
    best: ShownPrice | None = None
    for order, (element, price) in enumerate(shown_prices(page)):
        if order > 400:
            break
        score = _score(element, price, around, order)
        if score is not None and (best is None or score > best.score):
            best = ShownPrice(price, score, element)
    return best


def _score(element: Any, price: PriceText, around: dict[Any, int], order: int) -> float | None:
    if price.low <= 0:
        return None
    score = 2.0 if is_pricy(element) else 0.0
    score += 1.0 if price.currency else 0.0
    score -= order * 0.02
    nearest: int | None = None
    for depth, above in enumerate((element, *element.iterancestors())):
        if depth > 40:
            break
        if is_old(above) or is_hidden(above):
            return None if depth < 4 else score - 6
        if above in around:
            nearest = depth + around[above]
            break
        said = names_of(above)
        if _ELSEWHERE.search(said):
            score -= 4.0
    if nearest is not None:
        score += 4.0 - 0.2 * nearest
    if element.get("itemprop") == "price":
        score += 2.0
    return score


def _ancestors(element: Any) -> dict[Any, int]:
    return {
        above: depth
        for depth, above in enumerate((element, *element.iterancestors()))
        if above.tag not in {"body", "html"}
    }


def from_visible(page: PageContext) -> tuple[Claims, float]:
    """Claims of what the page shows, and how sure its price is."""
    shown = main_price(page)
    said = claims(
        "visible",
        title=page.heading,
        ships_from=labelled(page, _ORIGIN_LABELS),
        price=shown.price.low if shown else None,
        price_max=shown.price.high if shown else None,
        currency=shown.price.currency if shown else None,
    )
    return said, shown.score if shown else 0.0


def labelled(page: PageContext, labels: frozenset[str]) -> str | None:
    """The visible value beside one of these labels, in a list of terms or a table."""
    for label in page.root.iter("dt", "th"):
        if " ".join(label.text_content().split()).rstrip(":").casefold() in labels:
            value = label.getnext()
            if value is not None and value.tag in {"dd", "td"}:
                return " ".join(value.text_content().split())[:300] or None
    return None


def pictures(page: PageContext, root: Any) -> tuple[str, ...]:
    """The pictures below an element that may be of what is for sale, in the page's order."""
    return addresses(filter(None, (picture_address(image) for image in root.iter("img"))), page.base)


_LAZY = (
    "data-zoom-image",
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
    r"sprite|spacer|blank\.|pixel|loading|loader|placeholder|transparent|1x1|\.svg(?:\?|$)|icon|logo|badge|flag|"
    r"star|rating|button|"
    r"lazyload\.|grey\.gif|s\.gif|avatar|captcha|payment|sticker|stamp|\.ico$",
    re.I,
)


def picture_address(image: Any) -> str | None:
    """The address of a picture, lazily loaded or not; None for what is an ornament."""
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


def _largest(srcset: str) -> str | None:
    best: tuple[float, str] | None = None
    for part in re.split(r",\s+", srcset.strip())[:20]:
        words = part.split()
        if not words:
            continue
        size = re.match(r"[\d.]+", words[1]) if len(words) > 1 else None
        width = float(size[0]) if size and size[0] != "." and size[0].count(".") < 2 else 1.0
        if best is None or width > best[0]:
            best = (width, words[0].rstrip(","))
    return best[1] if best else None


def _own_text_has_digit(element: Any) -> bool:
    return any(map(str.isdigit, element.text or ""))


def _has_sign(text: str) -> bool:
    return any(mark in text for mark in "$€£¥￥₹₽₩₺₫₪₱฿₴₸৳")
