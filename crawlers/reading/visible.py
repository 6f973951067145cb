"""What people see: the price beside the heading, what stands beside a label. The last resort, and a cross-check."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from crawlers.prices import PriceText, read_price_text, says_old
from crawlers.reading.claims import Claims, claims
from crawlers.reading.context import PageContext
from crawlers.shown import SKIPPED, STRUCK, is_hidden, is_old, is_pricy, may_be_old, names_of, price_text

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
# Beside the fields of a listing, among the claims of one source.
UNSETTLED = "unsettled sign"
_LONGEST = 160
_LONGEST_LABEL = 40
_MOST_PRICES = 1_500
_HIGHEST = 6
_FARTHER = 8
_DIGIT = re.compile(r"\d")
_NUMBER = re.compile(r"\s*\d[\d.,]*\s*")
_SIGN = re.compile(r"[$€£¥￥₹₽₩₺₫₪₱฿₴₸৳元円]")
_ORIGIN_LABELS = frozenset(
    {"ships from", "shipped from", "dispatched from", "item location", "versand aus", "artikelstandort", "发货地"}
)


@dataclass(frozen=True, slots=True)
class ShownPrice:
    """A price as it is shown somewhere on the page; `doubt` grows with what speaks against its being the one to pay."""

    price: PriceText
    element: Any
    pricy: bool
    doubt: float


@dataclass(frozen=True, slots=True)
class ShownPrices:
    """All prices that a page shows, in its order, and the amounts that it shows struck out."""

    current: tuple[ShownPrice, ...]
    old: frozenset[Decimal]

    def values(self) -> set[Decimal]:
        """The amounts that are shown as prices to pay."""
        return {one.price.low for one in self.current} | {one.price.high for one in self.current if one.price.high}


def shown_prices(page: PageContext) -> ShownPrices:
    """Every price that the page shows: the outermost element around each whose text states one price."""
    if "prices" not in page.kept:
        page.kept["prices"] = _all_prices(page)
    found: ShownPrices = page.kept["prices"]
    return found


def _all_prices(page: PageContext) -> ShownPrices:
    taken: set[Any] = set()
    old: set[Decimal] = set()
    current: list[ShownPrice] = []
    for element in page.root.iter("*"):
        tag = element.tag
        if not isinstance(tag, str) or tag in SKIPPED:
            continue
        pricy = is_pricy(element)
        if is_old(element) and (pricy or tag in STRUCK or _DIGIT.search(element.text or "")):
            read = _read(page, element, False)
            old.update({read.low} if read else ())
            taken.add(element)
            continue
        if element.getparent() in taken:
            taken.add(element)
            continue
        if not pricy and not _DIGIT.search(element.text or ""):
            continue
        read = _read(page, element, not pricy)
        if read is None and _NUMBER.fullmatch(element.text or ""):
            # The sign may stand in an element of its own.
            above = element.getparent()
            read = _read(page, above, True) if above is not None else None
            element = above if read is not None else element
        if read is None or read.low <= 0:
            continue
        taken.add(element)
        if says_old(_label_of(element)):
            old.add(read.low)
            continue
        current.append(ShownPrice(read, element, pricy, _doubt(element)))
        if len(current) >= _MOST_PRICES:
            break
    return ShownPrices(tuple(current), frozenset(old))


def _label_of(element: Any) -> str:
    """What stands right before an element: text, else a short element of its own."""
    before = element.getprevious()
    if before is None:
        return element.getparent().text or "" if element.getparent() is not None else ""
    said = (before.tail or "").strip()
    return said if said or not isinstance(before.tag, str) or len(before) else (before.text or "")[:_LONGEST_LABEL]


def _read(page: PageContext, element: Any, needs_sign: bool) -> PriceText | None:
    text = price_text(element)
    if not text or len(text) > _LONGEST or not _DIGIT.search(text):
        return None
    read = read_price_text(text, page.used_here)
    if read is not None and needs_sign and read.currency is None and not _SIGN.search(text):
        return None
    return read


def _doubt(element: Any) -> float:
    doubt = 0.0
    for depth, above in enumerate((element, *element.iterancestors())):
        if depth > 5:
            break
        if is_hidden(above):
            doubt += 3.0
        if depth and is_old(above):
            doubt += 3.0
        if depth < 3 and may_be_old(above):
            doubt += 1.0
    return doubt


def main_price(page: PageContext) -> tuple[ShownPrice | None, float, int | None]:
    """The price that the page shows for what it is about: near its heading, not among the related things.

    With how sure that is, and how far from the heading it stands.
    """
    heading = page.heading_element
    around = _ancestors(heading) if heading is not None else {}
    best: tuple[ShownPrice | None, float, int | None] = (None, 0.0, None)
    for order, shown in enumerate(shown_prices(page).current[:400]):
        score, nearest = _score(shown, around, order)
        if best[0] is None or score > best[1]:
            best = (shown, score, nearest)
    return best


def _score(shown: ShownPrice, around: dict[Any, int], order: int) -> tuple[float, int | None]:
    score = 2.0 if shown.pricy else 0.0
    score += 1.0 if shown.price.currency else 0.0
    score -= order * 0.02 + 2.0 * shown.doubt
    nearest: int | None = None
    for depth, above in enumerate((shown.element, *shown.element.iterancestors())):
        if depth > 40:
            break
        if above in around:
            nearest = depth + around[above]
            break
        if _ELSEWHERE.search(names_of(above)):
            score -= 4.0
    if nearest is not None:
        score += 4.0 - 0.2 * nearest
    if shown.element.get("itemprop") == "price":
        score += 2.0
    return score, nearest


def _ancestors(element: Any) -> dict[Any, int]:
    """What a heading is in, and how far up; a heading in a part of its own is only on the same page as the rest."""
    return {
        above: depth + (_FARTHER if above.tag == "body" else 0)
        for depth, above in enumerate((element, *element.iterancestors()))
        if above.tag != "html"
    }


def from_visible(page: PageContext) -> tuple[Claims, float]:
    """Claims of what the page shows, and how sure its price is."""
    shown, score, _ = main_price(page)
    price = shown.price if shown else None
    said = claims(
        "visible",
        title=page.heading,
        ships_from=labelled(page, _ORIGIN_LABELS),
        price=price.low if price else None,
        price_max=price.high if price else None,
        currency=price.currency if price else None,
        **unsettled_sign(price),
    )
    return said, score


def unsettled_sign(price: PriceText | None) -> dict[str, bool]:
    """That a price bears a sign which none of the currencies used on the page has, so that it is none of those."""
    return {UNSETTLED: True} if price is not None and price.signed and price.currency is None else {}


def is_elsewhere(element: Any) -> bool:
    """Whether an element is below one that holds other things than what the page is about."""
    return any(
        _ELSEWHERE.search(names_of(above)) for depth, above in enumerate(element.iterancestors()) if depth <= _HIGHEST
    )


def labelled(page: PageContext, labels: frozenset[str]) -> str | None:
    """The visible value beside one of these labels, in a list of terms or a table."""
    if "labelled" not in page.kept:
        page.kept["labelled"] = _all_labelled(page)
    found: dict[str, str] = page.kept["labelled"]
    return next((value for label, value in found.items() if label in labels), None)


def _all_labelled(page: PageContext) -> dict[str, str]:
    """What stands beside each label of lists of terms and tables, in the page's order; the first of a name counts."""
    found: dict[str, str] = {}
    for label in page.root.iter("dt", "th"):
        value = label.getnext()
        if value is not None and value.tag in {"dd", "td"}:
            said = " ".join("".join(value.itertext()).split())[:300]
            if said:
                found.setdefault(" ".join("".join(label.itertext()).split()).rstrip(":").casefold()[:100], said)
    return found
